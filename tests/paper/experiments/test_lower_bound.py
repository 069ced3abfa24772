"""Figure 2, computed: its curves on digits, and what the diagonal of (10) depends on."""

import numpy as np
import pandas as pd
import pytest
import torch

from pacbayes_curvature import bounds, floors
from pacbayes_curvature.curvature import fisher, second_moments
from pacbayes_curvature.floors import block_prior, diagonal_prior
from paper.experiments.lower_bound import compute, fading
from paper.randomness import stream

lower_bound = compute.lower_bound


# The experiment --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def table(digits, digits_network):
    """The curves at four beta each, as `lower_bound` computes them."""
    x, y = torch.from_numpy(digits.x_train), torch.from_numpy(digits.y_train)
    return pd.concat(
        curve.points(compute.grid(name, 4), x, y, stream("gibbs", 0), 1)
        for name, curve in compute.curves(
            digits_network, second_moments.second_moments(digits_network.minimum, x), x, 0
        )
    )


def test_a_grid_contains_those_whose_size_divides_its_own():
    for curve in compute.CURVES:
        sets = {size: set(compute.grid(curve, size)["relative_beta"]) for size in (2, 4, 5, 10, 20)}
        assert len(sets[20]) == 20 and sets[2] < sets[4] < sets[20] and sets[5] < sets[10] < sets[20]


def test_columns_and_their_meaning(trained, table):
    result = lower_bound("digits", grid_size=4).table
    named = "dataset seed curve relative_beta beta accuracy accuracy_stderr kl evaluated expected_loss layerwise_loss"
    assert list(result.columns) == [*named.split(), *"uncurved raised effective_examples examples complexity".split()]
    assert result["curve"].value_counts().to_dict() == dict.fromkeys(compute.CURVES, 4)
    assert set(result["examples"]) == {1437} and set(result["dataset"]) == {"digits"} and set(result["seed"]) == {0}
    labels = result["curve"].str.startswith("fisher")
    assert result.drop(columns="effective_examples").notna().all(axis=None)
    assert (result["effective_examples"].notna() == labels).all()
    for _, row in result.iterrows():
        assert row["complexity"] == bounds.complexity(row["kl"], 1437, 0.05)
        a = row["accuracy"]
        assert 0 <= row["accuracy_stderr"] <= 1.001 * np.sqrt(a * (1 - a) / row["evaluated"]) + 1e-9
    same = ["beta", "kl", "expected_loss", "layerwise_loss", "uncurved", "raised"]
    pd.testing.assert_frame_equal(result[same], table[same].reset_index(drop=True), rtol=1e-9)


@pytest.mark.parametrize("most", [700, 20_000])
def test_a_curve_is_evaluated_on_so_many_random_examples_or_on_all(trained, monkeypatch, most):
    monkeypatch.setattr(compute, "EVALUATED", most)
    monkeypatch.setattr(compute, "EXPLAINED_BY", 100)
    found = lower_bound("digits", grid_size=2, fresh=True).table.groupby("curve")["evaluated"].unique()
    assert {curve: list(n) for curve, n in found.items()} == {
        curve: [100 if curve in compute.EXPLAINING else min(most, 1437)] for curve in compute.CURVES
    }


def test_some_examples_estimate_what_all_give(trained, monkeypatch, table):
    """Within four standard errors, by the spread among all examples, at every point of Figure 2's curves."""
    monkeypatch.setattr(compute, "EVALUATED", 700)
    some = lower_bound("digits", grid_size=4, fresh=True).table.merge(table, on=compute.POINT, suffixes=("", "_all"))
    some = some[~some["curve"].isin(compute.EXPLAINING)]
    assert len(some) == 12 and (some["accuracy"] != some["accuracy_all"]).any()
    assert (some["kl"] == some["kl_all"]).all()
    error = some["accuracy_stderr_all"] * np.sqrt(1437 / 700)
    assert ((some["accuracy"] - some["accuracy_all"]).abs() <= 4 * error + 1e-9).all()


def test_the_floors_hold_for_every_point(digits, digits_network, table):
    """In (E, KL) with the layerwise H_l: Lemma 4.2's for all diagonal pairs, the blocks' for all points."""
    moments = second_moments.second_moments(digits_network.minimum, torch.from_numpy(digits.x_train))
    shifts = compute.displacements(digits_network)
    weights = np.concatenate([(h.diagonal() * shift**2 / 2).ravel() for h, shift in zip(moments, shifts)])
    blocks = np.concatenate([floors.block_costs(h, shift) for h, shift in zip(moments, shifts)])
    diagonal = table[table["curve"].isin(compute.DIAGONAL)]
    loss, kl = diagonal["layerwise_loss"].to_numpy(), diagonal["kl"].to_numpy()
    floor = block_prior(weights, loss)
    assert (kl >= floor * (1 - 1e-9)).all() and (kl > 1.01 * floor).any()
    own = (diagonal["curve"] == "layerwise_diagonal").to_numpy()
    free = diagonal["uncurved"].to_numpy()[own] > 0
    np.testing.assert_allclose(kl[own], floor[own] + floors.FREE_NATS * free, rtol=1e-8)
    lowest = block_prior(blocks, table["layerwise_loss"].to_numpy())
    assert (table["kl"] >= lowest * (1 - 1e-6)).all()
    best = (table["curve"] == "block_prior").to_numpy()
    np.testing.assert_allclose(table["kl"].to_numpy()[best], lowest[best], rtol=1e-6)


def test_the_readings_of_h_are_what_their_names_say(digits, digits_network, table):
    """E + beta KL at the point is least for the h of the curve's name, among all five."""
    x = torch.from_numpy(digits.x_train)
    expected = np.concatenate([h.ravel() for h in fisher.expected(digits_network.minimum, x)])
    raised = np.maximum(expected, compute.RAISED * expected.mean())
    layerwise = [
        np.tile(h.diagonal(), (len(w), 1)).ravel()
        for h, w in zip(second_moments.second_moments(digits_network.minimum, x), digits_network.minimum)
    ]
    shift = np.concatenate([s.ravel() for s in compute.displacements(digits_network)])
    for curve, h in (
        ("fisher_expectation", expected),
        ("fisher_raised", raised),
        ("layerwise_diagonal", np.concatenate(layerwise)),
    ):
        rows = table[table["curve"] == curve]
        np.testing.assert_allclose(rows["beta"], rows["relative_beta"] * h.mean(), rtol=1e-12)
        for _, row in rows.iterrows():
            floor = diagonal_prior(h, shift, row["beta"])
            assert row["expected_loss"] == pytest.approx(floor.expected_loss, rel=1e-9)
            assert row["kl"] == pytest.approx(floor.kl + (row["uncurved"] > 0) * floors.FREE_NATS, rel=1e-9)
    share = (expected < compute.RAISED * expected.mean()).mean()
    assert 0 < share < 1 and set(table.loc[table["curve"] == "fisher_raised", "raised"]) == {share}


def test_more_confidence_rests_on_fewer_examples(table):
    rests = table.groupby("curve")["effective_examples"].first()
    assert rests["fisher_diagonal"] < rests["fisher_expectation"] < rests["fisher_flat"] <= 1437 * (1 + 1e-9)


def test_a_nested_grid_and_another_delta_come_from_the_record(trained, no_computing):
    whole = lower_bound("digits", grid_size=4)
    no_computing()
    part = lower_bound("digits", grid_size=2, delta=1e-9)
    assert part.state == "computed" and len(part.table) == 2 * len(compute.CURVES)
    both = part.table.merge(whole.table, on=["curve", "relative_beta"], suffixes=("", "_whole"))
    assert len(both) == len(part.table) and (both["accuracy"] == both["accuracy_whole"]).all()
    assert both["complexity"].tolist() == [bounds.complexity(kl, 1437, 1e-9) for kl in both["kl_whole"]]
    with pytest.raises(AssertionError, match="digits was loaded"):
        lower_bound("digits", grid_size=3)


def test_a_second_run_gives_the_same(trained):
    first, second = (lower_bound("digits", grid_size=2, fresh=True).table for _ in range(2))
    pd.testing.assert_frame_equal(first, second, check_exact=True)


def test_unknown_datasets_are_refused_and_missing_data_named(workspace, no_download):
    with pytest.raises(ValueError, match="unknown dataset 'mnist11'; valid: mnist2, "):
        lower_bound("mnist11")
    with pytest.raises(FileNotFoundError, match="cifar10 not found"):
        lower_bound("cifar2")


# What (10) depends on --------------------------------------------------------------------------------------------------


def test_the_scale_of_h_has_no_effect(digits, digits_network):
    check = fading.scale_check(digits_network, torch.from_numpy(digits.x_train), 0)
    assert check.holds and check.residual < 1e-12


def test_softer_networks_rest_on_more_examples_and_need_less_complexity(digits, digits_network):
    x, y = torch.from_numpy(digits.x_train), torch.from_numpy(digits.y_train)
    table = fading.fading(digits_network, x, y, (1.0, 0.25), 0, 10, 1, 0.05)
    for name in ("drawn", "expected"):
        examples, needed = table[f"effective examples, {name}"], table[f"complexity, {name}"]
        assert examples[1] > 10 * examples[0] and not needed[1] > needed[0]
    assert (table["complexity, expected"] <= table["complexity, drawn"].fillna(np.inf)).all()
    assert table["cross-entropy"][0] < 0.01 < table["cross-entropy"][1]
