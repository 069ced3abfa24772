"""Where the feasible and the non-vacuous region meet."""

import re
import warnings

import numpy as np
import pytest

from pacbayes_curvature import pareto

A, C = np.array([0.95, 0.8, 0.6, 0.7]), np.array([0.6, 0.25, 0.15, 0.5])


@pytest.mark.parametrize("line", [1.0, 0.5, 0.46, 0.44])
def test_regions_meet_exactly_where_a_fine_grid_of_the_plane_says_so(line):
    a, c = np.meshgrid(np.linspace(0, 1, 401), np.linspace(0, 1, 401))
    feasible = ((a[..., None] <= A) & (c[..., None] >= C)).any(-1)
    useful = pareto.non_vacuous(a.ravel(), c.ravel(), line).reshape(a.shape)
    found = pareto.meeting(A, C, line)
    assert found.meets == (feasible & useful).any() == (line > 0.45)
    assert found.margin == pytest.approx(line - 0.45) and found.at == 1


def test_the_lower_edge_of_what_is_feasible():
    at = np.array([0.0, 0.6, 0.61, 0.75, 0.8, 0.9, 0.96])
    np.testing.assert_array_equal(pareto.least_complexity(A, C, at), [0.15, 0.15, 0.25, 0.25, 0.25, 0.6, np.inf])


def test_dominated_points_change_no_region():
    """0.7 at 0.5 is beaten by 0.8 at 0.25."""
    at = np.linspace(0, 1, 50)
    np.testing.assert_array_equal(pareto.least_complexity(A, C, at), pareto.least_complexity(A[:3], C[:3], at))
    for level in (0.5, 0.4):
        assert pareto.meeting(A, C, level)[:2] == pareto.meeting(A[:3], C[:3], level)[:2]


def test_between_points_the_logarithm_of_the_complexity_is_a_straight_line():
    found = pareto.interpolated_complexity(A, C, np.array([0.59, 0.6, 0.7, 0.8, 0.875, 0.95, 0.96])).complexity
    expected = [0.15, 0.15, np.sqrt(0.15 * 0.25), 0.25, np.sqrt(0.25 * 0.6), 0.6, np.nan]
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_the_error_of_the_complexity_is_the_accuracys_times_the_slope():
    """All points moved by one error each: what the complexity at a fixed accuracy moves by, to first order."""
    at, error = np.array([0.65, 0.75, 0.9]), 1e-6 * np.array([3, 1, 2, 5])
    found = pareto.interpolated_complexity(A, C, at, error)
    moved = pareto.interpolated_complexity(A - error, C, at).complexity
    np.testing.assert_allclose(moved - found.complexity, found.stderr, rtol=1e-3)
    assert pareto.interpolated_complexity(A, C, np.array([0.5]), error) == (0.15, 0.0)
    single = pareto.interpolated_complexity([0.5], [0.1], np.array([0.4, 0.6]), 0.1)
    np.testing.assert_allclose(single, [[0.1, np.nan], [0.0, np.nan]])


SHAPES = "two vectors of one length, at least 1, are needed, got shapes"
NUMBERS = "accuracy and complexity must be numbers, got NaN"
FINITE = "accuracies must be finite and complexities not -inf"


@pytest.mark.parametrize(
    "accuracy, complexity, message",
    [
        ([], [], f"{SHAPES} (0,) and (0,)"),
        ([0.5, 0.6], [0.1], f"{SHAPES} (2,) and (1,)"),
        ([[0.5]], [[0.1]], f"{SHAPES} (1, 1) and (1, 1)"),
        ([0.5, np.nan], [0.1, 0.2], NUMBERS),
        ([0.5, 0.6], [0.1, np.nan], NUMBERS),
        ([0.5, -np.inf], [0.1, 0.2], FINITE),
        ([0.5, 0.6], [0.1, -np.inf], FINITE),
    ],
)
def test_points_that_are_none_are_refused(accuracy, complexity, message):
    for function in (pareto.meeting, pareto.non_vacuous, pareto.least_complexity, pareto.interpolated_complexity):
        with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
            function(accuracy, complexity, 0.5)


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: pareto.meeting(A, C, np.inf), "line must be a finite number, got inf"),
        (lambda: pareto.non_vacuous(A, C, [1]), "line must be a finite number, got [1.]"),
        (lambda: pareto.least_complexity(A, C, [0.5, np.nan]), "at must hold numbers, got NaN"),
        (
            lambda: pareto.interpolated_complexity(A, C, 0.5, [0.1, 0.1]),
            "stderr must be a finite number >= 0, or one for each of 4 points, got [0.1 0.1]",
        ),
        (
            lambda: pareto.interpolated_complexity([0.5, 0.6], [0, np.inf], 0.5),
            "complexities on the front must be positive and finite, got [0.0, inf]",
        ),
    ],
)
def test_what_the_regions_refuse(call, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        call()


def test_a_point_on_the_line_is_vacuous_and_meets_nothing():
    a, c = np.array([0.5, 0.25]), np.array([0.5, 0.75])
    assert pareto.non_vacuous(a, c, 1.0).tolist() == [False, False]
    assert pareto.meeting(a, c, 1.0) == (False, 0.0, 0)
    assert pareto.non_vacuous(a, c, 1.25).tolist() == [True, False]


def test_at_a_point_the_slope_is_that_of_the_line_below_it_and_at_the_least_accurate_that_above_it():
    slopes = np.diff(np.log([0.15, 0.25, 0.6])) / np.diff([0.6, 0.8, 0.95])
    found = pareto.interpolated_complexity(A, C, [0.6, 0.8, 0.95], 0.01)
    np.testing.assert_allclose(found.stderr, 0.01 * np.array([0.15, 0.25, 0.6]) * slopes[[0, 0, 1]], rtol=1e-12)
    assert pareto.interpolated_complexity([0.5], [0.1], 0.5, 0.1) == (pytest.approx(0.1), 0)
    assert pareto.interpolated_complexity(A, C, [0.6, 0.7]).stderr.tolist() == [0, 0]  # accuracies without an error


@pytest.mark.parametrize(
    "call, name",
    [
        (lambda: pareto.meeting(A, C, "1"), "line"),
        (lambda: pareto.least_complexity(A, C, ["0.5"]), "at"),
        (lambda: pareto.interpolated_complexity(A, C, ["0.5"]), "at"),
        (lambda: pareto.interpolated_complexity(A, C, 0.5, "0.1"), "stderr"),
        (lambda: pareto.meeting(["0.5"], [0.1], 1.0), "accuracy"),
        (lambda: pareto.meeting([0.5], ["0.1"], 1.0), "complexity"),
    ],
)
def test_text_is_refused_by_its_name(call, name):
    with pytest.raises(ValueError, match=f"^{name} must hold real numbers"):
        call()


def test_accuracies_that_nearly_agree_without_an_error_have_none():
    """Between them the slope is inf."""
    found = pareto.interpolated_complexity([2e-311, 0.0], [2.0, 1.0], [0.0, 2e-311], 0.0)
    assert found.complexity == pytest.approx([1.0, 2.0]) and found.stderr.tolist() == [0.0, 0.0]


def test_an_infinite_slope_with_an_error_is_an_infinite_error():
    """And no warning of numpy's, of which the caller would know nothing."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = pareto.interpolated_complexity([2e-311, 0.0], [2.0, 1.0], [0.0, 1e-311], 0.1)
        assert found.stderr.tolist() == [np.inf, np.inf]
        large = pareto.interpolated_complexity([0.0, 1e-300], [1.0, 1e300], 1e-300, 1e10)
        assert large.stderr == np.inf


def test_the_shape_is_that_of_the_accuracies_asked_for():
    at = np.array([[0.6, 0.7], [0.8, 0.95], [0.5, 0.5]])
    found = pareto.interpolated_complexity(A, C, at, 0.01)
    assert pareto.least_complexity(A, C, at).shape == found.complexity.shape == found.stderr.shape == (3, 2)
    for row, asked in enumerate(at):
        np.testing.assert_array_equal(pareto.interpolated_complexity(A, C, asked, 0.01).stderr, found.stderr[row])


def test_an_error_of_one_point_counts_next_to_it_only():
    found = pareto.interpolated_complexity(A, C, [0.6, 0.7, 0.8, 0.9, 0.95], [0.0, 0.0, 0.02, 0.0])
    assert (found.stderr > 0).tolist() == [True, True, False, False, False]


def test_below_the_least_accurate_point_there_is_no_error():
    found = pareto.interpolated_complexity(A, C, [0.5, np.nextafter(0.6, 0), 0.6], 0.01)
    assert (found.stderr > 0).tolist() == [False, False, True]
