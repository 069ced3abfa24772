"""What the bounds depend on: the experiment on digits, and the chapter's tables and figures."""

import importlib
import json
import math
from dataclasses import asdict, replace

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import scipy.stats
import torch

from pacbayes_curvature import bounds, data, gibbs, networks, posteriors, records
from pacbayes_curvature import pages_sensitivity as pages
from pacbayes_curvature import plots_sensitivity as plots
from pacbayes_curvature.experiments.sensitivity import sensitivity
from pacbayes_curvature.experiments.sweep import Minimum, grid
from pacbayes_curvature.posteriors import METHODS
from pacbayes_curvature.randomness import stream
from pacbayes_curvature.training import NotInterpolating, Recipe, recipe_for

experiment = importlib.import_module("pacbayes_curvature.experiments.sensitivity")
training_run = importlib.import_module("pacbayes_curvature.experiments.training_run")
DEFAULT = Recipe(learning_rate=0.1, final_rate=0.02, batch_size=64, cycle_epochs=20, most_epochs=200)
NAMES = list(pages.NAMES.values())

pytestmark = pytest.mark.usefixtures("workspace")


@pytest.fixture
def trained(digits_network, monkeypatch):
    """Training gives the same network at once, another initialisation scale excepted, with which it fails."""
    calls = []

    def train(dataset, seed, recipe):
        calls.append((seed, recipe))
        if recipe.initial_scale == 2:
            raise NotInterpolating("digits: training accuracy 0.9")
        return replace(digits_network, record=digits_network.record | {"recipe": json.dumps(asdict(recipe))})

    monkeypatch.setattr(experiment, "train", train)
    monkeypatch.setattr(training_run, "train", train)
    return calls


@pytest.fixture
def minimum(digits, digits_network):
    minimum = Minimum("digits", 0)
    minimum.data, minimum.network = digits, digits_network
    return minimum


@pytest.fixture
def result(trained, monkeypatch):
    """Two factors, of which one has a variant that misses 100%."""
    monkeypatch.setattr(experiment, "DRAWS", (2, 3))
    return sensitivity("digits", factors=("batch_size", "initial_scale"), grid_size=3)


# The experiment -------------------------------------------------------------------------------------------------------


def test_variants_differ_from_the_default_in_one_factor():
    found = list(experiment.variants(5, DEFAULT, tuple(experiment.CHANGES)))
    assert [(factor, value) for factor, value, _, _ in found] == [
        ("seed", 6), ("seed", 7),
        ("batch_size", 16), ("batch_size", 256),
        ("learning_rate", 0.05), ("learning_rate", 0.2),
        ("initial_scale", 0.5), ("initial_scale", 2),
        ("width", 1 / 3), ("width", 2),
        ("extra_epochs", 10), ("extra_epochs", 30),
    ]  # fmt: skip
    for factor, value, seed, recipe in found:
        changed = {name: new for name, new in asdict(recipe).items() if new != asdict(DEFAULT)[name]}
        if factor == "seed":
            assert (seed, changed) == (value, {})
        elif factor == "learning_rate":
            assert (seed, changed) == (5, {"learning_rate": value, "final_rate": value / 5})
        else:
            assert (seed, changed) == (5, {factor: value}) and type(changed[factor]) is type(asdict(DEFAULT)[factor])


def test_the_search_steps_from_a_point_to_its_neighbours():
    centre = pd.DataFrame({"method": ["diag"], "lam": [0.5], "beta": [3.0]}, index=[7])
    points = experiment.neighbours(centre, math.log(2))
    expected = [(lam, beta) for lam in (0.25, 0.5, 1) for beta in (1.5, 3, 6)]
    np.testing.assert_allclose(points[["lam", "beta"]], expected, rtol=1e-12)
    assert set(points["method"]) == {"diag"}
    alone = experiment.neighbours(centre.assign(beta=math.inf), math.log(2))
    np.testing.assert_allclose(alone["lam"], [0.25, 0.5, 1], rtol=1e-12)
    assert np.isinf(alone["beta"]).all()


def test_every_row_is_what_its_columns_say(digits, digits_network, minimum):
    table = experiment.smallest_bounds(minimum, 4, 0.05)
    assert table["method"].tolist() == list(METHODS) and set(table["examples"]) == {len(digits.y_train)}
    x, y = torch.from_numpy(digits.x_train), torch.from_numpy(digits.y_train)
    trace, z = 0, x.double()
    for weight in digits_network.minimum:
        z1 = torch.cat([z, torch.ones(len(z), 1)], dim=1)
        trace += len(weight) * (z1**2).sum() / len(z)
        z = (z1 @ weight.double().T).relu()
    np.testing.assert_allclose(table["trace"], float(trace), rtol=1e-5)
    distance = sum(((a - b).double() ** 2).sum() for a, b in zip(digits_network.minimum, digits_network.initial))
    np.testing.assert_allclose(table["squared_distance"], float(distance), rtol=1e-6)
    for row in table.itertuples():
        layers = minimum.layers(row.method)
        assert row.kl == posteriors.kl_divergence(layers, [row.lam], [row.beta])[0]
        if row.method == "baseline":
            assert row.kl == pytest.approx(row.squared_distance / row.lam / 2, rel=1e-9) and np.isinf(row.beta)
        assert row.complexity == bounds.complexity(row.kl, len(y), 0.05)
        assert row.bound == 1 - row.accuracy + row.complexity
        draws, spread = gibbs.by_weight_sampling(
            digits_network.minimum, layers, row.lam, row.beta, x, y, stream("test", 0), 40
        )
        assert abs(row.accuracy - draws) < 4 * np.hypot(spread, row.accuracy_stderr)
    assert (table["epochs"] == len(json.loads(digits_network.record["history"]))).all()


def test_no_point_of_the_coarse_grid_is_better(digits, digits_network, minimum):
    table = experiment.smallest_bounds(minimum, 4, 0.05).set_index("method")
    x, y = torch.from_numpy(digits.x_train), torch.from_numpy(digits.y_train)
    better = 0
    for method in METHODS:
        points, layers = grid(method, 4), minimum.layers(method)
        lam, beta = points["lam"].to_numpy(), points["beta"].to_numpy()
        accuracy, _ = gibbs.by_local_reparametrisation(
            digits_network.minimum, layers, lam, beta, x, y, stream("test", 1)
        )
        coarse = 1 - accuracy + bounds.complexity(posteriors.kl_divergence(layers, lam, beta), len(y), 0.05)
        assert table.loc[method, "bound"] < coarse.min() + 4 * table.loc[method, "accuracy_stderr"]
        better += table.loc[method, "bound"] < coarse.min() - 4 * table.loc[method, "accuracy_stderr"]
    assert better, "the finer search finds something"


def test_the_choice_is_made_on_few_examples_and_the_number_comes_from_all(minimum, monkeypatch):
    seen = []
    estimate = gibbs.by_local_reparametrisation

    def spy(weights, layers, lam, beta, x, y, generator, label=""):
        seen.append((len(lam), len(x), generator.initial_seed()))
        return estimate(weights, layers, lam, beta, x, y, generator, label=label)

    monkeypatch.setattr(experiment.gibbs, "by_local_reparametrisation", spy)
    monkeypatch.setattr(experiment, "EXPLORED", 100)
    experiment.smallest_bounds(minimum, 3, 0.05)
    halved = experiment.HALVINGS
    assert [(points, n) for points, n, _ in seen] == [
        (3, 100), *halved * [(3, 100)], (1, 1437),
        (9, 100), *halved * [(9, 100)], (1, 1437),
        (9, 100), *halved * [(9, 100)], (1, 1437),
    ]  # fmt: skip
    exploring, evaluating = {s for _, n, s in seen if n == 100}, {s for _, n, s in seen if n == 1437}
    assert len(exploring) == len(evaluating) == 1, "the same noise for all methods"
    assert exploring != evaluating, "independent of the choice"


def test_weight_draws_are_at_the_default_networks_points(minimum):
    default = experiment.smallest_bounds(minimum, 3, 0.05).assign(factor="default", value=0)
    table = experiment.drawn(minimum, default, 0.05)
    assert table["value"].tolist() == [2] * 3 + [5] * 3 + [20] * 3 and set(table["factor"]) == {"draws"}
    for draws, rows in table.groupby("value"):
        for (_, row), (_, at) in zip(rows.iterrows(), default.iterrows()):
            same = ["method", "lam", "beta", "kl", "complexity", "epochs", "squared_distance"]
            assert row[same].tolist() == at[same].tolist()
            expected = gibbs.by_weight_sampling(
                minimum.network.minimum, minimum.layers(row["method"]), row["lam"], row["beta"], minimum.x, minimum.y,
                stream(f"{draws} weight draws", 0), draws,
            )  # fmt: skip
            assert (row["accuracy"], row["accuracy_stderr"]) == expected
            assert row["bound"] == 1 - row["accuracy"] + row["complexity"]


def test_each_variant_is_trained_as_it_says_and_a_missed_fit_is_a_row(trained, result):
    recipe = recipe_for("digits")
    changes = {"batch_size": 16}, {"batch_size": 256}, {"initial_scale": 0.5}
    variants = [replace(recipe, **change) for change in changes]
    assert trained == [(0, recipe), *((0, variant) for variant in variants), (0, replace(recipe, initial_scale=2.0))]
    counts = result.table.groupby(["factor", "value", "status"], sort=False).size().to_dict()
    assert counts == {
        ("default", 0, "fitted"): 3, ("draws", 2, "fitted"): 3, ("draws", 3, "fitted"): 3,
        ("batch_size", 16, "fitted"): 3, ("batch_size", 256, "fitted"): 3,
        ("initial_scale", 0.5, "fitted"): 3, ("initial_scale", 2, "not fitted"): 3,
    }  # fmt: skip
    missed = result.table["status"] == "not fitted"
    numbers = ["squared_distance", "trace", "lam", "beta", "accuracy", "kl", "complexity", "bound"]
    assert result.table.loc[missed, numbers].isna().all(axis=None) and result.table[~missed].notna().all(axis=None)
    assert set(result.table.loc[missed, "epochs"]) == {recipe.most_epochs}


def test_other_networks_leave_the_default_networks_file_alone(trained, result, workspace):
    stored = sorted(path.name for path in (workspace / "build" / "networks").iterdir())
    assert stored == ["digits-seed0.safetensors"]
    record = networks.load(workspace / "build" / "networks" / stored[0]).record
    assert json.loads(record["recipe"]) == asdict(recipe_for("digits"))
    sensitivity("digits", factors=("seed",), grid_size=2)
    assert [call for call in trained if call[0] in (1, 2)] == [(1, recipe_for("digits")), (2, recipe_for("digits"))]
    assert len(list((workspace / "build" / "networks").iterdir())) == 3


def test_fewer_factors_come_from_the_record(result, trained, monkeypatch):
    trained.clear()
    part = sensitivity("digits", factors=("batch_size",), grid_size=3)
    expected = result.table[result.table["factor"] != "initial_scale"].reset_index(drop=True)
    pd.testing.assert_frame_equal(part.table, expected, check_exact=True)
    assert trained == []
    records.freeze(result)
    assert sensitivity("digits", factors=("batch_size",), grid_size=3).state == "frozen"

    def load(name):
        raise AssertionError(f"{name} was loaded")

    monkeypatch.setattr(data, "load", load)
    with pytest.raises(AssertionError, match="digits was loaded"):
        sensitivity("digits", factors=("width",), grid_size=3)


def test_mistakes_are_refused_before_any_work(trained):
    with pytest.raises(ValueError, match="unknown factor 'depth'; valid: seed, batch_size, "):
        sensitivity("digits", factors=("width", "depth"))
    with pytest.raises(ValueError, match="unknown dataset 'mnist3'; valid: mnist2, "):
        sensitivity("mnist3")
    assert trained == []


# The chapter ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def made():
    """A result with numbers that are easy to follow: bounds 0.1 apart, one variant that was not fitted."""
    rows = []
    variants = [("default", 0, 100.0, 10.0, 0.50)]
    variants += [("seed", 1, 110.0, 11.0, 0.52), ("seed", 2, 105.0, 12.0, 0.51)]
    variants += [("batch_size", 16, 400.0, 13.0, 0.85), ("batch_size", 256, 50.0, 14.0, 0.40)]
    variants += [("learning_rate", 0.05, 90.0, 15.0, 0.45), ("learning_rate", 0.2, 200.0, 9.0, 0.6)]
    variants += [("width", 2.0, np.nan, np.nan, np.nan), ("width", 0.5, 101.0, 8.0, 0.49)]
    variants += [("extra_epochs", 10, 120.0, 10.5, 0.53), ("extra_epochs", 30, 150.0, 10.6, 0.55)]
    variants += [("draws", draws, 100.0, 10.0, 0.5) for draws in (2, 5, 20)]
    for factor, value, distance, trace, bound in variants:
        for method, extra in zip(METHODS, (0.2, 0.1, 0.0)):
            fitted = not np.isnan(bound)
            rows.append(
                {
                    "factor": factor, "value": value, "status": "fitted" if fitted else "not fitted", "epochs": 13,
                    "test_accuracy": 0.9, "squared_distance": distance, "trace": trace, "method": method,
                    "lam": (distance / 1000) ** (2 / 3), "beta": 0.1, "accuracy": 0.8,
                    "accuracy_stderr": 0.03 if factor == "draws" else 0.001, "kl": 1000 * (distance / 100) ** (1 / 3),
                    "examples": 1437, "complexity": bound + extra - 0.2, "bound": bound + extra,
                }
            )  # fmt: skip
    identity = records.Key("sensitivity", "digits", 0, {"recipe": asdict(DEFAULT)}, {"train": "x"}, "y")
    return records.Result(identity, pd.DataFrame(rows), {}, "computed")


def test_networks_has_a_row_each_and_bounds_by_method(made):
    table = pages.networks(made)
    assert len(table) == 11 and table["factor"].iloc[0] == "default"
    order = ["default", "seed", "batch_size", "learning_rate", "width", "extra_epochs"]
    assert list(dict.fromkeys(table["factor"])) == order
    small = table[(table["factor"] == "batch_size") & (table["value"] == 16)].iloc[0]
    assert small[NAMES].tolist() == pytest.approx([1.05, 0.95, 0.85]) and small["product"] == 400 * 13
    assert table[table["status"] == "not fitted"][[*NAMES, "product"]].isna().all(axis=None)
    shown = pages.networks_table(made)
    assert "not fitted" in set(shown["status"]) and shown["factor"].iloc[1] == "seed"
    fitted = replace(made, table=made.table[made.table["status"] == "fitted"])
    assert "status" not in pages.networks_table(fitted)


def test_ranges_include_the_default(made):
    table = pages.ranges(made).set_index("factor")
    assert table.loc["batch size", NAMES].tolist() == pytest.approx([0.45] * 3)
    assert table.loc["seed", NAMES].tolist() == pytest.approx([0.02] * 3)
    assert table.loc["batch size", "squared distance, ratio"] == 8
    assert table.loc["width", NAMES].tolist() == pytest.approx([0.01] * 3), "the default and one fit"
    assert plots.around_default(made, "learning_rate")["value"].unique().tolist() == [0.05, 0.1, 0.2]
    assert "scale of the initialisation" not in table.index


def test_rank_correlations_are_those_of_the_fitted_networks(made):
    table = pages.rank_correlations(made).set_index("predictor")
    fitted = made.table[(made.table["method"] == "diag") & (made.table["factor"] != "draws")].dropna()
    assert len(fitted) == 10
    for predictor, values in (
        ("squared distance", fitted["squared_distance"]),
        ("trace", fitted["trace"]),
        ("product", fitted["squared_distance"] * fitted["trace"]),
    ):
        ranks = [scipy.stats.rankdata(column) for column in (values, fitted["bound"])]
        assert table.loc[predictor, "Diag Hessian"] == pytest.approx(np.corrcoef(ranks)[0, 1])
    assert table.loc["squared distance", "Diag Hessian"] > 0.9 > table.loc["trace", "Diag Hessian"]


def test_deltas_are_by_the_theorems_formula(made):
    table = pages.deltas(made).set_index("delta")
    for delta, row in table.iterrows():
        expected = 1 - 0.8 + np.sqrt((1000 + np.log(2 * 1436 / delta)) / (2 * 1437))
        assert row[NAMES].tolist() == pytest.approx([expected] * 3)
    low, high = table.iloc[0, 0], table.iloc[-1, 0]
    facts = pages.delta_facts(made).data
    assert f"rise by {high - low:.2g} to {high - low:.2g}." in facts
    assert "the logarithm grows by 6.9, beside divergences of at least 1,000 nats" in facts  # ln(0.1 / 0.0001)


def test_the_sentences_follow_the_table(made):
    text = pages.findings(made).data
    assert "training missed 100% at width 2. There is no bound there." in text
    assert "for Baseline, the batch size (0.450; the seeds, 0.020)" in text and "batch size, by a factor of 8.0" in text
    counts = [(made.table.query("factor != 'draws' and method == @m")["bound"] < 0.9).sum() for m in METHODS]
    assert "0.9: {} with Baseline, {} with Diag Hessian, {} with Full L Hessian.".format(*counts) in text
    assert "Diag Hessian has a smaller bound than Baseline in 10 of 10 networks" in text
    assert "for Baseline the squared distance (" in text
    assert "Diag Hessian changes the bound of Baseline by -0.100; the seeds differ by 0.020" in text
    noise = pages.noise_facts(made).data
    assert (
        "batch size, the squared distance changes by a factor of 8.0, the best $\\lambda$ of Baseline by 4.0" in noise
    )
    assert "its divergence by 2.0" in noise and "rank correlation of 1.00" in noise
    draws = pages.draws_facts(made).data
    assert "is 0.03 for Baseline" in draws and "differ by 0.100" in draws and "that difference is 0.042." in draws
    late = pages.late_stop(made).data
    assert "on for 30 epochs after the first fit changes the squared distance by +50.0%" in late
    assert "Baseline by +0.0500" in late and f"up to {math.sqrt(0.8 * 0.2 / 1437):.4f}:" in late
    verdict = pages.verdict(made).data
    assert "in 10 of 10 networks. The order does not depend" in verdict
    assert "depends on the network for Baseline" in verdict
    assert "0.400 to 0.850 for Full L Hessian" in verdict and "changes by 0.200 from Baseline" in verdict
    assert "That is 0.450 to 0.450 from end to end" in verdict and "moves a bound more than the method does" in verdict


def test_the_verdict_turns_with_the_numbers(made):
    table = made.table.copy()
    table.loc[(table["factor"] == "seed") & (table["method"] == "diag"), "bound"] = 0.3
    table["bound"] = table["bound"].where(table["method"] != "baseline", table["bound"] + 2)
    text = pages.verdict(replace(made, table=table)).data
    assert "in 8 of 10 networks. The order depends on the recipe." in text
    assert "changes by 2.200 from" in text and "moves a bound less than the method does" in text
    narrow = table.assign(bound=table["bound"].where(table["factor"] != "width", -9))
    assert pages.verdict(replace(made, table=narrow)).data.endswith(text[text.index("- **Level**") :]), "not the width"
    same = table.assign(bound=table["bound"] + 5)
    assert "is the same for all networks" in pages.verdict(replace(made, table=same)).data


def test_the_figures_show_every_bound(made):
    figure = plots.bounds_by_factor(made)
    lines = {line.get_gid(): line for axis in figure.axes for line in axis.get_lines() if line.get_gid()}
    assert len(lines) == 5 * 3
    assert lines["batch_size-layerwise"].get_ydata().tolist() == [0.85, 0.50, 0.40]
    assert lines["width-layerwise"].get_ydata()[:2].tolist() == [0.49, 0.50]
    ticks = {axis.get_xlabel(): [tick.get_text() for tick in axis.get_xticklabels()] for axis in figure.axes}
    assert ticks["Batch size"] == ["16", "64", "256"] and ticks["Epochs after the first fit"] == ["0", "10", "30"]
    assert sum(text.get_text() == "not fitted" for axis in figure.axes for text in axis.texts) == 1

    fitted = pages.networks(made).query("status == 'fitted'")
    figure = plots.predictors(made, fitted, pages.rank_correlations(made))
    for axis in figure.axes:
        assert sum(len(points.get_offsets()) for points in axis.collections) == 3 * 10
        hollow = [points for points in axis.collections if len(points.get_facecolors()) == 0]
        assert sum(len(points.get_offsets()) for points in hollow) == (fitted[NAMES] >= 0.9).sum().sum() > 0

    (axis,) = plots.weight_draws(made).axes
    assert [tick.get_text() for tick in axis.get_xticklabels()] == ["2", "5", "20"]
    assert sum(len(container[0].get_ydata()) for container in axis.containers) == 9
    plt.close("all")
