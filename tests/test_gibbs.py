"""The two estimators of the stochastic network's accuracy: against each other on a trained network, and against exact
values where there are any."""

import numpy as np
import pytest
import torch
from scipy.stats import norm

from pacbayes_curvature import curvature, gibbs, posteriors

POINTS = [(1e-3, 1e-2), (1e-2, 1e-2), (1e-1, 1e-2), (1e-2, 1e-1), (1.0, 10.0)]


def layers_of(method, network, x):
    moments = curvature.layerwise(network.minimum, x)
    return [
        posteriors.layer_posterior(method, h, curvature.spectrum(h), len(w), d)
        for h, w, d in zip(moments, network.minimum, network.squared_distances())
    ]


@pytest.mark.parametrize("method", posteriors.METHODS)
def test_estimators_agree_on_a_trained_network(digits, digits_network, method):
    """At five grid points from nearly exact to nearly guessing, within four joint standard errors."""
    x, y = torch.from_numpy(digits.x_train), torch.from_numpy(digits.y_train)
    layers = layers_of(method, digits_network, x)
    lam, beta = map(np.array, zip(*POINTS))
    fast, fast_error = gibbs.by_local_reparametrisation(
        digits_network.minimum, layers, lam, beta, x, y, torch.Generator().manual_seed(1), passes=20
    )
    generator = torch.Generator().manual_seed(2)
    slow, slow_error = np.array(
        [gibbs.by_weight_sampling(digits_network.minimum, layers, l, b, x, y, generator, draws=100) for l, b in POINTS]
    ).T
    assert fast.max() > 0.9 and fast.min() < 0.6, "the points should span the range"
    assert (np.abs(fast - slow) <= 4 * np.hypot(fast_error, slow_error)).all(), (fast, slow, fast_error, slow_error)


@pytest.mark.parametrize("method", posteriors.METHODS)
def test_one_layer_has_a_closed_form(method):
    """Two classes, one layer: the logits' difference is N(d, 2 s^2), so the accuracy is the mean of Phi(d / (s sqrt 2))."""
    generator = torch.Generator().manual_seed(3)
    x, y = torch.randn(400, 6, generator=generator), torch.randint(2, (400,), generator=generator)
    weights = [torch.randn(2, 7, generator=generator)]
    h = curvature.layerwise(weights, x)[0]
    layers = [posteriors.layer_posterior(method, h, curvature.spectrum(h), 2, 1.0)]
    z = np.c_[x.numpy(), np.ones(400)].astype(float)
    for lam, beta in ((0.1, 0.1), (2.0, 0.01)):
        layer = layers[0]
        basis = np.eye(7) if layer.basis is None else layer.basis
        variance = ((z @ basis) ** 2 * posteriors.variances(layer, [lam], [beta])[0]).sum(1)
        logits = z @ weights[0].double().numpy().T
        margin = np.where(y.numpy() == 1, 1, -1) * (logits[:, 1] - logits[:, 0])
        exact = norm.cdf(margin / np.sqrt(2 * variance))
        accuracy, error = gibbs.by_local_reparametrisation(
            weights, layers, np.array([lam]), np.array([beta]), x, y, torch.Generator().manual_seed(4), passes=500
        )
        assert abs(accuracy[0] - exact.mean()) < 4 * error[0]
        true_error = np.sqrt((exact * (1 - exact)).sum() / 400**2 / 500)
        assert true_error <= error[0], "the reported standard error is an upper bound"


def test_a_grid_point_does_not_depend_on_its_neighbours(digits, digits_network):
    x, y = torch.from_numpy(digits.x_train), torch.from_numpy(digits.y_train)
    layers = layers_of("layerwise", digits_network, x)
    lam, beta = map(np.array, zip(*POINTS))

    def run(lam, beta):
        return gibbs.by_local_reparametrisation(
            digits_network.minimum, layers, lam, beta, x, y, torch.Generator().manual_seed(1)
        )[0]

    alone = np.concatenate([run(lam[i : i + 1], beta[i : i + 1]) for i in range(len(lam))])
    np.testing.assert_allclose(run(lam, beta), alone, atol=2 / len(x))  # a product of other shape may round otherwise


def test_vanishing_noise_is_the_deterministic_network(digits, digits_network):
    x, y = torch.from_numpy(digits.x_train), torch.from_numpy(digits.y_train)
    layers = layers_of("layerwise", digits_network, x)
    accuracy, error = gibbs.by_local_reparametrisation(
        digits_network.minimum, layers, np.array([1e-12]), np.array([1.0]), x, y, torch.Generator().manual_seed(1)
    )
    assert accuracy[0] == 1 and error[0] == 0


def test_too_few_draws_are_refused(digits, digits_network):
    x, y = torch.from_numpy(digits.x_train), torch.from_numpy(digits.y_train)
    layers = layers_of("baseline", digits_network, x)
    with pytest.raises(ValueError, match="draws must be at least 2, got 1"):
        gibbs.by_weight_sampling(digits_network.minimum, layers, 0.1, 1.0, x, y, torch.Generator(), draws=1)
    with pytest.raises(ValueError, match="passes must be at least 1, got 0"):
        gibbs.by_local_reparametrisation(
            digits_network.minimum, layers, np.array([0.1]), np.array([1.0]), x, y, torch.Generator(), passes=0
        )
