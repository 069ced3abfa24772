"""benchmarks/results.json: what it holds, and how a part that was run again replaces its old numbers.

environments {part: {versions, machine, processor_model, threads, date}}: ratios are of one run, so parts may be of different machines
entries      [{name, ratio, low, high, target, note}]: see `pairs.entry`
scaling      [{task, measure, against, base, points: [[size, value]], exponent, stderr}]: see `scaling`
stages       [{stage, dataset, seconds, share, processor}] of a full reproduction: see `stages`
peak         {gflops, low, high, size, threads}: see `peak`

Beside them the file has a checksum of itself, by which it is known whether it was altered.
"""

import datetime
import json
from pathlib import Path

import torch

from paper.benchmarks.words import REMEDY
from paper.files import atomic, read_sealed, sealed
from paper.results import provenance

FIELDS = {
    "entries": ("name", "ratio", "low", "high", "target", "note"),
    "scaling": ("task", "measure", "against", "base", "points", "exponent", "stderr"),
    "stages": ("stage", "dataset", "seconds", "share", "processor"),
}
IDENTITY = {"entries": ("name",), "scaling": ("task", "measure", "against"), "stages": ("stage", "dataset")}
EMPTY = {"environments": {}, "entries": [], "scaling": [], "stages": [], "peak": {}}


def environment() -> dict:
    """What the numbers depend on beside the code."""
    return {
        **provenance.versions(),
        **provenance.machine(),
        "threads": torch.get_num_threads(),
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
    }


def read(path: Path) -> dict:
    """The results at `path`, empty ones where there is no file. Raises ValueError for a file that was altered or has another form."""
    results = read_sealed(path, REMEDY) if path.exists() else EMPTY
    validate(results)
    return results


def validate(results: dict) -> None:
    """Raise ValueError unless `results` has the form above, each item once."""
    if set(results) != set(EMPTY):
        raise ValueError(f"results must have {', '.join(EMPTY)}, got {', '.join(results)}")
    for part, fields in FIELDS.items():
        for item in results[part]:
            if set(item) != set(fields):
                raise ValueError(f"an item of {part} must have {', '.join(fields)}, got {', '.join(item)}")
        identities = [_identity(part, item) for item in results[part]]
        if len(set(identities)) < len(identities):
            raise ValueError(f"{part} has an item twice: {', '.join(map(str, sorted(identities)))}")


def merge(path: Path, **parts: list | dict) -> dict:
    """Put these into the file, in place of the items of the same identity and of the same parts' environments, and return the whole."""
    results = read(path)
    for part, new in parts.items():
        if isinstance(new, list):
            kept = {_identity(part, item) for item in new}
            new = [item for item in results[part] if _identity(part, item) not in kept] + new
        elif part == "environments":
            new = results[part] | new
        results = results | {part: new}
    validate(results)
    with atomic(path) as file:
        file.write_text(json.dumps(sealed(results), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return results


def stages(timed: list[tuple[str, str, float, str]]) -> list[dict]:
    """Rows of `stages` from (stage, dataset, seconds, processor) each; `share` is that of the data set's total.

    The processor is that of the results, which need not be the one of the benchmarks.
    """
    totals = {}
    for _, dataset, seconds, _ in timed:
        totals[dataset] = totals.get(dataset, 0.0) + seconds
    return [
        {
            "stage": stage,
            "dataset": dataset,
            "seconds": seconds,
            "share": seconds / totals[dataset],
            "processor": processor,
        }
        for stage, dataset, seconds, processor in timed
    ]


def _identity(part: str, item: dict) -> tuple:
    return tuple(item[field] for field in IDENTITY[part])
