"""Pieces of the pages that are written by cells, in the MyST of the book."""

import re

MARKS = re.compile(r"([\\`*_{}\[\]<>|$~])")


def plain(text: object) -> str:
    """The text as it stands: none of its signs means anything to Markdown."""
    return MARKS.sub(r"\\\1", str(text))


def code(text: object) -> str:
    """The text in code font, within a table, too."""
    return f"`` {text} ``".replace("|", r"\|") if "`" in str(text) else f"`{text}`".replace("|", r"\|")


def heading(text: str, label: str = "") -> str:
    """A heading below those of the page; `label` is what a link to it names."""
    return (f"({label})=\n" if label else "") + f"```{{rubric}} {text}\n:heading-level: 3\n```"
