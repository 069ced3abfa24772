"""Nearly the outcomes of all grid points in a fraction of the time, and what corrects them: two-level Monte Carlo.

With its noise held fixed, an example's input of the next layer, max(0, a + s eps), depends on the grid point through one number,
s. So the layers after the first are computed for few values of s, the nodes, and interpolated linearly at the points, layer
after layer: outcomes q, nearly those of the network, p. How they differ is looked at for few examples, with the same noise:

    E p = E q + E (p - q),    many examples for the first mean, few for the second, whose outcomes are nearly 0.

The sum has no bias, whatever q is (Heinrich 2001; Giles 2008).

Legend: n examples, G grid points, P of them, k inputs of a layer with its bias, C classes; a (n, n_out) and s (P, n) mean and
deviation of a layer's pre-activations.
"""

from collections.abc import Iterator

import numpy as np
import torch

from pacbayes_curvature.gibbs.level import Level, Noise
from pacbayes_curvature.gibbs.local_reparametrisation import LocalReparametrisation, Rows, rows_of
from pacbayes_curvature.gibbs.outcomes import wrong_probability
from pacbayes_curvature.networks import Weights, squared_norm
from pacbayes_curvature.posteriors import LayerPosterior, variances

EIGENVECTORS = 384, 384  # that q looks at in a layer: see `Thinned`
STEP = 0.7  # distance of two nodes in ln s, at most


class Coarse(Level):
    """The classifiers of all grid points lam, beta (G,) with the outcomes q, in [0, 1], in place of p."""

    def __init__(self, weights: Weights, layers: list[LayerPosterior], lam: np.ndarray, beta: np.ndarray):
        super().__init__(weights, len(lam))
        self.thinned = [Thinned(*layer, lam, beta, *EIGENVECTORS) for layer in zip(weights, layers)]

    def shared(self, x: torch.Tensor, points: np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
        """a (n, n_out) of the first layer, and its s (P, n) at these points."""
        return self.thinned[0].moments(x, points)

    def outcomes(
        self, shared: tuple[torch.Tensor, ...], y: torch.Tensor, noise: Noise, points: np.ndarray, count: np.ndarray
    ) -> Iterator[tuple[int, torch.Tensor]]:
        """q of each point's examples."""
        (a, s), n, some = shared, len(y), np.flatnonzero(count)
        logits = self.logits(0, a[:n], s[some, :n], noise.normal, points[some], count[some])
        for g, m, q in zip(points[some], count[some], _wrong(*logits, y, noise.uniform)):
            yield g, q[:m]

    def logits(self, l, a, s, noise, points, count) -> tuple[torch.Tensor, torch.Tensor]:
        """Mean (P, n, C) and deviation (P, n) of the logits, from a and s of layer l."""
        if l == len(noise):
            return a.expand(len(points), *a.shape), s
        mean, deviation = s.new_zeros(*s.shape, len(self.weights[-1])), torch.ones_like(s)
        nodes, interval = _nodes(s)
        lower, before = None, np.arange(0)  # what the node before this one gave, and for which points
        for k, node in enumerate(nodes):
            near = np.flatnonzero((interval == k) | (interval == k - 1))  # the points between it and its neighbours
            if not len(near):
                continue
            m = count[near].max()
            z = torch.addcmul(a[:m], node[:m, None], noise[l][:m]).relu_()
            moments = self.thinned[l + 1].moments(z, points[near])
            upper = self.logits(l + 1, *moments, noise, points[near], count[near])
            here = np.flatnonzero(interval == k - 1)
            if len(here):
                m, of_lower, of_upper = count[here].max(), np.searchsorted(before, here), np.searchsorted(near, here)
                t = (s[here, :m] - nodes[k - 1][:m]) / (node[:m] - nodes[k - 1][:m])
                mean[here, :m] = torch.lerp(lower[0][of_lower, :m], upper[0][of_upper, :m], t[:, :, None])
                deviation[here, :m] = torch.lerp(lower[1][of_lower, :m], upper[1][of_upper, :m], t)
            lower, before = upper, near
        return mean, deviation


class Correction(Level):
    """The differences p - q of the exact and the coarse outcomes, from -1 to 1, each pair with the same noise."""

    def __init__(self, weights: Weights, layers: list[LayerPosterior], lam: np.ndarray, beta: np.ndarray):
        super().__init__(weights, len(lam))
        self.exact, self.coarse = (kind(weights, layers, lam, beta) for kind in (LocalReparametrisation, Coarse))

    def shared(self, x: torch.Tensor, points: np.ndarray) -> tuple[tuple[torch.Tensor, ...], tuple[torch.Tensor, ...]]:
        """What the exact and what the coarse outcomes share."""
        return self.exact.shared(x, points), self.coarse.shared(x, points)

    def outcomes(
        self, shared: tuple, y: torch.Tensor, noise: Noise, points: np.ndarray, count: np.ndarray
    ) -> Iterator[tuple[int, torch.Tensor]]:
        """p - q of each point's examples."""
        exact, coarse = (
            level.outcomes(part, y, noise, points, count) for level, part in zip((self.exact, self.coarse), shared)
        )
        for (g, p), (_, q) in zip(exact, coarse):
            yield g, p - q


class Thinned:
    """A layer's pre-activations, with s^2 = sum_i v_i c_i^2, c = U'(z, 1), from some of the eigenvectors where there are many.

    The `leading` ones count for themselves. The others are cut into `groups` of neighbours, and their sum, with random signs,
    counts for all of a group: the square of the signed sum of the c_i, times the mean of the v_i. Over the signs its mean is
    the sum of the c_i^2, and no direction is overlooked. Nothing is left out of a basis that is not complete.
    """

    def __init__(
        self, weight: torch.Tensor, layer: LayerPosterior, lam: np.ndarray, beta: np.ndarray, leading: int, groups: int
    ):
        rest = lam if layer.low_rank else np.zeros(len(lam))  # the variance along directions that the basis lacks
        v, rows = variances(layer, lam, beta) - rest[:, None], weight
        self.neurons, self.k, self.basis = *weight.shape, layer.basis is not None
        if self.basis:
            k, ends = v.shape[1], np.arange(v.shape[1] + 1)
            if not layer.low_rank and k > leading + groups:
                ends = np.append(ends[:leading], np.linspace(leading, k, groups + 1).astype(int))
            v = np.add.reduceat(v, ends[:-1], axis=1) / np.diff(ends)
            signs = np.random.default_rng(0).choice([-1.0, 1.0], k)
            rows = torch.cat([weight, rows_of(np.add.reduceat(signs * layer.basis, ends[:-1], axis=1), weight)])
        self.v, self.rest = torch.from_numpy(v).to(weight), torch.from_numpy(rest).to(weight)
        self.rows = Rows(rows)

    def moments(self, z: torch.Tensor, points: np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
        """W (z, 1) (n, n_out) and s (P, n) at these points, for inputs z (n, k - 1)."""
        product, v, rest = self.rows.times(z), self.v[points], self.rest[points]
        n_in = z.shape[1]
        if self.basis:
            s2 = v @ product[:, self.neurons :].square_().T
        elif self.k > n_in:
            s2 = torch.addmm(v[:, n_in:], v[:, :n_in], z.square().T)
        else:
            s2 = v @ z.square().T
        if rest.any():
            s2.addr_(rest, squared_norm(z, self.k))
        return product[:, : self.neurons], s2.sqrt_()


def _nodes(s: torch.Tensor) -> tuple[torch.Tensor, np.ndarray]:
    """Values of s for each example (K, n), from its least to its largest; and the interval between two of them, from 0 to K - 2,
    for each point (P,): the one where s is for most examples. For the others s can be a little beyond its ends."""
    least, range_ = s.amin(0), (s.amax(0) / s.amin(0)).log_().clamp_min_(1e-3)
    last = int(np.ceil(range_.max().item() / STEP))
    place = (s / least).log_().div_(range_).mean(1) * last
    steps = torch.arange(last + 1, dtype=s.dtype, device=s.device) / last
    return least * torch.exp(steps[:, None] * range_), place.long().clamp_(0, last - 1).cpu().numpy()


def _wrong(mean: torch.Tensor, deviation: torch.Tensor, y: torch.Tensor, uniform: torch.Tensor) -> torch.Tensor:
    """`outcomes.wrong_probability` of mean (P, n, C), deviation (P, n), with the same y (n,), uniform (n,): (P, n)."""
    points = len(mean)
    flat = wrong_probability(mean.flatten(0, 1), deviation.reshape(-1, 1), y.repeat(points), uniform.repeat(points))
    return flat.view(points, -1)
