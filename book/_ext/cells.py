"""Results first: the code of a cell is folded below what it shows, and the code of cells that follow one another is one fold; the
parameters, with the set-up that follows, are one box."""

from collections.abc import Iterator

from docutils import nodes
from myst_nb.sphinx_ import HideCodeCellNode, HideInputCells
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform

PARAMETERS = "Parameters of this chapter"


def _cells(document: nodes.document) -> list[nodes.container]:
    return [node for node in document.findall(nodes.container) if node.get("nb_element") == "cell_code"]


def _source(cell: nodes.container) -> nodes.Element | None:
    """The cell's code; None where the tag remove-input, or another cell, has taken it."""
    return next((part for part in cell.children if part.get("nb_element") == "cell_code_source"), None)


def _runs(cells: list[nodes.container]) -> Iterator[list[nodes.container]]:
    """Cells with nothing between them on the page."""
    run = []
    for cell in cells:
        if run and not (cell.parent is run[-1].parent and cell.parent.index(cell) == cell.parent.index(run[-1]) + 1):
            yield run
            run = []
        run.append(cell)
    yield run


def _take_in(cell: nodes.container, other: nodes.container, place: int) -> None:
    """The code of `other` moves into that of `cell`; what `other` shows stays where it is."""
    source = _source(other)
    other.remove(source)
    _source(cell).insert(place, source.children)
    if not other.children:
        other.parent.remove(other)


class OneFold(SphinxPostTransform):
    """Papermill's parameters cell is folded like other code, under a name of its own, and takes in the code of the cell that
    follows if that is folded and shows nothing: a page's imports. Of the other cells in a row, the last folded one takes in the
    code of those above it."""

    default_priority = HideInputCells.default_priority - 1
    formats = ("html",)

    def run(self, **kwargs):
        cells = _cells(self.document)
        for cell, following in zip(cells, [*cells[1:], None]):
            if "tag_parameters" in cell["classes"]:
                cell["hide_mode"] = "input"
                cell["prompt_show"] = cell["prompt_hide"] = PARAMETERS
                if following is not None and following.get("hide_mode") == "input" and len(following.children) == 1:
                    _take_in(cell, following, len(_source(cell)))
        for run in _runs(_cells(self.document)):
            above = None
            for cell in filter(_source, run):
                folded = cell.get("hide_mode") == "input" and "tag_parameters" not in cell["classes"]
                if folded and above is not None:
                    _take_in(cell, above, 0)
                above = cell if folded else None


class ResultsFirst(SphinxPostTransform):
    """In the page's source too, not by style: a reader who listens or tabs through the page meets the same order."""

    default_priority = HideInputCells.default_priority + 1
    formats = ("html",)

    def run(self, **kwargs):
        for cell in _cells(self.document):
            if len(cell.children) == 2 and isinstance(cell.children[0], HideCodeCellNode):
                cell.children.reverse()


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_post_transform(OneFold)
    app.add_post_transform(ResultsFirst)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
