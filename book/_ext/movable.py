"""The scripts of the figures that the reader moves, for the pages that have one: see paper/show/movable.py."""

from docutils import nodes
from sphinx.application import Sphinx

from paper.show.movable import KINDS

SHARED = tuple(f"explorer/{name}.js" for name in ("dom", "bounds", "points", "axes", "chart", "tables"))
SCRIPTS = (*SHARED, "movable/movable.js", *(f"movable/{kind}.js" for kind in KINDS))
STYLES = ("explorer/explorer.css", "movable/movable.css")


def _add_scripts(app: Sphinx, pagename, templatename, context, doctree) -> None:
    if doctree is None or app.builder.name not in ("html", "dirhtml"):
        return
    if any('class="movable"' in node.astext() for node in doctree.findall(nodes.raw)):
        for name in SCRIPTS:
            app.add_js_file(name, loading_method="defer")
        for name in STYLES:
            app.add_css_file(name)


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("html-page-context", _add_scripts)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
