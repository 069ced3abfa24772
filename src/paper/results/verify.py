"""Holds freshly computed results against the frozen ones, one line each: what `make verify` calls.

    python -m paper.results.verify build/reproduced/*/*.csv

Ends with exit code 1 when a number is off by more than its tolerance, when rows or columns differ, when a result is
missing or unreadable, and when a frozen or a fresh table was made by other code than the present one.
"""

import argparse
import sys
from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from paper.networks.data import split_name
from paper.results import records
from paper.results.compare import Seeds, another_network, compare
from paper.results.records import Result, why_stale
from paper.results.table import RULES


def verify(paths: Iterable[Path]) -> bool:
    """Print a line for each result at `paths` and for each stale or unreadable frozen table; True if all is well."""
    good = True

    def report(word: str, what: str, words: str) -> None:
        nonlocal good
        good = good and word == "ok"
        print(f"{word:<10} {what}: {words}")

    frozen = {}
    for path in sorted(records.FROZEN.glob("*/*.csv")):
        for result in _read(path, report):
            frozen[_identity(result)] = result
            if reason := why_stale(result):
                report("STALE", f"frozen {_label(result)}", f"{reason}; run `make reproduce` and `make freeze`")
    fresh = {_identity(result): result for path in paths for result in _read(path, report)}
    others = {
        identity[1:]
        for identity, result in fresh.items()
        if identity[0] == "training_run"
        and identity in frozen
        and another_network(result.table, frozen[identity].table)
    }
    for identity, result in fresh.items():
        rule = RULES.get(result.key.experiment)
        if reason := why_stale(result):
            report("STALE", f"fresh {_label(result)}", f"{reason}; run `make reproduce`")
        elif rule is None:
            report("MISMATCH", _label(result), "tolerances.RULES has no tolerances for this experiment")
        elif identity not in frozen:
            report("MISSING", _label(result), "it is not frozen in results/")
        elif result.key.parameters != frozen[identity].key.parameters:
            other = frozen[identity].key.parameters
            report("MISMATCH", _label(result), f"parameters {result.key.parameters}, frozen {other}")
        else:
            seeds = _seeds(frozen, *identity[:2]) if identity[1:] in others else None
            comparison = compare(result.table, frozen[identity].table, rule, seeds)
            words = f"{rule.figure}, {len(frozen[identity].table)} rows: {comparison.words}"
            report("ok" if comparison.good else "MISMATCH", _label(result), words)
    if not fresh:
        report("MISSING", "fresh results", "there is nothing to compare; run `make reproduce` first")
    if rest := sorted(set(frozen) - set(fresh)):
        listed = ", ".join("{} {} seed {}".format(*each) for each in rest)
        print(f"not compared, since they were not computed afresh: {listed}")
    return good


def _seeds(frozen: dict[tuple[str, str, int], Result], experiment: str, dataset: str) -> Seeds:
    """The frozen seeds of this data set, or of one with the same images where that has more; or those within the table."""
    if by_seed := RULES[experiment].by_seed:
        table = next(result.table for (of, name, _), result in frozen.items() if (of, name) == (experiment, dataset))
        return Seeds("the table itself", by_seed(table))
    tables: dict[str, list[pd.DataFrame]] = {dataset: []}
    for (of, name, _), result in frozen.items():
        if of == experiment and split_name(name)[0] == split_name(dataset)[0]:
            tables.setdefault(name, []).append(result.table)
    most = max(tables, key=lambda name: len(tables[name]))  # the first of several, which is `dataset` itself
    return Seeds(most, tables[most])


def _read(path: Path, report) -> list[Result]:
    """The results at `path`, none and a report when they cannot be read."""
    try:
        if results := records.read_all(path):
            return results
        missing = path if not path.exists() else path.with_suffix(".json")
        report("MISSING", str(path), f"there is no {missing.name}")
    except (ValueError, KeyError, TypeError, OSError) as error:
        report("UNREADABLE", str(path), str(error) or type(error).__name__)
    return []


def _identity(result: Result) -> tuple[str, str, int]:
    return result.key.experiment, result.key.dataset, result.key.seed


def _label(result: Result) -> str:
    return "{} {} seed {}".format(*_identity(result))


def main(arguments: list[str] | None = None) -> int:
    """The exit code: 0 if all results agree with the frozen ones, else 1."""
    parser = argparse.ArgumentParser(prog="python -m paper.results.verify", description=__doc__.splitlines()[0])
    parser.add_argument("paths", type=Path, nargs="*", metavar="RESULT.csv")
    return 0 if verify(parser.parse_args(arguments).paths) else 1


if __name__ == "__main__":
    sys.exit(main())
