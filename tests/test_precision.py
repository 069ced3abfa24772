"""A grid of accuracies with a wanted standard error: without bias, with that error, from few examples."""

import numpy as np
import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from pacbayes_curvature import control_variates, curvature, gibbs, posteriors, precision, strata

AXIS = np.geomspace(1e-3, 1, 4)
LAM, BETA = (values.ravel() for values in np.meshgrid(AXIS, AXIS))


@pytest.fixture(scope="module")
def problem(digits, digits_network):
    x, y, weights = torch.from_numpy(digits.x_train), torch.from_numpy(digits.y_train), digits_network.minimum
    layers = [
        posteriors.layer_posterior("layerwise", h, curvature.spectrum(h), len(w), 0.0)
        for h, w in zip(curvature.layerwise(weights, x), weights)
    ]
    return weights, layers, x, y


def estimates(problem, stderr, seed):
    weights, layers, x, y = problem
    generator = torch.Generator().manual_seed(seed)
    parts = strata.by_margin(weights, x, y, generator)
    return precision.to_precision(weights, layers, LAM, BETA, parts, x, y, stderr, generator)


@pytest.fixture(scope="module")
def truth(problem):
    weights, layers, x, y = problem
    return gibbs.by_local_reparametrisation(
        weights, layers, LAM, BETA, x, y, torch.Generator().manual_seed(9), passes=80
    )[0]


@pytest.mark.parametrize("worth", [0.0, 1.3, np.inf])
def test_the_wanted_error_is_reached_without_bias(problem, truth, worth, monkeypatch):
    """Over 40 repetitions, with a small pilot as for a large data set: with the surrogate everywhere, where it pays, nowhere."""
    monkeypatch.setattr(strata, "PILOT", 24)
    monkeypatch.setattr(precision, "WORTH", worth)
    stderr = np.maximum(np.sqrt(truth * (1 - truth) / 3000), 1e-3)
    accuracy, error, examples = np.array([estimates(problem, stderr, seed) for seed in range(40)]).transpose(1, 0, 2)
    misses = (accuracy - truth) / stderr
    assert np.sqrt(np.square(misses).mean()) < 1.25 and np.abs(misses.mean(0)).max() < 4 * 1.5 / 40**0.5
    assert np.sqrt(np.square(error / stderr).mean()) < 1.25
    assert examples.min() >= strata.STRATA * 24 and examples.max() < 5 * 1437


def test_each_point_is_counted_by_the_estimator_that_pays(problem, monkeypatch):
    monkeypatch.setattr(strata, "PILOT", 24)
    seen = {gibbs.LocalReparametrisation: [], control_variates.Controlled: []}
    whole = gibbs.LocalReparametrisation.tally

    def tally(self, x, y, generator, passes=1, examples=None, label=""):
        seen[type(self)].append(self.points)
        return whole(self, x, y, generator, passes, examples, label)

    monkeypatch.setattr(gibbs.LocalReparametrisation, "tally", tally)
    pilots = len(control_variates.cells(LAM, BETA, precision.WIDTH))
    estimates(problem, np.full(len(LAM), 4e-3), 0)
    counted = {kind: points[strata.STRATA] if len(points) > strata.STRATA else 0 for kind, points in seen.items()}
    assert all(points[0] == pilots for points in seen.values())
    assert sum(counted.values()) == len(LAM) and all(counted.values())


def test_points_of_a_cell_get_the_same_numbers(problem, monkeypatch):
    monkeypatch.setattr(strata, "PILOT", 24)
    monkeypatch.setattr(precision, "WIDTH", 1.5)
    examples = estimates(problem, np.full(len(LAM), 4e-3), 0)[2]
    for cell in control_variates.cells(LAM, BETA, 1.5):
        assert len(set(examples[cell])) == 1
    assert len(set(examples)) > 2


def test_each_cell_costs_no_more_with_its_surrogate_than_is_assumed(problem):
    """Products of a pass over 20 x 20 points: WORTH is also for what is no product, so it is above."""
    weights, layers, x, y = problem
    axis = np.geomspace(1e-5, 1e1, 20, endpoint=False)
    lam, beta = (values.ravel() for values in np.meshgrid(axis, axis))
    operations = []
    for kind in (gibbs.LocalReparametrisation, control_variates.Controlled):
        with FlopCounterMode(display=False) as counter:
            kind(weights, layers, lam, beta).tally(x[:300], y[:300], torch.Generator().manual_seed(0))
        operations.append(counter.get_total_flops())
    assert 1 < operations[1] / operations[0] < precision.WORTH


@pytest.mark.parametrize("stderr", [np.ones(3), np.zeros(len(LAM)), np.full(len(LAM), np.nan)])
def test_an_error_that_nobody_can_plan_for(problem, stderr):
    with pytest.raises(ValueError, match="stderr must hold a positive number for each of the 16 grid points"):
        estimates(problem, stderr, 0)
