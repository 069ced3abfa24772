"""The data sets: MNIST and CIFAR-10 with their classes merged, and scikit-learn's digits.

Whatever the source, the examples are sorted by content (pixels in C order, then the label), so that the same data give
the same fingerprint and the same runs. The fingerprint is checked against published constants on every load.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from paper import names
from paper.files import sha256
from paper.networks import readers
from paper.networks.sources import Source, source_of

CHUNK = 1024  # images at a time: these stay in the processor's cache


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


def fingerprint(name: str) -> dict[str, str]:
    """The published SHA-256 of the training and the test part of data set `name`; needs no data."""
    return source_of(name).fingerprint


def load(name: str, root: Path | str | None = None) -> Dataset:
    """Load data set `name` from `root`, else from the folder in PACBAYES_DATA, else from the project's data/, see `readers.folder`.

    Sources, in order: `<root>/mnist.npz` or `<root>/cifar10.npz` with x_train, y_train, x_test, y_test in uint8 (as
    Keras distributes MNIST), then the publisher's files in `root`, fetched if they are not there. `digits` comes with
    scikit-learn. The ten classes are merged in order: label * classes // 10, so that mnist2 is 0-4 against 5-9, as in
    Dziugaite and Roy (2017).

    Raises ValueError for an unknown name or for content that has another fingerprint than the published one, and
    FileNotFoundError, saying where it looked and what to put there, when the data are not to be had.
    """
    source, classes = source_of(name), names.classes(name)
    images = source.read(source.name, readers.folder(root))
    parts, found = {}, {}
    for part in ("train", "test"):
        rows = readers.canonical_rows(images.pixels[part], images.labels[part])
        found[part] = sha256(rows)
        if found[part] != source.fingerprint[part]:
            raise ValueError(
                f"{source.name}, {part} part: the content has fingerprint {found[part]}, the published one is "
                f"{source.fingerprint[part]}; {images.origin} does not hold the original data, "
                "or not in the order height, width, channel; download it again, or put it into that order"
            )
        parts[part] = _normalised(rows[:, :-1], source), rows[:, -1].astype(np.int64) * classes // 10
    return Dataset(name, *parts["train"], *parts["test"], classes, found)


def _normalised(pixels: np.ndarray, source: Source) -> np.ndarray:
    channels = (np.array(values, np.float32) for values in (source.mean, source.deviation))
    mean, deviation = (np.tile(values, pixels.shape[1] // len(values)) for values in channels)
    x = np.empty(pixels.shape, np.float32)
    for start in range(0, len(x), CHUNK):
        rows = slice(start, start + CHUNK)
        part = np.divide(pixels[rows], np.float32(source.largest), out=x[rows])
        part -= mean
        part /= deviation
    return x
