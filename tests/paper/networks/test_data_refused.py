"""Data in one's own .npz file: other content, other files under its name and damaged ones are refused, by name."""

import pickle
import re
import zipfile

import numpy as np
import pytest
from fake_data import assert_same, fake

from paper.networks import data, readers


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
