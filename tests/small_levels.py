"""The outcomes of a level example by example: a small problem in float64, and an example's way through the layers."""

import numpy as np
import pytest
import torch
from small_networks import seeded
from small_posteriors import KINDS, augmented, layers_of, network

from pacbayes_curvature.gibbs import level
from pacbayes_curvature.gibbs.outcomes import wrong_probability

SIZES = (4, 9, 8, 3)
LAM, BETA = np.array([0.01, 1.0, 0.1, 0.3, 2.0, 0.5]), np.array([1.0, 1e-5, 0.05, 0.05, 0.1, 0.001])
# Of six points five are asked for, one of them for no example.
POINTS, COUNT = np.array([0, 1, 2, 4, 5]), np.array([6, 10, 0, 12, 9])
PROBLEMS = pytest.mark.parametrize("kind, bias", [(kind, bias) for kind in KINDS for bias in (True, False)])


def problem(kind, bias):
    weights, x, y = network(SIZES, bias)
    return weights, layers_of(kind, weights, x), x[:12], y[:12], level.noise(weights, 12, seeded(3))


def found(of, x, y, noise):
    """The outcomes of a level, by grid point."""
    return dict(of.outcomes(of.shared(x, POINTS), y, noise, POINTS, COUNT))


def through(weights, deviation, x, y, noise, g):
    """p of every example at grid point g; deviation(l, z, g) is s of layer l, (n,)."""
    z = x.numpy()
    for l, w in enumerate(weights):
        mean, s = augmented(z, w.shape[1]) @ w.numpy().T, deviation(l, z, g)
        z = np.maximum(mean + s[:, None] * noise.normal[l].numpy(), 0) if l < len(noise.normal) else None
    return wrong_probability(torch.from_numpy(mean), torch.from_numpy(s)[:, None], y, noise.uniform)


def same(outcomes, expected):
    assert list(outcomes) == [0, 1, 4, 5]
    for g, count in zip(POINTS, COUNT):
        if count:
            np.testing.assert_allclose(outcomes[g], expected(g)[:count], rtol=1e-8, atol=1e-13)
