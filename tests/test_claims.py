"""claims.yml is well formed, and every measure tells apart the cases that its verdicts name."""

import importlib
import math
from dataclasses import asdict, replace

import numpy as np
import pandas as pd
import pytest
import yaml

from pacbayes_curvature import bounds, claims, data, pages_claims, posteriors, provenance, records
from pacbayes_curvature.claim_curves import NotSettled, complexities, log_ratios, points, smallest
from pacbayes_curvature.claim_measures import MEASURES
from pacbayes_curvature.training import recipe_for

figure_2 = importlib.import_module("pacbayes_curvature.experiments.lower_bound")

N, DELTA = 60000, 0.05
LEVELS = [0.25, 0.5, 0.75, 0.95]
LAM = np.geomspace(1e-5, 1, 40)


def curve(name="baseline", dataset="mnist2", seed=0, scale=0.1, stderr=1e-4, slope=2.0, top=1.0, **more):
    """A curve with complexity = scale exp(slope (accuracy - 1/C)), from guessing to the accuracy `top`."""
    chance = 1 / data.split_name(dataset)[1]
    accuracy = np.linspace(chance, top, len(LAM))
    height = scale * np.exp(slope * (accuracy - chance))
    return pd.DataFrame(
        {
            "dataset": dataset,
            "seed": seed,
            "method" if name in posteriors.METHODS else "curve": name,
            "lam": LAM,
            "beta": math.inf if name == "baseline" else LAM,
            "accuracy": accuracy,
            "accuracy_stderr": stderr,
            "kl": 2 * N * height**2 - math.log(2 * (N - 1) / DELTA),
            "examples": N,
            "complexity": height,
        }
        | more
    )


def tables(*curves, **others):
    """Curves by the experiment that they belong to, beside the tables of other experiments."""
    sorted_ = {"accuracy_vs_complexity": [], "lower_bound": []}
    for table in curves:
        sorted_["accuracy_vs_complexity" if "method" in table else "lower_bound"].append(table)
    return {name: pd.concat(found) for name, found in sorted_.items() if found} | others


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


def spectra(dataset, *totals):
    rows = [
        {"dataset": dataset, "seed": seed, "layer": layer, "index": index, "squared_distance": total * share}
        for seed, total in enumerate(totals)
        for layer, share in ((1, 0.75), (2, 0.25))
        for index in (1, 2, 3)
    ]
    return pd.DataFrame(rows)


@pytest.mark.parametrize(
    "near, far, expected",
    [((100,), (160,), "reproduced"), ((100,), (140,), "partly"), ((100,), (100,), "not"), ((100,), (50,), "not"),
     ((100, 100), (155, 165), "reproduced"), ((100, 100), (130, 190), "partly"), ((100, 100), (60, 260), "not")],
)  # fmt: skip
def test_farther(near, far, expected):
    given = {"curvature_spectra": pd.concat([spectra("mnist2", *near), spectra("cifar2", *far)])}
    assert verdict("farther", given, near="mnist2", far="cifar2", factor=1.5, spreads=2) == expected


FACTS = {
    "distance_initialisation_original": 10.0,
    "distance_original_optimised": 6.0,
    "distance_initialisation_optimised": 8.0,
    "bound_original": 0.4,
    "bound_optimised": 0.3,
    "accuracy_stderr_original": 0.001,
    "accuracy_stderr_optimised": 0.001,
    "kl_original": 5000.0,
    "kl_optimised": 4000.0,
    "mean_term_original": 3000.0,
    "mean_term_optimised": 2300.0,
    "train_disagreement": 0.01,
    "test_disagreement": 0.02,
}


def two_minima(**changes):
    facts = {name: value for name, value in (FACTS | changes).items() if value is not None}
    return pd.DataFrame({"dataset": "mnist2", "seed": 0, "quantity": facts.keys(), "value": facts.values()})


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


# claims.yml -----------------------------------------------------------------------------------------------------------


def test_the_projects_claims_are_well_formed():
    found = claims.read()
    readings = [reading for claim in found for reading in (claim.main, *claim.others)]
    assert {reading.measure for reading in readings} == set(MEASURES), "every measure is used, and none is unknown"
    known = {*posteriors.METHODS, *figure_2.CURVES}
    for reading in readings:
        arguments = reading.arguments
        named = [
            *arguments.get("curves", []),
            *(arguments[key] for key in ("curve", "lower", "better", "worse") if key in arguments),
        ]
        assert set(named) <= known
        lower = {"lower_bound"} if {*named} - {*posteriors.METHODS} else set()
        methods_ = (
            {"accuracy_vs_complexity"} if {*named} & {*posteriors.METHODS} or reading.measure == "objectives" else set()
        )
        assert lower | methods_ <= set(reading.needs)


ENTRY = {
    "id": "a-claim",
    "words": "It is so.",
    "place": "section 1",
    "reading": "It is measured so.",
    "measure": {"trained": {"datasets": ["mnist2"]}},
    "tolerance": {"missed": 0.001, "reason": "because"},
    "needs": {"training_run": {"mnist2": [0]}},
    "verdicts": {"reproduced": "a", "partly": "b", "not": "c"},
}
SIDES = {"datasets": ["mnist2"], "curves": ["diag"], "line": "chance", "points": "best", "wanted": "below"}


def read(tmp_path, *entries, **more):
    path = tmp_path / "claims.yml"
    path.write_text(yaml.safe_dump({"claims": list(entries), **more}))
    return claims.read(path)


def test_a_claim_is_read(tmp_path):
    also = {"words": "So it is.", "place": "abstract"}
    other = {
        "reading": "or so",
        "measure": {"trained": {"datasets": ["mnist2"]}},
        "tolerance": {"missed": 0.5, "reason": "r"},
    }
    (claim,) = read(tmp_path, ENTRY | {"also": [also], "others": [other]}, sets={})
    assert claim.quotes == (("It is so.", "section 1"), ("So it is.", "abstract"))
    assert (claim.main.measure, claim.main.tolerance, claim.main.reason) == ("trained", {"missed": 0.001}, "because")
    assert (claim.others[0].text, claim.others[0].tolerance, claim.others[0].needs) == (
        "or so",
        {"missed": 0.5},
        ENTRY["needs"],
    )


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"words": ""}, "a-claim: lacks words"),
        ({"tolerance": None}, "a-claim: lacks tolerance"),
        ({"comment": "x"}, "a-claim: unknown field 'comment'"),
        ({"needs": ["training_run"]}, "a-claim: needs must be a dict"),
        ({"verdicts": {"reproduced": "a", "not": "c"}}, "a-claim: verdicts must say what reproduced, partly, not mean"),
        ({"also": [{"words": "x"}]}, "a-claim: each of `also` must have words and place, got words"),
        ({"others": [{"reading": "x"}]}, "a-claim: each of `others` must have reading and measure.*got reading"),
        (
            {"others": [{"reading": "x", "measure": {"tained": {}}}]},
            "a-claim: other reading: unknown measure 'tained'; known: ",
        ),
        ({"tolerance": {"missed": 0.001}}, "a-claim: the tolerance lacks its reason"),
        ({"tolerance": {"reason": "x"}}, "a-claim: measure trained: missing a required .*argument: 'missed'"),
        (
            {"tolerance": {"missed": 0.1, "wide": 1, "reason": "x"}},
            "a-claim: measure trained: got an unexpected keyword argument 'wide'",
        ),
        (
            {"tolerance": {"missed": "0.1", "reason": "x"}},
            "a-claim: measure trained: missed must be a number, got '0.1'",
        ),
        ({"measure": "trained"}, "a-claim: measure must be {name: {argument: value}}, got 'trained'"),
        (
            {"measure": {"trained": {"datasets": "mnist2"}}},
            "a-claim: measure trained: datasets must be a list, got 'mnist2'",
        ),
        (
            {"measure": {"trained": {"datasets": ["mnist5"]}}},
            "a-claim: measure trained: mnist5 is not among what it needs of training_run",
        ),
        (
            {"needs": {"training_run": {"mnist2": 0}}},
            "a-claim: needs: the seeds of training_run of mnist2 must be a list, got 0",
        ),
        ({"needs": {"training_run": {"mnist2": [0], "mnist3": [0]}}}, "a-claim: needs: unknown data set 'mnist3'"),
        (
            {"measure": {"sides": SIDES | {"line": "half"}}, "tolerance": {"noise": 4, "reason": "x"}},
            "a-claim: measure sides: line must be one of chance, one, got 'half'",
        ),
    ],
)
def test_what_is_wrong_with_a_claim_is_named(tmp_path, changes, message):
    read(tmp_path, ENTRY)
    with pytest.raises(ValueError, match=f"claims.yml: {message.replace('{', '[{]')}"):
        read(tmp_path, ENTRY | changes)


def test_what_is_wrong_with_the_file_is_named(tmp_path):
    with pytest.raises(ValueError, match="expected a list of claims"):
        read(tmp_path)
    with pytest.raises(ValueError, match="unknown key 'claim'"):
        read(tmp_path, ENTRY, claim=1)
    with pytest.raises(ValueError, match="the id 'a-claim' is used 2 times"):
        read(tmp_path, ENTRY, ENTRY)
    with pytest.raises(ValueError, match="(?s)first: lacks words.*claim 2: expected fields, got 'x'"):
        read(tmp_path, ENTRY | {"id": "first", "words": None}, "x")


# From results/ to the page --------------------------------------------------------------------------------------------


def freeze(*accuracies, code=None, recipe=None):
    for seed, accuracy in enumerate(accuracies):
        table = pd.DataFrame({"dataset": "mnist2", "seed": seed, "epoch": [1, 2], "train_accuracy": [0.5, accuracy]})
        key = records.Key(
            "training_run", "mnist2", seed, {"recipe": recipe or asdict(recipe_for("mnist2"))},
            data.fingerprint("mnist2"), code or provenance.code_digest("experiments.training_run"),
        )  # fmt: skip
        records.freeze(records.Result(key, table, {"date": "2020-01-01"}, "computed"))


@pytest.mark.usefixtures("workspace")
class TestJudging:
    def judge(self, tmp_path, seeds=(0, 1)):
        (claim,) = read(tmp_path, ENTRY | {"needs": {"training_run": {"mnist2": list(seeds)}}})
        return claims.judge(claim.main)

    def test_by_the_frozen_results_of_all_seeds(self, tmp_path):
        freeze(1.0, 1.0)
        judgement = self.judge(tmp_path, seeds=[0])
        assert (judgement.verdict, judgement.value) == ("reproduced", 0)
        assert [result.key.seed for result in judgement.results] == [0, 1]
        freeze(1.0, 0.9)
        assert self.judge(tmp_path, seeds=[0]).verdict == "not"

    @pytest.mark.parametrize("seeds, message", [((0, 1, 2), "seed 2"), ((0, 3, 4), "seeds 3, 4")])
    def test_a_missing_seed_settles_nothing(self, tmp_path, seeds, message):
        freeze(1.0, 1.0)
        judgement = self.judge(tmp_path, seeds)
        assert (judgement.verdict, judgement.value) == ("not settled", None)
        assert judgement.sentence == f"Missing: training_run of mnist2, {message}."

    def test_no_result_settles_nothing(self, tmp_path):
        assert self.judge(tmp_path).sentence == "Missing: training_run of mnist2, seeds 0, 1."

    @pytest.mark.parametrize(
        "stale, message",
        [
            ({"code": "other"}, "its code digest is other, the present code's is"),
            ({"recipe": {"rate": 1}}, "the training recipe recorded with it is not the present one"),
        ],
    )
    def test_a_stale_result_settles_nothing(self, tmp_path, stale, message):
        freeze(1.0, 1.0, **stale)
        judgement = self.judge(tmp_path)
        assert judgement.verdict == "not settled" and "Stale: training_run of mnist2" in judgement.sentence
        assert message in judgement.sentence

    def test_an_altered_result_is_an_error(self, tmp_path):
        freeze(1.0, 0.9)
        path = records.FROZEN / "training_run" / "mnist2.csv"
        path.write_text(path.read_text().replace("0.9", "1.0"))
        with pytest.raises(ValueError, match="does not match its checksum"):
            self.judge(tmp_path)


def everything_needed():
    """A table for each experiment and data set that claims.yml needs, as if Mnist were easy and Cifar hard."""
    lower = ("fisher_diagonal", "layerwise_diagonal")
    readings = [reading for claim in claims.read() for reading in (claim.main, *claim.others)]
    for name, dataset in {
        (name, dataset) for reading in readings for name, known in reading.needs.items() for dataset in known
    }:
        seeds = {seed for reading in readings for seed in reading.needs.get(name, {}).get(dataset, [])}
        hard = 4 if dataset.startswith("cifar") else 1
        for seed in sorted(seeds):
            yield name, dataset, seed, {
                "accuracy_vs_complexity": lambda: pd.concat(
                    curve(method, dataset, seed, scale=0.1 * hard * (1 - hard * k / 25))
                    for k, method in enumerate(posteriors.METHODS)
                ),
                "lower_bound": lambda: pd.concat(curve(each, dataset, seed, scale=0.095 * hard) for each in lower),
                "curvature_spectra": lambda: spectra(dataset, 100 * hard),
                "training_run": lambda: pd.DataFrame(
                    {"dataset": dataset, "seed": seed, "epoch": [1], "train_accuracy": 1.0}
                ),
                "two_minima": two_minima,
            }[name]()  # fmt: skip


def test_all_claims_of_the_project_are_settled_when_their_results_are_there(workspace, monkeypatch):
    monkeypatch.setattr(claims, "why_stale", lambda result: "")
    for name, dataset, seed, table in everything_needed():
        records.freeze(records.Result(records.Key(name, dataset, seed, {}, {}, "code"), table, {}, "computed"))
    judged = claims.judged()
    assert [
        (item.claim.id, j.sentence) for item in judged for j in (item.main, *item.others) if j.verdict == "not settled"
    ] == []
    verdicts = {item.claim.id: item.main.verdict for item in judged}
    assert verdicts["mnist-bounds-non-vacuous"] == verdicts["cifar-bounds-vacuous"] == "reproduced"
    assert verdicts["improvement-larger-on-cifar"] == verdicts["baseline-tight-on-mnist"] == "reproduced"
    assert verdicts["layerwise-crosses-lower-bound"] == "partly", "by far more than slightly"
    assert verdicts["lower-bound-is-below"] != "reproduced", "as Diag Hessian is made to cross it on Cifar"
    page = pages_claims.entries(judged).data
    assert "Mnist2 (seeds 0 to 4), Mnist5 (seed 0)" in page and "not settled" not in page


def settled(claim, verdict_, *others):
    readings = [
        claims.Judgement(claim.main, name, None if name == "not settled" else 0.5, "Seen <so>.")
        for name in (verdict_, *others)
    ]
    return claims.Judged(claim, readings[0], tuple(readings[1:]))


def test_the_page_counts_links_and_escapes(tmp_path):
    (claim,) = read(tmp_path, ENTRY | {"words": "a < b & c"})
    judged = [
        settled(claim, "reproduced", "not"),
        settled(replace(claim, id="b"), "not", "not"),
        settled(replace(claim, id="c"), "not settled", "partly"),
        settled(replace(claim, id="d-on-mnist2"), "not"),
    ]
    summary = pages_claims.summary(judged).data
    assert "Of 4 claims: **1 reproduced**, **0 partly reproduced**, **2 not reproduced**, **1 not settled**" in summary
    assert (
        "3 of them can be read in more than one way; 2 of these have a verdict on every reading, and for 1 " in summary
    )
    index, page = pages_claims.index(judged).data, pages_claims.entries(judged).data
    for item in judged:
        assert index.count(f'href="#claim-{item.claim.id}"') == 1 and page.count(f'id="claim-{item.claim.id}"') == 1
    assert "a &lt; b &amp; c" in page and "Seen &lt;so&gt;." in page and "<so>" not in page
    assert "<strong>reproduced</strong>, which means: a<" in page and "<dt>Why not settled</dt>" in page
    assert "<h3>D on Mnist2</h3>" in page
