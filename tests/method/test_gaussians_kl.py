"""Gaussians' KL divergence: against dense mpmath, and its laws."""

import math

import numpy as np
import pytest
import torch
from covariances import K, covariance, kinds, kinds_p, positive_definite
from dense_reference import gaussian_kl

from pacbayes_curvature.gaussians import kl_divergence, kl_term


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


@pytest.mark.parametrize("variances", [(1.3, 0.7), (0.7, 1.3), (1.0, 1 + 2.0**-52), (0.1, 1.7e-12), (1.1e-12, 0.9)])
def test_a_power_of_two_that_both_variances_share_changes_no_bit(variances):
    expected = kl_divergence(0, variances[0], 0, variances[1])
    for power in (-960, -602, -301, -300, -299, -12, 12, 299, 300, 301, 601, 999, 1000, 1001, 1020):
        assert kl_divergence(0, variances[0] * 2.0**power, 0, variances[1] * 2.0**power) == expected


@pytest.mark.parametrize("prior", [3000.0, 1e300])
def test_kl_of_the_least_variance_is_finite(prior):
    expected = (math.log(prior) - math.log(5e-324) - 1) / 2
    assert kl_divergence(0, 5e-324, 0, prior) == pytest.approx(expected, rel=1e-14)


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


def test_kl_term_at_zero():
    """0 ln 0 is 0, and what has weight only on one side is infinitely far away."""
    a, b = torch.tensor([[0.0, 0.0, 0.0, 2.0], [0.0, 3.0, 1e-300, 0.0]], dtype=torch.float64)
    assert kl_term(a, b, b - a).tolist() == [0.0, 3.0, 1e-300, math.inf]


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
