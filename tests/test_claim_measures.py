"""Every measure of the claims tells apart the cases that its verdicts name."""

import importlib
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from claim_tables import DELTA, LAM, LEVELS, N, curve, spectra, tables, two_minima

from pacbayes_curvature import bounds, posteriors
from pacbayes_curvature.claim_curves import NotSettled, complexities, log_ratios, points, smallest
from pacbayes_curvature.claim_measures import MEASURES

figure_2 = importlib.import_module("pacbayes_curvature.experiments.lower_bound")


def find(name, given, **arguments):
    finding = MEASURES[name](given, **arguments)
    assert finding.sentence.endswith(".")
    return finding.verdict, finding.value


def verdict(name, given, **arguments):
    return find(name, given, **arguments)[0]


# The curves. With slope 2 and two classes the smallest bound is 0.27 for the scale 0.1, 0.75 for 0.3, 1 for 0.5 -------


def test_complexity_at_equal_accuracy_is_the_curves_own():
    """ln of these curves is linear in the accuracy, so that interpolation is exact."""
    logs = complexities(points(tables(curve(scale=0.1)), ["baseline"], ["mnist2"]), LEVELS)
    for level in LEVELS:
        assert np.exp(logs[("mnist2", 0, "baseline", level)]) == pytest.approx(0.1 * np.exp(2 * level / 2), rel=1e-12)


def test_points_off_the_front_and_points_explored_do_not_count():
    good, bad, explored = curve(scale=0.1), curve(scale=0.3), curve(scale=0.01, evaluated=4096)
    given = tables(pd.concat([good.assign(evaluated=N), bad.assign(evaluated=N), explored]))
    table = points(given, ["baseline"], ["mnist2"])
    assert len(table) == 2 * len(LAM)
    np.testing.assert_allclose(
        complexities(table, LEVELS), complexities(points(tables(good), ["baseline"], ["mnist2"]), LEVELS)
    )
    assert smallest(table)["bound"].item() == pytest.approx(0.1 * math.e)


def test_levels_above_a_curve_are_left_out_and_two_are_needed():
    low = curve("diag", scale=0.05, top=0.8)
    ratio = log_ratios(tables(curve(), low), "diag", "baseline", ["mnist2"], LEVELS)
    assert ratio.index.get_level_values("level").tolist() == [0.25, 0.5]
    np.testing.assert_allclose(ratio, math.log(0.5))
    for top in (0.7, 0.55):
        with pytest.raises(NotSettled, match=r"diag and baseline share [01] levels of accuracy on mnist2, seed 0"):
            log_ratios(tables(curve(), curve("diag", top=top)), "diag", "baseline", ["mnist2"], LEVELS)


def test_only_common_seeds_are_compared():
    given = tables(curve(seed=0), curve(seed=1), curve("fisher_diagonal", seed=1, scale=0.05))
    ratio = log_ratios(given, "baseline", "fisher_diagonal", ["mnist2"], LEVELS)
    assert set(ratio.index.get_level_values("seed")) == {1}
    with pytest.raises(NotSettled, match="have no seed of mnist2 in common"):
        log_ratios(
            tables(curve(seed=0), curve("fisher_diagonal", seed=2)), "baseline", "fisher_diagonal", ["mnist2"], LEVELS
        )


@pytest.mark.parametrize(
    "given, message",
    [
        ({}, "needs accuracy_vs_complexity"),
        (tables(curve("diag")), "accuracy_vs_complexity of mnist2 has no baseline"),
        (tables(curve(dataset="mnist5")), "accuracy_vs_complexity of mnist2 has no baseline"),
        (tables(curve().drop(columns="kl")), "accuracy_vs_complexity has no column kl"),
    ],
)
def test_what_a_curve_lacks_is_named(given, message):
    with pytest.raises(NotSettled, match=message):
        points(given, ["baseline"], ["mnist2"])


# The sides of a line -------------------------------------------------------------------------------------------------

SIDE = dict(datasets=["mnist2"], curves=["baseline", "diag"], line="chance", points="best", wanted="below", noise=4)


@pytest.mark.parametrize(
    "scales, changes, expected",
    [
        ((0.1, 0.1), {}, ("reproduced", 1.0)),
        ((0.1, 0.3), {}, ("partly", 0.5)),
        ((0.3, 0.3), {}, ("not", 0.0)),
        ((0.3, 0.3), {"wanted": "not below"}, ("reproduced", 1.0)),
        ((0.1, 0.3), {"wanted": "not below"}, ("partly", 0.5)),
        ((0.1, 0.1), {"wanted": "not below"}, ("not", 0.0)),
        ((0.3, 0.3), {"line": "one"}, ("reproduced", 1.0)),
        ((0.5, 0.5), {"line": "one"}, ("not", 0.0)),
    ],
)
def test_sides_of_the_line(scales, changes, expected):
    given = tables(curve("baseline", scale=scales[0]), curve("diag", scale=scales[1]))
    assert find("sides", given, **SIDE | changes) == expected


def test_sides_of_all_points():
    """Guessing has the bound 0.5 + complexity: never below chance. A curve that begins above it is wholly below."""
    whole, upper = curve(scale=0.1), curve(scale=0.1).query("accuracy > 0.7")
    arguments = SIDE | {"curves": ["baseline"], "points": "all"}
    assert verdict("sides", tables(whole), **arguments) == "partly"
    assert verdict("sides", tables(upper), **arguments) == "reproduced"
    assert verdict("sides", tables(curve(scale=0.5)), **arguments) == "not"


def test_a_bound_within_the_noise_of_the_line_is_not_below_it():
    margin = 0.5 - 0.1 * math.e
    for stderr, expected in ((0.24 * margin, "reproduced"), (0.26 * margin, "not")):
        assert verdict("sides", tables(curve(stderr=stderr)), **SIDE | {"curves": ["baseline"]}) == expected


@pytest.mark.parametrize(
    "method, lower, expected", [(0.3, 0.3, "reproduced"), (0.3, 0.1, "partly"), (0.1, 0.3, "partly"), (0.1, 0.1, "not")]
)
def test_in_line(method, lower, expected):
    given = tables(curve(dataset="cifar2", scale=method), curve("fisher_diagonal", dataset="cifar2", scale=lower))
    arguments = dict(datasets=["cifar2"], curves=["baseline"], lower="fisher_diagonal", line="chance", noise=4)
    assert verdict("in_line", given, **arguments) == expected


@pytest.mark.parametrize(
    "mnist, cifar, expected", [(0.1, 0.3, "reproduced"), (0.3, 0.1, "partly"), (0.1, 0.1, "not"), (0.3, 0.3, "not")]
)
def test_both_kinds(mnist, cifar, expected):
    given = tables(curve("fisher_diagonal", scale=mnist), curve("fisher_diagonal", dataset="cifar2", scale=cifar))
    assert (
        verdict("both_kinds", given, pairs=[["mnist2", "cifar2"]], lower="fisher_diagonal", line="chance", noise=4)
        == expected
    )


@pytest.mark.parametrize(
    "methods, lower, expected",
    [
        ((0.105, 0.105), (0.1, 0.1), "reproduced"),
        ((0.105, 0.15), (0.1, 0.1), "partly"),  # a gap of 50% on one
        ((0.15, 0.15), (0.1, 0.1), "partly"),  # on both, but below chance
        ((0.105, 0.3), (0.1, 0.1), "partly"),
        ((0.105, 0.3), (0.1, 0.3), "reproduced"),  # where the curve does not go below, nothing is asked
        ((0.3, 0.3), (0.1, 0.1), "not"),
        ((0.1, 0.1), (0.3, 0.3), "not"),
    ],
)
def test_reached(methods, lower, expected):
    datasets = ["mnist2", "cifar2"]
    given = tables(
        *[curve("diag", dataset=name, scale=scale) for name, scale in zip(datasets, methods)],
        *[curve(dataset=name, scale=0.4) for name in datasets],
        *[curve("fisher_diagonal", dataset=name, scale=scale) for name, scale in zip(datasets, lower)],
    )
    arguments = dict(curves=["baseline", "diag"], lower="fisher_diagonal", line="chance", noise=4, gap=0.1)
    assert verdict("reached", given, datasets=datasets, **arguments) == expected


# Ratios ---------------------------------------------------------------------------------------------------------------

BETTER = dict(better="diag", worse="baseline", reduction=0.1, least=0.05, spreads=2)


@pytest.mark.parametrize("measure", ["improvement", "smaller_bound"])
@pytest.mark.parametrize(
    "ratios, expected",
    [
        ((0.8, 0.89), "reproduced"),
        ((0.8, 0.92), "partly"),
        ((0.92, 1.3), "partly"),
        ((0.96, 1.0), "not"),
        ((1.1, 1.2), "not"),
    ],
)
def test_improvement(measure, ratios, expected):
    datasets = ["mnist2", "cifar2"]
    given = tables(
        *[curve(dataset=name, scale=0.1) for name in datasets],
        *[curve("diag", dataset=name, scale=0.1 * ratio) for name, ratio in zip(datasets, ratios)],
    )
    levels = {"levels": LEVELS} if measure == "improvement" else {}
    found, value = find(measure, given, datasets=datasets, **levels, **BETTER)
    assert found == expected and value == pytest.approx(max(ratios))


@pytest.mark.parametrize("measure", ["improvement", "smaller_bound"])
def test_an_improvement_within_the_spread_over_seeds_is_none(measure):
    """Ratios a and 1/a times 0.8: with four seeds, two standard errors of ln(ratio) are 2 ln(a) / sqrt(3)."""
    levels = {"levels": LEVELS} if measure == "improvement" else {}
    for spread, expected in ((0.9, "reproduced"), (1.1, "partly"), (1.7, "not")):
        a = (0.9 / 0.8) ** (spread * math.sqrt(3) / 2)
        pairs = [(curve(seed=s), curve("diag", seed=s, scale=0.08 * (a if s % 2 else 1 / a))) for s in range(4)]
        given = tables(*[table for pair in pairs for table in pair])
        assert verdict(measure, given, datasets=["mnist2"], **levels, **BETTER) == expected


def test_an_improvement_that_is_a_loss_at_one_level_is_partial():
    steep = curve("diag", scale=0.05, slope=3.6)  # 1.12 times the baseline's complexity at the level 0.95, 0.61 at 0.25
    assert verdict("improvement", tables(curve(), steep), datasets=["mnist2"], levels=LEVELS, **BETTER) == "partly"


@pytest.mark.parametrize(
    "scales, expected",
    [((0.097, 0.05), "reproduced"), ((0.08, 0.05), "partly"), ((0.07, 0.05), "not"), ((0.2, 0.05), "reproduced")],
)
def test_little_improvement(scales, expected):
    given = tables(curve(), curve("diag", scale=scales[0]), curve("layerwise", scale=scales[1]))
    assert verdict("little_improvement", given, datasets=["mnist2"], curves=["diag"], gap=0.1, wide=0.25) == expected
    assert (
        verdict("little_improvement", given, datasets=["mnist2"], curves=["diag", "layerwise"], gap=0.1, wide=0.25)
        == "not"
    )


@pytest.mark.parametrize(
    "scale, slope, expected",
    [(0.095, 2, "reproduced"), (0.105, 2, "reproduced"), (0.085, 2, "partly"), (0.12, 2, "partly"),
     (0.2, 2, "not"), (0.05, 2, "not"), (0.08, 2.6, "partly"), (0.07, 2.6, "not")],
)  # fmt: skip
def test_tightness_counts_both_directions_and_the_worst_level(scale, slope, expected):
    given = tables(curve(scale=0.1), curve("fisher_diagonal", scale=scale, slope=slope))
    arguments = dict(datasets=["mnist2"], curve="baseline", lower="fisher_diagonal", levels=LEVELS, gap=0.1, wide=0.25)
    assert verdict("tightness", given, **arguments) == expected


@pytest.mark.parametrize(
    "scale, slope, expected",
    [(0.085, 2, "reproduced"), (0.085, 2.4, "reproduced"), (0.07, 2, "partly"), (0.097, 2, "not"), (0.2, 2, "not")],
)
def test_crossing(scale, slope, expected):
    given = tables(curve("layerwise", scale=scale, slope=slope), curve("fisher_diagonal", scale=0.1))
    arguments = dict(
        datasets=["mnist2"], curve="layerwise", lower="fisher_diagonal", levels=LEVELS, least=0.05, slight=0.25
    )
    assert verdict("crossing", given, **arguments) == expected


@pytest.mark.parametrize(
    "scales, expected", [((0.1, 0.096), "reproduced"), ((0.1, 0.09), "partly"), ((0.05, 0.09), "not")]
)
def test_stays_below(scales, expected):
    given = tables(curve(scale=scales[0]), curve("diag", scale=scales[1]), curve("fisher_diagonal", scale=0.1))
    arguments = dict(
        datasets=["mnist2"], curves=["baseline", "diag"], lower="fisher_diagonal", levels=LEVELS, least=0.05
    )
    assert verdict("stays_below", given, **arguments) == expected


def improving(**gains):
    """The baseline and a layerwise curve with this improvement, for each data set; a list has an item for each seed."""
    curves = []
    for dataset, gain in gains.items():
        for seed, one in enumerate(np.atleast_1d(gain)):
            curves += [
                curve(dataset=dataset, seed=seed),
                curve("layerwise", dataset=dataset, seed=seed, scale=0.1 * (1 - one)),
            ]
    return tables(*curves)


@pytest.mark.parametrize(
    "gains, share, expected",
    [
        (dict(mnist2=0.1, cifar2=0.2, mnist5=0.1, cifar5=0.2), 1, "reproduced"),
        (dict(mnist2=0.1, cifar2=0.2, mnist5=0.1, cifar5=0.12), 1, "partly"),
        (dict(mnist2=0.1, cifar2=0.2, mnist5=0.2, cifar5=0.1), 1, "not"),
        (dict(mnist2=0.1, cifar2=0.1, mnist5=0.1, cifar5=0.1), 1, "not"),
        (dict(mnist2=0.2, cifar2=0.1, mnist5=0.2, cifar5=0.1), 1, "not"),
        (dict(mnist2=0.1, cifar2=0.2, mnist5=0.1, cifar5=0.12), 0.4, "reproduced"),
        (dict(mnist2=0.1, cifar2=0.2, mnist5=0.2, cifar5=0.1), 0.4, "not"),
    ],
)
def test_harder_more(gains, share, expected):
    arguments = dict(better="layerwise", worse="baseline", levels=LEVELS, share=share, margin=0.05, spreads=2)
    assert (
        verdict("harder_more", improving(**gains), pairs=[["mnist2", "cifar2"], ["mnist5", "cifar5"]], **arguments)
        == expected
    )


def test_a_difference_between_data_sets_within_the_spread_over_seeds_is_none():
    arguments = dict(
        pairs=[["mnist2", "cifar2"]],
        better="layerwise",
        worse="baseline",
        levels=LEVELS,
        share=1,
        margin=0.05,
        spreads=2,
    )
    assert verdict("harder_more", improving(mnist2=[0.1, 0.1], cifar2=[0.15, 0.25]), **arguments) == "not"
    assert verdict("harder_more", improving(mnist2=[0.1, 0.1], cifar2=[0.19, 0.21]), **arguments) == "reproduced"
    assert verdict("harder_more", improving(mnist2=0.1, cifar2=[0.15, 0.25]), **arguments) == "reproduced", (
        "no spread is known"
    )


# Others ---------------------------------------------------------------------------------------------------------------


def methods(**more):
    return [curve(name, **more) for name in posteriors.METHODS]


def test_the_minimiser_of_3_minimises_4_at_its_own_beta():
    """beta = 1/sqrt(8 N K), K = KL + ln(2 (N - 1)/delta): with it in the grid, nothing is lost. A slow twin without."""
    table = curve("diag", scale=0.1, slope=4.0)
    best = smallest(points(tables(table), ["diag"], ["mnist2"])).iloc[0]
    k = best["kl"] + math.log(2 * (N - 1) / DELTA)
    arguments = dict(datasets=["mnist2"], beta="grid", small=0.01, large=0.05)

    def with_betas(*betas):
        betas = np.resize(betas, len(LAM))
        return tables(
            table.assign(beta=betas),
            *[other.assign(beta=betas) for other in methods(scale=0.9) if other["method"][0] != "diag"],
        )

    assert find("objectives", with_betas(1 / math.sqrt(8 * N * k)), **arguments) == ("reproduced", 0)
    for beta in (1e-5, 1e-4):
        bound = (1 - table["accuracy"] + table["complexity"]).to_numpy()
        other = bound[np.argmin(1 - table["accuracy"] + beta * table["kl"])]
        assert find("objectives", with_betas(beta), **arguments)[1] == pytest.approx(other - bound.min(), abs=1e-15)
        assert find("objectives", with_betas(beta, 1 / math.sqrt(8 * N * k)), **arguments)[1] == 0


@pytest.mark.parametrize(
    "tolerance, expected", [((1.01, 2), "reproduced"), ((0.99, 2), "partly"), ((0.5, 0.99), "not")]
)
def test_objectives_against_the_tolerance(tolerance, expected):
    """With beta = 1/N, beta KL is 2 complexity^2 less a constant; complexity = 0.1 exp(3 a), a above guessing."""
    given, accuracy = tables(*methods(scale=0.1, slope=3.0)), np.linspace(0, 0.5, len(LAM))
    height = 0.1 * np.exp(3 * accuracy)
    loss = (height - accuracy)[np.argmin(2 * height**2 - accuracy)] - (height - accuracy).min()
    assert loss > 1e-4
    small, large = loss * np.array(tolerance)
    assert find("objectives", given, datasets=["mnist2"], beta="elbo", small=small, large=large) == (
        expected,
        pytest.approx(loss),
    )


@pytest.mark.parametrize(
    "tolerance, expected", [((1e-3, 1e-2), "reproduced"), ((1e-6, 1e-2), "partly"), ((1e-6, 1e-5), "not")]
)
def test_search_cost_is_that_of_the_union_bound(tolerance, expected):
    table = curve(scale=0.1)
    found, value = find(
        "search_cost", tables(table), datasets=["mnist2"], curve="baseline", small=tolerance[0], large=tolerance[1]
    )
    best = smallest(points(tables(table), ["baseline"], ["mnist2"])).iloc[0]
    union = bounds.complexity(best["kl"], N, DELTA / len(LAM))
    assert value == pytest.approx(union - best["complexity"], rel=1e-6) and found == expected


@pytest.mark.parametrize("accuracy, expected", [(1.0, "reproduced"), (0.9995, "partly"), (0.99, "not")])
def test_trained(accuracy, expected):
    """The last epoch counts, of the worst network."""
    runs = pd.DataFrame(
        {"dataset": "mnist2", "seed": [0, 0, 1, 1], "epoch": [2, 1, 1, 2], "train_accuracy": [1.0, 0.5, 1.0, accuracy]}
    )
    assert find("trained", {"training_run": runs}, datasets=["mnist2"], missed=0.001) == (
        expected,
        pytest.approx(1 - accuracy),
    )
    with pytest.raises(NotSettled, match="training_run has no cifar2"):
        find("trained", {"training_run": runs}, datasets=["mnist2", "cifar2"], missed=0.001)


@pytest.mark.parametrize(
    "near, far, expected",
    [((100,), (160,), "reproduced"), ((100,), (140,), "partly"), ((100,), (100,), "not"), ((100,), (50,), "not"),
     ((100, 100), (155, 165), "reproduced"), ((100, 100), (130, 190), "partly"), ((100, 100), (60, 260), "not")],
)  # fmt: skip
def test_farther(near, far, expected):
    given = {"curvature_spectra": pd.concat([spectra("mnist2", *near), spectra("cifar2", *far)])}
    assert verdict("farther", given, near="mnist2", far="cifar2", factor=1.5, spreads=2) == expected


@pytest.mark.parametrize("distance, expected", [(6.0, "reproduced"), (2.0, "partly"), (0.5, "not")])
def test_moved_mean(distance, expected):
    given = {"two_minima": two_minima(distance_original_optimised=distance)}
    assert find("moved_mean", given, datasets=["mnist2"], far=0.5, near=0.1) == (expected, pytest.approx(distance / 10))


@pytest.mark.parametrize(
    "changes, expected",
    [
        ({}, "reproduced"),
        ({"mean_term_optimised": 2600.0}, "partly"),  # 40% of the fall
        ({"distance_initialisation_optimised": 9.8}, "partly"),
        ({"kl_optimised": 6000.0}, "partly"),  # the KL does not fall at all
        ({"distance_initialisation_optimised": 11.0}, "not"),
        ({"bound_optimised": 0.398}, "not"),  # within the noise
        ({"bound_optimised": 0.5}, "not"),
    ],
)
def test_closer_mean(changes, expected):
    given = {"two_minima": two_minima(**changes)}
    assert verdict("closer_mean", given, datasets=["mnist2"], noise=4, least=0.05, mainly=0.5) == expected


@pytest.mark.parametrize(
    "optimised, scale, expected",
    [(0.2, 0.1, "reproduced"), (0.3, 0.1, "reproduced"), (0.02, 0.1, "partly"), (0.2, 0.3, "not")],
)
def test_covered(optimised, scale, expected):
    """The baseline's smallest bound is 0.272 for the scale 0.1: from chance, 0.228 of the way."""
    given = tables(curve(scale=scale), two_minima=two_minima(bound_optimised=optimised))
    assert verdict("covered", given, datasets=["mnist2"], line="chance", mainly=0.5, noise=4) == expected


def test_a_quantity_that_two_minima_lacks_is_named():
    with pytest.raises(NotSettled, match="two_minima has no kl_original$"):
        find(
            "closer_mean",
            {"two_minima": two_minima(kl_original=None)},
            datasets=["mnist2"],
            noise=4,
            least=0.05,
            mainly=0.5,
        )


def test_every_measure_is_tested_here():
    here = Path(__file__).read_text(encoding="utf-8")
    assert [name for name in MEASURES if f'"{name}"' not in here] == []
