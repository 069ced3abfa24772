"""The search finds "Lemma 4.2": numbers with a point are words, and theorems, lemmas and equations are found by name.

As Sphinx comes, a query is split at the point and its digits are dropped, and sphinx-proof tells the search nothing.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.domains import ObjType
from sphinx.search.en import SearchEnglish
from sphinx_proof.domain import ProofDomain
from sphinx_proof.proof_type import PROOF_TYPES

EQUATION = re.compile(r"eq-(\d+)")
TITLE = re.compile(r"\s*\((.*)\)")  # sphinx-proof puts a statement's title into parentheses
TEX = re.compile(r"\\mathcal |[$\\]")  # the search shows titles as they are written


class Words(SearchEnglish):
    """English, in which 4.2 is a word."""

    _word_re = re.compile(r"\d+(?:\.\d+)+|\w+")
    js_splitter_code = r"""
var splitQuery = (query) => query.match(/\d+(?:\.\d+)+|[\p{Letter}\p{Number}_]+/gu) || [];
"""


class Statements(ProofDomain):
    """sphinx-proof's domain, with the statements' titles and the paper's equations among what the search goes through."""

    object_types: ClassVar = {kind: ObjType(kind) for kind in (*PROOF_TYPES, "equation", "figure")}

    def get_type_name(self, type: ObjType, primary: bool = False) -> str:
        return type.lname.capitalize()  # what the search shows beside a name

    def get_objects(self) -> Iterator[tuple[str, str, str, str, str, int]]:
        for name, kind, docname, anchor in sorted(self.data.get("found", ())):
            yield name, name, kind, docname, anchor, 0


def _collect(app: Sphinx, doctree: nodes.document) -> None:
    found = app.env.get_domain("prf").data.setdefault("found", set())
    for node in doctree.findall(lambda node: isinstance(node, nodes.Element) and "realtype" in node):
        if title := TITLE.fullmatch(node["title"]):
            found.add((TEX.sub("", title[1]), node["realtype"], app.env.docname, node["label"]))
    for anchor in doctree.ids:
        if number := EQUATION.fullmatch(anchor):
            found.add((f"Equation ({number[1]})", "equation", app.env.docname, anchor))


def setup(app: Sphinx) -> dict[str, bool]:
    app.setup_extension("sphinx_proof")
    app.add_domain(Statements, override=True)
    app.add_search_language(Words)
    app.config.html_search_scorer = str(Path(__file__).with_name("scorer.js"))
    app.connect("doctree-read", _collect)
    return {"parallel_read_safe": False, "parallel_write_safe": True}
