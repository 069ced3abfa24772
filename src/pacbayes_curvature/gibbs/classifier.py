"""The Gibbs classifier of one posterior around a network of one's own: its divergence from the prior, and its risk.

Prior P = N(mu_1, lam I), posterior Q = N(mu_0, Sigma_0) with Sigma_0 = beta (H + (beta/lam) I)^-1 (Lemma 4.1). For a whole
grid of lam and beta at once there are `posteriors` and `gibbs.local_reparametrisation`, on which this rests.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce
from operator import add
from typing import NamedTuple

import numpy as np
import torch

from pacbayes_curvature import posteriors
from pacbayes_curvature.curvature.second_moments import spectrum
from pacbayes_curvature.gibbs.local_reparametrisation import draw
from pacbayes_curvature.mean_field import MeanField, along_curvature
from pacbayes_curvature.networks import Weights, chunks

CHUNK = 8192  # examples that are moved to the weights' device at a time


class Risk(NamedTuple):
    """An estimate of the empirical Gibbs risk: its mean and standard error, the sum and the number of the outcomes in [0, 1]
    that it rests on, and the number n of different examples."""

    mean: float
    stderr: float
    errors: float
    outcomes: int
    examples: int


@dataclass(frozen=True)
class GibbsClassifier:
    """Networks drawn from Q anew for each answer. weights: the mean mu_0; layers: the posterior of each; lam, beta: numbers.

    Made by `gibbs_classifier`.

    >>> generator = torch.Generator().manual_seed(0)
    >>> x, y = torch.randn(100, 4, generator=generator), torch.arange(100) % 2
    >>> prior, network = ([torch.randn(2, 5, generator=generator)] for _ in range(2))
    >>> q = gibbs_classifier("baseline", network, prior, second_moments(network, x), lam=0.1, beta=1.0)
    >>> risk = q.risk(x, y, generator=generator, passes=3)
    >>> risk.outcomes, risk.examples, 0 < risk.mean < 1, len(q.draw(generator))
    (300, 100, True, 1)
    """

    weights: Weights
    layers: list[posteriors.LayerPosterior]
    lam: float
    beta: float

    @property
    def kl(self) -> float:
        """KL(Q||P) in nats, `posteriors.kl_divergence`."""
        return float(posteriors.kl_divergence(self.layers, [self.lam], [self.beta])[0])

    def draw(self, generator: torch.Generator) -> Weights:
        """One network from Q."""
        return draw(self.weights, self.layers, self.lam, self.beta, generator)

    def risk(
        self,
        data: torch.Tensor | Iterable,
        y: torch.Tensor | None = None,
        *,
        generator: torch.Generator,
        passes: int = 1,
        stderr: float | None = None,
    ) -> Risk:
        """The mean error of Q on the examples, (1/n) sum_n P(wrong answer to x_n), by local reparametrisation.

        data, y: inputs (n, ...) and labels (n,), whole numbers from 0; or data alone, a DataLoader of both. In each of
        `passes` passes every example has one outcome. With `stderr` as many passes are made as that standard error needs by
        the outcomes' spread in the first one, at least one. The standard error is an upper bound: the spread includes that
        between examples, which a pass over all of them does not suffer from. A certificate needs `passes` fixed in advance.
        ValueError: labels that are no such numbers or not as many as inputs, passes < 1, stderr not positive.
        """
        if stderr is not None and not stderr > 0:
            raise ValueError(f"stderr must be positive, got {stderr}")
        q = along_curvature(self.weights, self.layers, self.lam, self.beta)
        first = self._pass(q, data, y, generator, passes)
        if stderr is None:
            return first
        variance = first.stderr**2 * first.outcomes
        more = math.ceil(variance / stderr**2 / first.examples) - passes
        return first if more < 1 else _together(first, self._pass(q, data, y, generator, more))

    def _pass(self, q: MeanField, data, y, generator: torch.Generator, passes: int) -> Risk:
        tallies = [(q.tally(x, labels, generator, passes), len(x)) for x, labels in self._batches(data, y)]
        if not tallies:
            raise ValueError("there are no examples")
        total, examples = reduce(add, (tally for tally, _ in tallies)), sum(n for _, n in tallies)
        sums = float(1 - total.accuracy[0]), float(total.stderr[0]), float(total.wrong[0])
        return Risk(*sums, int(total.outcomes[0]), examples)

    def _batches(self, data, y):
        device, classes = self.weights[0].device, len(self.weights[-1])
        for inputs, labels in [(data, y)] if isinstance(data, torch.Tensor) else data:
            if labels is None or labels.shape != inputs.shape[:1]:
                raise ValueError(f"one label for each of {len(inputs)} inputs is needed, got {_shape(labels)}")
            if labels.is_floating_point() or labels.is_complex() or labels.dtype == torch.bool:
                raise ValueError(f"labels must be whole numbers, got {labels.dtype}")
            for start, x in zip(range(0, len(inputs), CHUNK), chunks(inputs, self.weights, CHUNK)):
                some = labels[start : start + CHUNK].to(device, torch.int64)
                if not bool(((some >= 0) & (some < classes)).all()):
                    raise ValueError(f"labels must be from 0 to {classes - 1}, got {some.min()} to {some.max()}")
                yield x, some


def gibbs_classifier(
    method: str, weights: Weights, prior: Weights, moments: list[np.ndarray], lam: float, beta: float
) -> GibbsClassifier:
    """The posterior `method` ("baseline", "diag", "layerwise") around `weights`, for the prior N(prior, lam I).

    moments: H_l of each layer, from `second_moments`, of these weights. prior: weights of the same shapes that do not depend
    on the examples of the bound, such as the initialisation; lam and beta likewise, else a union bound is due.
    ValueError: unknown method, shapes that differ, weights that are not finite, lam or beta not positive.

    Source: section 6; Eq. (6) with H from Eq. (34).

    >>> generator = torch.Generator().manual_seed(0)
    >>> x, y = torch.randn(100, 4, generator=generator), torch.arange(100) % 2
    >>> prior, network = ([torch.randn(2, 5, generator=generator)] for _ in range(2))
    >>> moments = second_moments(network, x)
    >>> q = [gibbs_classifier(method, network, prior, moments, lam=0.1, beta=1.0) for method in ("baseline", "layerwise")]
    >>> q[0].kl < q[1].kl  # the curved directions have less noise, which costs
    True
    """
    shapes = [[tuple(w.shape) for w in network] for network in (weights, prior)]
    if shapes[0] != shapes[1]:
        raise ValueError(f"prior and network must have the same layers, got {shapes[1]} and {shapes[0]}")
    if (found := [h.shape for h in moments]) != [(k, k) for _, k in shapes[0]]:
        raise ValueError(f"moments must be one (k, k) matrix a layer, of this network, got {found}")
    if not all(bool(w.isfinite().all()) for w in (*weights, *prior)):
        raise ValueError("the weights must be finite")
    posteriors.entry(method)
    layers = []
    for w, w1, h in zip(weights, prior, moments):
        distance = (w.double() - w1.to(w.device).double()).square().sum().item()
        decomposed = spectrum(h) if posteriors.entry(method).eigenvectors else None
        layers.append(posteriors.layer_posterior(method, h, decomposed, len(w), distance))
    classifier = GibbsClassifier(weights, layers, float(lam), float(beta))
    classifier.kl  # noqa: B018 - refuses a wrong lam or beta
    return classifier


def _together(a: Risk, b: Risk) -> Risk:
    outcomes = a.outcomes + b.outcomes
    variance = (a.stderr**2 * a.outcomes**2 + b.stderr**2 * b.outcomes**2) / outcomes**2
    errors = a.errors + b.errors
    return Risk(errors / outcomes, math.sqrt(variance), errors, outcomes, a.examples)


def _shape(labels) -> str:
    return "none" if labels is None else f"labels of shape {tuple(labels.shape)}"
