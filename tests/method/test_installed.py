"""What `pip install .` installs, in an environment that has its own libraries only: enough for README's example."""

import json
import re
import shutil
import subprocess
import sys
import venv
import zipfile
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
EXAMPLE = re.search(r"```python\n(import pacbayes_curvature.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)[1]
BEFORE = """
import torch
from torch import nn

torch.manual_seed(0)
untrained, trained = (nn.Sequential(nn.Linear(5, 4), nn.ReLU(), nn.Linear(4, 2)) for _ in range(2))
x = torch.randn(200, 5)
y = trained(x).argmax(1)
"""
AFTER = """
import importlib.util, json, sys
others = ["paper", "pandas", "matplotlib", "yaml", "IPython", "safetensors", "sklearn"]
print(json.dumps([pb.__file__, [name for name in others if importlib.util.find_spec(name)]]))
"""


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
def wheel(tmp_path_factory):
    folder, tree = (
        tmp_path_factory.mktemp("wheel"),
        tmp_path_factory.mktemp("tree"),
    )  # setuptools leaves files where it builds
    shutil.copytree(ROOT / "src", tree / "src", ignore=shutil.ignore_patterns("*.egg-info", "__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy2(ROOT / name, tree)
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
    code = BEFORE + EXAMPLE + AFTER
    done = subprocess.run([tmp_path / "venv/bin/python", "-I", "-c", code], cwd=content, capture_output=True, text=True)
    assert not done.returncode, done.stderr
    *numbers, where = done.stdout.splitlines()
    assert len(numbers) == 3 and 0 < float(numbers[2]) <= 1, "the last is the certificate"
    assert json.loads(where) == [str(site / "pacbayes_curvature" / "__init__.py"), []]
