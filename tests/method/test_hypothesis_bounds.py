"""Bounds over the whole range of float32 and float64: against high precision, and the laws for whatever comes in."""

import mpmath as mp
import numpy as np
from certified import assert_certified, digits_for
from dense_reference import bernoulli_kl, exact
from hostile import NARROW, anything, examples, inside, nonnegative, outcome, plain, probability, vectors
from hypothesis import given

from pacbayes_curvature import bounds

CLOSE = 1e-14
KL_BOUNDS = (bounds.pac_bayes_bound, bounds.kl_bound, bounds.quadratic_bound, bounds.catoni_bound)


def close(found, true, allowed=CLOSE, least=0):
    """found is `true` but for rounding, or, with `least`, but for some of the least numbers."""
    return found == true or abs(exact(found) - true) <= allowed * abs(true) + least


@given(nonnegative, examples, inside)
def test_complexity_to_all_digits(kl, n, delta):
    with mp.workdps(60):
        true = mp.sqrt((exact(kl) + mp.log(2 * (mp.mpf(n) - 1) / exact(delta))) / (2 * mp.mpf(n)))
        assert close(bounds.complexity(kl, n, delta), true)


@given(probability, nonnegative, examples, inside)
def test_the_four_bounds_to_all_digits(risk, kl, n, delta):
    with mp.workdps(400):
        q, kl_, n_, delta_ = exact(risk), exact(kl), mp.mpf(n), exact(delta)
        theorem = q + mp.sqrt((kl_ + mp.log(2 * (n_ - 1) / delta_)) / (2 * n_))
        half = (kl_ + mp.log(2 * mp.sqrt(n_) / delta_)) / (2 * n_)
        quadratic = (mp.sqrt(q + half) + mp.sqrt(half)) ** 2
        budget = (kl_ + mp.log(len(bounds.CATONI) / delta_)) / n_
        catoni = min((1 - mp.exp(-c * q - budget)) / (1 - mp.exp(-mp.mpf(c))) for c in bounds.CATONI)
        assert close(bounds.pac_bayes_bound(risk, kl, n, delta), theorem)
        for found, true in ((bounds.quadratic_bound, quadratic), (bounds.catoni_bound, catoni)):
            assert true <= found(risk, kl, n, delta) <= true * (1 + CLOSE)
    found = bounds.kl_bound(risk, kl, n, delta)
    assert risk <= found <= 1
    assert found == 1 or bernoulli_kl(risk, found, digits_for(found)) >= 2 * half
    assert found <= float(quadratic) * (1 + CLOSE) and found <= float(theorem) * (1 + CLOSE)


@given(probability, probability)
def test_the_divergence_of_two_coins_to_all_digits(q, p):
    found = bounds.kl_bernoulli(q, p)
    assert found >= 0
    true = bernoulli_kl(q, p, 700)
    assert close(found, true, least=mp.mpf("4e-323")), (q, p, found, mp.nstr(true, 20))


@given(probability, nonnegative)
def test_the_inverse_is_certified(q, c):
    assert_certified(q, c, bounds.kl_inverse(q, c))


@given(vectors(probability, nonnegative, inside), examples)
def test_a_kind_of_argument_changes_no_number(arguments, n):
    """Also in float32, where the numbers are those that float32 holds; the result is rounded, or rounded up."""
    *given_, kind = arguments
    wide = [plain(values) for values in given_]
    wide[2] = np.clip(wide[2], 1e-300, 1 - 1e-7)
    risk, kl, delta = given_[0], given_[1], wide[2] if kind not in NARROW else 0.05
    wide[2] = delta
    for function in KL_BOUNDS:
        found, double = function(risk, kl, n, delta), function(*wide[:2], n, delta)
        assert np.shape(found) == np.shape(double)
        if kind not in NARROW:
            np.testing.assert_array_equal(plain(found), double)
            continue
        assert "float32" in str(found.dtype)
        with np.errstate(over="ignore"):
            single = np.float32(double)
        np.testing.assert_allclose(plain(found), single, rtol=2e-7, atol=2e-45)
        assert function is not bounds.kl_bound or np.all(plain(found) >= double)


@given(anything, anything, anything, anything)
def test_whatever_comes_in_is_refused_or_obeys_the_laws(risk, kl, n, delta):
    for function in KL_BOUNDS:
        found = outcome(function, risk, kl, n, delta)
        legal = 0 <= risk <= 1 and kl >= 0 and 0 < delta < 1 and type(n) is int and n >= 2
        if function in (bounds.kl_bound, bounds.quadratic_bound):
            legal = legal and n >= 8
        assert (found is not None) == bool(legal)
        if found is not None:
            assert found >= risk * (1 - CLOSE)
    found = outcome(bounds.complexity, kl, n, delta)
    assert (found is not None) == bool(kl >= 0 and 0 < delta < 1 and type(n) is int and n >= 2)
    for function in (bounds.kl_bernoulli, bounds.kl_inverse):
        found = outcome(function, risk, kl)
        assert (found is not None) == bool(0 <= risk <= 1 and kl >= 0 and (kl <= 1 or function is bounds.kl_inverse))
        assert found is None or found >= 0


@given(vectors(anything, anything, anything))
def test_whole_vectors_of_whatever_are_refused_or_obey_the_laws(arguments):
    risk, kl, delta, _ = arguments
    wide = [plain(values) for values in (risk, kl, delta)]
    legal = ((wide[0] >= 0) & (wide[0] <= 1) & (wide[1] >= 0) & (wide[2] > 0) & (wide[2] < 1)).all()
    for function in KL_BOUNDS:
        found = outcome(function, risk, kl, 100, delta)
        assert (found is not None) == bool(legal)
        assert found is None or (plain(found).shape == wide[0].shape and not np.isnan(plain(found)).any())
