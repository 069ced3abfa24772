"""How the cells of a chapter are shown: few folds, each below what it makes, and what is not folded code has no fold."""

import ast
import io
import re
import sys
from pathlib import Path

import nbformat
import pytest
from bs4 import BeautifulSoup
from sphinx.application import Sphinx
from sphinx.util.docutils import docutils_namespace

from paper.book import notebooks

ROOT = Path(__file__).parents[3]
CHAPTERS = sorted((ROOT / "notebooks").glob("*.md"))


@pytest.fixture
def page(tmp_path, monkeypatch):
    """`page(cell, ...)` gives the article of a page with these cells: a text, or (code, what it shows, tags)."""
    monkeypatch.syspath_prepend(str(ROOT / "book" / "_ext"))

    def build(*cells):
        made = [nbformat.v4.new_markdown_cell("# Title")]
        for cell in cells:
            if isinstance(cell, str):
                made.append(nbformat.v4.new_markdown_cell(cell))
                continue
            code, shown, *tags = cell
            outputs = [nbformat.v4.new_output("display_data", {"text/plain": shown})] if shown else []
            made.append(nbformat.v4.new_code_cell(code, outputs=outputs, metadata={"tags": tags}))
        python = {"language_info": {"name": "python", "pygments_lexer": "python"}}
        nbformat.write(nbformat.v4.new_notebook(cells=made, metadata=python), tmp_path / "index.ipynb")
        warnings = io.StringIO()
        options = {"extensions": ["myst_nb", "cells"], "html_theme": "basic", "nb_execution_mode": "off"}
        options["exclude_patterns"] = ["jupyter_execute"]  # where MyST-NB writes a copy
        options["source_suffix"] = {
            ".rst": "restructuredtext"
        }  # a dictionary of its own: MyST-NB writes into Sphinx's default
        with docutils_namespace():
            places = (str(tmp_path), None, str(tmp_path / "out"), str(tmp_path / "trees"), "html")
            Sphinx(*places, status=None, warning=warnings, confoverrides=options).build()
        assert warnings.getvalue() == ""
        return BeautifulSoup((tmp_path / "out" / "index.html").read_text(encoding="utf-8"), "html.parser")

    yield build
    sys.modules.pop("cells", None)


def order(article):
    """What a reader meets: the outputs, and the code blocks of each fold as a list."""
    met = []
    for part in article.select("details.hide, .cell_output pre, div.cell > .cell_input pre"):
        if part.name == "details":
            met.append([pre.get_text().strip() for pre in part.select("pre")])
        elif not part.find_parent("details"):
            met.append(part.get_text().strip())
    return met


HIDE, BARE = "hide-input", "remove-input"


def test_cells_in_a_row_have_one_fold_below_the_last_that_is_folded(page):
    article = page(("a", "A", HIDE), ("link", "Link", BARE), ("b", "B", HIDE), ("where", "Where", BARE))
    assert order(article) == ["A", "Link", "B", ["a", "b"], "Where"]


def test_a_text_between_them_parts_two_folds(page):
    assert order(page(("a", "A", HIDE), "And:", ("b", "B", HIDE))) == ["A", ["a"], "B", ["b"]]


def test_code_moves_over_no_visible_code_and_no_cell_that_is_folded_as_a_whole(page):
    assert order(page(("a", "A", HIDE), ("see", "S"), ("b", "B", HIDE))) == ["A", ["a"], "see", "S", "B", ["b"]]
    assert order(page(("a", "A", HIDE), ("all", "W", "hide-cell"), ("b", "B", HIDE))) == [
        "A", ["a"], ["all", "W"], "B", ["b"],
    ]  # fmt: skip


def test_code_that_shows_nothing_goes_with_what_follows(page):
    article = page(("import a", None, HIDE), ("b", "B", HIDE))
    assert order(article) == ["B", ["import a", "b"]] and len(article.select("div.cell")) == 1


@pytest.mark.parametrize("tags", [(HIDE,), (BARE,)])
def test_the_parameters_with_the_set_up_are_one_closed_box(page, tags):
    article = page(("n: int = 1", None, "parameters"), ("import a", None, HIDE), ("say", "Said", *tags))
    assert order(article) == [["n: int = 1", "import a"], "Said", *([["say"]] if HIDE in tags else [])]
    box = article.select_one(".tag_parameters details")
    assert not box.has_attr("open")
    assert {p.get_text() for p in box.select("summary p")} == {"Parameters of this chapter"}


def code_cells(path):
    for cell in notebooks.read(path).cells:
        if cell.cell_type == "code":
            yield cell.source, set(cell.metadata.get("tags", [])), "mystnb" in cell.metadata


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_only_code_that_computes_draws_or_tabulates_has_a_fold(path):
    """A call that gives a sentence, a link or the provenance is in the notebook for whoever wants it."""
    for code, tags, figure in code_cells(path):
        (*before, last) = ast.parse(code).body
        call = getattr(getattr(last, "value", None), "func", None)
        name = getattr(call, "attr", getattr(call, "id", None))
        if name in ("provenance", "derivation_provenance", "download"):
            assert "remove-input" in tags and not before, code
        if not before and isinstance(last, ast.Expr) and name != "table" and not figure:
            assert HIDE not in tags, code


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_a_page_has_one_box_of_parameters_and_a_cell_one_way_of_being_shown(path):
    cells = list(code_cells(path))
    assert sum("parameters" in tags for _, tags, _ in cells) <= 1
    ways = {"parameters", "remove-cell", "remove-input", "hide-input", "hide-cell", "hide-output"}
    assert [code for code, tags, _ in cells if len(tags & ways) > 1] == []


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_how_the_work_is_done_stands_after_the_pages_first_figure(path):
    text = path.read_text(encoding="utf-8")
    if heading := re.search(r"^##+ .*\bthe work\b", text, re.MULTILINE):
        assert -1 < text.find("    name: fig-") < heading.start()
