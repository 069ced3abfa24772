"""Two tables of one experiment, one fresh and one frozen: do they agree, and if not, where?"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from paper.results.table import Table


@dataclass(frozen=True)
class Comparison:
    """good: whether two tables agree; words: how closely, or the first thing in which they differ."""

    good: bool
    words: str


def compare(fresh: pd.DataFrame, frozen: pd.DataFrame, about: Table) -> Comparison:
    """The tables of one experiment, data set and seed, each number against its own tolerance."""
    if problem := _columns(fresh, frozen, about):
        return Comparison(False, problem)
    a, b = about.named(fresh), about.named(frozen)
    if not (a.index.is_unique and b.index.is_unique):
        return Comparison(False, "some rows are there more than once")
    if rows := _rows(a, b):
        return Comparison(False, rows)
    a = a.loc[b.index]
    for column in about.exact:
        if (wrong := (a[column] != b[column]) & ~(a[column].isna() & b[column].isna())).any():
            return Comparison(False, _first(a, b, column, wrong))
    for column in about.within:
        if (wrong := _off(_without_trade(column, a, b, about), b[column], _tolerance(column, a, b, about)) > 1).any():
            return Comparison(False, _first(a, b, column, wrong))
    return Comparison(True, _closeness(a, b, about))


def _without_trade(column: str, a: pd.DataFrame, b: pd.DataFrame, about: Table) -> pd.Series:
    if about.within[column].traded is None:
        return a[column]
    row, other = about.within[column].traded
    return a[column] - (a[other] - b[other]).where(a.index.get_level_values(-1) == row, 0.0)


def _tolerance(column: str, a: pd.DataFrame, b: pd.DataFrame, about: Table) -> pd.Series:
    within = about.within[column]
    size = b[column].abs()
    tolerance = within.absolute + within.relative * size + within.of_largest * size.max()
    if within.moved:
        ratios = [(a[name] / b[name]).fillna(1) for name in ("lam", "beta")]  # NaN: infinite in both
        steps = sum(np.maximum(ratio, 1 / ratio) - 1 for ratio in ratios)
        tolerance = tolerance + steps.clip(upper=within.moved) * size
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
            rows = "1 row is" if len(lacking) == 1 else f"{len(lacking)} rows are"
            return f"{rows} {words}, the first: {_name(lacking, 0)}"
    return ""


def _first(a: pd.DataFrame, b: pd.DataFrame, column: str, wrong: pd.Series) -> str:
    row = int(np.argmax(wrong))
    values = (
        f"{value:.7g}" if isinstance(value, (int, float, np.number)) else value
        for value in (a[column].iloc[row], b[column].iloc[row])
    )
    rows = "1 row differs" if wrong.sum() == 1 else f"{wrong.sum()} rows differ"
    return f"{rows} in {column}, the first: {_name(wrong.index, row)}: {', frozen '.join(values)}"


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
