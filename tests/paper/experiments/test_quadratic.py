"""The quadratic model beside the network: the prediction is the exact second-order term, the measured loss that of drawn networks."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import torch
from small_networks import nine_examples, seeded, tiny
from torch.nn.functional import cross_entropy

from pacbayes_curvature import posteriors
from pacbayes_curvature.curvature.second_moments import second_moments, spectrum
from pacbayes_curvature.mean_field import along_curvature
from pacbayes_curvature.networks import forward
from pacbayes_curvature.posteriors import METHODS
from paper.experiments.quadratic import figure, words
from paper.experiments.quadratic.compute import Increase, quadratic, second_order
from paper.results import records
from paper.theory.posterior.measured_curvature import exact_hessian


def around(method, weights, x):
    return [
        posteriors.layer_posterior(method, moment, spectrum(moment), len(w), 1.0)
        for moment, w in zip(second_moments(weights, x), weights)
    ]


@pytest.mark.parametrize("method", METHODS)
def test_the_prediction_is_half_the_trace_of_the_exact_hessian_and_the_covariance(method):
    weights, (x, y) = tiny(3), nine_examples()
    layers, lam, beta = around(method, weights, x), 0.4, 0.3
    hessian, place, expected = exact_hessian(weights, x, y), 0, 0.0
    for w, layer in zip(weights, layers):
        basis = np.eye(w.shape[1]) if layer.basis is None else layer.basis
        covariance = basis * posteriors.variances(layer, [lam], [beta])[0] @ basis.T
        for _ in range(len(w)):  # each neuron's weights are independent of the others'
            block = slice(place, place + w.shape[1])
            expected += np.trace(hessian[block, block] @ covariance) / 2
            place += w.shape[1]
    found = sum(
        float(posteriors.variances(layer, [lam], [beta])[0] @ along) / 2
        for layer, along in zip(layers, second_order(weights, layers, x))
    )
    assert found == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize("method", METHODS)
def test_the_measured_increase_is_that_of_networks_drawn_from_the_posterior(method):
    weights, (x, y) = tiny(3), nine_examples()
    layers, lam, beta = around(method, weights, x), np.array([0.3]), np.array([0.5])
    many = x.repeat(2000, 1), y.repeat(2000)
    tally = Increase(weights, layers, lam, beta, seeded(1)).tally(*many, seeded(2))
    found, error = 1 - tally.accuracy[0], tally.stderr[0]
    q, generator = along_curvature(weights, layers, 0.3, 0.5), seeded(5)
    drawn = torch.stack([cross_entropy(forward(q.draw(generator), x), y) for _ in range(4000)])
    expected = (drawn.mean() - cross_entropy(forward(weights, x), y)).item()
    spread = (drawn.std() / 4000**0.5).item()
    assert abs(found - expected) < 4 * np.hypot(error, spread)
    assert found > 10 * error, "the test could tell it from nothing"


def test_a_smooth_loss_increases_as_predicted_under_little_noise():
    weights, (x, y) = tiny(3, (3, 2)), nine_examples()  # one layer: no kinks
    layers, lam = around("baseline", weights, x), np.array([1e-3])
    many = x.repeat(2000, 1), y.repeat(2000)
    tally = Increase(weights, layers, lam, np.array([np.inf]), seeded(1)).tally(*many, seeded(2))
    predicted = sum(along.sum() for along in second_order(weights, layers, x)) * 1e-3 / 2
    assert 1 - tally.accuracy[0] == pytest.approx(predicted, rel=0.05) and tally.stderr[0] < 0.02 * predicted


@pytest.fixture
def on_digits(trained):
    return quadratic("digits", grid_size=10)


def test_a_row_for_each_point_of_the_grid(on_digits):
    table = on_digits.table
    assert len(table) == 10 + 2 * 110 and not table.isna().any(axis=None)
    assert (table[["predicted", "layerwise", "kl"]] > 0).all(axis=None) and table["error"].between(0, 1).all()
    last = table[np.isinf(table["beta"])].pivot(index="lam", columns="method", values=["predicted", "kl", "layerwise"])
    for column in ("predicted", "kl", "layerwise"):
        np.testing.assert_allclose(last[column]["diag"], last[column]["baseline"], rtol=1e-4)
        np.testing.assert_allclose(last[column]["layerwise"], last[column]["baseline"], rtol=1e-4)


def test_what_the_page_says_is_what_the_table_has(on_digits):
    figure_ = figure.predicted_and_measured([on_digits])
    assert len(figure_.axes) == 2 and "measured = predicted" in {t.get_text() for t in figure_.axes[0].texts}
    plt.close("all")
    points = words.between_levels(on_digits)
    assert points["error"].between(0.05 * 0.9, 0.75 * 0.9).all() and len(points) > 5
    assert words.off(on_digits) == pytest.approx((points["measured"] / points["predicted"]).median())
    assert len(words.gaps([on_digits])) == 2
    assert words.findings([on_digits]).data.startswith("- **Digits.** ")


def result(rows):
    columns = ["method", "kl", "predicted", "layerwise", "measured", "error"]
    key = records.Key("quadratic", "mnist2", 0, {}, {}, "")
    return records.Result(key, pd.DataFrame(rows, columns=columns), {}, "frozen")


BASELINES = [["baseline", 100, 1.0, 10, 50, 0.2], ["baseline", 200, 0.5, 5, 10, 0.1], ["baseline", 900, 0.1, 1, 1, 0.0]]
OTHERS = [["diag", 100, 1.0, 10, 50, 0.2], ["layerwise", 90, 1.0, 9, 40, 0.15], ["layerwise", 150, 0.4, 2, 5, 0.05]]


def test_the_model_chooses_among_what_costs_no_more():
    table = words.choices(result(BASELINES + OTHERS)).set_index(["method", "KL"])
    assert set(table.index.get_level_values("KL")) == {100, 200}, (
        "of noisy networks that are neither perfect nor guessing"
    )
    assert table.loc[("Full L Hessian", 100)].to_list() == ["Mnist2", 0.9, 0.8, 0.15, 0.2]
    assert table.loc[("Full L Hessian", 200)].to_list() == ["Mnist2", 0.4, 0.5, 0.05, 0.1]
    assert table.loc[("Diag Hessian", 200), words.MEASURED] == 5, "it has nothing better"


@pytest.mark.parametrize(
    "measured, said",
    [
        ((40, 5), "better than the baseline's at every KL"),
        ((40, 50), "at one of the 2 values of the KL"),
        ((60, 50), "nowhere better"),
    ],
)
def test_how_often_its_choice_is_better_is_said_in_a_sentence_of_its_own(measured, said):
    others = [[*row[:4], m, row[5]] for row, m in zip(OTHERS[1:], measured)]
    assert said in words.findings([result(BASELINES + OTHERS[:1] + others)]).data


def test_each_model_is_said_to_err_in_its_own_direction():
    text = words.findings([result(BASELINES + OTHERS)]).data
    assert "rises by 12 to 50 times what the Hessian predicts, in the median 40 times" in text
    assert "what it predicts is 0.2 to 0.5 times the measured rise" in text


def test_a_grid_that_is_too_coarse_says_so():
    far = [["baseline", 100, 1.0, 10, 50, 0.45], ["layerwise", 90, 1.0, 9, 40, 0.0]]
    assert "a finer one is needed" in words.findings([result(far)]).data
    one = [["baseline", 100, 1.0, 10, 50, 0.45], ["layerwise", 90, 1.0, 9, 40, 0.2]]
    assert "No baseline of the grid lies there" in words.findings([result(one)]).data
