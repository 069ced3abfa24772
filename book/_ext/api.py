"""Docstrings as they are written, in a fixed width, since their formulas are plain text; and a link to a function from every
mention in code font, `module.function`."""

import re

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import logging
from sphinx.util.nodes import make_refnode

LOG = logging.getLogger(__name__)
MENTION = re.compile(r"((?:\w+\.)*(\w+)\.(?!(?:yml|json|csv|md|ipynb|py|npz)$)\w+)(?:\(.*\))?")  # but not `claims.yml`


def _as_written(app: Sphinx, what: str, name: str, found: object, options: object, lines: list[str]) -> None:
    if any(lines):
        lines[:] = [".. code-block:: none", "   :class: docstring", "", *(f"   {line}" for line in lines), ""]


def _skip(app: Sphinx, what: str, name: str, found: object, skip: bool, options: object) -> bool | None:
    # A field of a named tuple: its docstring is Python's own.
    return True if (getattr(found, "__doc__", None) or "").startswith("Alias for field number") else None


def _flat(app: Sphinx, pagename: str, templatename: str, context: dict, doctree) -> None:
    # viewcode's list of modules has lists between its items, which a screen reader does not expect.
    if pagename == "_modules/index":
        title, _, items = context["body"].partition("<ul>")
        context["body"] = f"{title}<ul>{re.sub('</?ul>', '', items)}</ul>"


class LinkMentions(SphinxPostTransform):
    """The shorter a module's name, the more is it meant: what only one place has becomes a link."""

    default_priority = 50

    def run(self, **kwargs):
        objects = self.env.get_domain("py").objects
        modules = {name.rpartition(".")[2] for name, entry in objects.items() if entry.objtype == "module"}
        for literal in list(self.document.findall(nodes.literal)):
            mention = MENTION.fullmatch(literal.astext())
            if not mention or isinstance(literal.parent, nodes.reference):
                continue
            found = [name for name in objects if f".{name}".endswith(f".{mention[1]}")]
            if len(found) == 1 and objects[found[0]].docname != self.env.docname:
                page, anchor, *_ = objects[found[0]]
                literal.replace_self(make_refnode(self.app.builder, self.env.docname, page, anchor, literal.deepcopy()))
            elif not found and mention[2] in modules:
                LOG.warning("the packages have no public function %s", mention[1], location=literal)


def setup(app: Sphinx) -> dict[str, bool]:
    app.setup_extension("sphinx.ext.autodoc")
    app.setup_extension("sphinx.ext.viewcode")
    app.connect("autodoc-process-docstring", _as_written)
    app.connect("autodoc-skip-member", _skip)
    app.connect("html-page-context", _flat)
    app.add_post_transform(LinkMentions)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
