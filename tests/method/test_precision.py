"""A grid of accuracies with a wanted standard error: without bias, with that error, from few examples."""

import math

import numpy as np
import pytest
import torch

from pacbayes_curvature import networks, posteriors
from pacbayes_curvature.curvature.second_moments import second_moments, spectrum
from pacbayes_curvature.gibbs import precision, strata
from pacbayes_curvature.gibbs.local_reparametrisation import by_local_reparametrisation
from pacbayes_curvature.gibbs.two_levels import Coarse, Correction, Thinned

AXIS = np.geomspace(1e-3, 1, 4)
LAM, BETA = (values.ravel() for values in np.meshgrid(AXIS, AXIS))


@pytest.fixture(scope="module")
def problem(digits, digits_network):
    x, y, weights = torch.from_numpy(digits.x_train), torch.from_numpy(digits.y_train), digits_network.minimum
    layers = [
        posteriors.layer_posterior("layerwise", h, spectrum(h), len(w), 0.0)
        for h, w in zip(second_moments(weights, x), weights)
    ]
    return weights, layers, x, y


def estimates(problem, stderr, seed):
    weights, layers, x, y = problem
    generator = torch.Generator().manual_seed(seed)
    return precision.to_precision(weights, layers, LAM, BETA, x, y, stderr, generator)


@pytest.fixture(scope="module")
def truth(problem):
    weights, layers, x, y = problem
    return by_local_reparametrisation(weights, layers, LAM, BETA, x, y, torch.Generator().manual_seed(9), passes=80)[0]


def test_the_wanted_error_is_reached_without_bias(problem, truth, monkeypatch):
    """Over 20 repetitions, with a small pilot as for a large data set."""
    monkeypatch.setattr(strata, "PILOT", 24)
    stderr = np.maximum(np.sqrt(truth * (1 - truth) / 3000), 1e-3)
    results = [estimates(problem, stderr, seed) for seed in range(20)]
    accuracy, error = np.array([result[:2] for result in results]).transpose(1, 0, 2)
    misses = (accuracy - truth) / stderr
    assert np.sqrt(np.square(misses).mean()) < 1.25 and np.abs(misses.mean(0)).max() < 4 * 1.5 / 20**0.5
    assert np.sqrt(np.square(error / stderr).mean()) < 1.25
    examples = np.array([result[2] for result in results])
    assert examples.shape == (20, 2, len(LAM)) and examples.min() >= strata.STRATA * 24
    assert examples[:, 0].max() < 5 * 1437 and (examples[:, 1] <= examples[:, 0]).all()


def test_the_correction_is_needed(problem, truth, monkeypatch):
    """Without it, and with nodes so far apart that it counts, the bias is many standard errors."""
    monkeypatch.setattr("pacbayes_curvature.gibbs.two_levels.STEP", 4.0)
    monkeypatch.setattr("pacbayes_curvature.gibbs.two_levels.EIGENVECTORS", (4, 4))
    weights, layers, x, y = problem
    tallies = [
        level(weights, layers, LAM, BETA).tally(x, y, torch.Generator().manual_seed(0), passes=5)
        for level in (Coarse, Correction)
    ]
    alone = np.abs(tallies[0].accuracy - truth) / tallies[0].stderr
    together = np.abs(tallies[0].accuracy + tallies[1].accuracy - 1 - truth) / np.hypot(*(t.stderr for t in tallies))
    assert alone.max() > 10 and together.max() < 4


def test_an_example_is_as_early_as_the_smaller_of_its_ranks(problem):
    weights, layers, x, y = problem
    parts = precision.by_both_margins(weights, layers, LAM, BETA, x, y, torch.Generator().manual_seed(0))
    assert sorted(torch.cat(parts).tolist()) == list(range(len(y)))
    assert [len(p) for p in parts] == [len(p) for p in strata.by_margin([torch.zeros(len(y))], torch.Generator())]
    at = np.argmax(LAM / BETA)
    noise = [Thinned(w, layer, LAM[[at]], BETA[[at]], 128, 128) for w, layer in zip(weights, layers)]
    margins = [strata.standardised_margins(weights, x, y, of) for of in (None, precision.variance_under(noise))]
    expected = strata.by_margin(margins, torch.Generator().manual_seed(0))
    assert [part.tolist() for part in parts] == [part.tolist() for part in expected]
    for margin in margins:
        # Half of the first stratum could be early by the other margin only; none of the first few may be late.
        few = margin.argsort()[: len(parts[0]) // 2].tolist()
        assert set(few) <= set(torch.cat(parts[:1]).tolist())


def test_posterior_margins_against_a_dense_twin(problem):
    weights, layers, x, y = problem
    lam, beta = np.array([0.3]), np.array([0.001])
    noise = [Thinned(w, layer, lam, beta, 1000, 1) for w, layer in zip(weights, layers)]
    found = strata.standardised_margins(weights, x[:12], y[:12], precision.variance_under(noise))
    for n in range(12):
        at = [w.double().clone().requires_grad_() for w in weights]
        logits = networks.forward(at, x[n : n + 1].double())[0]
        rival = logits.detach().clone().index_fill_(0, y[n], -torch.inf).argmax()
        margin = logits[y[n]] - logits[rival]
        variance = 0.0
        for gradient, layer in zip(torch.autograd.grad(margin, at), layers):
            covariance = layer.basis @ np.diag(posteriors.variances(layer, lam, beta)[0]) @ layer.basis.T
            variance += np.einsum("ji,ik,jk->", gradient.numpy(), covariance, gradient.numpy())
        assert found[n].item() == pytest.approx(margin.item() / variance**0.5, rel=2e-3)


def test_the_plan_step_by_step(problem, monkeypatch):
    """A pilot of PILOT examples of each stratum, on the coarse level; 0.8 of the variance for the coarse outcomes, every 16th of
    them corrected, of each stratum one in 32 and PILOT examples at least; the first five strata whole."""
    monkeypatch.setattr(strata, "PILOT", 20)
    weights, layers, x, y = problem
    stderr = np.geomspace(2e-3, 5e-2, len(LAM))
    planned = []

    def on_two_levels(*given):
        planned.append(given)
        return np.zeros(len(LAM)), np.ones(len(LAM))

    monkeypatch.setattr(precision, "on_two_levels", on_two_levels)
    generator = torch.Generator().manual_seed(6)
    accuracy, error, examples = precision.to_precision(weights, layers, LAM, BETA, x, y, stderr.tolist(), generator)
    ((*same, parts, many, few, by),) = planned
    assert all(a is b for a, b in zip([*same, by], [weights, layers, LAM, BETA, x, y, generator]))
    assert (accuracy == 0).all() and (error == 1).all() and examples.shape == (2, len(LAM))

    twin = torch.Generator().manual_seed(6)
    expected = precision.by_both_margins(weights, layers, LAM, BETA, x, y, twin)
    assert [part.tolist() for part in parts] == [part.tolist() for part in expected]
    coarse = Coarse(weights, layers, LAM, BETA)
    pilot = [
        coarse.tally(x[part[:20]], y[part[:20]], twin, math.ceil(20 / len(part)), np.full(16, 20)) for part in parts
    ]
    for h, (part, wanted) in enumerate(zip(parts, strata.allocation(pilot, parts, math.sqrt(0.8) * stderr))):
        for g in range(len(LAM)):
            assert few[h, g] == max(wanted[g] // 16, 20, len(part) // 32)
            assert many[h, g] == (max(wanted[g], len(part)) if h < 5 else wanted[g])
    assert many.dtype.kind == few.dtype.kind == "i"
    assert examples.tolist() == [many.sum(0).tolist(), few.sum(0).tolist()]
    assert torch.equal(generator.get_state(), twin.get_state()), "the same numbers are drawn after it"


def test_the_two_levels_are_added(problem):
    """1 - (mean q + mean (p - q)), the means weighted over strata; the errors' squares add."""
    weights, layers, x, y = problem
    parts = strata.by_margin([torch.arange(len(y))], torch.Generator().manual_seed(0))
    rng = np.random.default_rng(0)
    many, few = rng.integers(20, 60, (8, 16)), rng.integers(5, 20, (8, 16))
    generator, twin = (torch.Generator().manual_seed(2) for _ in range(2))
    accuracy, error = precision.on_two_levels(weights, layers, LAM, BETA, x, y, parts, many, few, generator)
    wrong, variance = np.zeros(16), np.zeros(16)
    for kind, counts in ((Coarse, many), (Correction, few)):
        level = kind(weights, layers, LAM, BETA)
        for part, tally in zip(parts, strata.tallies(level, parts, x, y, counts, twin)):
            share = len(part) / len(y)
            wrong += share * tally.wrong / tally.outcomes
            variance += share**2 * tally.variance / tally.outcomes
    np.testing.assert_allclose(accuracy, 1 - wrong, rtol=1e-12)
    np.testing.assert_allclose(error, np.sqrt(variance), rtol=1e-12)


@pytest.mark.parametrize("stderr", [np.ones(3), np.eye(16)[0], np.full(len(LAM), np.nan), -np.ones(len(LAM))])
def test_an_error_that_nobody_can_plan_for(problem, stderr):
    with pytest.raises(ValueError, match="^stderr must hold a positive number for each of the 16 grid points$"):
        estimates(problem, stderr, 0)


def test_too_few_examples(problem):
    weights, layers, x, y = problem
    with pytest.raises(ValueError, match="8 strata need at least 128 examples, got 127"):
        estimates((weights, layers, x[:127], y[:127]), np.ones(len(LAM)), 0)
