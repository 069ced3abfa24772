"""The page "Re-run a chapter": what each chapter's notebook declares, and what its runs were measured to cost."""

import ast

from datapackage import code, table
from docutils import nodes
from launch import notebook
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from paper import names
from paper.book import chapters, costs, version

NOTEBOOKS = version.ROOT / "notebooks"
RUNS = {"book": "as in the book", "smoke": "small, on digits"}


class Chapters(SphinxDirective):
    """```{chapters}```: an overview, then for each chapter its pages, commands, costs, data and parameters."""

    def run(self):
        self.env.note_dependency(costs.FROZEN)
        measured = costs.read()
        names = sorted(path.stem for path in NOTEBOOKS.glob("*.md"))
        runs = {name: _runs(name, measured) for name in names}
        overview = table(
            ["Chapter", "As in the book", "Small", "Memory"],
            [
                [
                    nodes.reference("", _title(name), refid=_id(name), internal=True),
                    nodes.Text(_seconds(runs[name]["book"], "seconds")),
                    nodes.Text(_seconds(runs[name]["smoke"], "seconds")),
                    nodes.Text(_megabytes([*runs[name]["book"], *runs[name]["smoke"]])),
                ]
                for name in names
            ],
        )
        return [_machine(measured), overview, *(self._section(name, runs[name]) for name in names)]

    def _section(self, name: str, runs: dict[str, list[dict]]) -> nodes.section:
        declared = chapters.declared(chapters.read(NOTEBOOKS / f"{name}.md"))
        section = nodes.section("", nodes.title("", _title(name)), ids=[_id(name)])
        section += nodes.paragraph(
            "", "", nodes.Text("Pages: " if len(self._pages(name)) > 1 else "Page: "), *self._links(name)
        )
        small = chapters.smoke_values(NOTEBOOKS / f"{name}.md")
        command = f"make notebook NAME={name}"
        commands = [command]
        if small:
            commands += [f'{command} ARGS="{" ".join(f"-p {key} {value}" for key, value in small.items())}"']
        text = "\n".join(commands)
        section += nodes.literal_block(text, text, language="bash")
        section += table(
            ["Run", "Wall time", "Processor time", "Memory", "Data to download"],
            [
                [
                    nodes.Text(RUNS[profile]),
                    nodes.Text(_seconds(runs[profile], "seconds")),
                    nodes.Text(_seconds(runs[profile], "processor_seconds")),
                    nodes.Text(_megabytes(runs[profile])),
                    nodes.Text("yes" if any(run["data"] for run in runs[profile]) else "none"),
                ]
                for profile in (RUNS if small else ["book"])
            ],
        )
        if words := _data(name, declared):
            section += nodes.paragraph("", words)
        if not declared:
            section += nodes.paragraph("", "It has no parameters.")
            return section
        section += table(
            ["Parameter", "Type", "Default", "Meaning"],
            [
                [code(key), nodes.Text(p.type.__name__), code(repr(p.default)), nodes.Text(p.help)]
                for key, p in declared.items()
            ],
        )
        return section

    def _pages(self, name: str) -> list[str]:
        return sorted(page for page in self.env.found_docs if notebook(page) == f"notebooks/{name}")

    def _links(self, name: str) -> list[nodes.Node]:
        links = []
        for page in self._pages(name):
            reference = addnodes.pending_xref(
                "",
                refdomain="std",
                reftype="doc",
                reftarget=f"/{page}",
                refdoc=self.env.docname,
                refexplicit=False,
                refwarn=True,
            )
            reference += nodes.inline("", page, classes=["doc"])
            links += [nodes.Text(", "), reference]
        return links[1:]


def _id(name: str) -> str:
    return nodes.make_id(f"rerun-{name}")


def _title(name: str) -> str:
    cells = chapters.read(NOTEBOOKS / f"{name}.md").cells
    return next(cell.source for cell in cells if cell.source.startswith("# ")).splitlines()[0].removeprefix("# ")


def _runs(name: str, measured: dict) -> dict[str, list[dict]]:
    """The records of the runs of a chapter; it may be run for several pages of the book."""
    pages = [page for page in measured["book"] if notebook(f"notebooks/{page}") == f"notebooks/{name}"]
    return {"book": [measured["book"][page] for page in pages], "smoke": [measured["smoke"][name]]}


def _seconds(runs: list[dict], kind: str) -> str:
    return f"{max(run[kind] for run in runs):.0f} s"


def _megabytes(runs: list[dict]) -> str:
    return f"{max(run['megabytes'] for run in runs):,} MB"


def _machine(measured: dict) -> nodes.paragraph:
    records = [record for runs in measured.values() for record in runs.values()]
    kinds = sorted({"{processor_model}, {system}, {cores} cores".format(**record["machine"]) for record in records})
    days = sorted({record["date"] for record in records})
    when = days[0] if len(days) == 1 else f"{days[0]} to {days[-1]}"
    return nodes.paragraph("", f"Measured on {when} on: {'; '.join(kinds)}.")


def _data(name: str, declared: dict) -> str:
    """Which data a chapter needs, from its parameter `dataset`, the experiments that it calls and what is frozen of them."""
    if "dataset" not in declared:
        return ""
    used = _experiments(name)
    frozen = [
        dataset
        for dataset in names.DATASETS
        if all((version.ROOT / "results" / experiment / f"{dataset}.csv").is_file() for experiment in used)
    ]
    return (
        f"Frozen results answer for {', '.join(frozen)}, with the defaults of the other parameters. Other values are computed, "
        "from the data set; only digits needs no download."
    )


def _experiments(name: str) -> set[str]:
    """The experiments that the cells of a chapter call, `experiments.NAME(...)`."""
    trees = [
        ast.parse(cell.source) for cell in chapters.read(NOTEBOOKS / f"{name}.md").cells if cell.cell_type == "code"
    ]
    calls = [node.func for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return {
        call.attr
        for call in calls
        if isinstance(call, ast.Attribute) and isinstance(call.value, ast.Name) and call.value.id == "experiments"
    }


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_directive("chapters", Chapters)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
