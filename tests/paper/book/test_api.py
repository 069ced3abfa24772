"""The pages of functions: they show every public function, none without a docstring, and find the paper's statements."""

import ast
import re
from collections import Counter
from pathlib import Path

import pytest

from paper.book import api

ROOT = Path(__file__).parents[3]
PAGES = {"functions": "pacbayes_curvature", "book_functions": "paper"}
MODULES = [module for package in PAGES.values() for module in api.modules(package)]
BORDER = {"pacbayes_curvature", "paper"}  # the packages themselves


@pytest.mark.parametrize("page", PAGES)
def test_every_public_module_is_on_its_page_once(page):
    text = (ROOT / "notebooks" / f"{page}.md").read_text(encoding="utf-8")
    listed = [name for call in re.findall(r"api\.listing\((.*)\)", text) for name in re.findall(r'"(.*?)"', call)]
    counts = Counter(module for name in listed for module in api.modules(name))
    expected = {module for module in api.modules(PAGES[page]) if module not in BORDER}
    wrong = {module for module in {*counts, *expected} if counts[module] != 1 or module not in expected}
    assert not wrong, f"notebooks/{page}.md must list each public module once, which it does not for: {sorted(wrong)}"


@pytest.mark.parametrize("module", MODULES)
def test_every_public_function_has_a_docstring(module):
    lacking = [function.full for function in api.contents(module) if not function.docstring]
    assert not lacking, f"say what it is: {', '.join(lacking)}"


@pytest.mark.parametrize("module", MODULES)
def test_a_docstring_names_the_errors_that_its_function_raises(module):
    docstrings = {function.name: function.docstring for function in api.contents(module)}
    lacking = []
    for node in ast.parse(api.source(module)).body:
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
            raised = {
                re.match(r"\w+", ast.unparse(n.exc))[0] for n in ast.walk(node) if isinstance(n, ast.Raise) and n.exc
            }
            lacking += [f"{node.name}: {error}" for error in sorted(raised) if error not in docstrings[node.name]]
    assert not lacking, "; ".join(lacking)


def test_every_statement_of_the_paper_has_its_functions():
    assert tuple(api.statements()) == api.STATEMENTS
    assert {"(1)", "(35)", "Lemma 5.1", "Figure 4"} < set(api.STATEMENTS)


def test_statements_are_read_from_docstrings():
    functions = {function.full for function in api.statements()["Lemma 4.1"]}
    assert "pacbayes_curvature.gaussians.optimal_posterior" in functions
    assert "pacbayes_curvature.bounds.complexity" not in functions
    index = api.index().data
    assert "{py:obj}`gaussians.optimal_posterior <pacbayes_curvature.gaussians.optimal_posterior>`" in index
    assert "{py:mod}`paper.theory.posterior <paper.theory.posterior>`" in index


@pytest.mark.parametrize(
    "docstring, labels",
    [
        ("Eqs. (15)-(17) and Lemma 4.2.", ["(15)", "(16)", "(17)", "Lemma 4.2"]),
        ("Figures 3 and 4", ["Figure 3", "Figure 4"]),
        ("f(3) of (N), Theorem 1.2.6", []),
    ],
)
def test_what_names_a_statement(docstring, labels):
    assert list(api.labels(docstring)) == labels
