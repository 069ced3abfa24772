"""Lemma 5.1 on networks: a layer's Hessian, Eq. (34), and how tight the bounds of `layerwise.bounds` are."""

import numpy as np
import pandas as pd
import torch

from pacbayes_curvature.curvature.second_moments import second_moments
from pacbayes_curvature.networks import Weights, affine
from pacbayes_curvature.posteriors import LayerPosterior, variances
from paper.randomness import stream
from paper.theory.layerwise import bounds as lb


def exact_layer_hessians(weights: Weights, x: torch.Tensor, neurons: int, moments: list[np.ndarray]) -> list[float]:
    """For each layer, the largest |hess E_l - I (x) 2 H_l| over the largest |2 H_l|, for the first `neurons` rows.

    The Hessian is made by automatic differentiation; off-diagonal blocks count. Source: Eq. (34), with its factor 2.
    """
    gaps = []
    for weight, z, moment in zip(weights, lb.inputs(weights, x), moments):
        rows = weight[:neurons]
        target = affine(rows, z)

        def error(flat, z=z, target=target, shape=rows.shape):
            return (affine(flat.view(shape), z) - target).square().sum() / len(z)

        hessian = torch.func.jacrev(torch.func.grad(error))(rows.reshape(-1)).numpy()
        blocks = np.kron(np.eye(len(rows)), 2 * moment)
        gaps.append(float(np.abs(hessian - blocks).max() / np.abs(blocks).max()))
    return gaps


def tightness(
    depths: list[int], width: int, noise: float, seed: int, instances: int, draws: int = 20, examples: int = 64
) -> pd.DataFrame:
    """Each bound over sqrt(E_Q[RMS^2]) for random ReLU networks: columns depth, instance, bound, ratio.

    Weights N(0, 2/n_in) (He's initialisation, biases 0), inputs N(0, 1), Q = N(W, noise^2 2/n_in) in every weight and
    bias; E_Q[RMS^2] is a mean over `draws`.
    """
    rows, generator = [], stream("random ReLU networks", seed)
    for depth in depths:
        for instance in range(instances):
            weights = [torch.randn(width, width + 1, generator=generator, dtype=torch.float64) for _ in range(depth)]
            weights = [(2 / width) ** 0.5 * torch.cat([w[:, :-1], torch.zeros(width, 1)], 1) for w in weights]
            x = torch.randn(examples, width, generator=generator, dtype=torch.float64)
            variance = noise**2 * 2 / width
            actual = rms_draws(weights, [(None, torch.tensor(variance**0.5))] * depth, x, generator, draws)
            errors = [width * variance * np.trace(h) for h in second_moments(weights, x)]
            isotropic = width * variance * torch.eye(width, dtype=torch.float64)
            for name, bound in lb.bounds(errors, weights, [isotropic] * depth).items():
                rows.append((depth, instance, name, bound / np.sqrt(np.mean(actual**2))))
    return pd.DataFrame(rows, columns=["depth", "instance", "bound", "ratio"])


def two_sides(
    weights: Weights,
    moments: list[np.ndarray],
    posteriors: dict[str, list[LayerPosterior]],
    lam: np.ndarray,
    beta: float,
    x: torch.Tensor,
    seed: int,
    draws: int = 8,
) -> pd.DataFrame:
    """Both sides of the corrected Lemma 5.1 over a grid of lam at one beta, for each method's posterior.

    moments: the H_l of `second_moments`. Columns: method, lam, rms (sqrt of the mean of RMS^2 over the draws),
    largest (draw), and one for each bound.
    """
    weights, x = [w.double() for w in weights], x.double()
    rows = []
    for method, layers in posteriors.items():
        for value in lam:
            generator = stream("two sides", seed)  # the same noise for every posterior
            noise = [_basis_and_deviation(layer, float(value), beta) for layer in layers]
            actual = rms_draws(weights, noise, x, generator, draws)
            bounds = lb.gaussian_bounds(weights, moments, layers, float(value), beta)
            rows.append(
                {"method": method, "lam": value, "rms": np.sqrt(np.mean(actual**2)), "largest": actual.max(), **bounds}
            )
    return pd.DataFrame(rows)


@torch.no_grad()
def rms_draws(weights: Weights, noise: list, x: torch.Tensor, generator: torch.Generator, draws: int) -> np.ndarray:
    """RMS of `draws` perturbed networks: (draws,). noise: (basis or None, deviations along it) for each layer."""
    clean, found = lb.inputs(weights, x)[-1], []
    for _ in range(draws):
        sample = []
        for weight, (basis, deviation) in zip(weights, noise):
            step = torch.randn(weight.shape, generator=generator, dtype=torch.float64) * deviation
            sample.append(weight + (step if basis is None else step @ basis.T))
        found.append(lb.root_mean_square(lb.inputs(sample, x)[-1] - clean))
    return np.array(found)


def _basis_and_deviation(layer: LayerPosterior, lam: float, beta: float):
    basis = None if layer.basis is None else torch.from_numpy(layer.basis.copy())
    return basis, torch.from_numpy(variances(layer, [lam], [beta])[0]).sqrt()
