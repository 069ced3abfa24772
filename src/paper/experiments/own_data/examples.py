"""The examples of a file, or an error that says why nothing can be certified from them.

A bound on the error is about a network of the file's numbers. So nothing may be estimated from the examples before the bound counts
them: no mean, no deviation, no largest value, not even the number of classes.
"""

import os
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

LARGEST = 100  # of the inputs: beyond it gradient descent at a fixed learning rate goes nowhere
WIDEST = 5000  # numbers of an input: H_1 and its eigenvectors have their square


@dataclass(frozen=True)
class Examples:
    """x (N, d) float32; y (N,) int64, from 0 to classes - 1; origin, scale: where they are from and what was done to them, in words."""

    x: torch.Tensor
    y: torch.Tensor
    classes: int
    origin: str
    scale: str


def load(file: str, classes: int) -> Examples:
    """The arrays x (N, ...) and y (N,) of an .npz file; scikit-learn's digits where `file` is empty. "~" is the home folder.

    Whole numbers are divided by the largest of their type, floats are taken as they are. The labels are 0 to classes - 1.
    ValueError: no such file, no .npz, x or y missing or no plain numbers, of different lengths, NaN, inputs normalised by themselves,
    beyond +-100 or of more than 5,000 numbers, whole numbers that vanish beside the largest of their type, labels that are not
    whole, out of range or all the same.
    """
    origin = file or "scikit-learn's digits"
    x, y = _arrays(file) if file else _digits()
    if x.ndim < 2 or 0 in x.shape:
        raise ValueError(f"x must have the shape (N, ...), one row for each example, got {x.shape}")
    if y.shape != (len(x),):
        raise ValueError(f"y must have one label for each of the {len(x)} rows of x, got the shape {y.shape}")
    inputs, scale = _inputs(x.reshape(len(x), -1))
    labels = torch.from_numpy(_labels(y, classes))
    return Examples(
        torch.from_numpy(inputs),
        labels,
        classes,
        origin,
        scale if file else "divided by 16, the largest that a pixel can be",
    )


def _digits() -> tuple[np.ndarray, np.ndarray]:
    from sklearn.datasets import load_digits

    pixels, labels = load_digits(return_X_y=True)
    return pixels / 16, labels


def _arrays(file: str) -> list[np.ndarray]:
    file = str(Path(os.path.expanduser(file)).absolute())
    try:
        if not zipfile.is_zipfile(file):
            with open(file, "rb"):  # says what is wrong with the path
                raise ValueError(f"{file} is no .npz file; save one by numpy.savez({file!r}, x=x, y=y)")
        with np.load(file, allow_pickle=False) as archive:
            if missing := [name for name in ("x", "y") if name not in archive]:
                found = ", ".join(archive.files) or "nothing"
                raise ValueError(
                    f"{file} must hold the arrays x and y; {' and '.join(missing)} missing, found: {found}"
                )
            return [_array(archive, name, file) for name in ("x", "y")]
    except OSError as error:
        raise ValueError(f"{file} cannot be read: {error.strerror or error}") from None
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise ValueError(f"{file} is damaged: {error}") from None


def _array(archive, name: str, file: str) -> np.ndarray:
    try:
        array = archive[name]
    except ValueError as error:  # not in numpy's words, which name allow_pickle
        why = "holds Python objects, which are not read" if "Object arrays" in str(error) else "cannot be read"
        raise ValueError(f"{file}: {name} must be an array of numbers, but {why}; save it as numbers") from None
    if not isinstance(array, np.ndarray) or array.dtype.kind not in "biuf":
        found = getattr(array, "dtype", "a file of another kind")
        raise ValueError(f"{file}: {name} must be an array of numbers, got {found}")
    return array


def _inputs(x: np.ndarray) -> tuple[np.ndarray, str]:
    if x.shape[1] > WIDEST:
        raise ValueError(
            f"each row of x has {x.shape[1]} numbers, more than the {WIDEST} whose second moments fit; give smaller ones"
        )
    if not np.isfinite(x).all():
        raise ValueError(f"x must be finite, got NaN or infinity in {(~np.isfinite(x)).any(1).sum()} of {len(x)} rows")
    extreme = max(abs(float(x.min())), abs(float(x.max())))
    if x.dtype.kind in "iu":
        largest = np.iinfo(x.dtype).max
        if extreme < largest / 20:
            raise ValueError(
                f"x has whole numbers up to {extreme:g} in the type {x.dtype}, and would be divided by {largest}, the largest of the "
                "type; give a type that fits, such as uint8 for pixels, or floats on a scale fixed beforehand"
            )
        return x.astype(np.float32) / np.float32(largest), f"divided by {largest}, the largest of {x.dtype}"
    if extreme > LARGEST:
        raise ValueError(
            f"x has numbers up to {extreme:g}, more than {LARGEST}; divide it by a number fixed beforehand"
        )
    x = x.astype(np.float32)
    if _standardised(x):
        raise ValueError(
            "x has mean 0 and deviation 1: it was normalised by these very examples, so that every network depends on all of them and "
            "nothing can be certified; give numbers on a scale fixed beforehand"
        )
    return x, "as given"


def _standardised(x: np.ndarray) -> bool:
    """Whether each column that varies has mean 0 and deviation 1, or the whole has; signs, all of them +-1, may have that by nature."""
    mean, square = x.mean(0, dtype=np.float64), np.einsum("nd,nd->d", x, x, dtype=np.float64) / len(x)
    deviation = np.sqrt(np.maximum(square - mean**2, 0))
    whole = mean.mean(), np.sqrt(max(square.mean() - mean.mean() ** 2, 0))
    columns = mean[deviation > 1e-6], deviation[deviation > 1e-6]
    allowed = 1e-3 + 1 / len(x)  # deviations with n - 1 count, too
    like = [
        m.size and bool((abs(m) < 1e-4).all() and (abs(s - 1) < allowed).all())
        for m, s in (columns, map(np.asarray, whole))
    ]
    return any(like) and not (abs(x) == 1).all()


def _labels(y: np.ndarray, classes: int) -> np.ndarray:
    if not np.isfinite(y).all() or not (whole := y == np.floor(y)).all():
        first = y[~np.isfinite(y)] if not np.isfinite(y).all() else y[~whole]
        raise ValueError(f"labels must be whole numbers, got {first[0]}")
    if y.min() < 0 or y.max() >= classes:
        raise ValueError(
            f"labels must be from 0 to {classes - 1}, as the parameter classes = {classes} says, got {y.min()} to {y.max()}"
        )
    if y.min() == y.max():
        raise ValueError(f"all labels are {y.min()}: one class leaves nothing to learn")
    return y.astype(np.int64)
