"""The grid of (lam, beta), and its points: what the experiments share."""

import math

import numpy as np
import pandas as pd

from paper import names
from paper.results.records import Result

# (lowest, end) of lam and of beta: wide enough that every front goes from guessing to 100% inside. The end is left out
# of the grid, so that a grid of 5 or 10 points is contained in one of 20, and the frozen grid answers for it.
RANGE = (1e-5, 1e1)
PAPERS_METHODS = (
    "baseline",
    "diag",
    "layerwise",
)  # whatever else `posteriors.METHODS` has; each refines the one before
EXPLORED = 4096  # examples that an exploration of it looks at; smaller sets are not explored
LEVELS = (0.25, 0.5, 0.75, 0.95)  # of the way from guessing to perfect: where methods are compared at equal accuracy


def grid(method: str, size: int) -> pd.DataFrame:
    """The points of a method: columns method, lam, beta; size x size of them, or `size` for the baseline (beta = inf).

    Both axes are log-spaced and rounded to six digits, so that a grid contains each grid whose size divides its own.
    """
    axis = [float(f"{value:.5e}") for value in np.geomspace(*RANGE, size, endpoint=False)]
    lam, beta = np.meshgrid(axis, [math.inf] if method == "baseline" else axis, indexing="ij")
    return pd.DataFrame({"method": method, "lam": lam.ravel(), "beta": beta.ravel()})


def evaluated(result: Result) -> pd.DataFrame:
    """The grid points that were evaluated on the whole training set: the only ones that are plotted or quoted."""
    return result.table[result.table["evaluated"] == result.table["examples"]]


def best_bounds(results: list[Result]) -> pd.DataFrame:
    """Each method's grid point with the smallest 1 - accuracy + complexity, a row for each data set and method.

    Columns: dataset, seed, method, lam, beta, accuracy, drawn (the same by weight draws, with its standard error; empty
    where none were made), complexity, bound, chance (1 - 1/C, the error of guessing).
    """
    rows = []
    for result in results:
        table = evaluated(result)
        table = table.assign(bound=1 - table["accuracy"] + table["complexity"])
        best = table.loc[table.groupby("method", sort=False)["bound"].idxmin()]
        drawn = [
            "" if math.isnan(a) else f"{a:.3f}\N{NO-BREAK SPACE}±\N{NO-BREAK SPACE}{e:.3f}"
            for a, e in zip(best["drawn_accuracy"], best["drawn_accuracy_stderr"])
        ]
        rows.append(best.assign(drawn=drawn, chance=1 - 1 / names.classes(result.key.dataset)))
    columns = ["dataset", "seed", "method", "lam", "beta", "accuracy", "drawn", "complexity", "bound", "chance"]
    return pd.concat(rows)[columns].reset_index(drop=True)
