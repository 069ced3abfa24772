"""What readers of the paper look for by name: "Figure 2" is the chapter that begins with it, and quotations are in plain letters.

Lemmas, theorems and equations are in statements.py.
"""

import re

from docutils import nodes
from sphinx.application import Sphinx

FIGURE = re.compile(r"\bFigure (\d+)\b.* of the paper")


def _collect(app: Sphinx, doctree: nodes.document) -> None:
    found = app.env.get_domain("prf").data.setdefault("found", set())
    for strong in doctree.findall(nodes.strong):
        if number := FIGURE.search(strong.astext()):
            section = next(iter(doctree.findall(nodes.section)))
            found.add((f"Figure {number[1]} of the paper", "figure", app.env.docname, section["ids"][0]))


def _on_its_page(app: Sphinx, pagename, templatename, context, doctree) -> None:
    if pagename == "search":
        app.add_js_file("search.js", loading_method="defer")  # after Sphinx's own


def setup(app: Sphinx) -> dict[str, bool]:
    app.setup_extension("statements")
    app.connect("doctree-read", _collect)
    app.connect("html-page-context", _on_its_page)
    return {"parallel_read_safe": False, "parallel_write_safe": True}
