"""The page "The data package": what results/ holds, the files and the columns of every experiment."""

import json

import pandas as pd
from IPython.display import Markdown

from paper import experiments
from paper.book.markdown import code, heading, plain
from paper.results import records
from paper.results.package import read
from paper.show.text import table


def sections() -> Markdown:
    """For each experiment, labelled run-NAME, what its tables are, its files and their columns.

    The files of an experiment have the same columns; where they differ, the older ones come apart.
    """
    package = read(records.FROZEN, experiments.tables())
    alike: dict[str, list[dict]] = {}
    for resource in package["resources"]:
        alike.setdefault(json.dumps([resource["produced"]["function"], resource["schema"]]), []).append(resource)
    labelled: set[str] = set()
    return Markdown("\n\n".join(_section(resources, labelled) for resources in alike.values()))


def files(resources: list[dict]) -> pd.DataFrame:
    """A row for each file of an experiment: what it is of, how large, and how it was computed."""
    return pd.DataFrame(
        {
            "File": f"{{download}}`{file['path']} <../results/{file['path']}>`",
            "Of": plain(file["title"]),
            "Size": f"{file['bytes'] / 1000:,.0f} kB" if file["bytes"] >= 500 else "< 1 kB",
            "Seeds": ", ".join(str(seed["seed"]) for seed in file["produced"]["seeds"]),
            "Computed": max(seed["date"] for seed in file["produced"]["seeds"]),
            "Wall time": f"{sum(seed['seconds'] for seed in file['produced']['seeds']):,.0f} s",
            "Code": plain(records.words(file["produced"]["code"])),
        }
        for file in resources
    )


def columns(schema: dict) -> pd.DataFrame:
    """A row for each column of a table, those that name its rows in bold."""
    key = schema.get("primaryKey", [])
    return pd.DataFrame(
        {
            "Column": f"**{code(field['name'])}**" if field["name"] in key else code(field["name"]),
            "Type": field["type"],
            "Unit": "" if field["unit"] == "none" else plain(field["unit"]),
            "Meaning": plain(field["description"].removesuffix(f" [{field['unit']}]")),
        }
        for field in schema["fields"]
    )


def _section(resources: list[dict], labelled: set[str]) -> str:
    first = resources[0]
    name = first["produced"]["function"].rpartition(".")[2]
    parts = [
        heading(name, "" if name in labelled else f"run-{name.replace('_', '-')}"),
        plain(first["description"]),
        table(files(resources)).data,
        table(columns(first["schema"])).data,
    ]
    labelled.add(name)
    return "\n\n".join(parts)
