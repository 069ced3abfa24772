"""The grid of (lam, beta) that the experiments share."""

import math

import numpy as np
import pandas as pd

# (lowest, end) of lam and of beta: wide enough that every front goes from guessing to 100% inside. The end is left out
# of the grid, so that a grid of 5 or 10 points is contained in one of 20, and the frozen grid answers for it.
RANGE = (1e-5, 1e1)


def grid(method: str, size: int) -> pd.DataFrame:
    """The points of a method: columns method, lam, beta; size x size of them, or `size` for the baseline (beta = inf).

    Both axes are log-spaced and rounded to six digits, so that a grid contains each grid whose size divides its own.
    """
    axis = [float(f"{value:.5e}") for value in np.geomspace(*RANGE, size, endpoint=False)]
    lam, beta = np.meshgrid(axis, [math.inf] if method == "baseline" else axis, indexing="ij")
    return pd.DataFrame({"method": method, "lam": lam.ravel(), "beta": beta.ravel()})
