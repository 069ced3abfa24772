"""A bound by optimisation: gradient descent on the means and the variances of a posterior that is mean-field in some coordinates.

Q = `mean_field.MeanField`, P = N(mu_1, lam_l I) with a lam for each layer, v = lam e^s. The descent minimises an objective of two
numbers,

    J = objective( (1/N) sum_n E_Q[loss_n], KL(Q||P) ),

each step with the noise of local reparametrisation (Kingma, Salimans and Welling 2015) for the examples of a batch: one draw for each
example, where published codes draw one network a batch. In coordinates of the outputs every derivative is that of the rotated
weights E = V' W U, so that a step along one of them moves many weights: Adam, which scales each coordinate by itself, depends on
the coordinates, the bound does not.

Losses: `bits` (Dziugaite and Roy 2017), `error` (the 0-1 loss itself, which has a gradient once the last layer's noise is
integrated). Objectives: `theorem_31` (Eq. 3; Dziugaite and Roy's has other constants), `quadratic` (Perez-Ortiz et al. 2021), `variational`
(mean-field variational inference with the KL weighted by beta).
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import torch
from torch.nn.functional import cross_entropy, linear
from tqdm import tqdm

from pacbayes_curvature.bounds import complexity
from pacbayes_curvature.gibbs.outcomes import wrong_probability
from pacbayes_curvature.mean_field import Coordinates, MeanField, each_layers
from pacbayes_curvature.networks import Weights

Loss = Callable[[torch.Tensor, torch.Tensor, torch.Tensor, torch.Generator], torch.Tensor]
Objective = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


@dataclass(frozen=True)
class Descent:
    """Adam (Kingma and Ba 2015) on E, s and ln lam, each with a learning rate of its own that falls to 0 along a cosine.

    scale_rate 0 leaves lam as it is. Where it is not, lam depends on the data: round it to a grid and pay for the grid.
    ValueError: epochs or batch_size below 1. Numbers that are not whole are a TypeError of the descent, before its first step.
    """

    epochs: int
    batch_size: int = 512
    mean_rate: float = 2e-3
    variance_rate: float = 2e-2
    scale_rate: float = 0.0

    def __post_init__(self):
        for name in ("epochs", "batch_size"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")


@dataclass(frozen=True)
class Optimised:
    """posterior; lam: of each layer; path: the mean weights after each epoch; objective: the mean of J over each epoch's
    batches, each taken just before the step that uses it."""

    posterior: MeanField
    lam: list[float]
    path: list[Weights]
    objective: list[float]


def bits(a: torch.Tensor, s: torch.Tensor, y: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """-log2 p(y_n | x_n), one draw of the logits: (n,). A misclassified example costs at least one bit, so it is never below the error."""
    return cross_entropy(torch.addcmul(a, s, _normal(a, generator)), y, reduction="none") / math.log(2)


def error(a: torch.Tensor, s: torch.Tensor, y: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """The probability of a wrong answer under the logits' noise, `outcomes.wrong_probability`: (n,)."""
    uniform = torch.rand(len(y), generator=generator, dtype=a.dtype) if a.shape[1] > 2 else None
    return wrong_probability(a, s, y, uniform)


def theorem_31(n: int, delta: float = 0.05) -> Objective:
    """risk + sqrt((KL + ln(2 (N - 1) / delta)) / (2 N)), `bounds.complexity`."""
    complexity(0.0, n, delta)  # refuses a wrong N or delta before any work
    return lambda risk, kl: risk + complexity(kl, n, delta)


def quadratic(n: int, delta: float = 0.05) -> Objective:
    """(sqrt(risk + c^2) + c)^2 with c of `bounds.complexity`: `bounds.quadratic_bound` but for a constant in the logarithm."""
    complexity(0.0, n, delta)

    def objective(risk: torch.Tensor, kl: torch.Tensor) -> torch.Tensor:
        c = complexity(kl, n, delta)
        return ((risk + c.square()).sqrt() + c).square()

    return objective


def variational(n: int, beta: float = 1.0) -> Objective:
    """risk + beta KL / N: with the loss in nats and beta = 1 the negative evidence lower bound (Graves 2011; Blundell et al. 2015).

    ValueError: beta that is not positive.
    """
    if not beta > 0:
        raise ValueError(f"beta must be positive, got {beta}")
    return lambda risk, kl: risk + beta * kl / n


def kl_divergence(entries: Weights, log_ratio: Weights, prior: Weights, lam: Sequence[torch.Tensor]) -> torch.Tensor:
    """(1/2) sum [ e^s - 1 - s + (E - E_1)^2 / lam_l ]: KL(Q||P) in nats, in the precision of the weights.

    `MeanField.kl` is the exact one; this one is for the gradient. Gradients pass.
    """
    return (
        sum((s.expm1() - s).sum() + (e - e1).square().sum() / l for e, s, e1, l in zip(entries, log_ratio, prior, lam))
        / 2
    )


def moments(
    entries: Weights, v: Weights, coordinates: Coordinates, c: torch.Tensor, generator: torch.Generator
) -> tuple[torch.Tensor, torch.Tensor]:
    """Mean and deviation of the logits (n, C), for the noise drawn in the other layers. Gradients pass.

    c (n, k): U_1'(x, 1), the first layer's inputs in its coordinates.
    """
    last = len(entries) - 1
    for l, (e, variance, u, out) in enumerate(zip(entries, v, [None, *coordinates.inputs[1:]], coordinates.outputs)):
        c = c if u is None else c @ u
        a, s = linear(c, e), linear(c.square(), variance).sqrt()
        if l < last:
            a = torch.addcmul(a, s, _normal(a, generator))
            a = (a if out is None else linear(a, out)).relu()
            c = torch.cat([a, a.new_ones(len(a), 1)], 1) if entries[l + 1].shape[1] > a.shape[1] else a
    return a, s


def inputs(x: torch.Tensor, coordinates: Coordinates, k: int) -> torch.Tensor:
    """U_1'(x, 1) of every example: (N, k), a copy of the data. It saves its computation in every step."""
    z = torch.cat([x, x.new_ones(len(x), 1)], 1) if k > x.shape[1] else x
    return z if coordinates.inputs[0] is None else z @ coordinates.inputs[0]


def optimise(
    start: MeanField,
    prior_mean: Weights,
    lam: float | Sequence[float],
    x: torch.Tensor,
    y: torch.Tensor,
    objective: Objective,
    descent: Descent,
    generator: torch.Generator,
    loss: Loss = bits,
    free: Sequence[int] | None = None,
    label: str = "",
) -> Optimised:
    """Minimise J over mean and variances, and over lam if `descent.scale_rate` is not 0, from `start`, on the examples x (N, d), y (N,).

    prior_mean: mu_1, independent of these examples. The coordinates stay those of `start`, which may depend on the examples, since the prior
    does not see them. free: how many neurons of each layer, the first ones, are optimised; the others stay as they are in `start`, and
    cost nothing where the prior has the same mean and variance there. ValueError: lam not positive, a start whose variances are
    0, outputs of the last layer, or of a layer that is not free as a whole, in other coordinates, weights that are no longer
    finite (learning rates too large).
    """
    free = [len(w) for w in start.mean] if free is None else free
    coordinates, layers = start.coordinates, len(start.mean)
    if coordinates.outputs[-1] is not None:
        raise ValueError("the last layer's outputs must be in no other coordinates")
    if any(v is not None and f < len(w) for v, f, w in zip(coordinates.outputs, free, start.mean)):
        raise ValueError("the outputs of a layer that is not free as a whole must be in no other coordinates")
    if any(bool((v == 0).any()) for v in start.variances):
        raise ValueError("the variances must be positive")
    log_lam = torch.tensor([math.log(value) for value in each_layers(lam, layers)], dtype=x.dtype)
    whole, prior = coordinates.of(start.mean), coordinates.of(prior_mean)
    entries = [e[:f].detach().clone().contiguous().requires_grad_() for e, f in zip(whole, free)]
    log_ratio = [
        (v.log() - l).expand_as(e)[:f].clone().requires_grad_()
        for v, l, e, f in zip(start.variances, log_lam, whole, free)
    ]
    held = [(e[f:].detach(), v.expand_as(e)[f:]) for e, v, f in zip(whole, start.variances, free)]

    def joined() -> tuple[Weights, Weights]:
        v = [l * s.exp() for l, s in zip(log_lam.exp(), log_ratio)]
        return tuple(
            [torch.cat([part, rest[i]]) for part, rest in zip(parts, held)] for i, parts in enumerate((entries, v))
        )

    groups = [{"params": entries, "lr": descent.mean_rate}, {"params": log_ratio, "lr": descent.variance_rate}]
    if descent.scale_rate:
        groups.append({"params": [log_lam.requires_grad_()], "lr": descent.scale_rate})
    adam = torch.optim.Adam(groups, fused=True)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(adam, descent.epochs * -(-len(x) // descent.batch_size))
    c = inputs(x, coordinates, entries[0].shape[1])
    path, history = [], []
    for _ in (progress := tqdm(range(descent.epochs), label, unit="epoch", disable=None)):
        total = 0.0
        for batch in torch.randperm(len(x), generator=generator).split(descent.batch_size):
            adam.zero_grad()
            a, s = moments(*joined(), coordinates, c[batch], generator)
            kl = kl_divergence(entries, log_ratio, [e[:f] for e, f in zip(prior, free)], log_lam.exp())
            value = objective(loss(a, s, y[batch], generator).mean(), kl)
            value.backward()
            adam.step()
            schedule.step()
            total += value.item() * len(batch)
        if not all(bool(w.isfinite().all()) for w in (*entries, *log_ratio)):
            raise ValueError(
                f"the weights are no longer finite: the learning rates are too large for {label}, {descent}"
            )
        back = coordinates.back([e.detach() for e in joined()[0]])
        path.append([torch.cat([w[:f], w0[f:]]) for w, w0, f in zip(back, start.mean, free)])
        history.append(total / len(x))
        progress.set_postfix(objective=history[-1])
    v = [v.detach() for v in joined()[1]]
    return Optimised(replace(start, mean=path[-1], variances=v), log_lam.detach().exp().tolist(), path, history)


def _normal(a: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    return torch.randn(a.shape, generator=generator, dtype=a.dtype)
