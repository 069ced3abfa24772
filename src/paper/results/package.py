"""results/datapackage.json: what each frozen table holds, for readers and programs that know nothing of this project.

It is a Tabular Data Package (Frictionless Data, specification v1). Beyond the specification, each field has its `unit`
and each resource says how it was `produced`. What a column means is in the experiment's `Table`.
"""

import inspect
import json
from collections.abc import Mapping
from pathlib import Path

from pacbayes_curvature import __version__
from paper.files import Damaged, atomic, read_json, sha256
from paper.networks.sources import source_of
from paper.results import records
from paper.results.provenance import PACKAGE
from paper.results.table import Table

LICENCE = {  # LICENSE-text, which covers results/
    "name": "CC-BY-4.0",
    "title": "Creative Commons Attribution 4.0 International",
    "path": "https://creativecommons.org/licenses/by/4.0/legalcode",
}


def descriptor(folder: Path, tables: Mapping[str, Table]) -> dict:
    """The data package of the results in `folder`: a function of its files, the experiments' tables and the version only.

    One resource a table: fields with type, unit, meaning and constraints, the primary key, SHA-256 and size, source
    and its fingerprints, and how it was produced: command, function, code digest, parameters, and for each seed the
    day, the wall time in seconds, the versions and the machine.

    Raises ValueError for an experiment or a column that is not described and for a table that does not match its
    checksum, FileNotFoundError where there are no tables or one has no provenance beside it.

    Source: Frictionless Data, specification v1: Data Package, Tabular Data Resource, Table Schema.
    """
    paths = records.tables(folder)
    if not paths:
        raise FileNotFoundError(f"no results in {folder}; run `make reproduce` and `make freeze`")
    resources = [_resource(path, tables) for path in paths]
    days = [made["date"] for resource in resources for made in resource["produced"]["seeds"]]
    sources = [source for resource in resources for source in resource["sources"]]
    return {
        "profile": "tabular-data-package",
        "name": "pacbayes-curvature-results",
        "title": "Results of the reproducible edition of "
        "'On PAC-Bayes Bounds for Deep Neural Networks using the Loss Curvature'",
        "description": "One table for each experiment and data set, as the book shows them. A source's fingerprint is "
        "the SHA-256 of its examples, sorted by content. Beside <name>.csv, <name>.json says how it was produced.",
        "version": __version__,
        "created": f"{max(days)}T00:00:00Z",
        "licenses": [LICENCE],
        "sources": [source for i, source in enumerate(sources) if source not in sources[:i]],
        "resources": resources,
    }


def write(tables: Mapping[str, Table]) -> Path:
    """Write results/datapackage.json, the descriptor of what is frozen there."""
    text = json.dumps(descriptor(records.FROZEN, tables), indent=1) + "\n"
    with atomic(records.FROZEN / PACKAGE) as part:
        part.write_text(text, encoding="utf-8")
    return records.FROZEN / PACKAGE


def read(folder: Path, tables: Mapping[str, Table]) -> dict:
    """The descriptor in `folder`. Raises Damaged where it is not that of the results beside it, or one of these is damaged."""
    remedy = "Restore results/ with git, or write it anew with `.venv/bin/python -m paper freeze`"
    found = read_json(folder / PACKAGE, remedy)
    if found != json.loads(json.dumps(descriptor(folder, tables))):
        raise Damaged(
            f"{folder / PACKAGE} is not that of the results beside it: one of them was altered or damaged. {remedy}"
        )
    return found


def _resource(path: Path, tables: Mapping[str, Table]) -> dict:
    results = records.read_pair(path)
    if not results:
        raise FileNotFoundError(f"{path} has no provenance: {path.stem}.json is missing beside it")
    key, text = results[0].key, path.read_bytes()
    if key.experiment not in tables:
        raise ValueError(f"{path}: unknown experiment {key.experiment!r}; valid: {', '.join(tables)}")
    about, source = tables[key.experiment], source_of(key.dataset)
    if unknown := [name for name in results[0].table if name not in about.all_columns]:
        raise ValueError(
            f"column {unknown[0]!r} of {key.experiment} is unknown: describe it in the experiment's table.py"
        )
    seeds = " ".join(str(result.key.seed) for result in results)
    return {
        "profile": "tabular-data-resource",
        "name": f"{key.experiment}-{key.dataset}",
        "title": f"{about.figure[0].upper()}{about.figure[1:]}, {key.dataset.capitalize()}",
        "description": inspect.getdoc(about.of).splitlines()[0],
        "path": f"{path.parent.name}/{path.name}",
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "hash": f"sha256:{sha256(text)}",
        "bytes": len(text),
        "sources": [{"title": source.title, "path": source.url, "fingerprint": key.data}],
        "produced": {
            "command": f'make reproduce DATASETS="{key.dataset}" SEEDS="{seeds}" EXPERIMENTS="{key.experiment}"',
            "function": f"{about.of.__module__}.{about.of.__name__}",
            "code": key.code,
            "parameters": key.parameters,
            "seeds": [{"seed": result.key.seed, **result.made} for result in results],
        },
        "schema": {
            "fields": [about.all_columns[name].field(name) for name in results[0].table],
            "missingValues": [""],
        }
        # Rows that have no name but their order have no key either.
        | ({} if about.numbered else {"primaryKey": ["dataset", "seed", *about.keys]}),
    }
