"""Posteriors in closed form over the whole range: against high precision, the laws, and what the grid refuses."""

import mpmath as mp
import numpy as np
from dense_reference import exact
from hostile import TINY, anything, outcome, plain, vectors
from hypothesis import assume, given
from hypothesis import strategies as st

from pacbayes_curvature import posteriors
from pacbayes_curvature.curvature.second_moments import spectrum

# lam / beta times the curvature stays a number; `gibbs_classifier` refuses what goes beyond.
scale = st.floats(-100, 100).map(lambda e: 10.0**e)
curvature = st.lists(st.one_of(st.just(0.0), scale), min_size=1, max_size=4)


def one(g, distance=1.0, neurons=3):
    return posteriors.LayerPosterior(np.array(g), None, neurons, distance)


@given(curvature, scale, scale, scale, st.integers(1, 1000))
def test_to_all_digits(g, lam, beta, distance, neurons):
    layer = one(g, distance, neurons)
    v = posteriors.variances(layer, [lam], [beta])[0]
    kl = posteriors.kl_divergence([layer], [lam], [beta])[0]
    loss = posteriors.expected_quadratic_loss([layer], [lam], [beta])[0]
    with mp.workdps(500):
        lam, beta, distance = exact(lam), exact(beta), exact(distance)
        true_v = [lam / (1 + lam / beta * exact(each)) for each in g]
        terms = [true / lam - 1 - mp.log(true / lam) for true in true_v]
        true_kl = (distance / lam + neurons * mp.fsum(terms)) / 2
        true_loss = neurons * mp.fsum(exact(each) * true for each, true in zip(g, true_v)) / 2
        assert all(abs(exact(a) - b) <= 1e-14 * b for a, b in zip(v, true_v))
        # ln(1 + t) - t / (1 + t) cancels for small t: then it is of t's own rounding, not of its square's.
        t = mp.fsum(lam / beta * exact(each) for each in g if lam / beta * exact(each) < 1)
        assert abs(exact(kl) - true_kl) <= 1e-14 * true_kl + 1e-15 * neurons * t
        assert abs(exact(loss) - true_loss) <= 1e-14 * true_loss


@given(curvature, vectors(scale, scale, least=1))
def test_one_point_after_another_in_any_kind(g, grid):
    lam, beta, _ = grid
    wide = plain(lam), plain(beta)
    assume(all(np.isfinite(values).all() and (values > 0).all() for values in wide))
    with np.errstate(over="ignore"):
        assume(np.isfinite(wide[0] / wide[1] * max(g)).all())
    layer = one(g)
    for function in (posteriors.variances, lambda layer, *grid: posteriors.kl_divergence([layer], *grid)):
        together = function(layer, lam, beta)
        np.testing.assert_array_equal(together, [function(layer, [a], [b])[0] for a, b in zip(*wide)])
    v = posteriors.variances(layer, lam, beta)
    assert np.all((v > 0) | (v < TINY)) and np.all(v <= wide[0][:, None])
    assert np.all(posteriors.kl_divergence([layer], lam, beta) >= 0)


@given(vectors(anything, anything, least=1))
def test_whatever_comes_in_is_refused_or_obeys_the_laws(grid):
    lam, beta, _ = grid
    wide = plain(lam), plain(beta)
    with np.errstate(all="ignore"):
        assume(np.isfinite(wide[0]).all() or np.isnan(wide[0]).any())  # inf is let in, see below
        assume(not np.isinf(wide[0] / wide[1]).any())
    found = outcome(posteriors.variances, one([0.0, 1.0]), lam, beta)
    assert (found is not None) == bool((wide[0] > 0).all() and (wide[1] > 0).all())
    assert found is None or np.all((found <= wide[0][:, None]) & (found >= 0))


@given(st.integers(0, 2**32 - 1), st.integers(-150, 150), st.floats(0, 9e-6))
def test_an_eigenvalue_that_rounding_made_negative_counts_as_zero(seed, power, below):
    """`spectrum` says so: 1e-5 of the largest are rounding in single precision, more is refused."""
    vectors_ = np.linalg.qr(np.random.default_rng(seed).normal(size=(3, 3)))[0]
    h = vectors_ * [2.0, 1.0, -2 * below] @ vectors_.T * 10.0**power
    values, basis = spectrum((h + h.T) / 2)
    assert np.all(values >= 0) and np.all(np.diff(values) <= 0)
    np.testing.assert_allclose(basis * values @ basis.T, h, rtol=0, atol=3e-5 * 10.0**power)
    layer = posteriors.layer_posterior("layerwise", h, (values, basis), 2, 1.0)
    v = posteriors.variances(layer, [1.0], [10.0**power])[0]
    assert np.all(v <= 1) and posteriors.kl_divergence([layer], [1.0], [10.0**power])[0] >= 0
    assert outcome(spectrum, h - 3e-5 * 10.0**power * np.outer(vectors_[:, 2], vectors_[:, 2])) is None
