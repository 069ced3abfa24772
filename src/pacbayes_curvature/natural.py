"""Steps along the natural gradient of a bound's objective, in the posterior's means and variances.

The Fisher information of N(E, v) is 1/v for E and 1/2 for s = ln(v / lam). With J = objective(risk, KL) of `descent` and w = dJ/dKL,

    E <- E - r v (dJ/dE) / w,    s <- s - 2 r (dJ/ds) / w.

Divided by w the KL has weight one: its part of the step is r e^s (E - E_1) and r (e^s - 1), a share r of the way to the prior where v = lam. So
the rate has no unit, and a direction is as wide as the posterior is along it (Amari 1998; Khan and Rue 2023).
"""

import math
from dataclasses import dataclass, replace

import torch
from tqdm import tqdm

from pacbayes_curvature.descent import Loss, Objective, bits, inputs, kl_divergence, moments
from pacbayes_curvature.mean_field import MeanField, each_layers
from pacbayes_curvature.networks import Weights


class Diverged(ValueError):
    """The steps led to no finite posterior."""


@dataclass(frozen=True)
class NaturalDescent:
    """rate: r of the first step, which falls to 0 along a cosine. ValueError: epochs or batch_size below 1, a rate that is not in (0, 1].
    Numbers that are not whole are a TypeError of the descent, before its first step."""

    epochs: int
    batch_size: int = 512
    rate: float = 0.1

    def __post_init__(self):
        for name in ("epochs", "batch_size"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")
        if not 0 < self.rate <= 1:
            raise ValueError(f"rate must lie in (0, 1], got {self.rate}")


def natural_gradient(
    value: torch.Tensor, kl: torch.Tensor, entries: Weights, log_ratio: Weights, lam: float
) -> tuple[Weights, Weights]:
    """v (dJ/dE) / w and 2 (dJ/ds) / w, each a layer's; value: J; kl: the KL that it was put together from, for w = dJ/dKL."""
    layers = len(entries)
    w, *gradients = torch.autograd.grad(value, [kl, *entries, *log_ratio])
    of_means = [lam * s.detach().exp() * g / w for s, g in zip(log_ratio, gradients[:layers])]
    return of_means, [2 * g / w for g in gradients[layers:]]


def optimise_naturally(
    start: MeanField,
    prior_mean: Weights,
    lam: float,
    x: torch.Tensor,
    y: torch.Tensor,
    objective: Objective,
    descent: NaturalDescent,
    generator: torch.Generator,
    loss: Loss = bits,
    label: str = "",
) -> MeanField:
    """The posterior after natural steps from `start`, on the examples x (N, d), y (N,), with the prior N(prior_mean, lam I).

    In the coordinates of `start`, as `descent.optimise`, with the same losses and objectives. ValueError: lam not positive, a start with
    variances of 0, outputs of the last layer in other coordinates; Diverged, which is one: a rate too large.
    """
    each_layers(lam, len(start.mean))
    coordinates = start.coordinates
    if coordinates.outputs[-1] is not None:
        raise ValueError("the last layer's outputs must be in no other coordinates")
    if any(bool((v == 0).any()) for v in start.variances):
        raise ValueError("the variances must be positive")
    prior = coordinates.of(prior_mean)
    entries = [e.detach().clone().requires_grad_() for e in coordinates.of(start.mean)]
    log_ratio = [(v / lam).log().expand_as(e).clone().requires_grad_() for v, e in zip(start.variances, entries)]
    scale = torch.full((len(entries),), lam, dtype=x.dtype)
    c, step = inputs(x, coordinates, entries[0].shape[1]), 0
    steps = descent.epochs * -(-len(x) // descent.batch_size)
    for _ in tqdm(range(descent.epochs), label, unit="epoch", disable=None):
        for batch in torch.randperm(len(x), generator=generator).split(descent.batch_size):
            a, s = moments(entries, [lam * s.exp() for s in log_ratio], coordinates, c[batch], generator)
            kl = kl_divergence(entries, log_ratio, prior, scale)
            if not bool(kl.isfinite()):
                raise Diverged(f"the rate is too large for {label}, {descent}: the divergence is no longer finite")
            value = objective(loss(a, s, y[batch], generator).mean(), kl)
            rate = descent.rate * (1 + math.cos(math.pi * step / steps)) / 2
            of_means, of_variances = natural_gradient(value, kl, entries, log_ratio, lam)
            with torch.no_grad():
                for parameter, direction in zip([*entries, *log_ratio], [*of_means, *of_variances]):
                    parameter -= rate * direction
            step += 1
    mean, variances = coordinates.back([e.detach() for e in entries]), [lam * s.detach().exp() for s in log_ratio]
    if not all(bool(w.isfinite().all()) for w in (*mean, *variances)):
        raise Diverged(f"the rate is too large for {label}, {descent}: the weights are no longer finite")
    return replace(start, mean=mean, variances=variances)
