"""Gaussians over the whole range: against high precision, the laws, and what is refused."""

import mpmath as mp
import numpy as np
from dense_reference import exact, gaussian_kl, optimal_pair
from hostile import LARGE, NARROW, TINY, anything, nonnegative, outcome, plain, positive, vectors
from hypothesis import assume, given
from hypothesis import strategies as st

from pacbayes_curvature.gaussians import kl_divergence, optimal_posterior, optimal_prior_and_posterior

CLOSE = 4e-14
numbers = st.one_of(positive, positive.map(lambda x: -x), st.just(0.0))


def close(found, true, allowed=CLOSE):
    """To all digits where the exact number is a normal one; inf from half the largest on, below the least one less than that."""
    if abs(true) > LARGE / 2.1 and found == np.inf:
        return True
    return abs(exact(found) - true) <= allowed * abs(true) + (TINY if abs(true) < TINY else 0)


@given(numbers, positive, numbers, positive)
def test_the_divergence_of_two_numbers_to_all_digits(mean_q, var_q, mean_p, var_p):
    with mp.workdps(1300):
        delta, v, w = exact(mean_q) - exact(mean_p), exact(var_q), exact(var_p)
        true = (v / w - 1 + mp.log(w / v) + delta**2 / w) / 2
    found = kl_divergence(mean_q, var_q, mean_p, var_p)
    assert found >= 0 and close(found, true), (found, mp.nstr(true, 20))


@given(positive, st.floats(-60, -1))
def test_the_divergence_of_neighbours_to_all_digits(var, exponent):
    """Also where both are so small that their divergence, as a difference, would be too small for a number."""
    other = float(var) * (1 + 2.0**exponent)
    assume(other < LARGE)
    with mp.workdps(200):
        ratio = exact(other) / exact(var)
        true = (ratio - 1 - mp.log(ratio)) / 2
    found = kl_divergence(0.0, other, 0.0, var)
    assert close(found, true) and (found > 0) == (other != var)


@given(st.integers(0, 2**32 - 1), st.integers(1, 4), st.integers(-140, 140), st.integers(-140, 140))
def test_matrices_of_any_scale(seed, k, scale_q, scale_p):
    rng = np.random.default_rng(seed)
    a, b = (r @ r.T + np.eye(k) for r in rng.normal(size=(2, k, k)))
    q, p = a * 10.0**scale_q, b * 10.0**scale_p
    delta = rng.normal(size=k) * 10.0 ** (scale_p / 2)
    true = gaussian_kl(delta, q, 0.0, p, 350)
    assert close(kl_divergence(delta, q, 0.0, p), true, 1e-11)
    assert kl_divergence(delta, q, delta, q) == 0
    posterior = optimal_posterior(a * 10.0**-scale_q, p, 1.0)
    with mp.workdps(700):
        dense = (exact(a * 10.0**-scale_q) + exact(p) ** -1) ** -1
        dense = np.array([[float(dense[i, j]) for j in range(k)] for i in range(k)])
    np.testing.assert_allclose(posterior, dense, rtol=1e-8, atol=1e-11 * np.abs(dense).max())
    np.testing.assert_array_equal(posterior, posterior.T)


@given(nonnegative, positive, positive)
def test_the_posterior_variance_to_all_digits(h, variance, beta):
    with mp.workdps(700):
        true = 1 / (exact(h) / exact(beta) + 1 / exact(variance))
    found = optimal_posterior(h, variance, beta)
    assert close(found, true) and found <= variance


@given(nonnegative.filter(lambda h: h == 0 or h >= TINY), numbers, positive)
def test_the_optimal_pair_to_all_digits(h, delta, beta):
    found = optimal_prior_and_posterior(h, delta, beta)
    if h == 0 or delta == 0:
        end = np.inf if h == 0 else 0.0
        assert found == (end, end, 0.0, 0.0)
        return
    for name, value, true in zip(found._fields, found, optimal_pair(h, delta, beta, digits=2000)):
        assert close(value, true), (name, value, mp.nstr(true, 20))
    assert found.prior_variance >= found.posterior_variance


@given(vectors(numbers, positive, numbers, positive))
def test_float32_is_float64_rounded(arguments):
    *given_, kind = arguments
    wide = [plain(values) for values in given_]
    assume(kind not in NARROW or all((v > 0).all() and np.isfinite(v).all() for v in wide[1::2]))
    assume(all(np.isfinite(v).all() for v in wide))
    found, double = kl_divergence(*given_), kl_divergence(*wide)
    if kind in NARROW:
        assert "float32" in str(found.dtype)
        with np.errstate(over="ignore"):
            double = np.float32(double)
    np.testing.assert_array_equal(plain(found), double)


@given(anything, anything, anything, anything)
def test_whatever_comes_in_is_refused_or_obeys_the_laws(a, b, c, d):
    found = outcome(kl_divergence, a, b, c, d)
    assert (found is not None) == bool(np.isfinite([a, b, c, d]).all() and b > 0 and d > 0)
    assert found is None or found >= 0
    found = outcome(optimal_posterior, a, b, c)
    legal = np.isfinite([a, b, c]).all() and b > 0 and c > 0
    assert found is None or (legal and found >= 0 and (found <= b or a < 0))
    assert found is not None or not legal or a < 0
    found = outcome(optimal_prior_and_posterior, a, b, c)
    assert (found is not None) == bool(np.isfinite([a, b, c]).all() and a >= 0 and c > 0)
    assert found is None or (not np.isnan(found).any() and min(found) >= 0)


def test_nothing_has_no_divergence_and_an_overflow_is_said():
    none = np.zeros((0, 0))
    assert kl_divergence([], none, [], none) == kl_divergence([], [], [], []) == 0
    assert optimal_posterior(none, none, 1.0).shape == (0, 0)
    assert outcome(optimal_posterior, np.full((2, 2), LARGE), np.eye(2), 1e-300) is None
    np.testing.assert_array_equal(kl_divergence(0.0, np.array([[LARGE]]), 0.0, np.array([[LARGE]])), 0.0)


def test_an_eigenvalue_below_zero_is_part_of_the_sum_that_counts():
    """H may be indefinite as long as H + beta P^-1 is not: rounding's negative eigenvalues need no clipping here."""
    h = np.array([[1.0, 1.0], [1.0, 1.0]]) - 1e-12 * np.eye(2)
    assert np.linalg.eigvalsh(h)[0] < 0
    found = optimal_posterior(h, 1.0, 1e-3)
    np.testing.assert_allclose(found, 1e-3 * np.linalg.inv(h + 1e-3 * np.eye(2)), rtol=1e-9)
    assert np.linalg.eigvalsh(found)[-1] > 1  # more than the prior's, by as much as the eigenvalue is below zero
    assert outcome(optimal_posterior, h, 1.0, 1e-13) is None
    assert outcome(optimal_prior_and_posterior, -1e-300, 1.0, 1.0) is None
