"""Certificates over the whole range of their arguments, far beyond what experiments reach: never below the exact value."""

import mpmath as mp
import numpy as np
from certified import digits_for
from dense_reference import bernoulli_kl, exact
from hostile import anything, examples, inside, nonnegative, outcome, plain, probability
from hypothesis import given
from hypothesis import strategies as st

from pacbayes_curvature.certificates import certificate, holdout_bound, risk_from_outcomes

counts = st.one_of(st.integers(1, 50), st.floats(0, 15.9).map(lambda e: int(10**e)))
parts = st.one_of(st.integers(1, 10), st.floats(0, 200).map(lambda e: int(10**e)))
chance = inside.filter(lambda delta: delta > 1e-100)
SLACK = mp.mpf("2e-9")


def certified(rate, budget, found):
    return found == 1 or bernoulli_kl(rate, found, digits_for(found)) >= budget


@given(probability, counts, nonnegative, examples, chance, chance, parts, parts)
def test_a_certificate_is_never_below_the_exact_value(share, outcomes, kl, n, delta, delta_mc, priors, looked_at):
    errors = share * outcomes
    risk = risk_from_outcomes(errors, outcomes, delta_mc=delta_mc, looked_at=looked_at)
    found = certificate(errors, outcomes, kl, n, delta=delta, delta_mc=delta_mc, priors=priors, looked_at=looked_at)
    with mp.workdps(400):
        rate, n_ = exact(errors) / outcomes, mp.mpf(n)
        noise = mp.log(looked_at / exact(delta_mc)) / outcomes
        sample = (exact(kl) + mp.log(2 * mp.sqrt(n_) * priors / exact(delta))) / n_
    assert rate <= risk <= found <= 1
    assert certified(rate, noise, risk)
    assert certified(risk, sample, found)


@given(probability, counts, nonnegative, examples)
def test_float32_is_above_float64(share, outcomes, kl, n):
    with np.errstate(over="ignore"):
        errors, kl = np.float32([share]) * np.float32(outcomes), np.float32([kl])
    errors = np.minimum(errors, np.nextafter(np.float32(outcomes), np.float32(0)))
    single = certificate(errors, outcomes, kl, n)
    assert single.dtype == np.float32
    double = certificate(errors.astype(float), outcomes, kl.astype(float), n)
    assert double <= single.astype(float) <= np.minimum(1, double * (1 + 1e-6) + 3e-45)  # two roundings up


def tail(k, n, p):
    """P(Binomial(n, p) <= k) for few errors or few right answers, whichever has fewer terms."""
    p = mp.mpf(p)
    if k <= n - k:
        return mp.fsum(mp.binomial(n, i) * p**i * (1 - p) ** (n - i) for i in range(k + 1))
    return 1 - mp.fsum(mp.binomial(n, i) * p**i * (1 - p) ** (n - i) for i in range(k + 1, n + 1))


@given(st.integers(0, 30), counts, st.booleans(), inside.filter(lambda delta: delta > 1e-250))
def test_the_hold_out_bound_is_never_below_the_exact_value(few, n, right, delta):
    few = min(few, n)
    errors = n - few if right else few
    found = holdout_bound(errors, n, delta)
    assert errors / n * (1 - 1e-15) <= found <= 1 or delta > 0.5
    if errors == n:
        assert found == 1
        return
    with mp.workdps(320):
        assert tail(errors, n, found) <= exact(delta)
        assert n > 10**9 or tail(errors, n, mp.mpf(found) * (1 - SLACK)) > exact(delta)


@given(anything, anything, anything, anything, anything)
def test_whatever_comes_in_is_refused_or_obeys_the_laws(errors, n, delta, parts, kl):
    found = outcome(holdout_bound, errors, n, delta)
    whole = type(n) is int and n >= 1 and 0 < delta < 1
    assert (found is not None) == bool(whole and 0 <= errors <= n and errors == int(errors))
    assert found is None or 0 <= found <= 1
    counted = 0 <= errors <= n and n >= 1 and n != np.inf and n == int(n)
    shared = 0 < delta < 1 and type(parts) is int and parts >= 1 and delta / max(parts, 1) >= 3e-308
    found = outcome(risk_from_outcomes, errors, n, delta_mc=delta, looked_at=parts)
    assert (found is not None) == bool(counted and shared)
    assert found is None or errors / n <= plain(found) <= 1
    found = outcome(certificate, errors, n, kl, 100, delta=delta, priors=parts)
    assert (found is not None) == bool(counted and shared and kl >= 0)
    assert found is None or errors / n <= plain(found) <= 1
