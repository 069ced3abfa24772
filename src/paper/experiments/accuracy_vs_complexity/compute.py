"""Figures 3 and 4: accuracy of the stochastic network against complexity, over the grid of (lam, beta)."""

from dataclasses import replace

import numpy as np
import pandas as pd

from pacbayes_curvature import posteriors
from pacbayes_curvature.bounds import complexity
from pacbayes_curvature.gibbs.local_reparametrisation import by_weight_sampling
from pacbayes_curvature.gibbs.outcomes import Tally
from pacbayes_curvature.pareto import front
from paper import names
from paper.experiments.accuracy_vs_complexity import parts
from paper.experiments.grid import LEVELS, grid
from paper.networks.minimum import Minimum, posterior
from paper.randomness import stream
from paper.results import records
from paper.results.records import key

POINT = ["method", "lam", "beta"]
DRAWS = 5  # networks drawn from the posterior at a reported point, as in the paper's section 6


def accuracy_vs_complexity(
    dataset: str,
    seed: int = 0,
    methods: tuple[str, ...] = posteriors.METHODS,
    grid_size: int = names.GRID_SIZE,
    passes: int = names.PASSES,
    delta: float = 0.05,
    fresh: bool = False,
    minimum: Minimum | None = None,
) -> records.Result:
    """Accuracy and complexity at every grid point of every method.

    Columns: dataset, seed, method, lam, beta, accuracy (of the stochastic network on the training set, by local
    reparametrisation), accuracy_stderr, kl (nats), examples (N), evaluated (examples that the accuracy rests on: N, or
    fewer where `parts.explored` found that the point cannot be on a front), complexity (Theorem 3.1's square root, at
    `delta`), pareto (whether the point is on the method's front; only points that were evaluated on all N are),
    drawn_accuracy, drawn_accuracy_stderr (at the points that `reported` names: by the paper's estimator, DRAWS networks drawn
    from the posterior, each run over the training set; else NaN).
    `passes` over the training set are made; `fresh` computes the table even if results/ holds it. If results/ holds it
    for some of the methods only, the others are computed. `minimum`: that of the network, where it is at hand.
    """
    wanted = pd.concat(grid(method, grid_size) for method in methods)
    asked = key("accuracy_vs_complexity", dataset, seed, methods, passes=passes, chunks=names.CHUNKS)

    def compute() -> pd.DataFrame:
        near, kept = (
            minimum or Minimum(dataset, seed),
            records.kept(asked) if not fresh else pd.DataFrame({"method": []}),
        )
        missing = [method for method in methods if not covers(kept, grid(method, grid_size))]
        table = pd.concat(_points(near, method, grid_size, passes) for method in missing)
        table = _with_draws(near, _with_complexity(table.reset_index(drop=True), delta))
        kept = kept[kept["method"].isin(methods) & ~kept["method"].isin(missing)]
        return pd.concat([kept, table], ignore_index=True) if len(kept) else table

    def covers(table: pd.DataFrame, points: pd.DataFrame = wanted) -> bool:
        return len(table) > 0 and len(points.merge(table, on=POINT)) == len(points)

    result = records.obtain(asked, compute, covers, fresh)
    # A frozen table may hold more points than were asked for, and another delta.
    table = wanted.merge(result.table, on=POINT)
    return replace(result, table=_with_complexity(table, delta)[result.table.columns])


def _points(minimum: Minimum, method: str, grid_size: int, passes: int) -> pd.DataFrame:
    """A method's points: counts over the whole training set where there are any, else those of the exploration."""
    table = parts.explored(minimum, method, grid_size, passes)
    chunks = [parts.counted(minimum, method, grid_size, passes, chunk) for chunk in range(names.CHUNKS)]
    whole = Tally(*(sum(chunk[name].to_numpy() for chunk in chunks) for name in ("wrong", "squares", "outcomes")))
    table.loc[table["contender"], "accuracy"] = whole.accuracy
    table.loc[table["contender"], "accuracy_stderr"] = whole.stderr
    n = len(minimum.data.y_train)
    table.loc[table["contender"], "evaluated"] = n
    columns = ["method", "lam", "beta", "accuracy", "accuracy_stderr", "kl", "examples", "evaluated"]
    return table.assign(method=method, examples=n)[columns]


def reported(table: pd.DataFrame, classes: int) -> np.ndarray:
    """Mask of the points whose numbers the book quotes: for each method the smallest bound, and the least complexity at
    each accuracy 1/C + s (1 - 1/C), s of LEVELS."""
    chance, mask = 1 / classes, np.zeros(len(table), bool)
    for _, rows in table[table["evaluated"] == table["examples"]].groupby("method"):
        quoted = [(1 - rows["accuracy"] + rows["complexity"]).idxmin()]
        for level in LEVELS:
            good = rows[rows["accuracy"] >= chance + level * (1 - chance)]
            quoted += [good["complexity"].idxmin()] if len(good) else []
        mask[table.index.get_indexer(quoted)] = True
    return mask


def _with_draws(minimum: Minimum, table: pd.DataFrame) -> pd.DataFrame:
    table["drawn_accuracy"] = table["drawn_accuracy_stderr"] = np.nan
    generator = stream("weight draws", minimum.seed)
    for i in np.flatnonzero(reported(table, names.classes(minimum.dataset))):
        point = table.loc[i]
        table.loc[i, ["drawn_accuracy", "drawn_accuracy_stderr"]] = by_weight_sampling(
            minimum.network.minimum, posterior(minimum, point["method"]), point["lam"], point["beta"], minimum.x, minimum.y,
            generator, DRAWS,
        )  # fmt: skip
    return table


def _with_complexity(table: pd.DataFrame, delta: float) -> pd.DataFrame:
    table["complexity"] = complexity(table["kl"].to_numpy(), int(table["examples"].iloc[0]), delta)
    table["pareto"] = False
    for _, rows in table[table["evaluated"] == table["examples"]].groupby("method"):
        table.loc[rows.index, "pareto"] = front(rows["accuracy"].to_numpy(), rows["complexity"].to_numpy())
    return table
