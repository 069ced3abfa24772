"""The door of the method: its names, their examples, and what it needs of an environment."""

import ast
import doctest
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

import pacbayes_curvature

SOURCE = Path(pacbayes_curvature.__file__).parents[1]
# Of an environment that has torch, numpy, scipy and tqdm, what these bring.
ONLY_ITS_OWN = """
import importlib.abc, sys, time

class Refuse(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {refused}:
            raise ModuleNotFoundError(f"not installed here: {{name}}", name=name)

sys.meta_path.insert(0, Refuse())
sys.path.insert(0, {source!r})
import torch, numpy, scipy.optimize, tqdm
started = time.perf_counter()
import pacbayes_curvature
print(time.perf_counter() - started)
"""


@pytest.mark.parametrize("name", pacbayes_curvature.__all__)
def test_every_name_of_the_door_has_an_example_that_runs(name):
    door = {each: getattr(pacbayes_curvature, each) for each in pacbayes_curvature.__all__}
    globs = {**door, "torch": torch, "np": np, "nn": torch.nn}
    (test,) = doctest.DocTestFinder(recurse=False).find(door[name], name, globs=globs)
    assert test.examples, f"{name} has no example"
    assert doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE).run(test).failed == 0


def test_the_door_is_no_more_than_a_dozen_names_and_some():
    assert 10 <= len(pacbayes_curvature.__all__) <= 16
    assert sorted(pacbayes_curvature.__all__) == pacbayes_curvature.__all__


def test_it_needs_nothing_of_the_book(tmp_path):
    """Imported from another folder, where nothing of the book's can be, in little more than the time of its own libraries."""
    refused = {
        "paper",
        "pandas",
        "sympy",
        "matplotlib",
        "seaborn",
        "IPython",
        "yaml",
        "sklearn",
        "safetensors",
        "torchvision",
    }
    code = ONLY_ITS_OWN.format(refused=refused, source=str(SOURCE))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, check=False)
    assert not done.returncode, done.stderr
    assert float(done.stdout) < 0.3


def test_only_declared_libraries_are_imported():
    """Every import at the top of a module of the method is the standard library's, its own, or one that it declares."""
    known = {*sys.stdlib_module_names, "pacbayes_curvature", "torch", "numpy", "scipy", "tqdm"}
    for path in (SOURCE / "pacbayes_curvature").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = (
                [a.name for a in node.names]
                if isinstance(node, ast.Import)
                else [node.module]
                if isinstance(node, ast.ImportFrom)
                else []
            )
            assert {name.split(".")[0] for name in names} <= known, path
