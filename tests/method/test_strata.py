"""Strata by margin: the margins against a dense derivative, the estimate's mean and error against repetitions."""

import numpy as np
import pytest
import torch

from pacbayes_curvature import networks, posteriors
from pacbayes_curvature.curvature.second_moments import second_moments, spectrum
from pacbayes_curvature.gibbs import strata
from pacbayes_curvature.gibbs.local_reparametrisation import LocalReparametrisation
from pacbayes_curvature.gibbs.outcomes import Tally

LAM, BETA = np.array([1e-3, 1e-2, 1e-1, 1.0]), np.array([1e-2, 1e-2, 1e-2, 10.0])


@pytest.fixture(scope="module")
def problem(digits, digits_network):
    x, y = torch.from_numpy(digits.x_train), torch.from_numpy(digits.y_train)
    layers = [
        posteriors.layer_posterior("layerwise", h, spectrum(h), len(w), 0.0)
        for h, w in zip(second_moments(digits_network.minimum, x), digits_network.minimum)
    ]
    return digits_network.minimum, LocalReparametrisation(digits_network.minimum, layers, LAM, BETA), x, y


def cut(weights, x, y, generator):
    return strata.by_margin([strata.standardised_margins(weights, x, y)], generator)


def test_margins_against_the_gradient_of_all_weights(problem):
    weights, _, x, y = problem
    found = strata.standardised_margins(weights, x, y)
    for n in (0, 5, 700):
        leaves = [w.clone().double().requires_grad_() for w in weights]
        logits = networks.forward(leaves, x[n : n + 1].double())[0]
        rest = logits.detach().clone()
        rest[y[n]] = -torch.inf
        margin = logits[y[n]] - logits[rest.argmax()]
        gradients = torch.autograd.grad(margin, leaves)
        expected = margin.item() / sum(g.square().sum().item() for g in gradients) ** 0.5
        assert found[n].item() == pytest.approx(expected, rel=1e-4)


def test_margins_do_not_depend_on_the_chunks(problem, monkeypatch):
    weights, _, x, y = problem
    whole = strata.standardised_margins(weights, x, y)
    monkeypatch.setattr(strata, "CHUNK", 100)
    torch.testing.assert_close(strata.standardised_margins(weights, x, y), whole, rtol=1e-4, atol=1e-5)


def test_strata_hold_every_example_once_smallest_margins_first(problem):
    weights, _, x, y = problem
    parts = cut(weights, x, y, torch.Generator().manual_seed(0))
    assert [len(part) for part in parts] == [11, 11, 22, 45, 90, 180, 359, 719]
    assert sorted(torch.cat(parts).tolist()) == list(range(1437))
    margins = strata.standardised_margins(weights, x, y)
    assert all(margins[a].max() <= margins[b].min() for a, b in zip(parts, parts[1:]))
    assert any(part.tolist() != sorted(part.tolist(), key=lambda i: margins[i]) for part in parts), "in random order"
    with pytest.raises(ValueError, match="8 strata need at least 128 examples, got 127"):
        cut(weights, x[:127], y[:127], torch.Generator())


def test_the_estimate_is_unbiased_and_its_error_honest(problem):
    """Over 100 repetitions with few examples, against many passes over all."""
    weights, classifiers, x, y = problem
    truth = classifiers.tally(x, y, torch.Generator().manual_seed(9), passes=60).accuracy
    counts = np.full((strata.STRATA, len(LAM)), 12)
    counts[:, 1] = 20
    runs = []
    for seed in range(100):
        generator = torch.Generator().manual_seed(seed)
        parts = cut(weights, x, y, generator)
        runs.append(strata.estimate(strata.tallies(classifiers, parts, x, y, counts, generator), parts))
    accuracy, error = np.array(runs).transpose(1, 0, 2)
    spread = accuracy.std(0, ddof=1)
    assert (np.abs(accuracy.mean(0) - truth) <= 4 * spread / 10).all()
    assert (spread <= 1.25 * np.sqrt((error**2).mean(0))).all()
    at_random = np.sqrt(truth * (1 - truth) / counts.sum(0))
    assert (spread[:2] < 0.5 * at_random[:2]).all(), "far fewer examples than at random, where few examples err"


def test_each_stratum_gets_its_number_of_examples_more_than_it_has_too(problem):
    weights, classifiers, x, y = problem
    parts = cut(weights, x, y, torch.Generator().manual_seed(0))
    counts = np.random.default_rng(0).integers(0, 60, (strata.STRATA, len(LAM)))
    tallies = strata.tallies(classifiers, parts, x, y, counts, torch.Generator().manual_seed(1))
    assert np.array([tally.outcomes for tally in tallies]).tolist() == counts.tolist()
    assert counts[0].max() > len(parts[0])


def pilot_of(variances, outcomes):
    return [Tally(np.array([0.0]), np.array([(outcomes - 1) * v]), np.array([outcomes])) for v in variances]


def test_the_allocation_gives_the_wanted_error_with_fewest_examples(monkeypatch):
    monkeypatch.setattr(strata, "PILOT", 1)
    parts = [torch.arange(100), torch.arange(100), torch.arange(800)]
    s, shares = np.array([0.4, 0.1, 0.01]), np.array([0.1, 0.1, 0.8])
    pilot = pilot_of(s**2, 10**9)  # sure of its variances
    wanted = strata.allocation(pilot, parts, np.array([0.005]))[:, 0]
    assert np.sqrt((shares**2 * s**2 / wanted).sum()) == pytest.approx(0.005, rel=0.02)
    np.testing.assert_allclose(wanted / wanted.sum(), shares * s / (shares * s).sum(), atol=0.01)
    assert strata.allocation(pilot, parts, np.array([1e-9]))[:, 0].tolist() == [500, 500, 4000]
    monkeypatch.setattr(strata, "PILOT", 7)
    assert strata.allocation(pilot, parts, np.array([1.0]))[:, 0].tolist() == [7, 7, 7]


def test_a_pilot_without_a_wrong_answer_is_no_proof(monkeypatch):
    """PRIOR_OUTCOMES outcomes with half the variance of the stratum before, and half of that in the next."""
    monkeypatch.setattr(strata, "PILOT", 1)
    parts = [torch.arange(10**6)] * 3
    wanted = strata.allocation(pilot_of([0.16, 0, 0], 128), parts, np.array([0.001]))[:, 0]
    np.testing.assert_allclose(wanted / wanted[0], [1, 0.5, 0.25], rtol=1e-3)
