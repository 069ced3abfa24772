"""A fake data set: a small set of random images, also in its publisher's files."""

import struct

import numpy as np

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


def idx(array):
    return struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape) + array.tobytes()


def binary(arrays, part, rows):
    """A batch of CIFAR-10's binary version: each label, then the pixels channel by channel."""
    images = arrays[f"x_{part}"][rows].transpose(0, 3, 1, 2).reshape(-1, 3072)
    return np.concatenate([arrays[f"y_{part}"][rows].reshape(-1, 1), images], axis=1).tobytes()


BATCHES = {"test_batch": ("test", slice(None))}
BATCHES |= {f"data_batch_{i + 1}": ("train", slice(6 * i, 6 * i + 6)) for i in range(5)}


def assert_same(a, b):
    assert (a.name, a.classes, a.fingerprint) == (b.name, b.classes, b.fingerprint)
    for field in ("x_train", "y_train", "x_test", "y_test"):
        np.testing.assert_array_equal(getattr(a, field), getattr(b, field))
