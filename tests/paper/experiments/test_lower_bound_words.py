"""What the chapter on Figure 2 shows, from an experiment on digits."""

from dataclasses import replace

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch

from pacbayes_curvature import bounds, pareto, posteriors
from pacbayes_curvature.curvature import second_moments
from paper.experiments.accuracy_vs_complexity.compute import accuracy_vs_complexity
from paper.experiments.curvature_spectra.compute import curvature_spectra
from paper.experiments.lower_bound import compute, readings
from paper.experiments.lower_bound import figure as figures
from paper.experiments.lower_bound.words import (
    LEVELS,
    beside_the_curves,
    equal_accuracy,
    equal_loss,
    meetings,
    verdicts,
    with_losses,
)

lower_bound = compute.lower_bound


COMPUTED = []  # once for all tests of this file


@pytest.fixture
def shown(trained):
    """The three results that the chapter takes, on digits."""
    if not COMPUTED:
        COMPUTED.append(lower_bound("digits", grid_size=10))
        COMPUTED.append(accuracy_vs_complexity("digits", grid_size=4))
        COMPUTED.append(curvature_spectra("digits"))
    return tuple(replace(result, table=result.table.copy()) for result in COMPUTED)


def test_losses_of_the_valid_methods_are_half_the_traces(digits, digits_network, shown):
    _, methods, spectra = shown
    moments = second_moments.second_moments(digits_network.minimum, torch.from_numpy(digits.x_train))
    for method, rows in with_losses(methods, spectra).groupby("method"):
        for _, row in rows.iloc[::5].iterrows():
            loss = 0.0
            for h, w in zip(moments, digits_network.minimum):
                layer = posteriors.layer_posterior(method, h, second_moments.spectrum(h), len(w), 0.0)
                basis = np.eye(len(h)) if layer.basis is None else layer.basis
                variance = posteriors.variances(layer, [row["lam"]], [row["beta"]])[0]
                loss += len(w) * np.trace(h @ basis @ np.diag(variance) @ basis.T) / 2
            assert row["layerwise_loss"] == pytest.approx(loss, rel=1e-5)


def test_the_table_of_meetings_says_what_the_regions_say(shown):
    result = shown[0]
    found = meetings([result])
    assert len(found) == 3
    for curve, (_, row) in zip(("fisher_diagonal", "layerwise_diagonal", "block_prior"), found.iterrows()):
        points = result.table[result.table["curve"] == curve]
        sums = 1 - points["accuracy"] + points["complexity"]
        assert row["smallest sum"] == pytest.approx(sums.min()) and row["chance"] == pytest.approx(0.9)
        assert row["meet against chance"] == ("yes" if sums.min() < 0.9 else "no")
        assert row["meet against 1"] == ("yes" if sums.min() < 1 else "no")
    assert set(found["meet against chance"]) == {"yes", "no"}, "digits has both"
    words = verdicts([result]).data
    assert words.count("they meet") + words.count("they do not meet") == 3 and "Digits" in words


@pytest.mark.parametrize(
    "met, said",
    [
        (0, "do not meet with any seed"),
        (1, "meet with one of them"),
        (2, "meet with 2 of them"),
        (3, "meet with every seed"),
    ],
)
def test_with_how_many_seeds_they_meet_is_said(shown, met, said):
    result, _, _ = shown
    far, near = (replace(result, table=result.table.assign(complexity=c, accuracy=0.5)) for c in (2.0, 0.1))
    text = verdicts([near] * met + [far] * (3 - met)).data
    assert text.count(f"they {said} (smallest sum ") == 3 and ("It depends on the draw." in text) == (met in (1, 2))


def test_complexities_at_equal_accuracy_and_equal_loss(shown):
    result, methods, spectra = shown
    accuracy = equal_accuracy([result], [methods])
    assert accuracy["accuracy"].tolist() == pytest.approx([0.1 + 0.9 * s for s in LEVELS])
    rows = result.table[result.table["curve"] == "layerwise_diagonal"]
    expected = pareto.interpolated_complexity(rows["accuracy"], rows["complexity"], accuracy["accuracy"]).complexity
    np.testing.assert_allclose(accuracy["Lemma 4.2, layerwise"], expected)
    beside = beside_the_curves([result], [methods]).set_index(["curve", "method"])
    ratio = (accuracy["Full L Hessian"] / accuracy["Lemma 4.2, layerwise"]).dropna()
    row = beside.loc[("Lemma 4.2, layerwise", "Full L Hessian")]
    assert (row["least ratio"], row["largest ratio"]) == pytest.approx((ratio.min(), ratio.max()))
    loss = equal_loss([result], [spectra])
    assert (loss["Baseline"] >= loss["Diag Hessian"]).all() and (loss["Diag Hessian"] >= loss["Lemma 4.2"]).all()
    assert (loss["Full L Hessian"] >= loss["Blocks"]).all() and (loss["Lemma 4.2"] >= loss["Blocks"]).all()


def test_the_explanation_compares_at_equal_complexity(shown):
    result = shown[0]
    found = readings.explanation([result]).set_index("curve")
    assert found.loc["Lemma 4.2, layerwise", "accuracy"] == pytest.approx(0.1 + 0.75 * 0.9, abs=0.02)
    assert found.loc["Lemma 4.2, (10)", "accuracy"] < found.loc["Lemma 4.2, (10) without drawing", "accuracy"]
    assert len(set(found["complexity"])) == 1 and len(found) == len(compute.DIAGONAL)
    raised = found["share raised"] > 0
    assert list(found.index[raised]) == ["Lemma 4.2, the same, raised"]
    assert found.loc[raised, "weights without curvature"].tolist() == [0]


def test_the_figures_draw_every_curve_in_a_panel_for_each_data_set(shown):
    result, methods, spectra = shown
    losses = [with_losses(methods, spectra)] * 2
    curves = {"Lemma 4.2, (10)", "Lemma 4.2, layerwise", "Blocks"} | {"Baseline", "Diag Hessian", "Full L Hessian"}
    of_accuracy = figures.feasible_and_non_vacuous([result] * 2, [methods] * 2, [10, 10])
    of_loss = figures.plane_of_loss([result] * 2, losses, [10, 10], 0.05)
    for figure in (of_accuracy, of_loss):
        assert len(figure.axes) == 2
        for axis in figure.axes:
            assert curves <= set(axis.get_legend_handles_labels()[1])
        written = [*figure.legends[0].get_texts(), *(text for axis in figure.axes for text in axis.texts)]
        assert curves <= {text.get_text().replace("\n", " ") for text in written}
        plt.close(figure)
    rings = [line for line in of_accuracy.axes[0].get_lines() if line.get_label() == "_ring"]
    assert len(rings) == methods.table["method"].nunique()
    figure = figures.readings([result], [methods], [10])
    labels = figure.axes[0].get_legend_handles_labels()[1]
    assert len(labels) == len(set(labels)) >= 6
    plt.close(figure)


def test_a_complexity_is_the_root_of_its_kl():
    kl = figures._kl_of(0.7, 1437, 0.05)
    assert bounds.complexity(kl, 1437, 0.05) == pytest.approx(0.7, rel=1e-12)
