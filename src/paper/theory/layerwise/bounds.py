"""The output error of a perturbed network, and three bounds on it from the errors of its layers.

Legend: layer l = 1..L has W_l = (V_l, b_l), n_out x (n_in + 1), as in `networks`; z_{l-1} is its input at the CLEAN
weights W^0, with a 1 appended for the bias; H_l = (1/N) sum z z' the second moment of (z, 1), `second_moments`.

    RMS    = (1/sqrt N) |f_W(X) - f_W0(X)|_F
    E_l    = (1/N) |(W_l - W_l^0) Z_{l-1}|_F^2                   the layer's own error, pre-activation
    Ebar_l = E_Q[E_l] = sum_j tr(Sigma_lj H_l)                   j the neurons, Sigma_lj their covariances

The activations are 1-Lipschitz. Everything is in float64.
"""

from collections.abc import Callable

import numpy as np
import torch

from pacbayes_curvature.networks import Weights, affine
from pacbayes_curvature.posteriors import LayerPosterior, variances


def inputs(weights: Weights, x: torch.Tensor, activation: Callable = torch.relu) -> list[torch.Tensor]:
    """z_0 = x, z_1, ..., z_{L-1}, and last the output f, which has no activation: L + 1 matrices (N, width)."""
    z = [x]
    for weight in weights[:-1]:
        z.append(activation(affine(weight, z[-1])))
    return [*z, affine(weights[-1], z[-1])]


def root_mean_square(difference: torch.Tensor) -> float:
    """(1/sqrt N) |difference|_F for (N, K)."""
    return (difference.norm() / len(difference) ** 0.5).item()


def layer_errors(clean: Weights, noisy: Weights, x: torch.Tensor, activation: Callable = torch.relu) -> list[float]:
    """E_l of each layer."""
    z = inputs(clean, x, activation)
    return [root_mean_square(affine(w - w0, z_in)) ** 2 for w, w0, z_in in zip(noisy, clean, z)]


def frobenius(weight: torch.Tensor) -> float:
    """|V|_F; the bias column does not act on the previous layer's error."""
    return weight[:, :-1].norm().item()


def spectral(weight: torch.Tensor) -> float:
    """The largest singular value of V."""
    return torch.linalg.matrix_norm(weight[:, :-1], 2).item()


def telescoped(errors: list[float], norms: list[float]) -> float:
    """sum_l sqrt(E_l) prod_{k>l} norm_k: above RMS, for norm_k = |V_k| of the PERTURBED weights. Eq. (32), mended."""
    total = 0.0
    for error, norm in zip(errors, norms):
        total = norm * total + error**0.5
    return total


def expected(mean_errors: list[float], mean_squares: list[float]) -> float:
    """sum_l sqrt( Ebar_l prod_{k>l} s_k ), s_k = E_Q |V_k|^2: above sqrt(E_Q[RMS^2]), for independent layers.

    The roots of Eqs. (11), (31) and (35) with their constants: C_l = prod_{k>l} sqrt(s_k), C_lj = 2 C_l^2.
    """
    return telescoped(mean_errors, [square**0.5 for square in mean_squares])


def recursive(mean_errors: list[float], mean_norms: list[float], noise_norms: list[float]) -> float:
    """R_L of R_l^2 = |M_l|_2^2 R_{l-1}^2 + (sqrt(Ebar_l) + sqrt(|S_l|_2) R_{l-1})^2, R_0 = 0.

    It, too, is above sqrt(E_Q[RMS^2]) for independent layers.
    mean_norms: |M_l|_2 of the mean of V_l; noise_norms: |S_l|_2 with S_l = E[(V_l - M_l)'(V_l - M_l)].
    """
    r = 0.0
    for error, mean, noise in zip(mean_errors, mean_norms, noise_norms):
        r = (mean**2 * r**2 + (error**0.5 + noise**0.5 * r) ** 2) ** 0.5
    return r


def bounds(mean_errors: list[float], means: Weights, noise: list[torch.Tensor]) -> dict[str, float]:
    """All three bounds on sqrt(E_Q[RMS^2]), from Ebar_l, the means M_l (augmented) and S_l (n_in, n_in)."""
    products = [w[:, :-1].T @ w[:, :-1] + s for w, s in zip(means, noise)]  # E[V'V]
    return {
        "Frobenius": expected(mean_errors, [product.trace().item() for product in products]),
        "spectral": expected(mean_errors, [_largest(product) for product in products]),
        "recursive": recursive(mean_errors, [spectral(w) for w in means], [_largest(s) for s in noise]),
    }


def gaussian_bounds(
    weights: Weights, moments: list[np.ndarray], layers: list[LayerPosterior], lam: float, beta: float
) -> dict[str, float]:
    """`bounds` for the posterior N(W_l, Sigma_l) of `posteriors` at one grid point: Sigma_l the same for all neurons.

    moments: the H_l of `second_moments`.
    """
    mean_errors, noise = [], []
    for moment, layer in zip(moments, layers):
        covariance = np.diag(variances(layer, [lam], [beta])[0])
        if layer.basis is not None:
            covariance = layer.basis @ covariance @ layer.basis.T
        mean_errors.append(layer.neurons * float((covariance * moment).sum()))
        noise.append(layer.neurons * torch.from_numpy(covariance[:-1, :-1]))
    return bounds(mean_errors, [w.double() for w in weights], noise)


def _largest(matrix: torch.Tensor) -> float:
    return torch.linalg.eigvalsh(matrix)[-1].item()
