"""Figures 3 and 4: accuracy of the stochastic network against complexity, over the grid of (lam, beta) and along its front."""

from dataclasses import replace
from functools import reduce
from operator import add

import numpy as np
import pandas as pd

from pacbayes_curvature import posteriors
from pacbayes_curvature.bounds import complexity
from pacbayes_curvature.gibbs.outcomes import Tally
from pacbayes_curvature.pareto import front
from paper import names
from paper.experiments.accuracy_vs_complexity import parts
from paper.experiments.grid import grid, members
from paper.networks.minimum import Minimum, posterior
from paper.results import records
from paper.results.records import key

POINT = ["method", "point"]
TRAIN, TEST = ["accuracy", "accuracy_stderr"], ["test_error", "test_error_stderr"]


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
    """Accuracy and complexity at every grid point of every method, and at the members of the front that the grid shows.

    Columns: dataset, seed, method, point ("grid ...", or the name of a member by `family.members`), lam, beta, accuracy (of
    the stochastic network on the training set, by local reparametrisation), accuracy_stderr, test_error (of the same network
    on the test set; NaN on the grid, which is only explored), test_error_stderr, kl (nats), examples (N), evaluated (examples
    that the accuracy rests on, N for the members), complexity (Theorem 3.1's square root, at `delta`), pareto (whether no
    other member of the method is both more accurate and less complex).
    `passes` over the examples are made; `fresh` computes the table even if results/ holds it. If results/ holds it
    for some of the methods only, the others are computed; if it holds a finer grid, the members are those of the finer one.
    `minimum`: that of the network, where it is at hand.
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
        table = _with_complexity(table.reset_index(drop=True), delta)
        kept = kept[kept["method"].isin(methods) & ~kept["method"].isin(missing)]
        table = pd.concat([kept, table]) if len(kept) else table
        return table.sort_values("method", key=lambda names: names.map(methods.index), kind="stable", ignore_index=True)

    def covers(table: pd.DataFrame, points: pd.DataFrame = wanted) -> bool:
        return len(table) > 0 and len(points.merge(table, on=POINT)) == len(points)

    result = records.obtain(asked, compute, covers, fresh)
    # A frozen table may hold more methods and grid points than were asked for, and another delta.
    table = result.table[result.table["method"].isin(methods)]
    on_grid = table[POINT].merge(wanted[POINT], how="left", indicator=True)["_merge"].to_numpy() == "both"
    table = table[on_grid | members(table)].reset_index(drop=True)
    return replace(result, table=_with_complexity(table, delta)[result.table.columns])


def _points(minimum: Minimum, method: str, grid_size: int, passes: int) -> pd.DataFrame:
    """A method's rows, without complexity: the grid as it was explored, then the members of the front, counted."""
    table, layers, n = parts.explored(minimum, method, grid_size, passes), posterior(minimum, method), len(minimum.y)
    counts = {part: parts.counted(minimum, method, grid_size, passes, part) for part in names.PARTS[1:]}
    train = reduce(add, (_tally(counts[part]) for part in counts if part != "test"))
    test = _tally(counts["test"])
    table[TEST] = np.nan
    table.loc[members(table), [*TRAIN, *TEST]] = np.column_stack(
        [train.accuracy, train.stderr, 1 - test.accuracy, test.stderr]
    )
    table.loc[members(table), "evaluated"] = n
    kl = posteriors.kl_divergence(layers, table["lam"].to_numpy(), table["beta"].to_numpy())
    table = table.assign(method=method, kl=kl, examples=n)
    return table[[*POINT, "lam", "beta", *TRAIN, *TEST, "kl", "examples", "evaluated"]]


def _tally(table: pd.DataFrame) -> Tally:
    return Tally(*(table[name].to_numpy() for name in ("wrong", "squares", "outcomes")))


def _with_complexity(table: pd.DataFrame, delta: float) -> pd.DataFrame:
    table["complexity"] = complexity(table["kl"].to_numpy(), int(table["examples"].iloc[0]), delta)
    table["pareto"] = False
    for _, rows in table[members(table)].groupby("method"):
        table.loc[rows.index, "pareto"] = front(rows["accuracy"].to_numpy(), rows["complexity"].to_numpy())
    return table
