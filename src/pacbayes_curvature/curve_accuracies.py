"""Accuracy of the many classifiers of one curve on the same examples: what their first layers share is computed once.

Legend: N examples x (N, d), y (N,); k = n_in + 1; each function returns accuracy(variances, generator, passes), which gives
one classifier's accuracy and standard error by `gibbs.by_moments`.
"""

from collections.abc import Callable

import numpy as np
import torch

from . import gibbs
from .networks import Weights, affine

Accuracy = Callable[..., tuple[float, float]]


@torch.no_grad()
def with_weight_variances(weights: Weights, x: torch.Tensor, y: torch.Tensor) -> Accuracy:
    """`gibbs.with_weight_variances`, where `variances` holds an (n_out, k) array a layer; the first means are shared."""
    mean = affine(weights[0], x)

    def accuracy(variances: list[np.ndarray], generator: torch.Generator, passes: int = 1) -> tuple[float, float]:
        first, *later = [torch.as_tensor(v).float() for v in variances]
        layers = [lambda rows: (mean[rows], affine(first, x[rows].square()).sqrt_())]
        layers += [
            lambda z, w=w, v=v: (affine(w, z), affine(v, z.square()).sqrt_()) for w, v in zip(weights[1:], later)
        ]
        return gibbs.by_moments(_by_rows(layers), torch.arange(len(x)), y, generator, passes)

    return accuracy


@torch.no_grad()
def along_displacements(
    weights: Weights, displacements: list[np.ndarray], x: torch.Tensor, y: torch.Tensor
) -> Accuracy:
    """The network with weights W_b + xi_b Delta_b, xi_b ~ N(0, a_b^2), b the neurons: every example draws its own xi_b.

    A neuron's pre-activation is W_b (z, 1) + xi_b Delta_b (z, 1). displacements Delta: (n_out, k) a layer; `variances`
    holds a_b^2, (n_out,) a layer. The first means and the first Delta_b (x, 1) are shared.
    """
    shifts = [torch.as_tensor(shift).float() for shift in displacements]
    mean, length = affine(weights[0], x), affine(shifts[0], x).abs_()

    def accuracy(variances: list[np.ndarray], generator: torch.Generator, passes: int = 1) -> tuple[float, float]:
        first, *later = [torch.as_tensor(np.sqrt(v)).float() for v in variances]
        layers = [lambda rows: (mean[rows], length[rows] * first)]
        layers += [
            lambda z, w=w, shift=shift, scale=scale: (affine(w, z), affine(shift, z).abs_().mul_(scale))
            for w, shift, scale in zip(weights[1:], shifts[1:], later)
        ]
        return gibbs.by_moments(_by_rows(layers), torch.arange(len(x)), y, generator, passes)

    return accuracy


def _by_rows(layers: list[Callable]) -> list[Callable]:
    """The layers for inputs that are the indices of a chunk of examples: consecutive, so that a view will do."""
    first, *later = layers
    return [lambda n: first(slice(int(n[0]), int(n[-1]) + 1)), *later]
