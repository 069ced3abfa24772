"""A grid of accuracies, each with a wanted standard error, from as few examples as that takes.

Examples come from strata by margin (`strata`), as many of each as a pilot plans, on two levels (`two_levels`). Which examples err
first depends on the noise. Where lam / beta is small it is alike in all directions of the weights; where it is large, there is
little along the directions that the data have, and an unusual example has most of it. So there are two margins, and an
example is as early as the smaller of its two ranks.

Legend: N examples, G grid points, H strata; z_{l-1} the input of layer l, delta_l the derivative of the margin by its
pre-activations, s_l their deviation.
"""

from collections.abc import Callable

import numpy as np
import torch

from pacbayes_curvature.gibbs import strata
from pacbayes_curvature.gibbs.two_levels import Coarse, Correction, Thinned
from pacbayes_curvature.networks import Weights
from pacbayes_curvature.posteriors import LayerPosterior

SHARE = 0.8  # of the wanted variance, for the coarse outcomes
RATIO = 16  # coarse outcomes for one that is corrected
# Where wrong answers are rare a pilot can miss all of them. So there is a least number whatever it plans.
WHOLE = 5  # strata, the smallest ones, that the coarse level looks at whole
LEAST = 32  # at least every 32nd example of a stratum is corrected, and strata.PILOT of them
EIGENVECTORS = 128, 128  # that the margins look at: see `Thinned`


def to_precision(
    weights: Weights,
    layers: list[LayerPosterior],
    lam: np.ndarray,
    beta: np.ndarray,
    x: torch.Tensor,
    y: torch.Tensor,
    stderr: np.ndarray,
    generator: torch.Generator,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Accuracy on x (N, d), y (N,) at each grid point (G,), its standard error (G,), and the examples of each level (2, G).

    stderr (G,): the standard error to plan for, positive. The coarse level is planned for SHARE of its square, by a pilot that is
    forgotten, so that the accuracy has no bias; the corrected examples follow from that number and are not planned by their own
    spread. By its error the accuracy can lie above 1. The returned standard error is that of the outcomes that were drawn, an upper bound as in
    `strata.estimate`. Raises ValueError unless there is one positive stderr for each grid point, for fewer examples than
    `strata.by_margin` needs, and, with layers without biases, for an example that has no input of a layer but zeros: its
    deviation there is 0, between which and others `two_levels` finds no nodes.
    """
    if np.shape(stderr) != np.shape(lam) or not (np.asarray(stderr) > 0).all():
        raise ValueError(f"stderr must hold a positive number for each of the {len(lam)} grid points")
    parts = by_both_margins(weights, layers, lam, beta, x, y, generator)
    pilot = strata.tallies(
        Coarse(weights, layers, lam, beta), parts, x, y, np.full((len(parts), len(lam)), strata.PILOT), generator
    )
    many = strata.allocation(pilot, parts, SHARE**0.5 * np.asarray(stderr))
    few = np.maximum(many // RATIO, [[max(strata.PILOT, len(part) // LEAST)] for part in parts])
    for count, part in zip(many[:WHOLE], parts):
        np.maximum(count, len(part), out=count)
    estimate = on_two_levels(weights, layers, lam, beta, x, y, parts, many, few, generator)
    return *estimate, np.array([many.sum(0), few.sum(0)])


def on_two_levels(
    weights: Weights,
    layers: list[LayerPosterior],
    lam: np.ndarray,
    beta: np.ndarray,
    x: torch.Tensor,
    y: torch.Tensor,
    parts: list[torch.Tensor],
    many: np.ndarray,
    few: np.ndarray,
    generator: torch.Generator,
) -> tuple[np.ndarray, np.ndarray]:
    """Accuracy at each grid point and its standard error, (G,) each: E q + E(p - q) of `two_levels`.

    parts: indices of each stratum's examples, H tensors; many, few (H, G): the coarse outcomes and the corrections of each.
    By its error the accuracy can lie outside of [0, 1].
    """
    accuracies, errors = zip(
        *(
            strata.estimate(strata.tallies(level(weights, layers, lam, beta), parts, x, y, counts, generator), parts)
            for level, counts in ((Coarse, many), (Correction, few))
        )
    )
    # An accuracy is one minus the mean outcome; it is the outcomes that add up.
    return sum(accuracies) - 1, np.hypot(*errors)


def by_both_margins(
    weights: Weights,
    layers: list[LayerPosterior],
    lam: np.ndarray,
    beta: np.ndarray,
    x: torch.Tensor,
    y: torch.Tensor,
    generator: torch.Generator,
) -> list[torch.Tensor]:
    """`strata.by_margin` for two margins: the one for unit noise, the other for the posterior where lam / beta is largest."""
    at = np.argmax(lam / beta)
    noise = [Thinned(*layer, lam[[at]], beta[[at]], *EIGENVECTORS) for layer in zip(weights, layers)]

    margins = [strata.standardised_margins(weights, x, y, of) for of in (None, variance_under(noise))]
    return strata.by_margin(margins, generator)


def variance_under(noise: list[Thinned]) -> Callable[[int, torch.Tensor], torch.Tensor]:
    """s_l^2 (n,) of a posterior, a function of the layer and its inputs; noise: each layer at one grid point."""
    return lambda l, z: noise[l].moments(z, np.array([0]))[1][0].square()
