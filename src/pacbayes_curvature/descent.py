"""A bound by optimisation: gradient descent on the means and the variances of the posterior.

Q = N(mu, diag v) and P = N(mu_1, lam I) over all weights, v = lam e^s. The objective is Theorem 3.1's right side with a
surrogate in place of the error:

    J(mu, s) = (1/N) sum_n E_Q[-log2 p(y_n | x_n)] + sqrt((KL(Q||P) + ln(2 (N - 1) / delta)) / (2 N)).

A misclassified example has p(y_n | x_n) <= 1/2 and costs at least one bit: so J is never below the bound on the
error, and for two classes the surrogate is that of Dziugaite and Roy 2017. As there, mu starts at the trained network.
Where we differ: their square root comes from Langford and Seeger's bound and has other constants; they optimise lam as
well, ours is fixed; they draw one network a batch, here every example draws its own noise, as in `gibbs`; and they start
from other variances, we from the baseline's, v = lam.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch.nn.functional import cross_entropy
from tqdm import tqdm

from pacbayes_curvature.bounds import complexity
from pacbayes_curvature.networks import Weights, affine


@dataclass(frozen=True)
class Descent:
    """Adam (Kingma and Ba 2015) on mu and s, each with a learning rate of its own that falls to 0 along a cosine."""

    epochs: int
    batch_size: int = 512
    mean_rate: float = 2e-3
    variance_rate: float = 2e-2

    def __post_init__(self):
        for name in ("epochs", "batch_size"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")


@dataclass(frozen=True)
class Optimised:
    """mean, variances: one (n_out, k) float32 matrix a layer; path: the mean after each epoch; objective: the mean of J
    over each epoch's batches, each taken just before the step that uses it."""

    mean: Weights
    variances: Weights
    path: list[Weights]
    objective: list[float]


def objective(
    mean: Weights,
    log_ratio: Weights,
    prior_mean: Weights,
    lam: float,
    x: torch.Tensor,
    y: torch.Tensor,
    n: int,
    delta: float,
    generator: torch.Generator,
) -> torch.Tensor:
    """J, estimated on the examples x, y of a training set of n. mean, log_ratio, prior_mean: mu, s and mu_1, one
    (n_out, k) matrix a layer. Gradients pass."""
    kl = kl_divergence(mean, log_ratio, prior_mean, lam)
    return surrogate(mean, _variances(log_ratio, lam), x, y, generator) + complexity(kl, n, delta)


def surrogate(
    mean: Weights, variances: Weights, x: torch.Tensor, y: torch.Tensor, generator: torch.Generator
) -> torch.Tensor:
    """The mean cross-entropy in bits, one draw of the pre-activations' noise for each example of x (n, d): unbiased for
    (1/n) sum_n E_Q[-log2 p(y_n | x_n)]. Gradients pass."""
    z = x
    for w, v in zip(mean, variances):
        deviation = affine(v, z.square()).sqrt()
        a = affine(w, z) + deviation * torch.randn(deviation.shape, generator=generator, dtype=x.dtype)
        z = a.relu()
    return cross_entropy(a, y) / math.log(2)


def kl_divergence(mean: Weights, log_ratio: Weights, prior_mean: Weights, lam: float) -> torch.Tensor:
    """(1/2) sum_i [ e^s_i - 1 - s_i + (mu_i - mu_1i)^2 / lam ]: KL(Q||P) in nats, in the precision of the weights.

    `gaussians.kl_divergence` is the exact one; this one is for the gradient, in a fraction of its time. Gradients pass.
    """
    terms = [(s.expm1() - s).sum() + (w - w1).square().sum() / lam for w, s, w1 in zip(mean, log_ratio, prior_mean)]
    return sum(terms) / 2


def optimise(
    start: Weights,
    prior_mean: Weights,
    lam: float,
    x: torch.Tensor,
    y: torch.Tensor,
    delta: float,
    descent: Descent,
    generator: torch.Generator,
    label: str = "",
) -> Optimised:
    """Minimise J over mu and s, from mu = start and v = lam, on the examples x (N, d), y (N,).

    prior_mean is mu_1, the initialisation. Raises ValueError unless lam > 0, for what `bounds.complexity` refuses, and
    for weights that are no longer finite (learning rates too large).
    """
    if not lam > 0:
        raise ValueError(f"lam must be positive, got {lam}")
    complexity(0.0, len(x), delta)  # refuses a wrong N or delta before any work
    mean = [w.clone().requires_grad_() for w in start]
    log_ratio = [torch.zeros_like(w).requires_grad_() for w in start]
    adam = torch.optim.Adam(
        [{"params": mean, "lr": descent.mean_rate}, {"params": log_ratio, "lr": descent.variance_rate}]
    )
    steps = descent.epochs * -(-len(x) // descent.batch_size)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(adam, steps)
    path, history = [], []
    for _ in (progress := tqdm(range(descent.epochs), label, unit="epoch", disable=None)):
        total = 0.0
        for batch in torch.randperm(len(x), generator=generator).split(descent.batch_size):
            adam.zero_grad()
            value = objective(mean, log_ratio, prior_mean, lam, x[batch], y[batch], len(x), delta, generator)
            value.backward()
            adam.step()
            schedule.step()
            total += value.item() * len(batch)
            if not all(bool(w.isfinite().all()) for w in (*mean, *log_ratio)):
                raise ValueError(
                    f"the weights are no longer finite: the learning rates are too large for {label}, {descent}"
                )
        path.append([w.detach().clone() for w in mean])
        history.append(total / len(x))
        progress.set_postfix(objective=history[-1])
    return Optimised(path[-1], [v.detach() for v in _variances(log_ratio, lam)], path, history)


def _variances(log_ratio: Sequence[torch.Tensor], lam: float) -> Weights:
    return [lam * s.exp() for s in log_ratio]
