"""The Gibbs classifier of one posterior around a network of one's own: its divergence from the prior, and its risk.

Prior P = N(mu_1, lam I), posterior Q = N(mu_0, Sigma_0) with Sigma_0 = beta (H + (beta/lam) I)^-1 (Lemma 4.1). For a whole
grid of lam and beta at once there are `posteriors` and `gibbs.local_reparametrisation`.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce
from numbers import Integral
from operator import add
from typing import NamedTuple

import numpy as np
import torch

from pacbayes_curvature import posteriors
from pacbayes_curvature._arrays import real
from pacbayes_curvature.curvature.second_moments import spectrum
from pacbayes_curvature.mean_field import MeanField, along_curvature
from pacbayes_curvature.networks import Weights, chunks

CHUNK = 8192  # examples that are moved to the weights' device at a time
ROUNDED = 1e-5  # of the largest: how far below zero rounding in single precision may put an entry


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
        return self._field().draw(generator)

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

        The outcomes are independent, with this mean error as their mean expectation: no variance is approximated. So they may go
        into `certificates.certificate`, if their noise had no part in choosing Q and `passes` is given: `stderr` has their number
        depend on the first of them.

        data, y: inputs (n, ...) and labels (n,), whole numbers from 0; or data alone, a DataLoader of both. In each of
        `passes` passes every example has one outcome. With `stderr` as many passes are made as that standard error needs by
        the outcomes' spread in the first one, at least one. The standard error is an upper bound: the spread includes that
        between examples, which a pass over all of them does not suffer from.
        ValueError: inputs that are not real and finite, or for which the network's outputs are not; labels that are no such numbers or not as
        many as inputs; passes that are not whole or below 1; stderr not positive, or beyond all passes.
        """
        if isinstance(passes, bool) or not isinstance(passes, Integral) or passes < 1:
            raise ValueError(f"the whole number of passes must be at least 1, got {passes!r}")
        if stderr is not None and not (real("stderr", stderr).ndim == 0 and stderr > 0):
            raise ValueError(f"stderr must be positive, got {stderr}")
        field = self._field()
        first = self._pass(field, data, y, generator, passes)
        if stderr is None:
            return first
        ratio = first.stderr / float(stderr)  # not their squares, which leave the range sooner
        if not (needed := ratio**2 * passes if ratio < 1e100 else math.inf) < 2**63:
            raise ValueError(f"stderr must be attainable, got {stderr} beside {first.stderr:.3g} after {passes} passes")
        more = math.ceil(needed) - passes
        return first if more < 1 else _together(first, self._pass(field, data, y, generator, more))

    def _field(self) -> MeanField:
        return along_curvature(self.weights, self.layers, self.lam, self.beta)

    def _pass(self, field: MeanField, data, y, generator: torch.Generator, passes: int) -> Risk:
        tallies = [(field.tally(x, labels, generator, passes), len(x)) for x, labels in self._batches(data, y)]
        if not tallies:
            raise ValueError("there are no examples")
        total, examples = reduce(add, (tally for tally, _ in tallies)), sum(n for _, n in tallies)
        sums = float(1 - total.accuracy[0]), float(total.stderr[0]), float(total.wrong[0])
        if not math.isfinite(sums[2]):
            raise ValueError(
                "the network's outputs are not finite: weights, inputs or variances are too large for their type"
            )
        return Risk(*sums, int(total.outcomes[0]), examples)

    def _batches(self, data, y):
        device, classes = self.weights[0].device, len(self.weights[-1])
        for batch in [(data, y)] if isinstance(data, (torch.Tensor, np.ndarray)) else data:
            if not isinstance(batch, (tuple, list)) or len(batch) != 2:
                raise ValueError("inputs and labels are needed, as two tensors or from a loader of pairs of them")
            inputs, labels = (None if each is None else _tensor(each) for each in batch)
            if inputs is None or inputs.ndim < 2 or inputs.is_complex():
                raise ValueError(
                    f"inputs must be real, (N, ...), got {'none' if inputs is None else tuple(inputs.shape)}"
                )
            if labels is None or labels.shape != inputs.shape[:1]:
                raise ValueError(f"one label for each of {len(inputs)} inputs is needed, got {_shape(labels)}")
            if labels.is_floating_point() or labels.is_complex() or labels.dtype == torch.bool:
                raise ValueError(f"labels must be whole numbers, got {labels.dtype}")
            for start, x in zip(range(0, len(inputs), CHUNK), chunks(inputs, self.weights, CHUNK)):
                if not bool(x.isfinite().all()):
                    raise ValueError(f"inputs must be finite, and stay so in {x.dtype}")
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
    A diagonal entry of H that rounding made negative counts as 0, as do such eigenvalues (`second_moments.spectrum`).
    ValueError: unknown method; no layer; shapes that differ; weights that are not real, finite matrices of a floating type; moments that are not
    finite, not symmetric or more negative than rounding explains; lam or beta not positive, or so far from 1 that the divergence is not a number.

    Source: section 6; Eq. (6) with H from Eq. (34).

    >>> generator = torch.Generator().manual_seed(0)
    >>> x, y = torch.randn(100, 4, generator=generator), torch.arange(100) % 2
    >>> prior, network = ([torch.randn(2, 5, generator=generator)] for _ in range(2))
    >>> moments = second_moments(network, x)
    >>> q = [gibbs_classifier(method, network, prior, moments, lam=0.1, beta=1.0) for method in ("baseline", "layerwise")]
    >>> q[0].kl < q[1].kl  # the curved directions have less noise, which costs
    True
    """
    for network in (weights, prior):
        if not len(network) or not all(
            isinstance(w, torch.Tensor) and w.ndim == 2 and w.is_floating_point() for w in network
        ):
            raise ValueError("a network must be a list of matrices (n_out, k), tensors of a floating type, one a layer")
    shapes = [[tuple(w.shape) for w in network] for network in (weights, prior)]
    if shapes[0] != shapes[1]:
        raise ValueError(f"prior and network must have the same layers, got {shapes[1]} and {shapes[0]}")
    moments = [real("moments", h) for h in moments]
    if (found := [h.shape for h in moments]) != [(k, k) for _, k in shapes[0]]:
        raise ValueError(f"moments must be one (k, k) matrix a layer, of this network, got {found}")
    if not all(bool(w.isfinite().all()) for w in (*weights, *prior)):
        raise ValueError("the weights must be finite")
    posteriors.entry(method)
    moments = [_second_moment(h, layer) for layer, h in enumerate(moments, start=1)]
    layers = []
    for w, w1, h in zip(weights, prior, moments):
        distance = (w.double() - w1.to(w.device).double()).square().sum().item()
        decomposed = spectrum(h) if posteriors.entry(method).eigenvectors else None
        layers.append(posteriors.layer_posterior(method, h, decomposed, len(w), distance))
    lam, beta = (real(name, value) for name, value in (("lam", lam), ("beta", beta)))
    if lam.ndim or beta.ndim:
        raise ValueError(f"lam and beta must be single numbers, got shapes {lam.shape} and {beta.shape}")
    classifier = GibbsClassifier(weights, layers, float(lam), float(beta))
    classifier.kl  # noqa: B018, refuses a lam or beta that is not positive or out of range
    return classifier


def _second_moment(h: np.ndarray, layer: int) -> np.ndarray:
    largest, diagonal = np.abs(h).max(), np.diag(h)
    if not (np.isfinite(h).all() and np.allclose(h, h.T, rtol=0, atol=ROUNDED * largest)):
        raise ValueError(f"the moment of layer {layer} must be finite and symmetric")
    if (diagonal < -ROUNDED * largest).any():
        raise ValueError(f"a second moment has no negative diagonal, got {diagonal.min():.3g} in layer {layer}")
    return h + np.diag(np.maximum(-diagonal, 0)) if (diagonal < 0).any() else h


def _tensor(values) -> torch.Tensor:
    if isinstance(values, torch.Tensor):
        return values
    numbers, given = real("inputs and labels", values), np.array(values)
    return torch.from_numpy(given if given.dtype.kind in "biu" else numbers)


def _together(a: Risk, b: Risk) -> Risk:
    outcomes = a.outcomes + b.outcomes
    variance = (a.stderr**2 * a.outcomes**2 + b.stderr**2 * b.outcomes**2) / outcomes**2
    errors = a.errors + b.errors
    return Risk(errors / outcomes, math.sqrt(variance), errors, outcomes, a.examples)


def _shape(labels) -> str:
    return "none" if labels is None else f"labels of shape {tuple(labels.shape)}"
