"""The data sets: MNIST and CIFAR-10 with their classes merged, and scikit-learn's digits.

Whatever the source, the examples are sorted by content (pixels in C order, then the label), so that the same data give
the same fingerprint and the same runs. The fingerprint is checked against published constants on every load.
"""

import os
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from paper.files import sha256

NAMES = ("mnist2", "mnist5", "mnist10", "cifar2", "cifar5", "cifar10", "digits")

# SHA-256 over the sorted rows: the pixels as bytes in C order (CIFAR: height, width, channel), then the label byte.
FINGERPRINTS = {
    "mnist": {
        "train": "386a0fff07efe9ae3f934853780556ca1fe630371d4964508a3e3256c2063b0e",
        "test": "292a2c8e9008782f6c6c94df46012a17c808c2666413d175e62502bbcf68dd61",
    },
    "cifar10": {
        "train": "200308a5f8c3017ee366cf2f3acedc26a1b33338704354c30d771022abc591a9",
        "test": "92b1a0287b4e2d65edb94da97affa8c9c453b8ecaf35ae6c02901cb312d5a691",
    },
    "digits": {
        "train": "5862449541cdfd240d66546b5f95c888a00b59e78a8f9ceea1cac4ac9f5a74a7",
        "test": "f52b1265a0aba4b4d33cafd527e8dac8cc8863bf963a61233c17c77c9bc4a142",
    },
}

# Mean and standard deviation of a pixel, a channel, on the scale 0 to 1. They are the constants in common use, fixed
# here: nothing is estimated from the examples at hand, so the prior of a PAC-Bayes bound does not depend on them.
NORMALISATION = {
    "mnist": ((0.1307,), (0.3081,)),
    "cifar10": ((0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616)),
    "digits": ((0.5,), (0.5,)),
}
LARGEST_PIXEL = {"mnist": 255, "cifar10": 255, "digits": 16}


@dataclass(frozen=True)
class Dataset:
    """One data set, in canonical order.

    x_train (N, d) and x_test: float32, normalised by fixed constants; y_train (N,) and y_test: int64 in 0..classes-1;
    fingerprint: the SHA-256 of both parts before normalisation and merging.
    """

    name: str
    x_train: np.ndarray
    y_train: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray
    classes: int
    fingerprint: dict[str, str]


def split_name(name: str) -> tuple[str, int]:
    """The source and the number of classes of a data set's name: mnist2 -> (mnist, 2), digits -> (digits, 10).

    Raises ValueError, listing the valid names, for any other name.
    """
    if name not in NAMES:
        raise ValueError(f"unknown dataset {name!r}; valid: {', '.join(NAMES)}")
    if name == "digits":
        return "digits", 10
    source = "mnist" if name.startswith("mnist") else "cifar10"
    return source, int(name.removeprefix("mnist").removeprefix("cifar"))


def fingerprint(name: str) -> dict[str, str]:
    """The published SHA-256 of the training and the test part of data set `name`; needs no data."""
    return FINGERPRINTS[split_name(name)[0]]


def load(name: str, root: Path | str | None = None) -> Dataset:
    """Load data set `name` from `root`, else from the folder in PACBAYES_DATA, else from data/.

    Sources, in order: `<root>/mnist.npz` or `<root>/cifar10.npz` with x_train, y_train, x_test, y_test in uint8 (as
    Keras distributes MNIST), then torchvision's files in `root`, downloaded if they are not there. `digits` comes with
    scikit-learn. The ten classes are merged in order: label * classes // 10, so that mnist2 is 0-4 against 5-9, as in
    Dziugaite and Roy (2017).

    Raises ValueError for an unknown name or for content that has another fingerprint than the published one, and
    FileNotFoundError, saying where it looked and what to put there, when the data are not to be had.
    """
    source, classes = split_name(name)
    root = Path(root or os.environ.get("PACBAYES_DATA") or "data")
    parts, found = {}, {}
    images, labels = _digits() if source == "digits" else _from_npz(source, root) or _from_torchvision(source, root)
    for part in ("train", "test"):
        rows = _canonical_rows(images[part], labels[part])
        found[part] = sha256(rows)
        if found[part] != FINGERPRINTS[source][part]:
            raise ValueError(
                f"{source}, {part} part: the content has fingerprint {found[part]}, the published one is "
                f"{FINGERPRINTS[source][part]}; {_origin(source, root)} does not hold the original data"
            )
        parts[part] = _normalised(rows[:, :-1], source), rows[:, -1].astype(np.int64) * classes // 10
    return Dataset(name, *parts["train"], *parts["test"], classes, found)


def _canonical_rows(images: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """(N, d + 1) bytes, pixels then label, sorted as byte strings."""
    rows = np.concatenate([images.reshape(len(images), -1), labels.reshape(-1, 1)], axis=1).astype(np.uint8)
    keys = [row.tobytes() for row in rows]
    return rows[sorted(range(len(keys)), key=keys.__getitem__)]


def _normalised(pixels: np.ndarray, source: str) -> np.ndarray:
    mean, std = (np.array(values, np.float32) for values in NORMALISATION[source])
    x = pixels.reshape(len(pixels), -1, len(mean)) / np.float32(LARGEST_PIXEL[source])
    x -= mean
    x /= std
    return x.reshape(len(pixels), -1)


def _from_npz(source: str, root: Path) -> tuple[dict, dict] | None:
    path = root / f"{source}.npz"
    if not path.exists():
        return None
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
    return tuple({part: arrays[f"{kind}_{part}"] for part in ("train", "test")} for kind in "xy")


def _from_torchvision(source: str, root: Path) -> tuple[dict, dict]:
    from torchvision import datasets  # here, because it takes seconds to import and is seldom needed

    reader = {"mnist": datasets.MNIST, "cifar10": datasets.CIFAR10}[source]
    try:
        parts = {part: reader(str(root), train=part == "train", download=True) for part in ("train", "test")}
    except (OSError, RuntimeError, ValueError, AssertionError) as error:
        raise FileNotFoundError(
            f"{source} not found: there is no {root / source}.npz, and torchvision could neither read it from {root} "
            f"nor download it ({' '.join(str(error).split()) or repr(error)}). Put {source}.npz (x_train, y_train, "
            f"x_test, y_test in uint8) or torchvision's files into {root}, or name another folder in PACBAYES_DATA. "
            "The book itself needs no data: `make book` shows the frozen results."
        ) from error
    return (
        {part: np.asarray(data.data, dtype=np.uint8) for part, data in parts.items()},
        {part: np.asarray(data.targets, dtype=np.uint8) for part, data in parts.items()},
    )


def _digits() -> tuple[dict, dict]:
    """scikit-learn's 1,797 digits of 8 x 8 pixels from 0 to 16; every fifth in canonical order is a test example."""
    from sklearn.datasets import load_digits

    bunch = load_digits()
    rows = _canonical_rows(bunch.images, bunch.target)
    test = np.arange(len(rows)) % 5 == 0
    return (
        {"train": rows[~test, :-1], "test": rows[test, :-1]},
        {"train": rows[~test, -1], "test": rows[test, -1]},
    )


def _origin(source: str, root: Path) -> str:
    if source == "digits":
        return "the installed scikit-learn"
    path = root / f"{source}.npz"
    return str(path if path.exists() else root)
