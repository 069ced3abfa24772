"""A chapter's own cells, run as they stand and with a formula changed: what the tests of the lectures share.

The cells run once, in their order, and the names that stand before each are kept. A mutant then runs from the cell that it changes to
the end of its section (the next heading of level 2), so that a chapter's hundred mutants take seconds.
"""

import contextlib
import io
from functools import cache
from pathlib import Path
from typing import NamedTuple

import jupytext
import matplotlib.pyplot as plt
import pytest

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"


class Cell(NamedTuple):
    """A code cell: the number of its section, its source, and the names that the cells before it defined."""

    section: int
    source: str
    names: dict


@cache
def cells(chapter: str) -> tuple[Cell, ...]:
    """The code cells of notebooks/<chapter>.md; fails where the page does."""
    plt.switch_backend("agg")
    found, names, section = [], {"__name__": "__main__", "display": lambda *shown: None}, 0
    for cell in jupytext.read(NOTEBOOKS / f"{chapter}.md").cells:
        if cell.cell_type == "markdown":
            section += sum(line.startswith("## ") for line in cell.source.splitlines())
        if cell.cell_type == "code":
            found.append(Cell(section, cell.source, dict(names)))
            _run([cell.source], names, f"{chapter}, section {section}")
    return tuple(found)


def stops(chapter: str, old: str, new: str, message: str, *, where: str = "") -> None:
    """Asserts that the page stops, with `message` (a regular expression), when `old` reads `new` in the one cell that holds it.

    where: a text that tells the cell apart if several hold `old`; within the cell the first place is changed.
    """
    page = cells(chapter)
    holding = [index for index, cell in enumerate(page) if old in cell.source and where in cell.source]
    assert len(holding) == 1, f"{old!r} stands in {len(holding)} cells of {chapter}"
    changed, *_ = rest = [cell.source for cell in page[holding[0] :] if cell.section == page[holding[0]].section]
    with pytest.raises(AssertionError, match=message):  # DoesNotHold, CheckFailed, or a cell's own assert
        _run([changed.replace(old, new, 1), *rest[1:]], dict(page[holding[0]].names), chapter)


def _run(sources: list[str], names: dict, where: str) -> None:
    with contextlib.redirect_stdout(io.StringIO()):
        for source in sources:
            exec(compile(source, where, "exec"), names)
    plt.close("all")
