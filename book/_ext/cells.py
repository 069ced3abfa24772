"""Results first: a cell's collapsed code stands below what it shows; the parameters, with the set-up that follows, are one box."""

from docutils import nodes
from myst_nb.sphinx_ import HideCodeCellNode, HideInputCells
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform


def _cells(document: nodes.document) -> list[nodes.container]:
    return [node for node in document.findall(nodes.container) if node.get("nb_element") == "cell_code"]


class CollapseParameters(SphinxPostTransform):
    """Papermill's parameters cell is hidden like other code, under a name of its own, and takes in the code of the cell that
    follows if that is hidden and shows nothing: a page's imports."""

    default_priority = HideInputCells.default_priority - 1
    formats = ("html",)

    def run(self, **kwargs):
        cells = _cells(self.document)
        for cell, following in zip(cells, [*cells[1:], None]):
            if "tag_parameters" not in cell["classes"]:
                continue
            cell["hide_mode"] = "input"
            cell["prompt_show"], cell["prompt_hide"] = "Parameters", "Parameters"
            if following is not None and following.get("hide_mode") == "input" and len(following.children) == 1:
                source = following.children[0]
                cell.children[0] += source.children
                following.parent.remove(following)


class ResultsFirst(SphinxPostTransform):
    """In the page's source too, not by style: a reader who listens or tabs through the page meets the same order."""

    default_priority = HideInputCells.default_priority + 1
    formats = ("html",)

    def run(self, **kwargs):
        for cell in _cells(self.document):
            if len(cell.children) == 2 and isinstance(cell.children[0], HideCodeCellNode):
                cell.children.reverse()


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_post_transform(CollapseParameters)
    app.add_post_transform(ResultsFirst)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
