"""Holds freshly computed results against the frozen ones, one line each: what `make verify` calls.

    python -m pacbayes_curvature.verify build/reproduced/*/*.csv

Ends with exit code 1 when a number is off by more than its tolerance, when rows or columns differ, when a result is
missing or unreadable, and when a frozen or a fresh table was made by other code than the present one.
"""

import argparse
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from . import records
from .records import Result
from .staleness import why_stale


@dataclass(frozen=True)
class Within:
    """How far two numbers may be apart: the sum of a number of standard errors of their difference (from the columns
    <name>_stderr), a part of the frozen number, a part of the largest frozen number of the column, and a constant."""

    errors: float = 0
    relative: float = 0
    of_largest: float = 0
    absolute: float = 0


@dataclass(frozen=True)
class Rule:
    """How two tables of an experiment are compared.

    figure: what the book shows of them; keys: the columns that name a row; exact: those that must be equal; within: the
    tolerances of the others; telling: the column that tells one trained network from another; ignored: the columns that
    follow from others or from the noise; may_be_longer: whether the number of rows depends on the network; numbered: a
    column whose rows of one value have no name but their order, which becomes the key "row".
    """

    figure: str
    keys: tuple[str, ...]
    exact: tuple[str, ...]
    within: dict[str, Within]
    telling: str
    ignored: tuple[str, ...] = ()
    may_be_longer: bool = False
    numbered: str = ""

    def named(self, table: pd.DataFrame) -> pd.DataFrame:
        """The table with its keys as the index."""
        if self.numbered:
            table = table.assign(row=table.groupby(self.numbered).cumcount())
        return table.set_index(list(self.keys))


# Noise. Some thousand accuracies are compared at once: the largest of as many standard normal numbers is below 4, and
# answers are somewhat less than normal near 100%. Five, and one answer for each of the two where an error rate is 0.
NOISE = Within(errors=5, absolute=2e-5)
# Rounding. Another order of summation, on another processor or with another number of threads, changes the network. On
# digits a relative change of 1e-7 at the start changes |mu_0 - mu_1|^2 and the KL by 1e-7, another seed by 4e-2. Small
# eigenvalues are differences of large numbers: they are held against the largest.
ROUNDING = Within(relative=1e-3, of_largest=1e-6)
# A network's loss near interpolation, and counts over its few uncertain answers, are exponentials of its logits.
SENSITIVE = Within(relative=5e-2, of_largest=1e-6)
# Test and running accuracies are counts without noise of their own, but single answers flip by rounding.
ANSWERS = Within(absolute=2e-3)

RULES = {
    "training_run": Rule(
        "training",
        keys=("epoch",),
        exact=(),
        within={
            "learning_rate": ROUNDING,
            "loss": SENSITIVE,
            "running_accuracy": ANSWERS,
            "train_accuracy": ANSWERS,
            "test_accuracy": ANSWERS,
        },
        telling="loss",
        may_be_longer=True,
    ),
    "curvature_spectra": Rule(
        "spectra",
        keys=("layer", "index"),
        exact=("neurons",),
        within=dict.fromkeys(("eigenvalue", "diagonal", "squared_distance"), ROUNDING),
        telling="squared_distance",
    ),
    "accuracy_vs_complexity": Rule(
        "Figures 3 and 4",
        keys=("method", "lam", "beta"),
        exact=("examples",),
        within={"accuracy": NOISE, "kl": ROUNDING, "complexity": ROUNDING},
        telling="kl",
        ignored=("accuracy_stderr", "evaluated", "pareto", "drawn_accuracy", "drawn_accuracy_stderr"),
    ),
    "lower_bound": Rule(
        "Figure 2",
        keys=("curve", "relative_beta"),
        exact=("examples", "evaluated"),
        within={
            "accuracy": NOISE,
            **dict.fromkeys(
                ("beta", "kl", "complexity", "expected_loss", "layerwise_loss", "uncurved", "raised"), ROUNDING
            ),
            "effective_examples": SENSITIVE,
        },
        telling="kl",
        ignored=("accuracy_stderr",),
    ),
    "two_minima": Rule(
        "Figure 1",
        keys=("part", "row"),
        exact=("quantity", "epoch"),
        within={
            name: Within(relative=5e-2, absolute=1e-2)
            for name in ("value", "along", "across", "distance", "loss", "error", "noisy_loss", "noisy_error")
        },
        telling="value",
        numbered="part",
    ),
    "sensitivity": Rule(
        "what the answer depends on",
        keys=("factor", "value", "method"),
        exact=("status", "examples"),
        within={
            "epochs": ROUNDING,
            "test_accuracy": ANSWERS,
            **dict.fromkeys(("squared_distance", "trace"), ROUNDING),
            # The smallest bound is a flat minimum: where it is found may move while its height hardly does.
            "bound": Within(absolute=5e-3),
        },
        telling="squared_distance",
        ignored=("lam", "beta", "accuracy", "accuracy_stderr", "kl", "complexity"),
    ),
}

# Where training is unstable, rounding grows until the network differs as one of another seed does: on digits with
# batches of 8 in place of 64, by 0.7 to 1.5 times the spread over seeds. Then the numbers have to lie in the spread
# over the frozen seeds: of n numbers with standard deviation s, the next is off their mean by s sqrt(1 + 1/n) times a
# number of Student's distribution. For n = 5 that exceeds 8 with a probability of about 1 in 1000.
SPREADS, FEWEST_SEEDS = 8, 3


@dataclass(frozen=True)
class Comparison:
    """good: whether two tables agree; words: how closely, or the first thing in which they differ."""

    good: bool
    words: str


def compare(fresh: pd.DataFrame, frozen: pd.DataFrame, rule: Rule, seeds: list[pd.DataFrame]) -> Comparison:
    """The tables of one experiment, data set and seed; `seeds`: the frozen tables of all seeds, for their spread.

    Where half of the telling column is off by more than its tolerance, the fresh network is another one than the
    frozen, and all numbers are held against the spread over seeds. Else each number is held against its own tolerance.
    """
    if problem := _columns(fresh, frozen, rule):
        return Comparison(False, problem)
    a, b = rule.named(fresh), rule.named(frozen)
    if not (a.index.is_unique and b.index.is_unique):
        return Comparison(False, "some rows are there more than once")
    rows, common = _rows(a, b), a.index[a.index.isin(b.index)]
    if rows and (not rule.may_be_longer or not len(common)):
        return Comparison(False, rows)
    x, y = a.loc[common], b.loc[common]
    for column in rule.exact:
        if (wrong := (x[column] != y[column]) & ~(x[column].isna() & y[column].isna())).any():
            return Comparison(False, _first(x, y, column, wrong))
    off = {column: _off(x[column], y[column], _tolerance(column, x, y, rule)) for column in rule.within}
    if not rows and all((ratio <= 1).all() for ratio in off.values()):
        return Comparison(True, _closeness(x, y, rule))
    column = next((column for column, ratio in off.items() if (ratio > 1).any()), None)
    problem = rows or _first(x, y, column, off[column] > 1)
    if (off[rule.telling] > 1).mean() < 0.5:
        return Comparison(False, problem)
    return _within_spread(a, b, rule, [rule.named(table) for table in seeds], problem)


def _within_spread(a: pd.DataFrame, b: pd.DataFrame, rule: Rule, seeds: list[pd.DataFrame], problem: str) -> Comparison:
    """Another network than the frozen one: is it like those of the frozen seeds?"""
    if len(seeds) < FEWEST_SEEDS:
        return Comparison(
            False, f"another network, and {len(seeds)} frozen do not tell the spread over seeds; {problem}"
        )
    if rule.may_be_longer:  # of runs of different length only the ends compare
        a, b, *seeds = (table.tail(1).set_axis(["at the end"]).rename_axis("row") for table in (a, b, *seeds))
    n = len(seeds)
    for column in rule.within:
        values = pd.concat([table[column] for table in seeds], axis=1).loc[a.index]
        mean = values.mean(axis=1)
        tolerance = _tolerance(column, a, b.loc[a.index], rule) + SPREADS * values.std(axis=1) * np.sqrt(1 + 1 / n)
        wrong = _off(a[column], mean, tolerance) > 1
        if wrong.any():
            return Comparison(False, "outside of the spread over seeds: " + _first(a, b.loc[a.index], column, wrong))
    return Comparison(
        True, f"another network than the frozen one, as training on this machine goes; within the spread of {n} seeds"
    )


def _tolerance(column: str, a: pd.DataFrame, b: pd.DataFrame, rule: Rule) -> pd.Series:
    within = rule.within[column]
    size = b[column].abs()
    tolerance = within.absolute + within.relative * size + within.of_largest * size.max()
    if within.errors:
        tolerance = tolerance + within.errors * np.hypot(a[f"{column}_stderr"], b[f"{column}_stderr"])
    return tolerance


def _off(a: pd.Series, b: pd.Series, tolerance: pd.Series) -> pd.Series:
    """|a - b| in units of the tolerance: 0 where they are equal or both NaN, infinite where one of them is NaN."""
    equal = (a == b) | (a.isna() & b.isna())
    return ((a - b).abs() / tolerance).fillna(np.inf).mask(equal, 0.0)


def _columns(fresh: pd.DataFrame, frozen: pd.DataFrame, rule: Rule) -> str:
    known = {"dataset", "seed", *rule.keys, *rule.exact, *rule.within, *rule.ignored} - (
        {"row"} if rule.numbered else set()
    )
    for name, table in (("fresh", fresh), ("frozen", frozen)):
        if missing := sorted(known - set(table)):
            return f"the {name} table has no column {', '.join(missing)}"
        if unknown := sorted(set(table) - known):
            return f"the {name} table has columns without a tolerance: {', '.join(unknown)}"
    return ""


def _rows(a: pd.DataFrame, b: pd.DataFrame) -> str:
    for words, more, less in (("missing from the fresh table", b, a), ("not in the frozen table", a, b)):
        lacking = more.index[~more.index.isin(less.index)]
        if len(lacking):
            return f"{len(lacking)} rows are {words}, the first: {_name(lacking, 0)}"
    return ""


def _first(a: pd.DataFrame, b: pd.DataFrame, column: str, wrong: pd.Series) -> str:
    row = int(np.argmax(wrong))
    values = (
        f"{value:.7g}" if isinstance(value, (int, float, np.number)) else value
        for value in (a[column].iloc[row], b[column].iloc[row])
    )
    return f"{wrong.sum()} rows differ in {column}, the first: {_name(wrong.index, row)}: {', frozen '.join(values)}"


def _name(index: pd.Index, row: int) -> str:
    values = index[row] if isinstance(index, pd.MultiIndex) else (index[row],)
    return ", ".join(f"{name} {value}" for name, value in zip(index.names, values))


def _closeness(a: pd.DataFrame, b: pd.DataFrame, rule: Rule) -> str:
    parts = []
    for column, within in rule.within.items():
        apart = (a[column] - b[column]).abs()
        if within.relative:  # of numbers so small that of_largest rules, of the number where both rules are equal
            apart = apart / b[column].abs().clip(lower=within.of_largest / within.relative * b[column].abs().max())
        largest = apart.max()
        parts.append(
            f"{column} within {largest:.1g}{' of itself' if within.relative else ''}"
            if largest > 0
            else f"{column} equal"
        )
    return ", ".join(parts)


# The command line -----------------------------------------------------------------------------------------------------


def verify(paths: Iterable[Path]) -> bool:
    """Print a line for each result at `paths` and for each stale or unreadable frozen table; True if all is well."""
    good, compared = True, set()

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
    for path in paths:
        for result in _read(path, report):
            compared.add(identity := _identity(result))
            rule = RULES.get(result.key.experiment)
            if reason := why_stale(result):
                report("STALE", f"fresh {_label(result)}", f"{reason}; run `make reproduce`")
            elif rule is None:
                report("MISMATCH", _label(result), "verify.RULES has no tolerances for this experiment")
            elif identity not in frozen:
                report("MISSING", _label(result), "it is not frozen in results/")
            elif result.key.parameters != frozen[identity].key.parameters:
                other = frozen[identity].key.parameters
                report("MISMATCH", _label(result), f"parameters {result.key.parameters}, frozen {other}")
            else:
                seeds = [other.table for key, other in frozen.items() if key[:2] == identity[:2]]
                comparison = compare(result.table, frozen[identity].table, rule, seeds)
                words = f"{rule.figure}, {len(frozen[identity].table)} rows: {comparison.words}"
                report("ok" if comparison.good else "MISMATCH", _label(result), words)
    if not compared:
        report("MISSING", "fresh results", "there is nothing to compare; run `make reproduce` first")
    if rest := sorted(set(frozen) - compared):
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
    except (ValueError, KeyError, TypeError, OSError) as error:
        report("UNREADABLE", str(path), str(error) or type(error).__name__)
    return []


def _identity(result: Result) -> tuple[str, str, int]:
    return result.key.experiment, result.key.dataset, result.key.seed


def _label(result: Result) -> str:
    return "{} {} seed {}".format(*_identity(result))


def main(arguments: list[str] | None = None) -> int:
    """The exit code: 0 if all results agree with the frozen ones, else 1."""
    parser = argparse.ArgumentParser(prog="python -m pacbayes_curvature.verify", description=__doc__.splitlines()[0])
    parser.add_argument("paths", type=Path, nargs="*", metavar="RESULT.csv")
    return 0 if verify(parser.parse_args(arguments).paths) else 1


if __name__ == "__main__":
    sys.exit(main())
