"""The floors of chapter 04: against minimisation by search, the laws between them, and what is refused."""

import math

import numpy as np
import pytest
import scipy.optimize
import torch
from dense_reference import optimal_pair

from pacbayes_curvature import floors
from pacbayes_curvature.gaussians import kl_divergence, optimal_posterior

LOSSES = np.geomspace(1e-3, 1e3, 7)


def problem(seed, k=5):
    rng = np.random.default_rng(seed)
    factor = rng.normal(size=(k, k))
    return factor @ factor.T + 0.01 * np.eye(k), rng.normal(size=k)


# Lemma 4.2 ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("beta", [1e-6, 0.3, 1e5])
def test_diagonal_prior_against_the_printed_lemma(beta):
    curvature, shift = np.array([0.2, 3.0, 40.0]), np.array([1.0, -0.1, 2.5])
    terms = [optimal_pair(h, d, beta) for h, d in zip(curvature, shift)]
    floor = floors.diagonal_prior(curvature, shift, beta)
    assert floor.kl == pytest.approx(float(sum(term[2] for term in terms)), rel=1e-13)
    assert floor.expected_loss == pytest.approx(float(sum(term[3] for term in terms)), rel=1e-13)


def test_diagonal_prior_is_a_curve_over_beta():
    floor = floors.diagonal_prior([1.0, 2.0], [0.5, 0.0], np.geomspace(1e-3, 1e3, 9))
    assert floor.kl.shape == floor.expected_loss.shape == (9,)
    assert (np.diff(floor.kl) < 0).all() and (np.diff(floor.expected_loss) > 0).all()


def test_weights_that_cost_nothing():
    floor = floors.diagonal_prior([0.0, 2.0], [1.0, 0.0], 0.5)
    assert floor == (0.0, 0.0)
    assert floors.block_prior([0.0, 0.0], 1.0) == 0.0
    assert floors.block_prior([0.0, 3.0], 2.0) == floors.block_prior([3.0], 2.0)


# Blocks ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(3))
def test_blocks_of_one_weight_are_lemma_4_2(seed):
    H, shift = problem(seed)
    curvature = np.diag(H)
    floor = floors.diagonal_prior(curvature, shift, np.geomspace(1e-9, 1e9, 13))
    kl = floors.block_prior(curvature * shift**2 / 2, floor.expected_loss)
    assert kl == pytest.approx(floor.kl, rel=1e-11)


def test_one_block_is_the_full_prior():
    assert floors.block_prior([3.7], LOSSES) == pytest.approx(floors.full_prior(3.7, LOSSES), rel=1e-11)


@pytest.mark.parametrize("loss", [1e-300, 1e-20, 1.0, 1e20, 1e300])
def test_equal_blocks_share_equally_at_every_scale(loss):
    assert floors.block_prior([2.0] * 4, loss) == pytest.approx(2 * math.log1p(8 / loss), rel=1e-11)


@pytest.mark.parametrize("seed", range(3))
def test_the_split_is_optimal(seed):
    rng = np.random.default_rng(seed)
    costs, loss = 10 ** rng.uniform(-2, 2, 4), 3.0

    def total(logits):
        shares = loss * np.exp(logits) / np.exp(logits).sum()
        return np.log1p(costs / shares).sum() / 2

    best = scipy.optimize.minimize(total, np.zeros(4), tol=1e-14).fun
    assert floors.block_prior(costs, loss) == pytest.approx(best, rel=1e-8)


# Full and isotropic priors --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(5))
def test_no_pair_is_below_the_full_prior(seed):
    H, shift = problem(seed)
    posterior, prior = problem(seed + 100)[0], problem(seed + 200)[0]
    loss, cost = np.trace(H @ posterior) / 2, shift @ H @ shift / 2
    assert kl_divergence(shift, posterior, 0.0, prior) >= floors.full_prior(cost, loss)
    thin = np.outer(shift, shift) + 1e-7 * np.eye(len(shift))
    reached = kl_divergence(shift, thin, 0.0, thin + np.outer(shift, shift))
    assert reached == pytest.approx(floors.full_prior(cost, np.trace(H @ thin) / 2), rel=1e-4)


@pytest.mark.parametrize("full", [True, False])
def test_isotropic_prior_against_a_search_over_lam(full):
    H, shift = problem(7)
    H = H if full else np.diag(np.diag(H))
    beta, distance = 0.4, shift @ shift

    def value(log_lam):
        posterior = optimal_posterior(H, math.exp(log_lam), beta)
        kl = kl_divergence(shift, posterior, 0.0, math.exp(log_lam))
        return np.trace(H @ posterior) / 2 + beta * kl, np.trace(H @ posterior) / 2, kl

    best = scipy.optimize.minimize_scalar(
        lambda s: value(s)[0], bounds=(-8, 8), method="bounded", options={"xatol": 1e-9}
    )
    _, loss, kl = value(best.x)
    curvature = np.linalg.eigvalsh(H) if full else np.diag(H)
    assert floors.isotropic_prior(curvature, distance, loss) == pytest.approx(kl, rel=1e-6)


def test_baseline_is_a_pair_of_equal_covariances():
    H, shift = problem(8)
    kl, loss = kl_divergence(shift, 0.3, 0.0, 0.3), 0.3 * np.trace(H) / 2
    assert floors.baseline(np.trace(H), shift @ shift, loss) == pytest.approx(kl, rel=1e-13)


@pytest.mark.parametrize("seed", range(5))
def test_a_wider_family_has_the_lower_floor(seed):
    H, shift = problem(seed, 6)
    distance, blocks = shift @ shift, [slice(0, 2), slice(2, 6)]
    full = floors.full_prior(shift @ H @ shift / 2, LOSSES)
    block = floors.block_prior([shift[b] @ H[b, b] @ shift[b] / 2 for b in blocks], LOSSES)
    lemma = floors.block_prior(np.diag(H) * shift**2 / 2, LOSSES)
    isotropic = floors.isotropic_prior(np.linalg.eigvalsh(H), distance, LOSSES)
    diagonal = floors.isotropic_prior(np.diag(H), distance, LOSSES)
    baseline = floors.baseline(np.trace(H), distance, LOSSES)
    for chain in ((full, block, lemma, diagonal, baseline), (full, isotropic, diagonal)):
        for low, high in zip(chain, chain[1:]):
            assert (low <= high * (1 + 1e-12)).all()
    assert (np.diff(block) < 0).all()


# The border -----------------------------------------------------------------------------------------------------------


def test_results_come_back_in_kind():
    assert isinstance(floors.block_prior([1.0, 2.0], 1.0), np.floating | float)
    assert isinstance(floors.full_prior(1.0, 2.0), float)
    assert floors.block_prior(np.ones(3), np.ones((2, 2))).shape == (2, 2)
    tensor = floors.block_prior(torch.ones(3), torch.ones(2))
    assert isinstance(tensor, torch.Tensor) and tensor.dtype == torch.float32 and tensor.shape == (2,)
    assert floors.diagonal_prior(torch.ones(3), torch.ones(3), 1.0).kl.shape == ()


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: floors.diagonal_prior([-1.0], [1.0], 1.0), "curvature must be nonnegative.*got -1"),
        (lambda: floors.diagonal_prior([1.0], [1.0], [1.0, 0.0]), "beta must be positive.*got 0"),
        (lambda: floors.block_prior([1.0, -2.0], 1.0), "costs must be nonnegative, got -2"),
        (lambda: floors.block_prior([1.0, np.nan], 1.0), "costs must be finite"),
        (lambda: floors.block_prior([1.0], 0.0), "expected_loss must be positive.*got 0"),
        (lambda: floors.full_prior(-1.0, 1.0), "cost must be nonnegative, got -1"),
        (lambda: floors.full_prior([1.0, 2.0], 1.0), "cost must be a single number"),
        (lambda: floors.full_prior(1.0, np.inf), "expected_loss must be positive and finite"),
        (lambda: floors.isotropic_prior([1.0, -1.0], 1.0, 1.0), "curvature must be nonnegative, got -1"),
        (lambda: floors.isotropic_prior([1.0], [1.0, 2.0], 1.0), "squared_distance must be a single number"),
        (lambda: floors.baseline(1.0, -1.0, 1.0), "squared_distance must be nonnegative, got -1"),
    ],
)
def test_refusals(call, message):
    with pytest.raises(ValueError, match=message):
        call()
