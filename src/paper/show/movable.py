"""Figures that the reader of the site moves. After the cell of a figure, which is the still, comes one with the tag remove-input:

    figure.something(...);              the still: for paper, for readers without JavaScript, for other programs

    movable("kind", number=1, ...)      what book/_static/movable/kind.js needs to draw the same and more

Two cells, since MyST-NB makes a figure of each output of a cell that has a caption. The script puts the second into the first.

book/_ext/movable.py gives the scripts to the pages that have one.
"""

import json

from IPython.display import HTML

KINDS = ("ellipse", "pythagoras", "along", "fronts")


def movable(kind: str, **data: object) -> HTML:
    """The place of a figure of this kind, with its numbers; ValueError: a kind that there is not, NaN or an infinity."""
    if kind not in KINDS:
        raise ValueError(f"no movable figure {kind!r}; valid: {', '.join(KINDS)}")
    text = json.dumps(data, allow_nan=False, separators=(",", ":")).replace("</", "<\\/")
    return HTML(f'<div class="movable" data-movable="{kind}"><script type="application/json">{text}</script></div>')
