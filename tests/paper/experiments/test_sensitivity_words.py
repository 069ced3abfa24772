"""What the chapter on sensitivity shows."""

import math
from dataclasses import asdict, replace

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import scipy.stats

from paper.experiments.grid import PAPERS_METHODS
from paper.experiments.sensitivity import words
from paper.experiments.sensitivity.figure import around_default, bounds_by_factor, predictors, weight_draws
from paper.networks.training import Recipe
from paper.results import records
from paper.show.counts import how_many

DEFAULT = Recipe(learning_rate=0.1, final_rate=0.02, batch_size=64, cycle_epochs=20, most_epochs=200)


NAMES = list(words.NAMES.values())


pytestmark = pytest.mark.usefixtures("workspace")


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
        for method, extra in zip(PAPERS_METHODS, (0.2, 0.1, 0.0)):
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
    table = words.networks(made)
    assert len(table) == 11 and table["factor"].iloc[0] == "default"
    order = ["default", "seed", "batch_size", "learning_rate", "width", "extra_epochs"]
    assert list(dict.fromkeys(table["factor"])) == order
    small = table[(table["factor"] == "batch_size") & (table["value"] == 16)].iloc[0]
    assert small[NAMES].tolist() == pytest.approx([1.05, 0.95, 0.85]) and small["product"] == 400 * 13
    assert table[table["status"] == "not fitted"][[*NAMES, "product"]].isna().all(axis=None)
    shown = words.networks_table(made)
    assert "not fitted" in set(shown["status"]) and shown["factor"].iloc[1] == "seed"
    fitted = replace(made, table=made.table[made.table["status"] == "fitted"])
    assert "status" not in words.networks_table(fitted)


def test_ranges_include_the_default(made):
    table = words.ranges(made).set_index("factor")
    assert table.loc["batch size", NAMES].tolist() == pytest.approx([0.45] * 3)
    assert table.loc["seed", NAMES].tolist() == pytest.approx([0.02] * 3)
    assert table.loc["batch size", "squared distance, ratio"] == 8
    assert table.loc["width", NAMES].tolist() == pytest.approx([0.01] * 3), "the default and one fit"
    assert around_default(made, "learning_rate")["value"].unique().tolist() == [0.05, 0.1, 0.2]
    assert "scale of the initialisation" not in table.index


def test_rank_correlations_are_those_of_the_fitted_networks(made):
    table = words.rank_correlations(made).set_index("predictor")
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
    table = words.deltas(made).set_index("delta")
    for delta, row in table.iterrows():
        expected = 1 - 0.8 + np.sqrt((1000 + np.log(2 * 1436 / delta)) / (2 * 1437))
        assert row[NAMES].tolist() == pytest.approx([expected] * 3)
    low, high = table.iloc[0, 0], table.iloc[-1, 0]
    facts = words.delta_facts(made).data
    assert f"rise by {high - low:.2g}." in facts
    assert "the logarithm grows by 6.9, beside divergences of at least 1,000 nats" in facts  # ln(0.1 / 0.0001)


def test_the_sentences_follow_the_table(made):
    text = words.findings(made).data
    assert "training missed 100% at width 2. There is no bound there." in text
    assert (
        "the batch size, with every method, Baseline (0.450; the seeds, 0.020)" in text
        and "batch size, by a factor of 8.0" in text
    )
    counts = [(made.table.query("factor != 'draws' and method == @m")["bound"] < 0.9).sum() for m in PAPERS_METHODS]
    few = [how_many([place < count for place in range(10)], "networks") for count in counts]
    assert "0.9, in {} with Baseline, in {} with Diag Hessian, in {} with Full L Hessian.".format(*few) in text
    assert "Diag Hessian has a smaller bound than Baseline in all 10 networks" in text
    assert "the one that ranks the smallest bounds best is the squared distance, with every method." in text
    assert "Diag Hessian changes the bound of Baseline by -0.100; the seeds differ by 0.020" in text
    noise = words.noise_facts(made).data
    assert (
        "batch size, the squared distance changes by a factor of 8.0, the best $\\lambda$ of Baseline by 4.0" in noise
    )
    assert "its divergence by 2.0" in noise and "rank correlation of 1.00" in noise
    draws = words.draws_facts(made).data
    assert "is 0.03 for Baseline" in draws and "differ by 0.100" in draws and "that difference is 0.042." in draws
    late = words.late_stop(made).data
    assert "on for 30 epochs after the first fit changes the squared distance by +50.0%" in late
    assert "Baseline by +0.0500" in late and f"up to {math.sqrt(0.8 * 0.2 / 1437):.4f}:" in late
    verdict = words.verdict(made).data
    assert "in all 10 networks. The order does not depend" in verdict
    assert "depends on the network for Baseline" in verdict
    assert "0.400 to 0.850 for Full L Hessian" in verdict and "changes by 0.200 from Baseline" in verdict
    assert "That is 0.450 from end to end for each method, where" in verdict
    assert "moves a bound more than the method does" in verdict


def test_the_verdict_turns_with_the_numbers(made):
    table = made.table.copy()
    table.loc[(table["factor"] == "seed") & (table["method"] == "diag"), "bound"] = 0.3
    table["bound"] = table["bound"].where(table["method"] != "baseline", table["bound"] + 2)
    text = words.verdict(replace(made, table=table)).data
    assert "in 8 of the 10 networks. The order depends on the recipe." in text
    assert "changes by 2.200 from" in text and "moves a bound less than the method does" in text
    narrow = table.assign(bound=table["bound"].where(table["factor"] != "width", -9))
    assert (
        "That is 0.450 to 0.500 from end to end, where" in words.verdict(replace(made, table=uneven(made.table))).data
    )
    assert words.verdict(replace(made, table=narrow)).data.endswith(text[text.index("- **Level**") :]), "not the width"
    same = table.assign(bound=table["bound"] + 5)
    assert "is the same for all networks" in words.verdict(replace(made, table=same)).data


def uneven(table):
    """With a baseline 0.05 further from end to end."""
    far = (table["method"] == "baseline") & (table["factor"] == "batch_size") & (table["value"] == 16)
    return table.assign(bound=table["bound"].where(~far, table["bound"] + 0.05))


@pytest.mark.parametrize("epochs, said", [(1, "on for one epoch after"), (2, "on for 2 epochs after")])
def test_one_epoch_more_is_singular(made, epochs, said):
    late = made.table["factor"] == "extra_epochs"
    table = made.table[~(late & (made.table["value"] == 10))].replace({"value": {30: epochs}})
    assert said in words.late_stop(replace(made, table=table)).data


def test_a_range_of_one_number_has_no_two_ends(made):
    flat = made.table.assign(bound=made.table["method"].map(dict(zip(PAPERS_METHODS, (0.7, 0.6, 0.5)))))
    text = words.verdict(replace(made, table=flat)).data
    assert "the smallest bounds are 0.700 for Baseline, 0.600 for Diag Hessian and 0.500 for Full L Hessian." in text
    assert "That is 0.000 from end to end for each method" in text


def test_the_figures_show_every_bound(made):
    figure = bounds_by_factor(made)
    lines = {line.get_gid(): line for axis in figure.axes for line in axis.get_lines() if line.get_gid()}
    assert len(lines) == 5 * 3
    assert lines["batch_size-layerwise"].get_ydata().tolist() == [0.85, 0.50, 0.40]
    assert lines["width-layerwise"].get_ydata()[:2].tolist() == [0.49, 0.50]
    ticks = {axis.get_xlabel(): [tick.get_text() for tick in axis.get_xticklabels()] for axis in figure.axes}
    assert ticks["Batch size"] == ["16", "64", "256"] and ticks["Epochs after the first fit"] == ["0", "10", "30"]
    assert sum(text.get_text() == "not fitted" for axis in figure.axes for text in axis.texts) == 1

    fitted = words.networks(made).query("status == 'fitted'")
    figure = predictors(made, fitted, words.rank_correlations(made))
    for axis in figure.axes:
        assert sum(len(points.get_offsets()) for points in axis.collections) == 3 * 10
        hollow = [points for points in axis.collections if len(points.get_facecolors()) == 0]
        assert sum(len(points.get_offsets()) for points in hollow) == (fitted[NAMES] >= 0.9).sum().sum() > 0

    (axis,) = weight_draws(made).axes
    assert [tick.get_text() for tick in axis.get_xticklabels()] == ["2", "5", "20"]
    assert sum(len(container[0].get_ydata()) for container in axis.containers) == 9
    plt.close("all")
