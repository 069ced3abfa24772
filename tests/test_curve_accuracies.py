"""The classifiers of a curve: the same as one by one, and as drawn networks."""

import numpy as np
import pytest
import torch

from pacbayes_curvature import curve_accuracies, gibbs
from pacbayes_curvature.experiments.lower_bound import displacements
from pacbayes_curvature.networks import forward


def seeded(seed):
    return torch.Generator().manual_seed(seed)


@pytest.fixture
def xy(digits):
    return torch.from_numpy(digits.x_train), torch.from_numpy(digits.y_train)


@pytest.mark.parametrize("passes", [1, 2])
def test_a_variance_for_every_weight_is_what_it_is_without_sharing(xy, digits_network, passes):
    shared = curve_accuracies.with_weight_variances(digits_network.minimum, *xy)
    each = [torch.rand(w.shape, generator=seeded(8)) * w.square().mean() for w in digits_network.minimum]
    found = []
    for scale in (0.5, 1.0, 4.0):
        v = [(scale * part).numpy() for part in each]
        found.append(shared(v, seeded(1), passes))
        slow = gibbs.with_weight_variances(digits_network.minimum, v, *xy, seeded(1), passes)
        np.testing.assert_allclose(found[-1], slow, rtol=1e-5)
    assert 0.999 > found[0][0] > found[1][0] > found[2][0] > 0.3, "the points should say something"


def test_noise_along_the_displacements_is_that_of_drawn_networks(xy, digits_network):
    x, y = xy
    shifts, generator = displacements(digits_network), seeded(3)
    accuracy = curve_accuracies.along_displacements(digits_network.minimum, shifts, x, y)
    for variance in (0.2, 2.0):
        variances = [np.linspace(0.5, 1.5, len(shift)) * variance for shift in shifts]
        fast, error = accuracy(variances, generator, passes=20)
        draws = []
        for _ in range(200):
            xi = [torch.randn(len(v), generator=generator).double() * torch.from_numpy(v).sqrt() for v in variances]
            sample = [
                w + (e[:, None] * torch.from_numpy(s)).float() for w, e, s in zip(digits_network.minimum, xi, shifts)
            ]
            draws.append((forward(sample, x).argmax(1) == y).double().mean().item())
        assert 0.3 < fast < 0.98, "the points should say something"
        assert abs(fast - np.mean(draws)) < 4 * np.hypot(error, np.std(draws) / np.sqrt(200))


def test_no_noise_along_the_displacements_is_the_trained_network(xy, digits_network):
    shifts = displacements(digits_network)
    accuracy = curve_accuracies.along_displacements(digits_network.minimum, shifts, *xy)
    assert accuracy([np.zeros(len(shift)) for shift in shifts], torch.Generator()) == (1.0, 0.0)
