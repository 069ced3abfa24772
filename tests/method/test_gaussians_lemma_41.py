"""Lemma 4.1's posterior: Equation (6), the identity that proves it, stationarity and the minimum."""

import numpy as np
import pytest
import scipy.optimize
import torch
from covariances import K, covariance, kinds_p, positive_definite
from dense_reference import dense_covariance, quadratic_objective

from pacbayes_curvature.gaussians import kl_divergence, optimal_posterior


def lemma_41(seed, kind_h="matrix", kind_p="matrix"):
    """delta, H (indefinite if a matrix), P, beta with H + beta P^-1 positive definite."""
    rng = np.random.default_rng(seed)
    beta, P = rng.uniform(0.2, 2), covariance(kind_p, rng)
    H = covariance(kind_h, rng)
    if kind_h == "matrix":
        H = positive_definite(rng) - 0.9 * beta * np.linalg.inv(dense_covariance(P, K))
        assert np.linalg.eigvalsh(H)[0] < 0
    return rng.normal(size=K), H, P, beta


@pytest.mark.parametrize("kind_h", ["number", "vector", "matrix"])
@kinds_p
def test_posterior_is_equation_6(kind_h, kind_p):
    _, H, P, beta = lemma_41(6, kind_h, kind_p)
    posterior = optimal_posterior(H, P, beta)
    dense = beta * np.linalg.inv(dense_covariance(H, K) + beta * np.linalg.inv(dense_covariance(P, K)))
    assert np.ndim(posterior) == max(np.ndim(H), np.ndim(P))
    np.testing.assert_allclose(dense_covariance(posterior, K), dense, rtol=1e-10, atol=1e-13)


def test_posterior_of_diagonals_agrees_with_their_matrices():
    _, H, P, beta = lemma_41(7, "vector", "vector")
    np.testing.assert_allclose(
        optimal_posterior(np.diag(H), np.diag(P), beta), np.diag(optimal_posterior(H, P, beta)), rtol=1e-14
    )
    negative = -0.5 * beta / P
    np.testing.assert_allclose(optimal_posterior(negative, P, beta), 2 * P, rtol=1e-14)
    np.testing.assert_array_equal(optimal_posterior(np.zeros(K), P, beta), P)


@pytest.mark.parametrize("seed", [8, 9])
def test_posterior_satisfies_the_identity_that_proves_the_lemma(seed):
    """C(S0) - C(S0*) = beta KL( N(0, S0) || N(0, S0*) ), for every S0."""
    delta, H, P, beta = lemma_41(seed)
    best = optimal_posterior(H, P, beta)
    rng = np.random.default_rng(seed)
    for _ in range(20):
        S0 = positive_definite(rng)
        excess = quadratic_objective(S0, delta, P, H, beta) - quadratic_objective(best, delta, P, H, beta)
        assert excess == pytest.approx(beta * kl_divergence(0, S0, 0, best), rel=1e-9)


def test_posterior_is_stationary_and_the_minimum():
    delta, H, P, beta = lemma_41(10)
    best = optimal_posterior(H, P, beta)
    S0 = torch.tensor(best, requires_grad=True)
    (torch.trace(torch.tensor(H) @ S0) / 2 + beta * kl_divergence(delta, S0, 0, P)).backward()
    assert S0.grad.abs().max() < 1e-10 * np.abs(H).max()

    minimum = quadratic_objective(best, delta, P, H, beta)
    rng = np.random.default_rng(11)
    for size in (1e-3, 0.1, 1.0):
        for _ in range(20):
            direction = rng.normal(size=(K, K))
            other = best + size * (direction @ direction.T if size == 1 else direction + direction.T) * best.min() / 9
            if np.linalg.eigvalsh(other)[0] > 0:
                assert quadratic_objective(other, delta, P, H, beta) > minimum

    lower = np.tril_indices(K)

    def objective(entries):
        L = np.zeros((K, K))
        L[lower] = entries
        np.fill_diagonal(L, np.exp(L.diagonal()))
        return quadratic_objective(L @ L.T, delta, P, H, beta)

    found = scipy.optimize.minimize(objective, np.zeros(len(lower[0])), tol=1e-9)
    assert found.fun == pytest.approx(minimum, abs=1e-7)


def test_posterior_passes_gradients():
    _, H, P, beta = lemma_41(12)
    arguments = [torch.tensor(a, dtype=torch.float64, requires_grad=True) for a in (H, np.linalg.cholesky(P), beta)]
    assert torch.autograd.gradcheck(lambda h, l, b: optimal_posterior((h + h.T) / 2, l @ l.T, b), arguments)
