"""A formula in a line of text keeps the punctuation around it: no line begins with the comma after it."""

import re

from docutils import nodes
from sphinx.application import Sphinx

AFTER, BEFORE = re.compile(r"[.,;:!?)\]’]+"), re.compile(r"[(\[]+$")


def keep(app: Sphinx, doctree: nodes.document) -> None:
    """Puts each formula and the punctuation that touches it into one element of the class `together`, which does not break."""
    for formula in list(doctree.findall(nodes.math)):
        parent = formula.parent
        if isinstance(parent, nodes.title):
            continue
        at = parent.index(formula)
        before, after = (parent[i] if 0 <= i < len(parent) else None for i in (at - 1, at + 1))
        opening = BEFORE.search(before) if isinstance(before, nodes.Text) else None
        closing = AFTER.match(after) if isinstance(after, nodes.Text) else None
        if not (opening or closing):
            continue
        together = nodes.inline(classes=["together"])
        if opening:
            together += nodes.Text(opening.group())
            parent[at - 1] = nodes.Text(before[: opening.start()])
        parent[at] = together
        together += formula
        if closing:
            together += nodes.Text(closing.group())
            parent[at + 1] = nodes.Text(after[closing.end() :])


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("doctree-read", keep)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
