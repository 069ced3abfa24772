"""Fronts and regions for whatever comes in: the dense twin's answer, or a ValueError."""

import numpy as np
import pytest
from hostile import anything, outcome, plain, vectors
from hypothesis import given
from hypothesis import strategies as st

from pacbayes_curvature import pareto

few = st.one_of(st.sampled_from([0.0, 0.5, 0.75, 1.0]), st.floats(0, 1))
at_least_zero = st.one_of(few, st.sampled_from([5e-324, 1e300, np.inf]))


def beaten(a, c):
    """Of each point, whether another is at least as accurate and as simple, and better in one."""
    more, simpler = a[:, None] >= a, c[:, None] <= c
    return (more & simpler & ((a[:, None] > a) | (c[:, None] < c))).any(0)


@given(vectors(few, at_least_zero, most=8))
def test_the_front_is_what_no_point_beats(points):
    accuracy, complexity, _ = points
    a, c = plain(accuracy), plain(complexity)
    np.testing.assert_array_equal(pareto.front(accuracy, complexity), ~beaten(a, c))


@given(
    vectors(few, at_least_zero, least=1, most=8), st.floats(-1, 3), st.lists(st.floats(-1, 2), min_size=1, max_size=4)
)
def test_regions_are_those_of_the_definition(points, line, at):
    accuracy, complexity, _ = points
    a, c = plain(accuracy), plain(complexity)
    found = pareto.meeting(accuracy, complexity, line)
    useful = pareto.non_vacuous(accuracy, complexity, line)
    assert found.at == int(np.argmin(1 - a + c)) and found.margin == line - min(1 - a + c)
    assert found.meets == (found.margin > 0)
    np.testing.assert_array_equal(useful, 1 - a + c < line)
    edge = pareto.least_complexity(accuracy, complexity, at)
    np.testing.assert_array_equal(edge, [min([y for x, y in zip(a, c) if x >= level], default=np.inf) for level in at])
    assert pareto.least_complexity(accuracy, complexity, at[0]) == edge[0]


@given(vectors(few, st.floats(1e-300, 1e300), least=1, most=8), st.lists(st.floats(-1, 2), min_size=1), st.floats(0, 1))
def test_between_points_a_complexity_is_between_theirs(points, at, error):
    accuracy, complexity, _ = points
    a, c = plain(accuracy), plain(complexity)
    if not ((c > 0) & (c < np.inf)).all():  # in float32
        return
    found = pareto.interpolated_complexity(accuracy, complexity, at, error)
    edge = pareto.least_complexity(accuracy, complexity, at)
    np.testing.assert_array_equal(np.isnan(found.complexity), np.array(at) > a.max())
    here = ~np.isnan(found.complexity)
    assert np.all(found.complexity[here] <= edge[here] * (1 + 1e-9))
    assert np.all(found.complexity[here] >= c.min() * (1 - 1e-9)) and np.all(found.stderr[here] >= 0)
    order = np.argsort(at)
    assert np.all(np.diff(np.asarray(found.complexity)[order][here[order]]) >= -1e-9 * c.max())


@given(vectors(anything, anything, most=3), anything, anything, anything)
def test_whatever_comes_in_is_refused_or_obeys_the_laws(points, line, at, error):
    accuracy, complexity, _ = points
    a, c = plain(accuracy), plain(complexity)
    legal = len(a) > 0 and np.isfinite(a).all() and not np.isnan(c).any() and not (c == -np.inf).any()
    huge = len(a) > 0 and np.isfinite(a).all() and (np.abs(a) > 1e300).any()
    if huge:
        return
    found = outcome(pareto.meeting, accuracy, complexity, line)
    assert (found is not None) == bool(legal and np.isfinite(line))
    assert found is None or not np.isnan(found.margin)
    assert (outcome(pareto.non_vacuous, accuracy, complexity, line) is not None) == bool(legal and np.isfinite(line))
    found = outcome(pareto.least_complexity, accuracy, complexity, at)
    assert (found is not None) == bool(legal and not np.isnan(at))
    found = outcome(pareto.interpolated_complexity, accuracy, complexity, 0.5, error)
    assert found is None or (legal and 0 <= error < np.inf)


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: pareto.meeting([0.5], [0.1], np.nan), "line must be a finite number, got nan"),
        (lambda: pareto.non_vacuous([0.5], [0.1], [1.0]), "line must be a finite number"),
        (lambda: pareto.meeting([np.inf], [np.inf], 1.0), "accuracies must be finite"),
        (lambda: pareto.meeting([0.5], [-np.inf], 1.0), "complexities not -inf"),
        (lambda: pareto.least_complexity([0.5], [0.1], [0.5, np.nan]), "at must hold numbers, got NaN"),
        (lambda: pareto.interpolated_complexity([0.5], [0.0], 0.4), "on the front must be positive and finite, got"),
        (lambda: pareto.interpolated_complexity([0.5], [np.inf], 0.4), "on the front must be positive and finite, got"),
        (lambda: pareto.interpolated_complexity([0.5], [0.1], 0.4, -1.0), "stderr must be a finite number >= 0"),
        (lambda: pareto.interpolated_complexity([0.5], [0.1], 0.4, [0.1, 0.1]), "one for each of 1 points"),
        (lambda: pareto.meeting(["0.5"], [0.1], 1.0), "accuracy must hold real numbers"),
    ],
)
def test_what_the_regions_refuse(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_an_accuracy_of_minus_infinity_has_an_answer():
    assert pareto.front([-np.inf], [1.0]).tolist() == [True]
