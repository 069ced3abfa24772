"""The readings of the diagonal of (10), against gradients by automatic differentiation."""

import numpy as np
import pytest
import torch

from pacbayes_curvature.curvature import fisher
from pacbayes_curvature.networks import forward, initialise
from paper.theory.posterior import measured_curvature


@pytest.fixture(scope="module")
def toy():
    """A trained-looking network with 3 classes and one neuron that is never active, and its data."""
    generator = torch.Generator().manual_seed(0)
    weights = [3 * w.double() for w in initialise([4, 5, 3], generator)]
    x = torch.randn(30, 4, generator=generator, dtype=torch.float64)
    weights[0][2] = torch.tensor([0, 0, 0, 0, -1.0])
    return weights, x


def gradients(weights, x, softness):
    """d ln p_c / d theta with p = softmax(softness * logits), for each example and class: (N, C, k), and p (N, C)."""
    theta = measured_curvature.flatten(weights)

    def log_p(theta, z):
        return (softness * forward(measured_curvature.unflatten(theta, weights), z[None])[0]).log_softmax(0)

    rows = torch.func.vmap(torch.func.jacrev(log_p), in_dims=(None, 0))(theta, x)
    return rows, (softness * forward(weights, x)).softmax(1)


@pytest.mark.parametrize("softness", [1.0, 0.1])
def test_the_expectation_is_the_mean_over_all_labels_of_squared_gradients(toy, softness):
    weights, x = toy
    rows, p = gradients(weights, x, softness)
    dense = torch.einsum("nc,nck->k", p, rows.square()) / len(x)
    found = np.concatenate([h.ravel() for h in fisher.expected(weights, x, softness)])
    np.testing.assert_allclose(found, dense, rtol=1e-10, atol=1e-15)


@pytest.mark.parametrize("softness", [1.0, 0.1])
def test_drawn_labels_have_this_expectation(toy, softness):
    weights, x = toy
    generator = torch.Generator().manual_seed(4)
    draws = np.array(
        [np.concatenate([h.ravel() for h in fisher.sampled(weights, x, generator, softness)]) for _ in range(400)]
    )
    exact = np.concatenate([h.ravel() for h in fisher.expected(weights, x, softness)])
    spread = draws.std(axis=0, ddof=1) / np.sqrt(len(draws))
    assert spread.max() > 0 and (np.abs(draws.mean(axis=0) - exact) <= 5 * spread + 1e-12 * exact.max()).all()


@pytest.mark.parametrize("softness", [1.0, 0.3])
def test_effective_examples_by_the_definition(toy, softness):
    weights, x = toy
    p = (softness * forward(weights, x)).softmax(1).numpy()
    w = np.array([[((np.eye(3)[c] - row) ** 2).sum() for c in range(3)] for row in p])
    total = (p * w).sum()
    assert fisher.effective_examples(weights, x, True, softness) == pytest.approx(total**2 / (p * w**2).sum())
    mean_first = total**2 / ((p * w).sum(1) ** 2).sum()
    assert fisher.effective_examples(weights, x, False, softness) == pytest.approx(mean_first)


def test_flat_predictions_rest_on_all_examples_and_confident_ones_on_few(toy):
    weights, x = toy
    assert fisher.effective_examples(weights, x, True, 1e-9) == pytest.approx(len(x))
    two_classes = fisher.softened([weights[0], weights[1][:2]], 60.0)
    p = forward(two_classes, x).softmax(1)
    other = p.min(1).values.sum().item()  # expected number of labels that are not the network's answer
    assert fisher.effective_examples(two_classes, x, True) == pytest.approx(other, rel=0.2) and other < 3
