"""Figure 2: pairs that exist, readings of (10), the two regions, and the experiment on digits."""

import importlib
from dataclasses import replace

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import torch

from pacbayes_curvature import (
    bounds,
    curvature,
    data,
    fisher_diagonals,
    gaussians,
    lower_bounds,
    optimal_pairs,
    pages_lower_bound,
    pages_readings,
    plots_lower_bound,
    posteriors,
    regions,
)
from pacbayes_curvature.derivations import fading, measured_curvature
from pacbayes_curvature.experiments import accuracy_vs_complexity, curvature_spectra
from pacbayes_curvature.networks import forward, initialise
from pacbayes_curvature.randomness import stream

figure_2 = importlib.import_module("pacbayes_curvature.experiments.lower_bound")
lower_bound = figure_2.lower_bound
training = importlib.import_module("pacbayes_curvature.experiments.training_run")


@pytest.fixture
def trained(digits_network, monkeypatch, workspace):
    monkeypatch.setattr(training, "train", lambda *a: replace(digits_network, record=dict(digits_network.record)))


@pytest.fixture
def no_computing(monkeypatch):
    def load(name):
        raise AssertionError(f"{name} was loaded: the answer was to come from a record")

    return lambda: monkeypatch.setattr(data, "load", load)


@pytest.fixture(scope="module")
def toy():
    """A trained-looking network with 3 classes and one neuron that is never active, and its data."""
    generator = torch.Generator().manual_seed(0)
    weights = [3 * w.double() for w in initialise([4, 5, 3], generator)]
    x = torch.randn(30, 4, generator=generator, dtype=torch.float64)
    weights[0][2] = torch.tensor([0, 0, 0, 0, -1.0])
    return weights, x


# Pairs that exist -----------------------------------------------------------------------------------------------------


def random_problem(k=40):
    rng = np.random.default_rng(1)
    h, shift = rng.exponential(size=k) ** 4, rng.normal(size=k)
    h[:3], shift[2:5] = 0, 0  # 0, 1: no curvature; 2: neither; 3, 4: not moved
    return h, shift


def test_every_nat_and_every_bit_of_loss_is_that_of_gaussians_with_these_variances():
    h, shift = random_problem()
    for beta in (1e-3, 1.0, 1e3):
        variance, kl, loss, uncurved = optimal_pairs.attained_pair(h, shift, beta)
        assert uncurved == 2 and np.isfinite(variance).all()
        noisy = variance > 0
        prior = variance + shift**2  # Lemma 4.2's: the best for any posterior
        assert kl == pytest.approx(gaussians.kl_divergence(shift[noisy], variance[noisy], 0.0, prior[noisy]), rel=1e-12)
        assert loss == pytest.approx(h @ variance / 2, rel=1e-12)
        assert (np.flatnonzero(~noisy) == [2, 3, 4]).all(), "no noise exactly where nothing moved"
        free = gaussians.kl_divergence(shift[:2], variance[:2], 0.0, prior[:2])
        assert free == pytest.approx(optimal_pairs.FREE_NATS, rel=1e-12)


def test_without_such_weights_the_pair_is_that_of_lemma_42():
    h, shift = (values[5:] for values in random_problem())
    for beta in (1e-3, 1.0, 1e3):
        pair = optimal_pairs.attained_pair(h, shift, beta)
        floor = lower_bounds.diagonal_prior(h, shift, beta)
        assert (pair.expected_loss, pair.kl) == pytest.approx((floor.expected_loss, floor.kl), rel=1e-13)
        assert pair.uncurved == 0


def test_negative_curvature_is_refused():
    with pytest.raises(ValueError, match="curvature must be nonnegative .*, got -1"):
        optimal_pairs.attained_pair(np.array([1.0, -1.0]), np.ones(2), 1.0)


def block_problem():
    rng = np.random.default_rng(2)
    factor, shift = rng.normal(size=(4, 3)), rng.normal(size=(5, 4))
    return factor @ factor.T, shift  # H of rank 3, five neurons


def test_block_costs_are_quadratic_forms():
    moment, shift = block_problem()
    expected = [delta @ moment @ delta / 2 for delta in shift]
    np.testing.assert_allclose(optimal_pairs.block_costs(moment, shift), expected, rtol=1e-12)


def test_the_block_pair_is_approached_from_below_by_dense_gaussians():
    """S0 = a^2 Delta Delta' + eps I and S1 = S0 + Delta Delta', a pair of matrices for each block."""
    moment, shift = block_problem()
    costs = optimal_pairs.block_costs(moment, shift)
    for beta in (0.1, 10.0):
        pair = optimal_pairs.attained_block_pair(costs, np.ones(5), beta)
        assert pair.kl == pytest.approx(lower_bounds.block_prior(costs, pair.expected_loss), rel=1e-9)
        gaps = []
        for eps in (1e-2, 1e-4, 1e-6):
            kl = loss = 0.0
            for delta, variance in zip(shift, pair.variance):
                along = np.outer(delta, delta)
                posterior = variance * along + eps * np.eye(4)
                kl += gaussians.kl_divergence(delta, posterior, np.zeros(4), posterior + along)
                loss += np.trace(moment @ posterior) / 2
            gaps.append((pair.kl - kl, loss - pair.expected_loss))
        assert (np.array(gaps) > 0).all() and max(gaps[-1]) < 1e-3 * max(gaps[0])


# Readings of (10) -----------------------------------------------------------------------------------------------------


def gradients(weights, x, softness):
    """d ln p_c / d theta with p = softmax(softness * logits), for each example and class: (N, C, k), and p (N, C)."""
    theta = measured_curvature.flatten(weights)

    def log_p(theta, z):
        return (softness * forward(measured_curvature.unflatten(theta, weights), z[None])[0]).log_softmax(0)

    rows = torch.func.vmap(torch.func.jacrev(log_p), in_dims=(None, 0))(theta, x)
    return rows, (softness * forward(weights, x)).softmax(1)


@pytest.mark.parametrize("softness", [1.0, 0.1])
def test_the_expectation_is_the_mean_over_all_labels_of_squared_gradients(toy, softness):
    weights, x = toy
    rows, p = gradients(weights, x, softness)
    dense = torch.einsum("nc,nck->k", p, rows.square()) / len(x)
    found = np.concatenate([h.ravel() for h in fisher_diagonals.expected(weights, x, softness)])
    np.testing.assert_allclose(found, dense, rtol=1e-10, atol=1e-15)


@pytest.mark.parametrize("softness", [1.0, 0.1])
def test_drawn_labels_have_this_expectation(toy, softness):
    weights, x = toy
    generator = torch.Generator().manual_seed(4)
    draws = np.array(
        [
            np.concatenate([h.ravel() for h in fisher_diagonals.sampled(weights, x, generator, softness)])
            for _ in range(400)
        ]
    )
    exact = np.concatenate([h.ravel() for h in fisher_diagonals.expected(weights, x, softness)])
    spread = draws.std(axis=0, ddof=1) / np.sqrt(len(draws))
    assert spread.max() > 0 and (np.abs(draws.mean(axis=0) - exact) <= 5 * spread + 1e-12 * exact.max()).all()


@pytest.mark.parametrize("softness", [1.0, 0.3])
def test_effective_examples_by_the_definition(toy, softness):
    weights, x = toy
    p = (softness * forward(weights, x)).softmax(1).numpy()
    w = np.array([[((np.eye(3)[c] - row) ** 2).sum() for c in range(3)] for row in p])
    total = (p * w).sum()
    assert fisher_diagonals.effective_examples(weights, x, True, softness) == pytest.approx(total**2 / (p * w**2).sum())
    mean_first = total**2 / ((p * w).sum(1) ** 2).sum()
    assert fisher_diagonals.effective_examples(weights, x, False, softness) == pytest.approx(mean_first)


def test_flat_predictions_rest_on_all_examples_and_confident_ones_on_few(toy):
    weights, x = toy
    assert fisher_diagonals.effective_examples(weights, x, True, 1e-9) == pytest.approx(len(x))
    two_classes = fisher_diagonals.softened([weights[0], weights[1][:2]], 60.0)
    p = forward(two_classes, x).softmax(1)
    other = p.min(1).values.sum().item()  # expected number of labels that are not the network's answer
    assert fisher_diagonals.effective_examples(two_classes, x, True) == pytest.approx(other, rel=0.2) and other < 3


# The regions ----------------------------------------------------------------------------------------------------------

A, C = np.array([0.95, 0.8, 0.6, 0.7]), np.array([0.6, 0.25, 0.15, 0.5])


@pytest.mark.parametrize("line", [1.0, 0.5, 0.46, 0.44])
def test_regions_meet_exactly_where_a_fine_grid_of_the_plane_says_so(line):
    a, c = np.meshgrid(np.linspace(0, 1, 401), np.linspace(0, 1, 401))
    feasible = ((a[..., None] <= A) & (c[..., None] >= C)).any(-1)
    useful = regions.non_vacuous(a.ravel(), c.ravel(), line).reshape(a.shape)
    found = regions.meeting(A, C, line)
    assert found.meets == (feasible & useful).any() == (line > 0.45)
    assert found.margin == pytest.approx(line - 0.45) and found.at == 1


def test_the_lower_edge_of_what_is_feasible():
    at = np.array([0.0, 0.6, 0.61, 0.75, 0.8, 0.9, 0.96])
    np.testing.assert_array_equal(regions.least_complexity(A, C, at), [0.15, 0.15, 0.25, 0.25, 0.25, 0.6, np.inf])


def test_dominated_points_change_no_region():
    """0.7 at 0.5 is beaten by 0.8 at 0.25."""
    at = np.linspace(0, 1, 50)
    np.testing.assert_array_equal(regions.least_complexity(A, C, at), regions.least_complexity(A[:3], C[:3], at))
    for level in (0.5, 0.4):
        assert regions.meeting(A, C, level)[:2] == regions.meeting(A[:3], C[:3], level)[:2]


def test_between_points_the_logarithm_of_the_complexity_is_a_straight_line():
    found = regions.interpolated_complexity(A, C, np.array([0.59, 0.6, 0.7, 0.8, 0.875, 0.95, 0.96]))
    expected = [np.nan, 0.15, np.sqrt(0.15 * 0.25), 0.25, np.sqrt(0.25 * 0.6), 0.6, np.nan]
    np.testing.assert_allclose(found, expected, rtol=1e-12)


@pytest.mark.parametrize(
    "accuracy, complexity, message",
    [
        ([], [], r"at least 1, are needed, got shapes \(0,\) and \(0,\)"),
        ([0.5, 0.6], [0.1], r"got shapes \(2,\) and \(1,\)"),
        ([0.5, np.nan], [0.1, 0.2], "must be numbers, got NaN"),
    ],
)
def test_points_that_are_none_are_refused(accuracy, complexity, message):
    for function in (regions.meeting, regions.non_vacuous, regions.least_complexity, regions.interpolated_complexity):
        with pytest.raises(ValueError, match=message):
            function(accuracy, complexity, 0.5)


# The experiment -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def table(digits, digits_network):
    """The curves at four beta each, as `lower_bound` computes them."""
    x, y = torch.from_numpy(digits.x_train), torch.from_numpy(digits.y_train)
    return pd.concat(
        curve.points(figure_2.grid(name, 4), x, y, stream("gibbs", 0), 1)
        for name, curve in figure_2.curves(digits_network, x, 0)
    )


def test_a_grid_contains_those_whose_size_divides_its_own():
    for curve in figure_2.CURVES:
        sets = {size: set(figure_2.grid(curve, size)["relative_beta"]) for size in (2, 4, 5, 10, 20)}
        assert len(sets[20]) == 20 and sets[2] < sets[4] < sets[20] and sets[5] < sets[10] < sets[20]


def test_columns_and_their_meaning(trained, table):
    result = lower_bound("digits", grid_size=4).table
    named = "dataset seed curve relative_beta beta accuracy accuracy_stderr kl evaluated expected_loss layerwise_loss"
    assert list(result.columns) == [*named.split(), *"uncurved raised effective_examples examples complexity".split()]
    assert result["curve"].value_counts().to_dict() == dict.fromkeys(figure_2.CURVES, 4)
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


def test_the_figures_curves_are_evaluated_on_all_examples_the_explaining_ones_on_some(trained, monkeypatch):
    monkeypatch.setattr(figure_2, "EXPLAINED_BY", 100)
    found = lower_bound("digits", grid_size=2, fresh=True).table.groupby("curve")["evaluated"].unique()
    assert {curve: list(n) for curve, n in found.items()} == {
        curve: [100 if curve in figure_2.EXPLAINING else 1437] for curve in figure_2.CURVES
    }


def test_the_floors_hold_for_every_point(digits, digits_network, table):
    """In (E, KL) with the layerwise H_l: Lemma 4.2's for all diagonal pairs, the blocks' for all points."""
    moments = curvature.layerwise(digits_network.minimum, torch.from_numpy(digits.x_train))
    shifts = figure_2.displacements(digits_network)
    weights = np.concatenate([(h.diagonal() * shift**2 / 2).ravel() for h, shift in zip(moments, shifts)])
    blocks = np.concatenate([optimal_pairs.block_costs(h, shift) for h, shift in zip(moments, shifts)])
    diagonal = table[table["curve"].isin(figure_2.DIAGONAL)]
    loss, kl = diagonal["layerwise_loss"].to_numpy(), diagonal["kl"].to_numpy()
    floor = lower_bounds.block_prior(weights, loss)
    assert (kl >= floor * (1 - 1e-9)).all() and (kl > 1.01 * floor).any()
    own = (diagonal["curve"] == "layerwise_diagonal").to_numpy()
    free = diagonal["uncurved"].to_numpy()[own] > 0
    np.testing.assert_allclose(kl[own], floor[own] + optimal_pairs.FREE_NATS * free, rtol=1e-8)
    lowest = lower_bounds.block_prior(blocks, table["layerwise_loss"].to_numpy())
    assert (table["kl"] >= lowest * (1 - 1e-6)).all()
    best = (table["curve"] == "block_prior").to_numpy()
    np.testing.assert_allclose(table["kl"].to_numpy()[best], lowest[best], rtol=1e-6)


def test_the_readings_of_h_are_what_their_names_say(digits, digits_network, table):
    """E + beta KL at the point is least for the h of the curve's name, among all five."""
    x = torch.from_numpy(digits.x_train)
    expected = np.concatenate([h.ravel() for h in fisher_diagonals.expected(digits_network.minimum, x)])
    raised = np.maximum(expected, figure_2.RAISED * expected.mean())
    layerwise = [
        np.tile(h.diagonal(), (len(w), 1)).ravel()
        for h, w in zip(curvature.layerwise(digits_network.minimum, x), digits_network.minimum)
    ]
    shift = np.concatenate([s.ravel() for s in figure_2.displacements(digits_network)])
    for curve, h in (
        ("fisher_expectation", expected),
        ("fisher_raised", raised),
        ("layerwise_diagonal", np.concatenate(layerwise)),
    ):
        rows = table[table["curve"] == curve]
        np.testing.assert_allclose(rows["beta"], rows["relative_beta"] * h.mean(), rtol=1e-12)
        for _, row in rows.iterrows():
            floor = lower_bounds.diagonal_prior(h, shift, row["beta"])
            assert row["expected_loss"] == pytest.approx(floor.expected_loss, rel=1e-9)
            assert row["kl"] == pytest.approx(floor.kl + (row["uncurved"] > 0) * optimal_pairs.FREE_NATS, rel=1e-9)
    share = (expected < figure_2.RAISED * expected.mean()).mean()
    assert 0 < share < 1 and set(table.loc[table["curve"] == "fisher_raised", "raised"]) == {share}


def test_more_confidence_rests_on_fewer_examples(table):
    rests = table.groupby("curve")["effective_examples"].first()
    assert rests["fisher_diagonal"] < rests["fisher_expectation"] < rests["fisher_flat"] <= 1437 * (1 + 1e-9)


def test_a_nested_grid_and_another_delta_come_from_the_record(trained, no_computing):
    whole = lower_bound("digits", grid_size=4)
    no_computing()
    part = lower_bound("digits", grid_size=2, delta=1e-9)
    assert part.state == "computed" and len(part.table) == 2 * len(figure_2.CURVES)
    both = part.table.merge(whole.table, on=["curve", "relative_beta"], suffixes=("", "_whole"))
    assert len(both) == len(part.table) and (both["accuracy"] == both["accuracy_whole"]).all()
    assert both["complexity"].tolist() == [bounds.complexity(kl, 1437, 1e-9) for kl in both["kl_whole"]]
    with pytest.raises(AssertionError, match="digits was loaded"):
        lower_bound("digits", grid_size=3)


def test_a_second_run_gives_the_same(trained):
    first, second = (lower_bound("digits", grid_size=2, fresh=True).table for _ in range(2))
    pd.testing.assert_frame_equal(first, second, check_exact=True)


def test_unknown_datasets_are_refused_and_missing_data_named(workspace, no_download):
    with pytest.raises(ValueError, match="unknown dataset 'mnist3'; valid: mnist2, "):
        lower_bound("mnist3")
    with pytest.raises(FileNotFoundError, match="cifar10 not found"):
        lower_bound("cifar2")


# What the chapter shows -----------------------------------------------------------------------------------------------


@pytest.fixture
def shown(trained):
    """The three results that the chapter takes, on digits."""
    return (
        lower_bound("digits", grid_size=10),
        accuracy_vs_complexity("digits", grid_size=4),
        curvature_spectra("digits"),
    )


def test_losses_of_the_valid_methods_are_half_the_traces(digits, digits_network, shown):
    _, methods, spectra = shown
    moments = curvature.layerwise(digits_network.minimum, torch.from_numpy(digits.x_train))
    for method, rows in pages_lower_bound.with_losses(methods, spectra).groupby("method"):
        for _, row in rows.iloc[::5].iterrows():
            loss = 0.0
            for h, w in zip(moments, digits_network.minimum):
                layer = posteriors.layer_posterior(method, h, curvature.spectrum(h), len(w), 0.0)
                basis = np.eye(len(h)) if layer.basis is None else layer.basis
                variance = posteriors.variances(layer, [row["lam"]], [row["beta"]])[0]
                loss += len(w) * np.trace(h @ basis @ np.diag(variance) @ basis.T) / 2
            assert row["layerwise_loss"] == pytest.approx(loss, rel=1e-5)


def test_the_table_of_meetings_says_what_the_regions_say(shown):
    result = shown[0]
    found = pages_lower_bound.meetings([result])
    assert len(found) == 3
    for curve, (_, row) in zip(("fisher_diagonal", "layerwise_diagonal", "block_prior"), found.iterrows()):
        points = result.table[result.table["curve"] == curve]
        sums = 1 - points["accuracy"] + points["complexity"]
        assert row["smallest sum"] == pytest.approx(sums.min()) and row["chance"] == pytest.approx(0.9)
        assert row["meet against chance"] == ("yes" if sums.min() < 0.9 else "no")
        assert row["meet against 1"] == ("yes" if sums.min() < 1 else "no")
    assert set(found["meet against chance"]) == {"yes", "no"}, "digits has both"
    words = pages_lower_bound.verdicts([result]).data
    assert words.count("they meet") + words.count("they do not meet") == 3 and "Digits" in words


def test_complexities_at_equal_accuracy_and_equal_loss(shown):
    result, methods, spectra = shown
    accuracy = pages_lower_bound.equal_accuracy([result], [methods])
    assert accuracy["accuracy"].tolist() == pytest.approx([0.1 + 0.9 * s for s in pages_lower_bound.LEVELS])
    rows = result.table[result.table["curve"] == "layerwise_diagonal"]
    expected = regions.interpolated_complexity(rows["accuracy"], rows["complexity"], accuracy["accuracy"])
    np.testing.assert_allclose(accuracy["Lemma 4.2, layerwise"], expected)
    beside = pages_lower_bound.beside_the_curves([result], [methods]).set_index(["curve", "method"])
    ratio = (accuracy["Full L Hessian"] / accuracy["Lemma 4.2, layerwise"]).dropna()
    row = beside.loc[("Lemma 4.2, layerwise", "Full L Hessian")]
    assert (row["least ratio"], row["largest ratio"]) == pytest.approx((ratio.min(), ratio.max()))
    loss = pages_lower_bound.equal_loss([result], [spectra])
    assert (loss["Baseline"] >= loss["Diag Hessian"]).all() and (loss["Diag Hessian"] >= loss["Lemma 4.2"]).all()
    assert (loss["Full L Hessian"] >= loss["Blocks"]).all() and (loss["Lemma 4.2"] >= loss["Blocks"]).all()


def test_the_explanation_compares_at_equal_complexity(shown):
    result = shown[0]
    found = pages_readings.explanation([result]).set_index("curve")
    assert found.loc["Lemma 4.2, layerwise", "accuracy"] == pytest.approx(0.1 + 0.75 * 0.9, abs=0.02)
    assert found.loc["Lemma 4.2, (10)", "accuracy"] < found.loc["Lemma 4.2, (10) without drawing", "accuracy"]
    assert len(set(found["complexity"])) == 1 and len(found) == len(figure_2.DIAGONAL)
    raised = found["share raised"] > 0
    assert list(found.index[raised]) == ["Lemma 4.2, the same, raised"]
    assert found.loc[raised, "weights without curvature"].tolist() == [0]


def test_the_figures_draw_every_curve_in_a_panel_for_each_data_set(shown):
    result, methods, spectra = shown
    losses = [pages_lower_bound.with_losses(methods, spectra)] * 2
    figure = plots_lower_bound.feasible_and_non_vacuous([result] * 2, [methods] * 2, losses, [10, 10], 0.05)
    assert len(figure.axes) == 4
    for axis in figure.axes:
        labels = axis.get_legend_handles_labels()[1]
        assert {
            "Baseline",
            "Diag Hessian",
            "Full L Hessian",
            "Lemma 4.2, (10)",
            "Lemma 4.2, layerwise",
            "Blocks",
        } <= set(labels)
    plt.close(figure)
    figure = plots_lower_bound.readings([result], [methods], [10])
    labels = figure.axes[0].get_legend_handles_labels()[1]
    assert len(labels) == len(set(labels)) >= 6
    plt.close(figure)


def test_a_complexity_is_the_root_of_its_kl():
    kl = plots_lower_bound._kl_of(0.7, 1437, 0.05)
    assert bounds.complexity(kl, 1437, 0.05) == pytest.approx(0.7, rel=1e-12)


# What (10) depends on -------------------------------------------------------------------------------------------------


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
