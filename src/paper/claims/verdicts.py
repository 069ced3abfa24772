"""The verdict that the frozen results give on each sentence of claims.yml.

A verdict is "reproduced", "partly" or "not" as claims.yml defines it, or "not settled" when a result that it needs is
missing or stale; never a guess.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pandas as pd

from paper.claims.curves import NotSettled
from paper.claims.measures import MEASURES
from paper.claims.schema import CLAIMS, Claim, Reading, read
from paper.results import records
from paper.results.records import why_stale


@dataclass(frozen=True)
class Judgement:
    """verdict: "reproduced", "partly", "not" or "not settled"; value: the number it was read off, None if it is not settled;
    sentence: what was measured, or why it is not settled; results: those that were used."""

    reading: Reading
    verdict: str
    value: float | None
    sentence: str
    results: tuple[records.Result, ...] = ()


@dataclass(frozen=True)
class Judged:
    """A claim and the judgement of each of its readings."""

    claim: Claim
    main: Judgement
    others: tuple[Judgement, ...]


def judge(reading: Reading, read_all: Callable[[Path], list[records.Result]] = records.read_all) -> Judgement:
    """The verdict that the frozen results give on one reading.

    All frozen seeds of the data sets it needs are used. Raises ValueError when a frozen table fails its checksum.
    """
    tables, results = {}, []
    try:
        for experiment, datasets in reading.needs.items():
            found = [
                result for dataset in datasets for result in _frozen(experiment, dataset, datasets[dataset], read_all)
            ]
            tables[experiment] = pd.concat([result.table for result in found], ignore_index=True)
            results += found
        finding = MEASURES[reading.measure](tables, **reading.arguments)
    except NotSettled as reason:
        return Judgement(reading, "not settled", None, f"{reason}.")
    return Judgement(reading, finding.verdict, float(finding.value), finding.sentence, tuple(results))


def judged(path: Path = CLAIMS) -> list[Judged]:
    """Every claim in `path`, judged by the frozen results."""
    read_all = cache(records.read_all)  # many claims rest on the same tables
    return [
        Judged(claim, judge(claim, read_all), tuple(judge(other, read_all) for other in claim.others))
        for claim in read(path)
    ]


def _frozen(experiment: str, dataset: str, seeds: list[int], read_all: Callable) -> list[records.Result]:
    results = read_all(records.FROZEN / experiment / f"{dataset}.csv")
    if missing := sorted(set(seeds) - {result.key.seed for result in results}):
        listed = ", ".join(map(str, missing))
        raise NotSettled(f"Missing: {experiment} of {dataset}, seed{'s' if len(missing) > 1 else ''} {listed}")
    for result in results:
        if reason := why_stale(result):
            raise NotSettled(f"Stale: {experiment} of {dataset}, {reason}")
    return results
