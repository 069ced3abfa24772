"""The accuracy of the stochastic network: two estimators that agree.

Both take the layers' posteriors of `posteriors` and count correct answers over a whole data set.

Legend: N examples, G grid points, z a layer's input, W (n_out, k) its mean, U (k, k) its basis, v (k,) the posterior
variances along it, so that a neuron's pre-activation is Gaussian with mean w'(z, 1) and variance sum_i v_i (U'(z, 1))_i^2.
"""

import numpy as np
import torch
from tqdm import tqdm

from .networks import Weights, affine, forward
from .posteriors import LayerPosterior, variances

CHUNK = 1024  # examples at a time: one chunk's pre-activations stay in the processor's cache


@torch.no_grad()
def by_local_reparametrisation(
    weights: Weights,
    layers: list[LayerPosterior],
    lam: np.ndarray,
    beta: np.ndarray,
    x: torch.Tensor,
    y: torch.Tensor,
    generator: torch.Generator,
    passes: int = 1,
    label: str = "",
) -> tuple[np.ndarray, np.ndarray]:
    """Accuracy of the Gibbs classifier at each grid point and its standard error: (G,) and (G,).

    Every example draws the noise of its own pre-activations, W z + sqrt(z' Sigma z) eps (Kingma, Salimans and Welling
    2015). As the weights of different neurons are independent, each example's answer has the distribution it has under
    weight sampling, and answers of different examples are independent. So `passes` passes over N examples give N passes
    independent Bernoulli outcomes; the standard error is sqrt(a (1 - a) / (N passes)), which is an upper bound when the
    examples' success probabilities differ (Hoeffding 1956).

    Shared over the grid: the first layer's means, its variances at all G points as one product (N, k)(k, G), and the
    noise, so that differences between grid points have less spread than the points themselves.
    """
    _check(passes=passes)
    bases = [None if layer.basis is None else torch.from_numpy(np.ascontiguousarray(layer.basis.T)).float() for layer in layers]
    v = [torch.from_numpy(variances(layer, lam, beta)).float() for layer in layers]
    correct = np.zeros(len(lam), np.int64)
    rows = torch.arange(len(x)).split(CHUNK)
    for _ in range(passes):
        for chunk in tqdm(rows, label, unit="chunk", disable=None):
            z, target = x[chunk[0] : chunk[-1] + 1], y[chunk]
            noise = [torch.randn(len(z), len(w), generator=generator) for w in weights]
            mean, deviation = affine(weights[0], z), _squares(bases[0], z, v[0]).sqrt_()
            for g in range(len(lam)):
                a = torch.addcmul(mean, deviation[:, g, None], noise[0])
                for l in range(1, len(weights)):
                    z = a.relu_()
                    a = affine(weights[l], z).addcmul_(_squares(bases[l], z, v[l][g, None]).sqrt_(), noise[l])
                correct[g] += int((a.argmax(1) == target).sum())
    accuracy = correct / (len(x) * passes)
    return accuracy, np.sqrt(accuracy * (1 - accuracy) / (len(x) * passes))


@torch.no_grad()
def by_weight_sampling(
    weights: Weights,
    layers: list[LayerPosterior],
    lam: float,
    beta: float,
    x: torch.Tensor,
    y: torch.Tensor,
    generator: torch.Generator,
    draws: int = 5,
) -> tuple[float, float]:
    """The paper's estimator at one grid point: `draws` networks from the posterior, each run over the whole data set.

    Returns the mean accuracy and its standard error s / sqrt(draws), with s the draws' standard deviation (n - 1).
    """
    _check(draws=draws, least=2)
    accuracies = []
    for _ in range(draws):
        sample = []
        for weight, layer in zip(weights, layers):
            deviation = torch.from_numpy(variances(layer, [lam], [beta])[0]).sqrt().float()
            noise = torch.randn(weight.shape, generator=generator) * deviation
            sample.append(weight + (noise if layer.basis is None else noise @ torch.from_numpy(layer.basis.T.copy()).float()))
        right = sum(int((forward(sample, xs).argmax(1) == ys).sum()) for xs, ys in zip(x.split(CHUNK), y.split(CHUNK)))
        accuracies.append(right / len(x))
    return float(np.mean(accuracies)), float(np.std(accuracies, ddof=1) / np.sqrt(draws))


def _squares(basis: torch.Tensor | None, z: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
    """sum_i v_gi (U'(z, 1))_i^2: (N, G) for the rows v (G, k) and the transposed basis U' (k, k)."""
    if basis is None:
        return torch.addmm(v[:, -1], z.square(), v[:, :-1].T)
    return affine(basis, z).square_() @ v.T


def _check(least: int = 1, **counts: int) -> None:
    for name, count in counts.items():
        if count < least:
            raise ValueError(f"{name} must be at least {least}, got {count}")
