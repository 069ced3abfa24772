"""The publishers' files: damaged ones are fetched again or named, and no pickle is unpickled."""

import pickle
import struct
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from fake_data import BATCHES, binary, fake, idx

from paper.networks import data, originals


def test_damaged_files_of_the_publisher_are_fetched_again_or_named(workspace, publish, served, no_download):
    arrays = fake("mnist")
    publish("mnist", arrays)
    raw = workspace / "data" / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for part, prefix in (("train", "train"), ("test", "t10k")):
        (raw / f"{prefix}-images-idx3-ubyte").write_bytes(idx(arrays[f"x_{part}"]))
        (raw / f"{prefix}-labels-idx1-ubyte").write_bytes(idx(arrays[f"y_{part}"]))
    data.load("mnist2")
    for content in (b"", idx(arrays["y_test"])[:-1], idx(arrays["x_test"])):
        (raw / "t10k-labels-idx1-ubyte").write_bytes(content)
        with pytest.raises(FileNotFoundError, match=r"t10k-labels-idx1-ubyte is .*could not be fetched"):
            data.load("mnist2")
    served("mnist", arrays)
    data.load("mnist2")
    assert (raw / "t10k-labels-idx1-ubyte").read_bytes() == idx(arrays["y_test"])


class Calls:
    """Unpickled, it would make a file."""

    def __reduce__(self):
        return open, ("called", "w")


def python_2(labels, pixels):
    """A batch as CIFAR-10 has it, by Python 2: its strings are bytes, and a list's numbers come by thousands."""
    head = b"\x80\x02}q\x01(U\x0bbatch_labelq\x02U\x08training"
    lists = b"".join(
        b"(" + b"".join(b"K" + bytes([label]) for label in labels[start : start + 1000]) + b"e"
        for start in range(0, len(labels), 1000)
    )
    array = b"cnumpy.core.multiarray\n_reconstruct\nq\x07cnumpy\nndarray\nq\x08K\x00\x85U\x01b\x87Rq\x09(K\x01K\x06M\x00\x0c\x86U\x02u1\x89"
    data = b"T" + struct.pack("<I", len(pixels)) + pixels + b"tb"
    return (
        head
        + b"U\x06labelsq\x04]q\x05"
        + lists
        + b"U\x04dataq\x06"
        + array
        + data
        + b"U\x09filenamesq\x0a](U\x05a.pnge"
        + b"u."
    )


@pytest.mark.parametrize(
    "dumps", [python_2, *(partial(pickle.dumps, protocol=n) for n in (3, 4, 5))], ids=["2", "3", "4", "5"]
)
def test_cifars_pickles_are_read_without_being_unpickled(dumps, workspace, publish, no_download, monkeypatch):
    arrays = fake("cifar10")
    publish("cifar10", arrays)
    folder = workspace / "data" / "cifar-10-batches-py"
    folder.mkdir(parents=True)
    for name, (part, rows) in BATCHES.items():
        batch = np.frombuffer(binary(arrays, part, rows), np.uint8).reshape(-1, 3073)
        labels, pixels = batch[:, 0].tolist(), np.ascontiguousarray(batch[:, 1:])
        content = {"labels": labels, "data": pixels, "extra": Calls()}
        (folder / name).write_bytes(dumps(labels, pixels.tobytes()) if dumps is python_2 else dumps(content))
    for module, name in ((pickle, "load"), (pickle, "loads"), (pickle, "Unpickler")):
        monkeypatch.setattr(module, name, None)
    data.load("cifar2")
    assert not Path("called").exists()
    (folder / "test_batch").write_bytes((folder / "test_batch").read_bytes()[:-50])
    with pytest.raises(FileNotFoundError, match=r"test_batch is .*could not be fetched"):
        data.load("cifar2")


def test_long_lists_of_labels_are_read_whole(tmp_path):
    labels = [n % 10 for n in range(2500)]
    (tmp_path / "batch").write_bytes(python_2(labels, bytes(3072 * 2500)))
    assert originals._pickled_batch(tmp_path / "batch")[:, 0].tolist() == labels
