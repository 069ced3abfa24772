"""`make elsewhere`: clones with an environment of their own, moved, copied and in a hostile shell. Each set-up takes minutes and some GB."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CHAPTER = "errata"
NAMED = "raise SystemExit('this code ran')"
HOSTILE = {
    "MPLBACKEND": "Agg", "HOME": "/nonexistent", "PYTHONPATH": "/nowhere", "PIP_USER": "1", "SNAKEMAKE_PROFILE": "slurm",
    "JUPYTER_PATH": "/nowhere", "OMP_NUM_THREADS": "", "LC_ALL": "C", "NAME": "DESKTOP-ABC", "SEEDS": "0 1 2 3", "CORES": "",
}  # fmt: skip
ENVIRONMENT = {
    name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS", "PACBAYES_FLOW"))
}


def make(folder, *arguments):
    return subprocess.run(["make", *arguments], cwd=folder, env=ENVIRONMENT | HOSTILE, capture_output=True, text=True)


def runs_its_own_code(folder):
    """A chapter runs, and with another line in this folder's code it stops there."""
    done = make(folder, "notebook", f"NAME={CHAPTER}")
    assert done.returncode == 0, done.stdout + done.stderr
    code = folder / "src" / "paper" / "theory" / "all_errata.py"
    before = code.read_text(encoding="utf-8")
    code.write_text(f"{before}\n{NAMED}\n", encoding="utf-8")
    done = make(folder, "notebook", f"NAME={CHAPTER}")
    code.write_text(before, encoding="utf-8")
    assert done.returncode != 0 and "this code ran" in done.stderr


@pytest.fixture(scope="module")
def clone(tmp_path_factory):
    folder = tmp_path_factory.mktemp("elsewhere") / "ma caf\u00e9's clone"
    subprocess.run(["git", "clone", "--quiet", "-c", "core.autocrlf=true", ROOT, folder], check=True)
    runs_its_own_code(folder)
    return folder


def test_a_copy_runs_its_own_code(clone, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(clone, copy, symlinks=True)
    runs_its_own_code(copy)
    shutil.rmtree(copy)


def test_a_moved_folder_works(clone):
    moved = clone.rename(clone.with_name("moved"))
    try:
        runs_its_own_code(moved)
    finally:
        moved.rename(clone)


def test_of_two_books_at_once_one_waits(clone):
    shutil.rmtree(clone / "build", ignore_errors=True)
    runs = [
        subprocess.Popen(["make", "book"], cwd=clone, env=ENVIRONMENT | HOSTILE, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    said = "".join(run.communicate()[1] for run in runs)
    assert [run.returncode for run in runs] == [0, 0], said
    assert "waiting for it" in said
