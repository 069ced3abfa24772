"""Figure 1: the experiment on digits, and what the chapter shows of it."""

import math
from dataclasses import replace

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from small_networks import seeded
from torch.nn.functional import cross_entropy

from pacbayes_curvature import bounds, descent, gaussians, networks
from pacbayes_curvature.gibbs import moments
from pacbayes_curvature.networks import flatten
from pacbayes_curvature.posteriors import METHODS
from paper.experiments.accuracy_vs_complexity.compute import accuracy_vs_complexity
from paper.experiments.grid import grid
from paper.experiments.two_minima import compute, words
from paper.experiments.two_minima import figure as figures
from paper.networks import data, minimum
from paper.results import records

LAM, DELTA = 0.3, 0.05


# The experiment --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def measured(digits_network, tmp_path_factory):
    """The result on digits, and what `optimise` returned for it. A small plane: its points are tested above."""
    kept, folder = {}, tmp_path_factory.mktemp("two_minima")

    def optimise(*arguments, **named):
        kept["found"] = descent.optimise(*arguments, **named)
        return kept["found"]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(records, "FROZEN", folder / "results")
        patch.setattr(records, "COMPUTED", folder / "build")
        patch.setattr(minimum, "NETWORKS", folder / "networks")
        patch.setattr(minimum, "train", lambda *_: replace(digits_network, record=dict(digits_network.record)))
        patch.setattr(compute, "optimise", optimise)
        patch.setattr(compute, "SIDE", 5)
        result = compute.two_minima("digits", epochs=4)
        sweep = accuracy_vs_complexity("digits", grid_size=2)
        patch.setattr(data, "load", None)
        assert compute.two_minima("digits", epochs=4).table.equals(result.table), "a second time it is read"
    return result, kept["found"], sweep


def test_disagreements_and_accuracies_are_counts(measured, digits, digits_network):
    facts, found = compute.facts(measured[0]), measured[1]
    for name, x, y in (("train", digits.x_train, digits.y_train), ("test", digits.x_test, digits.y_test)):
        differ, right = 0, {"initialisation": 0, "original": 0, "optimised": 0}
        for row, label in zip(torch.from_numpy(x), y):
            answers = {}
            for network, weights in zip(right, (digits_network.initial, digits_network.minimum, found.posterior.mean)):
                answers[network] = int(networks.forward(weights, row[None])[0].argmax())
                right[network] += answers[network] == label
            differ += answers["original"] != answers["optimised"]
        assert facts[f"{name}_examples"] == len(y)
        assert round(facts[f"{name}_disagreement"] * len(y)) == differ > 0
        for network, count in right.items():
            part = "test_" if name == "test" else ""
            assert facts[f"mean_{part}accuracy_{network}"] == pytest.approx(count / len(y), rel=1e-12)


def test_the_bounds_are_made_of_their_parts(measured, digits, digits_network):
    facts, found = compute.facts(measured[0]), measured[1]
    lam, n = facts["lam"], len(digits.y_train)
    prior = flatten(digits_network.initial).double()
    for name, mean, variances in (
        ("original", digits_network.minimum, [torch.full_like(w, lam) for w in digits_network.minimum]),
        ("optimised", found.posterior.mean, found.posterior.variances),
    ):
        kl = gaussians.kl_divergence(flatten(mean).double(), flatten(variances).double(), prior, lam).item()
        assert facts[f"kl_{name}"] == pytest.approx(kl, rel=1e-9)
        moved = sum((w.double() - w1.double()).square().sum().item() for w, w1 in zip(mean, digits_network.initial))
        assert facts[f"distance_initialisation_{name}"] ** 2 == pytest.approx(moved, rel=1e-9)
        assert facts[f"mean_term_{name}"] == pytest.approx(moved / (2 * lam), rel=1e-9)
        assert facts[f"complexity_{name}"] == pytest.approx(bounds.complexity(kl, n, DELTA), rel=1e-9)
        assert facts[f"bound_{name}"] == 1 - facts[f"accuracy_{name}"] + facts[f"complexity_{name}"]
        assert facts[f"objective_{name}"] == facts[f"bits_{name}"] + facts[f"complexity_{name}"]
        assert facts[f"noise_{name}"] == pytest.approx(math.sqrt(sum(v.double().sum() for v in variances)), rel=1e-6)
        for part, x, y in (("", digits.x_train, digits.y_train), ("test_", digits.x_test, digits.y_test)):
            classifier = moments.with_weight_variances(mean, [v.numpy()[None] for v in variances])
            tally = classifier.tally(torch.from_numpy(x), torch.from_numpy(y), seeded(1), passes=20)
            apart = abs(facts[f"{part}accuracy_{name}"] - tally.accuracy[0])
            assert apart < 4 * math.hypot(tally.stderr[0], facts[f"{part}accuracy_stderr_{name}"])
        assert facts[f"bits_{name}"] > 1 - facts[f"accuracy_{name}"] - 4 * facts[f"accuracy_stderr_{name}"]
    assert facts["kl_original"] == pytest.approx(facts["mean_term_original"], rel=1e-9), (
        "the baseline's variances cost nothing"
    )
    assert (
        facts["objective_optimised"] < facts["objective_original"]
        and facts["bound_optimised"] < facts["bound_original"]
    )


def test_places_on_the_plane(measured, digits_network):
    facts, path, plane = (part(measured[0]) for part in (compute.facts, compute.path, compute.plane))
    at = {name: np.array([facts[f"along_{name}"], facts[f"across_{name}"]]) for name in compute.NETWORKS}
    np.testing.assert_allclose(at["initialisation"], 0, atol=1e-12)
    np.testing.assert_allclose(at["original"], [math.sqrt(sum(digits_network.squared_distances())), 0], atol=1e-9)
    for a, b in (("initialisation", "original"), ("original", "optimised"), ("initialisation", "optimised")):
        assert facts[f"distance_{a}_{b}"] == pytest.approx(np.linalg.norm(at[a] - at[b]), rel=1e-9)
    np.testing.assert_allclose(path[["along", "across"]].iloc[-1], at["optimised"], rtol=1e-9)
    assert path["distance"].iloc[-1] == pytest.approx(facts["distance_original_optimised"], rel=1e-9)
    assert path["epoch"].tolist() == [1, 2, 3, 4] and path["value"].tolist() == measured[1].objective
    for name in compute.POSTERIORS:
        assert 0 < facts[f"variance_along_{name}"] < 10 * facts["lam"]
    assert len(plane) == 25 and plane["along"].nunique() == plane["across"].nunique() == 5
    for name in compute.NETWORKS:
        assert plane["along"].min() < at[name][0] < plane["along"].max()
        assert plane["across"].min() < at[name][1] < plane["across"].max()
    assert plane["loss"].min() >= 0 and plane["error"].between(0, 1).all() and plane["noisy_error"].between(0, 1).all()
    assert (plane["noisy_loss"] > plane["loss"]).mean() > 0.5


def test_the_barrier_is_along_the_straight_line(measured, digits, digits_network):
    facts, found = compute.facts(measured[0]), measured[1]
    x, y = torch.from_numpy(digits.x_train), torch.from_numpy(digits.y_train)
    assert len(x) <= compute.SHOWN, "on digits all training examples are used"
    losses = []
    for t in np.linspace(0, 1, compute.STEPS):
        between = [(1 - t) * a + t * b for a, b in zip(digits_network.minimum, found.posterior.mean)]
        losses.append(cross_entropy(networks.forward(between, x), y).item())
    assert facts["barrier_loss"] == pytest.approx(max(losses) - max(losses[0], losses[-1]), abs=1e-6)


@pytest.mark.parametrize("n, scale", [(1437, 1), (10**7, 1)])
def test_the_baseline_is_the_best_that_is_not_all_noise(n, scale, digits, digits_network, monkeypatch):
    x, y = torch.from_numpy(digits.x_train), torch.from_numpy(digits.y_train)
    monkeypatch.setattr(compute, "complexity", lambda kl, _, delta: bounds.complexity(kl, n, delta))
    chosen = compute.best_baseline(digits_network, x, y, 0, DELTA)
    candidates = {}
    for lam in grid("baseline", compute.GRID_SIZE)["lam"]:
        variances = [np.full((1, *w.shape), lam) for w in digits_network.minimum]
        classifier = moments.with_weight_variances(digits_network.minimum, variances)
        accuracy = classifier.tally(x, y, seeded(3)).accuracy[0]
        if accuracy >= 0.55:
            candidates[lam] = (
                1 - accuracy + bounds.complexity(sum(digits_network.squared_distances()) / (2 * lam), n, DELTA)
            )
    assert candidates[chosen] == pytest.approx(min(candidates.values()), abs=0.02)


def test_a_stale_result_is_named(measured, monkeypatch, workspace):
    records.freeze(measured[0])
    assert compute.two_minima("digits", epochs=4).state == "frozen"
    monkeypatch.setattr("paper.digest.digest", lambda *roots, **of: "other")
    monkeypatch.setattr(data, "load", lambda name: (_ for _ in ()).throw(FileNotFoundError(name)))
    assert compute.two_minima("digits", epochs=4).state == "stale"
    with pytest.raises(ValueError, match="unknown dataset 'mnist11'"):
        compute.two_minima("mnist11")
    with pytest.raises(ValueError, match="epochs must be at least 1, got 0"):
        compute.two_minima("digits", epochs=0)


# The chapter -----------------------------------------------------------------------------------------------------------


def test_sentences_hold_the_numbers(measured):
    result, _, sweep = measured
    facts = compute.facts(result)
    text = words.another_classifier(result).data
    assert f"{round(facts['train_disagreement'] * 1437)} of the 1,437 training" in text
    assert f"{round(facts['test_disagreement'] * 360)} of the 360 test" in text
    for disagree, change, said in (
        (0, 0, "on none of the 360"),
        (1, 1, "on one of the 360"),
        (2, -1, "on 2 of the 360"),
    ):
        changed = {"test_disagreement": disagree / 360, "mean_test_accuracy_original": 0.9}
        changed["mean_test_accuracy_optimised"] = 0.9 + change / 360
        values = result.table["quantity"].map(changed).fillna(result.table["value"])
        text = words.another_classifier(replace(result, table=result.table.assign(value=values))).data
        way = {0: "is 0.9000 for both.", 1: "rises by 0.28% of", -1: "falls by 0.28% of"}[change]
        assert f"{said} test images" in text and f"The test accuracy {way}" in text
    text = words.moved(result).data
    assert f"another {facts['distance_original_optimised']:.2f}, " in text and "After epoch 2 of 4 " in text
    assert ("closer than" in text) == (
        facts["distance_initialisation_optimised"] < facts["distance_initialisation_original"]
    )
    text = words.what_it_buys(result, sweep).data
    assert f"from {facts['bound_original']:.3f} to {facts['bound_optimised']:.3f}" in text
    assert f"by {abs(facts['kl_original'] - facts['kl_optimised']):,.0f} nats" in text
    table = words.bounds(result, sweep)
    assert table["bound"].iloc[-1] == facts["bound_optimised"] and len(table) == len(METHODS) + 1
    assert words.networks(result).set_index("quantity").loc["training accuracy", "original minimum"] == 1
    shown = words.posteriors(result).set_index("quantity")["around the optimised mean"]
    assert shown["standard deviation along"] == math.sqrt(facts["variance_along_optimised"])


def changed(result, **facts):
    table = result.table.copy()
    for name, value in facts.items():
        assert (table["quantity"] == name).sum() == 1
        table.loc[table["quantity"] == name, "value"] = value
    return replace(result, table=table)


def test_sentences_follow_the_numbers(measured):
    result, _, sweep = measured
    same = changed(result, mean_loss_original=0.5, mean_loss_optimised=0.5, barrier_loss=0.4)
    assert "and not of the loss" not in words.another_minimum(same).data
    assert "rises 0.4 nats" in words.another_minimum(same).data
    other = changed(result, mean_loss_original=0.01, mean_loss_optimised=0.5, barrier_loss=0.0)
    assert "50 times" in words.another_minimum(other).data and "no barrier" in words.another_minimum(other).data
    assert "are narrow" in words.spread(changed(result, noise_original=0.1)).data
    vacuous = changed(result, bound_optimised=0.95)
    assert "still not below the error of guessing, 0.9" in words.what_it_buys(vacuous, sweep).data
    alone = changed(result, bound_optimised=0.3)
    assert "no method has a bound below" in words.what_it_buys(alone, sweep).data
    good = replace(sweep, table=sweep.table.assign(complexity=0.0, accuracy=0.5))
    assert "Full L Hessian with 0.500 covers 67%" in words.what_it_buys(alone, good).data  # from 0.9 to 0.3
    worse = changed(result, accuracy_original=0.9, accuracy_optimised=0.8)
    assert "10.00% at the one and 20.00% at the other" in words.why_it_moves(worse).data
    assert "does no less harm" in words.why_it_moves(worse).data
    assert "does less harm" in words.why_it_moves(changed(result, accuracy_original=0.5, accuracy_optimised=0.8)).data
    dear = changed(result, kl_optimised=facts_of(result, "kl_original") + 7)
    assert "The KL rises by 7 nats" in words.what_it_buys(dear, sweep).data


def facts_of(result, name):
    return compute.facts(result)[name]


def test_the_ellipse_holds_two_standard_deviations(measured):
    found = compute.facts(measured[0]) | {
        "variance_along_optimised": 3.0,
        "variance_across_optimised": 2.0,
        "covariance_optimised": 1.0,
    }
    ellipse = figures._ellipse(found, "optimised", 2, (5.0, 6.0))
    (outline,) = ellipse.get_path().transformed(ellipse.get_patch_transform()).to_polygons()
    edge = outline - [5, 6]
    assert len(edge) > 8
    lengths = np.einsum("ni,ij,nj->n", edge, np.linalg.inv([[3, 1], [1, 2]]), edge)  # the squared Mahalanobis length
    np.testing.assert_allclose(lengths, 4, rtol=0.02)


def test_the_figure_has_its_points_where_they_are(measured):
    figure = figures.two_minima(measured[0])
    found = compute.facts(measured[0])
    panel = figure.axes[0]
    marks = {line.get_label(): line.get_xydata() for line in panel.lines}
    for name in compute.NETWORKS:
        np.testing.assert_allclose(marks[figures.MARKS[name][0]], [[found[f"along_{name}"], found[f"across_{name}"]]])
    assert len(marks["mean after each epoch"]) == 5 and panel.get_aspect() == 1
    plt.close(figure)
