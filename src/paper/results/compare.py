"""Two tables of one experiment, one fresh and one frozen: do they agree, and if not, where?

Legend: n frozen seeds.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from paper.results.table import Table

# Another processor adds in another order, and training grows rounding until the network differs as one of another seed
# does; the course of the training shows it. Then the numbers have to lie in the spread over the frozen seeds: of n numbers
# with standard deviation s, the next is off their mean by s sqrt(1 + 1/n) times a number of Student's distribution. For
# n = 5 that exceeds 8 with a probability of about 1 in 1000.
SPREADS, FEWEST_SEEDS = 8, 3


@dataclass(frozen=True)
class Comparison:
    """good: whether two tables agree; words: how closely, or the first thing in which they differ."""

    good: bool
    words: str


@dataclass(frozen=True)
class Seeds:
    """Frozen tables of one experiment and one data set, a seed each, that tell the spread over seeds."""

    dataset: str
    tables: list[pd.DataFrame]


def compare(fresh: pd.DataFrame, frozen: pd.DataFrame, about: Table, seeds: Seeds | None = None) -> Comparison:
    """The tables of one experiment, data set and seed, each number against its own tolerance.

    With `seeds` the fresh network is another one than the frozen: then the numbers may also be as far off as those of other
    seeds are.
    """
    if problem := _columns(fresh, frozen, about):
        return Comparison(False, problem)
    a, b = about.named(fresh), about.named(frozen)
    if not (a.index.is_unique and b.index.is_unique):
        return Comparison(False, "some rows are there more than once")
    rows, common = _rows(a, b), a.index[a.index.isin(b.index)]
    if rows and (not about.may_be_longer or not len(common)):
        return Comparison(False, rows)
    x, y = a.loc[common], b.loc[common]
    for column in about.exact:
        if (wrong := (x[column] != y[column]) & ~(x[column].isna() & y[column].isna())).any():
            return Comparison(False, _first(x, y, column, wrong))
    off = {column: _off(x[column], y[column], _tolerance(column, x, y, about)) for column in about.within}
    if not rows and all((ratio <= 1).all() for ratio in off.values()):
        return Comparison(True, _closeness(x, y, about))
    if seeds is None:
        column = next((column for column, ratio in off.items() if (ratio > 1).any()), None)
        return Comparison(False, rows or _first(x, y, column, off[column] > 1))
    return _within_spread(a, b, about, seeds, str(fresh["dataset"].iloc[0]))


def _within_spread(a: pd.DataFrame, b: pd.DataFrame, about: Table, seeds: Seeds, dataset: str) -> Comparison:
    """Another network than the frozen one: is it like those of other seeds?

    The spread over seeds is absolute, or a part of the number where the column's tolerance is one. Of some thousand rows a
    few have a small one by chance, so that a row's counts for at least the column's root mean square. Seeds of the same data
    set give the mean too; with those of another one, the frozen number is in its place.
    """
    n, tables = len(seeds.tables), [about.named(table) for table in seeds.tables]
    if n < FEWEST_SEEDS:
        return Comparison(False, f"another network, and {n} frozen do not tell the spread over seeds")
    if about.may_be_longer:  # of runs of different length only the ends compare
        a, b, *tables = (table.tail(1).set_axis(["at the end"]).rename_axis("row") for table in (a, b, *tables))
    own = seeds.dataset == dataset
    for column in about.within:
        values = pd.concat([table[column] for table in tables], axis=1)
        mean, spread = values.mean(axis=1), values.std(axis=1)
        relative = about.within[column].relative > 0
        part = (spread / mean.abs() if relative else spread).replace(np.inf, np.nan)
        least = np.sqrt(np.square(part).mean())
        part = np.fmax(part.reindex(a.index), least) * np.sqrt(1 + 1 / n if own else 2)
        mean = mean.reindex(a.index) if own else b[column].reindex(a.index)
        spread = part * (mean.abs() if relative else 1.0)
        tolerance = _tolerance(column, a, b.loc[a.index], about) + SPREADS * spread
        wrong = _off(a[column], mean, tolerance) > 1
        if wrong.any():
            return Comparison(False, "outside of the spread over seeds: " + _first(a, b.loc[a.index], column, wrong))
    of = "" if own else f" of {seeds.dataset}"
    return Comparison(True, f"another network than the frozen one, within the spread of {n} seeds{of}")


def _tolerance(column: str, a: pd.DataFrame, b: pd.DataFrame, about: Table) -> pd.Series:
    within = about.within[column]
    size = b[column].abs()
    tolerance = within.absolute + within.relative * size + within.of_largest * size.max()
    if within.errors:
        tolerance = tolerance + within.errors * np.hypot(a[f"{column}_stderr"], b[f"{column}_stderr"])
    return tolerance


def _off(a: pd.Series, b: pd.Series, tolerance: pd.Series) -> pd.Series:
    """|a - b| in units of the tolerance: 0 where they are equal or both NaN, infinite where one of them is NaN."""
    equal = (a == b) | (a.isna() & b.isna())
    return ((a - b).abs() / tolerance).fillna(np.inf).mask(equal, 0.0)


def _columns(fresh: pd.DataFrame, frozen: pd.DataFrame, about: Table) -> str:
    known = set(about.all_columns)
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


def _closeness(a: pd.DataFrame, b: pd.DataFrame, about: Table) -> str:
    parts = []
    for column, within in about.within.items():
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
