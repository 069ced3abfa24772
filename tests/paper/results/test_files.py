"""Files are whole or absent."""

import hashlib
import os
import signal
import subprocess
import sys
import tempfile
from types import SimpleNamespace

import pytest

from paper import files
from paper.files import atomic, sha256


def test_success_replaces_the_file_and_makes_its_folder(tmp_path):
    path = tmp_path / "new" / "file.txt"
    for text in ("first", "second"):
        with atomic(path) as part:
            assert part.parent.parent == path.parent and part.suffix == ".txt", "a rename stays on one file system"
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


def written_meanwhile(path, text):
    """Another process writes the same file."""
    code = "import sys; from paper.files import atomic\nwith atomic(sys.argv[1]) as part: part.write_text(sys.argv[2])"
    subprocess.run([sys.executable, "-c", code, path, text], env=os.environ, check=True)


def test_what_another_writer_is_at_is_not_taken_for_left_over(tmp_path):
    path = tmp_path / "file.txt"
    with atomic(path) as part:
        (new := part.with_name("new")).write_text("ours")
        os.replace(new, part)  # as safetensors does: the lock cannot be the file's own
        written_meanwhile(path, "theirs")
        assert path.read_text() == "theirs" and part.read_text() == "ours"
    assert path.read_text() == "ours" and list(tmp_path.iterdir()) == [path]


def test_a_writer_whose_folder_is_taken_before_it_has_the_lock_makes_another(tmp_path, monkeypatch):
    made = []

    def taken_at_once(**where):
        made.append(tempfile.mkdtemp(**where))
        if len(made) == 1:
            os.rmdir(made[0])
        return made[-1]

    monkeypatch.setattr(files, "tempfile", SimpleNamespace(mkdtemp=taken_at_once))
    with atomic(tmp_path / "file.txt") as part:
        part.write_text("text")
    assert len(made) == 2 and (tmp_path / "file.txt").read_text() == "text"


def test_the_next_writer_removes_what_a_killed_one_left(tmp_path):
    path, left = tmp_path / "file.txt", tmp_path / ".file.part-abc"
    left.mkdir()
    (left / ".file.txt").write_text("half")
    with atomic(path) as part:
        assert not left.exists()
        part.write_text("text")


def test_sha256_is_of_the_concatenation():
    assert sha256(b"ab", memoryview(b"c")) == sha256(b"abc") == hashlib.sha256(b"abc").hexdigest()
