"""The paper's estimator, networks drawn from the posterior: the draws against a dense square root, the accuracy against a loop."""

import numpy as np
import pytest
import torch
from fake_device import FakeDevice, moved
from scipy.linalg import sqrtm
from small_networks import seeded
from small_posteriors import KINDS, covariance, layers_of, network

from pacbayes_curvature import networks
from pacbayes_curvature.gibbs import local_reparametrisation
from pacbayes_curvature.gibbs.local_reparametrisation import by_weight_sampling, draw

LAM, BETA = 0.09, 0.02
WEIGHTS, X, Y = network((6, 5, 3))


@pytest.mark.parametrize("kind", KINDS)
def test_a_draw_is_the_mean_and_noise_times_the_root_of_the_covariance(kind):
    layers = layers_of(kind, WEIGHTS, X)
    with torch.device("meta"):  # wherever else tensors are made
        sample = draw(WEIGHTS, layers, LAM, BETA, seeded(3))
    generator = seeded(3)
    for found, w, layer in zip(sample, WEIGHTS, layers):
        eps = torch.randn(w.shape, generator=generator, dtype=w.dtype).numpy()
        root = sqrtm(covariance(layer, LAM, BETA, w.shape[1])).real
        np.testing.assert_allclose(found, w.numpy() + eps @ root, rtol=1e-8, atol=1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_a_draw_is_where_the_weights_are_and_its_noise_the_same(kind):
    layers = layers_of(kind, WEIGHTS, X)
    here = [w.sum().item() for w in draw(WEIGHTS, layers, LAM, BETA, seeded(3))]
    with FakeDevice():
        there = [w.sum().item() for w in draw([moved(w) for w in WEIGHTS], layers, LAM, BETA, seeded(3))]
    np.testing.assert_allclose(there, here, rtol=1e-9)


def test_the_accuracy_is_the_mean_of_the_draws_and_its_error_their_spread(monkeypatch):
    monkeypatch.setattr(local_reparametrisation, "CHUNK", 16)  # 40 examples: two whole chunks and a part
    layers, draws, generator = layers_of("layerwise", WEIGHTS, X), 7, seeded(4)
    found = by_weight_sampling(WEIGHTS, layers, LAM, BETA, X, Y, seeded(4), draws)
    right = []
    for _ in range(draws):
        sample = draw(WEIGHTS, layers, LAM, BETA, generator)
        answers = [int(networks.forward(sample, x[None])[0].argmax()) for x in X]
        right.append(sum(answer == y for answer, y in zip(answers, Y.tolist())) / 40)
    assert found[0] == pytest.approx(np.mean(right))
    spread = sum((r - np.mean(right)) ** 2 for r in right) / (draws - 1)
    assert found[1] == pytest.approx((spread / draws) ** 0.5) and found[1] > 0
    assert all(type(number) is float for number in found)


def test_five_draws_where_nothing_is_said():
    """Two are enough, and one has no spread."""
    layers = layers_of("diag", WEIGHTS, X)
    usual, five, two = (
        by_weight_sampling(WEIGHTS, layers, LAM, BETA, X, Y, seeded(0), *draws) for draws in ((), (5,), (2,))
    )
    assert usual == five != two and np.isfinite(two[1])
    with pytest.raises(ValueError, match="^draws must be at least 2, got 1$"):
        by_weight_sampling(WEIGHTS, layers, LAM, BETA, X, Y, seeded(0), draws=1)
