"""A reader's own data: how many examples are enough, when training stops, and what the hold-out bound is."""

from dataclasses import replace

import pytest
import torch
from own_examples import PLAN, N
from scipy.stats import binom
from small_networks import seeded

from paper.experiments.own_data import compute
from paper.experiments.own_data.network import train
from paper.networks.training import accuracy


@pytest.mark.parametrize(
    "n, share, message",
    [
        (5, 0.8, "5 examples are too few: without an error and with KL = 0 the certificate would be 1.000"),
        (10, 0.8, r"10 examples are too few: .* would be 0.\d+, and guessing errs on 0.667"),
        (200, 0.995, "share = 0.995 leaves 1 of 200 examples for the hold-out bound and 199 for its training: too few, .* 0.950"),
        (200, 0.001, "leaves 200 of 200 examples for the hold-out bound and 0 for its training"),
    ],
)  # fmt: skip
def test_too_few_examples_are_refused(own, n, share, message):
    some = replace(own, x=own.x[:n], y=own.y[:n])
    with pytest.raises(ValueError, match=message):
        compute.require_enough(some, replace(PLAN, share=share))


def test_enough_are_not(own):
    compute.require_enough(own, PLAN)


def test_training_stops_when_no_example_is_wrong(own):
    found = compute.trained(own, PLAN)
    wrong = found.history["error"].to_numpy()
    assert wrong[-1] == 0 and (wrong[:-1] > 0).all() and len(wrong) < PLAN.epochs
    assert accuracy(found.weights, own.x, own.y) == 1
    assert all(map(torch.equal, found.weights, compute.trained(own, PLAN).weights)), "the same from one seed"


def test_training_that_diverges_says_so():
    x, y = 90 * torch.randn(200, 5, generator=seeded(0)), torch.arange(200) % 2
    initial = [100 * torch.randn(20, 6, generator=seeded(1)), 100 * torch.randn(2, 21, generator=seeded(2))]
    with pytest.raises(ValueError, match=r"training diverged in epoch \d+: the inputs, up to .* are too large"):
        train(initial, x, y, 50, seeded(3))


def test_the_hold_out_bound_is_the_binomial_tail_of_a_network_that_has_not_seen_the_rest(own):
    hold = compute.holdout(own, PLAN)
    assert hold["trained"] == 480 and hold["n"] == 120
    assert binom.cdf(hold["errors"], 120, hold["bound"]) == pytest.approx(PLAN.delta, rel=1e-6)
    first, rest = compute._split(own, PLAN)
    assert sorted([*first.tolist(), *rest.tolist()]) == [*range(N)]
    spoilt = own.y.clone()
    spoilt[rest] = (spoilt[rest] + 1) % 3
    other = compute.holdout(replace(own, y=spoilt), PLAN)
    assert other["training_error"] == hold["training_error"] and other["errors"] >= 120 - hold["errors"]
