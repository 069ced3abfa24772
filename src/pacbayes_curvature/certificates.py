"""Certificates: upper bounds on an error rate from counts, with every event that may fail paid for.

Two kinds of chance are in a certificate. The sample: with probability 1 - delta over it, the PAC-Bayes bound holds for all
posteriors at once, whatever was tried. The noise: the empirical Gibbs risk is estimated from outcomes, which have to be
fresh, drawn after the posterior was chosen. So a certificate holds with probability 1 - delta - delta_mc.

No result here is below the exact value of its formula: roundings go up, as in `bounds.kl_inverse`.
"""

import math
import sys
from numbers import Integral, Real

import numpy as np
import torch
from scipy.special import betainc, betaincc

from pacbayes_curvature._arrays import ROUNDING, border, require, require_same_shape, rounded_up, smallest
from pacbayes_curvature.bounds import kl_bound, kl_inverse


def certificate(errors, outcomes, kl, n, *, delta=0.05, delta_mc=0.01, priors=1, looked_at=1):
    """kl^-1( R | (KL + ln(2 sqrt(n) priors / delta)) / n ), with R of `risk_from_outcomes`: above the risk of the Gibbs classifier.

    errors     sum of the outcomes in [0, 1], each a wrong answer (1), a right one (0) or the probability of a wrong one
    outcomes   m, their number; independent given posterior and sample, with the empirical Gibbs risk as their mean expectation
    kl         KL(Q||P) >= 0 in nats, of the posterior whose outcomes these are
    n          number of examples that the outcomes are of and that the prior does not depend on, at least 8
    delta      probability, over the sample, that the bound fails
    delta_mc   probability, over the noise, that R is below the empirical risk
    priors     number of priors among which P was chosen with a look at the sample, counted before the look: each has delta / priors
    looked_at  number of posteriors whose outcomes were compared before this one was chosen; 1 where the outcomes are of fresh noise

    errors, outcomes and kl are numbers or arrays of one shape. Not below the exact value and not above 1; monotone in each
    argument but for the last places. ValueError: errors outside [0, outcomes], outcomes, priors or looked_at that are not whole or
    below 1, n < 8, delta or delta_mc outside (0, 1) or not a normal number once divided, kl < 0, shapes that differ, NaN.

    Source: Maurer 2004, Theorem 5 (n >= 8); Langford and Caruana 2001 for the Monte Carlo term; the union bound.

    >>> round(certificate(errors=3000.0, outcomes=60_000, kl=2500.0, n=60_000, priors=10**6), 4)
    0.1427
    """
    risk = risk_from_outcomes(errors, outcomes, delta_mc=delta_mc, looked_at=looked_at)
    return kl_bound(risk, kl, n, _shared(delta, "delta", priors, "priors"))


def risk_from_outcomes(errors, outcomes, *, delta_mc=0.01, looked_at=1):
    """kl^-1( errors/m | ln(looked_at / delta_mc) / m ): above the expectation of the mean outcome with probability 1 - delta_mc.

    Arguments as `certificate`. The m outcomes may have different expectations: for independent outcomes in [0, 1] with
    mean expectation r, P(mean outcome <= q) <= exp(-m kl(q||r)) for q <= r.

    Source: Hoeffding 1963, Theorem 1 (Chernoff's bound).

    >>> round(risk_from_outcomes(50.0, 1000), 4)
    0.0737
    """
    share = _shared(delta_mc, "delta_mc", looked_at, "looked_at")
    (errors, outcomes), form = border(errors=errors, outcomes=outcomes)
    require_same_shape(errors=errors, outcomes=outcomes)
    require((outcomes >= 1) & (outcomes == outcomes.floor()) & outcomes.isfinite(), "outcomes must be a whole number of 1 or more", outcomes)  # fmt: skip
    require((errors >= 0) & (errors <= outcomes), "errors must lie between 0 and outcomes", errors)
    rate = errors / outcomes
    rate = torch.nextafter(rate, torch.ones_like(rate))
    budget = -math.log(share) / outcomes * (1 + 8 * ROUNDING)
    return rounded_up(kl_inverse(*torch.broadcast_tensors(rate, budget)), form)


def holdout_bound(errors, n, delta=0.05):
    """max { p : P(Binomial(n, p) <= errors) >= delta }: above the risk of one fixed classifier with probability 1 - delta.

    errors: its wrong answers on n examples that had no part in its making, a whole number or an array of them. Not below the exact
    value, and at most some 1e-9 of it above for n up to 1e9; 1 where all answers are wrong. ValueError: errors not whole or outside [0, n], n not
    a whole number of 1 or more, delta outside (0, 1).

    Source: Clopper and Pearson 1934; Langford 2005, Theorem 3.3 (the test set bound).

    >>> round(holdout_bound(0, 100), 4)
    0.0295
    """
    _whole(n, "n")
    if n >= 2**63:
        raise ValueError(f"n must be a number that int64 holds, got {n}")
    n = int(n)
    _probability(delta, "delta")
    (k,), form = border(errors=errors)
    require((k >= 0) & (k <= n) & (k == k.floor()), f"errors must be a whole number from 0 to {n}", k)
    k = k.cpu().numpy()
    # Not scipy's inverse, which is wrong by 1e-8 for few errors among many, nor its larger tail, which is no better. The smaller
    # tail was, up to n = 1e9, wrong by at most a quarter of this.
    margin = 1 + 1e-12 + 1e-19 * n

    def certain(p):
        shape = k + 1, np.maximum(n - k, 1), p.numpy()
        enough = betaincc(*shape) * margin <= delta if delta <= 0.5 else betainc(*shape) >= (1 - delta) * margin
        return torch.as_tensor((k < n) & enough)

    ends = (torch.full(k.shape, end, dtype=torch.float64) for end in (0, 1))
    return rounded_up(smallest(certain, *ends), form)


def _shared(delta, name, parts, what):
    """delta / parts, not rounded up."""
    _whole(parts, what)
    _probability(delta, name)
    share = float(delta) * (1 / parts) * (1 - 4 * ROUNDING)
    if share < sys.float_info.min:
        raise ValueError(f"{name} / {what} must be at least {sys.float_info.min:.3g}, got {delta!r} / {parts!r}")
    return share


def _probability(delta, name):
    if not isinstance(delta, Real) or not 0 < delta < 1:
        raise ValueError(f"{name} must lie strictly between 0 and 1, got {delta!r}")


def _whole(value, name):
    if isinstance(value, bool) or not isinstance(value, Integral) or value < 1:
        raise ValueError(f"{name} must be a whole number of 1 or more, got {value!r}")
