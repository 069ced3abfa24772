"""The sweep over the grid in parts, each a file of its own: first an exploration of all points, then the whole training
set, a chunk at a time, for the points that may be on a front.

Only the exploration decides which points are contenders; their counts come afterwards, from noise that is independent of
it. So each contender's accuracy is unbiased, however the contenders were chosen. Which process computes which part makes
no difference to the numbers.
"""

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from pacbayes_curvature import pareto, posteriors
from pacbayes_curvature.bounds import complexity
from pacbayes_curvature.gibbs import precision, strata
from pacbayes_curvature.gibbs.local_reparametrisation import LocalReparametrisation
from paper import names
from paper.experiments.grid import EXPLORED, grid
from paper.names import CHUNKS
from paper.networks.minimum import Minimum, posterior
from paper.randomness import stream
from paper.results import records
from paper.results.records import key

CORRECTED = 512  # examples, of those explored, on which the coarse level is corrected: `precision.on_two_levels`
FOLDER = records.ROOT / "build" / "sweep"


def explored(minimum: Minimum, method: str, grid_size: int, passes: int) -> pd.DataFrame:
    """All grid points of a method on a part of the training set, drawn from strata by margin: a row each.

    Columns: lam, beta, kl (nats), accuracy, accuracy_stderr, evaluated (examples), contender: whether the point may be on
    the front of its grid or of a grid contained in it, and so is evaluated on the whole training set. Where that is small,
    all are contenders and nothing is explored.
    """
    points = grid(method, grid_size)

    def compute() -> pd.DataFrame:
        n = len(minimum.data.y_train)
        layers, lam, beta = posterior(minimum, method), points["lam"].to_numpy(), points["beta"].to_numpy()
        table = points[["lam", "beta"]].assign(
            kl=posteriors.kl_divergence(layers, lam, beta), accuracy=math.nan, accuracy_stderr=math.nan, evaluated=0, contender=True
        )  # fmt: skip
        if n <= EXPLORED:
            return table
        margins = strata.standardised_margins(minimum.network.minimum, minimum.x, minimum.y)
        parts = strata.by_margin([margins], stream("explored examples", minimum.seed))
        many, few = (np.full((strata.STRATA, len(table)), count // strata.STRATA) for count in (EXPLORED, CORRECTED))
        accuracy, error = precision.on_two_levels(
            minimum.network.minimum, layers, lam, beta, minimum.x, minimum.y, parts, many, few,
            stream("exploration", minimum.seed),
        )  # fmt: skip
        height = complexity(table["kl"].to_numpy(), n)
        chance = 1 / names.classes(minimum.dataset)
        contender = np.zeros(len(table), bool)
        for size in range(1, grid_size + 1):
            if grid_size % size == 0:
                inside = points.merge(grid(method, size), how="left", indicator=True)["_merge"].to_numpy() == "both"
                contender[inside] |= pareto.contenders(accuracy[inside], error[inside], height[inside], chance)
        return table.assign(
            accuracy=accuracy.clip(0, 1), accuracy_stderr=error, evaluated=EXPLORED, contender=contender
        )

    return _part(minimum, method, "explored", compute, grid_size, passes)


def counted(minimum: Minimum, method: str, grid_size: int, passes: int, chunk: int) -> pd.DataFrame:
    """The contenders of a method on one of CHUNKS parts of the training set: columns lam, beta, and `outcomes.Tally`'s."""

    def compute() -> pd.DataFrame:
        points = explored(minimum, method, grid_size, passes)
        points = points.loc[points["contender"], ["lam", "beta"]].reset_index(drop=True)
        edges = np.linspace(0, len(minimum.data.y_train), CHUNKS + 1).astype(int)
        rows = slice(edges[chunk], edges[chunk + 1])
        # The same noise for every method, so that their differences have less spread than their values.
        classifiers = LocalReparametrisation(
            minimum.network.minimum, posterior(minimum, method), points["lam"].to_numpy(), points["beta"].to_numpy()
        )
        label = f"{minimum.dataset} {method}, chunk {chunk + 1} of {CHUNKS}"
        tally = classifiers.tally(
            minimum.x[rows], minimum.y[rows], stream(f"gibbs, chunk {chunk}", minimum.seed), passes, label=label
        )
        return points.assign(**vars(tally))

    return _part(minimum, method, f"chunk{chunk}", compute, grid_size, passes)


def path(dataset: str, seed: int, method: str, part: str, grid_size: int, passes: int) -> Path:
    """Where a part of `names.PARTS` is stored."""
    return FOLDER / f"{dataset}-seed{seed}-{method}-grid{grid_size}-passes{passes}-{part}.csv"


def _part(
    minimum: Minimum, method: str, part: str, compute: Callable[[], pd.DataFrame], grid_size: int, passes: int
) -> pd.DataFrame:
    """The part as it is stored if the same code made it from the same data, else computed and stored."""
    of = {"method": method, "part": part, "grid_size": grid_size, "passes": passes, "chunks": CHUNKS}
    identity = key("accuracy_vs_complexity/part", minimum.dataset, minimum.seed, (method,), "parts.counted", **of)
    where = path(minimum.dataset, minimum.seed, method, part, grid_size, passes)
    return records.obtain(identity, compute, path=where).table.drop(columns=["dataset", "seed"])
