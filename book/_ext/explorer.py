"""The explorer: a directive for the place where it goes, and the points of Figures 2 to 4 as a script.

Marks, lines and axes are written by hand in SVG, by the classic scripts of book/_static/explorer: a page opened from the
file system may load neither modules nor JSON, and there is no library to keep up to date. The points are a script, too,
every number the shortest text that reads back as the float64 in results/.
"""

import json
import posixpath
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from paper.book.points import frozen

CHAPTERS = ("notebooks/07_accuracy_vs_complexity", "notebooks/08_all_datasets")
POINTS = "explorer/data.js"
SCRIPTS = ("dom", "bounds", "points", "state", "axes", "chart", "controls", "tables", "explorer")


def script(exported: dict) -> str:
    """The export as a script, a network's points one a line."""
    networks = []
    for network in exported["networks"]:
        lines = ",\n".join(json.dumps(row, allow_nan=False, separators=(",", ":")) for row in network["points"])
        networks.append(json.dumps(network | {"points": []})[:-2] + f"\n{lines}]}}")
    rest = json.dumps(exported | {"networks": []}, allow_nan=False, ensure_ascii=True)
    text = rest.removesuffix("[]}") + "[\n" + ",\n".join(networks) + "\n]}"
    return f"(window.Explorer = window.Explorer || {{}}).data = {text};\n"


class explorer(nodes.General, nodes.Element):
    """Where the explorer goes."""


class Explorer(SphinxDirective):
    """```{explorer}```: the explorer on a page of its own; in a book of one page or on paper, a sentence."""

    def run(self):
        return [explorer(docname=self.env.docname)]


def _visit(translator, node: nodes.Element) -> None:
    builder = translator.builder
    if builder.name == "singlehtml":
        translator.body.append(
            "<p><em>The explorer is a page of the online book; on paper there is nothing to move.</em></p>\n"
        )
        raise nodes.SkipNode
    here = posixpath.dirname(builder.get_target_uri(node["docname"]))
    links = " and ".join(
        f'<a href="{posixpath.relpath(builder.get_target_uri(page), here)}#what-we-find">chapter {page[10:12]}</a>'
        for page in CHAPTERS
    )
    translator.body.append(
        '<div id="explorer-page" class="explorer">'
        '<p class="explorer-waiting">The explorer is starting. If this stays, one of its scripts was not loaded.</p>'
        f"<noscript><p>The explorer needs JavaScript. Without it, the figures and the points as CSV are in {links}.</p></noscript>"
        '</div>\n<p class="explorer-paper">The explorer is a page of the online book; on paper there is nothing to move.</p>\n'
    )
    raise nodes.SkipNode


def _visit_other(translator, node: nodes.Element) -> None:
    raise nodes.SkipNode


def _add_scripts(app: Sphinx, pagename, templatename, context, doctree) -> None:
    """To the page of the explorer only."""
    if doctree is not None and app.builder.name in ("html", "dirhtml") and any(doctree.findall(explorer)):
        for name in (POINTS, *(f"explorer/{name}.js" for name in SCRIPTS)):
            app.add_js_file(name, loading_method="defer")
        app.add_css_file("explorer/explorer.css")


def _write(app: Sphinx) -> None:
    """Before the pages, so that they name the script with its checksum, and a browser never keeps an old one."""
    if app.builder.name in ("html", "dirhtml"):
        target = Path(app.outdir, "_static", POINTS)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(script(frozen(Path(app.srcdir, "results"))), encoding="utf-8")


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_node(explorer, html=(_visit, None), latex=(_visit_other, None), text=(_visit_other, None))
    app.add_directive("explorer", Explorer)
    app.connect("builder-inited", _write)
    app.connect("html-page-context", _add_scripts)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
