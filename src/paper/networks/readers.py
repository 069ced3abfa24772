"""Images as their publishers give them: bytes, before anything is done with them."""

import os
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from paper.files import PROJECT
from paper.networks import originals


@dataclass(frozen=True)
class Images:
    """pixels and labels: of the parts "train" and "test", arrays of bytes with one row an example; origin: where they were
    found, for an error's message."""

    pixels: dict[str, np.ndarray]
    labels: dict[str, np.ndarray]
    origin: str


WANTED = ("x_train", "y_train", "x_test", "y_test")
LARGEST = 2**32  # bytes of an .npz file's arrays: what the images take as float64, and more
NO_ARRAYS = {  # how files begin that are saved under the name of another
    b"version https://git-lfs": "is a pointer of Git LFS; `git lfs pull` fetches the file itself",
    b"/annex/": "is a pointer of git-annex; `git annex get` fetches the file itself",
    b"<": "is a web page, perhaps one that asks to log in or tells of an error; download the file itself",
    b"\x93NUMPY": "is a single array (.npy); save the four with np.savez",
    b"\x80": "is a pickle, which is not read; save the arrays with np.savez",
    b"PK": "is cut off or damaged; download it again",
    b"": "is no .npz file; download it again",
}


def folder(root: Path | str | None = None) -> Path:
    """The folder of the data: `root`, else what PACBAYES_DATA names, else the project's data/. "~" is the home folder; a relative
    PACBAYES_DATA is in the project's folder, wherever a notebook runs."""
    if root:
        return Path(root).expanduser().absolute()
    return (PROJECT / Path(os.environ.get("PACBAYES_DATA") or "data").expanduser()).absolute()


def npz_or_original(name: str, folder: Path) -> Images:
    """<folder>/<name>.npz with x_train, y_train, x_test, y_test (as Keras distributes MNIST), or, if it is not there, the
    publisher's files, see `originals`, fetched into the folder if they lack.

    Raises ValueError for a file that does not hold the data, FileNotFoundError where there are none.
    """
    path = folder / f"{name}.npz"
    if path.exists():
        return _images(_npz(path), path)
    if path.is_symlink():
        raise FileNotFoundError(f"{path} is a link to {os.readlink(path)}, which is not there")
    original = originals.ORIGINALS[name]
    try:
        return _images(original.read(folder), folder)
    except (OSError, ValueError) as error:
        reason = "" if isinstance(error, FileNotFoundError) else f" ({error})"
    try:
        originals.fetch(name, folder)
        return _images(original.read(folder), folder)
    except (OSError, ValueError) as error:
        raise FileNotFoundError(
            f"{name} not found: there is no {path}, nor the publisher's files in {folder / original.folder}{reason}, and they "
            f"could not be fetched ({' '.join(str(error).split())}). Put {name}.npz (x_train, y_train, x_test, y_test in uint8) "
            f"into {folder}, or name another folder in PACBAYES_DATA. The book itself needs no data: `make book` shows the "
            "frozen results."
        ) from error


def scikit_learn(name: str, folder: Path) -> Images:
    """scikit-learn's 1,797 digits of 8 x 8 pixels from 0 to 16; every fifth in canonical order is a test example."""
    from sklearn.datasets import load_digits

    bunch = load_digits()
    rows = canonical_rows(bunch.images, bunch.target)
    test = np.arange(len(rows)) % 5 == 0
    return Images(
        {"train": rows[~test, :-1], "test": rows[test, :-1]},
        {"train": rows[~test, -1], "test": rows[test, -1]},
        "the installed scikit-learn",
    )


def canonical_rows(images: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """(N, d + 1) bytes, pixels in C order, then the label, sorted as byte strings."""
    rows = np.concatenate([images.reshape(len(images), -1), labels.reshape(-1, 1)], axis=1).astype(np.uint8)
    keys = [row.tobytes() for row in rows]
    return rows[sorted(range(len(keys)), key=keys.__getitem__)]


def _npz(path: Path) -> dict[str, np.ndarray]:
    try:
        with zipfile.ZipFile(path) as file:
            if sum(each.file_size for each in file.infolist()) > LARGEST:
                raise ValueError(f"its arrays take more than {LARGEST} bytes")
        with np.load(path, allow_pickle=False) as file:
            held = file.files
            return {key: file[key] for key in WANTED if key in held}
    except PermissionError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}") from error
    except Exception as error:  # whatever zip files and arrays from elsewhere raise
        raise ValueError(f"{path} {_what(path, error)}") from error


def _what(path: Path, error: Exception) -> str:
    """What a file is that cannot be read, and what helps."""
    if path.is_dir():
        return "is a folder; an .npz file with the arrays is needed"
    with path.open("rb") as file:
        start = file.read(200).lstrip(b"\xef\xbb\xbf \r\n\t")
    if b"annex/objects" in start:
        start = b"/annex/"
    if not start:
        return "is empty; download it again"
    if "Object arrays" in str(error):
        return "holds Python objects, which are not read; save numbers, such as labels.astype('uint8'), with np.savez"
    about = next(about for beginning, about in NO_ARRAYS.items() if start.startswith(beginning))
    return f"{about} ({error})" if zipfile.is_zipfile(path) else about


def _images(arrays: dict[str, np.ndarray], origin: Path) -> Images:
    if lacks := [key for key in WANTED if key not in arrays]:
        raise ValueError(f"{origin} lacks {', '.join(lacks)}; needed are the arrays {', '.join(WANTED)}")
    whole = {key: _bytes(array, f"{origin}: {key}") for key, array in arrays.items()}
    for part in ("train", "test"):
        pixels, labels = whole[f"x_{part}"], whole[f"y_{part}"]
        if len(pixels) != labels.size:
            raise ValueError(
                f"{origin}: {len(pixels)} images but {labels.size} labels in {part}; needed is one number an image, its class"
            )
        if pixels.ndim == 4 and pixels.shape[1] == 3 != pixels.shape[3]:  # as torch has them
            whole[f"x_{part}"] = pixels.transpose(0, 2, 3, 1)
    pixels, labels = ({part: whole[f"{kind}_{part}"] for part in ("train", "test")} for kind in "xy")
    return Images(pixels, labels, str(origin))


def _bytes(array: np.ndarray, what: str) -> np.ndarray:
    """As uint8, from whatever type holds the same numbers."""
    if not isinstance(array, np.ndarray) or array.ndim == 0 or not array.size:
        raise ValueError(f"{what} holds no examples; needed is an array with one a row")
    if array.dtype == np.uint8:
        return array
    if array.dtype.kind not in "iuf":
        raise ValueError(f"{what} must hold whole numbers from 0 to 255, got {array.dtype}")
    least, most = array.min(), array.max()
    with np.errstate(invalid="ignore"):
        same = least >= 0 and most <= 255 and np.array_equal(array, found := array.astype(np.uint8))
    if not same:
        hint = "; were they divided by 255?" if array.dtype.kind == "f" and 0 <= least and most <= 1 else ""
        raise ValueError(
            f"{what} must hold whole numbers from 0 to 255, got {least:.6g} to {most:.6g} in {array.dtype}{hint}"
        )
    return found
