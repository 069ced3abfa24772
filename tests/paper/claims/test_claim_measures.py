"""Every measure of the claims tells apart the cases that its verdicts name; those of curves: test_claim_ratios."""

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from claim_tables import DELTA, LAM, N, curve, find, spectra, tables, two_minima, verdict

from pacbayes_curvature import bounds, posteriors
from paper.claims.curves import NotSettled, points, smallest
from paper.claims.measures import MEASURES

# The sides of a line ---------------------------------------------------------------------------------------------------


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


# Others ----------------------------------------------------------------------------------------------------------------


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
    union = bounds.complexity(best["kl"], N, DELTA / 1001)  # values of the lattice from 1e-5 to 1
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


def test_every_measure_is_tested():
    """Here or in test_claim_ratios."""
    here = "".join(path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("test_claim_*.py"))
    assert [name for name in MEASURES if f'"{name}"' not in here] == []
