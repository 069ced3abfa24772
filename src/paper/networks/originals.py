"""MNIST and CIFAR-10 in the files of their publishers, where torchvision has them; fetched if they are not there.

What comes over the network is checked by the fingerprint of what is read (`data.load`), is unpacked into the files that are
wanted and no others, and is never unpickled: of the pickles in which CIFAR-10 is given to Python, only the opcodes are read.
"""

import contextlib
import gzip
import http.client
import io
import os
import pickletools
import struct
import tarfile
import tempfile
import time
import urllib.request
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

Arrays = dict[str, np.ndarray]  # x_train, y_train, x_test, y_test; images are (height, width, channel)

LIMIT = 1800  # seconds for all files of a data set ...
STALLED = 60  # ... and without a byte
LARGEST = 2**28  # bytes of a file, unpacked: the largest has 31 million
BATCHES = {"train": [f"data_batch_{number}" for number in range(1, 6)], "test": ["test_batch"]}


@dataclass(frozen=True)
class Original:
    """A data set as it is published.

    read: the arrays from the folder of the data; OSError or ValueError, naming the file, for one that is missing or damaged.
    addresses: of the downloads, for each the mirrors in their order; folder: where the files go, below that of the data;
    unpacked: a download's files by name.
    """

    read: Callable[[Path], Arrays]
    addresses: tuple[tuple[str, ...], ...]
    folder: str
    unpacked: Callable[[str, bytes], Iterator[tuple[str, bytes]]]


def fetch(name: str, folder: Path) -> None:
    """Put the files of data set `name` into `folder`, all or, on failure, none, and no folder that was not there.

    It says what it fetches, since that takes minutes. Raises OSError, with the reason, also where the time is up.
    """
    original, deadline = ORIGINALS[name], time.monotonic() + LIMIT
    new = [each for each in (folder, *folder.parents) if not each.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder, prefix=".fetched-") as part:
            for mirrors in original.addresses:
                print(f"{name}: fetching {mirrors[0]} into {folder}; at most {LIMIT // 60} minutes", flush=True)
                url, content = _from_first(mirrors, deadline)
                try:
                    for file, unpacked in original.unpacked(url.rpartition("/")[2], content):
                        Path(part, file).write_bytes(unpacked)
                except (gzip.BadGzipFile, zlib.error, tarfile.TarError, EOFError) as error:
                    raise OSError(f"{url}: no such file came, but perhaps a login or error page ({error})") from error
            (folder / original.folder).mkdir(parents=True, exist_ok=True)
            for path in sorted(Path(part).iterdir()):
                os.replace(path, folder / original.folder / path.name)
        new = []
    finally:
        for each in new:
            with contextlib.suppress(OSError):
                each.rmdir()


def _from_first(mirrors: tuple[str, ...], deadline: float) -> tuple[str, bytes]:
    """The address and the content of the first mirror that gives it."""
    errors = []
    for url in mirrors:
        try:
            return url, _download(url, deadline)
        except (OSError, http.client.HTTPException) as error:
            errors.append(f"{url}: {' '.join(str(error).split()) or repr(error)}")
    raise OSError("; ".join(errors))


def _download(url: str, deadline: float) -> bytes:
    content = bytearray()
    with urllib.request.urlopen(url, timeout=min(STALLED, max(1, deadline - time.monotonic()))) as answer:
        while block := answer.read1(2**16):
            content += block
            if time.monotonic() > deadline:
                raise TimeoutError(f"not done after {LIMIT // 60} minutes")
            if len(content) > LARGEST:
                raise OSError(f"more than {LARGEST} bytes")
        if len(content) < int(answer.headers.get("Content-Length") or 0):
            raise OSError(f"it ended after {len(content)} bytes of {answer.headers['Content-Length']}")
    return bytes(content)


def _gunzipped(name: str, content: bytes) -> Iterator[tuple[str, bytes]]:
    with gzip.open(io.BytesIO(content)) as file:
        yield name.removesuffix(".gz"), file.read(LARGEST)


def _batches(name: str, content: bytes) -> Iterator[tuple[str, bytes]]:
    wanted = {f"{batch}.bin" for batches in BATCHES.values() for batch in batches}
    with tarfile.open(fileobj=io.BytesIO(content), mode="r:gz") as archive:
        for member in archive:
            if member.isfile() and (base := member.name.rpartition("/")[2]) in wanted and member.size < LARGEST:
                yield base, archive.extractfile(member).read()


# MNIST ---------------------------------------------------------------------------------------------------------------


def _mnist(folder: Path) -> Arrays:
    raw, arrays = folder / "MNIST" / "raw", {}
    for part, prefix in (("train", "train"), ("test", "t10k")):
        arrays[f"x_{part}"] = _idx(raw / f"{prefix}-images-idx3-ubyte", 3)
        arrays[f"y_{part}"] = _idx(raw / f"{prefix}-labels-idx1-ubyte", 1)
    return arrays


def _idx(path: Path, dimensions: int) -> np.ndarray:
    """An array of bytes in LeCun's format: 0, 0, 8 for bytes, the number of dimensions, the dimensions in big endian, the bytes."""
    content, start = path.read_bytes(), 4 + 4 * dimensions
    if content[:4] != bytes([0, 0, 8, dimensions]) or len(content) < start:
        raise ValueError(f"{path} is no idx file of bytes in {dimensions} dimensions")
    shape = struct.unpack(f">{dimensions}I", content[4:start])
    if len(content) - start != np.prod(shape, dtype=object):
        raise ValueError(f"{path} is cut off or damaged")
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)


# CIFAR-10 ------------------------------------------------------------------------------------------------------------


def _cifar10(folder: Path) -> Arrays:
    binary, pickled = folder / "cifar-10-batches-bin", folder / "cifar-10-batches-py"
    arrays = {}
    for part, batches in BATCHES.items():
        if binary.is_dir():
            rows = np.concatenate([_binary_batch(binary / f"{batch}.bin") for batch in batches])
        else:
            rows = np.concatenate([_pickled_batch(pickled / batch) for batch in batches])
        arrays[f"x_{part}"] = rows[:, 1:].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
        arrays[f"y_{part}"] = rows[:, 0]
    return arrays


def _binary_batch(path: Path) -> np.ndarray:
    """(n, 3073): the label, then the pixels, channel by channel."""
    content = path.read_bytes()
    if not content or len(content) % 3073:
        raise ValueError(f"{path} is cut off or damaged")
    return np.frombuffer(content, np.uint8).reshape(-1, 3073)


def _pickled_batch(path: Path) -> np.ndarray:
    """The same of a pickle {"data": an array of bytes, "labels": a list}, by its opcodes, none of which is carried out."""
    content = path.read_bytes()
    try:
        operations = [(code.name, value) for code, value, _ in pickletools.genops(content)]
    except ValueError as error:
        raise ValueError(f"{path} is cut off or damaged ({error})") from error
    pixels = max((_raw(value) for name, value in operations if name.endswith(BYTES)), key=len, default=b"")
    keys = [index for index, (_, value) in enumerate(operations) if value in ("labels", b"labels")]
    labels = list(_integers(operations[keys[0] + 1 :])) if keys else []
    if not labels or len(pixels) != 3072 * len(labels) or max(labels) > 255:
        raise ValueError(
            f"{path} is no batch of CIFAR-10: it holds {len(pixels)} bytes of pixels and {len(labels)} labels"
        )
    rows = np.frombuffer(pixels, np.uint8).reshape(-1, 3072)
    return np.concatenate([np.array(labels, np.uint8)[:, None], rows], axis=1)


BYTES = ("BYTES", "BYTES8", "STRING", "BYTEARRAY8")


def _raw(value: str | bytes | bytearray) -> bytes:
    """Python 2's strings of bytes come as text."""
    return value.encode("latin-1", "replace") if isinstance(value, str) else bytes(value)


def _integers(operations: list[tuple[str, object]]) -> Iterator[int]:
    """Those of the list that begins here."""
    for name, value in operations:
        if name in ("BININT1", "BININT2", "BININT"):
            yield value
        elif name not in ("EMPTY_LIST", "MARK", "APPENDS", "APPEND", "MEMOIZE", "BINPUT", "LONG_BINPUT"):
            return


MIRRORS = ("https://ossci-datasets.s3.amazonaws.com/mnist", "http://yann.lecun.com/exdb/mnist")
FILES = ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1")
ORIGINALS = {
    "mnist": Original(
        read=_mnist,
        addresses=tuple(tuple(f"{mirror}/{file}-ubyte.gz" for mirror in MIRRORS) for file in FILES),
        folder="MNIST/raw",
        unpacked=_gunzipped,
    ),
    "cifar10": Original(
        read=_cifar10,
        addresses=(("https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",),),
        folder="cifar-10-batches-bin",
        unpacked=_batches,
    ),
}
