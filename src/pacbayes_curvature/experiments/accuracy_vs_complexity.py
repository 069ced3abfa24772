"""Figures 3 and 4: accuracy of the stochastic network against complexity, over the grid of (lam, beta)."""

from dataclasses import replace

import numpy as np
import pandas as pd

from .. import posteriors, records
from ..bounds import complexity
from ..pareto import front
from . import sweep
from .sweep import grid
from .training_run import key

POINT = ["method", "lam", "beta"]


def accuracy_vs_complexity(
    dataset: str,
    seed: int = 0,
    methods: tuple[str, ...] = posteriors.METHODS,
    grid_size: int = 20,
    passes: int = 1,
    delta: float = 0.05,
    fresh: bool = False,
) -> records.Result:
    """Accuracy and complexity at every grid point of every method.

    Columns: dataset, seed, method, lam, beta, accuracy (of the stochastic network on the training set, by local
    reparametrisation), accuracy_stderr, kl (nats), examples (N), evaluated (examples that the accuracy rests on: N, or
    fewer where `sweep.explored` found that the point cannot be on a front), complexity (Theorem 3.1's square root, at
    `delta`), pareto (whether the point is on the method's front; only points that were evaluated on all N are).
    `passes` over the training set are made; `fresh` computes the table even if results/ holds it.
    """
    wanted = pd.concat(grid(method, grid_size) for method in methods)

    def compute() -> pd.DataFrame:
        minimum = sweep.Minimum(dataset, seed)
        table = pd.concat(_points(minimum, method, grid_size, passes) for method in methods)
        return _with_complexity(table.reset_index(drop=True), delta)

    def covers(table: pd.DataFrame) -> bool:
        return len(wanted.merge(table, on=POINT)) == len(wanted)

    result = records.obtain(key("accuracy_vs_complexity", dataset, seed, passes=passes), compute, covers, fresh)
    # A frozen table may hold more points than were asked for, and another delta.
    table = wanted.merge(result.table, on=POINT)
    return replace(result, table=_with_complexity(table, delta)[result.table.columns])


def _points(minimum: sweep.Minimum, method: str, grid_size: int, passes: int) -> pd.DataFrame:
    """A method's points: counts over the whole training set where there are any, else those of the exploration."""
    table = sweep.explored(minimum, method, grid_size, passes)
    chunks = [sweep.counted(minimum, method, grid_size, passes, chunk) for chunk in range(sweep.CHUNKS)]
    for name in ("correct", "evaluated"):
        table.loc[table["contender"], name] = sum(chunk[name].to_numpy() for chunk in chunks)
    a = table["correct"] / table["evaluated"]
    return pd.DataFrame(
        {
            "method": method,
            "lam": table["lam"],
            "beta": table["beta"],
            "accuracy": a,
            "accuracy_stderr": np.sqrt(a * (1 - a) / table["evaluated"]),
            "kl": table["kl"],
            "examples": (n := len(minimum.data.y_train)),
            "evaluated": np.where(table["contender"], n, table["evaluated"]),
        }
    )


def _with_complexity(table: pd.DataFrame, delta: float) -> pd.DataFrame:
    table["complexity"] = complexity(table["kl"].to_numpy(), int(table["examples"].iloc[0]), delta)
    table["pareto"] = False
    for _, rows in table[table["evaluated"] == table["examples"]].groupby("method"):
        table.loc[rows.index, "pareto"] = front(rows["accuracy"].to_numpy(), rows["complexity"].to_numpy())
    return table
