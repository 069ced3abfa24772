"""A reader's own data: what is taken, on which scale, and what is refused, in which words."""

import re
import zipfile

import numpy as np
import pytest
import torch
from own_examples import N, X, Y, arrays, saved

from paper.experiments.own_data import examples


def test_bytes_are_divided_by_255_and_images_flattened(own):
    x, y = arrays()
    np.testing.assert_allclose(own.x, x.reshape(N, 6) / 255, rtol=1e-6)
    assert own.x.dtype == torch.float32 and own.y.tolist() == y.tolist() and own.y.dtype == torch.int64
    assert own.scale == "divided by 255, the largest of uint8"


@pytest.mark.parametrize(
    "kind, factor", [(np.int16, 1 / 32767), (np.uint16, 1 / 65535), (np.float64, 1.0), (np.float16, 1.0), (bool, 1.0)]
)
def test_the_scale_of_each_type_is_fixed(tmp_path, kind, factor):
    rng = np.random.default_rng(0)
    x = rng.integers(2, size=(N, 4)).astype(kind) if factor == 1 else (rng.random((N, 4)) / factor).astype(kind)
    loaded = examples.load(saved(tmp_path, x=x, y=np.arange(N) % 2), 2)
    np.testing.assert_allclose(loaded.x, x.astype(np.float64) * factor, rtol=1e-6)


def test_an_examples_scale_does_not_depend_on_the_others(tmp_path):
    x, y = arrays()
    other = np.concatenate([x[:1], 255 - x[1:]])
    first, second = (examples.load(saved(tmp_path, x=some, y=y), 3).x[0] for some in (x, other))
    assert torch.equal(first, second)


def test_digits_are_the_demonstration():
    own = examples.load("", 10)
    assert (
        own.x.shape == (1797, 64) and 0 <= own.x.min() and own.x.max() == 1 and own.y.unique().tolist() == [*range(10)]
    )


@pytest.mark.parametrize("kind", [np.float32, bool, np.uint8])
def test_whole_labels_of_any_type_are_taken(tmp_path, kind):
    y = (np.arange(N) % 2).astype(kind)
    assert examples.load(saved(tmp_path, x=arrays()[0], y=y), 2).y.tolist() == y.tolist()


GAUSS = np.random.default_rng(0).normal(3, 7, size=(N, 5))
SPOILT = GAUSS / 10
SPOILT = np.where(np.arange(N)[:, None] == 7, np.nan, SPOILT)


@pytest.mark.parametrize(
    "content, message",
    [
        (dict(x=X), "must hold the arrays x and y; y missing, found: x"),
        (dict(images=X, labels=Y), "x and y missing, found: images, labels"),
        (dict(x=X, y=Y[:-1]), r"y must have one label for each of the 600 rows of x, got the shape \(599,\)"),
        (dict(x=X, y=np.eye(3)[Y]), r"got the shape \(600, 3\)"),
        (dict(x=Y, y=Y), r"x must have the shape \(N, ...\), one row for each example, got \(600,\)"),
        (dict(x=X[:0], y=Y[:0]), r"x must have the shape .* got \(0, 3, 2\)"),
        (dict(x=X.astype(object), y=Y), "x must be an array of numbers, but holds Python objects, which are not"),
        (dict(x=X, y=Y.astype(object)), "y must be an array of numbers, but holds Python objects"),
        (
            dict(x=X, y=np.zeros(1, [(f"{i}", "f4") for i in range(999)])),
            "y must be an array of numbers, but cannot be",
        ),
        (dict(x=X, y=Y.astype(str)), "y must be an array of numbers, got <U"),
        (dict(x=X.astype(complex), y=Y), "x must be an array of numbers, got complex128"),
        (dict(x=SPOILT, y=Y), "x must be finite, got NaN or infinity in 1 of 600 rows"),
        (
            dict(x=X * 1e3, y=Y),
            r"x has numbers up to \d+e?\+?\d*, more than 100; divide it by a number fixed beforehand",
        ),
        (
            dict(x=X.astype(np.int64), y=Y),
            r"whole numbers up to \d+ in the type int64, .* divided by 9223372036854775807",
        ),
        (dict(x=X // 200, y=Y), "whole numbers up to 1 in the type uint8"),
        (dict(x=np.zeros((N, 5001), np.uint8), y=Y), "each row of x has 5001 numbers, more than the 5000"),
        (
            dict(x=(GAUSS - GAUSS.mean(0)) / GAUSS.std(0), y=Y),
            "x has mean 0 and deviation 1: it was normalised by these",
        ),
        (dict(x=(GAUSS - GAUSS.mean(0)) / GAUSS.std(0, ddof=1), y=Y), "it was normalised by these very examples"),
        (dict(x=((GAUSS - GAUSS.mean()) / GAUSS.std()).astype(np.float32), y=Y), "it was normalised by these"),
        (dict(x=np.c_[(GAUSS - GAUSS.mean(0)) / GAUSS.std(0), np.zeros(N)], y=Y), "it was normalised by these"),
        (dict(x=X, y=Y + 0.5), "labels must be whole numbers, got [012].5"),
        (dict(x=X, y=np.where(Y == 1, np.nan, Y)), "labels must be whole numbers, got nan"),
        (dict(x=X, y=Y + 1), "labels must be from 0 to 2, as the parameter classes = 3 says, got 1 to 3"),
        (dict(x=X, y=Y - 1), "labels must be from 0 to 2, .* got -1 to 1"),
        (dict(x=X, y=0 * Y + 2), "all labels are 2: one class leaves nothing to learn"),
    ],
)
def test_what_cannot_be_certified_is_refused(tmp_path, content, message):
    with pytest.raises(ValueError, match=message) as refusal:
        examples.load(saved(tmp_path, **content), 3)
    assert "\n" not in str(refusal.value) and "allow_pickle" not in str(refusal.value)


def test_signs_are_no_normalised_inputs(tmp_path):
    signs = np.tile([[1.0, -1.0], [-1.0, 1.0]], (N // 2, 1))
    assert examples.load(saved(tmp_path, x=signs, y=np.arange(N) % 2), 2).scale == "as given"


@pytest.mark.parametrize(
    "write, message",
    [
        (lambda path: None, "cannot be read: No such file"),
        (lambda path: path.mkdir(), "cannot be read: Is a directory"),
        (lambda path: path.write_text("x,y"), "is no .npz file; save one by numpy.savez"),
        (lambda path: path.write_bytes(b""), "is no .npz file"),
        (lambda path: np.save(path.open("wb"), X), "is no .npz file"),
    ],
)
def test_what_is_no_npz_is_refused(tmp_path, write, message):
    path = tmp_path / "own.npz"
    write(path)
    with pytest.raises(ValueError, match=message):
        examples.load(str(path), 3)


def test_a_file_in_the_home_folder_is_found_and_one_that_is_missing_named_in_full(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    saved(tmp_path, x=X, y=Y)
    assert examples.load("~/own.npz", 3).origin == "~/own.npz" and len(examples.load("own.npz", 3).y) == N
    for file in ("~/gone.npz", "gone.npz"):
        with pytest.raises(ValueError, match=rf"^{re.escape(str(tmp_path))}/gone.npz cannot be read: No such file"):
            examples.load(file, 3)


def test_an_archive_of_other_files_is_refused(tmp_path):
    path = tmp_path / "own.npz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("x", "text")
        archive.writestr("y", "text")
    with pytest.raises(ValueError, match="x must be an array of numbers, got a file of another kind"):
        examples.load(str(path), 3)


def test_a_damaged_archive_is_refused(tmp_path):
    path = tmp_path / "own.npz"
    np.savez(path, x=X, y=Y)
    content = bytearray(path.read_bytes())
    content[200:260] = bytes(60)
    path.write_bytes(content)
    with pytest.raises(ValueError, match="is damaged"):
        examples.load(str(path), 3)
