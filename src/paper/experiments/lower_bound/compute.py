"""Figure 2: the optimal pairs of Lemma 4.2 over beta, for several readings of its h, and those of neuron blocks."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np
import pandas as pd
import torch

from pacbayes_curvature.bounds import complexity
from pacbayes_curvature.curvature import fisher
from pacbayes_curvature.floors import Pair, attained_block_pair, attained_pair, block_costs
from pacbayes_curvature.gibbs import moments
from pacbayes_curvature.networks import flatten, unflatten
from paper.networks.minimum import Minimum
from paper.networks.store import TrainedNetwork
from paper.randomness import stream
from paper.results import records
from paper.results.records import key

DIAGONAL = (  # the curves of Lemma 4.2, by what they put in for its h
    "fisher_diagonal",  # the diagonal of (10), as the paper has it
    "fisher_expectation",  # its expectation over the labels
    "fisher_raised",  # the same, where all that is below RAISED times the mean is raised to it
    "fisher_flat",  # the diagonal of (10) with logits times FLAT, so that all labels are nearly equally likely
    "layerwise_diagonal",  # the diagonal of the layerwise H_l
)
CURVES = (*DIAGONAL, "block_prior")  # block-diagonal prior and posterior, a block a neuron, with the layerwise H_l
RAISED, FLAT = 0.01, 1e-4
# These explain the first curve. The others are Figure 2's.
EXPLAINING = ("fisher_expectation", "fisher_raised", "fisher_flat")
# The examples, drawn at random, that a curve is evaluated on: Figure 2's, and the first of them for those that explain.
EVALUATED, EXPLAINED_BY = 20_000, 5_000

# (lowest, end) of beta in units of the mean of the curve's h, for weights and for blocks. Only h/beta enters the
# variances and the KL, so that one range serves curvatures of every scale. The end is left out of the grid, so that a
# grid contains each one whose size divides its own, and the frozen grid answers for it.
RANGE, BLOCK_RANGE = (1e-5, 1e3), (1e-3, 1e4)
POINT = ["curve", "relative_beta"]

NO_FACTS = {"raised": 0.0, "effective_examples": np.nan}

Classifiers = Callable[[np.ndarray], moments.Moments]


@dataclass(frozen=True)
class Curve:
    """pair(beta): the optimal pair; unit: of beta; classifiers: from the variances, (G, weights or
    blocks); costs: of the variances, so that costs @ variance is E with the layerwise H_l; facts: columns that are the same
    at all points."""

    pair: Callable[[float], Pair]
    unit: float
    classifiers: Classifiers
    costs: np.ndarray
    facts: dict[str, float] = field(default_factory=dict)

    def points(
        self, grid: pd.DataFrame, x: torch.Tensor, y: torch.Tensor, generator: torch.Generator, passes: int
    ) -> pd.DataFrame:
        """The `grid` with the columns of `lower_bound` from beta to uncurved, except examples and complexity."""
        beta = grid["relative_beta"].to_numpy() * self.unit
        variance, kl, loss, uncurved = (np.array(values) for values in zip(*map(self.pair, beta)))
        tally = self.classifiers(variance).tally(x, y, generator, passes)
        return grid.assign(
            beta=beta,
            accuracy=tally.accuracy,
            accuracy_stderr=tally.stderr,
            kl=kl,
            evaluated=len(x),
            expected_loss=loss,
            layerwise_loss=variance @ self.costs,
            uncurved=uncurved,
            **self.facts,
        )


def grid(curve: str, size: int) -> pd.DataFrame:
    """The points of a curve: columns curve, relative_beta (beta over the mean of h), log-spaced, rounded to six
    digits."""
    ends = BLOCK_RANGE if curve == "block_prior" else RANGE
    values = [float(f"{value:.5e}") for value in np.geomspace(*ends, size, endpoint=False)]
    return pd.DataFrame({"curve": curve, "relative_beta": values})


def lower_bound(
    dataset: str,
    seed: int = 0,
    grid_size: int = 20,
    passes: int = 1,
    delta: float = 0.05,
    fresh: bool = False,
    minimum: Minimum | None = None,
) -> records.Result:
    """Accuracy and complexity of the optimal pair of each curve at each beta.

    Columns: dataset, seed, curve (of CURVES), relative_beta, beta (in the units of the curve's h), accuracy (of the
    stochastic network on training examples, by `passes` passes of local reparametrisation), accuracy_stderr, kl (nats),
    evaluated (random examples that the accuracy rests on: EVALUATED, or EXPLAINED_BY for the curves EXPLAINING), expected_loss (E with
    the curve's own h), layerwise_loss (E with the layerwise H_l: the same units for all curves), uncurved (weights, of
    block_prior blocks, that moved and have no curvature: `floors.attained_pair`), raised (the share of the
    weights whose h was raised), effective_examples (how many examples h rests on:
    `fisher.effective_examples`; NaN where no labels enter), examples (N), complexity (Theorem 3.1's square
    root, at `delta`). `fresh` computes it even if results/ holds it; `minimum`: that of
    the network, where it is at hand.

    The priors depend on the data: none of these points is a certificate.
    """
    wanted = pd.concat(grid(curve, grid_size) for curve in CURVES)

    def compute() -> pd.DataFrame:
        near = minimum or Minimum(dataset, seed)
        x, y = near.x, near.y
        shuffled = torch.randperm(len(x), generator=stream("explaining", seed))
        tables = []
        for name, curve in curves(near.network, near.moments, x, seed):
            rows = shuffled[: EXPLAINED_BY if name in EXPLAINING else EVALUATED]
            # The same noise for every curve, so that their differences have less spread than their values.
            tables.append(curve.points(grid(name, grid_size), x[rows], y[rows], stream("gibbs", seed), passes))
        return _with_complexity(pd.concat(tables, ignore_index=True).assign(examples=len(x)), delta)

    def covers(table: pd.DataFrame) -> bool:
        return len(wanted.merge(table, on=POINT)) == len(wanted)

    result = records.obtain(key("lower_bound", dataset, seed, passes=passes), compute, covers, fresh)
    # A frozen table may hold more points than were asked for, and another delta.
    table = _with_complexity(wanted.merge(result.table, on=POINT), delta)
    return replace(result, table=table[result.table.columns])


def curves(
    net: TrainedNetwork, curvatures: list[np.ndarray], x: torch.Tensor, seed: int
) -> Iterator[tuple[str, Curve]]:
    """Every curve of CURVES, by name; curvatures: H_l of each layer."""
    layerwise = [np.tile(moment.diagonal(), (len(w), 1)) for moment, w in zip(curvatures, net.minimum)]
    labels = partial(stream, "sampled labels", seed)
    effective = partial(fisher.effective_examples, net.minimum, x)

    def diagonal(h: np.ndarray, **facts: float) -> Curve:
        return replace(diagonal_curve(net, h, layerwise), facts=NO_FACTS | facts)

    h = fisher.sampled(net.minimum, x, labels())
    yield "fisher_diagonal", diagonal(flatten(h), effective_examples=effective(drawn=True))
    h, examples = flatten(fisher.expected(net.minimum, x)), effective(drawn=False)
    yield "fisher_expectation", diagonal(h, effective_examples=examples)
    low = h < RAISED * h.mean()
    raised = np.where(low, RAISED * h.mean(), h)
    yield "fisher_raised", diagonal(raised, raised=low.mean(), effective_examples=examples)
    h = fisher.sampled(net.minimum, x, labels(), softness=FLAT)
    yield "fisher_flat", diagonal(flatten(h), effective_examples=effective(drawn=True, softness=FLAT))
    yield "layerwise_diagonal", diagonal(flatten(layerwise))
    yield "block_prior", replace(block_curve(net, curvatures), facts=NO_FACTS)


def diagonal_curve(net: TrainedNetwork, h: np.ndarray, layerwise: list[np.ndarray]) -> Curve:
    """Lemma 4.2 with the curvature h of all weights, in the order of `networks.unflatten`."""

    def classifiers(variances: np.ndarray) -> moments.Moments:
        return moments.with_weight_variances(net.minimum, unflatten(variances, net.minimum))

    return Curve(partial(attained_pair, h, flatten(displacements(net))), h.mean(), classifiers, flatten(layerwise) / 2)


def block_curve(net: TrainedNetwork, curvatures: list[np.ndarray]) -> Curve:
    """The best pairs whose blocks are the neurons, with the layerwise H_l."""
    shifts = displacements(net)
    costs = np.concatenate([block_costs(moment, shift) for moment, shift in zip(curvatures, shifts)])
    moved = np.concatenate([(shift != 0).any(axis=1) for shift in shifts])

    def classifiers(variances: np.ndarray) -> moments.Moments:
        parts = np.split(variances, np.cumsum([len(shift) for shift in shifts])[:-1], axis=1)
        return moments.along_displacements(net.minimum, shifts, parts)

    return Curve(partial(attained_block_pair, costs, moved), 2 * costs.mean(), classifiers, costs)


def displacements(net: TrainedNetwork) -> list[np.ndarray]:
    """Delta = mu_0 - mu_1, an (n_out, k) float64 array a layer."""
    return [(w.double() - w0.double()).numpy() for w, w0 in zip(net.minimum, net.initial)]


def _with_complexity(table: pd.DataFrame, delta: float) -> pd.DataFrame:
    return table.assign(complexity=complexity(table["kl"].to_numpy(), int(table["examples"].iloc[0]), delta))
