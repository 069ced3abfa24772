"""A Gibbs classifier around a network of one's own: against dense twins, in both types, from tensors and loaders, and on
a device that is not the processor."""

import math

import numpy as np
import pytest
import torch
from dense_reference import gaussian_kl
from fake_device import FakeDevice, moved
from scipy.stats import norm
from small_networks import seeded
from small_stack import classifier, examples, stack
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from pacbayes_curvature import fisher_diagonal, from_module, gibbs, gibbs_classifier, networks, posteriors
from pacbayes_curvature.curvature.second_moments import second_moments
from pacbayes_curvature.gibbs import local_reparametrisation
from pacbayes_curvature.gibbs.local_reparametrisation import by_weight_sampling

METHODS = posteriors.METHODS


# Curvature, divergence, risk ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("method", METHODS)
def test_the_divergence_against_dense_gaussians(bias, method):
    q = classifier(method, bias, torch.float64)
    prior, kl = from_module(stack(bias, torch.float64, 1)), 0.0
    for w, w1, layer in zip(q.weights, prior, q.layers):
        basis = np.eye(w.shape[1]) if layer.basis is None else layer.basis
        covariance = basis * posteriors.variances(layer, [q.lam], [q.beta])[0] @ basis.T
        for row, row1 in zip(w.numpy(), w1.numpy()):
            kl += float(gaussian_kl(row, covariance, row1, q.lam * np.eye(len(row))))
    assert q.kl == pytest.approx(kl, rel=1e-8)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("method", METHODS)
def test_the_risk_is_that_of_drawn_networks(method, bias, dtype):
    q, (x, y) = classifier(method, bias, dtype), examples(dtype=dtype)
    risk = q.risk(x, y, generator=seeded(3), passes=40)
    accuracy, error = by_weight_sampling(q.weights, q.layers, q.lam, q.beta, x.flatten(1), y, seeded(4), draws=300)
    assert abs(1 - risk.mean - accuracy) < 4 * math.hypot(error, risk.stderr), "the same, within noise"
    assert risk.outcomes == 40 * 200 and risk.examples == 200
    assert risk.mean == pytest.approx(risk.errors / risk.outcomes)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("method", METHODS)
def test_the_outcomes_approximate_no_variance(method, bias, monkeypatch):
    """They are those of the level without tolerance, by another way through the basis, for the same noise."""
    q, (x, y) = classifier(method, bias, torch.float64, lam=0.02, beta=1.0), examples(dtype=torch.float64)

    def level():
        made = local_reparametrisation.LocalReparametrisation(
            q.weights, q.layers, np.array([q.lam]), np.array([q.beta])
        )
        return float(made.tally(x.flatten(1), y, seeded(3), passes=4).wrong[0])

    errors = q.risk(x, y, generator=seeded(3), passes=4).errors
    approximate = level()
    monkeypatch.setattr(local_reparametrisation, "TOLERANCE", 0)
    assert errors == pytest.approx(level(), rel=1e-12)
    assert method != "layerwise" or errors != pytest.approx(approximate, rel=1e-9), (
        "the tolerance makes a difference here"
    )


@pytest.mark.parametrize("bias", [True, False])
def test_one_layer_of_two_classes_is_exact(bias):
    """No noise is left to draw: the mean over the examples of Phi(-margin / (s sqrt 2))."""
    x, y = torch.randn(50, 4, generator=seeded(1), dtype=torch.float64), torch.arange(50) % 2
    network, prior = from_module(nn.Linear(4, 2, bias=bias).double()), [torch.zeros(2, 4 + bias, dtype=torch.float64)]
    q = gibbs_classifier("layerwise", network, prior, second_moments(network, x), 0.3, 0.1)
    z = np.c_[x.numpy(), np.ones(50)][:, : 4 + bias]
    sigma = q.beta * np.linalg.inv(z.T @ z / 50 + q.beta / q.lam * np.eye(4 + bias))
    gap = (z @ network[0].numpy().T @ [1, -1]) * np.where(y.numpy() == 0, 1, -1)
    exact = norm.cdf(-gap / np.sqrt(2 * np.einsum("ni,ij,nj->n", z, sigma, z))).mean()
    assert q.risk(x, y, generator=seeded(0)).mean == pytest.approx(exact, rel=1e-10)


def test_a_loader_gives_what_the_tensor_gives():
    x, y = examples()
    network = from_module(stack())
    loader = DataLoader(TensorDataset(x, y), batch_size=64)
    for whole, batched in zip(second_moments(network, x), second_moments(network, loader)):
        np.testing.assert_allclose(batched, whole, rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(
        second_moments(network, (xs for xs, _ in loader))[0], second_moments(network, x)[0], rtol=1e-5
    )
    q = classifier("layerwise")
    one, other = q.risk(x, y, generator=seeded(0), passes=60), q.risk(loader, generator=seeded(1), passes=60)
    assert abs(one.mean - other.mean) < 4 * math.hypot(one.stderr, other.stderr) and other.examples == 200


def test_fisher_from_a_loader_draws_the_same_labels():
    x, y = examples()
    network, loader = from_module(stack()), DataLoader(TensorDataset(x, y), batch_size=64)
    for whole, batched in zip(
        fisher_diagonal(network, x.flatten(1), seeded(0)), fisher_diagonal(network, loader, seeded(0))
    ):
        assert whole.shape == batched.shape and whole.sum() == pytest.approx(batched.sum(), rel=0.5)


@pytest.mark.parametrize("stderr", [0.02, 0.002])
def test_the_wanted_standard_error_is_reached(stderr):
    x, y = examples()
    q = classifier("diag", lam=0.3)
    risk = q.risk(x, y, generator=seeded(0), stderr=stderr)
    assert risk.stderr <= 1.05 * stderr and risk.outcomes % 200 == 0
    again = [q.risk(x, y, generator=seeded(seed), stderr=stderr).mean for seed in range(20)]
    assert np.std(again, ddof=1) < 1.3 * stderr


def test_passes_that_are_added_are_counted_with_the_first():
    """The risk to a wanted standard error is that of all its outcomes: sums add, and so do variances of sums."""
    (x, y), q, generator = examples(), classifier("diag", lam=0.3), seeded(0)
    first = q.risk(x, y, generator=generator, passes=2)
    needed = math.ceil((first.stderr / 0.005) ** 2 * 2)
    more = q.risk(x, y, generator=generator, passes=needed - 2)
    assert needed not in (2, 4) and first.stderr > more.stderr > 0
    risk = q.risk(x, y, generator=seeded(0), passes=2, stderr=0.005)
    assert risk.outcomes == 200 * needed and risk.examples == 200
    assert risk.errors == pytest.approx(first.errors + more.errors)
    assert risk.mean == pytest.approx(risk.errors / risk.outcomes)
    of_sums = [part.stderr * part.outcomes for part in (first, more)]
    assert risk.stderr == pytest.approx(math.hypot(*of_sums) / risk.outcomes)
    assert q.risk(x, y, generator=seeded(0), passes=2, stderr=1.0) == first, "the first passes are enough"


def test_every_chunk_of_the_inputs_has_its_own_labels(monkeypatch):
    (x, _), network = examples(), from_module(stack())
    network[-1][:, -1] -= networks.forward(network, x.flatten(1)).mean(0)  # so that no answer is the usual one
    y = networks.forward(network, x.flatten(1)).argmax(1)
    q = gibbs_classifier("diag", network, network, second_moments(network, x), 1e-9, 0.02)
    monkeypatch.setattr(gibbs.classifier, "CHUNK", 64)
    assert q.risk(x, y, generator=seeded(0)).mean < 0.05 and y.bincount().max() < 120, (
        "the network's own answers, nearly without noise"
    )


def test_a_drawn_network_has_the_posteriors_noise():
    q = classifier("baseline", lam=0.04)
    one, again, other = (q.draw(seeded(seed)) for seed in (0, 0, 1))
    assert all(map(torch.equal, one, again)) and not any(map(torch.equal, one, other))
    generator = seeded(2)
    noise = [w - mean for _ in range(300) for w, mean in zip(q.draw(generator), q.weights)]
    assert torch.cat([part.flatten() for part in noise]).std().item() == pytest.approx(0.2, rel=0.02)


# Memory and device ----------------------------------------------------------------------------------------------------


def test_nothing_larger_than_a_chunk_is_copied():
    """Of 40 MB of inputs, no tensor of a tenth of that is made."""
    x, y = torch.zeros(100_000, 100), torch.zeros(100_000, dtype=torch.int64)
    network = from_module(nn.Sequential(nn.Linear(100, 8), nn.ReLU(), nn.Linear(8, 2)))
    largest = FakeDevice(record_only=True)
    with largest:
        moments = second_moments(network, x)
        gibbs_classifier("diag", network, network, moments, 0.1, 0.1).risk(x, y, generator=seeded(0))
    assert 0 < largest.bytes < 4_000_000


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("classes_of_noise", [2, 3])
def test_no_tensor_is_made_on_the_wrong_device(method, classes_of_noise):
    """On a device that refuses to compute with tensors of the processor: the same numbers as on the processor."""
    module = nn.Sequential(
        nn.Linear(6, 5), nn.ReLU(), nn.Linear(5, 4, bias=False), nn.ReLU(), nn.Linear(4, classes_of_noise)
    )
    x, y = torch.randn(64, 6, generator=seeded(1)), torch.arange(64) % classes_of_noise
    network = from_module(module)
    prior = [w + 0.1 for w in network]

    def run(network, prior, x, y):
        moments = second_moments(network, x)
        q = gibbs_classifier(method, network, prior, moments, 0.1, 0.05)
        fisher = fisher_diagonal(network, x, seeded(5))
        return (
            q.kl,
            q.risk(x, y, generator=seeded(0), passes=2).mean,
            sum(f.sum() for f in fisher),
            sum(h.sum() for h in moments),
        )

    here = run(network, prior, x, y)
    with FakeDevice():
        on_it = [moved(w) for w in network]
        there = run(on_it, [moved(w) for w in prior], moved(x), moved(y))
        with_the_rest_here = run(on_it, prior, moved(x), y)
    np.testing.assert_allclose(there, here, rtol=1e-5)
    np.testing.assert_allclose(with_the_rest_here, here, rtol=1e-5)
