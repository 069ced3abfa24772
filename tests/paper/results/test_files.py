"""Files are whole or absent."""

import hashlib
import os
import signal
import subprocess
import sys

import pytest

from paper.files import atomic, sha256


def test_success_replaces_the_file_and_makes_its_folder(tmp_path):
    path = tmp_path / "new" / "file.txt"
    for text in ("first", "second"):
        with atomic(path) as part:
            assert part.parent == path.parent and part.suffix == ".txt", "a rename stays on one file system"
            part.write_text(text)
            assert not path.exists() or path.read_text() == "first"
        assert path.read_text() == text
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("mask, mode", [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)])
def test_a_file_is_readable_by_those_whom_the_user_lets_read(tmp_path, mask, mode):
    before = os.umask(mask)
    try:
        with atomic(tmp_path / "file.txt") as part:
            part.write_text("text")
        assert os.umask(mask) == mask
    finally:
        os.umask(before)
    assert (tmp_path / "file.txt").stat().st_mode & 0o777 == mode


def test_failure_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "file.txt"
    path.write_text("old")
    with pytest.raises(RuntimeError, match="in the middle"), atomic(path) as part:  # noqa: PT012
        part.write_text("half")
        raise RuntimeError("in the middle")
    assert path.read_text() == "old" and list(tmp_path.iterdir()) == [path]


def test_kill_leaves_the_old_file(tmp_path):
    path = tmp_path / "file.txt"
    path.write_text("old")
    code = (
        "import os, sys; from paper.files import atomic\n"
        "with atomic(sys.argv[1]) as part: part.write_text('half'); os.kill(os.getpid(), 9)"
    )
    done = subprocess.run([sys.executable, "-c", code, path], env=os.environ)
    assert done.returncode == -signal.SIGKILL and path.read_text() == "old"


def test_sha256_is_of_the_concatenation():
    assert sha256(b"ab", memoryview(b"c")) == sha256(b"abc") == hashlib.sha256(b"abc").hexdigest()
