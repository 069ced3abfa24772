"""The data sets' content: order, fingerprints, merging and normalisation, on small fakes; the real ones where they are at hand."""

import hashlib
import os
import re
from pathlib import Path

import numpy as np
import pytest
from fake_data import MERGED, SHAPES, SOURCE, assert_same, fake, sorted_rows
from sklearn.datasets import load_digits

from paper import names
from paper.networks import data
from paper.networks.sources import SOURCES, widths


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


@pytest.mark.parametrize("use", [data.load, data.fingerprint, names.source, names.classes, widths])
def test_unknown_name_lists_the_valid_ones(use):
    with pytest.raises(ValueError, match="unknown dataset 'mnist11'; valid: mnist2, .*, cifar10, digits"):
        use("mnist11")
