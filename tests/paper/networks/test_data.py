"""The data sets: order, fingerprints, merging and normalisation, on small fakes; the real ones where they are at hand.

A fake is a small set of random images, published under its own fingerprint for the length of a test.
"""

import gzip
import hashlib
import io
import os
import pickle
import re
import struct
import tarfile
import threading
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_digits

from paper import names
from paper.networks import data
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


@pytest.fixture
def served(tmp_path, monkeypatch):
    """`served(source, arrays)` offers a fake, in the files that torchvision downloads, on a server of this machine."""
    from torchvision import datasets

    folder = tmp_path / "served"
    folder.mkdir()
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(SimpleHTTPRequestHandler, directory=folder))
    threading.Thread(target=server.serve_forever, args=[0.01], daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setenv("no_proxy", "127.0.0.1")

    def md5(name, content):
        (folder / name).write_bytes(content)
        return hashlib.md5(content).hexdigest()

    def idx(array):
        return struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape) + array.tobytes()

    def mnist(arrays):
        resources = []
        for part, prefix in (("train", "train"), ("test", "t10k")):
            for kind, suffix in (("x", "images-idx3"), ("y", "labels-idx1")):
                name = f"{prefix}-{suffix}-ubyte.gz"
                resources.append((name, md5(name, gzip.compress(idx(arrays[f"{kind}_{part}"])))))
        monkeypatch.setattr(datasets.MNIST, "resources", resources)
        monkeypatch.setattr(datasets.MNIST, "mirrors", [f"{address}/"])

    def cifar10(arrays):
        def batch(part, rows):
            images = arrays[f"x_{part}"][rows].transpose(0, 3, 1, 2).reshape(-1, 3072)  # channels first, in the files
            return pickle.dumps({"data": images, "labels": arrays[f"y_{part}"][rows].tolist()})

        files = {f"data_batch_{i + 1}": batch("train", slice(6 * i, 6 * i + 6)) for i in range(5)}
        files["test_batch"] = batch("test", slice(None))
        files["batches.meta"] = pickle.dumps({"label_names": list("abcdefghij")})
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
            for name, content in files.items():
                entry = tarfile.TarInfo(f"cifar-10-batches-py/{name}")
                entry.size = len(content)
                archive.addfile(entry, io.BytesIO(content))
        sums = {name: hashlib.md5(content).hexdigest() for name, content in files.items()}
        monkeypatch.setattr(datasets.CIFAR10, "url", f"{address}/cifar.tar.gz")
        monkeypatch.setattr(datasets.CIFAR10, "tgz_md5", md5("cifar.tar.gz", buffer.getvalue()))
        monkeypatch.setattr(datasets.CIFAR10, "train_list", [[name, sums[name]] for name in files if "data" in name])
        monkeypatch.setattr(datasets.CIFAR10, "test_list", [["test_batch", sums["test_batch"]]])
        monkeypatch.setattr(datasets.CIFAR10, "meta", datasets.CIFAR10.meta | {"md5": sums["batches.meta"]})

    def serve(source, arrays):
        {"mnist": mnist, "cifar10": cifar10}[source](arrays)
        return folder

    yield serve
    server.shutdown()
    server.server_close()


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


@pytest.mark.parametrize("name, source", [("mnist5", "mnist"), ("cifar5", "cifar10")])
def test_missing_data_say_where_and_what(name, source, workspace, no_download):
    with pytest.raises(FileNotFoundError) as error:
        data.load(name)
    for words in (
        f"{source} not found: there is no data/{source}.npz",
        "torchvision could neither read it from data nor download it",
        "urlopen error",
        f"Put {source}.npz (x_train, y_train, x_test, y_test in uint8) or torchvision's files into data",
        "name another folder in PACBAYES_DATA",
        "The book itself needs no data",
    ):
        assert words in str(error.value)


def test_half_extracted_torchvision_files_are_no_data(workspace, no_download, served):
    served("mnist", fake("mnist"))
    with pytest.raises(ValueError, match="data does not hold the original data"):
        data.load("mnist2")
    (workspace / "data" / "MNIST" / "raw" / "t10k-labels-idx1-ubyte").write_bytes(b"")
    with pytest.raises(FileNotFoundError, match="torchvision could neither read it from data nor download it"):
        data.load("mnist2")


def test_other_content_is_refused_with_both_fingerprints(tmp_path, publish):
    arrays = fake("mnist")
    found = publish("mnist", arrays)["test"]
    other = arrays | {"y_test": (arrays["y_test"] + 1) % 10}
    published = publish("mnist", other)["test"]
    np.savez(tmp_path / "mnist.npz", **arrays)
    message = f"test part: .* fingerprint {found}, the published one is {published}; .*mnist.npz does not hold"
    with pytest.raises(ValueError, match=message):
        data.load("mnist2", tmp_path)


ALTERED = {
    "dtype": ({"x_train": np.zeros((30, 28, 28))}, r"x_train must hold bytes \(uint8\), got float64"),
    "labels": ({"y_test": np.zeros(7, np.uint8)}, "20 images but 7 labels in test"),
    "missing": ({"y_train": None}, "is not an .npz file with the arrays x_train, .*: .*y_train is not a file"),
    "pickled": ({"y_train": np.array([1, None])}, "is not an .npz file .*Object arrays cannot be loaded"),
}


@pytest.mark.parametrize("change, message", ALTERED.values(), ids=ALTERED)
def test_wrong_arrays_are_refused(change, message, tmp_path):
    arrays = {key: array for key, array in (fake("mnist") | change).items() if array is not None}
    np.savez(tmp_path / "mnist.npz", **arrays)
    with pytest.raises(ValueError, match=f"mnist.npz.* {message}"):
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
    with pytest.raises(ValueError, match="is not an .npz file"):
        data.load("mnist2", tmp_path)


@pytest.mark.parametrize("use", [data.load, data.fingerprint, names.source, names.classes, widths])
def test_unknown_name_lists_the_valid_ones(use):
    with pytest.raises(ValueError, match="unknown dataset 'mnist11'; valid: mnist2, .*, cifar10, digits"):
        use("mnist11")
