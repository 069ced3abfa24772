"""The sweep in parts, each a file of its own: first an exploration of the grid, then the members of the front that it
shows (`family`), on the whole training set, a chunk at a time, and on the test set.

Only the exploration decides which members these are; their counts come afterwards, from noise that is independent of it. So
each one's accuracy is unbiased, however they were chosen. Which process computes which part makes no difference to the
numbers.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from pacbayes_curvature.gibbs import precision, strata
from pacbayes_curvature.gibbs.local_reparametrisation import LocalReparametrisation, by_local_reparametrisation
from paper import names
from paper.experiments.accuracy_vs_complexity import family
from paper.experiments.grid import EXPLORED, grid, members
from paper.names import CHUNKS
from paper.networks.minimum import Minimum, posterior
from paper.randomness import stream
from paper.results import records
from paper.results.records import key

CORRECTED = 512  # examples, of those explored, on which the coarse level is corrected: `precision.on_two_levels`
FOLDER = records.ROOT / "build" / "sweep"


def explored(minimum: Minimum, method: str, grid_size: int, passes: int) -> pd.DataFrame:
    """All grid points of a method on a part of the training set, drawn from strata by margin; then the members of the front
    that they show, `family.members`, which are yet to be counted.

    Columns: point, lam, beta, accuracy, accuracy_stderr (NaN for members), evaluated (examples). Where the training set is
    small, all of it is looked at.
    """
    points = grid(method, grid_size).drop(columns="method")

    def compute() -> pd.DataFrame:
        n = len(minimum.y)
        layers, lam, beta = posterior(minimum, method), points["lam"].to_numpy(), points["beta"].to_numpy()
        around = minimum.network.minimum, layers, lam, beta, minimum.x, minimum.y
        noise = stream("exploration", minimum.seed)
        if n <= EXPLORED:
            accuracy, error = by_local_reparametrisation(*around, noise, passes)
        else:
            parts = strata.by_margin([minimum.margins], stream("explored examples", minimum.seed))
            many, few = (
                np.full((strata.STRATA, len(points)), count // strata.STRATA) for count in (EXPLORED, CORRECTED)
            )
            accuracy, error = precision.on_two_levels(*around, parts, many, few, noise)
        seen = points.assign(accuracy=accuracy.clip(0, 1), accuracy_stderr=error, evaluated=min(n, EXPLORED))
        front = family.members(seen, layers, n, 1 / names.classes(minimum.dataset))
        return pd.concat([seen, front.assign(evaluated=0)], ignore_index=True)

    return _part(minimum, method, "explored", compute, grid_size, passes)


def counted(minimum: Minimum, method: str, grid_size: int, passes: int, part: str) -> pd.DataFrame:
    """The members of a method's front on a part of `names.PARTS`, one of CHUNKS of the training set or the test set: columns
    point, and `outcomes.Tally`'s."""

    def compute() -> pd.DataFrame:
        points = explored(minimum, method, grid_size, passes)
        points = points[members(points)].reset_index(drop=True)
        # The same noise for every method, so that their differences have less spread than their values.
        classifiers = LocalReparametrisation(
            minimum.network.minimum, posterior(minimum, method), points["lam"].to_numpy(), points["beta"].to_numpy()
        )
        noise, label = stream(f"gibbs, {part}", minimum.seed), f"{minimum.dataset} {method}, {part}"
        return points[["point"]].assign(
            **vars(classifiers.tally(*_examples(minimum, part), noise, passes, label=label))
        )

    return _part(minimum, method, part, compute, grid_size, passes)


def _examples(minimum: Minimum, part: str) -> tuple[torch.Tensor, torch.Tensor]:
    if part == "test":
        return minimum.x_test, minimum.y_test
    edges, chunk = np.linspace(0, len(minimum.y), CHUNKS + 1).astype(int), int(part.removeprefix("chunk"))
    rows = slice(edges[chunk], edges[chunk + 1])
    return minimum.x[rows], minimum.y[rows]


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
