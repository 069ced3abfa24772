"""Figures 3 and 4: accuracy of the stochastic network against complexity, over the grid of (lam, beta)."""

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import torch

from .. import curvature, data, gibbs, posteriors, records
from ..bounds import complexity
from ..pareto import front
from ..randomness import stream
from .training_run import key, network

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


def accuracy_vs_complexity(
    dataset: str,
    seed: int = 0,
    methods: tuple[str, ...] = posteriors.METHODS,
    grid_size: int = 20,
    passes: int = 1,
    delta: float = 0.05,
    fresh: bool = False,
) -> records.Result:
    """Accuracy and complexity at every grid point of every method, on the full training set.

    Columns: dataset, seed, method, lam, beta, accuracy (of the stochastic network on the training set, by `passes`
    passes of local reparametrisation), accuracy_stderr, kl (nats), examples (N), complexity (Theorem 3.1's square root,
    at `delta`), pareto (whether the point is on the method's front). `fresh` computes it even if results/ holds it.
    """
    wanted = pd.concat(grid(method, grid_size) for method in methods)

    def compute() -> pd.DataFrame:
        examples = data.load(dataset)
        net = network(examples, seed)
        x, y = torch.from_numpy(examples.x_train), torch.from_numpy(examples.y_train)
        moments = curvature.layerwise(net.minimum, x)
        spectra = [curvature.spectrum(moment) if "layerwise" in methods else None for moment in moments]
        tables = []
        for method in methods:
            layers = [
                posteriors.layer_posterior(method, moment, spectrum, len(weight), distance)
                for moment, spectrum, weight, distance in zip(moments, spectra, net.minimum, net.squared_distances())
            ]
            table = grid(method, grid_size)
            lam, beta = table["lam"].to_numpy(), table["beta"].to_numpy()
            # The same noise for every method, so that their differences have less spread than their values.
            table["accuracy"], table["accuracy_stderr"] = gibbs.by_local_reparametrisation(
                net.minimum, layers, lam, beta, x, y, stream("gibbs", seed), passes, f"{dataset} {method}"
            )
            table["kl"] = posteriors.kl_divergence(layers, lam, beta)
            table["examples"] = len(x)
            tables.append(table)
        return _with_complexity(pd.concat(tables), delta)

    def covers(table: pd.DataFrame) -> bool:
        return len(wanted.merge(table, on=["method", "lam", "beta"])) == len(wanted)

    result = records.obtain(key("accuracy_vs_complexity", dataset, seed, passes=passes), compute, covers, fresh)
    # A frozen table may hold more points than were asked for, and another delta.
    table = wanted.merge(result.table, on=["method", "lam", "beta"])
    return replace(result, table=_with_complexity(table, delta)[result.table.columns])


def _with_complexity(table: pd.DataFrame, delta: float) -> pd.DataFrame:
    table = table.reset_index(drop=True)
    table["complexity"] = complexity(table["kl"].to_numpy(), int(table["examples"].iloc[0]), delta)
    table["pareto"] = False
    for _, rows in table.groupby("method"):
        table.loc[rows.index, "pareto"] = front(rows["accuracy"].to_numpy(), rows["complexity"].to_numpy())
    return table
