"""The accuracy of the stochastic network: two estimators that agree.

Legend: N examples, G grid points, k = n_in + 1 (n_in without a bias); z a layer's input, W (n_out, k) its mean weights,
U (k, k) its basis and v (k,) the posterior variances along it: a neuron's pre-activation is Gaussian with mean w'(z, 1) and
variance s^2 = sum_i v_i c_i^2, where c = U'(z, 1).
"""

from collections.abc import Iterator

import numpy as np
import torch
from torch.nn.functional import linear

from pacbayes_curvature.gibbs.level import CHUNK, Level, Noise
from pacbayes_curvature.gibbs.outcomes import wrong_probability
from pacbayes_curvature.networks import Weights, affine, forward, squared_norm
from pacbayes_curvature.posteriors import LayerPosterior, variances

TOLERANCE = 0.005  # largest relative error of s^2 in the layers after the first; 0 computes all of U'(z, 1)


class LocalReparametrisation(Level):
    """The Gibbs classifiers of all grid points lam, beta (G,) of one method: weights, a layer's posteriors for each layer.

    Every example draws the noise of its own pre-activations, W z + s eps (Kingma, Salimans and Welling 2015), in all layers
    but the last, whose noise is integrated: `outcomes.wrong_probability`. As the weights of different neurons are
    independent, each example's outcome has the expectation it has under weight sampling, and outcomes of different examples
    are independent. So a pass over n examples gives n independent outcomes in [0, 1].

    Shared over the grid: the first layer's means, its variances at all points as one product (N, k)(k, G), and the noise, so
    that differences between grid points have less spread than the points themselves. In later layers s^2 has a relative
    error of at most TOLERANCE: see `_Deeper`.
    """

    def __init__(self, weights: Weights, layers: list[LayerPosterior], lam: np.ndarray, beta: np.ndarray):
        super().__init__(weights, len(lam))
        self.first = _First(weights[0], layers[0], lam, beta)
        self.later = [_Deeper(weight, layer, lam, beta) for weight, layer in zip(weights[1:], layers[1:])]

    def shared(self, x: torch.Tensor, points: np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
        """Means (n, n_out) and deviations (n, len(points)) of the first layer."""
        return affine(self.weights[0], x), self.first.deviations(x, points)

    def outcomes(
        self, shared: tuple[torch.Tensor, ...], y: torch.Tensor, noise: Noise, points: np.ndarray, count: np.ndarray
    ) -> Iterator[tuple[int, torch.Tensor]]:
        """p of each point's examples."""
        mean, deviation = shared
        for column, (g, m) in enumerate(zip(points, count)):
            if m:
                a, s = self.logits(mean[:m], deviation[:m, column, None], noise, g)
                yield g, wrong_probability(a, s, y[:m], noise.uniform[:m])

    def logits(self, a: torch.Tensor, s: torch.Tensor, noise: Noise, g: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Mean (n, C) and deviation (n, 1) of the logits at grid point g, from those of the first layer."""
        for layer, eps in zip(self.later, noise.normal):
            a, s = layer.moments(torch.addcmul(a, s, eps[: len(a)]).relu_(), g)
        return a, s


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

    `passes` passes over all examples: see `LocalReparametrisation` and `outcomes.Tally`.
    """
    tally = LocalReparametrisation(weights, layers, lam, beta).tally(x, y, generator, passes, label=label)
    return tally.accuracy, tally.stderr


class _First:
    """The first layer: its inputs are the same at all grid points."""

    def __init__(self, weight: torch.Tensor, layer: LayerPosterior, lam: np.ndarray, beta: np.ndarray):
        rest = lam if layer.low_rank else np.zeros(len(lam))  # the variance along directions that the basis lacks
        self.basis = None if layer.basis is None else rows_of(layer.basis, weight)
        self.k = weight.shape[1]
        self.v = torch.from_numpy(variances(layer, lam, beta) - rest[:, None]).to(weight)
        self.rest = torch.from_numpy(rest).to(weight)

    def deviations(self, z: torch.Tensor, points: np.ndarray) -> torch.Tensor:
        """s at these grid points: (n, len(points)), for inputs z (n, n_in)."""
        v, rest = self.v[points], self.rest[points]
        if self.basis is None:
            return affine(v, z.square()).sqrt_()
        s2 = affine(self.basis, z).square_() @ v.T
        return (s2.addr_(squared_norm(z, self.k), rest) if rest.any() else s2).sqrt_()


class _Deeper:
    """A layer after the first: its inputs differ between grid points, so this is where the products are.

    Of c = U'(z, 1) only the leading r rows are computed, those with rho g_i > 2 TOLERANCE; along the others v_i lies
    between v_{r+1} >= lam / (1 + 2 TOLERANCE) and lam, and is replaced by the geometric mean u of the two ends:

        s^2 ~ sum_{i<=r} (v_i - u) c_i^2 + u |(z, 1)|^2,    wrong by a factor of at most sqrt(1 + rho g_{r+1}).

    The rows lie below W in one matrix, so that means and c are one product and no bias column is ever appended.
    """

    def __init__(self, weight: torch.Tensor, layer: LayerPosterior, lam: np.ndarray, beta: np.ndarray):
        self.neurons, self.k, self.basis = *weight.shape, layer.basis is not None
        self.rank, self.rest = np.zeros(len(lam), int), np.zeros(len(lam))
        v, rows = variances(layer, lam, beta), weight
        if self.basis:
            rows = torch.cat([weight, rows_of(layer.basis, weight)])
            self.rank = leading(layer.curvature, lam, beta)
            following = np.append(layer.curvature, 0.0)[self.rank]  # g_{r+1}; 0 where the basis ends
            missing = (self.rank < len(layer.curvature)) | layer.low_rank
            self.rest = np.where(missing, lam / np.sqrt(1 + lam / beta * following), 0.0)
        self.v = torch.from_numpy(v - self.rest[:, None]).to(weight)
        self.rows = Rows(rows)

    def moments(self, z: torch.Tensor, g: int) -> tuple[torch.Tensor, torch.Tensor]:
        """W (z, 1) (n, n_out) and s (n, 1) at grid point g, for inputs z (n, n_in)."""
        r = self.rank[g]
        product = self.rows.times(z, self.neurons + r)
        if self.basis:
            s2 = torch.mv(product[:, self.neurons :].square_(), self.v[g, :r])
        else:
            s2 = torch.mv(z.square(), self.v[g, : z.shape[1]])
            if self.k > z.shape[1]:
                s2.add_(self.v[g, -1])
        if self.rest[g]:
            s2.add_(squared_norm(z, self.k), alpha=self.rest[g])
        return product[:, : self.neurons], s2.sqrt_()[:, None]


class Rows:
    """A matrix (m, k) for products with (z, 1). The bias lies by itself: a product that adds a strided one copies it first."""

    def __init__(self, matrix: torch.Tensor):
        self.whole, self.inner, self.bias = matrix, matrix[:, :-1].contiguous(), matrix[:, -1].contiguous()

    def __len__(self) -> int:
        return len(self.whole)

    def times(self, z: torch.Tensor, m: int | None = None) -> torch.Tensor:
        """(z, 1) times the first m rows: (n, m)."""
        if z.shape[1] == self.whole.shape[1]:
            return linear(z, self.whole[:m])
        return linear(z, self.inner[:m], self.bias[:m])


def rows_of(basis: np.ndarray, like: torch.Tensor) -> torch.Tensor:
    """U' (r, k), in the type and on the device of `like`."""
    return torch.from_numpy(np.ascontiguousarray(basis.T)).to(like)


def leading(curvature: np.ndarray, lam: np.ndarray, beta: np.ndarray) -> np.ndarray:
    """r at each grid point: (G,) counts of the descending curvature (k,) above 2 TOLERANCE / rho, rho = lam / beta.

    All of them where rho g_1 > 10^4: there s^2 may be so much smaller than lam |z|^2 that the sum above would lose digits.
    """
    t = np.asarray(lam / beta)[:, None] * curvature
    return np.where(t[:, 0] > 1e4, len(curvature), (t > 2 * TOLERANCE).sum(1))


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
    Raises ValueError for fewer than two draws.
    """
    if draws < 2:
        raise ValueError(f"draws must be at least 2, got {draws}")
    accuracies = []
    for _ in range(draws):
        sample = draw(weights, layers, lam, beta, generator)
        right = sum(int((forward(sample, xs).argmax(1) == ys).sum()) for xs, ys in zip(x.split(CHUNK), y.split(CHUNK)))
        accuracies.append(right / len(x))
    return float(np.mean(accuracies)), float(np.std(accuracies, ddof=1) / np.sqrt(draws))


def draw(
    weights: Weights, layers: list[LayerPosterior], lam: float, beta: float, generator: torch.Generator
) -> Weights:
    """One network from the posterior: along each basis with variances v, along all other directions with lam."""
    return [w + _draw(w, layer, lam, beta, generator) for w, layer in zip(weights, layers)]


def _draw(
    weight: torch.Tensor, layer: LayerPosterior, lam: float, beta: float, generator: torch.Generator
) -> torch.Tensor:
    eps = torch.randn(weight.shape, generator=generator, device=generator.device, dtype=weight.dtype).to(weight.device)
    deviation = np.sqrt(variances(layer, [lam], [beta])[0])
    if layer.basis is None:
        return eps * torch.from_numpy(deviation).to(weight)
    basis = rows_of(layer.basis, weight)
    return lam**0.5 * eps + (eps @ basis.T * torch.from_numpy(deviation - lam**0.5).to(weight)) @ basis
