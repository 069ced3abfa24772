"""Certificates: against mpmath, the laws that make one, and what is refused."""

import math
import sys
from fractions import Fraction

import mpmath as mp
import numpy as np
import pytest
import torch
from certified import digits_for
from dense_reference import bernoulli_kl, bernoulli_kl_inverse, exact

from pacbayes_curvature import certificates
from pacbayes_curvature.bounds import kl_inverse
from pacbayes_curvature.certificates import certificate, holdout_bound, risk_from_outcomes

CLOSE = 1e-11  # how far above the exact value a result may be, relative to its distance from the empirical risk
SAME = 1 + 1e-13  # monotone but for the last places


def exactly(errors, outcomes, kl, n, delta=0.05, delta_mc=0.01, priors=1, looked_at=1, digits=40):
    """The certificate and the risk inside it, from their formulas."""
    with mp.workdps(digits):
        errors, kl, delta, delta_mc = (exact(value) for value in (errors, kl, delta, delta_mc))
        risk = bernoulli_kl_inverse(errors / outcomes, mp.log(looked_at / delta_mc) / outcomes, digits)
        return bernoulli_kl_inverse(risk, (kl + mp.log(2 * mp.sqrt(n) * priors / delta)) / n, digits), risk


def random_arguments(rng):
    outcomes = int(10 ** rng.uniform(0, 9))
    share = rng.choice([0.0, 1.0, rng.uniform(), 10 ** rng.uniform(-9, 0), 1 - 10 ** rng.uniform(-9, 0)])
    return {
        "errors": float(share * outcomes),
        "outcomes": outcomes,
        "kl": float(rng.choice([0.0, 10 ** rng.uniform(-9, 7)])),
        "n": int(10 ** rng.uniform(1, 9)),
        "delta": float(rng.choice([0.05, 10 ** rng.uniform(-30, -1e-3)])),
        "delta_mc": float(rng.choice([0.01, 10 ** rng.uniform(-30, -1e-3), 1 - 10 ** rng.uniform(-4, -1)])),
        "priors": int(10 ** rng.uniform(0, 20)),
        "looked_at": int(10 ** rng.uniform(0, 20)),
    }


# The certificate -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(25))
def test_never_below_the_exact_value_and_close_above_it(seed):
    given_ = random_arguments(np.random.default_rng(seed))
    bound, risk = exactly(**given_)
    found = certificate(**given_)
    found_risk = risk_from_outcomes(
        given_["errors"], given_["outcomes"], delta_mc=given_["delta_mc"], looked_at=given_["looked_at"]
    )
    with mp.workdps(60):
        rate = exact(given_["errors"]) / given_["outcomes"]
        for value, true in ((found, bound), (found_risk, risk)):
            assert true * (1 - mp.mpf(10) ** -35) <= value <= 1
            assert value <= true + (true - rate) * CLOSE + 8 * np.spacing(float(true))


@pytest.mark.parametrize(
    "errors, outcomes, kl, n",
    [(0, 1, 0, 8), (1, 1, 0, 8), (0, 10**15, 0, 10**15), (1e-300, 10, 1e-300, 10), (10**12, 10**15, 1e9, 10**12)],
)
def test_at_the_ends_it_is_as_certain(errors, outcomes, kl, n):
    """Decided by kl itself: above the risk that the outcomes allow, which is above theirs."""
    found, risk = certificate(errors, outcomes, kl, n), risk_from_outcomes(errors, outcomes)
    with mp.workdps(80):
        rate, n_mp = exact(errors) / outcomes, mp.mpf(n)
        budgets = mp.log(1 / mp.mpf(0.01)) / outcomes, (kl + mp.log(2 * mp.sqrt(n_mp) / mp.mpf(0.05))) / n_mp
        for low, high, budget in ((rate, risk, budgets[0]), (risk, found, budgets[1])):
            assert low <= high <= 1
            assert high == 1 or bernoulli_kl(low, high, digits_for(float(high))) >= budget


def test_shares_and_budgets_are_on_the_safe_side_by_themselves(monkeypatch):
    """Without the margin of kl's inverse, in which theirs would not be seen."""
    monkeypatch.setattr(certificates, "kl_inverse", lambda rate, budget: budget)
    rng = np.random.default_rng(7)
    for delta, parts, outcomes in zip(rng.uniform(size=300), rng.integers(1, 10**9, 300), rng.integers(1, 10**9, 300)):
        share = certificates._shared(float(delta), "delta", int(parts), "priors")
        assert (1 - 1e-15) * delta / parts <= share and Fraction(share) <= Fraction(delta) / int(parts)
        budget = risk_from_outcomes(0, int(outcomes), delta_mc=float(delta), looked_at=int(parts))
        with mp.workdps(40):
            true = mp.log(int(parts) / exact(delta)) / int(outcomes)
            assert true <= budget <= true * (1 + 4e-15)


def test_a_share_may_be_the_least_normal_number():
    least = sys.float_info.min * (1 + 2.0**-51)  # that is what is left of it when it is not rounded up
    assert certificates._shared(least, "delta", 1, "priors") == sys.float_info.min
    with pytest.raises(
        ValueError, match=r"^delta / priors must be at least 2\.23e-308, got 2\.2250738585072014e-308 / 1$"
    ):
        certificates._shared(sys.float_info.min, "delta", 1, "priors")


def test_infinite_divergence_certifies_nothing_and_no_noise_is_maurers_bound():
    assert certificate(0, 100, math.inf, 100) == 1
    many = certificate(0.1 * 10**15, 10**15, 30.0, 1000)
    assert many == pytest.approx(kl_inverse(0.1, (30 + math.log(2 * math.sqrt(1000) / 0.05)) / 1000), rel=1e-6)


def test_without_errors_the_risk_is_in_closed_form():
    for outcomes, delta in ((1, 0.5), (1000, 0.01), (10**6, 1e-20)):
        assert risk_from_outcomes(0, outcomes, delta_mc=delta) == pytest.approx(1 - delta ** (1 / outcomes), rel=1e-9)
    assert risk_from_outcomes(7, 7) == 1


@pytest.mark.parametrize("seed", range(60))
def test_monotone_in_each_argument(seed):
    rng = np.random.default_rng(1000 + seed)
    at = random_arguments(rng)
    here, rate = certificate(**at), at["errors"] / at["outcomes"]
    assert rate <= here <= 1
    up, more = 10 ** rng.uniform(-3, 3), int(10 ** rng.uniform(0, 9))
    worse = {
        "errors": at["errors"] + rng.uniform() * (at["outcomes"] - at["errors"]),
        "kl": at["kl"] + up,
        "delta": at["delta"] / (1 + up),
        "delta_mc": at["delta_mc"] / (1 + up),
        "priors": at["priors"] + more,
        "looked_at": at["looked_at"] + more,
    }
    for name, value in worse.items():
        assert certificate(**at | {name: value}) * SAME >= here, name
    for name in ("outcomes", "n"):
        assert certificate(**at | {name: at[name] + more}) <= here * SAME, name


@pytest.mark.parametrize("name, factor", [("errors", 1.01), ("outcomes", 2), ("kl", 1.01), ("n", 2), ("delta", 0.99), ("delta_mc", 0.99), ("priors", 2), ("looked_at", 2)])  # fmt: skip
def test_each_argument_counts(name, factor):
    at = {"errors": 300.0, "outcomes": 1000, "kl": 50.0, "n": 500, "delta": 0.05, "delta_mc": 0.01, "priors": 3, "looked_at": 3}  # fmt: skip
    changed = certificate(**at | {name: at[name] * factor})
    assert changed < certificate(**at) if name in ("outcomes", "n") else changed > certificate(**at)


def test_each_event_is_paid_where_it_belongs():
    at = {"errors": 300.0, "outcomes": 10_000, "kl": 50.0, "n": 5000}
    assert certificate(**at, priors=7) == pytest.approx(certificate(**at, delta=0.05 / 7), rel=1e-13)
    assert certificate(**at, looked_at=7) == pytest.approx(certificate(**at, delta_mc=0.01 / 7), rel=1e-13)
    more = certificate(**at | {"kl": 50 + math.log(7)})
    assert certificate(**at, priors=7) == pytest.approx(more, rel=1e-13)
    assert certificate(**at, priors=7) != pytest.approx(certificate(**at, looked_at=7), rel=1e-3)


def test_numbers_lists_arrays_and_tensors_agree():
    errors, outcomes, kl = [0, 3, 100], [100, 200, 100], [0.0, 5.0, 1e4]
    numbers = [certificate(*each, n=500) for each in zip(errors, outcomes, kl)]
    assert all(type(number) is float for number in numbers)
    array = certificate(np.array(errors), np.array(outcomes), np.array(kl), 500)
    assert array.dtype == np.float64
    np.testing.assert_allclose(array, numbers, rtol=4e-15)
    np.testing.assert_array_equal(certificate(errors, outcomes, kl, 500), array)
    tensor = certificate(torch.tensor(errors), torch.tensor(outcomes), torch.tensor(kl, dtype=torch.float64), 500)
    assert isinstance(tensor, torch.Tensor) and tensor.dtype == torch.float64
    np.testing.assert_array_equal(tensor.numpy(), array)
    np.testing.assert_array_equal(certificate(np.array(errors), 200, 5.0, np.int64(500))[1], numbers[1])
    risk = risk_from_outcomes(np.array(errors), 100)
    assert risk.shape == (3,) and risk[1] == risk_from_outcomes(3, 100)


def test_float32_is_rounded_up():
    errors, kl = np.float32([1.7, 30.3, 5.5]), np.float32([1.1, 20.7, 300.3])
    found = certificate(errors, 100, kl, 1000)
    assert found.dtype == np.float32
    assert np.all(found.astype(float) >= certificate(errors.astype(float), 100, kl.astype(float), 1000))
    held = holdout_bound(np.float32([0, 1, 33]), 100)
    assert held.dtype == np.float32 and np.all(held.astype(float) >= holdout_bound([0, 1, 33], 100))


# The hold-out bound ----------------------------------------------------------------------------------------------------


SLACK = mp.mpf("2e-9")  # how far above the exact value it may be, relative


def tail(k, n, p):
    """P(Binomial(n, p) <= k), summed from its largest term outwards."""
    term = mp.exp(
        mp.loggamma(n + 1) - mp.loggamma(k + 1) - mp.loggamma(n - k + 1) + k * mp.log(p) + (n - k) * mp.log1p(-p)
    )
    total = term
    for i in range(k, 0, -1):
        term *= i * (1 - p) / ((n - i + 1) * p)
        total += term
        if term < total * mp.mpf(10) ** -45:
            break
    return total


CASES = [(0, 1), (0, 8), (0, 60_000), (0, 10**9), (1, 2), (7, 8), (99, 100), (59_999, 60_000), (500, 1000), (3, 10**9), (30, 10**9), (59_998, 60_000), (1780, 12_000)]  # fmt: skip


@pytest.mark.parametrize("delta", [0.05, 1e-30, 1e-9, 0.5, 0.999999])
@pytest.mark.parametrize("errors, n", CASES)
def test_the_hold_out_bound_solves_the_binomial_tail(errors, n, delta):
    p = holdout_bound(errors, n, delta)
    with mp.workdps(70):
        assert tail(errors, n, mp.mpf(p)) <= mp.mpf(delta)
        assert tail(errors, n, mp.mpf(p) * (1 - SLACK)) > mp.mpf(delta)


@pytest.mark.parametrize("seed", range(40))
def test_the_hold_out_bound_on_random_counts(seed):
    rng = np.random.default_rng(seed)
    n = int(10 ** rng.uniform(0, 5))
    errors, delta = int(rng.integers(n)), float(rng.choice([10 ** rng.uniform(-30, 0), 1 - 10 ** rng.uniform(-9, -1)]))
    p = holdout_bound(errors, n, delta)
    with mp.workdps(70):
        assert tail(errors, n, mp.mpf(p)) <= mp.mpf(delta)
        assert tail(errors, n, mp.mpf(p) * (1 - SLACK)) > mp.mpf(delta)


def test_the_hold_out_bound_at_its_ends_and_its_laws():
    assert holdout_bound(10, 10) == 1
    assert holdout_bound(0, 50, 0.1) == pytest.approx(1 - 0.1 ** (1 / 50), rel=1e-9)
    found = holdout_bound(np.arange(11), 10)
    assert np.all(np.diff(found) > 0) and np.all(found > np.arange(11) / 10 - (np.arange(11) == 10))
    np.testing.assert_allclose(found, [holdout_bound(k, 10) for k in range(11)], rtol=1e-15)
    assert np.all(np.diff([holdout_bound(3, n) for n in (3, 4, 10, 1000)]) < 0)
    assert np.all(np.diff([holdout_bound(3, 10, delta) for delta in (1e-9, 0.01, 0.5, 0.9)]) < 0)
    assert isinstance(holdout_bound(torch.tensor([1, 2]), 10), torch.Tensor)


def test_the_hold_out_bound_is_below_the_same_counts_by_kl():
    """Chernoff's bound on the tail costs something."""
    for errors, n in ((0, 100), (3, 100), (50, 100), (1780, 12_000)):
        assert holdout_bound(errors, n, 0.01) <= risk_from_outcomes(errors, n, delta_mc=0.01) * (1 + 1e-9)


# What is refused -------------------------------------------------------------------------------------------------------

GOOD = {"errors": 3.0, "outcomes": 10, "kl": 1.0, "n": 10}


@pytest.mark.parametrize(
    "change, message",
    [
        ({"errors": -1e-9}, r"errors must lie between 0 and outcomes, got -1e-09"),
        ({"errors": 10.5}, r"errors must lie between 0 and outcomes, got 10\.5"),
        ({"errors": math.nan}, r"errors must lie between 0 and outcomes, got nan"),
        ({"outcomes": 0, "errors": 0}, r"outcomes must be a whole number of 1 or more, got 0"),
        ({"outcomes": -5}, r"outcomes must be a whole number of 1 or more, got -5"),
        ({"outcomes": 10.5}, r"outcomes must be a whole number of 1 or more, got 10\.5"),
        ({"outcomes": math.inf}, r"outcomes must be a whole number of 1 or more, got inf"),
        ({"outcomes": math.nan}, r"outcomes must be a whole number of 1 or more, got nan"),
        ({"kl": -1.0}, r"kl must be nonnegative, got -1"),
        ({"kl": math.nan}, r"kl must be nonnegative, got nan"),
        ({"n": 7}, r"n must be at least 8 for Maurer's constant, got 7"),
        ({"n": 10.0}, r"n must be an integer .*, got 10\.0"),
        ({"n": True}, r"n must be an integer .*, got True"),
        ({"delta": 0}, r"delta must lie strictly between 0 and 1, got 0"),
        ({"delta": 1.0}, r"delta must lie strictly between 0 and 1, got 1\.0"),
        ({"delta": math.nan}, r"delta must lie strictly between 0 and 1, got nan"),
        ({"delta": "0.05"}, r"delta must lie strictly between 0 and 1, got '0\.05'"),
        ({"delta_mc": 0.0}, r"delta_mc must lie strictly between 0 and 1, got 0\.0"),
        ({"delta_mc": 2}, r"delta_mc must lie strictly between 0 and 1, got 2"),
        ({"priors": 0}, r"priors must be a whole number of 1 or more, got 0"),
        ({"priors": 2.0}, r"priors must be a whole number of 1 or more, got 2\.0"),
        ({"priors": True}, r"priors must be a whole number of 1 or more, got True"),
        ({"priors": 10**400}, r"delta / priors must be at least 2\.23e-308, got 0\.05 / 10{400}"),
        ({"delta": 1e-300, "priors": 10**20}, r"delta / priors must be at least 2\.23e-308, got 1e-300 / 10{20}"),
        ({"looked_at": -1}, r"looked_at must be a whole number of 1 or more, got -1"),
        ({"looked_at": 1.5}, r"looked_at must be a whole number of 1 or more, got 1\.5"),
        ({"delta_mc": 5e-324}, r"delta_mc / looked_at must be at least 2\.23e-308, got 5e-324 / 1"),
        (
            {"errors": [1.0] * 2, "outcomes": [10] * 3},
            r"errors, outcomes must have one shape or be single numbers, got .*",
        ),
        ({"errors": [1.0] * 2, "kl": [1.0] * 3}, r"risk, kl, delta must have one shape or be single numbers, got .*"),
    ],
)
def test_a_certificate_refuses(change, message):
    with pytest.raises(ValueError, match=f"^{message}$"):
        certificate(**GOOD | change)


@pytest.mark.parametrize(
    "arguments, message",
    [
        ((1.5, 10), r"errors must be a whole number from 0 to 10, got 1\.5"),
        ((11, 10), r"errors must be a whole number from 0 to 10, got 11"),
        ((-1, 10), r"errors must be a whole number from 0 to 10, got -1"),
        ((math.nan, 10), r"errors must be a whole number from 0 to 10, got nan"),
        ((1, 0), r"n must be a whole number of 1 or more, got 0"),
        ((1, 10.0), r"n must be a whole number of 1 or more, got 10\.0"),
        ((True, 0), r"n must be a whole number of 1 or more, got 0"),
        ((1, True), r"n must be a whole number of 1 or more, got True"),
        ((1, 2**63), r"n must be a number that int64 holds, got 9223372036854775808"),
        ((1, 10, "0.1"), r"delta must lie strictly between 0 and 1, got '0\.1'"),
        ((["1"], 10), r"errors must hold real numbers of float64's range, got \['1'\]"),
        ((1, 10, 0.0), r"delta must lie strictly between 0 and 1, got 0\.0"),
        ((1, 10, 1), r"delta must lie strictly between 0 and 1, got 1"),
    ],
)
def test_the_hold_out_bound_refuses(arguments, message):
    with pytest.raises(ValueError, match=f"^{message}$"):
        holdout_bound(*arguments)
