"""Lemma 4.2's pair of prior and posterior: as printed, its laws, stationarity and the minimum."""

import math

import numpy as np
import pytest
import scipy.optimize
import torch
from dense_reference import coordinate_objective, optimal_pair

from pacbayes_curvature.gaussians import kl_divergence, optimal_posterior, optimal_prior_and_posterior


def moderate_coordinates(seed, size=60):
    rng = np.random.default_rng(seed)
    h, delta = 10 ** rng.uniform(-3, 3, size), rng.choice([-1, 1], size) * 10 ** rng.uniform(-2, 1, size)
    return h, delta, 0.37


@pytest.mark.parametrize("lam", [1, 3])
def test_pair_is_lemma_42_as_printed(lam):
    h, delta, beta = moderate_coordinates(13)
    expected = np.array([[float(v) for v in optimal_pair(a, b, beta, lam)] for a, b in zip(h, delta)]).T
    for got, wanted in zip(optimal_prior_and_posterior(h, delta, beta), expected):
        np.testing.assert_allclose(got, wanted, rtol=4e-15)


def test_pair_obeys_its_laws():
    h, delta, beta = moderate_coordinates(14)
    pair = optimal_prior_and_posterior(h, delta, beta)
    np.testing.assert_allclose(pair.prior_variance, pair.posterior_variance + delta**2, rtol=1e-15)
    np.testing.assert_allclose(pair.kl, np.arcsinh(np.sqrt(h * delta**2 / beta) / 2), rtol=1e-14)
    np.testing.assert_allclose(pair.expected_loss, h * pair.posterior_variance / 2, rtol=1e-14)
    np.testing.assert_allclose(pair.expected_loss, -beta / 2 * np.expm1(-2 * pair.kl), rtol=1e-13)
    direct = [kl_divergence(m, v0, 0, v1) for m, v0, v1 in zip(delta, pair.posterior_variance, pair.prior_variance)]
    np.testing.assert_allclose(pair.kl, direct, rtol=1e-12)
    together = kl_divergence(delta, pair.posterior_variance, 0, pair.prior_variance)
    assert pair.kl.sum() == pytest.approx(together, rel=1e-12)
    product = np.sum(pair.expected_loss) * np.sum(pair.kl)
    assert product <= np.sum(np.abs(delta) * np.sqrt(h)) ** 2 / 4


def test_pairs_posterior_is_lemma_41s_for_the_pairs_prior():
    h, delta, beta = moderate_coordinates(15)
    pair = optimal_prior_and_posterior(h, delta, beta)
    np.testing.assert_allclose(optimal_posterior(h, pair.prior_variance, beta), pair.posterior_variance, rtol=1e-13)


@pytest.mark.parametrize("h, delta, beta", [(1.0, 1.0, 1.0), (40.0, -0.3, 0.02), (0.05, 2.0, 5.0)])
def test_pair_is_stationary_and_the_minimum(h, delta, beta):
    pair = optimal_prior_and_posterior(h, delta, beta)
    best = np.log([pair.posterior_variance, pair.prior_variance])

    def objective(logs):
        return coordinate_objective(*np.exp(logs), h, delta, beta)

    minimum = pair.expected_loss + beta * pair.kl
    assert objective(best) == pytest.approx(minimum, rel=1e-13)
    assert np.abs(scipy.optimize.approx_fprime(best, objective, 1e-7)).max() < 1e-6 * max(1, beta)
    rng = np.random.default_rng(16)
    for size in (1e-3, 0.1, 1, 5):
        assert all(objective(best + size * rng.normal(size=2)) > minimum for _ in range(50))
    found = scipy.optimize.minimize(objective, np.zeros(2), method="Nelder-Mead", options=dict(xatol=1e-9, fatol=1e-14))
    assert found.fun == pytest.approx(minimum, rel=1e-9)
    np.testing.assert_allclose(found.x, best, atol=1e-5)


@pytest.mark.parametrize("h", [1e-300, 1e-150, 1e-8, 1.0, 1e8, 1e150, 1e300])
@pytest.mark.parametrize("delta", [1e-150, 1e-8, 1.0, -1e8, 1e150])
@pytest.mark.parametrize("beta", [1e-300, 1e-3, 1e300])
def test_pair_at_extreme_magnitudes(h, delta, beta):
    expected = [float(v) for v in optimal_pair(h, delta, beta, digits=1300)]
    for got, wanted in zip(optimal_prior_and_posterior(h, delta, beta), expected):
        assert got == pytest.approx(wanted, rel=1e-14, abs=1e-310), (got, wanted)  # subnormal results have fewer digits


def test_pair_at_its_limits():
    pair = optimal_prior_and_posterior([0, 0, 2], [1.5, 0, 0], 0.1)
    assert pair.prior_variance.tolist() == pair.posterior_variance.tolist() == [math.inf, math.inf, 0]
    assert pair.kl.tolist() == pair.expected_loss.tolist() == [0, 0, 0]
    still = optimal_prior_and_posterior([5e-324, 1e-300, 0.5, 1.0], 0.0, 0.1)
    assert np.array(still).tolist() == [[0.0] * 4] * 4  # however flat, and not only for a curvature above 1
    # approached continuously, the variances at the rates of |Delta| sqrt(beta/h)
    near_flat, near_still = optimal_prior_and_posterior(1e-16, 1.5, 0.1), optimal_prior_and_posterior(2, 1e-8, 0.1)
    assert near_flat.posterior_variance == pytest.approx(1.5 * math.sqrt(0.1 / 1e-16), rel=1e-6)
    assert near_still.posterior_variance == pytest.approx(1e-8 * math.sqrt(0.1 / 2), rel=1e-6)
    for near in (near_flat, near_still):
        assert 0 < near.expected_loss < 1e-7 and 0 < near.kl < 1e-7


def test_pair_passes_gradients_and_its_floor_has_slope_kl_in_beta():
    h, delta = torch.tensor([0.0, 0.5, 3.0, 2.0, 1e4], dtype=torch.float64), torch.tensor([1.0, -0.2, 1.0, 0.0, 9.0])
    delta = delta.double()
    beta = torch.tensor(0.3, dtype=torch.float64, requires_grad=True)
    pair = optimal_prior_and_posterior(h, delta, beta)
    (pair.expected_loss.sum() + beta * pair.kl.sum()).backward()
    assert beta.grad.item() == pytest.approx(pair.kl.sum().item(), rel=1e-12)
    arguments = [h[1:3].requires_grad_(), delta[1:3].requires_grad_(), beta]
    assert torch.autograd.gradcheck(lambda *a: tuple(optimal_prior_and_posterior(*a)), arguments)
    h = torch.tensor([0.0, 0.5, 2.0], dtype=torch.float64, requires_grad=True)
    optimal_prior_and_posterior(h, torch.tensor([1.0, 1.0, 0.0], dtype=torch.float64), 0.3).kl.sum().backward()
    assert h.grad.isfinite().all() and h.grad[1] > 0
