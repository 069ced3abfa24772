"""The code digest changes when a number could change, and only then."""

import ast
import os

import pytest

from paper import digest
from paper.results import provenance

digest = digest.code_digest.__wrapped__  # without its cache, as the code changes here

SAMPLE = '''"""About."""
from . import imported
from .also import f

RATE = 0.1  # a comment


class A:
    """A class."""

    def g(self, x: int = 2) -> str:
        """A method."""
        return f"{x!r:>{RATE}} {x + 1=}" + f(imported.B, "text")
'''


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package whose module `a` imports `imported` and `also`; experiments.e imports `a`; nothing imports `apart`."""
    monkeypatch.setattr(provenance, "PACKAGE", tmp_path)
    (tmp_path / "experiments").mkdir()
    (tmp_path / "a.py").write_text(SAMPLE)
    (tmp_path / "imported.py").write_text("B = 1\n")
    (tmp_path / "also.py").write_text("from .storage import s\nfrom . import a\n\n\ndef f(*x):\n    return s\n")
    (tmp_path / "storage.py").write_text("s = 1\n")
    (tmp_path / "apart.py").write_text("C = 1\n")
    (tmp_path / "experiments" / "e.py").write_text("from ..a import A\nfrom .. import imported\nfrom .h import k\n")
    (tmp_path / "experiments" / "h.py").write_text("k = 1\n")
    return tmp_path


@pytest.mark.parametrize(
    "old, new",
    [
        ("  # a comment", ""),
        ('"""About."""', '"""About something else."""'),
        ('    """A class."""\n\n', ""),
        ('        """A method."""\n', '        """A method.\n\n        In two lines."""\n'),
        ('"text"', "(\n            'text'\n        )"),
        ("0.1", "1e-1"),
    ],
)
def test_words_and_layout_do_not_count(package, old, new):
    before = digest("a")
    assert old in SAMPLE
    (package / "a.py").write_text(SAMPLE.replace(old, new))
    assert digest("a") == before


@pytest.mark.parametrize(
    "old, new",
    [("0.1", "0.2"), ("2)", "2.0)"), ("x + 1", "x - 1"), ('"text"', '"Text"'), ("B, ", "C, "), ("!r", "!s")],
)
def test_code_counts(package, old, new):
    before = digest("a")
    assert SAMPLE.count(old) == 1
    (package / "a.py").write_text(SAMPLE.replace(old, new))
    assert digest("a") != before


def test_the_digest_is_the_same_on_every_python(package):
    """Should a change of `provenance` make this fail, then it makes all frozen results stale."""
    assert digest("a") == "7c108ba3600a2264"


@pytest.mark.parametrize(
    "module, counts",
    [("a", True), ("imported", True), ("also", True), ("experiments.h", True), ("storage", False), ("apart", False)],
)
def test_imports_count_and_nothing_else(package, module, counts):
    before, everything = digest("experiments.e"), digest()
    with open(package.joinpath(*module.split(".")).with_suffix(".py"), "a") as file:
        file.write("NEW = 1\n")
    assert (digest("experiments.e") != before) == counts
    assert digest() != everything, "without arguments: all modules"


def test_what_figure_3_depends_on(monkeypatch):
    """The modules on the way from the data to the figure's points, no others."""
    path, read = digest._path, set()
    monkeypatch.setattr(provenance, "_path", lambda name: read.add(name) or path(name))
    digest("experiments.accuracy_vs_complexity")
    assert read == set(
        "_checks answers bounds curvature data gaussians gibbs networks pareto posteriors randomness strata training "
        "experiments.accuracy_vs_complexity experiments.sweep experiments.training_run".split()
    )


def test_modules_import_each_other_by_dots():
    """The digest follows no other imports."""
    for path in digest.PACKAGE.rglob("*.py"):
        nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
        names = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
        names += [node.module for node in nodes if isinstance(node, ast.ImportFrom) and not node.level]
        assert not [name for name in names if name.split(".")[0] == "pacbayes_curvature"], path


def test_versions_and_machine_are_those_of_this_run():
    import torch

    assert provenance.versions()["torch"] == torch.__version__.split("+")[0]
    assert {"python", "pacbayes-curvature", "torch", "numpy", "scipy", "pandas"} == set(provenance.versions())
    assert provenance.machine()["cores"] == os.cpu_count()
