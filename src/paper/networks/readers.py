"""Images as their publishers give them: bytes, before anything is done with them."""

import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np


@dataclass(frozen=True)
class Images:
    """pixels and labels: of the parts "train" and "test", arrays of bytes with one row an example; origin: where they were
    found, for an error's message."""

    pixels: dict[str, np.ndarray]
    labels: dict[str, np.ndarray]
    origin: str


def npz_or_torchvision(reader: str) -> Callable[[str, Path], Images]:
    """What reads <folder>/<name>.npz with x_train, y_train, x_test, y_test in uint8 (as Keras distributes MNIST), or, if it is
    not there, has torchvision's class `reader` read its files in the folder and download those that lack."""

    def read(name: str, folder: Path) -> Images:
        path = folder / f"{name}.npz"
        return _npz(path) if path.exists() else _torchvision(reader, name, folder)

    return read


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


def _npz(path: Path) -> Images:
    wanted = ("x_train", "y_train", "x_test", "y_test")
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {key: file[key] for key in wanted}
    except (KeyError, ValueError, TypeError, OSError, RuntimeError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise ValueError(f"{path} is not an .npz file with the arrays {', '.join(wanted)}: {error}") from error
    for key, array in arrays.items():
        if array.dtype != np.uint8:
            raise ValueError(f"{path}: {key} must hold bytes (uint8), got {array.dtype}")
    for part in ("train", "test"):
        if len(arrays[f"x_{part}"]) != arrays[f"y_{part}"].size:
            raise ValueError(
                f"{path}: {len(arrays[f'x_{part}'])} images but {arrays[f'y_{part}'].size} labels in {part}"
            )
    pixels, labels = ({part: arrays[f"{kind}_{part}"] for part in ("train", "test")} for kind in "xy")
    return Images(pixels, labels, str(path))


def _torchvision(reader: str, name: str, folder: Path) -> Images:
    from torchvision import datasets  # here, because it takes seconds to import and is seldom needed

    read = getattr(datasets, reader)
    try:
        parts = {part: read(str(folder), train=part == "train", download=True) for part in ("train", "test")}
    except (OSError, RuntimeError, ValueError, AssertionError) as error:
        raise FileNotFoundError(
            f"{name} not found: there is no {folder / name}.npz, and torchvision could neither read it from {folder} "
            f"nor download it ({' '.join(str(error).split()) or repr(error)}). Put {name}.npz (x_train, y_train, "
            f"x_test, y_test in uint8) or torchvision's files into {folder}, or name another folder in PACBAYES_DATA. "
            "The book itself needs no data: `make book` shows the frozen results."
        ) from error
    return Images(
        {part: np.asarray(data.data, dtype=np.uint8) for part, data in parts.items()},
        {part: np.asarray(data.targets, dtype=np.uint8) for part, data in parts.items()},
        str(folder),
    )
