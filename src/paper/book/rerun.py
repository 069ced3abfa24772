"""The page "Re-run a chapter": what each chapter's notebook declares, and what its runs were measured to cost."""

import re
from functools import cache

import pandas as pd
from IPython.display import Markdown
from nbformat import NotebookNode

from paper.book import costs, notebooks
from paper.book.markdown import code, heading, plain
from paper.book.version import ROOT
from paper.names import DATASETS
from paper.results import records
from paper.show.text import table

NOTEBOOKS = ROOT / "notebooks"
RUNS = {"book": "as in the book", "smoke": "small, on digits"}
CALLED = re.compile(r"^from paper\.experiments\.(\w+)\.compute import (?:.*\W)?\1\b", re.MULTILINE)


def machines() -> Markdown:
    """When and on what the costs were measured."""
    measured = [record for runs in costs.read().values() for record in runs.values()]
    kinds = sorted({"{processor_model}, {system}, {cores} cores".format(**record["machine"]) for record in measured})
    days = sorted({record["date"] for record in measured})
    when = days[0] if len(days) == 1 else f"{days[0]} to {days[-1]}"
    return Markdown(f"Measured on {when} on: {'; '.join(kinds)}.")


def overview() -> Markdown:
    """A row for each chapter with what it costs, and a link to more."""
    rows = []
    for name in names():
        runs = _runs(name)
        rows.append(
            {
                "Chapter": f"[{title(name)}](#{_label(name)})",
                "As in the book": _largest(runs["book"], "seconds"),
                "Small": _largest(runs["smoke"], "seconds"),
                "Memory": _largest([*runs["book"], *runs["smoke"]], "megabytes"),
            }
        )
    return table(pd.DataFrame(rows))


def sections() -> Markdown:
    """For each chapter its pages, commands, costs, data and parameters."""
    return Markdown("\n\n".join(map(_section, names())))


def names() -> list[str]:
    """The chapters that can be run in another way: those with parameters."""
    return sorted(path.stem for path in NOTEBOOKS.glob("*.md") if _declared(path.stem))


def title(name: str) -> str:
    """The heading of a chapter."""
    cells = _notebook(name).cells
    return next(cell.source for cell in cells if cell.source.startswith("# ")).splitlines()[0].removeprefix("# ")


def data_sets(name: str) -> str:
    """Which data a chapter needs, from its parameter `dataset`, the experiments that it calls and what is frozen of them."""
    if "dataset" not in _declared(name):
        return ""
    used = experiments("\n".join(cell.source for cell in _notebook(name).cells if cell.cell_type == "code"))
    default = _declared(name)["dataset"].default.split(",")
    frozen = [
        dataset
        for dataset in DATASETS
        # what the page shows with its defaults, though an experiment has a part of them only; of another data set, all must be there
        if (any if dataset in default else all)(
            (records.FROZEN / experiment / f"{dataset}.csv").is_file() for experiment in used
        )
    ]
    return (
        f"Frozen results answer for {', '.join(frozen)}, with the defaults of the other parameters. Other values are computed, "
        "from the data set; only digits needs no download."
    )


def experiments(source: str) -> set[str]:
    """The experiments whose functions a notebook's code imports."""
    return set(CALLED.findall(source))


@cache
def _notebook(name: str) -> NotebookNode:
    return notebooks.read(NOTEBOOKS / f"{name}.md")


@cache
def _declared(name: str) -> dict[str, notebooks.Parameter]:
    return notebooks.declared(_notebook(name))


def _section(name: str) -> str:
    runs = _runs(name)
    pages = [page for page, chapter in notebooks.pages(ROOT / "_toc.yml").items() if chapter == name]
    small = notebooks.smoke_values(NOTEBOOKS / f"{name}.md")
    command = f"make notebook NAME={name}"
    options = " ".join(f"-p {key} {value}" for key, value in small.items())
    parameters = pd.DataFrame(
        {"Parameter": code(key), "Type": p.type.__name__, "Default": code(repr(p.default)), "Meaning": plain(p.help)}
        for key, p in _declared(name).items()
    )
    parts = [
        heading(title(name), _label(name)),
        f"Page{'s' if len(pages) > 1 else ''}: " + ", ".join(f"{{doc}}`{page} <{page}>`" for page in pages),
        "\n".join(["```bash", command, *([f'{command} ARGS="{options}"'] if small else []), "```"]),
        table(pd.DataFrame(_costs(profile, runs[profile]) for profile in RUNS)).data,
        data_sets(name),
        table(parameters).data,
    ]
    return "\n\n".join(filter(None, parts))


def _costs(profile: str, runs: list[dict]) -> dict[str, str]:
    return {
        "Run": RUNS[profile],
        "Wall time": _largest(runs, "seconds"),
        "Processor time": _largest(runs, "processor_seconds"),
        "Memory": _largest(runs, "megabytes"),
        "Data to download": "yes" if any(run["data"] for run in runs) else "none",
    }


def _label(name: str) -> str:
    return f"rerun-{name.replace('_', '-')}"


def _runs(name: str) -> dict[str, list[dict]]:
    """The records of the runs of a chapter; it may be several pages of the book. None of a chapter that was not yet measured."""
    measured, pages = costs.read(), notebooks.pages(ROOT / "_toc.yml")
    of_book = [measured["book"].get(page) for page, chapter in pages.items() if chapter == name]
    return {"book": [*filter(None, of_book)], "smoke": [*filter(None, [measured["smoke"].get(name)])]}


def _largest(runs: list[dict], kind: str) -> str:
    form = "{:,} MB" if kind == "megabytes" else "{:.0f} s"
    return form.format(max(run[kind] for run in runs)) if runs else "–"
