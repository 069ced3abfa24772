"""The accuracy of the stochastic network: two estimators that agree.

Legend: N examples, G grid points, k = n_in + 1; z a layer's input, W (n_out, k) its mean weights, U (k, k) its basis and
v (k,) the posterior variances along it: a neuron's pre-activation is Gaussian with mean w'(z, 1) and variance
s^2 = sum_i v_i c_i^2, where c = U'(z, 1).
"""

from collections.abc import Iterator

import numpy as np
import torch
from torch.nn.functional import linear
from tqdm import tqdm

from pacbayes_curvature.gibbs.outcomes import Tally, wrong_probability
from pacbayes_curvature.networks import Weights, affine, forward
from pacbayes_curvature.posteriors import LayerPosterior, variances

CHUNK = 1024  # examples at a time: one chunk's pre-activations stay in the processor's cache
TOLERANCE = 0.005  # largest relative error of s^2 in the layers after the first; 0 computes all of U'(z, 1)


class LocalReparametrisation:
    """The Gibbs classifiers of all grid points lam, beta (G,) of one method: weights, a layer's posteriors for each layer.

    Every example draws the noise of its own pre-activations, W z + s eps (Kingma, Salimans and Welling 2015), in all layers
    but the last, whose noise is integrated: `answers.wrong_probability`. As the weights of different neurons are
    independent, each example's outcome has the expectation it has under weight sampling, and outcomes of different examples
    are independent. So a pass over n examples gives n independent outcomes in [0, 1].

    Shared over the grid: the first layer's means, its variances at all points as one product (N, k)(k, G), and the noise, so
    that differences between grid points have less spread than the points themselves. In later layers s^2 has a relative
    error of at most TOLERANCE: see `_Deeper`.
    """

    def __init__(self, weights: Weights, layers: list[LayerPosterior], lam: np.ndarray, beta: np.ndarray):
        self.weights, self.points = weights, len(lam)
        self.first = _First(layers[0], lam, beta)
        self.later = [_Deeper(weight, layer, lam, beta) for weight, layer in zip(weights[1:], layers[1:])]

    @torch.no_grad()
    def tally(
        self,
        x: torch.Tensor,
        y: torch.Tensor,
        generator: torch.Generator,
        passes: int = 1,
        examples: np.ndarray | None = None,
        label: str = "",
    ) -> Tally:
        """The sums over `passes` passes, in each of which every example of x (N, d), y (N,) has one outcome.

        `examples` (G,), from 0 to passes N, is how many outcomes each grid point gets, where that are fewer: from the first
        examples on, pass after pass, so that x has to be in random order for the result to be about all of x.
        """
        _check(passes=passes)
        n = len(x)
        examples = np.full(self.points, passes * n) if examples is None else np.asarray(examples)
        if examples.shape != (self.points,) or (examples < 0).any() or (examples > passes * n).any():
            raise ValueError(
                f"examples must hold a number from 0 to {passes * n} for each of the {self.points} grid points"
            )
        wrong, squares = np.zeros(self.points), np.zeros(self.points)
        for start in tqdm(range(0, min(n, int(examples.max())), CHUNK), label, unit="chunk", disable=None):
            rows = slice(start, min(start + CHUNK, n))
            counts = np.clip(examples - start - n * np.arange(passes)[:, None], 0, rows.stop - start)
            for g, p in self._chunk(x[rows], y[rows], generator, counts):
                wrong[g] += p.sum(dtype=torch.float64).item()
                squares[g] += p.square().sum(dtype=torch.float64).item()
        return Tally(wrong, squares, examples)

    def _chunk(
        self, x: torch.Tensor, y: torch.Tensor, generator: torch.Generator, counts: np.ndarray
    ) -> Iterator[tuple[int, torch.Tensor]]:
        """Grid points and outcomes of the first counts[pass, point] of these examples, (passes, G): one point after another."""
        n = counts.max()
        points = np.flatnonzero(counts.any(0))
        mean, deviation = affine(self.weights[0], x[:n]), self.first.deviations(x[:n], points)  # the same in every pass
        for count in counts[:, points]:
            most = count.max()
            noise = [torch.randn(most, len(w), generator=generator) for w in self.weights[:-1]]
            uniform = torch.rand(most, generator=generator)
            for column, (g, m) in enumerate(zip(points, count)):
                if not m:
                    continue
                a, s = mean[:m], deviation[:m, column, None]
                for layer, eps in zip(self.later, noise):
                    a, s = layer.moments(torch.addcmul(a, s, eps[:m]).relu_(), g)
                yield g, wrong_probability(a, s, y[:m], uniform[:m])


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

    `passes` passes over all examples: see `LocalReparametrisation` and `answers.Tally`.
    """
    tally = LocalReparametrisation(weights, layers, lam, beta).tally(x, y, generator, passes, label=label)
    return tally.accuracy, tally.stderr


class _First:
    """The first layer: its inputs are the same at all grid points."""

    def __init__(self, layer: LayerPosterior, lam: np.ndarray, beta: np.ndarray):
        rest = lam if layer.low_rank else np.zeros(len(lam))  # the variance along directions that the basis lacks
        self.basis = None if layer.basis is None else _rows(layer.basis)
        self.v = torch.from_numpy(variances(layer, lam, beta) - rest[:, None]).float()
        self.rest = torch.from_numpy(rest).float()

    def deviations(self, z: torch.Tensor, points: np.ndarray) -> torch.Tensor:
        """s at these grid points: (n, len(points)), for inputs z (n, k - 1)."""
        v, rest = self.v[points], self.rest[points]
        if self.basis is None:
            return torch.addmm(v[:, -1], z.square(), v[:, :-1].T).sqrt_()
        s2 = affine(self.basis, z).square_() @ v.T
        return (s2.addr_(_squared_norm(z), rest) if rest.any() else s2).sqrt_()


class _Deeper:
    """A layer after the first: its inputs differ between grid points, so this is where the products are.

    Of c = U'(z, 1) only the leading r rows are computed, those with rho g_i > 2 TOLERANCE; along the others v_i lies
    between v_{r+1} >= lam / (1 + 2 TOLERANCE) and lam, and is replaced by the geometric mean u of the two ends:

        s^2 ~ sum_{i<=r} (v_i - u) c_i^2 + u |(z, 1)|^2,    wrong by a factor of at most sqrt(1 + rho g_{r+1}).

    The rows lie below W in one matrix, so that means and c are one product and no bias column is ever appended.
    """

    def __init__(self, weight: torch.Tensor, layer: LayerPosterior, lam: np.ndarray, beta: np.ndarray):
        self.neurons, self.basis = len(weight), layer.basis is not None
        self.rank, self.rest = np.zeros(len(lam), int), np.zeros(len(lam))
        v, rows = variances(layer, lam, beta), weight
        if self.basis:
            rows = torch.cat([weight, _rows(layer.basis)])
            self.rank = leading(layer.curvature, lam, beta)
            following = np.append(layer.curvature, 0.0)[self.rank]  # g_{r+1}; 0 where the basis ends
            missing = (self.rank < len(layer.curvature)) | layer.low_rank
            self.rest = np.where(missing, lam / np.sqrt(1 + lam / beta * following), 0.0)
        self.v = torch.from_numpy(v - self.rest[:, None]).float()
        # The bias by itself: a product that adds a strided one copies it to every row first.
        self.rows, self.bias = rows[:, :-1].contiguous(), rows[:, -1].contiguous()

    def moments(self, z: torch.Tensor, g: int) -> tuple[torch.Tensor, torch.Tensor]:
        """W (z, 1) (n, n_out) and s (n, 1) at grid point g, for inputs z (n, k - 1)."""
        r = self.rank[g]
        product = linear(z, self.rows[: self.neurons + r], self.bias[: self.neurons + r])
        if self.basis:
            s2 = torch.mv(product[:, self.neurons :].square_(), self.v[g, :r])
        else:
            s2 = torch.mv(z.square(), self.v[g, :-1]).add_(self.v[g, -1])
        if self.rest[g]:
            s2.add_(_squared_norm(z), alpha=self.rest[g])
        return product[:, : self.neurons], s2.sqrt_()[:, None]


def _rows(basis: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(basis.T)).float()


def _squared_norm(z: torch.Tensor) -> torch.Tensor:
    """|(z, 1)|^2: (n,)."""
    return torch.linalg.vector_norm(z, dim=1).square_().add_(1)


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
    """
    _check(draws=draws, least=2)
    accuracies = []
    for _ in range(draws):
        sample = [w + _draw(layer, w.shape, lam, beta, generator) for w, layer in zip(weights, layers)]
        right = sum(int((forward(sample, xs).argmax(1) == ys).sum()) for xs, ys in zip(x.split(CHUNK), y.split(CHUNK)))
        accuracies.append(right / len(x))
    return float(np.mean(accuracies)), float(np.std(accuracies, ddof=1) / np.sqrt(draws))


def _draw(
    layer: LayerPosterior, shape: torch.Size, lam: float, beta: float, generator: torch.Generator
) -> torch.Tensor:
    """One draw of a layer's noise, (n_out, k): along the basis with variances v, along all other directions with lam."""
    eps, deviation = torch.randn(shape, generator=generator), np.sqrt(variances(layer, [lam], [beta])[0])
    if layer.basis is None:
        return eps * torch.from_numpy(deviation).float()
    basis = _rows(layer.basis)
    return lam**0.5 * eps + (eps @ basis.T * torch.from_numpy(deviation - lam**0.5).float()) @ basis


def _check(least: int = 1, **counts: int) -> None:
    for name, count in counts.items():
        if count < least:
            raise ValueError(f"{name} must be at least {least}, got {count}")
