"""Accuracy of any Gibbs classifier whose neurons are independent and Gaussian given their inputs.

The paper's three posteriors have a faster estimator, `gibbs.LocalReparametrisation`; this one serves all others.
Legend: G posteriors, N examples, k = n_in + 1; z (n, n_in) the inputs of a layer.
"""

from collections.abc import Callable
from functools import cache

import numpy as np
import torch

from pacbayes_curvature.gibbs.local_reparametrisation import CHUNK
from pacbayes_curvature.gibbs.outcomes import Tally, wrong_probability
from pacbayes_curvature.networks import Weights, affine

# Of posterior g: the means and the standard deviations of the pre-activations, (n, n_out) each.
Moments = Callable[[int], tuple[torch.Tensor, torch.Tensor]]
Layer = Callable[[torch.Tensor], Moments]  # does the work that all posteriors share, on the inputs z


@torch.no_grad()
def accuracy(
    layers: list[Layer], posteriors: int, x: torch.Tensor, y: torch.Tensor, generator: torch.Generator, passes: int = 1
) -> tuple[np.ndarray, np.ndarray]:
    """Accuracy and its standard error of each of G = `posteriors` classifiers on x (N, d), y (N,): (G,) and (G,).

    Local reparametrisation, the last layer's noise integrated (`gibbs.LocalReparametrisation`), and the same noise for all
    posteriors. The first layer's inputs are the same for all of them, so what it shares is computed once. Raises ValueError
    unless passes >= 1.
    """
    if passes < 1:
        raise ValueError(f"passes must be at least 1, got {passes}")
    wrong, squares = np.zeros(posteriors), np.zeros(posteriors)
    for _ in range(passes):
        for z, ys in zip(x.split(CHUNK), y.split(CHUNK)):
            first = layers[0](z)
            # Drawn when the first posterior asks.
            normal = cache(lambda depth, shape: torch.randn(shape, generator=generator))
            uniform = cache(lambda n: torch.rand(n, generator=generator))
            for g in range(posteriors):
                a, s = first(g)
                for depth, layer in enumerate(layers[1:]):
                    a, s = layer(torch.addcmul(a, s, normal(depth, s.shape)).relu_())(g)
                p = wrong_probability(a, s, ys, uniform(len(ys)))
                wrong[g] += p.sum(dtype=torch.float64).item()
                squares[g] += p.square().sum(dtype=torch.float64).item()
    tally = Tally(wrong, squares, np.full(posteriors, len(x) * passes))
    return tally.accuracy, tally.stderr


def with_weight_variances(weights: Weights, variances: list[np.ndarray]) -> list[Layer]:
    """The layers when every weight has a variance of its own: s_j^2 = sum_i v_ji (z, 1)_i^2 for neuron j.

    variances: one (G, n_out, k) array a layer, >= 0. Raises ValueError for one that is negative or not finite.
    """
    for layer, v in enumerate(variances, start=1):
        if not (np.isfinite(v) & (np.asarray(v) >= 0)).all():
            raise ValueError(f"variances of layer {layer} must be finite and nonnegative")

    def layer(weight: torch.Tensor, v: torch.Tensor) -> Layer:
        def moments(z: torch.Tensor) -> Moments:
            mean, squares = affine(weight, z), z.square()
            return lambda g: (mean, affine(v[g], squares).sqrt_())

        return moments

    return [layer(w, torch.as_tensor(v).float()) for w, v in zip(weights, variances)]


def along_displacements(weights: Weights, displacements: list[np.ndarray], variances: list[np.ndarray]) -> list[Layer]:
    """The layers when neuron b has the weights W_b + xi_b Delta_b, xi_b ~ N(0, a_b^2): s_b = a_b |Delta_b (z, 1)|.

    displacements Delta: (n_out, k) a layer; variances a_b^2: (G, n_out) a layer.
    """

    def layer(weight: torch.Tensor, shift: torch.Tensor, scale: torch.Tensor) -> Layer:
        def moments(z: torch.Tensor) -> Moments:
            mean, length = affine(weight, z), affine(shift, z).abs_()
            return lambda g: (mean, length * scale[g])

        return moments

    return [
        layer(w, torch.as_tensor(shift).float(), torch.as_tensor(np.sqrt(v)).float())
        for w, shift, v in zip(weights, displacements, variances)
    ]
