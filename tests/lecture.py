"""A chapter's own cells, run as they stand and with a formula changed: what the tests of the lectures share.

The cells run once, in their order, and the names that stand before each are kept. A mutant then runs from the cell that it changes to
the end of its section (the next heading of level 2), so that a chapter's hundred mutants take seconds.
"""

import contextlib
import io
import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

import jupytext
import matplotlib.pyplot as plt
import pytest

from paper.theory.lecture import DoesNotHold

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


def mutants(tables: dict[str, dict | list]) -> pytest.MarkDecorator:
    """Parametrises a test by every (chapter, old, new, name), see `stops`, of a table of (old, new, name) for each chapter.

    A table's keys say what changes; without keys the entries are numbered.
    """
    named = {
        f"{chapter}, {what}": (chapter, *change)
        for chapter, table in tables.items()
        for what, change in (table.items() if isinstance(table, dict) else enumerate(table, start=1))
    }
    return pytest.mark.parametrize("chapter, old, new, name", named.values(), ids=named)


def stops(chapter: str, old: str, new: str, name: str) -> None:
    """Asserts that the page stops, and says that what is called `name` does not hold, when `old` reads `new` in the one cell that
    holds it; within the cell the first place is changed."""
    page = cells(chapter)
    holding = [index for index, cell in enumerate(page) if old in cell.source]
    assert len(holding) == 1, f"{old!r} stands in {len(holding)} cells of {chapter}"
    changed, *_ = rest = [cell.source for cell in page[holding[0] :] if cell.section == page[holding[0]].section]
    with pytest.raises(DoesNotHold, match=f"^{re.escape(name)},? does not hold"):
        _run([changed.replace(old, new, 1), *rest[1:]], dict(page[holding[0]].names), chapter)


def _run(sources: list[str], names: dict, where: str) -> None:
    with contextlib.redirect_stdout(io.StringIO()):
        for source in sources:
            exec(compile(source, where, "exec"), names)
    plt.close("all")
