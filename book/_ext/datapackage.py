"""What results/ holds, shown from its data package: the files and the columns of every experiment."""

import json
from pathlib import Path

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

LOG = logging.getLogger(__name__)
PACKAGE = "results/datapackage.json"


class ResultsTable(SphinxDirective):
    """```{results-table}```: a section for each experiment, its files in one table and their columns in another.

    The files of an experiment have the same columns; where they differ, the older ones get a section of their own.
    """

    def run(self):
        try:
            resources = json.loads(Path(self.env.srcdir, PACKAGE).read_text(encoding="utf-8"))["resources"]
        except OSError:
            LOG.warning("%s is missing: run `make freeze`", PACKAGE, location=self.get_location())
            return []
        self.env.note_dependency(Path(self.env.srcdir, PACKAGE))
        alike = {}
        for resource in resources:
            alike.setdefault(json.dumps([resource["produced"]["function"], resource["schema"]]), []).append(resource)
        return [self._section(number, files) for number, files in enumerate(alike.values())]

    def _section(self, number: int, files: list[dict]) -> nodes.section:
        first = files[0]
        name = first["produced"]["function"].rpartition(".")[2]
        section = nodes.section("", nodes.title(name, name), ids=[f"results-{number}-{nodes.make_id(name)}"])
        section += nodes.paragraph("", first["description"])
        section += table(
            ["File", "Of", "Size", "Seeds", "Computed", "Wall time", "Code"],
            [
                [
                    self._download(file["path"]),
                    nodes.Text(file["title"]),
                    nodes.Text(f"{file['bytes'] / 1000:,.0f} kB"),
                    nodes.Text(", ".join(str(seed["seed"]) for seed in file["produced"]["seeds"])),
                    nodes.Text(max(seed["date"] for seed in file["produced"]["seeds"])),
                    nodes.Text(f"{sum(seed['seconds'] for seed in file['produced']['seeds']):,.0f} s"),
                    code(file["produced"]["code"]),
                ]
                for file in files
            ],
        )
        key = first["schema"].get("primaryKey", [])
        section += table(
            ["Column", "Type", "Unit", "Meaning"],
            [
                [
                    nodes.strong("", "", code(field["name"])) if field["name"] in key else code(field["name"]),
                    nodes.Text(field["type"]),
                    nodes.Text("" if field["unit"] == "none" else field["unit"]),
                    nodes.Text(field["description"].removesuffix(f" [{field['unit']}]")),
                ]
                for field in first["schema"]["fields"]
            ],
        )
        return section

    def _download(self, path: str) -> nodes.Node:
        reference = addnodes.download_reference(refdoc=self.env.docname, reftarget=f"/results/{path}", refexplicit=True)
        reference += code(path)
        return reference


def code(text: str) -> nodes.literal:
    return nodes.literal("", text)


def table(header: list[str], rows: list[list[nodes.Node]]) -> nodes.table:
    def row(cells: list[nodes.Node]) -> nodes.row:
        return nodes.row("", *(nodes.entry("", nodes.paragraph("", "", cell)) for cell in cells))

    group = nodes.tgroup("", *(nodes.colspec(colwidth=1) for _ in header), cols=len(header))
    group += nodes.thead("", row([nodes.Text(name) for name in header]))
    group += nodes.tbody("", *map(row, rows))
    return nodes.table("", group, classes=["colwidths-auto"])


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_directive("results-table", ResultsTable)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
