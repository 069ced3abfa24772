"""The measures that compare curves tell apart the cases that their verdicts name."""

import math

import numpy as np
import pytest
from claim_tables import LEVELS, curve, find, tables, verdict

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
