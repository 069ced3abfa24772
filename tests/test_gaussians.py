"""Gaussians: KL against dense mpmath, Lemmas 4.1 and 4.2 as stationary points, minima and identities, refusals."""

import math

import numpy as np
import pytest
import scipy.optimize
import torch
from dense_reference import coordinate_objective, dense_covariance, gaussian_kl, optimal_pair, quadratic_objective

from pacbayes_curvature.gaussians import kl_divergence, kl_term, optimal_posterior, optimal_prior_and_posterior

K = 4


def positive_definite(rng, k=K, floor=0.05):
    factor = rng.normal(size=(k, k))
    return factor @ factor.T + floor * np.eye(k)


def covariance(kind, rng):
    return {"number": rng.uniform(0.1, 3), "vector": rng.uniform(0.1, 3, K), "matrix": positive_definite(rng)}[kind]


kinds = pytest.mark.parametrize("kind_q", ["number", "vector", "matrix"])
kinds_p = pytest.mark.parametrize("kind_p", ["number", "vector", "matrix"])

# KL divergence --------------------------------------------------------------------------------------------------------


@kinds
@kinds_p
@pytest.mark.parametrize("seed", [0, 1])
def test_kl_against_dense_mpmath(kind_q, kind_p, seed):
    rng = np.random.default_rng(seed)
    mean_q, mean_p = rng.normal(size=K), rng.normal(size=K)
    cov_q, cov_p = covariance(kind_q, rng), covariance(kind_p, rng)
    expected = float(gaussian_kl(mean_q, cov_q, mean_p, cov_p))
    assert kl_divergence(mean_q, cov_q, mean_p, cov_p) == pytest.approx(expected, rel=1e-12)
    assert kl_divergence(mean_q, cov_q, 0.5, cov_p) == pytest.approx(
        float(gaussian_kl(mean_q, cov_q, 0.5, cov_p)), rel=1e-12
    )


def test_kl_of_one_weight():
    expected = 0.5 * (0.3 / 0.8 - 1 + 4 / 0.8 + math.log(0.8 / 0.3))
    assert kl_divergence(1, 0.3, -1, 0.8) == pytest.approx(expected, rel=1e-14)
    assert kl_divergence([1], [[0.3]], -1, 0.8) == pytest.approx(expected, rel=1e-14)


@pytest.mark.parametrize("gap", [0.3, 1e-4, 1e-8, 1e-12, 2.0**-52, -(2.0**-53), -1e-6, -0.9, 1e5])
def test_kl_keeps_its_digits_when_variances_nearly_agree(gap):
    variance = 1 + gap
    expected = float(gaussian_kl(0, variance, 0, 1))
    assert expected > 0
    assert kl_divergence(0, variance, 0, 1) == pytest.approx(expected, rel=4e-15)
    assert kl_divergence(0, 7 * variance, 0, 7.0) == pytest.approx(float(gaussian_kl(0, 7 * variance, 0, 7)), rel=4e-15)


def test_kl_is_never_negative_and_zero_only_at_equality():
    rng = np.random.default_rng(2)
    for size in (0, 1e-15, 1e-12, 1e-6, 1.0):
        matrix, vector, mean = positive_definite(rng), rng.uniform(0.1, 3, K), rng.normal(size=K)
        other = matrix + size * positive_definite(rng)
        assert (kl_divergence(mean, other, mean, matrix) == 0) == (size == 0)
        assert (kl_divergence(mean, vector * (1 + size), mean, vector) == 0) == (size == 0)
        assert (kl_divergence(mean + size, vector, mean, vector) == 0) == (size == 0)
        assert kl_divergence(mean, matrix, mean, other) >= 0
    big = positive_definite(rng, k=150)
    assert kl_divergence(0, big, 0, big) == 0


def test_kl_of_nearly_equal_matrices_does_not_cancel():
    rng = np.random.default_rng(3)
    matrix = positive_definite(rng, floor=1)
    other = matrix + 1e-8 * positive_definite(rng)
    assert kl_divergence(0, other, 0, matrix) == pytest.approx(float(gaussian_kl(0, other, 0, matrix)), rel=1e-5)


def test_kl_adds_over_blocks_and_ignores_a_change_of_basis():
    rng = np.random.default_rng(4)
    mean_q, mean_p, cov_q, cov_p = *rng.normal(size=(2, K)), positive_definite(rng), positive_definite(rng)
    whole = kl_divergence(mean_q, cov_q, mean_p, cov_p)
    basis = rng.normal(size=(K, K))
    moved = kl_divergence(basis @ mean_q, basis @ cov_q @ basis.T, basis @ mean_p, basis @ cov_p @ basis.T)
    assert moved == pytest.approx(whole, rel=1e-9)
    first, second = slice(0, 2), slice(2, 4)
    parts = 0
    block_q, block_p = np.zeros((K, K)), np.zeros((K, K))
    for block in (first, second):
        block_q[block, block], block_p[block, block] = cov_q[block, block], cov_p[block, block]
        parts += kl_divergence(mean_q[block], cov_q[block, block], mean_p[block], cov_p[block, block])
    assert kl_divergence(mean_q, block_q, mean_p, block_p) == pytest.approx(parts, rel=1e-12)


def test_kl_term_is_differentiable_twice_also_at_equality():
    a = torch.tensor([1.0, 2.0, 0.3], dtype=torch.float64, requires_grad=True)
    b = torch.tensor([1.0, 3.0, 5.0], dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda a, b: kl_term(a, b, b - a), (a, b))
    assert torch.autograd.gradgradcheck(lambda a, b: kl_term(a, b, b - a), (a, b))


@kinds
@kinds_p
def test_kl_passes_gradients(kind_q, kind_p):
    rng = np.random.default_rng(5)
    # A matrix enters by its factor, since gradcheck's steps would make it asymmetric.
    pieces = [torch.tensor(rng.normal(size=K)), torch.tensor(rng.normal(size=K))]
    for kind in (kind_q, kind_p):
        value = covariance(kind, rng)
        pieces.append(torch.tensor(np.linalg.cholesky(value) if kind == "matrix" else value, dtype=torch.float64))
    for piece in pieces:
        piece.requires_grad_()

    def kl(mean_q, mean_p, cov_q, cov_p):
        cov_q, cov_p = (c @ c.T if c.ndim == 2 else c for c in (cov_q, cov_p))
        return kl_divergence(mean_q, cov_q, mean_p, cov_p)

    assert torch.autograd.gradcheck(kl, pieces, fast_mode=True)


# Lemma 4.1 ------------------------------------------------------------------------------------------------------------


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


# Lemma 4.2 ------------------------------------------------------------------------------------------------------------


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


# What comes in and what is refused ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "function, arguments",
    [
        (kl_divergence, ([0.3, -1.0], [0.5, 2.0], [0.0, 0.1], [[2.0, 0.5], [0.5, 1.0]])),
        (kl_divergence, ([0.3, -1.0], [0.5, 2.0], [0.0, 0.1], [0.6, 1.0])),
        (optimal_posterior, ([[2.0, 0.5], [0.5, 1.0]], [0.5, 2.0], 0.3)),
        (optimal_posterior, ([2.0, 0.5], [0.5, 2.0], 0.3)),
        (lambda *a: optimal_prior_and_posterior(*a).prior_variance, ([2.0, 0.0], [0.5, 2.0], 0.3)),
        (lambda *a: optimal_prior_and_posterior(*a).kl, ([[2.0, 0.5]], [[0.5, -2.0]], 0.3)),
    ],
)
def test_lists_arrays_and_tensors_agree(function, arguments):
    def convert(kind):
        return [kind(a) if isinstance(a, list) else a for a in arguments]

    array = function(*convert(np.array))
    tensor = function(*convert(lambda a: torch.tensor(a, dtype=torch.float64)))
    assert isinstance(array, (np.ndarray, np.float64)) and array.dtype == np.float64
    assert isinstance(tensor, torch.Tensor) and tensor.dtype == torch.float64
    np.testing.assert_array_equal(function(*arguments), array)
    np.testing.assert_array_equal(tensor.numpy(), array)
    single = function(*convert(lambda a: torch.tensor(a, dtype=torch.float32)))
    assert single.dtype == torch.float32
    np.testing.assert_allclose(single, array, rtol=1e-6)
    assert function(*convert(lambda a: np.array(a, dtype=np.float32))).dtype == np.float32
    frozen = convert(lambda a: np.array(a)[::-1][::-1])
    for a in frozen[:1]:
        a.flags.writeable = False
    np.testing.assert_array_equal(function(*frozen), array)


def test_numbers_give_numbers():
    assert type(kl_divergence(0, 1, 0, 2)) is float
    assert type(optimal_posterior(2, 1, 0.5)) is float and optimal_posterior(2, 1, 0.5) == pytest.approx(0.2, rel=1e-15)
    assert all(type(value) is float for value in optimal_prior_and_posterior(1, 2, 3))
    assert optimal_posterior(torch.tensor([1, 2]), 1, 1).dtype == torch.float64


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: kl_divergence(0, 0, 0, 1), r"cov_q must be positive and finite, got 0"),
        (lambda: kl_divergence(0, 1, 0, [1, -2]), r"cov_p must be positive and finite, got -2"),
        (lambda: kl_divergence(0, math.inf, 0, 1), r"cov_q must be positive and finite, got inf"),
        (lambda: kl_divergence(0, np.eye(2), 0, [1, 0]), r"cov_p must be positive and finite, got 0"),
        (lambda: kl_divergence([0, math.nan], 1, 0, 1), r"mean_q must be finite, got nan"),
        (lambda: kl_divergence(0, 1, math.inf, 1), r"mean_p must be finite, got inf"),
        (lambda: kl_divergence(0, [[1, math.nan], [0, 1]], 0, 1), r"cov_q must be finite, got nan"),
        (lambda: kl_divergence([0, 0], [1, 1, 1], 0, 1), r"cov_q, cov_p must be .* one k for all, got .*\(3,\)"),
        (lambda: kl_divergence(0, np.ones((2, 3)), 0, 1), r"cov_q, cov_p must be .* got .*\(2, 3\)"),
        (lambda: kl_divergence(np.eye(2), 1, 0, 1), r"mean_q, mean_p must be \(k,\) .*'mean_q': \(2, 2\)"),
        (lambda: kl_divergence(0, np.ones((2, 2, 2)), 0, 1), r"cov_q, cov_p must be .* got .*\(2, 2, 2\)"),
        (lambda: kl_divergence(0, [[1, 0.1], [0, 1]], 0, 1), r"cov_q must be symmetric; .*, got 0\.1"),
        (lambda: kl_divergence(0, 1, 0, [[1, 2], [2, 1]]), r"cov_p must be positive definite, got .* -1"),
        (lambda: optimal_posterior([1, 2], 1, 0), r"beta must be positive and finite, got 0"),
        (lambda: optimal_posterior([1, 2], 1, [1, 2]), r"beta must be a single number, got shape \(2,\)"),
        (lambda: optimal_posterior([1, math.nan], 1, 1), r"hessian must be finite, got nan"),
        (lambda: optimal_posterior([1, 2], [1, 0], 1), r"prior_covariance must be positive and finite, got 0"),
        (lambda: optimal_posterior([1, 2], [1, 1, 1], 1), r"hessian, prior_covariance must be .* got"),
        (lambda: optimal_posterior([1, -2], [1, 0.5], 1), r"H \+ beta P\^-1 must be positive definite .*, got 0"),
        (lambda: optimal_posterior(np.diag([1, -4]), 0.5, 1), r"H \+ beta P\^-1 must be positive definite .*got .* -1"),
        (lambda: optimal_posterior([[1, 2], [0, 1]], 1, 1), r"hessian must be symmetric; .*, got 2"),
        (lambda: optimal_posterior([1, 1], [[1, 2], [2, 1]], 1), r"prior_covariance must be positive definite, got"),
        (lambda: optimal_prior_and_posterior([1, -1e-9], 1, 1), r"curvature must be nonnegative .*, got -1e-09"),
        (lambda: optimal_prior_and_posterior(math.nan, 1, 1), r"curvature must be finite, got nan"),
        (lambda: optimal_prior_and_posterior(1, [math.nan], 1), r"displacement must be finite, got nan"),
        (lambda: optimal_prior_and_posterior(1, 1, -0.5), r"beta must be positive and finite, got -0\.5"),
        (lambda: optimal_prior_and_posterior(1, 1, math.nan), r"beta must be positive and finite, got nan"),
        (lambda: optimal_prior_and_posterior(np.ones(2), np.ones((2, 1)), 1), r"curvature, displacement must have one"),
        (lambda: optimal_prior_and_posterior(torch.ones(2) * 1j, 1, 1), r"arguments must be real, got torch.complex64"),
    ],
)
def test_refuses(call, message):
    with pytest.raises(ValueError, match=message):
        call()
