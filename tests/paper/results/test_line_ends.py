"""A clone with core.autocrlf=true, as Git for Windows makes it, holds the same bytes."""

import shutil
import subprocess
from pathlib import Path

import pytest

from paper.results import records

ROOT = Path(__file__).parents[3]
FOLDERS = ("results", "notebooks", "src", "book")


def git(folder, *arguments):
    identity = ["-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *identity, *arguments], cwd=folder, capture_output=True, check=True)


@pytest.fixture
def clone(tmp_path):
    """`clone(*names)`: a clone of the project's files but for `names`, with core.autocrlf=true."""

    def make(*without):
        tree = tmp_path / "tree"
        tree.mkdir()
        for path in [*ROOT.iterdir()]:
            if path.is_file() and path.name not in (".git", *without):
                shutil.copy2(path, tree)
        for name in FOLDERS:
            shutil.copytree(ROOT / name, tree / name, ignore=shutil.ignore_patterns("*.egg-info", "__pycache__", ".*"))
        git(tree, "-c", "init.defaultBranch=main", "init", "--quiet")
        git(tree, "add", "--all", "--force")
        git(tree, "commit", "--quiet", "--message=all")
        git(tmp_path, "clone", "--quiet", "-c", "core.autocrlf=true", "tree", "clone")
        return tree, tmp_path / "clone"

    return make


def test_a_windows_clone_holds_the_same_bytes(clone):
    tree, windows = clone()
    files = [path.relative_to(tree) for path in tree.rglob("*") if path.is_file() and ".git" not in path.parts]
    assert len(files) > 200
    assert [path for path in files if (tree / path).read_bytes() != (windows / path).read_bytes()] == []


def test_without_the_attributes_the_message_names_the_cause(clone, monkeypatch):
    _, windows = clone(".gitattributes")
    monkeypatch.setattr(records, "FROZEN", windows / "results")
    with pytest.raises(ValueError, match=r"csv has Windows' line ends, which git put there \(core.autocrlf\)"):
        records.frozen_results()
