"""Pairs of prior and posterior that are attained: against the formulas, and at the edges."""

import numpy as np
import pytest

from pacbayes_curvature import floors, gaussians


def random_problem(k=40):
    rng = np.random.default_rng(1)
    h, shift = rng.exponential(size=k) ** 4, rng.normal(size=k)
    h[:3], shift[2:5] = 0, 0  # 0, 1: no curvature; 2: neither; 3, 4: not moved
    return h, shift


def test_every_nat_and_every_bit_of_loss_is_that_of_gaussians_with_these_variances():
    h, shift = random_problem()
    for beta in (1e-3, 1.0, 1e3):
        variance, kl, loss, uncurved = floors.attained_pair(h, shift, beta)
        assert uncurved == 2 and np.isfinite(variance).all()
        noisy = variance > 0
        prior = variance + shift**2  # Lemma 4.2's: the best for any posterior
        assert kl == pytest.approx(gaussians.kl_divergence(shift[noisy], variance[noisy], 0.0, prior[noisy]), rel=1e-12)
        assert loss == pytest.approx(h @ variance / 2, rel=1e-12)
        assert (np.flatnonzero(~noisy) == [2, 3, 4]).all(), "no noise exactly where nothing moved"
        free = gaussians.kl_divergence(shift[:2], variance[:2], 0.0, prior[:2])
        assert free == pytest.approx(floors.FREE_NATS, rel=1e-12)


def test_without_such_weights_the_pair_is_that_of_lemma_42():
    h, shift = (values[5:] for values in random_problem())
    for beta in (1e-3, 1.0, 1e3):
        pair = floors.attained_pair(h, shift, beta)
        floor = floors.diagonal_prior(h, shift, beta)
        assert (pair.expected_loss, pair.kl) == pytest.approx((floor.expected_loss, floor.kl), rel=1e-13)
        assert pair.uncurved == 0


def test_negative_curvature_is_refused():
    with pytest.raises(ValueError, match="curvature must be nonnegative .*, got -1"):
        floors.attained_pair(np.array([1.0, -1.0]), np.ones(2), 1.0)


def block_problem():
    rng = np.random.default_rng(2)
    factor, shift = rng.normal(size=(4, 3)), rng.normal(size=(5, 4))
    return factor @ factor.T, shift  # H of rank 3, five neurons


def test_block_costs_are_quadratic_forms():
    moment, shift = block_problem()
    expected = [delta @ moment @ delta / 2 for delta in shift]
    np.testing.assert_allclose(floors.block_costs(moment, shift), expected, rtol=1e-12)


def test_the_block_pair_is_approached_from_below_by_dense_gaussians():
    """S0 = a^2 Delta Delta' + eps I and S1 = S0 + Delta Delta', a pair of matrices for each block."""
    moment, shift = block_problem()
    costs = floors.block_costs(moment, shift)
    for beta in (0.1, 10.0):
        pair = floors.attained_block_pair(costs, np.ones(5), beta)
        assert pair.kl == pytest.approx(floors.block_prior(costs, pair.expected_loss), rel=1e-9)
        gaps = []
        for eps in (1e-2, 1e-4, 1e-6):
            kl = loss = 0.0
            for delta, variance in zip(shift, pair.variance):
                along = np.outer(delta, delta)
                posterior = variance * along + eps * np.eye(4)
                kl += gaussians.kl_divergence(delta, posterior, np.zeros(4), posterior + along)
                loss += np.trace(moment @ posterior) / 2
            gaps.append((pair.kl - kl, loss - pair.expected_loss))
        assert (np.array(gaps) > 0).all() and max(gaps[-1]) < 1e-3 * max(gaps[0])
