"""Outcomes with less spread: the answer of a surrogate network, whose mean is known, is taken off each.

The surrogate's logit gap is linear in the noise of the hidden layers, M + sum_l s_l delta_l'eps_l, with the noise eps_l of the
network itself. Given that noise its answer is wrong with probability q, and over the noise with probability e:

    q = Phi(-(M + sum_l s_l delta_l'eps_l) / sqrt(T)),    e = E q = Phi(-M / sqrt(T + sum_l s_l^2 |delta_l|^2)).

So p - q + e has the expectation of the network's outcome p, whatever M, s_l, delta_l and T are, and the less variance the more
p and q are alike: q is a control variate (Lavenberg and Welch 1981). M is the gap, between the label and its strongest rival,
of the network whose units pass on their means (Wang and Manning 2013). delta_l is the derivative of that gap: a unit's slope is
Phi(a / s), the best linear coefficient of a rectified Gaussian (Stein 1981, Lemma 1). T is the variance of what is left: the
logits' own noise, and what is not linear in that of the units.

Legend: n examples, G grid points, P points of a cell; a (n, k) a layer's mean pre-activations and s^2 their variance, z a unit's
mean and `spread` its variance; delta_l (n, n_out).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch.nn.functional import linear, one_hot
from torch.special import ndtr

from .answers import wrong_probability
from .gibbs import LocalReparametrisation
from .networks import Weights, affine
from .posteriors import LayerPosterior

WIDTH = 1.2  # decades of lam and of beta: points so near share M and delta_l, and T up to the strength of the noise
ALIGNED = 16  # rows: a product with 3,073 takes about a third longer than one with 3,072 and one with the last
TINY = torch.finfo(torch.float32).tiny


def cells(lam: np.ndarray, beta: np.ndarray, width: float) -> list[np.ndarray]:
    """Indices of the grid points lam, beta (G,) by cells of `width` decades, the most central point of each cell first."""
    place = np.nan_to_num(np.log10([lam, beta]).T, posinf=0.0)  # beta = inf: all alike
    numbers = np.floor((place - place.min(0)) / width + 1e-6)
    cell = np.unique(numbers, axis=0, return_inverse=True)[1].ravel()
    groups = [np.flatnonzero(cell == number) for number in range(cell.max() + 1)]
    distances = [np.linalg.norm(place[group] - place[group].mean(0), axis=1).round(6) for group in groups]
    return [group[np.argsort(distance, kind="stable")] for group, distance in zip(groups, distances)]


class Controlled(LocalReparametrisation):
    """The classifiers of `gibbs.LocalReparametrisation` with the outcomes p - q + e, from -1 to 2, in place of p.

    The grid points of a cell (`cells`, WIDTH) share one surrogate but for its s_l. So it costs little beside the points.
    """

    def __init__(self, weights: Weights, layers: list[LayerPosterior], lam: np.ndarray, beta: np.ndarray):
        super().__init__(weights, layers, lam, beta)
        self.cells = cells(lam, beta, WIDTH)
        if self.first.basis is not None:
            blocks = self.first.basis.split(len(self.first.basis) // ALIGNED * ALIGNED or ALIGNED)
            self.rotation = [(rows[:, :-1].contiguous(), rows[:, -1].contiguous()) for rows in blocks]

    def _chunk(
        self, x: torch.Tensor, y: torch.Tensor, generator: torch.Generator, counts: np.ndarray
    ) -> Iterator[tuple[int, torch.Tensor]]:
        points, x = np.flatnonzero(counts.any(0)), x[: counts.max()]
        mean, deviation = affine(self.weights[0], x), self._deviations(x, points)
        drawn = []  # the noise of each pass, in the order in which the other estimator draws it
        for most in counts.max(1):
            noise = [torch.randn(most, len(w), generator=generator) for w in self.weights[:-1]]
            drawn.append((noise, torch.rand(most, generator=generator)))
        for cell in self.cells:
            cell = cell[counts[:, cell].any(0)]
            if not len(cell):
                continue
            n, rows = counts[:, cell].max(), np.searchsorted(points, cell)
            surrogate = self.surrogate(cell, mean[:n], deviation[rows, :n], y[:n])
            for count, (noise, uniform) in zip(counts[:, cell], drawn):
                control = surrogate.control(noise, count.max())
                for g, m, s, known in zip(cell, count, deviation[rows], control):
                    if m:
                        logits = self._logits(g, mean[:m], s[:m, None], noise)
                        yield g, wrong_probability(*logits, y[:m], uniform[:m]).add_(known[:m])

    def _deviations(self, z: torch.Tensor, points: np.ndarray) -> torch.Tensor:
        """s of the first layer at these grid points: (len(points), n)."""
        v, rest = self.first.v[points], self.first.rest[points]
        if self.first.basis is None:
            return torch.addmm(v[:, -1:], v[:, :-1], z.square().T).sqrt_()
        squares = [linear(z, rows, bias).square_() for rows, bias in self.rotation]
        s2 = sum(part @ c.T for part, c in zip(v.split([len(rows) for rows, _ in self.rotation], dim=1), squares))
        return s2.addr_(rest, z.square().sum(1) + 1).sqrt_()

    def _logits(self, g: int, a: torch.Tensor, s: torch.Tensor, noise: list[torch.Tensor]):
        """Means and deviations of the logits at grid point g, with this noise in the hidden layers."""
        for layer, eps in zip(self.later, noise):
            a, s = layer.moments(torch.addcmul(a, s, eps[: len(a)]).relu_(), g)
        return a, s

    def surrogate(self, cell: np.ndarray, a: torch.Tensor, deviation: torch.Tensor, y: torch.Tensor) -> "Surrogate":
        """That of the P points of a cell, made at the first of them.

        a (n, n_out), deviation (P, n): mean and s of the first layer's pre-activations; y (n,) the labels.
        """
        s2, slopes, nonlinear = [deviation.square()], [], []
        variance = s2[0][0, :, None]
        for weight, layer in zip(self.weights[1:], self.later):
            z, spread, slope = rectified(a, variance)
            slopes.append(slope)
            nonlinear.append(spread - slope.square() * variance)
            average = spread.mean(1)  # of the units: as if all had the same variance, which needs no product
            a, own = moments(layer, z, average, cell)
            s2.append(own)
            variance = own[0, :, None] + average[:, None] * weight[:, :-1].square().sum(1)
        label = one_hot(y, a.shape[1]).bool()
        delta = label.float() - one_hot(a.masked_fill(label, -torch.inf).argmax(1), a.shape[1])
        gap, left, deltas = (a * delta).sum(1), torch.zeros(len(y)), []
        for weight, slope, rest in zip(self.weights[:0:-1], reversed(slopes), reversed(nonlinear)):
            delta = delta @ weight[:, :-1]
            left += (delta.square() * rest).sum(1)
            delta = delta * slope
            deltas.insert(0, delta)
        strength = s2[0] / s2[0][0].clamp_min(TINY)  # of the point's noise, relative to the first point's
        return Surrogate(gap, deltas, [s.sqrt() for s in s2[:-1]], 2 * s2[-1] + left.clamp_min_(0) * strength)


@dataclass(frozen=True)
class Surrogate:
    """M (n,); delta_l (n, n_out) and s_l (P, n) of each hidden layer; T (P, n)."""

    gap: torch.Tensor
    deltas: list[torch.Tensor]
    deviations: list[torch.Tensor]
    rest: torch.Tensor

    @cached_property
    def expected(self) -> torch.Tensor:
        """e: (P, n)."""
        variance = self.rest.clone()
        for delta, s in zip(self.deltas, self.deviations):
            variance.addcmul_(s.square(), delta.square().sum(1))
        return ndtr(-self.gap / variance.clamp_min_(TINY).sqrt_())

    def control(self, noise: list[torch.Tensor], n: int) -> torch.Tensor:
        """e - q of the first n examples, with the noise eps_l (at least n, n_out) of each hidden layer: (P, n)."""
        gap = self.gap[:n].expand(len(self.rest), n)
        for delta, s, eps in zip(self.deltas, self.deviations, noise):
            gap = torch.addcmul(gap, s[:, :n], (delta[:n] * eps[:n]).sum(1))
        return self.expected[:, :n] - ndtr(-gap / self.rest[:, :n].clamp_min(TINY).sqrt_())


def rectified(mean: torch.Tensor, variance: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Mean and variance of max(0, a) for a ~ N(mean, variance), and the derivative Phi(t) of its mean by that of a.

    With s^2 = variance and t = mean / s: mean Phi(t) + s phi(t), and (mean^2 + s^2) Phi(t) + mean s phi(t) less its square.
    mean (n, k); variance (n, k) or (n, 1), where 0 is the limit.
    """
    s = variance.clamp_min(TINY).sqrt()
    t = mean / s
    slope, density = ndtr(t), s * torch.exp(-t.square() / 2) / (2 * torch.pi) ** 0.5
    z = torch.addcmul(density, mean, slope)
    second = (mean.square() + variance) * slope + mean * density
    return z, (second - z.square()).clamp_min_(0), slope


def moments(layer, z: torch.Tensor, spread: torch.Tensor, points: np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
    """W (z, 1) (n, n_out), and s^2 at these points (P, n), its mean when each entry of (z, 1) has the variance `spread` (n,).

    layer: one of `LocalReparametrisation.later`.
    """
    r, v, rest = layer.rank[points].max(), layer.v[points], torch.from_numpy(layer.rest[points]).float()
    product = linear(z, layer.rows[: layer.neurons + r], layer.bias[: layer.neurons + r])
    if layer.basis:
        s2 = v[:, :r] @ product[:, layer.neurons :].square().T
    else:
        s2 = torch.addmm(v[:, -1:], v[:, :-1], z.square().T)
    trace = v.sum(1) + rest * (z.shape[1] + 1)
    return product[:, : layer.neurons], s2.addr_(rest, z.square().sum(1) + 1).addr_(trace, spread)
