"""PAC-Bayes bounds on the risk of a stochastic classifier, and the inverse of the Bernoulli KL divergence.

q is an empirical and p a true error probability, KL = KL(Q||P) in nats, N the number of examples, delta the probability
with which a bound may fail. Arguments are numbers, lists, numpy arrays or torch tensors of one shape, or single
numbers; results come back in the same kind (lists as arrays), in float32 if all arrays are, computed in float64.
"""

import math

import torch

from pacbayes_curvature._arrays import (
    ROUNDING,
    border,
    real,
    require,
    require_same_shape,
    rounded_up,
    sample_size,
    smallest,
)
from pacbayes_curvature.gaussians import kl_term

# From 1/4 to 64: c is at its best at ln(p (1 - q) / (q (1 - p))).
CATONI = tuple(2.0 ** (i / 4) for i in range(-8, 25))


def complexity(kl, n, delta=0.05):
    """sqrt( (KL + ln(2 (N - 1) / delta)) / (2 N) ): what Theorem 3.1 adds to the empirical risk.

    kl     KL(Q||P) >= 0, in nats; inf is allowed
    n      N, the number of examples the empirical risk is a mean over: an integer >= 2
    delta  in (0, 1)
    Returns kl's shape. ValueError: a value outside these ranges, shapes that differ, NaN.

    Source: Theorem 3.1. For N >= 3 slightly looser than Maurer 2004, Thm 5, with Pinsker, which has
    ln(2 sqrt(N) / delta).

    >>> round(complexity(5000.0, n=60_000), 4)
    0.2044
    """
    n = sample_size(n)
    (kl, delta), form = border(kl=kl, delta=delta)
    return form(_complexity(kl, n, delta))


def pac_bayes_bound(risk, kl, n, delta=0.05):
    """risk + sqrt( (KL + ln(2 (N - 1) / delta)) / (2 N) ), above E_Q[L] for all Q at once with probability 1 - delta.

    risk  E_Q of the mean loss over the N examples, for a loss in [0, 1]; P must not depend on these examples, which the
          paper's theorem leaves unsaid. The other arguments are `complexity`'s.
    Returns the common shape; values above 1 are vacuous and left as they are. ValueError: as `complexity`, risk outside
    [0, 1].

    Source: Theorem 3.1.

    >>> round(pac_bayes_bound(0.05, 5000.0, n=60_000), 4)
    0.2544
    """
    n = sample_size(n)
    (risk, kl, delta), form = border(risk=risk, kl=kl, delta=delta)
    require_same_shape(risk=risk, kl=kl, delta=delta)
    _require_probability(risk=risk)
    return form(risk + _complexity(kl, n, delta))


def kl_bound(risk, kl, n, delta=0.05):
    """kl^-1( risk | (KL + ln(2 sqrt(N) / delta)) / N ): the tighter bound on E_Q[L], for an error of 0 or 1, or in [0, 1].

    Arguments as `pac_bayes_bound`. ValueError: as there, and for n < 8. Never above 1, and never above Theorem 3.1's bound by more than rounding for
    N >= 8. Rounded up, as `kl_inverse`; no gradient passes.

    Source: Maurer 2004, Theorem 5 (N >= 8); Langford and Seeger 2001.

    >>> round(kl_bound(0.05, 5000.0, n=60_000), 4)
    0.1887
    """
    risk, budget, form = _maurer(risk, kl, n, delta)
    # Six roundings and two logarithms, all of nonnegative numbers but the last difference, which is at least ln 2.
    return rounded_up(kl_inverse(*torch.broadcast_tensors(risk.detach(), budget.detach() * (1 + 16 * ROUNDING))), form)


def quadratic_bound(risk, kl, n, delta=0.05):
    """(sqrt(risk + B) + sqrt(B))^2 with B = (KL + ln(2 sqrt(N) / delta)) / (2 N): `kl_bound` solved by a lower bound on kl.

    Arguments and errors as `kl_bound`. Never below `kl_bound` where that is below 1; values above 1 are left as they are. Gradients pass,
    which makes it an objective.

    Source: Perez-Ortiz, Rivasplata, Shawe-Taylor and Szepesvari 2021, Eq. (8); from kl(q||p) >= (p - q)^2 / (2 p).

    >>> round(quadratic_bound(0.05, 5000.0, n=60_000), 4)
    0.2051
    """
    risk, budget, form = _maurer(risk, kl, n, delta)
    half = budget / 2
    return form(((risk + half).sqrt() + half.sqrt()).square() * (1 + 16 * ROUNDING))


def catoni_bound(risk, kl, n, delta=0.05, grid=CATONI):
    """min over c in `grid` of (1 - exp(-c risk - (KL + ln(|grid| / delta)) / N)) / (1 - exp(-c)): Catoni's bound, linear inside.

    Arguments as `pac_bayes_bound`; grid: positive numbers, which must not depend on the examples. ValueError: as there, or for a grid
    that is empty or holds others. Values above 1 are left as they are. Gradients pass.

    Source: Catoni 2007, Theorem 1.2.6, with a union over the grid.

    >>> round(catoni_bound(0.05, 5000.0, n=60_000), 4)
    0.1884
    """
    n = sample_size(n)
    grid = real("grid", grid)
    if grid.ndim != 1 or not grid.size or not ((grid > 0) & (grid < math.inf)).all():
        raise ValueError(f"grid must hold positive numbers, got {grid.tolist()}")
    (risk, kl, delta), form = border(risk=risk, kl=kl, delta=delta)
    require_same_shape(risk=risk, kl=kl, delta=delta)
    _require_probability(risk=risk)
    _require_budget(kl, delta)
    budget = (kl + math.log(len(grid)) - delta.log()) / n
    values = [-torch.expm1(-(c * risk + budget)) / -math.expm1(-c) for c in grid.tolist()]
    return form(torch.stack(torch.broadcast_tensors(*values)).amin(0) * (1 + 16 * ROUNDING))


def kl_bernoulli(q, p):
    """kl(q||p) = q ln(q/p) + (1 - q) ln((1 - q)/(1 - p)), in nats, with 0 ln 0 = 0.

    q, p in [0, 1]. 0 exactly where q = p and positive elsewhere, short of underflow; inf where p is 0 or 1 and q is not
    p. Relative error of some ten roundings, also for neighbouring q and p. ValueError: outside [0, 1], shapes that
    differ, NaN.

    >>> round(kl_bernoulli(0.25, 0.5), 4)
    0.1308
    """
    (q, p), form = border(q=q, p=p)
    require_same_shape(q=q, p=p)
    _require_probability(q=q, p=p)
    return form(kl_term(q, p, p - q) + kl_term(1 - q, 1 - p, q - p))


def kl_inverse(q, c):
    """kl^-1(q|c) = sup { p in [q, 1] : kl(q||p) <= c }: the largest true risk that an empirical risk q still allows.

    q  the empirical risk, in [0, 1]
    c  the budget >= 0, in nats: for Maurer 2004, Thm 5, (KL + ln(2 sqrt(N) / delta)) / N; inf is allowed and gives 1
    Returns a number that is never below the true one, so that a certificate stays one, and at most some twelve units in
    the last place above it (less tightly for c < 1e-300, where kl underflows); float32 results are rounded up. No
    gradient passes. ValueError: q outside [0, 1], c < 0, shapes that differ, NaN.

    Bisection over the float64 numbers themselves, at most 62 steps, for the smallest p whose computed kl exceeds c by
    more than its own error. Not Newton's method, as in much published code: it may stop below the true value.

    >>> kl_inverse(0.0, 1.0) >= 1 - 2.718281828459045 ** -1.0
    True
    """
    (q, c), form = border(q=q, c=c)
    require_same_shape(q=q, c=c)
    _require_probability(q=q)
    require(c >= 0, "c must be nonnegative", c)
    q, c = torch.broadcast_tensors(q.detach() + 0.0, c.detach())  # + 0.0 makes -0.0 a plain 0

    p = smallest(lambda p: _kl_lower(q, p) >= c, q, torch.ones_like(q))
    return rounded_up(torch.where(c > 0, p, q), form)


def _complexity(kl, n, delta):
    require_same_shape(kl=kl, delta=delta)
    _require_budget(kl, delta)
    return ((kl + math.log(2 * (n - 1)) - delta.log()) / (2 * n)).sqrt()


def _maurer(risk, kl, n, delta):
    """The checked risk, the budget (KL + ln(2 sqrt(N) / delta)) / N, and the form."""
    n = sample_size(n)
    if n < 8:
        raise ValueError(f"n must be at least 8 for Maurer's constant, got {n}")
    (risk, kl, delta), form = border(risk=risk, kl=kl, delta=delta)
    require_same_shape(risk=risk, kl=kl, delta=delta)
    _require_probability(risk=risk)
    _require_budget(kl, delta)
    return risk, (kl + math.log(2 * math.sqrt(n)) - delta.log()) / n, form


def _require_budget(kl, delta):
    require(kl >= 0, "kl must be nonnegative", kl)
    require((delta > 0) & (delta < 1), "delta must lie strictly between 0 and 1", delta)


def _kl_lower(q, p):
    """A number below kl(q||p), for q <= p.

    Counting roundings, with logarithms good to one unit in the last place, the first term is off by at most 8 of them
    and the second by 18 (both near z = 1/2); two more for the sum and the factors here, and four subnormal ones for
    underflow.
    """
    first, second = kl_term(q, p, p - q), kl_term(1 - q, 1 - p, q - p)
    return first * (1 - 10 * ROUNDING) + second * (1 - 20 * ROUNDING) - 2e-323


def _require_probability(**tensors):
    for name, tensor in tensors.items():
        require((tensor >= 0) & (tensor <= 1), f"{name} must lie in [0, 1]", tensor)
