"""What the book's extensions add to Sphinx, in a book of one page."""

import io
import json
import re
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml
from bs4 import BeautifulSoup
from foreign_shell import SHELL
from sphinx.application import Sphinx
from sphinx.util.docutils import docutils_namespace
from sphinx.util.matching import get_matching_files

from paper import environment

ROOT = Path(__file__).parents[3]
EXTENSIONS = ROOT / "book" / "_ext"


@pytest.fixture
def build(tmp_path, monkeypatch):
    """`build(text, *extensions)` gives the page's HTML, the search index and the warnings."""
    monkeypatch.syspath_prepend(str(EXTENSIONS))

    def run(text, *extensions):
        options = {"autodoc_default_options": {"members": True}} if "api" in extensions else {}
        (tmp_path / "index.rst").write_text(f"Title\n=====\n\n{text}\n")
        warnings = io.StringIO()
        with docutils_namespace():
            Sphinx(
                str(tmp_path), None, str(tmp_path / "out"), str(tmp_path / "trees"), "html", status=None, warning=warnings,
                confoverrides={"extensions": [*extensions], "html_theme": "basic", **options},
            ).build()  # fmt: skip
        index = (tmp_path / "out" / "searchindex.js").read_text()
        found = json.loads(index[index.index("(") + 1 : index.rindex(")")])
        return (tmp_path / "out" / "index.html").read_text(), found, warnings.getvalue()

    yield run
    for name in ("api", "statements", "numbering", "punctuation"):
        sys.modules.pop(name, None)


MODULE = """
.. automodule:: rooms_of_this_test

.. py:module:: elsewhere
"""


@pytest.fixture
def documented(tmp_path, monkeypatch):
    """A module of one function and a named tuple, documented on a page of its own."""
    (tmp_path / "rooms_of_this_test.py").write_text(
        '"""A room."""\nfrom typing import NamedTuple\n\n\nclass Pair(NamedTuple):\n    """Two."""\n\n    first: int\n\n\n'
        'def area(sides):\n    """|a| * |b|, of `sides`:\n\n      a   the first\n    One.\n    """\n'
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "functions.rst").write_text(f":orphan:\n\nFunctions\n=========\n{MODULE}")
    yield tmp_path
    sys.modules.pop("rooms_of_this_test", None)


def test_a_docstring_is_shown_as_it_is_written(build, documented):
    _, _, warnings = build("No mention.", "api")
    page = (documented / "out" / "functions.html").read_text()
    assert "|a| * |b|, of `sides`:\n\n  a   the first" in page and "area" in page and "[source]" in page
    assert "Alias for field" not in page and warnings == ""


def test_a_mention_becomes_a_link_and_an_unknown_one_a_warning(build, documented):
    html, _, warnings = build("``rooms_of_this_test.area(x)``, ``results.csv``, ``other.thing``", "api")
    assert re.search(r'<a [^>]*href="functions.html#rooms_of_this_test.area"[^>]*><code', html) and warnings == ""
    assert html.count('href="functions.html#') == 1
    _, _, warnings = build("``elsewhere.room``", "api")
    assert "WARNING: the packages have no public function elsewhere.room" in warnings


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


PAPERS = """
.. prf:lemma:: Lemma 4.2 of the paper, at *any* price
   :label: lem-42
   :nonumber:

   It is the paper's.

.. prf:lemma:: Ours
   :label: lem-ours

   It has a number.

See :prf:ref:`lem-42`, :prf:ref:`lem-ours` and :prf:ref:`here <lem-42>`.
"""


def test_what_is_the_papers_keeps_its_name_where_it_stands_and_where_it_is_referred_to(build):
    html, _, warnings = build(PAPERS, "statements")
    assert re.search(r'<p class="admonition-title">Lemma 4.2 of the paper, at <em>any</em> price</p>', html)
    assert re.findall(r'<a class="reference internal" href="#lem-\w+">(.*?)</a>', html) == [
        "Lemma 4.2",
        "Lemma 1",
        "here",
    ]
    assert html.count('id="lem-42"') == 1 and warnings == ""


def test_a_statement_of_the_paper_must_begin_with_its_name(build):
    _, _, warnings = build(PAPERS.replace("Lemma 4.2 of", "That of"), "statements")
    assert "with which its title begins" in warnings


def test_chapters_are_numbered_and_with_them_what_they_hold_but_not_their_sections(build, tmp_path):
    lemma = "Section\n-------\n\n.. prf:lemma:: {0}\n   :label: lem-{0}\n\n   It holds.\n"
    below = "\n.. toctree::\n\n   below\n"
    (tmp_path / "chapter.rst").write_text(f"Chapter\n=======\n\n{lemma.format('first')}{below}")
    (tmp_path / "below.rst").write_text(f"Below\n=====\n\n{lemma.format('second')}")
    contents = ".. toctree::\n   :numbered:\n\n   chapter\n\nSee :prf:ref:`lem-first`, :prf:ref:`lem-second`."
    html, _, warnings = build(contents, "statements", "numbering")
    chapter, page = ((tmp_path / "out" / f"{name}.html").read_text() for name in ("chapter", "below"))
    assert ">Lemma 1.1</a>" in html and ">Lemma 1.2</a>" in html and warnings == ""
    assert "1. </span>Chapter" in chapter and "<h2>Section<" in chapter and "<h1>Below<" in page
    assert re.findall(r"\d\.\d\. \w+", html + chapter + page) == []


@pytest.fixture
def executed(monkeypatch):
    monkeypatch.syspath_prepend(str(EXTENSIONS))
    import executed

    return executed


def test_what_was_not_executed_is_executed_in_any_shell_and_shown(executed, tmp_path, monkeypatch):
    for name, value in SHELL.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(environment, "cores", lambda: 99)
    (tmp_path / "Snakefile").write_text(
        'rule pages:\n    output: "build/executed/a.ipynb"\n    threads: 1000\n    shell: "printf {threads} > {output}"\n'
    )
    depends, content, plain = [], ["not executed"], ["a page"]
    app = SimpleNamespace(srcdir=tmp_path, env=SimpleNamespace(note_dependency=depends.append))
    executed._execute(app)
    executed._read(app, "notebooks/a", content)
    executed._read(app, "book/cite", plain)
    assert (content, plain) == (["99"], ["a page"]), "on as many cores as it may use"
    assert depends == [str(tmp_path / "build" / "executed" / "a.ipynb")]


def test_a_notebook_that_fails_stops_the_build(executed, tmp_path):
    (tmp_path / "Snakefile").write_text('rule pages:\n    output: "a"\n    shell: "false"\n')
    with pytest.raises(SystemExit, match="a notebook could not be executed"):
        executed._execute(SimpleNamespace(srcdir=tmp_path))


@pytest.mark.parametrize(
    "text, kept",
    [
        ("Of :math:`a`, and :math:`b`; (:math:`c`) ends.", ["a,", "b;", "(c)"]),
        ("Both :math:`a` and :math:`b`-fold, *so* :math:`c`", []),
        (":math:`a`. :math:`b`.", ["a.", "b."]),
    ],
)
def test_a_formula_keeps_its_punctuation_and_the_text_stays(build, text, kept):
    html, _, warnings = build(text, "sphinx.ext.mathjax", "punctuation")
    page = BeautifulSoup(html, "html.parser")
    plain = re.sub(r"\\[()]", "", page.select_one(".body p").get_text())
    assert plain == re.sub(r":math:`(.)`", r"\1", text).replace("*", "") and warnings == ""
    assert [re.sub(r"\\[()]", "", each.get_text()) for each in page.select(".together")] == kept


def test_what_is_hidden_in_any_folder_is_no_page(tmp_path):
    """As tests and editors leave it: `only_build_toc_files` does not see it, and Sphinx would warn."""
    pages = ["book/cite.md", "notebooks/index.ipynb"]
    hidden = [".venv/x.md", "mutants/.pytest_cache/README.md", "notebooks/.ipynb_checkpoints/index-checkpoint.ipynb"]
    for name in pages + hidden:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    patterns = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))["exclude_patterns"]
    assert sorted(get_matching_files(str(tmp_path), exclude_patterns=patterns)) == pages
    assert len(list(get_matching_files(str(tmp_path)))) == 5
