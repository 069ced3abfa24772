"""The paper's statements keep their names, and the search finds them: "Lemma 4.2" is not the second lemma of this book's chapter 4.

A statement with `:nonumber:` is the paper's. Its title begins with its name, "Lemma 4.2 of the paper", which is what its heading and
the references to it say; sphinx-proof has "Lemma (Lemma 4.2 of the paper)" and "Lemma". As Sphinx comes, the search splits a query at
the point and drops its digits, and sphinx-proof tells it nothing. Here numbers with a point are words, and theorems, lemmas and
equations are found by name.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.domains import ObjType
from sphinx.search.en import SearchEnglish
from sphinx.util import logging
from sphinx_proof.domain import ProofDomain
from sphinx_proof.nodes import unenumerable_node
from sphinx_proof.proof_type import PROOF_TYPES

logger = logging.getLogger(__name__)

EQUATION = re.compile(r"eq-(\d+)")
TITLE = re.compile(r"\s*\((.*)\)")  # sphinx-proof puts a statement's title into parentheses
NAME = re.compile(r"\s*\(((?:Theorem|Lemma) \d+\.\d+) of the paper")
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

    def resolve_xref(self, env, fromdocname, builder, typ, target, node, contnode):
        if target in self.data.get("names", ()) and contnode.astext() == target:
            contnode = nodes.inline("", self.data["names"][target])
        return super().resolve_xref(env, fromdocname, builder, typ, target, node, contnode)


def _name(app: Sphinx, doctree: nodes.document) -> None:
    names = app.env.get_domain("prf").data.setdefault("names", {})
    for node in doctree.findall(unenumerable_node):
        heading = node.next_node(nodes.title)
        if name := NAME.match(node["title"]):
            names[node["label"]] = name[1]
            heading[0] = nodes.Text(heading[0].lstrip(" ("))
            heading[-1] = nodes.Text(heading[-1].removesuffix(")"))
        else:
            logger.warning("a statement without a number has the paper's, with which its title begins", location=node)
        heading["ids"] = []  # the statement itself has them


def _open(self, node: nodes.Element) -> None:
    self.body.append(self.starttag(node, "div", CLASS="admonition"))


def _close(self, node: nodes.Element) -> None:
    self.body.append("</div>")


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
    app.add_node(unenumerable_node, override=True, html=(_open, _close))
    app.add_domain(Statements, override=True)
    app.add_search_language(Words)
    app.config.html_search_scorer = str(Path(__file__).with_name("scorer.js"))
    app.connect("doctree-read", _name)
    app.connect("doctree-read", _collect)
    return {"parallel_read_safe": False, "parallel_write_safe": True}
