"""The coarse outcomes and the corrections against dense twins, example by example, in float64 and with the same noise."""

import numpy as np
import pytest
import torch
from fake_device import FakeDevice, moved
from small_levels import BETA, COUNT, LAM, POINTS, PROBLEMS, found, problem, same
from small_networks import seeded
from small_posteriors import KINDS, augmented

from pacbayes_curvature.gibbs import two_levels
from pacbayes_curvature.gibbs.local_reparametrisation import LocalReparametrisation
from pacbayes_curvature.gibbs.outcomes import wrong_probability
from pacbayes_curvature.gibbs.two_levels import Coarse, Correction, Thinned


def thinned(layer, z, lam, beta, leading, groups):
    """s of the docstring of `Thinned`, term by term."""
    basis = np.eye(z.shape[1]) if layer.basis is None else layer.basis
    c, v = z @ basis, [lam / (1 + lam / beta * g) for g in layer.curvature]
    if layer.low_rank:  # nothing is left out, and along all other directions the variance is lam
        return np.sqrt(sum((v[i] - lam) * c[:, i] ** 2 for i in range(len(v))) + lam * np.square(z).sum(1))
    if layer.basis is None or len(v) <= leading + groups:
        return np.sqrt(sum(v[i] * c[:, i] ** 2 for i in range(len(v))))
    signs = np.random.default_rng(0).choice([-1.0, 1.0], len(v))
    s2 = sum(v[i] * c[:, i] ** 2 for i in range(leading))
    edges = [leading + int((len(v) - leading) * k / groups) for k in range(groups + 1)]
    for start, end in zip(edges, edges[1:]):
        s2 = s2 + np.mean(v[start:end]) * sum(signs[i] * c[:, i] for i in range(start, end)) ** 2
    return np.sqrt(s2)


@PROBLEMS
@pytest.mark.parametrize("leading, groups", [(2, 2), (1, 3), (3, 1), (4, 5), (4, 6), (100, 100)])
def test_a_thinned_layer(kind, bias, leading, groups):
    """Of ten directions, and of nine without a bias."""
    weights, layers, *_ = problem(kind, bias)
    z = torch.randn(9, 9, generator=seeded(4), dtype=torch.float64)
    layer = Thinned(weights[1], layers[1], LAM, BETA, leading, groups)
    mean, s = layer.moments(z, POINTS)
    z = augmented(z, weights[1].shape[1])
    np.testing.assert_allclose(mean, z @ weights[1].numpy().T, rtol=1e-12, atol=1e-14)
    for row, g in zip(s, POINTS):
        np.testing.assert_allclose(row, thinned(layers[1], z, LAM[g], BETA[g], leading, groups), rtol=1e-10)


def nodes_of(s, step):
    """The docstring of `_nodes`: nodes (K, n) and the interval of each point (P,)."""
    least = s.min(0)
    ranges = np.maximum(np.log(s.max(0) / least), 1e-3)
    last = int(np.ceil(ranges.max() / step))
    nodes = np.array([least * np.exp(k / last * ranges) for k in range(last + 1)])
    place = [np.mean([np.log(s[p, n] / least[n]) / ranges[n] for n in range(s.shape[1])]) * last for p in range(len(s))]
    return nodes, [min(int(where), last - 1) for where in place]


@pytest.mark.parametrize("step", [0.2, 0.7, 5.0])
@pytest.mark.parametrize("alike", [True, False])
def test_nodes(step, alike, monkeypatch):
    monkeypatch.setattr(two_levels, "STEP", step)
    s = torch.rand(5, 8, generator=seeded(5), dtype=torch.float64).exp_()
    s[:, :4] = s[0, :4]  # for these examples the deviation is the same at all points
    s = s[:, :4] if alike else s
    nodes, interval = two_levels._nodes(s)
    expected = nodes_of(s.numpy(), step)
    np.testing.assert_allclose(nodes, expected[0], rtol=1e-12)
    assert interval.tolist() == expected[1]


def coarse(weights, deviation, step, l, mean, s, points, count, noise):
    """The logits' mean (n, C) and deviation (n,) by grid point, from mean (n, n_out) and s (P, n) of layer l: between two nodes
    by a line, each node's from all that is behind it."""
    if l == len(noise.normal):
        return {g: (mean, s[i]) for i, g in enumerate(points)}
    nodes, interval = nodes_of(s, step)
    at = {}
    for k, node in enumerate(nodes):
        near = [i for i in range(len(points)) if k - 1 <= interval[i] <= k]
        if near:
            m = max(count[i] for i in near)
            z = np.maximum(mean[:m] + node[:m, None] * noise.normal[l].numpy()[:m], 0)
            after = augmented(z, weights[l + 1].shape[1]) @ weights[l + 1].numpy().T
            spread = np.array([deviation(l + 1, z, points[i]) for i in near])
            some = [points[i] for i in near], [count[i] for i in near]
            at[k] = coarse(weights, deviation, step, l + 1, after, spread, *some, noise)
    logits = {}
    for i, g in enumerate(points):
        k, m = interval[i], count[i]
        t = (s[i, :m] - nodes[k, :m]) / (nodes[k + 1, :m] - nodes[k, :m])
        (below, s_below), (above, s_above) = at[k][g], at[k + 1][g]
        logits[g] = (
            (1 - t[:, None]) * below[:m] + t[:, None] * above[:m],
            (1 - t) * s_below[:m] + t * s_above[:m],
        )
    return logits


@PROBLEMS
@pytest.mark.parametrize("step", [0.3, 2.0])
def test_coarse_outcomes(kind, bias, step, monkeypatch):
    monkeypatch.setattr(two_levels, "STEP", step)
    monkeypatch.setattr(two_levels, "EIGENVECTORS", (2, 2))
    weights, layers, x, y, noise = problem(kind, bias)

    def deviation(l, z, g):
        return thinned(layers[l], augmented(z, weights[l].shape[1]), LAM[g], BETA[g], 2, 2)

    some = COUNT > 0
    first = augmented(x, weights[0].shape[1]) @ weights[0].numpy().T
    s = np.array([deviation(0, x.numpy(), g) for g in POINTS[some]])
    logits = coarse(weights, deviation, step, 0, first, s, POINTS[some].tolist(), COUNT[some].tolist(), noise)

    def expected(g):
        mean, spread = (torch.from_numpy(part) for part in logits[g])
        return wrong_probability(mean, spread[:, None], y[: len(mean)], noise.uniform[: len(mean)])

    same(found(Coarse(weights, layers, LAM, BETA), x, y, noise), expected)


@PROBLEMS
def test_corrections(kind, bias):
    weights, layers, x, y, noise = problem(kind, bias)
    difference, p, q = (
        found(of(weights, layers, LAM, BETA), x, y, noise) for of in (Correction, LocalReparametrisation, Coarse)
    )
    same(difference, lambda g: p[g] - q[g])


def test_an_example_without_any_input_has_no_nodes():
    """A blank image and layers without biases: its pre-activations have no noise. Only the coarse level stops there."""
    weights, layers, x, y, noise = problem("diag", False)
    x = x.index_fill(0, torch.tensor([3]), 0.0)
    assert len(found(LocalReparametrisation(weights, layers, LAM, BETA), x, y, noise)) == 4
    with pytest.raises(ValueError, match="NaN"):
        found(Coarse(weights, layers, LAM, BETA), x, y, noise)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("of", [LocalReparametrisation, Coarse, Correction])
def test_a_level_is_where_its_network_is(of, kind):
    """On a device that refuses to compute with tensors of the processor: the same numbers as on the processor."""
    weights, layers, x, y, _ = problem(kind, True)
    here = of(weights, layers, LAM, BETA).tally(x, y, seeded(0))
    with FakeDevice():
        there = of([moved(w) for w in weights], layers, LAM, BETA).tally(moved(x), moved(y), seeded(0))
    np.testing.assert_allclose(there.wrong, here.wrong, rtol=1e-9, atol=1e-12)
