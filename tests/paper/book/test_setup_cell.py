"""The first code cell of the notebooks, run where the package is not installed, as on Colab."""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import jupytext
import nbformat
import pytest

from pacbayes_curvature import __version__
from paper.book import chapters, setup_cell, version

ROOT = Path(__file__).parents[3]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
CLONED = ("src", "results", "pyproject.toml", "README.md", "LICENSE", "LICENSE-text")
FOUND = """
import json
from pathlib import Path
import pacbayes_curvature
import paper
from paper.results import records
print(json.dumps([pacbayes_curvature.__version__, str(Path(pacbayes_curvature.__file__).parents[2]), len(records.frozen_results())]))
"""


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_is_the_first_code_cell_of_every_notebook_and_no_page_shows_it(path):
    code = [cell for cell in nbformat.read(path, 4).cells if cell.cell_type == "code"]
    assert code[0].source == setup_cell.source() and code[0].metadata.tags == ["remove-cell"]
    assert [cell.source.startswith(setup_cell.MARK) for cell in code].count(True) == 1


def test_no_source_has_it_since_make_pair_writes_it():
    assert [
        path for path in (ROOT / "notebooks").glob("*.md") if setup_cell.MARK in path.read_text(encoding="utf-8")
    ] == []


def test_it_names_the_books_address_and_version():
    assert f'"{version.planned()}"' in setup_cell.source() and f'"--branch=v{__version__}"' in setup_cell.source()


def test_an_older_one_is_replaced_and_parameters_stay(tmp_path):
    notebook = chapters.read(NOTEBOOKS[0])
    stale = next(cell for cell in notebook.cells if cell.source.startswith(setup_cell.MARK))
    stale.source = f"{setup_cell.MARK}, old"
    jupytext.write(notebook, tmp_path / "a.ipynb")
    again = chapters.read(tmp_path / "a.ipynb")
    assert [cell.source for cell in again.cells] == [cell.source for cell in chapters.read(NOTEBOOKS[0]).cells]
    assert chapters.declared(again) == chapters.declared(chapters.read(NOTEBOOKS[0].with_suffix(".md")))


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """The project as it stands, in a repository as a forge has it, without this version's tag."""
    folder = tmp_path_factory.mktemp("published")
    tree = folder / "tree"
    tree.mkdir()
    for path in (ROOT / name for name in CLONED):
        if path.is_dir():
            shutil.copytree(path, tree / path.name, ignore=shutil.ignore_patterns("*.egg-info", "__pycache__"))
        else:
            shutil.copy2(path, tree)
    git(tree, "init", "--quiet", "--initial-branch=main")
    git(tree, "add", "--all")
    git(tree, "commit", "--quiet", "--message=all")
    git(folder, "clone", "--quiet", "--bare", str(tree), str(folder / "bare.git"))
    return folder / "bare.git"


@pytest.fixture
def elsewhere(tmp_path, published):
    """`elsewhere()` runs the cell and FOUND by an interpreter without the package, in an empty folder, offline."""
    venv.create(tmp_path / "venv", with_pip=False)
    python = tmp_path / "venv" / "bin" / "python"
    (packages,) = (tmp_path / "venv").glob("lib/python*/site-packages")
    # The libraries are there, as on Colab. Python reads no .pth file of a folder named in one, so an editable package is not.
    (packages / "libraries.pth").write_text(sysconfig.get_path("purelib") + "\n")
    content = tmp_path / "content"
    content.mkdir()
    # git takes the forge's address for the local repository; pip may build with the setuptools that is there, and has no index.
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "PIP_", "GIT_", "PACBAYES"))
    }
    environment |= {
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.{published.as_uri()}.insteadOf",
    }
    environment |= {
        "GIT_CONFIG_VALUE_0": version.planned(),
        "PIP_NO_INDEX": "1",
        "PIP_NO_BUILD_ISOLATION": "0",
        "PIP_CONFIG_FILE": os.devnull,
    }

    both = f"{setup_cell.source()}\n{FOUND}"

    def run(code=both, where=content):
        return subprocess.run([python, "-c", code], cwd=where, env=environment, capture_output=True, text=True)

    run.content, run.published = content, published
    assert "No module named" in run(FOUND).stderr
    return run


def test_the_package_and_the_results_are_there_afterwards(elsewhere):
    git(elsewhere.published, "tag", "--force", version.TAG, "main")
    try:
        done = elsewhere()
    finally:
        git(elsewhere.published, "tag", "--delete", version.TAG)
    assert done.returncode == 0, done.stderr
    found, home, frozen = json.loads(done.stdout.splitlines()[-1])
    clone = elsewhere.content / "pacbayes-curvature"
    assert (found, Path(home)) == (__version__, clone.resolve()) and frozen > 0
    assert git(clone, "describe", "--tags", "--exact-match") == version.TAG
    again = elsewhere()  # in a new kernel: nothing to do, and no network
    assert again.stdout.splitlines() == done.stdout.splitlines()[-1:] and again.stderr == ""


def test_before_the_version_is_published_the_main_branch_serves(elsewhere):
    done = elsewhere()
    assert done.returncode == 0, done.stderr
    assert f"{version.TAG} is not there, taking the main branch" in done.stdout


def test_within_a_clone_that_clone_is_installed(elsewhere):
    clone = elsewhere.content / "mine"
    git(elsewhere.content, "clone", "--quiet", elsewhere.published.as_uri(), "mine")
    (clone / "notebooks").mkdir()
    done = elsewhere(where=clone / "notebooks")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1])[1] == str(clone.resolve())


def test_without_a_repository_it_fails_in_the_cell(elsewhere, published):
    published.rename(published.with_name("away"))
    try:
        done = elsewhere()
    finally:
        published.with_name("away").rename(published)
    assert "CalledProcessError" in done.stderr and "git" in done.stderr
    assert list(elsewhere.content.iterdir()) == []


def test_where_the_package_is_installed_it_does_nothing(tmp_path):
    path = os.pathsep.join([str(Path(setup_cell.__file__).parents[2]), *filter(None, [os.environ.get("PYTHONPATH")])])
    environment = {"PYTHONPATH": path, "PATH": "/nowhere"}
    done = subprocess.run(
        [sys.executable, "-c", setup_cell.source()], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "") and list(tmp_path.iterdir()) == []


def git(folder, *arguments):
    identity = ["-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]
    done = subprocess.run(["git", *identity, *arguments], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()
