"""The paper's sentences about its experiments, and the verdict that the frozen results give on each: claims.yml.

A verdict is "reproduced", "partly" or "not" as claims.yml defines it, or "not settled" when a result that it needs is
missing or stale; never a guess.
"""

import inspect
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal, get_args, get_origin

import pandas as pd
import yaml

from paper import names
from paper.claims.curves import NotSettled
from paper.claims.measures import MEASURES
from paper.results import records
from paper.results.records import why_stale

CLAIMS = records.ROOT / "claims.yml"
VERDICTS = ("reproduced", "partly", "not")
REQUIRED = ("id", "words", "place", "reading", "measure", "tolerance", "needs", "verdicts")
OPTIONAL = ("also", "others")
SHARED = ("levels", "sets", "tolerances")  # these hold what the claims refer to by YAML anchors


@dataclass(frozen=True)
class Reading:
    """text: the reading in words; measure: a name in MEASURES, called with `arguments` and the numbers of `tolerance`;
    reason: why this tolerance; needs: experiment -> data set -> seeds."""

    text: str
    measure: str
    arguments: dict
    tolerance: dict
    reason: str
    needs: dict


@dataclass(frozen=True)
class Claim:
    """id; quotes: (words, place) pairs, the main one first; main, others: its readings; verdicts: what each means."""

    id: str
    quotes: tuple[tuple[str, str], ...]
    main: Reading
    others: tuple[Reading, ...]
    verdicts: dict[str, str]


@dataclass(frozen=True)
class Judgement:
    """verdict: one of VERDICTS or "not settled"; value: the number it was read off, None if it is not settled;
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


def read(path: Path = CLAIMS) -> list[Claim]:
    """The claims in `path`; raises ValueError with every problem of the file, a line each."""
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    if not isinstance(content, dict) or not isinstance(content.get("claims"), list) or not content["claims"]:
        raise ValueError(f"{path.name}: expected a list of claims under the key `claims`")
    problems = [f"unknown key {name!r}" for name in content if name not in (*SHARED, "claims")]
    ids = [entry.get("id") if isinstance(entry, dict) else None for entry in content["claims"]]
    problems += [
        f"the id {name!r} is used {ids.count(name)} times" for name in sorted({*map(str, ids)}) if ids.count(name) > 1
    ]
    for number, entry in enumerate(content["claims"], start=1):
        name = ids[number - 1] or f"claim {number}"
        problems += [f"{name}: {problem}" for problem in _problems(entry)]
    if problems:
        raise ValueError("\n".join(f"{path.name}: {problem}" for problem in problems))
    return [_claim(entry) for entry in content["claims"]]


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
        finding = MEASURES[reading.measure](tables, **reading.arguments, **reading.tolerance)
    except NotSettled as reason:
        return Judgement(reading, "not settled", None, f"{reason}.")
    return Judgement(reading, finding.verdict, float(finding.value), finding.sentence, tuple(results))


def judged(path: Path = CLAIMS) -> list[Judged]:
    """Every claim in `path`, judged by the frozen results."""
    read_all = cache(records.read_all)  # many claims rest on the same tables
    return [
        Judged(claim, judge(claim.main, read_all), tuple(judge(other, read_all) for other in claim.others))
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


def _claim(entry: dict) -> Claim:
    quotes = tuple((quote["words"], quote["place"]) for quote in [entry, *entry.get("also", [])])
    others = tuple(_reading(entry | other) for other in entry.get("others", []))
    return Claim(entry["id"], quotes, _reading(entry), others, entry["verdicts"])


def _reading(entry: dict) -> Reading:
    ((measure, arguments),) = entry["measure"].items()
    tolerance = {name: value for name, value in entry["tolerance"].items() if name != "reason"}
    return Reading(entry["reading"], measure, arguments, tolerance, entry["tolerance"]["reason"], entry["needs"])


def _problems(entry: object) -> list[str]:
    """What is wrong with one claim; its readings are looked at only when its fields are all there."""
    if not isinstance(entry, dict):
        return [f"expected fields, got {entry!r}"]
    problems = [f"lacks {name}" for name in REQUIRED if not entry.get(name)]
    problems += [f"unknown field {name!r}" for name in entry if name not in REQUIRED + OPTIONAL]
    kinds = {"tolerance": dict, "needs": dict, "verdicts": dict, "also": list, "others": list}
    problems += [
        f"{name} must be a {kind.__name__}"
        for name, kind in kinds.items()
        if not isinstance(entry.get(name, kind()), kind)
    ]
    if problems:
        return problems
    if set(entry["verdicts"]) != set(VERDICTS):
        problems.append(
            f"verdicts must say what {', '.join(VERDICTS)} mean, got {', '.join(map(str, entry['verdicts']))}"
        )
    problems += [f"the verdict {name!r} has no words" for name, words in entry["verdicts"].items() if not words]
    if not re.fullmatch("[a-z0-9-]+", str(entry["id"])):
        problems.append(f"id must be of a-z, 0-9 and -, got {entry['id']!r}")
    for quote in entry.get("also", []):
        if set(quote) != {"words", "place"}:
            problems.append(f"each of `also` must have words and place, got {', '.join(quote)}")
    problems += _reading_problems(entry)
    for other in entry.get("others", []):
        if not {"reading", "measure"} <= set(other) <= {"reading", "measure", "tolerance", "needs"}:
            problems.append(
                f"each of `others` must have reading and measure, may have tolerance and needs, got {', '.join(other)}"
            )
        else:
            problems += [f"other reading: {problem}" for problem in _reading_problems(entry | other)]
    return problems


def _reading_problems(entry: dict) -> list[str]:
    problems, measure, needs = [], entry["measure"], entry["needs"]
    if not entry["tolerance"].get("reason"):
        return ["the tolerance lacks its reason"]
    if not isinstance(measure, dict) or len(measure) != 1 or not isinstance(next(iter(measure.values())), dict):
        return [f"measure must be {{name: {{argument: value}}}}, got {measure!r}"]
    ((name, arguments),) = measure.items()
    if name not in MEASURES:
        return [f"unknown measure {name!r}; known: {', '.join(MEASURES)}"]
    given = arguments | {key: value for key, value in entry["tolerance"].items() if key != "reason"}
    try:
        inspect.signature(MEASURES[name]).bind({}, **given)
    except TypeError as error:
        return [f"measure {name}: {error}"]
    for key, value in given.items():
        kind = inspect.signature(MEASURES[name]).parameters[key].annotation
        if get_origin(kind) is Literal and value not in get_args(kind):
            problems.append(f"measure {name}: {key} must be one of {', '.join(get_args(kind))}, got {value!r}")
        if kind is float and (isinstance(value, bool) or not isinstance(value, (int, float))):
            problems.append(f"measure {name}: {key} must be a number, got {value!r}")
        if kind is list and not isinstance(value, list):
            problems.append(f"measure {name}: {key} must be a list, got {value!r}")
    for experiment, datasets in needs.items():
        if experiment not in names.EXPERIMENTS:
            problems.append(f"needs: unknown experiment {experiment!r}; known: {', '.join(names.EXPERIMENTS)}")
        if not isinstance(datasets, dict):
            problems.append(f"needs: {experiment} must be {{data set: seeds}}, got {datasets!r}")
            continue
        for dataset, seeds in datasets.items():
            if dataset not in names.DATASETS:
                problems.append(f"needs: unknown data set {dataset!r}")
            if not isinstance(seeds, list) or not seeds or not all(type(seed) is int and seed >= 0 for seed in seeds):
                problems.append(f"needs: the seeds of {experiment} of {dataset} must be a list, got {seeds!r}")
        if unneeded := [dataset for dataset in _datasets(arguments) if dataset not in datasets]:
            problems.append(f"measure {name}: {unneeded[0]} is not among what it needs of {experiment}")
    return problems


def _datasets(arguments: dict) -> list[str]:
    pairs = [dataset for pair in arguments.get("pairs", []) for dataset in pair]
    return [*arguments.get("datasets", []), *pairs, *(arguments[key] for key in ("near", "far") if key in arguments)]
