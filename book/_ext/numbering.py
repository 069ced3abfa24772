"""Chapters have numbers; their sections and the pages below them have none: "section 4.2" in this book is the paper's.

Sphinx numbers a chapter's sections with it, or else leaves the chapter's number out of those of its figures and propositions. So the
sections lose theirs after the figures got their own.
"""

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment


def _of_chapters_only(app: Sphinx, env: BuildEnvironment) -> None:
    for numbers in env.toc_secnumbers.values():
        numbers.update({anchor: None for anchor, number in numbers.items() if len(number) > 1})
    entries = [entry for contents in env.tocs.values() for entry in contents.findall(nodes.reference)]
    for node in [*entries, *env.titles.values()]:
        if len(node.get("secnumber", ())) > 1:
            del node["secnumber"]


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("env-check-consistency", _of_chapters_only)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
