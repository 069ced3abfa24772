"""The page of functions: it shows every public function, none without a docstring, and finds the paper's statements."""

import ast
import re
import sys
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
sys.path.append(str(ROOT / "book" / "_ext"))  # as Jupyter Book does

import package_index  # noqa: E402

PAGE = (ROOT / "book" / "api.md").read_text(encoding="utf-8")
MODULES = package_index.modules()


def test_every_public_module_is_on_the_page_once():
    expanded = [package_index.expand(patterns) for _, patterns in package_index.listed_under(PAGE)]
    assert [pattern for _, unknown in expanded for pattern in unknown] == []
    assert PAGE.count("```{functions}") == len(expanded)
    counts = Counter(module for listed, _ in expanded for module in listed)
    wrong = {module for module in {*MODULES, *counts} if counts[module] != 1}
    assert not wrong, (
        f"book/api.md must list each public module once, which it does not for: {', '.join(sorted(wrong))}"
    )


@pytest.mark.parametrize("module", MODULES)
def test_every_public_function_has_a_docstring(module):
    lacking = [
        f"{function.full} (line {function.line})"
        for function in package_index.contents(module)
        if not function.docstring
    ]
    assert not lacking, f"say what it is: {', '.join(lacking)}"


@pytest.mark.parametrize("module", MODULES)
def test_a_docstring_names_the_errors_that_its_function_raises(module):
    docstrings = {function.name: function.docstring for function in package_index.contents(module)}
    lacking = []
    for node in ast.parse(package_index.code(module)).body:
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
            raised = {
                re.match(r"\w+", ast.unparse(n.exc))[0] for n in ast.walk(node) if isinstance(n, ast.Raise) and n.exc
            }
            lacking += [f"{node.name}: {error}" for error in sorted(raised) if error not in docstrings[node.name]]
    assert not lacking, "; ".join(lacking)


def test_every_statement_of_the_paper_has_its_functions():
    assert tuple(package_index.statements()) == package_index.STATEMENTS
    assert {"(1)", "(35)", "Lemma 5.1", "Figure 4"} < set(package_index.STATEMENTS)


def test_statements_are_read_from_docstrings():
    functions = {function.full for function in package_index.statements()["(11)"]}
    assert "curvature.second_moments" in functions and "bounds.complexity" not in functions


@pytest.mark.parametrize(
    "docstring, labels",
    [
        ("Eqs. (15)-(17) and Lemma 4.2.", ["(15)", "(16)", "(17)", "Lemma 4.2"]),
        ("Figures 3 and 4", ["Figure 3", "Figure 4"]),
        ("f(3) of (N), Theorem 1.2.6", []),
    ],
)
def test_what_names_a_statement(docstring, labels):
    assert list(package_index._labels(docstring)) == labels


def test_a_sentence_does_not_end_at_an_abbreviation():
    assert (
        package_index.first_sentence("Of Eq. (9) and Eqs. (3)-(4): all. The rest.\n\nMore.")
        == "Of Eq. (9) and Eqs. (3)-(4): all."
    )
