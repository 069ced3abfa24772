"""The project's folder, and files that are either whole or absent, with checksums that are verified on reading."""

import contextlib
import errno
import glob
import hashlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from paper import environment

PROJECT = environment.project()
# The project's folder, or where a cluster's job without a shared file system finds and leaves its files.
ROOT = Path(os.environ.get("PACBAYES_ROOT") or PROJECT)
SEAL = "sha256_of_the_rest"
PART = ".part-"  # in the name of the hidden folder in which a file is written
AGAIN = "Made again: "  # how the line begins that says so
SPACE, RIGHTS = "free some space", "make its folder writable"
REMEDIES = {
    **dict.fromkeys((errno.ENOSPC, errno.EDQUOT, errno.EFBIG), SPACE),
    **dict.fromkeys((errno.EROFS, errno.EACCES, errno.EPERM), RIGHTS),
    errno.EIO: "look after the disk",
}


class Damaged(ValueError):
    """A file does not hold what was written into it; the message names it, says what is wrong, and what helps."""


class NotWritten(OSError):
    """A file could not be written; the message names it and says what helps."""


@contextlib.contextmanager
def atomic(path: Path | str) -> Iterator[Path]:
    """Yield a temporary path beside `path`; on success it is renamed to `path`, on failure it is removed.

    A reader sees the old file or the new one, never half of it; a killed writer leaves `path` as it was, and beside it a hidden
    folder, which the next writer of `path` removes. Raises NotWritten where the disk is full or the folder cannot be written.
    """
    path = Path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        remove_left(path)
        with _folder_beside(path) as folder:
            part = folder / f".{path.name}"
            part.touch()
            yield part
            part.chmod(0o666 & ~_umask())  # some writers make files that only the owner can read
            os.replace(part, path)
    except Exception as error:
        if remedy := REMEDIES.get(_number(error)):
            raise NotWritten(f"{path} could not be written ({error}): {remedy} and run it again") from error
        raise


@contextlib.contextmanager
def _folder_beside(path: Path) -> Iterator[Path]:
    """A hidden folder, with a lock for as long as this process lives: so others see that it is not left over. The lock is not the part's
    own, since some writers put a new file in its place."""
    handle = None
    while handle is None:
        folder = Path(tempfile.mkdtemp(dir=path.parent, prefix=_prefix(path)))
        handle = _taken(folder, without_locks=True)  # None where another writer was faster, and took it for left over
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(handle)


def _prefix(path: Path) -> str:
    return f".{path.stem}{PART}"


def whole(folder: Path) -> list[Path]:
    """The files in a folder and all below it, in the order of their names, without those that are being written or were left.

    Others may write meanwhile: their folders come and go, and are not looked into. None where there is no folder. Raises the
    system's error, an OSError, for a folder that cannot be read.
    """

    def fail(error: OSError) -> None:
        raise error

    found = []
    for place, folders, names in os.walk(folder, onerror=fail if folder.exists() else None):
        folders[:] = [name for name in folders if PART not in name]
        found += [Path(place, name) for name in names]
    return sorted(path for path in found if path.is_file())


def remove_left(path: Path) -> None:
    """Remove what killed writers of `path` have left."""
    for left in path.parent.glob(f"{glob.escape(_prefix(path))}*"):
        with contextlib.suppress(OSError):
            if (handle := _taken(left, without_locks=False)) is not None:
                shutil.rmtree(left, ignore_errors=True)
                os.close(handle)


def _taken(folder: Path, without_locks: bool) -> int | None:
    """A handle that holds the lock of a folder; None where another process holds it or has removed the folder. Where there are no locks, a
    handle is given if `without_locks`."""
    try:
        handle = os.open(folder, os.O_RDONLY)
    except FileNotFoundError:
        return None
    taken = environment.take(handle)
    if (without_locks if taken is None else taken) and folder.exists():
        return handle
    os.close(handle)
    return None


def _number(error: Exception) -> int | None:
    """The system's number of an error, which libraries written in Rust have in their text only."""
    if isinstance(error, NotWritten):
        return None
    if isinstance(error, OSError):
        return error.errno
    found = re.search(r"\(os error (\d+)\)", str(error))
    return int(found[1]) if found else None


def _umask() -> int:
    """The user's, which can only be read by setting it."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def sha256(*parts: bytes | memoryview) -> str:
    """SHA-256 of the concatenated parts, in hexadecimal."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    return digest.hexdigest()


def made_again(path: Path | str, why: object) -> None:
    """Say that a damaged file of build/ is made again. On standard output: a page holds none of these lines, see
    `paper.book.chapters`, and would be refused for one on standard error."""
    print(f"{AGAIN}{path}, since {why}", flush=True)


def read_json(path: Path, remedy: str) -> dict:
    """The object in a JSON file. Raises Damaged, with the remedy, for anything else, FileNotFoundError where there is no file."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise
    except (OSError, ValueError, RecursionError) as error:
        raise Damaged(f"{path} cannot be read ({error}). {remedy}") from error
    if not isinstance(content, dict):
        raise Damaged(f"{path} does not hold an object but {type(content).__name__}. {remedy}")
    return content


def sealed(content: dict) -> dict:
    """`content` with a checksum of itself, by which `read_sealed` knows whether it was altered."""
    return content | {SEAL: _seal(content)}


def read_sealed(path: Path, remedy: str) -> dict:
    """What was sealed and written into a JSON file. Raises Damaged, with the remedy, where it was altered, FileNotFoundError where
    there is no file."""
    content = read_json(path, remedy)
    if content.pop(SEAL, None) != _seal(content):
        raise Damaged(f"{path} does not match the checksum that it holds: it was altered or damaged. {remedy}")
    return content


def _seal(content: dict) -> str:
    """Of the content, whatever the layout."""
    return sha256(json.dumps(content, sort_keys=True).encode())
