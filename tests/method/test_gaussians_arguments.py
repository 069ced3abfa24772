"""What the functions of Gaussians take, and what they refuse."""

import math

import numpy as np
import pytest
import torch

from pacbayes_curvature.gaussians import kl_divergence, optimal_posterior, optimal_prior_and_posterior


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


RULE = r"H \+ beta P\^-1 must be positive definite \(raise beta, or use a positive semidefinite curvature\)"
FIT = r"mean_q, mean_p must be \(k,\) and cov_q, cov_p must be \(k,\) or \(k, k\), with one k for all, got {"


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
        (
            lambda: kl_divergence([0, 0], [1, 1, 1], 0, 1),
            rf"{FIT}'mean_q': \(2,\), 'mean_p': \(\), 'cov_q': \(3,\), .*",
        ),
        (lambda: kl_divergence(0, np.ones((2, 3)), 0, 1), rf"{FIT}.*'cov_q': \(2, 3\), 'cov_p': \(\)}}"),
        (lambda: kl_divergence(np.eye(2), 1, 0, 1), rf"{FIT}'mean_q': \(2, 2\), .*"),
        (lambda: kl_divergence(0, np.ones((2, 2, 2)), 0, 1), rf"{FIT}.*'cov_q': \(2, 2, 2\), .*"),
        (lambda: kl_divergence(0, [[1, 0.1], [0, 1]], 0, 1), r"cov_q must be symmetric; .*, got 0\.1"),
        (lambda: kl_divergence(0, 1, 0, [[1, 2], [2, 1]]), r"cov_p must be positive definite, got .* -1"),
        (lambda: optimal_posterior([1, 2], 1, 0), r"beta must be positive and finite, got 0"),
        (lambda: optimal_posterior([1, 2], 1, [1, 2]), r"beta must be a single number, got shape \(2,\)"),
        (lambda: optimal_posterior([1, math.nan], 1, 1), r"hessian must be finite, got nan"),
        (lambda: optimal_posterior([1, 2], [1, 0], 1), r"prior_covariance must be positive and finite, got 0"),
        (
            lambda: optimal_posterior([1, 2], [1, 1, 1], 1),
            r"hessian, prior_covariance must be \(k,\) or \(k, k\), with one k for all, got .*\(3,\)}",
        ),
        (
            lambda: optimal_posterior([1, -2], [1, 0.5], 1),
            rf"{RULE}; its smallest eigenvalue in units of the prior's precision, got 0",
        ),
        (lambda: optimal_posterior(np.diag([1, -4]), 0.5, 1), rf"{RULE}, got smallest eigenvalue -1"),
        (lambda: optimal_posterior([[1, 2], [0, 1]], 1, 1), r"hessian must be symmetric; .*, got 2"),
        (
            lambda: optimal_posterior([1, 1], [[1, 2], [2, 1]], 1),
            r"prior_covariance must be positive definite, got smallest eigenvalue -1",
        ),
        (
            lambda: optimal_prior_and_posterior([1, -1e-9], 1, 1),
            r"curvature must be nonnegative \(below 0 the objective has no lower bound\), got -1e-09",
        ),
        (lambda: optimal_prior_and_posterior(1, 1, [1]), r"beta must be a single number, got shape \(1,\)"),
        (lambda: kl_divergence(["0"], 1, 0, 1), r"mean_q must hold real numbers .*"),
        (lambda: kl_divergence(0, ["1"], 0, 1), r"cov_q must hold real numbers .*"),
        (lambda: kl_divergence(0, 1, ["0"], 1), r"mean_p must hold real numbers .*"),
        (lambda: kl_divergence(0, 1, 0, ["1"]), r"cov_p must hold real numbers .*"),
        (lambda: kl_divergence(0, np.eye(2), 0, [[1, 0.1], [0, 1]]), r"cov_p must be symmetric; .*, got 0\.1"),
        (lambda: kl_divergence(0, [[1, 2], [2, 1]], 0, 1), r"cov_q must be positive definite, got .* -1"),
        (lambda: optimal_posterior(["1"], 1, 1), r"hessian must hold real numbers .*"),
        (lambda: optimal_posterior(1, ["1"], 1), r"prior_covariance must hold real numbers .*"),
        (lambda: optimal_posterior(1, 1, "1"), r"beta must hold real numbers .*"),
        (lambda: optimal_posterior(np.eye(2), [1, 0], 1), r"prior_covariance must be positive and finite, got 0"),
        (lambda: optimal_posterior(1, [[1, 0.1], [0, 1]], 1), r"prior_covariance must be symmetric; .*, got 0\.1"),
        (lambda: optimal_posterior(np.ones((1, 1, 1)), 1, 1), r"hessian, prior_covariance must be .*"),
        (lambda: optimal_prior_and_posterior(["1"], 1, 1), r"curvature must hold real numbers .*"),
        (lambda: optimal_prior_and_posterior(1, ["1"], 1), r"displacement must hold real numbers .*"),
        (lambda: optimal_prior_and_posterior(1, 1, "1"), r"beta must hold real numbers .*"),
        (lambda: optimal_prior_and_posterior(math.nan, 1, 1), r"curvature must be finite, got nan"),
        (lambda: optimal_prior_and_posterior(1, [math.nan], 1), r"displacement must be finite, got nan"),
        (lambda: optimal_prior_and_posterior(1, 1, -0.5), r"beta must be positive and finite, got -0\.5"),
        (lambda: optimal_prior_and_posterior(1, 1, math.nan), r"beta must be positive and finite, got nan"),
        (
            lambda: optimal_prior_and_posterior(np.ones(2), np.ones((2, 1)), 1),
            r"curvature, displacement must have one shape .*",
        ),
        (lambda: optimal_prior_and_posterior(torch.ones(2) * 1j, 1, 1), r"arguments must be real, got torch.complex64"),
    ],
)
def test_refuses(call, message):
    with pytest.raises(ValueError, match=f"^{message}$"):
        call()
