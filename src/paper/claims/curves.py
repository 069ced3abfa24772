"""What the measures of claims look at: the smallest bound of a curve, and curves compared at equal accuracy.

A curve is a method of accuracy_vs_complexity or a curve of lower_bound; `tables` has one table for each experiment,
with the columns dataset and seed. The definitions in words are at the top of claims.yml.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from pacbayes_curvature.pareto import interpolated_complexity
from pacbayes_curvature.posteriors import METHODS
from paper import names

Tables = Mapping[str, pd.DataFrame]
NETWORK = ["dataset", "seed"]
EACH = [*NETWORK, "curve"]


class NotSettled(Exception):
    """A claim cannot be judged; the message says what is missing."""


@dataclass(frozen=True)
class Finding:
    """verdict: "reproduced", "partly" or "not"; value: the number that it was read off; sentence: what was measured."""

    verdict: str
    value: float
    sentence: str


def all_some_none(good: Iterable[bool]) -> str:
    """The verdict on a sentence about several things, of which each is as it says or not."""
    good = list(good)
    return "reproduced" if all(good) else "partly" if any(good) else "not"


def at_most(value: float, small: float, large: float) -> str:
    """The verdict on a sentence that says that `value` is small."""
    return "reproduced" if value <= small else "partly" if value <= large else "not"


def rows_of(tables: Tables, experiment: str, *columns: str) -> pd.DataFrame:
    """The table of `experiment`; raises NotSettled when it, or one of the columns, is missing."""
    if experiment not in tables:
        raise NotSettled(f"needs {experiment}")
    if missing := [column for column in ("dataset", "seed", *columns) if column not in tables[experiment]]:
        raise NotSettled(f"{experiment} has no column {', '.join(missing)}")
    return tables[experiment]


def grid_points(tables: Tables, curve: str, datasets: Sequence[str]) -> pd.DataFrame:
    """All rows of `curve` on `datasets`, explored or reported, under the column name `curve`; NotSettled if none."""
    experiment, name = ("accuracy_vs_complexity", "method") if curve in METHODS else ("lower_bound", "curve")
    needed = (name, "beta", "accuracy", "accuracy_stderr", "kl", "examples", "complexity")
    table = rows_of(tables, experiment, *needed).rename(columns={name: "curve"})
    for dataset in datasets:
        if table[(table["curve"] == curve) & (table["dataset"] == dataset)].empty:
            raise NotSettled(f"{experiment} of {dataset} has no {curve}")
    return table[(table["curve"] == curve) & table["dataset"].isin(datasets)]


def points(tables: Tables, curves: Sequence[str], datasets: Sequence[str]) -> pd.DataFrame:
    """The points of `curves`, of a method's those that were evaluated on all examples, with bound = 1 - accuracy + complexity."""
    table = pd.concat(grid_points(tables, curve, datasets) for curve in curves)
    if "evaluated" in table:  # a table without the column was evaluated on all of them; so are its rows in a mixture
        explored = table["curve"].isin(METHODS) & (table["evaluated"] < table["examples"])
        table = table[~explored]
    return table.assign(bound=1 - table["accuracy"] + table["complexity"]).reset_index(drop=True)


def smallest(table: pd.DataFrame) -> pd.DataFrame:
    """The point with the smallest bound of each data set, seed and curve."""
    return table.loc[table.groupby(EACH, sort=False)["bound"].idxmin()].reset_index(drop=True)


def line_at(dataset: str, line: str) -> float:
    """The height of a line of vacuity: chance, 1 - 1/C, or one."""
    return {"chance": 1 - 1 / names.classes(dataset), "one": 1.0}[line]


def margins(table: pd.DataFrame, line: str, noise: float) -> pd.Series:
    """How far each bound is below the line, less `noise` standard errors: positive where it is clearly below."""
    return (
        table["dataset"].map(lambda dataset: line_at(dataset, line)) - table["bound"] - noise * table["accuracy_stderr"]
    )


def complexities(table: pd.DataFrame, levels: Sequence[float]) -> pd.Series:
    """ln of the complexity at the accuracies 1/C + s (1 - 1/C), by data set, seed, curve and level s:
    `pareto.interpolated_complexity`."""
    found = {}
    for each, rows in table.groupby(EACH, sort=False):
        chance = 1 / names.classes(each[0])
        at = chance + np.array(levels) * (1 - chance)
        heights = interpolated_complexity(rows["accuracy"], rows["complexity"], at).complexity
        found |= {(*each, level): np.log(height) for level, height in zip(levels, heights)}
    return pd.Series(found).rename_axis([*EACH, "level"]).sort_index()


def log_ratios(
    tables: Tables, numerator: str, denominator: str, datasets: Sequence[str], levels: Sequence[float]
) -> pd.Series:
    """ln of numerator's over denominator's complexity at equal accuracy, by data set, seed and level.

    Of the seeds that both have, and the levels that both reach. Raises NotSettled for a data set without a common seed,
    and for a network with fewer than two common levels.
    """
    table = points(tables, [numerator, denominator], datasets)
    logs = complexities(table, levels)
    both = table.groupby(NETWORK)["curve"].nunique() == 2
    ratios = {}
    for dataset in datasets:
        if not (seeds := [seed for name, seed in both.index[both] if name == dataset]):
            raise NotSettled(f"{numerator} and {denominator} have no seed of {dataset} in common")
        for seed in seeds:
            ratio = (logs[(dataset, seed, numerator)] - logs[(dataset, seed, denominator)]).dropna()
            if len(ratio) < 2:
                raise NotSettled(
                    f"{numerator} and {denominator} share {len(ratio)} levels of accuracy on {dataset}, seed {seed}"
                )
            ratios |= {(dataset, seed, level): value for level, value in ratio.items()}
    return pd.Series(ratios).rename_axis([*NETWORK, "level"])


def interval(values: pd.Series, spreads: float) -> tuple[float, float]:
    """Mean and spreads * s / sqrt(n) of one number a seed, s with n - 1 in the denominator; 0 for one seed."""
    n = len(values)
    return values.mean(), spreads * values.std(ddof=1) / np.sqrt(n) if n > 1 else 0.0


def difference(a: pd.Series, b: pd.Series, spreads: float) -> tuple[float, float]:
    """mean(a) - mean(b) and `spreads` standard errors of it, which are 0 unless both have several seeds."""
    (mean_a, spread_a), (mean_b, spread_b) = interval(a, spreads), interval(b, spreads)
    return mean_a - mean_b, float(np.hypot(spread_a, spread_b)) if min(len(a), len(b)) > 1 else 0.0
