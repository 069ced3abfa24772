"""Gibbs classifiers with a variance for every weight, and with noise along the displacements: against drawn networks."""

import numpy as np
import pytest
import torch

from pacbayes_curvature import posteriors
from pacbayes_curvature.curvature.second_moments import second_moments
from pacbayes_curvature.gibbs import moments
from pacbayes_curvature.gibbs.local_reparametrisation import by_local_reparametrisation
from pacbayes_curvature.networks import forward
from paper.experiments.lower_bound.compute import displacements


def seeded(seed):
    return torch.Generator().manual_seed(seed)


@pytest.fixture
def xy(digits):
    return torch.from_numpy(digits.x_train), torch.from_numpy(digits.y_train)


def by_draws(draw, x, y, draws):
    """Mean accuracy of `draws` networks and its standard error."""
    accuracies = [(forward(draw(), x).argmax(1) == y).double().mean().item() for _ in range(draws)]
    return np.mean(accuracies), np.std(accuracies, ddof=1) / np.sqrt(draws)


def estimate(classifiers, xy, generator, passes=1):
    tally = classifiers.tally(*xy, generator, passes)
    return tally.accuracy, tally.stderr


def some_variances(weights, scales, seed):
    uniform = seeded(seed)
    each = [2 * torch.rand(w.shape, generator=uniform) * w.square().mean() for w in weights]
    return [np.stack([(scale * v).numpy() for scale in scales]) for v in each]


def test_a_variance_for_every_weight_against_weight_sampling(xy, digits_network):
    scales = [0.3, 1.0, 2.0]
    variances = some_variances(digits_network.minimum, scales, 8)
    classifiers = moments.with_weight_variances(digits_network.minimum, variances)
    fast, error = estimate(classifiers, xy, seeded(9), passes=20)
    assert (0.3 < fast).all() and (fast < 0.999).all() and (np.diff(fast) < 0).all(), "the points should say something"
    generator = seeded(10)
    for g in range(len(scales)):

        def draw(g=g):
            return [
                w + torch.randn(w.shape, generator=generator) * torch.from_numpy(v[g]).sqrt()
                for w, v in zip(digits_network.minimum, variances)
            ]

        slow, slow_error = by_draws(draw, *xy, 100)
        assert abs(fast[g] - slow) <= 4 * np.hypot(error[g], slow_error)


@pytest.mark.parametrize("passes", [1, 2])
def test_many_posteriors_at_once_are_each_what_it_is_alone(xy, digits_network, passes):
    """The noise is the same for all, whatever their number."""
    variances = some_variances(digits_network.minimum, [0.5, 1.0, 3.0], 8)
    classifiers = moments.with_weight_variances(digits_network.minimum, variances)
    together = np.array(estimate(classifiers, xy, seeded(1), passes))
    for g in range(3):
        alone = moments.with_weight_variances(digits_network.minimum, [v[g : g + 1] for v in variances])
        np.testing.assert_array_equal(together[:, [g]], np.array(estimate(alone, xy, seeded(1), passes)))


def test_variances_of_a_posterior_are_variances_of_weights(xy, digits_network):
    """The diagonal method, written out weight by weight: the same network."""
    hessians = second_moments(digits_network.minimum, xy[0])
    posterior = [
        posteriors.layer_posterior("diag", h, None, len(w), d)
        for h, w, d in zip(hessians, digits_network.minimum, digits_network.squared_distances())
    ]
    lam, beta = np.array([0.1]), np.array([0.01])
    variances = [np.tile(posteriors.variances(layer, lam, beta), (1, layer.neurons, 1)) for layer in posterior]
    one, error = by_local_reparametrisation(digits_network.minimum, posterior, lam, beta, *xy, seeded(1), passes=20)
    classifiers = moments.with_weight_variances(digits_network.minimum, variances)
    two, _ = estimate(classifiers, xy, seeded(2), passes=20)
    assert abs(one[0] - two[0]) <= 4 * np.sqrt(2) * error[0]


@pytest.mark.parametrize("bad", [-1e-9, np.nan, np.inf])
def test_impossible_variances_are_refused(digits_network, bad):
    v = [np.zeros((1, *w.shape)) for w in digits_network.minimum]
    v[1][0, 2, 3] = bad
    with pytest.raises(ValueError, match="variances of layer 2 must be finite and nonnegative"):
        moments.with_weight_variances(digits_network.minimum, v)


def test_too_few_passes_are_refused(xy, digits_network):
    none = [np.zeros((1, *w.shape)) for w in digits_network.minimum]
    classifiers = moments.with_weight_variances(digits_network.minimum, none)
    with pytest.raises(ValueError, match="passes must be at least 1, got 0"):
        estimate(classifiers, xy, seeded(1), passes=0)


def test_noise_along_the_displacements_is_that_of_drawn_networks(xy, digits_network):
    shifts, scales = displacements(digits_network), [0.2, 2.0]
    variances = [np.outer(scales, np.linspace(0.5, 1.5, len(shift))) for shift in shifts]
    classifiers = moments.along_displacements(digits_network.minimum, shifts, variances)
    fast, error = estimate(classifiers, xy, seeded(3), passes=20)
    assert (0.3 < fast).all() and (fast < 0.98).all(), "the points should say something"
    generator = seeded(4)
    for g in range(len(scales)):

        def draw(g=g):
            xi = [
                torch.randn(v.shape[1], generator=generator).double() * torch.from_numpy(v[g]).sqrt() for v in variances
            ]
            return [
                w + (e[:, None] * torch.from_numpy(s)).float() for w, e, s in zip(digits_network.minimum, xi, shifts)
            ]

        slow, slow_error = by_draws(draw, *xy, 200)
        assert abs(fast[g] - slow) <= 4 * np.hypot(error[g], slow_error)


def test_no_noise_along_the_displacements_is_the_trained_network(xy, digits_network):
    shifts = displacements(digits_network)
    none = [np.zeros((1, len(shift))) for shift in shifts]
    classifiers = moments.along_displacements(digits_network.minimum, shifts, none)
    assert estimate(classifiers, xy, torch.Generator()) == (1.0, 0.0)
