"""Holds freshly computed results against the frozen ones, one line each: what `make verify` calls.

All is not well when a number is off by more than its tolerance, when rows or columns differ, when a result is
missing or unreadable, and when a frozen or a fresh table was made by other code than the present one.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path

from paper.results import records
from paper.results.compare import compare
from paper.results.records import Result, why_stale
from paper.results.table import Table


def verify(paths: Iterable[Path], tables: Mapping[str, Table]) -> bool:
    """Print a line for each result at `paths` and for each stale or unreadable frozen table; True if all is well."""
    good = True

    def report(word: str, what: str, words: str) -> None:
        nonlocal good
        good = good and word == "ok"
        print(f"{word:<10} {what}: {words}")

    frozen = {}
    for path in records.tables(records.FROZEN):
        for result in _read(path, report):
            frozen[_identity(result)] = result
            if reason := why_stale(result):
                report("STALE", f"frozen {_label(result)}", f"{reason}; run `make reproduce` and `make freeze`")
    fresh = {_identity(result): result for path in paths for result in _read(path, report)}
    for identity, result in fresh.items():
        about = tables.get(result.key.experiment)
        if reason := why_stale(result):
            report("STALE", f"fresh {_label(result)}", f"{reason}; run `make reproduce`")
        elif about is None:
            report("MISMATCH", _label(result), f"unknown experiment; valid: {', '.join(tables)}")
        elif identity not in frozen:
            report("MISSING", _label(result), "it is not frozen in results/")
        elif result.key.parameters != frozen[identity].key.parameters:
            other = frozen[identity].key.parameters
            report("MISMATCH", _label(result), f"parameters {result.key.parameters}, frozen {other}")
        else:
            comparison = compare(result.table, frozen[identity].table, about)
            words = f"{about.figure}, {len(frozen[identity].table)} rows: {comparison.words}"
            report("ok" if comparison.good else "MISMATCH", _label(result), words)
    if not fresh:
        report("MISSING", "fresh results", "there is nothing to compare; run `make reproduce` first")
    if rest := sorted(set(frozen) - set(fresh)):
        listed = ", ".join("{} {} seed {}".format(*each) for each in rest)
        print(f"not compared, since they were not computed afresh: {listed}")
    return good


def _read(path: Path, report) -> list[Result]:
    """The results at `path`, none and a report when they cannot be read."""
    try:
        if results := records.read_all(path):
            return results
        missing = path if not path.exists() else path.with_suffix(".json")
        report("MISSING", str(path), f"there is no {missing.name}")
    except (ValueError, OSError) as error:
        report("UNREADABLE", str(path), str(error) or type(error).__name__)
    return []


def _identity(result: Result) -> tuple[str, str, int]:
    return result.key.experiment, result.key.dataset, result.key.seed


def _label(result: Result) -> str:
    return "{} {} seed {}".format(*_identity(result))
