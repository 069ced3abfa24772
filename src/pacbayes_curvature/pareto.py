"""Pareto-optimal points of accuracy against complexity."""

from typing import NamedTuple

import numpy as np

RESOLUTION = 0.001  # of accuracy: what a point has to add to the front to be worth a pass over all examples


def front(accuracy: np.ndarray, complexity: np.ndarray) -> np.ndarray:
    """Mask (n,) of the points that no other point beats: none is at least as accurate and as simple, and better in one.

    Of points that are equal in both, all are kept. Raises ValueError for NaN or for arrays of different length.
    """
    accuracy, complexity = np.asarray(accuracy, float), np.asarray(complexity, float)
    if accuracy.shape != complexity.shape or accuracy.ndim != 1:
        raise ValueError(f"two vectors of one length are needed, got shapes {accuracy.shape} and {complexity.shape}")
    if np.isnan(accuracy).any() or np.isnan(complexity).any():
        raise ValueError("accuracy and complexity must be numbers, got NaN")
    best, mask = -np.inf, np.zeros(len(accuracy), bool)
    order = np.lexsort((-accuracy, complexity))
    for i in order:  # from the simplest on: a point is on the front when it is more accurate than all simpler ones
        if accuracy[i] > best:
            best, simplest = accuracy[i], complexity[i]
            mask[i] = True
        elif accuracy[i] == best and complexity[i] == simplest:
            mask[i] = True
    return mask


def contenders(accuracy: np.ndarray, stderr: np.ndarray, complexity: np.ndarray, chance: float) -> np.ndarray:
    """Mask (n,) of the points that may be on the front, judged by accuracies (n,) with standard errors (n,).

    A point is no contender when a less complex one is, beyond doubt, as accurate short of RESOLUTION: its accuracy less
    two standard errors is at least this one's plus two, less RESOLUTION. Nor is it when its accuracy is at most 2% of the
    way from `chance` to 1, where a network only guesses. The least complex point always is one. A point that is left out
    wrongly makes the front coarser, never wrong.
    """
    error = 2 * stderr
    order = np.argsort(complexity, kind="stable")
    least = np.maximum.accumulate((accuracy - error)[order])
    mask = np.zeros(len(accuracy), bool)
    mask[order[1:]] = np.minimum(accuracy + error, 1)[order[1:]] - RESOLUTION > least[:-1]
    mask &= accuracy > chance + 0.02 * (1 - chance)
    mask[order[0]] = True
    return mask


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
