"""Accuracy of any Gibbs classifier whose neurons are independent and Gaussian given their inputs.

The paper's three posteriors have a faster estimator, `gibbs.LocalReparametrisation`; this one serves all others.
Legend: G posteriors, N examples, k = n_in + 1; z (n, n_in) the inputs of a layer.
"""

from collections.abc import Callable, Iterator

import numpy as np
import torch

from pacbayes_curvature.gibbs.level import Level, Noise
from pacbayes_curvature.gibbs.outcomes import wrong_probability
from pacbayes_curvature.networks import Weights, affine

# Of posterior g: the means and the standard deviations of the pre-activations, (n, n_out) each.
OfPosterior = Callable[[int], tuple[torch.Tensor, torch.Tensor]]
Layer = Callable[[torch.Tensor], OfPosterior]  # does the work that all posteriors share, on the inputs z


class Moments(Level):
    """G = `posteriors` classifiers around the network `weights`, given by the moments of each layer's pre-activations.

    Local reparametrisation, the last layer's noise integrated, as in `LocalReparametrisation`. The first layer's inputs are
    the same for all posteriors, so what it shares is computed once.
    """

    def __init__(self, weights: Weights, layers: list[Layer], posteriors: int):
        super().__init__(weights, posteriors)
        self.layers = layers

    def shared(self, x: torch.Tensor, points: np.ndarray) -> OfPosterior:
        """The first layer's moments, of each posterior."""
        return self.layers[0](x)

    def outcomes(
        self, shared: OfPosterior, y: torch.Tensor, noise: Noise, points: np.ndarray, count: np.ndarray
    ) -> Iterator[tuple[int, torch.Tensor]]:
        """p of each posterior's examples."""
        for g, m in zip(points, count):
            if m:
                a, s = (moment[:m] for moment in shared(g))
                for eps, layer in zip(noise.normal, self.layers[1:]):
                    a, s = layer(torch.addcmul(a, s, eps[:m]).relu_())(g)
                yield g, wrong_probability(a, s, y[:m], noise.uniform[:m])


def with_weight_variances(weights: Weights, variances: list[np.ndarray]) -> Moments:
    """The classifiers in which every weight has a variance of its own: s_j^2 = sum_i v_ji (z, 1)_i^2 for neuron j.

    variances: one (G, n_out, k) array a layer, >= 0. Raises ValueError for one that is negative or not finite.
    """
    for layer, v in enumerate(variances, start=1):
        if not (np.isfinite(v) & (np.asarray(v) >= 0)).all():
            raise ValueError(f"variances of layer {layer} must be finite and nonnegative")

    def layer(weight: torch.Tensor, v: torch.Tensor) -> Layer:
        def moments(z: torch.Tensor) -> OfPosterior:
            mean, squares = affine(weight, z), z.square()
            return lambda g: (mean, affine(v[g], squares).sqrt_())

        return moments

    layers = [layer(w, torch.as_tensor(v).to(w)) for w, v in zip(weights, variances)]
    return Moments(weights, layers, len(variances[0]))


def along_displacements(weights: Weights, displacements: list[np.ndarray], variances: list[np.ndarray]) -> Moments:
    """The classifiers in which neuron b has the weights W_b + xi_b Delta_b, xi_b ~ N(0, a_b^2): s_b = a_b |Delta_b (z, 1)|.

    displacements Delta: (n_out, k) a layer; variances a_b^2: (G, n_out) a layer.
    """

    def layer(weight: torch.Tensor, shift: torch.Tensor, scale: torch.Tensor) -> Layer:
        def moments(z: torch.Tensor) -> OfPosterior:
            mean, length = affine(weight, z), affine(shift, z).abs_()
            return lambda g: (mean, length * scale[g])

        return moments

    layers = [
        layer(w, torch.as_tensor(shift).to(w), torch.as_tensor(np.sqrt(v)).to(w))
        for w, shift, v in zip(weights, displacements, variances)
    ]
    return Moments(weights, layers, len(variances[0]))
