"""Results first: a cell's collapsed code stands below what it shows, and the parameters are collapsed, too."""

from docutils import nodes
from myst_nb.sphinx_ import HideCodeCellNode, HideInputCells
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform


def _cells(document: nodes.document) -> list[nodes.container]:
    return [node for node in document.findall(nodes.container) if node.get("nb_element") == "cell_code"]


class CollapseParameters(SphinxPostTransform):
    """Papermill's parameters cell is hidden like other code, under a name of its own."""

    default_priority = HideInputCells.default_priority - 1
    formats = ("html",)

    def run(self, **kwargs):
        for cell in _cells(self.document):
            if "tag_parameters" in cell["classes"]:
                cell["hide_mode"] = "input"
                cell["prompt_show"], cell["prompt_hide"] = "Show the parameters", "Hide the parameters"


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
