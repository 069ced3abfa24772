"""What the bounds depend on: seed, recipe, initialisation, width and weight draws, one at a time around the default."""

import json
import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pandas as pd
import torch

from pacbayes_curvature import posteriors
from pacbayes_curvature.bounds import complexity
from pacbayes_curvature.gibbs.local_reparametrisation import by_local_reparametrisation, by_weight_sampling
from paper.experiments.grid import EXPLORED, PAPERS_METHODS, RANGE, grid
from paper.networks.minimum import Minimum, network, posterior
from paper.networks.store import TrainedNetwork
from paper.networks.training import NotInterpolating, Recipe, recipe_for, train
from paper.randomness import stream
from paper.results import records
from paper.results.records import key

# What each factor is changed by: added to seed and extra_epochs, a multiple of the others. With the learning rate the
# whole cycle is changed, final_rate included.
CHANGES = {
    "seed": (1, 2),
    "batch_size": (1 / 4, 4),
    "learning_rate": (1 / 2, 2),
    "initial_scale": (1 / 2, 2),
    "width": (1 / 3, 2),
    "extra_epochs": (10, 30),
}
DRAWS = (2, 5, 20)  # networks drawn from the posterior; the paper's number is 5
HALVINGS = 4  # of the grid's step, in the search around its best point


def sensitivity(
    dataset: str,
    seed: int = 0,
    factors: tuple[str, ...] = tuple(CHANGES),
    grid_size: int = 10,
    delta: float = 0.05,
    fresh: bool = False,
) -> records.Result:
    """The smallest bound of each of the paper's methods, for the default network and for variants with one other factor.

    Columns: dataset, seed, factor ("default", "draws" or one of CHANGES), value (of the factor; of "default" the seed),
    status ("fitted", or "not fitted" where training missed 100%: then the numbers are NaN), epochs, test_accuracy (of
    the trained network), squared_distance (|mu_0 - mu_1|^2), trace (sum_l n_out tr H_l), method, lam, beta, accuracy
    (of the stochastic network on all training examples, by one pass of local reparametrisation), accuracy_stderr, kl
    (nats), examples (N), complexity (Theorem 3.1's square root, at `delta`), bound (1 - accuracy + complexity).

    lam and beta are chosen on EXPLORED examples, on a grid of `grid_size` and then around its best point, with steps
    that are halved HALVINGS times; the accuracy comes from noise that is independent of the choice. The rows of "draws"
    are the default network's points again, with the accuracy of the paper's estimator: `value` networks, each run over
    all training examples.

    Raises ValueError for an unknown factor, NotInterpolating when the default network misses 100%.
    """
    if unknown := [factor for factor in factors if factor not in CHANGES]:
        raise ValueError(f"unknown factor {unknown[0]!r}; valid: {', '.join(CHANGES)}")
    wanted = ["default", "draws", *factors]

    def compute() -> pd.DataFrame:
        minimum = Minimum(dataset, seed)
        default = smallest_bounds(minimum, grid_size, delta).assign(factor="default", value=seed)
        tables = [default, drawn(minimum, default, delta)]
        for factor, value, other, recipe in variants(seed, recipe_for(dataset), factors):
            try:
                # A network of another seed is the default of that seed, which other experiments share.
                net = network(minimum.data, other) if factor == "seed" else train(minimum.data, other, recipe)
            except NotInterpolating:
                missed = {"status": "not fitted", "epochs": recipe.most_epochs}
                table = pd.DataFrame({"method": PAPERS_METHODS} | missed)
            else:
                table = smallest_bounds(around(minimum, net), grid_size, delta)
            tables.append(table.assign(factor=factor, value=value))
        table = pd.concat(tables)
        return table[["factor", "value", *table.columns.drop(["factor", "value"])]]

    def covers(table: pd.DataFrame) -> bool:
        return set(wanted) <= set(table["factor"])

    identity = key("sensitivity", dataset, seed, PAPERS_METHODS, grid_size=grid_size, delta=delta)
    result = records.obtain(identity, compute, covers, fresh)
    return replace(result, table=result.table[result.table["factor"].isin(wanted)].reset_index(drop=True))


def variants(seed: int, default: Recipe, factors: tuple[str, ...]) -> Iterator[tuple[str, float, int, Recipe]]:
    """Every variant of the default recipe: factor, its value, the seed and the recipe to train with."""
    for factor in factors:
        for change in CHANGES[factor]:
            if factor == "seed":
                yield factor, seed + change, seed + change, default
                continue
            usual = getattr(default, factor)
            value = usual + change if factor == "extra_epochs" else type(usual)(usual * change)
            changed = {factor: value}
            if factor == "learning_rate":
                changed["final_rate"] = default.final_rate * change
            yield factor, value, seed, replace(default, **changed)


def around(default: Minimum, net: TrainedNetwork) -> Minimum:
    """Another network's minimum, with the same data and the same random streams."""
    minimum = Minimum(default.dataset, default.seed)
    minimum.data, minimum.network = default.data, net
    return minimum


def smallest_bounds(minimum: Minimum, grid_size: int, delta: float) -> pd.DataFrame:
    """A row for each method, found and evaluated as `sensitivity` says, with its columns from status to bound."""
    net = minimum.network
    everyone = torch.arange(len(minimum.y))
    some = torch.randperm(len(minimum.y), generator=stream("explored examples", minimum.seed))[:EXPLORED]
    step = math.log(RANGE[1] / RANGE[0]) / grid_size
    rows = []
    for method in PAPERS_METHODS:
        layers = posterior(minimum, method)
        best = evaluate(minimum, layers, grid(method, grid_size), some, "exploration", delta).nsmallest(1, "bound")
        for halvings in range(1, HALVINGS + 1):
            points = neighbours(best, step / 2**halvings)
            best = evaluate(minimum, layers, points, some, "exploration", delta).nsmallest(1, "bound")
        rows.append(evaluate(minimum, layers, best, everyone, "gibbs", delta))
    history = json.loads(net.record["history"])
    about = {
        "status": "fitted",
        "epochs": len(history),
        "test_accuracy": history[-1]["test_accuracy"],
        "squared_distance": sum(net.squared_distances()),
        "trace": sum(len(w) * np.trace(h) for w, h in zip(net.minimum, minimum.moments)),
    }
    table = pd.concat(rows, ignore_index=True).assign(**about)
    return table[[*about, *table.columns.drop(list(about))]]


def evaluate(
    minimum: Minimum,
    layers: list[posteriors.LayerPosterior],
    points: pd.DataFrame,
    examples: torch.Tensor,
    purpose: str,
    delta: float,
) -> pd.DataFrame:
    """`points` with the columns accuracy (on the `examples`, given by index) to bound.

    The noise depends on `purpose` and the seed alone: differences between points, methods and networks have less spread
    than their values.
    """
    lam, beta = points["lam"].to_numpy(), points["beta"].to_numpy()
    accuracy, stderr = by_local_reparametrisation(
        minimum.network.minimum, layers, lam, beta, minimum.x[examples], minimum.y[examples],
        stream(purpose, minimum.seed), label=f"{minimum.dataset}, {purpose}",
    )  # fmt: skip
    kl = posteriors.kl_divergence(layers, lam, beta)
    columns = {"accuracy": accuracy, "accuracy_stderr": stderr, "kl": kl, "examples": len(minimum.y)}
    return _bound(points.assign(**columns), delta)


def neighbours(best: pd.DataFrame, step: float) -> pd.DataFrame:
    """The point `best` and those around it, ln(lam) and ln(beta) each `step` less, the same, or `step` more."""
    method, lam, beta = best[["method", "lam", "beta"]].iloc[0]
    factors = np.exp(step * np.array([-1, 0, 1]))
    betas = [beta] if math.isinf(beta) else beta * factors
    lam, beta = np.meshgrid(lam * factors, betas, indexing="ij")
    return pd.DataFrame({"method": method, "lam": lam.ravel(), "beta": beta.ravel()})


def drawn(minimum: Minimum, points: pd.DataFrame, delta: float) -> pd.DataFrame:
    """The rows `points` of the default network with the accuracy of DRAWS networks instead: rows of factor "draws"."""
    rows = []
    for draws in DRAWS:
        for _, row in points.iterrows():
            row["accuracy"], row["accuracy_stderr"] = by_weight_sampling(
                minimum.network.minimum, posterior(minimum, row["method"]), row["lam"], row["beta"], minimum.x,
                minimum.y, stream(f"{draws} weight draws", minimum.seed), draws,
            )  # fmt: skip
            rows.append(row.to_frame().T.assign(factor="draws", value=draws))
    return _bound(pd.concat(rows).astype(points.dtypes.to_dict()), delta)


def _bound(points: pd.DataFrame, delta: float) -> pd.DataFrame:
    height = complexity(points["kl"].to_numpy(), int(points["examples"].iloc[0]), delta)
    return points.assign(complexity=height, bound=1 - points["accuracy"] + height)
