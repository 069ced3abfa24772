"""What the book's extensions add to Sphinx, in a book of one page."""

import io
import json
import sys
from pathlib import Path

import pytest
from sphinx.application import Sphinx
from sphinx.util.docutils import docutils_namespace

EXTENSIONS = Path(__file__).parents[3] / "book" / "_ext"
NUMBERS = {"mnist2.baseline.bound": 0.41888, "mnist2.answer": "yes"}


@pytest.fixture
def build(tmp_path, monkeypatch):
    """`build(text, extension)` gives the page's HTML, the search index and the warnings."""
    monkeypatch.syspath_prepend(str(EXTENSIONS))

    def run(text, extension):
        (tmp_path / "index.rst").write_text(f"Title\n=====\n\n{text}\n")
        warnings = io.StringIO()
        with docutils_namespace():
            Sphinx(
                str(tmp_path), None, str(tmp_path / "out"), str(tmp_path / "trees"), "html", status=None, warning=warnings,
                confoverrides={"extensions": [extension], "html_theme": "basic"},
            ).build()  # fmt: skip
        index = (tmp_path / "out" / "searchindex.js").read_text()
        found = json.loads(index[index.index("(") + 1 : index.rindex(")")])
        return (tmp_path / "out" / "index.html").read_text(), found, warnings.getvalue()

    yield run
    for name in ("quoted", "statements"):
        sys.modules.pop(name, None)


@pytest.fixture
def quoted(monkeypatch):
    monkeypatch.syspath_prepend(str(EXTENSIONS))
    import quoted

    monkeypatch.setattr(quoted, "named", lambda: NUMBERS)


def test_a_number_is_quoted_with_its_format(build, quoted):
    html, _, warnings = build("A bound of :num:`mnist2.baseline.bound:.3f`: :num:`mnist2.answer`.", "quoted")
    assert '<span class="number">0.419</span>' in html and '<span class="number">yes</span>' in html
    assert warnings == ""


@pytest.mark.parametrize("text", ["no.such", "mnist2.answer:.3f"])
def test_an_unknown_number_or_a_wrong_format_is_a_warning(build, quoted, text):
    assert f"WARNING: no number '{text}'" in build(f":num:`{text}`", "quoted")[2]


LEMMA = """
.. prf:lemma:: Lemma 4.2 of the paper, at $\\\\beta$
   :label: lem-42

   Something holds, by 4.2 and not by 42.

.. _eq-7:

.. math:: x = 1
"""


def test_statements_and_equations_are_objects_of_the_search(build):
    _, index, _ = build(LEMMA, "statements")
    objects = {(prefix, item[4]): item[3] for prefix, items in index["objects"].items() for item in items}
    assert objects[("", "Equation (7)")] == "eq-7"
    assert objects[("Lemma 4", "2 of the paper, at beta")] == "lem-42"
    assert {name for _, _, name in index["objnames"].values()} == {"Lemma", "Equation"}


def test_numbers_with_a_point_are_words_of_the_search(build):
    _, index, _ = build(LEMMA, "statements")
    words = {**index["terms"], **index["titleterms"]}
    assert "4.2" in words and "42" in words and "2" not in words
