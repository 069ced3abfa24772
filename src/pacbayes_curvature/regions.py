"""Figure 2's two regions of the plane of accuracy a and complexity c: what is feasible, and what is non-vacuous.

    feasible      the points (a, c) that are no better than one attained by some pair: a <= a_i and c >= c_i
    non-vacuous   the points with 1 - a + c < line: Theorem 3.1 then bounds the error below `line`, 1 or the error of
                  guessing among C classes, 1 - 1/C

Both are sets of the plane, so that "do they meet" has an answer that depends on nothing else. Arguments are vectors of
the attained points, in any order. Each function raises ValueError for NaN, for none, and for vectors of different
length.
"""

from typing import NamedTuple

import numpy as np

from .pareto import front


class Meeting(NamedTuple):
    """meets: whether the regions have a point in common; margin: line less the smallest 1 - a_i + c_i, positive if they
    do; at: the index i of that point."""

    meets: bool
    margin: float
    at: int


def non_vacuous(accuracy: np.ndarray, complexity: np.ndarray, line: float) -> np.ndarray:
    """Mask (n,) of the points with 1 - a + c < line."""
    accuracy, complexity = _points(accuracy, complexity)
    return 1 - accuracy + complexity < line


def least_complexity(accuracy: np.ndarray, complexity: np.ndarray, at: np.ndarray) -> np.ndarray:
    """The lower edge of the feasible region: the least c_i with a_i >= `at`, inf where no point is that accurate."""
    accuracy, complexity = _points(accuracy, complexity)
    good = accuracy >= np.asarray(at, float)[..., None]
    return np.where(good, complexity, np.inf).min(-1)


def meeting(accuracy: np.ndarray, complexity: np.ndarray, line: float) -> Meeting:
    """Whether the feasible and the non-vacuous region meet.

    They do if and only if an attained point is itself non-vacuous: a feasible point (a, c) has 1 - a + c >= 1 - a_i +
    c_i for some i. If they meet, a pair exists whose bound is below the line. If they do not, nothing follows about
    pairs that were not tried.
    """
    accuracy, complexity = _points(accuracy, complexity)
    sums = 1 - accuracy + complexity
    at = int(sums.argmin())
    margin = float(line - sums[at])
    return Meeting(margin > 0, margin, at)


def interpolated_complexity(accuracy: np.ndarray, complexity: np.ndarray, at: np.ndarray) -> np.ndarray:
    """The complexity at accuracy `at` on the points' Pareto front, a straight line in (a, ln c) between neighbours.

    NaN where the front does not reach. For curves with few points, whose lower edge would be a coarse staircase.
    """
    accuracy, complexity = _points(accuracy, complexity)
    on = front(accuracy, complexity)
    order = np.argsort(accuracy[on])
    a, c = accuracy[on][order], complexity[on][order]
    return np.exp(np.interp(at, a, np.log(c), left=np.nan, right=np.nan))


def _points(accuracy: np.ndarray, complexity: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    accuracy, complexity = np.asarray(accuracy, float), np.asarray(complexity, float)
    if accuracy.shape != complexity.shape or accuracy.ndim != 1 or not len(accuracy):
        raise ValueError(
            f"two vectors of one length, at least 1, are needed, got shapes {accuracy.shape} and {complexity.shape}"
        )
    if np.isnan(accuracy).any() or np.isnan(complexity).any():
        raise ValueError("accuracy and complexity must be numbers, got NaN")
    return accuracy, complexity
