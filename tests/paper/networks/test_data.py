"""The data sets: order, fingerprints, merging and normalisation, on small fakes; the real ones where they are at hand.

A fake is a small set of random images, published under its own fingerprint for the length of a test.
"""

import contextlib
import gzip
import hashlib
import io
import os
import pickle
import re
import struct
import tarfile
import threading
import time
import zipfile
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_digits

from paper import names
from paper.networks import data, originals, readers
from paper.networks.sources import SOURCES, widths

SHAPES = {"mnist": (28, 28), "cifar10": (32, 32, 3)}
SOURCE = dict.fromkeys(("mnist2", "mnist5", "mnist10"), "mnist")
SOURCE |= dict.fromkeys(("cifar2", "cifar5", "cifar10"), "cifar10")
MERGED = {2: [0, 0, 0, 0, 0, 1, 1, 1, 1, 1], 5: [0, 0, 1, 1, 2, 2, 3, 3, 4, 4], 10: list(range(10))}


def fake(source, seed=0):
    rng = np.random.default_rng(seed)
    return {
        f"{kind}_{part}": array.astype(np.uint8)
        for part, n in (("train", 30), ("test", 20))
        for kind, array in (("x", rng.integers(0, 256, (n, *SHAPES[source]))), ("y", np.arange(n) % 10))
    }


def sorted_rows(arrays, part):
    return sorted(x.tobytes() + bytes([y]) for x, y in zip(arrays[f"x_{part}"], arrays[f"y_{part}"].ravel()))


@pytest.fixture
def publish(monkeypatch):
    def publish(source, arrays):
        digests = {part: hashlib.sha256(b"".join(sorted_rows(arrays, part))).hexdigest() for part in ("train", "test")}
        monkeypatch.setitem(SOURCES, source, replace(SOURCES[source], fingerprint=digests))
        return digests

    return publish


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        pass


@pytest.fixture
def server(tmp_path):
    """`server(handler)`: the address of a server on this machine, by default of the files in tmp_path/served."""
    folder, servers = tmp_path / "served", []
    folder.mkdir()

    def serve(handler=None):
        servers.append(ThreadingHTTPServer(("127.0.0.1", 0), handler or partial(Quiet, directory=folder)))
        threading.Thread(target=servers[-1].serve_forever, args=[0.01], daemon=True).start()
        return f"http://127.0.0.1:{servers[-1].server_port}"

    yield serve
    for each in servers:
        each.shutdown()
        each.server_close()


@pytest.fixture
def at(monkeypatch):
    """`at(source, address)`: its files are fetched from there."""

    def at(source, address):
        original = originals.ORIGINALS[source]
        names = [
            tuple(f"{address}/{mirror.rpartition('/')[2]}" for mirror in mirrors) for mirrors in original.addresses
        ]
        monkeypatch.setitem(originals.ORIGINALS, source, replace(original, addresses=tuple(names)))

    monkeypatch.setenv("no_proxy", "127.0.0.1")
    return at


def idx(array):
    return struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape) + array.tobytes()


def binary(arrays, part, rows):
    """A batch of CIFAR-10's binary version: each label, then the pixels channel by channel."""
    images = arrays[f"x_{part}"][rows].transpose(0, 3, 1, 2).reshape(-1, 3072)
    return np.concatenate([arrays[f"y_{part}"][rows].reshape(-1, 1), images], axis=1).tobytes()


BATCHES = {"test_batch": ("test", slice(None))}
BATCHES |= {f"data_batch_{i + 1}": ("train", slice(6 * i, 6 * i + 6)) for i in range(5)}


@pytest.fixture
def served(tmp_path, server, at):
    """`served(source, arrays)` offers a fake, in the publisher's files, on a server of this machine; it returns their folder."""
    folder = tmp_path / "served"

    def mnist(arrays):
        for part, prefix in (("train", "train"), ("test", "t10k")):
            for kind, suffix in (("x", "images-idx3"), ("y", "labels-idx1")):
                content = gzip.compress(idx(arrays[f"{kind}_{part}"]))
                (folder / f"{prefix}-{suffix}-ubyte.gz").write_bytes(content)

    def cifar10(arrays):
        with tarfile.open(folder / "cifar-10-binary.tar.gz", mode="w:gz") as archive:
            for name, content in [
                *((f"cifar-10-batches-bin/{name}.bin", binary(arrays, *which)) for name, which in BATCHES.items()),
                ("../outside", b"no file of an archive leaves the folder"),
            ]:
                entry = tarfile.TarInfo(name)
                entry.size = len(content)
                archive.addfile(entry, io.BytesIO(content))

    def serve(source, arrays):
        {"mnist": mnist, "cifar10": cifar10}[source](arrays)
        at(source, server())
        return folder

    return serve


def assert_same(a, b):
    assert (a.name, a.classes, a.fingerprint) == (b.name, b.classes, b.fingerprint)
    for field in ("x_train", "y_train", "x_test", "y_test"):
        np.testing.assert_array_equal(getattr(a, field), getattr(b, field))


# Content --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name, source", SOURCE.items())
def test_classes_are_merged_in_order_and_examples_sorted_by_content(name, source, tmp_path, publish):
    arrays = fake(source)
    digests = publish(source, arrays)
    np.savez(tmp_path / f"{source}.npz", **arrays)
    found = data.load(name, tmp_path)
    classes = int(re.search(r"\d+", name)[0])
    assert (found.name, found.classes) == (name, classes)
    assert found.fingerprint == digests == data.fingerprint(name)
    for part, x, y in (("train", found.x_train, found.y_train), ("test", found.x_test, found.y_test)):
        assert y.tolist() == [MERGED[classes][row[-1]] for row in sorted_rows(arrays, part)]
        assert x.shape == (len(y), np.prod(SHAPES[source])) and x.dtype == np.float32 and y.dtype == np.int64


@pytest.mark.parametrize(
    "name, source, mean, std",
    [
        ("mnist10", "mnist", [0.1307], [0.3081]),
        ("cifar10", "cifar10", [0.4914, 0.4822, 0.4465], [0.2470, 0.2435, 0.2616]),
    ],
)
def test_pixels_are_normalised_channel_by_channel(name, source, mean, std, tmp_path, publish):
    arrays = fake(source)
    publish(source, arrays)
    np.savez(tmp_path / f"{source}.npz", **arrays)
    c = len(mean)
    by_hand = [
        [(row[i] / 255 - mean[i % c]) / std[i % c] for i in range(len(row) - 1)] for row in sorted_rows(arrays, "train")
    ]
    np.testing.assert_allclose(data.load(name, tmp_path).x_train, by_hand, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name, source", [("mnist2", "mnist"), ("cifar2", "cifar10")])
def test_order_and_source_make_no_difference(name, source, tmp_path, publish, served):
    arrays = fake(source)
    publish(source, arrays)
    orders = {part: np.random.default_rng(1).permutation(len(arrays[f"y_{part}"])) for part in ("train", "test")}
    shuffled = {key: array[orders[key[2:]]] for key, array in arrays.items()}
    shuffled |= {key: shuffled[key].reshape(-1, 1) for key in ("y_train", "y_test")}  # as Keras has CIFAR's labels
    for place, content in (("a", arrays), ("b", shuffled)):
        (tmp_path / place).mkdir()
        np.savez_compressed(tmp_path / place / f"{source}.npz", **content)
    folder = served(source, arrays)
    first = data.load(name, tmp_path / "a")
    assert_same(first, data.load(name, tmp_path / "b"))
    assert_same(first, data.load(name, tmp_path / "downloaded"))
    for path in folder.iterdir():
        path.unlink()
    assert_same(first, data.load(name, tmp_path / "downloaded"))


def test_digits_are_the_published_ones(digits):
    bunch = load_digits()
    everything = {"x_all": bunch.images.astype(np.uint8), "y_all": bunch.target.astype(np.uint8)}
    rows = sorted_rows(everything, "all")
    for part, x, y in (("test", digits.x_test, digits.y_test), ("train", digits.x_train, digits.y_train)):
        chosen = [row for i, row in enumerate(rows) if (i % 5 == 0) == (part == "test")]
        digest = hashlib.sha256(b"".join(chosen)).hexdigest()
        assert digits.fingerprint[part] == SOURCES["digits"].fingerprint[part] == digest
        assert y.tolist() == [row[-1] for row in chosen]
        np.testing.assert_allclose(x, [[(pixel / 16 - 0.5) / 0.5 for pixel in row[:-1]] for row in chosen])


COUNTS = {  # inputs, then examples of each class in the training and in the test part
    "mnist10": (
        784,
        [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949],
        [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009],
    ),
    "cifar10": (3072, [5000] * 10, [1000] * 10),
    "digits": (64, [144, 147, 136, 153, 144, 146, 144, 140, 141, 142], [34, 35, 41, 30, 37, 36, 37, 39, 33, 38]),
}
ROOT = os.environ.get("PACBAYES_DATA")
AT_HAND = [name for name in COUNTS if name == "digits" or (ROOT and Path(ROOT, f"{SOURCE[name]}.npz").exists())]


@pytest.mark.parametrize("name", AT_HAND)
def test_real_data_at_hand(name):
    inputs, train, test = COUNTS[name]
    found = data.load(name)
    assert found.fingerprint == data.fingerprint(name)
    assert found.x_train.shape == (sum(train), inputs) and found.x_test.shape == (sum(test), inputs)
    assert np.bincount(found.y_train).tolist() == train and np.bincount(found.y_test).tolist() == test


# Where it looks, and what it refuses ----------------------------------------------------------------------------------


def test_root_is_the_argument_else_the_variable_else_data(workspace, monkeypatch, publish):
    contents = {folder: fake("mnist", seed) for seed, folder in enumerate(("argument", "variable", "data"))}
    for folder, arrays in contents.items():
        (workspace / folder).mkdir()
        np.savez(workspace / folder / "mnist.npz", **arrays)
    publish("mnist", contents["data"])
    data.load("mnist2")
    monkeypatch.setenv("PACBAYES_DATA", str(workspace / "variable"))
    publish("mnist", contents["variable"])
    data.load("mnist2")
    publish("mnist", contents["argument"])
    data.load("mnist2", workspace / "argument")


@pytest.mark.parametrize("place", ["data", "own", "~/data", "./own/"])
def test_the_projects_folder_is_where_relative_names_are_wherever_a_notebook_runs(workspace, monkeypatch, place):
    monkeypatch.setenv("HOME", str(workspace / "home"))
    monkeypatch.setenv("PACBAYES_DATA", "" if place == "data" else place)
    found = {"~/data": workspace / "home" / "data"}.get(place, workspace / place)
    (workspace / "notebooks").mkdir()
    for cwd in (workspace, workspace / "notebooks"):
        monkeypatch.chdir(cwd)
        assert readers.folder() == found and readers.folder().is_absolute()
    assert readers.folder("~/x") == workspace / "home" / "x"
    assert readers.folder("x") == workspace / "notebooks" / "x", "an argument is as Python has it"


@pytest.mark.parametrize("name, source", [("mnist5", "mnist"), ("cifar5", "cifar10")])
def test_missing_data_say_where_and_what_and_leave_nothing(name, source, workspace, no_download):
    with pytest.raises(FileNotFoundError) as error:
        data.load(name)
    for words in (
        f"{source} not found: there is no {workspace}/data/{source}.npz",
        f"nor the publisher's files in {workspace}/data/",
        "could not be fetched (",
        "urlopen error",
        f"Put {source}.npz (x_train, y_train, x_test, y_test in uint8) into {workspace}/data",
        "name another folder in PACBAYES_DATA",
        "The book itself needs no data",
    ):
        assert words in str(error.value)
    assert "\n" not in str(error.value) and not (workspace / "data").exists()


@pytest.mark.parametrize("source", SHAPES)
def test_what_is_fetched_is_told_and_kept(source, workspace, publish, served, capsys):
    arrays = fake(source)
    publish(source, arrays)
    folder = served(source, arrays)
    first = data.load(f"{source}2" if source == "mnist" else "cifar2")
    assert "fetching http://127.0.0.1" in (said := capsys.readouterr().out) and "at most 30 minutes" in said
    files = sorted(str(path.relative_to(workspace)) for path in workspace.rglob("*") if path.is_file())
    kept = {"mnist": "MNIST/raw/t10k-images-idx3-ubyte", "cifar10": "cifar-10-batches-bin/data_batch_1.bin"}[source]
    assert f"data/{kept}" in files and not any("outside" in file or ".fetched" in file for file in files)
    for path in folder.iterdir():
        path.unlink()
    assert_same(data.load(first.name), first)
    assert capsys.readouterr().out == ""


def page(handler):
    handler.send_response(200)
    handler.end_headers()
    handler.wfile.write(b"<html>Log in to the network</html>")


def cut_off(handler):
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b"\x1f\x8b")


def drip(handler):
    handler.send_response(200)
    handler.end_headers()
    for _ in range(6000):
        handler.wfile.write(b"a")
        time.sleep(0.05)


def stall(handler):
    handler.send_response(200)
    handler.end_headers()
    time.sleep(100)


@pytest.mark.parametrize(
    "answer, reason",
    [
        (page, "perhaps a login or error page"),
        (cut_off, "it ended after 2 bytes of 1000"),
        (drip, "not done after"),
        (stall, "timed out"),
        (lambda handler: handler.send_error(403), "HTTP Error 403"),
    ],
    ids=["page", "cut off", "drip", "stall", "refused"],
)
@pytest.mark.parametrize("source", SHAPES)
def test_a_failed_download_says_why_in_time_and_leaves_nothing(
    source, answer, reason, workspace, server, at, monkeypatch
):
    monkeypatch.setattr(originals, "LIMIT" if answer is drip else "STALLED", 1)

    class Handler(Quiet):
        def do_GET(self):
            with contextlib.suppress(OSError):
                answer(self)

    at(source, server(Handler))
    started = time.monotonic()
    with pytest.raises(FileNotFoundError, match=reason):
        data.load({"mnist": "mnist2"}.get(source, "cifar2"))
    assert time.monotonic() - started < 60 and not (workspace / "data").exists()


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


def test_other_content_is_refused_with_both_fingerprints(tmp_path, publish):
    arrays = fake("mnist")
    found = publish("mnist", arrays)["test"]
    other = arrays | {"y_test": (arrays["y_test"] + 1) % 10}
    published = publish("mnist", other)["test"]
    np.savez(tmp_path / "mnist.npz", **arrays)
    message = f"test part: .* fingerprint {found}, the published one is {published}; .*mnist.npz does not hold"
    with pytest.raises(ValueError, match=message):
        data.load("mnist2", tmp_path)


SAME = {
    "labels by torch": lambda a: a | {key: a[key].astype(np.int64) for key in ("y_train", "y_test")},
    "small integers": lambda a: a | {key: a[key].astype(np.int8) for key in ("y_train", "y_test")},
    "whole numbers as floats": lambda a: {key: array.astype(np.float64) for key, array in a.items()},
    "channels first": lambda a: a | {key: a[key].transpose(0, 3, 1, 2) for key in ("x_train", "x_test")},
    "flat": lambda a: a | {key: a[key].reshape(len(a[key]), -1) for key in ("x_train", "x_test")},
    "Fortran's order": lambda a: {key: np.asfortranarray(array) for key, array in a.items()},
    "more arrays": lambda a: a | {"names": np.array(["a"])},
}


@pytest.mark.parametrize("change", SAME.values(), ids=SAME)
def test_the_same_numbers_in_another_form_are_the_same_data(change, tmp_path, publish):
    arrays = fake("cifar10")
    publish("cifar10", arrays)
    for name, content in (("a", arrays), ("b", change(arrays))):
        (tmp_path / name).mkdir()
        np.savez(tmp_path / name / "cifar10.npz", **content)
    assert_same(data.load("cifar2", tmp_path / "a"), data.load("cifar2", tmp_path / "b"))


ALTERED = {
    "scaled": (
        {"x_train": np.full((30, 28, 28), 0.5)},
        r"x_train must hold whole numbers from 0 to 255, got 0.5 to 0.5 in float64; were",
    ),
    "not a number": (
        {"x_train": np.full((30, 28, 28), np.nan)},
        "x_train must hold whole numbers from 0 to 255, got nan",
    ),
    "too large": (
        {"y_test": np.full(20, 256)},
        "y_test must hold whole numbers from 0 to 255, got 256 to 256 in int64",
    ),
    "negative": ({"y_test": np.full(20, -1)}, "y_test must hold whole numbers from 0 to 255, got -1"),
    "text": ({"y_test": np.full(20, "a")}, "y_test must hold whole numbers from 0 to 255, got <U1"),
    "complex": ({"y_test": np.full(20, 1j)}, "y_test must hold whole numbers from 0 to 255, got complex128"),
    "single": ({"x_test": np.uint8(3)}, "x_test holds no examples; needed is an array with one a row"),
    "empty": ({"x_test": np.zeros((0, 28, 28), np.uint8)}, "x_test holds no examples"),
    "labels": ({"y_test": np.zeros(7, np.uint8)}, "20 images but 7 labels in test; needed is one number an image"),
    "one-hot": ({"y_test": np.eye(20, 10, dtype=np.uint8)}, "20 images but 200 labels in test; needed is one number"),
    "missing": ({"y_train": None}, "lacks y_train; needed are the arrays x_train, y_train, x_test, y_test"),
    "pickled": ({"y_train": np.array([1, None])}, "holds Python objects, which are not read; save numbers, such as"),
}


@pytest.mark.parametrize("change, message", ALTERED.values(), ids=ALTERED)
def test_wrong_arrays_are_refused(change, message, tmp_path):
    arrays = {key: array for key, array in (fake("mnist") | change).items() if array is not None}
    np.savez(tmp_path / "mnist.npz", **arrays)
    with pytest.raises(ValueError, match=f"mnist.npz.* {message}") as error:
        data.load("mnist2", tmp_path)
    assert "pickle=" not in str(error.value) and "\n" not in str(error.value)


OTHER_FILES = {
    "Git LFS": (
        b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n",
        "is a pointer of Git LFS; `git lfs pull`",
    ),
    "git-annex": (b"../.git/annex/objects/x", "is a pointer of git-annex"),
    "login": (b"\n <!DOCTYPE html><title>Log in</title>", "is a web page, perhaps one that asks to log in"),
    "bom": (b"\xef\xbb\xbf<html>", "is a web page"),
    "pickle": (pickle.dumps({"x_train": 1}), "is a pickle, which is not read"),
    "empty": (b"", "is empty; download it again"),
    "cut off": (b"PK\x03\x04abc", "is cut off or damaged; download it again"),
    "text": (b"x_train", "is no .npz file"),
}


@pytest.mark.parametrize("content, message", OTHER_FILES.values(), ids=OTHER_FILES)
def test_another_file_under_the_name_is_named(content, message, tmp_path):
    (tmp_path / "mnist.npz").write_bytes(content)
    with pytest.raises(ValueError, match=rf"^{re.escape(str(tmp_path))}/mnist.npz {message}") as error:
        data.load("mnist2", tmp_path)
    assert "allow_pickle" not in str(error.value) and "\n" not in str(error.value)


def test_a_folder_a_link_to_nowhere_and_no_arrays_are_named(tmp_path):
    (tmp_path / "mnist.npz").mkdir()
    with pytest.raises(ValueError, match=r"mnist.npz is a folder"):
        data.load("mnist2", tmp_path)
    (tmp_path / "mnist.npz").rmdir()
    (tmp_path / "mnist.npz").symlink_to(tmp_path / "gone.npz")
    with pytest.raises(FileNotFoundError, match=r"mnist.npz is a link to .*/gone.npz, which is not there"):
        data.load("mnist2", tmp_path)
    (tmp_path / "mnist.npz").unlink()
    with zipfile.ZipFile(tmp_path / "mnist.npz", "w") as file:
        for key in fake("mnist"):
            file.writestr(f"{key}.npy", b"no array")
    with pytest.raises(ValueError, match=r"mnist.npz: x_train holds no examples"):
        data.load("mnist2", tmp_path)


def test_a_file_that_would_fill_the_memory_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(readers, "LARGEST", 1000)
    np.savez_compressed(tmp_path / "mnist.npz", **fake("mnist"))
    with pytest.raises(ValueError, match="its arrays take more than 1000 bytes"):
        data.load("mnist2", tmp_path)


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_damaged_files_are_refused(save, tmp_path, publish):
    """Wherever a bit is wrong or the file ends, the answer is the right data or a ValueError that names the file."""
    rng, path = np.random.default_rng(2), tmp_path / "mnist.npz"
    arrays = {key: array[:4, ...][..., :2] if key[0] == "x" else array[:4] for key, array in fake("mnist").items()}
    publish("mnist", arrays)
    save(path, **arrays)
    intact, right = path.read_bytes(), data.load("mnist2", tmp_path)
    damaged = [intact[:length] for length in range(0, len(intact), 97)]
    for position in range(0, len(intact), 3):
        damaged.append(bytearray(intact))
        damaged[-1][position] ^= 1 << rng.integers(8)
    refused = 0
    for content in damaged:
        path.write_bytes(content)
        try:
            assert_same(data.load("mnist2", tmp_path), right)
        except ValueError as error:
            assert str(path) in str(error)  # noqa: PT017, not every one is refused
            refused += 1
    assert refused > len(damaged) / 3, "most bits matter"
    np.save(path.with_suffix(".npy"), arrays["x_train"])
    path.with_suffix(".npy").replace(path)
    with pytest.raises(ValueError, match="is a single array"):
        data.load("mnist2", tmp_path)


@pytest.mark.parametrize("use", [data.load, data.fingerprint, names.source, names.classes, widths])
def test_unknown_name_lists_the_valid_ones(use):
    with pytest.raises(ValueError, match="unknown dataset 'mnist11'; valid: mnist2, .*, cifar10, digits"):
        use("mnist11")
