"""What is run, and drawn, is the same in every shell: this folder's code, and a chapter's figure."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from foreign_shell import SHELL
from small_chapter import HEAD
from thorough import thorough

ROOT = Path(__file__).parents[2]
FILE = "src/paper/environment.py"


@pytest.fixture
def copy(tmp_path):
    """A copy of the code in a folder whose name is not ASCII."""
    folder = tmp_path / "ma caf\u00e9's copy"
    shutil.copytree(ROOT / "src", folder / "src", ignore=shutil.ignore_patterns("*.egg-info", "__pycache__"))
    shutil.copy2(ROOT / "pyproject.toml", folder)
    return folder


def test_the_code_that_runs_is_this_folders_in_any_shell(copy, tmp_path):
    decoy = tmp_path / "decoy"
    for name in ("paper", "numpy"):
        (decoy / name).mkdir(parents=True)
        (decoy / name / "__init__.py").write_text("raise SystemExit('another')")
    code = "import numpy, paper, pacbayes_curvature as p, sys; print(paper.__file__, p.__file__, sys.flags.utf8_mode, sep='|')"
    shell = os.environ | SHELL | {"PYTHONPATH": str(decoy), "HOME": "/nonexistent"}
    done = subprocess.run([sys.executable, "-I", FILE, "run", "-c", code], cwd=copy, env=shell, capture_output=True)
    paper, method, utf8 = done.stdout.decode().strip().split("|")
    assert {Path(paper).parents[1], Path(method).parents[1]} == {copy / "src"} and utf8 == "1" and done.stderr == b""


def test_outside_a_checkout_it_says_so(copy):
    (copy / "pyproject.toml").unlink()
    done = subprocess.run([sys.executable, "-I", FILE, "run", "-c", "1"], cwd=copy, capture_output=True, text=True)
    assert done.returncode == 2 and re.fullmatch(r".*environment.py is in no checkout of the book.*\n", done.stderr)


CHAPTER = (
    HEAD
    + """
```{code-cell} ipython3
import matplotlib.pyplot as plt
import numpy as np
from paper.show import style
style.use_style()
```

```{code-cell} ipython3
---
mystnb:
  figure:
    name: fig-a
---
plt.plot(np.arange(3), marker="o")
plt.xlabel("$x$");
```
"""
)
RC = "lines.markeredgecolor: black\nmathtext.fontset: cm\n"
IPYTHON = "c.InlineBackend.print_figure_kwargs = {'bbox_inches': None}\n"
HOMES = "c.InteractiveShellApp.exec_lines = ['import sys; sys.modules[\"numpy\"] = None']\n"  # where IPYTHONDIR says nothing


@thorough
def test_a_figure_is_the_same_in_every_shell(tmp_path):
    """Also by papermill's own command, where the chapter sees to backend and style itself."""
    (tmp_path / "a.md").write_text(CHAPTER)
    foreign = tmp_path / "kernels" / "python3" / "kernel.json"
    ipython, homes = (tmp_path / folder / "profile_default" for folder in ("ipython", "home/.ipython"))
    home = tmp_path / "home" / ".config" / "matplotlib"
    for folder in (foreign.parent, ipython, homes, home):
        folder.mkdir(parents=True)
    foreign.write_text('{"argv": ["/bin/false", "{connection_file}"], "display_name": "x", "language": "python"}')
    (ipython / "ipython_kernel_config.py").write_text(IPYTHON)
    (homes / "ipython_kernel_config.py").write_text(HOMES)
    (home / "matplotlibrc").write_text(RC)
    convert = [sys.executable, "-m", "jupytext", "--to", "ipynb", tmp_path / "a.md"]
    subprocess.run(convert, check=True, capture_output=True)
    hostile = os.environ | {"MPLBACKEND": "Agg", "HOME": str(tmp_path / "home"), "IPYTHONDIR": str(ipython.parent)}
    path = os.pathsep.join(filter(None, [str(ROOT / "src"), os.environ.get("PYTHONPATH")]))
    config = {"PYTHONPATH": path, "XDG_CONFIG_HOME": str(home.parent), "MATPLOTLIBRC": str(home / "matplotlibrc")}
    by_make = [sys.executable, "-I", FILE, "run", "-m", "paper.book.chapters", "run", tmp_path / "a.md"]
    by_papermill = [sys.executable, "-m", "papermill", "--no-progress-bar", tmp_path / "a.ipynb"]
    figures = []
    for name, runner, shell in (
        ("usual", by_make, dict(os.environ)),
        ("by make", by_make, hostile | SHELL | {"JUPYTER_PATH": str(tmp_path), "IPYTHONDIR": str(ipython.parent)}),
        ("by papermill", by_papermill, hostile | config),
    ):
        done = subprocess.run(
            [*runner, tmp_path / f"{name}.ipynb"], cwd=ROOT, env=shell, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        (output,) = nbformat.read(tmp_path / f"{name}.ipynb", 4).cells[-1].outputs
        figures.append(output.data["image/svg+xml"])
    assert figures[0] == figures[1] == figures[2]
