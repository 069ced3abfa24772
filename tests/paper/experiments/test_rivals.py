"""Rivals on digits: each is certified by the same function, its divergence is that of its posterior, its bound counts what it may count."""

import itertools
import math

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import torch

from pacbayes_curvature.certificates import certificate
from paper.experiments import certified
from paper.experiments.rivals import code, compute, figure, optimised, rival, shares, words
from paper.experiments.rivals.compute import COORDINATES, rivals
from paper.experiments.rivals.rival import HELD, RIVALS, Setting, nearest, prior_variances
from paper.networks.minimum import Minimum
from paper.results import records


def best_of_three(found, coarse):
    """In place of `certified.search`, which looks at a hundred points and has tests of its own."""
    lams, betas = certified.PRIORS[::400], certified.BETAS[:1000:400]
    at = found(lams, betas).argmin()
    return float(lams[at]), float(betas[at])


@pytest.fixture
def quick(trained, monkeypatch):
    for module, names in ((optimised, ("EPOCHS", "FEW_EPOCHS")), (shares, ("EPOCHS",)), (code, ("EPOCHS",))):
        for name in names:
            monkeypatch.setattr(module, name, 1)
    monkeypatch.setattr(optimised, "FEW", (5, 20))
    monkeypatch.setattr(code, "KEPT", (0.1, 0.05))
    monkeypatch.setattr(certified, "PASSES", 1)
    for module in (rival, shares):
        monkeypatch.setattr(module, "search", best_of_three)
    monkeypatch.setattr(certified, "LOOKED", 256)
    return Setting(Minimum("digits", 0))


def test_each_row_is_the_certificate_of_its_counts(quick):
    result = rivals("digits", methods=tuple(RIVALS))
    table = result.table
    assert list(table["method"]) == list(RIVALS)
    for row in table.itertuples():
        counts = dict(kl=row.kl, n=row.n, priors=row.priors, looked_at=row.looked_at)
        assert row.certificate == certificate(row.errors, row.outcomes, delta=0.05, delta_mc=0.01, **counts)
        assert row.outcomes == row.n, "one pass"
        assert (row.prior_share == 0) == math.isnan(row.own_holdout)
    assert table.set_index("method")["n"]["prior_mean"] * 2 == pytest.approx(
        table.set_index("method")["n"]["ekfac"], abs=1
    )
    assert (table.loc[table["prior_share"] == 0, "n"] == len(quick.y)).all()
    with pytest.raises(ValueError, match="unknown rival 'dropout'; valid: "):
        rivals("digits", methods=("dropout",))
    assert list(rivals("digits").table["method"]) == list(COORDINATES), "ten classes: the coordinates only"
    some = rivals("digits")
    assert [len(figure.certificate_against_time(shown).axes) for shown in ([result, some, result], [some])] == [2, 1]
    drawn = figure.certificate_against_time([result])
    assert {text.get_text() for text in drawn.axes[0].texts} == {*words.LETTERS.values(), "hold-out\nbound"}
    key = {handle.get_label(): handle.get_marker() for handle in drawn.legends[0].legend_handles}
    assert {name: key[name] for name in words.NAMES.values()} == {
        words.NAMES[method]: rf"$\mathrm{{{letter}}}$" for method, letter in words.LETTERS.items()
    }
    plt.close("all")
    assert "{py:func}`EKFAC <paper.experiments.rivals.around_minimum.ekfac>`" in set(words.table(result)["rival"])
    assert words.whole(result) and not words.whole(rivals("digits"))
    assert len(words.table(result)) == len(RIVALS) and set(words.GROUPS) == {words.group(name) for name in RIVALS}
    around = type(result)(result.key, table.assign(method="baseline").iloc[:1], result.made, result.state)
    assert "Optimisation" in words.findings(result, around).data


def coordinates_of(dataset, weights, cosines, curvature):
    table = pd.DataFrame({"method": COORDINATES, "certificate": [weights, cosines, curvature], "holdout": 0.1})
    return records.Result(records.Key("rivals", dataset, 0, {}, {}, ""), table, {}, "")


def test_the_verdict_on_the_coordinates_names_the_best_of_each_data_set():
    first = coordinates_of("mnist2", 0.2, 0.15, 0.1)
    assert words.coordinates_verdict([first]).data == (
        "The smallest certificate of the three is that of the eigenbasis of the curvature on Mnist2. "
        "Cosines, which have seen no data, give 50% of what the best of the three gains over the weights."
    )
    both = words.coordinates_verdict([first, coordinates_of("cifar2", 0.5, 0.4, 0.45)]).data
    assert "of the cosines on Cifar2." in both and "give between 50% and 100% of" in both
    assert words.coordinates_verdict([coordinates_of("cifar2", 0.3, 0.4, 0.35)]).data == (
        "The smallest certificate of the three is that of the weights on Cifar2."
    )


def test_what_the_prior_has_seen_is_not_counted(quick):
    _, first, rest = quick.on_share
    assert not set(first.tolist()) & set(rest.tolist()) and len(first) + len(rest) == len(quick.y)
    for name in ("prior_mean", "prior_mean_optimised", "prior_curvature"):
        assert torch.equal(RIVALS[name](quick).counted, rest)


def test_the_divergence_is_that_of_the_prior_with_the_rounded_lam(quick):
    rival = RIVALS["few_neurons"](quick)
    free = [w.ne(w0).any(1).sum().item() for w, w0 in zip(rival.posterior.mean, quick.initial)]
    assert free in ([5, 5, 5], [20, 20, 10]), "the others are where they were"
    held = [v[f:] for v, f in zip(rival.posterior.variances, free)]
    assert all(bool((v == HELD).all()) for v in held), "with the prior's variance"
    assert rival.priors == 2 * len(certified.PRIORS) ** 3


def test_held_neurons_cost_nothing(quick):
    few = prior_variances([0.1, 0.2, 0.3], [2, 3, 1], quick.initial)
    from pacbayes_curvature.mean_field import MeanField

    prior = [lam.to(w).expand_as(w) for lam, w in zip(few, quick.initial)]
    assert MeanField(quick.initial, prior).kl(quick.initial, few) == pytest.approx(0, abs=1e-6)
    moved = [w.clone() for w in quick.initial]
    moved[0][0, 0] += 1.0
    assert MeanField(moved, prior).kl(quick.initial, few) == pytest.approx(1 / (2 * 0.1), rel=1e-5)


def test_lam_is_rounded_to_the_priors_that_are_paid_for():
    assert all(nearest(lam) == lam for lam in certified.PRIORS[::37])
    assert nearest(0.0123456) == pytest.approx(0.0123456, rel=0.008) and nearest(0.0123456) in certified.PRIORS


def test_ranks_of_sets_count_them_all():
    """Every set of k places below n has a rank of its own, from 0 to C(n, k) - 1, and is found by it."""
    for n, k in itertools.product(range(8), repeat=2):
        sets = list(itertools.combinations(range(n), k))
        ranks = [code._rank(np.array(places, int), n) for places in sets]
        assert sorted(ranks) == list(range(math.comb(n, k)))
        assert [tuple(code._places(rank, k, n)) for rank in ranks] == sets


@pytest.mark.parametrize("kept", [0.0, 0.02, 0.3])
def test_a_code_is_decoded_to_the_same_places_and_has_no_more_numbers_than_it_pays_for(kept):
    generator = torch.Generator().manual_seed(1)
    weight = torch.randn(30, 41, generator=generator) * (torch.rand(30, 41, generator=generator) < kept)
    found = code.encode(weight)
    decoded = code.decode(found)
    assert torch.equal(decoded != 0, weight != 0) and len(decoded.unique()) <= code.LEVELS + 1
    assert found.number < math.comb(30 * 41, found.count) * code.LEVELS**found.count
    paid = math.log(30 * 41 + 1) + math.log(math.comb(30 * 41, found.count)) + found.count * math.log(code.LEVELS)
    assert found.nats == pytest.approx(paid + 16 * code.LEVELS * math.log(2), rel=1e-6)
    assert found.nats >= paid + 16 * code.LEVELS * math.log(2)


def test_the_code_is_what_is_scored(quick):
    rival = RIVALS["compressed"](quick)
    assert all(bool((v == 0).all()) for v in rival.posterior.variances)
    again = [code.decode(code.encode(w)) for w in rival.posterior.mean]
    assert all(torch.equal(a != 0, b != 0) for a, b in zip(again, rival.posterior.mean))
    tally = rival.posterior.tally(quick.x, quick.y, torch.Generator().manual_seed(0))
    assert tally.accuracy[0] == pytest.approx(
        1 - certified.error_rate(rival.posterior.mean, quick.x, quick.y), abs=1e-6
    )


def test_the_yardstick_is_the_hold_out_bound_of_the_share_chosen_in_advance(quick):
    from paper.experiments.holdout import words as holdout_words
    from paper.experiments.holdout.compute import holdout

    assert compute.yardstick(quick) == holdout_words.chosen(holdout("digits"))
