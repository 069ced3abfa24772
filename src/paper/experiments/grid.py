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
EXPLORED = 4096  # examples that an exploration of it looks at, all of a smaller set
GRID_POINT = "grid"  # how the names of the grid's points begin, in a sweep's column `point`
LEVELS = (0.25, 0.5, 0.75, 0.95)  # of the way from guessing to perfect: where methods are compared at equal accuracy


def grid(method: str, size: int) -> pd.DataFrame:
    """The points of a method: columns method, point (a name), lam, beta; size x (size + 1) of them, `size` for the baseline.

    Both axes are log-spaced and rounded to six digits, so that a grid contains each grid whose size divides its own. The last
    beta is inf, where every method is the baseline: its posterior variance is lam, the prior's. The baseline has no other.
    """
    axis = [float(f"{value:.5e}") for value in np.geomspace(*RANGE, size, endpoint=False)]
    lam, beta = np.meshgrid(axis, [*(axis if method != "baseline" else []), math.inf], indexing="ij")
    lam, beta = lam.ravel(), beta.ravel()
    point = [f"{GRID_POINT} {a:g} {b:g}" for a, b in zip(lam, beta)]
    return pd.DataFrame({"method": method, "point": point, "lam": lam, "beta": beta})


def members(table: pd.DataFrame) -> np.ndarray:
    """Mask of the rows of a sweep that are members of a front and not points of the grid: the only ones that are plotted or
    quoted, each evaluated on the whole training set and on the test set."""
    return ~table["point"].str.startswith(GRID_POINT).to_numpy()


def evaluated(result: Result) -> pd.DataFrame:
    """The `members` of a sweep."""
    return result.table[members(result.table)]


def best_bounds(results: list[Result]) -> pd.DataFrame:
    """Each method's point with the smallest 1 - accuracy + complexity, a row for each data set and method.

    Columns: dataset, seed, method, lam, beta, accuracy, test_error (of the same stochastic network), complexity, bound,
    chance (1 - 1/C, the error of guessing).
    """
    rows = []
    for result in results:
        table = evaluated(result)
        table = table.assign(bound=1 - table["accuracy"] + table["complexity"])
        best = table.loc[table.groupby("method", sort=False)["bound"].idxmin()]
        rows.append(best.assign(chance=1 - 1 / names.classes(result.key.dataset)))
    columns = ["dataset", "seed", "method", "lam", "beta", "accuracy", "test_error", "complexity", "bound", "chance"]
    return pd.concat(rows)[columns].reset_index(drop=True)
