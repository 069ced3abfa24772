"""Two levels: each against the exact outcomes with the same noise, the thinned layers against a dense twin."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from pacbayes_curvature import posteriors
from pacbayes_curvature.curvature.second_moments import second_moments, spectrum
from pacbayes_curvature.gibbs import level, local_reparametrisation, two_levels
from pacbayes_curvature.gibbs.local_reparametrisation import LocalReparametrisation
from pacbayes_curvature.gibbs.two_levels import Coarse, Correction, Thinned

AXIS = np.geomspace(1e-4, 1, 4)
LAM, BETA = (values.ravel() for values in np.meshgrid(AXIS, AXIS))
POINTS = np.arange(len(LAM))


@pytest.fixture(scope="module")
def problem(digits, digits_network):
    """The weights, the layers of each method, and data; "low rank" has the leading eigenvectors of the layerwise method."""
    x, y, weights = torch.from_numpy(digits.x_train), torch.from_numpy(digits.y_train), digits_network.minimum
    layers = {
        method: [
            posteriors.layer_posterior(method, h, spectrum(h), len(w), 0.0)
            for h, w in zip(second_moments(weights, x), weights)
        ]
        for method in posteriors.METHODS
    }
    layers["low rank"] = [
        posteriors.LayerPosterior(layer.curvature[:30], layer.basis[:, :30], layer.neurons, 0.0)
        for layer in layers["layerwise"]
    ]
    return weights, layers, x, y


def tally(kind, problem, method, seed=0, passes=1, examples=None):
    weights, layers, x, y = problem
    beta = np.full(len(LAM), np.inf) if method == "baseline" else BETA
    classifiers = kind(weights, layers[method], LAM, beta)
    return classifiers.tally(x[:700], y[:700], torch.Generator().manual_seed(seed), passes, examples)


@pytest.mark.parametrize("method", [*posteriors.METHODS, "low rank"])
@pytest.mark.parametrize("step", [0.05, 2.0])
def test_the_levels_add_up_to_the_exact_outcomes(problem, method, step, monkeypatch):
    """With the same noise q + (p - q) = p, however coarse q is: ten classes, several passes, other numbers at each point."""
    monkeypatch.setattr(two_levels, "STEP", step)
    monkeypatch.setattr(two_levels, "EIGENVECTORS", (10, 10))
    monkeypatch.setattr(level, "CHUNK", 300)
    examples = np.random.default_rng(0).integers(0, 1400, len(LAM))
    examples[3] = 0
    q, difference, p = (
        tally(kind, problem, method, 1, 2, examples) for kind in (Coarse, Correction, LocalReparametrisation)
    )
    np.testing.assert_allclose(q.wrong + difference.wrong, p.wrong, rtol=1e-4, atol=2e-3)
    for found in (q, difference):
        assert found.outcomes.tolist() == examples.tolist()
    if method == "layerwise":
        assert np.abs(q.wrong - p.wrong).max() > 0.1  # the first level alone is not exact


@pytest.mark.parametrize("method", ["diag", "layerwise"])
def test_the_coarse_outcomes_come_near_the_exact_ones_with_closer_nodes(problem, method, monkeypatch):
    """The root mean square of p - q over all points and examples."""
    misses = []
    for step in (3.0, 1.2, 0.4):
        monkeypatch.setattr(two_levels, "STEP", step)
        misses.append(np.sqrt(tally(Correction, problem, method).squares.sum() / 700 / len(LAM)))
    assert misses[0] > 2 * misses[1] > 4 * misses[2] and misses[2] < 4e-3, misses


def test_a_correction_varies_little(problem):
    """Ten classes: the variance of p - q is a small part of that of p, at every point where answers differ."""
    difference, p = (tally(kind, problem, "layerwise") for kind in (Correction, LocalReparametrisation))
    differ = p.variance > 1e-4
    assert differ.sum() > 6 and (difference.variance[differ] < 0.25 * p.variance[differ]).all()
    assert difference.variance.sum() < 0.05 * p.variance.sum()


def test_one_point_is_exact_but_for_thinned_eigenvectors(problem, monkeypatch):
    monkeypatch.setattr(local_reparametrisation, "TOLERANCE", 0.0)
    weights, layers, x, y = problem
    difference = Correction(weights, layers["layerwise"], LAM[5:6], BETA[5:6]).tally(
        x[:300], y[:300], torch.Generator().manual_seed(0)
    )
    assert np.sqrt(difference.squares / 300) < 1e-5


@pytest.mark.parametrize("method", [*posteriors.METHODS, "low rank"])
def test_a_layer_with_all_its_eigenvectors_is_exact(problem, method):
    weights, layers, x, _ = problem
    beta = np.full(len(LAM), np.inf) if method == "baseline" else BETA
    layer = layers[method][0]
    mean, s = Thinned(weights[0], layer, LAM, beta, 1000, 1).moments(x[:50], POINTS)
    z = np.c_[x[:50].numpy(), np.ones(50)].astype(float)
    basis = np.eye(z.shape[1]) if layer.basis is None else layer.basis
    for g in POINTS:
        inside = posteriors.variances(layer, LAM[[g]], beta[[g]])[0]
        covariance = LAM[g] * np.eye(z.shape[1]) + basis @ np.diag(inside - LAM[g]) @ basis.T
        np.testing.assert_allclose(s[g], np.sqrt(np.einsum("ni,ij,nj->n", z, covariance, z)), rtol=2e-4)
    np.testing.assert_allclose(mean, z @ weights[0].numpy().T.astype(float), rtol=1e-4, atol=1e-5)


def test_a_thinned_layer_against_a_dense_twin_and_no_direction_overlooked(problem):
    weights, layers, x, _ = problem
    layer, leading, groups = layers["layerwise"][0], 20, 9
    thinned = Thinned(weights[0], layer, LAM, BETA, leading, groups)
    assert len(thinned.rows) == len(weights[0]) + leading + groups
    v, signs = posteriors.variances(layer, LAM, BETA), np.random.default_rng(0).choice([-1.0, 1.0], v_length(layer))
    edges = np.linspace(leading, v.shape[1], groups + 1).astype(int)

    def dense(z):
        c = z @ layer.basis
        s2 = v[:, :leading] @ np.square(c[:, :leading]).T
        for start, end in pairwise(edges):
            s2 += np.outer(v[:, start:end].mean(1), np.square(c[:, start:end] @ signs[start:end]))
        return np.sqrt(s2)

    z = np.c_[x[:50].numpy(), np.ones(50)].astype(float)
    np.testing.assert_allclose(thinned.moments(x[:50], POINTS)[1], dense(z), rtol=1e-3)
    for direction in layer.basis.T:
        assert (dense(direction[None]) >= np.sqrt(v.min(1, keepdims=True)) * (1 - 1e-9)).all()


def v_length(layer):
    return len(layer.curvature)


def test_nodes_span_the_deviations_of_every_example():
    s = torch.rand(30, 200, generator=torch.Generator().manual_seed(0)).exp_() * torch.arange(1, 201)
    nodes, interval = two_levels._nodes(s)
    torch.testing.assert_close(nodes[0], s.amin(0))
    torch.testing.assert_close(nodes[-1], s.amax(0))
    assert (nodes.diff(dim=0) > 0).all() and (nodes.log().diff(dim=0) < two_levels.STEP * (1 + 1e-4)).all()
    assert interval.min() >= 0 and interval.max() <= len(nodes) - 2
    nodes, interval = two_levels._nodes(torch.full((1, 5), 2.0))
    assert interval.tolist() == [0] and (nodes.diff(dim=0) > 0).all()


def test_coarse_outcomes_need_few_products(problem):
    """Of a full grid, 20 x 20, over all data; a pass of the exact ones is the measure."""
    weights, layers, x, y = problem
    axis = np.geomspace(1e-5, 1e1, 20, endpoint=False)
    lam, beta = (values.ravel() for values in np.meshgrid(axis, axis))
    operations = []
    for kind in (Coarse, LocalReparametrisation):
        with FlopCounterMode(display=False) as counter:
            kind(weights, layers["layerwise"], lam, beta).tally(x[:300], y[:300], torch.Generator().manual_seed(0))
        operations.append(counter.get_total_flops())
    assert operations[0] < 0.3 * operations[1]
