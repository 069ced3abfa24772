"""Strata against dense twins: margins, who is in which stratum, the sums over strata, the plan of a pilot."""

import math

import numpy as np
import pytest
import torch
from small_networks import seeded
from small_posteriors import network

from pacbayes_curvature import networks
from pacbayes_curvature.gibbs import strata
from pacbayes_curvature.gibbs.outcomes import Tally

SHARES = np.array([0.1, 0.2, 0.7])
PARTS = [torch.arange(10), torch.arange(20), torch.arange(70)]


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("variance", [None, lambda l, z: (l + 2) * z.square().sum(1) + 0.1])
def test_margins_against_the_derivatives_by_the_preactivations(bias, variance, monkeypatch):
    """(f_y - f_c) / sqrt(sum_l |delta_l|^2 s_l^2), each delta_l by a small step of all of the layer's pre-activations."""
    monkeypatch.setattr(strata, "CHUNK", 16)  # 40 examples: two whole chunks and a part
    weights, x, y = network((4, 7, 6, 3), bias)
    found = strata.standardised_margins(weights, x, y, *([variance] if variance else []))
    for n in range(len(x)):
        with torch.enable_grad():
            z, inputs, before = x[n : n + 1], [], []
            for l, w in enumerate(weights):
                inputs.append(z.detach())
                before.append(networks.affine(w, z).detach().requires_grad_() if l == 0 else networks.affine(w, z))
                before[-1].retain_grad()
                z = before[-1].relu()
            rest = [c for c in range(3) if c != y[n]]
            rival = max(rest, key=lambda c: before[-1][0, c].item())
            margin = before[-1][0, y[n]] - before[-1][0, rival]
            margin.backward()
        s2 = [
            variance(l, inputs[l]).item() if variance else inputs[l].square().sum().item() + bias
            for l in range(len(weights))
        ]
        noise = sum(a.grad.square().sum().item() * s for a, s in zip(before, s2))
        assert found[n].item() == pytest.approx(margin.item() / noise**0.5, rel=1e-10)


@pytest.mark.parametrize("several", [True, False])
def test_strata_in_order_and_in_their_random_order(several):
    rng = np.random.default_rng(0)
    margins = [torch.from_numpy(rng.integers(0, 50, 200).astype(float)) for _ in range(1 + several)]  # with ties
    ranks = [sorted(range(200), key=lambda i: margin[i].item()) for margin in margins]
    first = [min(rank.index(i) for rank in ranks) for i in range(200)]
    order = sorted(range(200), key=lambda i: first[i])
    generator, start, expected = seeded(1), 0, []
    for end in (1, 3, 6, 12, 25, 50, 100, 200):
        stratum = order[start:end]
        expected.append([stratum[i] for i in torch.randperm(end - start, generator=generator)])
        start = end
    assert [part.tolist() for part in strata.by_margin(margins, seeded(1))] == expected


def test_strata_need_an_example_each():
    assert [len(part) for part in strata.by_margin([torch.zeros(128)], seeded(0))] == [1, 1, 2, 4, 8, 16, 32, 64]
    with pytest.raises(ValueError, match="^8 strata need at least 128 examples, got 127$"):
        strata.by_margin([torch.zeros(127)], seeded(0))


def test_a_stratum_is_looked_at_in_its_order_and_as_often_as_wanted():
    asked = []

    class Asked:
        def tally(self, x, y, generator, passes, wanted):
            asked.append((x[:, 0].tolist(), y.tolist(), generator.initial_seed(), passes, wanted.tolist()))
            return len(asked)

    x, y = torch.arange(9.0)[:, None] + 0.5, torch.arange(9)
    counts = np.array([[2, 0], [0, 0], [5, 13], [3, 6]])
    parts = [torch.tensor(part) for part in ([4, 1, 0], [2], [3, 8, 7, 5], [6, 0, 1])]
    assert strata.tallies(Asked(), parts, x, y, counts, seeded(7)) == [1, 2, 3, 4]
    assert asked == [
        ([4.5, 1.5], [4, 1], 7, 1, [2, 0]),
        ([], [], 7, 1, [0, 0]),
        ([3.5, 8.5, 7.5, 5.5], [3, 8, 7, 5], 7, 4, [5, 13]),
        ([6.5, 0.5, 1.5], [6, 0, 1], 7, 2, [3, 6]),
    ]


def some_tallies():
    rng = np.random.default_rng(2)
    outcomes = [rng.uniform(size=(n, 2)) for n in (6, 9, 5)]
    return outcomes, [Tally(p.sum(0), np.square(p).sum(0), np.full(2, len(p))) for p in outcomes]


def test_means_are_weighted_and_variances_with_the_squares_of_the_weights():
    outcomes, parts = some_tallies()
    accuracy, error = strata.estimate(parts, PARTS)
    np.testing.assert_allclose(accuracy, 1 - sum(w * p.mean(0) for w, p in zip(SHARES, outcomes)), rtol=1e-12)
    variance = sum(w**2 * p.var(0, ddof=1) / len(p) for w, p in zip(SHARES, outcomes))
    np.testing.assert_allclose(error, np.sqrt(variance), rtol=1e-12)


@pytest.mark.parametrize("wanted", [[0.05, 0.08], [0.002, 0.5]])
def test_the_plan_of_a_pilot(wanted, monkeypatch):
    monkeypatch.setattr(strata, "PILOT", 3)
    outcomes, parts = some_tallies()
    found = strata.allocation(parts, PARTS, np.array(wanted))
    assert found.shape == (3, 2) and found.dtype.kind == "i"
    for g, stderr in enumerate(wanted):
        variances = [outcomes[0][:, g].var(ddof=1)]
        for p in outcomes[1:]:
            mean = (len(p) * p[:, g].var(ddof=1) + 128 * variances[-1] / 2) / (len(p) + 128)
            variances.append(mean)
        spread = [w * math.sqrt(v) for w, v in zip(SHARES, variances)]
        needed = [math.ceil(s * sum(spread) / stderr**2) for s in spread]
        assert found[:, g].tolist() == [min(max(3, n), 5 * len(part)) for n, part in zip(needed, PARTS)]


def test_a_stratum_smaller_than_the_pilot_is_passed_over_again():
    """PILOT outcomes at least, also where they are more than MOST_PASSES passes."""
    _, parts = some_tallies()
    assert strata.allocation(parts, PARTS, np.array([1e-9, 1.0])).tolist() == [[256, 256], [256, 256], [350, 256]]
