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
from thorough import thorough

from pacbayes_curvature import __version__
from paper.book import notebooks, setup_cell, start, version

ROOT = Path(__file__).parents[3]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
CLONED = ("src", "results", "pyproject.toml", "README.md", "LICENSE", "LICENSE-text")
# Where both packages are found, without the seconds that their import takes; and, once, what they are.
FOUND = """
import json
from importlib.util import find_spec
from pathlib import Path
import paper
method = Path(find_spec("pacbayes_curvature").origin)
assert method.parents[1] == Path(paper.__file__).parents[1]
print(json.dumps(str(method.parents[2])))
"""
USED = """
import pacbayes_curvature
from paper.results import records
assert pacbayes_curvature.__version__ == "{version}" and len(records.frozen_results()) > 0
"""


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_is_the_first_code_cell_of_every_notebook_and_no_page_shows_it(path):
    code = [cell for cell in nbformat.read(path, 4).cells if cell.cell_type == "code"]
    assert code[0].source == setup_cell.source() and code[0].metadata.tags == ["remove-cell"]
    assert [cell.source.startswith(setup_cell.MARK) for cell in code].count(True) == 1


def test_every_source_has_it_once():
    """So that jupytext, which keeps the two in step, has nothing to change."""
    for path in (ROOT / "notebooks").glob("*.md"):
        assert path.read_text(encoding="utf-8").count(setup_cell.MARK) == 1, path.name


def test_it_names_the_books_address_and_version():
    assert f'"{version.planned()}"' in setup_cell.source() and f'"--branch=v{__version__}"' in setup_cell.source()


def test_an_older_one_is_replaced_and_parameters_stay(tmp_path):
    notebook = notebooks.read(NOTEBOOKS[0])
    stale = next(cell for cell in notebook.cells if cell.source.startswith(setup_cell.MARK))
    stale.source = f"{setup_cell.MARK}, old"
    jupytext.write(notebook, tmp_path / "a.ipynb")
    again = notebooks.read(tmp_path / "a.ipynb")
    assert [cell.source for cell in again.cells] == [cell.source for cell in notebooks.read(NOTEBOOKS[0]).cells]
    assert notebooks.declared(again) == notebooks.declared(notebooks.read(NOTEBOOKS[0].with_suffix(".md")))


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
    # The libraries are there, as on Colab, and this package is not.
    libraries = tmp_path / "libraries"
    libraries.mkdir()
    for path in Path(sysconfig.get_path("purelib")).iterdir():
        if not path.name.startswith(("pacbayes_curvature", "__editable__")):
            (libraries / path.name).symlink_to(path)
    (packages / "libraries.pth").write_text(f"{libraries}\n")
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

    run.content, run.published, run.packages = content, published, packages
    assert "No module named" in run(FOUND).stderr
    return run


CLONE = f"pacbayes-curvature-{version.TAG}"


def home(done):
    """Where the code that was found is; the cell has said the same."""
    assert done.returncode == 0, done.stderr
    *_, said, found = done.stdout.splitlines()
    folder = json.loads(found)
    assert said == f"The book's code: {folder}"
    return Path(folder)


def test_the_package_and_the_results_are_there_afterwards(elsewhere):
    git(elsewhere.published, "tag", "--force", version.TAG, "main")
    try:
        done = elsewhere(f"{setup_cell.source()}\n{USED.format(version=__version__)}\n{FOUND}")
    finally:
        git(elsewhere.published, "tag", "--delete", version.TAG)
    clone = elsewhere.content / CLONE
    assert home(done) == clone.resolve() and list(elsewhere.content.iterdir()) == [clone]
    assert git(clone, "describe", "--tags", "--exact-match") == version.TAG
    again = elsewhere()  # in a new kernel: nothing to do, and no network
    assert again.stdout.splitlines() == done.stdout.splitlines()[-2:] and again.stderr == ""


def test_before_the_version_is_published_the_main_branch_serves(elsewhere):
    done = elsewhere()
    assert home(done) == elsewhere.content / CLONE
    assert f"{version.TAG} is not there, taking the main branch" in done.stdout


@thorough
def test_within_a_checkout_its_own_code_runs(elsewhere):
    """In any of its folders, also where another one was installed before; and nothing is fetched, or left there."""
    for name, folder in (("other", "."), ("mine", "."), ("mine", "notebooks"), ("mine", "build/deep/er")):
        clone = elsewhere.content / name
        if not clone.exists():
            git(elsewhere.content, "clone", "--quiet", elsewhere.published.as_uri(), name)
        where = clone / folder
        where.mkdir(parents=True, exist_ok=True)
        assert home(elsewhere(where=where)) == clone
    left = git(clone, "status", "--porcelain", "--ignored", "--untracked-files=all").splitlines()
    assert [line for line in left if "__pycache__" not in line and ".egg-info/" not in line] == []


@thorough
def test_no_clone_is_put_into_another_repository(elsewhere, tmp_path):
    git(elsewhere.content, "init", "--quiet")
    (elsewhere.content / "deeper").mkdir()
    folder = home(elsewhere(where=elsewhere.content / "deeper"))
    try:
        assert git(elsewhere.content, "status", "--porcelain", "--untracked-files=all") == ""
        assert not folder.is_relative_to(elsewhere.content)
    finally:
        shutil.rmtree(folder.parent)


@thorough
def test_what_is_left_of_an_interrupted_clone_is_no_code(elsewhere):
    """Nor is some folder named paper, which Python takes for a package."""
    (elsewhere.content / "paper").mkdir()
    half = elsewhere.content / CLONE / ".git" / "objects"
    half.mkdir(parents=True)
    folder = home(elsewhere())
    assert folder != elsewhere.content / CLONE and list(half.iterdir()) == []
    shutil.rmtree(folder.parent)


def test_a_clone_that_fails_halfway_leaves_none_under_its_name(tmp_path):
    """Or the next run would take it for whole, since its first files are there."""
    content, git = tmp_path / "content", tmp_path / "git"
    content.mkdir()
    half = 'mkdir -p "$each/src/paper/book" && : > "$each/src/paper/book/start.py"'
    git.write_text(f'#!/bin/sh\nfor each; do case "$each" in /*) {half};; esac; done\nexit 1\n')
    git.chmod(0o755)
    bare = [sys.executable, "-I", "-S", "-c", setup_cell.source()]  # which does not find the package
    path = os.pathsep.join([str(tmp_path), os.environ["PATH"]])
    done = subprocess.run(bare, cwd=content, env=os.environ | {"PATH": path}, capture_output=True, text=True)
    assert "CalledProcessError" in done.stderr and list(content.iterdir()) == []


def test_without_a_repository_it_fails_in_the_cell(elsewhere, published):
    published.rename(published.with_name("away"))
    try:
        done = elsewhere()
    finally:
        published.with_name("away").rename(published)
    assert "CalledProcessError" in done.stderr and "git" in done.stderr
    assert list(elsewhere.content.iterdir()) == []


def test_where_the_package_is_installed_it_only_says_so(tmp_path):
    source = Path(setup_cell.__file__).parents[2]
    path = os.pathsep.join([str(source), *filter(None, [os.environ.get("PYTHONPATH")])])
    environment = {"PYTHONPATH": path, "PATH": "/nowhere"}
    done = subprocess.run(
        [sys.executable, "-c", setup_cell.source()], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, f"The book's code: {source.parent}\n", "")
    assert list(tmp_path.iterdir()) == []


def test_what_is_missing_is_what_the_method_and_the_notebooks_need():
    lines = ["torch>=2.4", "numpy", 'pandas==3.1.1; extra == "notebooks"', 'jupyter-book==1; extra == "book"']
    assert start.needed(lines) == ["numpy", "pandas", "torch"]
    assert start.missing(["torch", "no-such-distribution"]) == ["no-such-distribution"]


def git(folder, *arguments):
    identity = ["-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]
    done = subprocess.run(["git", *identity, *arguments], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()
