"""A grid of accuracies, each with a wanted standard error, from as few examples as that takes.

Examples come from strata by margin (`strata`), as many of each as a pilot plans. Where it pays, a surrogate network takes most of
the spread off their outcomes (`control_variates`). Neighbouring grid points need similar numbers, so one point of a cell is
piloted for all of it.

Legend: N examples, G grid points, H strata.
"""

import numpy as np
import torch

from . import strata
from .control_variates import Controlled, cells
from .gibbs import LocalReparametrisation
from .networks import Weights
from .posteriors import LayerPosterior

WIDTH = 0.6  # decades of lam and of beta: grid points so near get equally many examples
# The time of an example with its surrogate over that of one without: measured 1.25 (cifar2) to 1.4 (mnist2).
WORTH = 1.3


def to_precision(
    weights: Weights,
    layers: list[LayerPosterior],
    lam: np.ndarray,
    beta: np.ndarray,
    parts: list[torch.Tensor],
    x: torch.Tensor,
    y: torch.Tensor,
    stderr: np.ndarray,
    generator: torch.Generator,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Accuracy on x (N, d), y (N,) at each grid point, its standard error, and the examples it took: (G,) each.

    parts: the H strata of `strata.by_margin`. stderr (G,): the standard error to plan for, positive. The points of a cell get
    the numbers that its most central point needs, so stderr should change over the grid as the spread of the outcomes does. The
    pilot is then forgotten, so that the estimate is unbiased; by its error it can lie above 1. The returned standard error is
    that of the outcomes that were drawn. Raises ValueError unless there is one positive stderr for each grid point.
    """
    if np.shape(stderr) != np.shape(lam) or not (np.asarray(stderr) > 0).all():
        raise ValueError(f"stderr must hold a positive number for each of the {len(lam)} grid points")
    groups = cells(lam, beta, WIDTH)
    first = np.array([group[0] for group in groups])
    pilot = np.full((len(parts), len(first)), strata.PILOT)
    plans = {}
    for kind in (LocalReparametrisation, Controlled):
        piloted = kind(weights, layers, lam[first], beta[first])
        outcomes = strata.tallies(piloted, parts, x, y, pilot, generator)
        plans[kind] = strata.allocation(outcomes, parts, stderr[first])
    pays = WORTH * plans[Controlled].sum(0) < plans[LocalReparametrisation].sum(0)
    accuracy, error, examples = np.empty(len(lam)), np.empty(len(lam)), np.empty(len(lam), int)
    for kind, chosen in ((LocalReparametrisation, ~pays), (Controlled, pays)):
        if not chosen.any():
            continue
        members = [group for group, use in zip(groups, chosen) if use]
        points = np.concatenate(members)
        counts = np.repeat(plans[kind][:, chosen], [len(group) for group in members], axis=1)
        drawn = strata.tallies(kind(weights, layers, lam[points], beta[points]), parts, x, y, counts, generator)
        accuracy[points], error[points] = strata.estimate(drawn, parts)
        examples[points] = counts.sum(0)
    return accuracy, error, examples
