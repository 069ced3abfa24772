"""The curves that claims compare: their fronts, levels, seeds and smallest bounds.

With slope 2 and two classes the smallest bound is 0.27 for the scale 0.1, 0.75 for 0.3, 1 for 0.5.
"""

import math

import numpy as np
import pandas as pd
import pytest
from claim_tables import LAM, LEVELS, N, curve, tables

from paper.claims.curves import NotSettled, complexities, log_ratios, points, smallest


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


def test_all_points_of_figure_2s_curves_count():
    """They have no reported points beside explored ones: each is evaluated on the same random examples."""
    given = tables(curve().assign(evaluated=N), curve("fisher_diagonal", scale=0.3).assign(evaluated=N // 3))
    assert len(points(given, ["fisher_diagonal"], ["mnist2"])) == len(LAM)


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
