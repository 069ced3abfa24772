"""What a chapter shows is what the results hold."""

import base64
import io
import itertools
import re
from dataclasses import replace

import matplotlib
import numpy as np
import pandas as pd
import pytest
from sweep_results import METHODS, result

from paper import digest
from paper.experiments.accuracy_vs_complexity.figure import fronts, fronts_over_seeds
from paper.experiments.accuracy_vs_complexity.words import (
    best_bounds,
    bounds_over_seeds,
    complexity_at,
    ratios_over_seeds,
    sweep_facts,
    verdicts,
)
from paper.experiments.curvature_spectra.figure import spectra_of_layers
from paper.experiments.curvature_spectra.words import dataset_facts, layer_facts
from paper.experiments.training_run.figure import training_curve
from paper.experiments.training_run.words import training_facts
from paper.show.text import derivation_provenance, download, provenance, table

matplotlib.use("Agg")

CHANCE = {"mnist2": 0.5, "cifar10": 0.9, "digits": 0.9, "cifar5": 0.8}  # the error of guessing


@pytest.fixture(params=[1, 2, 4])
def results(request):
    return [result(name) for name in ("mnist2", "cifar10", "digits", "cifar5")[: request.param]]


@pytest.fixture(autouse=True)
def closed_figures():
    yield
    matplotlib.pyplot.close("all")


# Tables and links -----------------------------------------------------------------------------------------------------


def test_best_bounds_are_the_smallest_sums(results):
    found = best_bounds(results)
    pairs = [(r.key.dataset, method) for r in results for method in METHODS]
    for (dataset, method), row in zip(pairs, found.to_dict("records"), strict=True):
        table, best = next(r.table for r in results if r.key.dataset == dataset), None
        for point in table.to_dict("records"):
            bound = 1 - point["accuracy"] + point["complexity"]
            if point["method"] == method and (best is None or bound < best["bound"]):
                best = point | {"bound": bound}
        best |= {"chance": pytest.approx(CHANCE[dataset])}
        assert row == {name: best[name] for name in row}


def test_bounds_and_ratios_over_seeds():
    seeds = [result("mnist2"), result("mnist2"), result("digits")]
    seeds[1].table["accuracy"] = seeds[1].table["accuracy"] ** 2
    for r in seeds:  # at least one point of each method is perfect, so that all levels are reached
        r.table.loc[r.table.groupby("method")["complexity"].idxmax(), "accuracy"] = 1.0
    table = bounds_over_seeds(seeds)
    singles = [best_bounds([r]).set_index("method")["bound"] for r in seeds]
    assert list(table["dataset"]) == ["mnist2"] * 3 + ["digits"] * 3 and list(table["seeds"]) == [2] * 3 + [1] * 3
    for _, row in table.head(3).iterrows():
        pair = [single[row["method"]] for single in singles[:2]]
        assert row["mean"] == pytest.approx(np.mean(pair)) and row["standard deviation"] == pytest.approx(
            np.std(pair, ddof=1)
        )
        assert (row["smallest"], row["largest"]) == (min(pair), max(pair)) and row["chance"] == 0.5
    ratios = ratios_over_seeds(seeds).set_index(["dataset", "accuracy"])["diag / baseline"]
    at = [complexity_at([r])["diag / baseline"] for r in seeds]
    pair = np.array([at[0][0], at[1][0]])
    assert (
        ratios.iloc[0] == f"{pair.mean():.3f}\N{NO-BREAK SPACE}±\N{NO-BREAK SPACE}{pair.std(ddof=1):.3f}"
        and ratios.iloc[4] == f"{at[2][0]:.3f}"
    )


def test_sweep_facts_count_the_points(results):
    for r in results:
        r.table["accuracy_stderr"] = 0.01
        r.table.loc[r.table.index[:2], ["evaluated", "accuracy_stderr"]] = [12, 0.5]
        r.table.loc[r.table.index[:2], "point"] = "grid"
    shown = sweep_facts(results).data
    assert shown.count("| 60 | Baseline | 2 | 4 | 0.01 |") == len(results) and "4,096 examples" in shown
    assert shown.count("| Diag Hessian | 0 | 6 | 0.01 |") == len(results)


def test_points_that_were_only_explored_are_not_quoted(results):
    best = best_bounds(results)
    for r in results:
        chosen = r.table["accuracy"].isin(best["accuracy"])
        r.table.loc[chosen, ["evaluated", "point"]] = [59, "grid"]
    assert not set(best_bounds(results)["accuracy"]) & set(best["accuracy"])
    least = complexity_at(results, (0.0,))
    explored = pd.concat(r.table[r.table["evaluated"] == 59] for r in results)["complexity"]
    assert not set(least[list(METHODS)].to_numpy().ravel()) & set(explored)


@pytest.mark.parametrize("order", [METHODS, METHODS[::-1], METHODS[1:]])
def test_complexity_at_equal_accuracy(results, order):
    results = [replace(r, table=pd.concat(r.table[r.table["method"] == m] for m in order)) for r in results]
    expected = []
    for r in results:
        for level in (0.3, 0.6, 0.99):
            accuracy = CHANCE[r.key.dataset] * level + 1 - CHANCE[r.key.dataset]
            row, points = {"dataset": r.key.dataset, "accuracy": accuracy}, r.table.to_dict("records")
            errors = {}
            for m in order:
                own = [p for p in points if p["method"] == m]
                on = sorted(
                    (p["accuracy"], p["complexity"])
                    for p in own
                    if not any(q["accuracy"] > p["accuracy"] and q["complexity"] < p["complexity"] for q in own)
                )
                (a, c), (b, d) = next(
                    (pair for pair in itertools.pairwise([(0.0, on[0][1]), *on]) if pair[1][0] >= accuracy),
                    [(0.0, np.nan), (1.0, np.nan)],
                )
                row[m] = c * (d / c) ** ((accuracy - a) / (b - a))
                errors[m] = 0.001 * np.log(d / c) / (b - a)
            for m in METHODS[1:]:
                if "baseline" in order:
                    row[f"{m} / baseline"] = row[m] / row["baseline"]
                    row[f"± {m}"] = row[f"{m} / baseline"] * np.hypot(errors[m], errors["baseline"])
            expected.append(row)
    found = complexity_at(results, (0.3, 0.6, 0.99))
    pd.testing.assert_frame_equal(found, pd.DataFrame(expected), check_like=True)


def test_verdicts_say_the_numbers_of_the_tables(results):
    best, items = best_bounds(results), verdicts(results).data.split("\n")
    assert len(items) == len(results)
    for item, r in zip(items, results):
        assert item.startswith(f"- **{r.key.dataset.capitalize()}**")
        ratios = complexity_at([r])
        for method, name in zip(METHODS, ("Baseline", "Diag Hessian", "Full L Hessian")):
            bound = best["bound"][(best["dataset"] == r.key.dataset) & (best["method"] == method)].item()
            assert (f"{name} {bound:.3f}" in item) == (bound < CHANCE[r.key.dataset])
            if method != "baseline":
                ratio = ratios[f"{method} / baseline"]
                assert f"{name} needs {ratio.min():.2f} to {ratio.max():.2f} times" in item
    nothing_good = replace(results[0], table=results[0].table.assign(complexity=2.0))
    assert "no point of any method has a sum below the error" in verdicts([nothing_good]).data


def test_facts_about_a_network_are_those_of_its_results():
    spectra = pd.DataFrame(
        [(1, 3.0, 5, 0.5), (1, 1.0, 5, 0.5), (2, 2.0, 4, 0.25), (2, 2.0, 4, 0.25), (2, 0.0, 4, 0.25)],
        columns=["layer", "eigenvalue", "neurons", "squared_distance"],
    )
    columns = ["epoch", "train_accuracy", "test_accuracy", "loss", "network"]
    course = pd.DataFrame([(9, 1.0, 0.875, 0.0123, "0123456789abcdef")], columns=columns)
    spectra, course = replace(result(), table=spectra), replace(result(), table=course)
    layers = layer_facts(spectra).to_numpy().tolist()
    assert layers == [[1, 2, 5, 4, 3, 16 / 10, 0.5], [2, 3, 4, 4, 2, 16 / 8, 0.25]]
    text = dataset_facts("mnist2", spectra).data
    assert "MNIST with its ten classes merged in order into 2; seed 0; 22 weights" in text and " 0.8." in text
    text = training_facts(course).data
    assert "after epoch 9 with training accuracy 1, test accuracy 0.8750 and mean cross-entropy 0.012 nats" in text
    assert text.endswith("The SHA-256 of its weights begins with `0123456789ab`.")


def test_a_table_is_shown_to_four_digits():
    frame = pd.DataFrame({"method": ["diag"], "bound": [0.123456], "beta": [np.inf], "epoch": [12345]})
    assert table(frame).data.split("\n") == [
        r"| method | bound | $\beta$ | epoch |", "| --- | --- | --- | --- |", "| Diag Hessian | 0.1235 | ∞ | 12,345 |"
    ]  # fmt: skip


@pytest.mark.parametrize(
    "value, shown",
    [(286049.0, "286,000"), (10471.3, "10,470"), (9876.5, "9876"), (4.0e-5, "4e-05"), (3e12, "3e+12"), (np.nan, "–")],
)
def test_numbers_in_a_table_read_like_numbers(value, shown):
    assert table(pd.DataFrame({"x": [value]})).data.split("\n")[-1] == f"| {shown} |"


def test_the_download_is_the_table(results):
    html = download(results, "points").data
    assert 'download="points.csv"' in html
    text = base64.b64decode(re.search(r'href="data:text/csv;base64,([^"]*)"', html)[1])
    found = pd.read_csv(io.BytesIO(text))
    pd.testing.assert_frame_equal(found, pd.concat([r.table for r in results], ignore_index=True), check_exact=True)


def test_provenance_shows_all_that_the_result_depends_on():
    html = provenance([result("mnist2"), result("cifar2", "computed")]).data
    for words in (
        "mnist2", "cifar2", "accuracy vs complexity", "recipe rate 0.1, passes 1", "abababababababab", "c0de", "83\u00a0s",
        "2026-01-02", "python 3.11.7, torch 2.14.1", "x86_64, cores 2", "frozen in results/", "computed on this",
    ):  # fmt: skip
        assert words in html
    assert "Stale" not in html and "STALE" not in html


def test_what_all_results_share_is_said_once():
    html = provenance([result("mnist2"), result("cifar2", "computed")]).data
    shared, each = html.split("</table>")[:2]
    assert html.count("c0de") == shared.count("c0de") == 1 and html.count("torch 2.14.1") == 1
    assert "mnist2" not in shared and each.count("<tr") == 3 and "computed on this machine" in each
    alone = provenance([result("mnist2")]).data
    assert alone.count("<table") == 1 and "mnist2" in alone


def test_a_stale_result_is_warned_of_above_the_provenance():
    html = provenance([result("mnist2"), result("cifar2", "stale")]).data
    warning, details = html.split("<details", 1)
    assert "Stale results" in warning and "accuracy_vs_complexity of cifar2." in warning and "mnist2" not in warning
    assert "STALE: frozen by other code" in details


def test_a_page_without_results_shows_its_own_provenance():
    html = derivation_provenance("pacbayes_curvature.bounds", delta=0.05).data
    for words in ("when it was executed", "delta 0.05", digest.of_modules("pacbayes_curvature.bounds"), "torch 2."):
        assert words in html


# Figures --------------------------------------------------------------------------------------------------------------


def in_columns(results):
    """In the order of the panels: row by row, where the first half of the results is the left column."""
    rows = len(results) if len(results) < 3 else -(-len(results) // 2)
    left, right = results[:rows], results[rows:]
    return [r for pair in itertools.zip_longest(left, right) for r in pair if r is not None]


def test_figure_3_draws_each_front_and_both_vacuity_lines(results):
    classes = [{"mnist2": 2, "cifar10": 10, "digits": 10, "cifar5": 5}[r.key.dataset] for r in results]
    figure = fronts(results, classes)
    axes = figure.axes
    assert [axis.get_title() for axis in axes if axis.axison] == [
        r.key.dataset.capitalize() for r in in_columns(results)
    ]
    axes = {axis.get_title(): axis for axis in axes}
    axes = [axes[r.key.dataset.capitalize()] for r in results]
    for axis, r, c in zip(axes, results, classes):
        lines = {line.get_label(): line for line in axis.get_lines() if not line.get_label().startswith("_")}
        assert set(lines) == {
            "Baseline",
            "on the test set",
            "Diag Hessian",
            "Full L Hessian",
            "bound = 1",
            "bound = chance",
        }
        tested = [line.get_xydata() for line in axis.get_lines() if line.get_label() in ("_", "on the test set")]
        rings = {tuple(line.get_xydata()[0]) for line in axis.get_lines() if line.get_label() == "_ring"}
        for method, label, at_test in zip(METHODS, ("Baseline", "Diag Hessian", "Full L Hessian"), tested, strict=True):
            points = r.table[(r.table["method"] == method) & r.table["pareto"]].sort_values("complexity")
            np.testing.assert_array_equal(lines[label].get_xydata(), points[["accuracy", "complexity"]])
            np.testing.assert_array_equal(at_test, np.c_[1 - points["test_error"], points["complexity"]])
            counted = r.table[(r.table["method"] == method) & ~r.table["point"].str.startswith("grid")]
            best = counted.loc[(counted["complexity"] - counted["accuracy"]).idxmin()]
            assert (best["accuracy"], best["complexity"]) in rings
        assert len(rings) <= len(METHODS)
        for label, error in (("bound = 1", 1), ("bound = chance", 1 - 1 / c)):
            x, y = lines[label].get_xydata().T
            np.testing.assert_allclose(1 - x + y, error)
        assert axis.get_xlim()[0] < 1 / c and axis.get_xlim()[1] > 1
        shown = [lines[label] for label in ("Baseline", "Diag Hessian", "Full L Hessian")]
        assert len({line.get_marker() + line.get_color() for line in shown}) == 3
    assert "accuracy" in figure.get_supxlabel() and "Complexity" in figure.get_supylabel()
    key = {text.get_text() for legend in figure.legends for text in legend.get_texts()}
    assert bool(key) == (len(results) > 2), "where panels are small, the names stand above them"
    named = key or {text.get_text().replace("\n", " ") for axis in axes for text in axis.texts}
    assert named == set(lines)
    for axis, r, c in zip(axes, results, classes):  # each front is seen up to 99% of the way to perfect by some method
        front = r.table[r.table["pareto"] & (r.table["accuracy"] >= 1 / c + 0.99 * (1 - 1 / c))]
        wanted = front["complexity"].min() if len(front) else r.table.loc[r.table["pareto"], "complexity"].max()
        assert axis.get_ylim() == (0, pytest.approx(max(1.05, 1.1 * wanted)))


def test_every_seed_has_its_fronts():
    several = {"mnist2": [result("mnist2"), result("mnist2")], "cifar10": [result("cifar10")]}
    axes = fronts_over_seeds(several, [2, 10]).axes
    assert [axis.get_title() for axis in axes] == ["Mnist2", "Cifar10"]
    for axis, results in zip(axes, several.values()):
        drawn = [line.get_xydata() for line in axis.get_lines()[: 3 * len(results)]]
        wanted = [
            rows.sort_values("complexity")[["accuracy", "complexity"]].to_numpy()
            for r in results
            for _, rows in r.table[r.table["pareto"]].groupby("method", sort=False)
        ]
        assert len(drawn) == len(wanted) and all(map(np.array_equal, drawn, wanted))
    named = {text.get_text().replace("\n", " ") for axis in axes for text in axis.texts}
    assert named == {"Baseline", "Diag Hessian", "Full L Hessian", "bound = 1", "bound = chance"}


def test_the_training_curve_draws_loss_and_errors():
    table = pd.DataFrame(
        [(1, 1.0, 0.5, 0.5), (2, 0.5, 0.75, 0.7), (3, 0.1, 1.0, 0.9)],
        columns=["epoch", "loss", "running_accuracy", "test_accuracy"],
    )
    upper, lower = training_curve(replace(result(), table=table)).axes
    assert upper.get_lines()[0].get_ydata().tolist() == [1.0, 0.5, 0.1] and "nats" in upper.get_ylabel()
    drawn = {line.get_label(): line.get_ydata().tolist() for line in lower.get_lines()}
    without_zero = [0.5, 0.25]
    assert drawn == {
        "training set, during the epoch": without_zero,
        "test set, after it": pytest.approx([0.5, 0.3, 0.1]),
    }
    assert lower.get_xlabel() == "Epoch" and "Error" in lower.get_ylabel()


def test_the_spectra_are_drawn_layer_by_layer():
    rows = [(l, i, l * 10.0 / i, l * 5.0 / i) for l in (1, 2, 3) for i in (1, 2, 3, 4)]
    table = pd.DataFrame(rows, columns=["layer", "index", "eigenvalue", "diagonal"])
    axes = spectra_of_layers(replace(result(), table=table)).axes
    assert [axis.get_title() for axis in axes] == ["Layer 1", "Layer 2", "Layer 3"]
    for layer, axis in enumerate(axes, start=1):
        eigenvalues, diagonal = axis.get_lines()
        assert eigenvalues.get_ydata().tolist() == [layer * 10.0 / i for i in (1, 2, 3, 4)]
        assert diagonal.get_ydata().tolist() == [layer * 5.0 / i for i in (1, 2, 3, 4)]
        assert "H_l" in axis.get_ylabel()
    assert axes[-1].get_xlabel() == "Rank"
