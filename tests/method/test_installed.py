"""What `pip install .` installs, in an environment that has its own libraries only: enough for README's example."""

import re
import shutil
import subprocess
import sys
import tarfile
import venv
import zipfile
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from readme import CODE, check

ROOT = Path(__file__).parents[2]


def needed(names):
    """The distributions `names` and all that they need here, as installed."""
    found, todo = {}, list(names)
    while todo:
        distribution = metadata.distribution(todo.pop())
        if distribution.name not in found:
            found[distribution.name] = distribution
            requirements = map(Requirement, distribution.requires or [])
            todo += [r.name for r in requirements if not r.marker or r.marker.evaluate({"extra": ""})]
    return found.values()


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """The project with its tests: setuptools leaves files where it builds."""
    tree = tmp_path_factory.mktemp("tree")
    for name in ("src", "tests"):
        shutil.copytree(ROOT / name, tree / name, ignore=shutil.ignore_patterns("*.egg-info", "__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE", "CITATION.cff", "claims.yml"):
        shutil.copy2(ROOT / name, tree)
    return tree


@pytest.fixture(scope="module")
def wheel(tmp_path_factory, tree):
    folder = tmp_path_factory.mktemp("wheel")
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--no-build-isolation",
        "--no-index",
        "-w",
        folder,
        tree,
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert not done.returncode, done.stderr
    (path,) = folder.glob("*.whl")
    return path


def test_the_wheel_holds_the_method_and_asks_for_little(wheel):
    with zipfile.ZipFile(wheel) as file:
        tops = {name.split("/")[0] for name in file.namelist()}
        text = file.read(next(name for name in file.namelist() if name.endswith("METADATA"))).decode()
    assert {top for top in tops if not top.endswith(".dist-info")} == {"pacbayes_curvature"}
    own = [
        Requirement(line) for line in re.findall(r"^Requires-Dist: (.*)$", text, re.MULTILINE) if "extra" not in line
    ]
    assert {r.name for r in own} == {"torch", "numpy", "scipy", "tqdm"}
    assert all([s.operator for s in r.specifier] == [">="] for r in own), "lower bounds, not exact versions"


def test_the_readmes_example_runs_where_nothing_else_is(wheel, tmp_path):
    site, content = tmp_path / "site", tmp_path / "content"
    content.mkdir()
    with zipfile.ZipFile(wheel) as file:
        file.extractall(site)
    for distribution in needed(["torch", "numpy", "scipy", "tqdm"]):
        for top in {file.parts[0] for file in distribution.files if file.parts[0] not in ("..", "__pycache__")}:
            if not (site / top).exists():
                (site / top).symlink_to(distribution.locate_file(top))
    venv.create(tmp_path / "venv", with_pip=False)
    (packages,) = (tmp_path / "venv").glob("lib/python*/site-packages")
    (packages / "libraries.pth").write_text(f"{site}\n")
    done = subprocess.run([tmp_path / "venv/bin/python", "-I", "-c", CODE], cwd=content, capture_output=True, text=True)
    assert not done.returncode, done.stderr
    check(done.stdout, site)


def test_the_sdist_holds_the_method_and_nothing_else(tree, tmp_path):
    code = f"from setuptools.build_meta import build_sdist; build_sdist({str(tmp_path)!r})"
    done = subprocess.run([sys.executable, "-c", code], cwd=tree, capture_output=True, text=True)
    assert not done.returncode, done.stderr
    (path,) = tmp_path.glob("*.tar.gz")
    with tarfile.open(path) as file:
        names = {name.partition("/")[2] for name in file.getnames() if file.getmember(name).isfile()}
    own = {name for name in names if not name.startswith("src/pacbayes_curvature.egg-info/")}
    method = {path.relative_to(tree).as_posix() for path in (tree / "src" / "pacbayes_curvature").rglob("*.py")}
    assert own == method | {"pyproject.toml", "README.md", "LICENSE", "PKG-INFO", "setup.cfg"}
