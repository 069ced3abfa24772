"""Pareto-optimal points of accuracy against complexity."""

from typing import NamedTuple

import numpy as np

from pacbayes_curvature._arrays import real


def front(accuracy: np.ndarray, complexity: np.ndarray) -> np.ndarray:
    """Mask (n,) of the points that no other point beats: none is at least as accurate and as simple, and better in one.

    Of points that are equal in both, all are kept. Raises ValueError for NaN or for arrays of different length.
    """
    accuracy, complexity = real("accuracy", accuracy), real("complexity", complexity)
    if accuracy.shape != complexity.shape or accuracy.ndim != 1:
        raise ValueError(f"two vectors of one length are needed, got shapes {accuracy.shape} and {complexity.shape}")
    if np.isnan(accuracy).any() or np.isnan(complexity).any():
        raise ValueError("accuracy and complexity must be numbers, got NaN")
    best, simplest, mask = None, None, np.zeros(len(accuracy), bool)
    order = np.lexsort((-accuracy, complexity))
    for i in order:  # from the simplest on: a point is on the front when it is more accurate than all simpler ones
        if best is None or accuracy[i] > best:
            best, simplest = accuracy[i], complexity[i]
            mask[i] = True
        elif accuracy[i] == best and complexity[i] == simplest:
            mask[i] = True
    return mask


class Interpolated(NamedTuple):
    """Complexities between points, and their standard errors: arrays in the shape of the accuracies asked for."""

    complexity: np.ndarray
    stderr: np.ndarray


class Meeting(NamedTuple):
    """meets: whether the regions have a point in common; margin: line less the smallest 1 - a_i + c_i, positive if they
    do; at: the index i of that point."""

    meets: bool
    margin: float
    at: int


def non_vacuous(accuracy: np.ndarray, complexity: np.ndarray, line: float) -> np.ndarray:
    """Mask (n,) of the points with 1 - a + c < line. ValueError: as `meeting`."""
    accuracy, complexity = _points(accuracy, complexity)
    line = _line(line)
    return 1 - accuracy + complexity < line


def least_complexity(accuracy: np.ndarray, complexity: np.ndarray, at: np.ndarray) -> np.ndarray:
    """The lower edge of the feasible region: the least c_i with a_i >= `at`, inf where no point is that accurate. In the shape of `at`.

    ValueError: as `meeting`, NaN in `at`.
    """
    accuracy, complexity = _points(accuracy, complexity)
    at = _asked(at)
    good = accuracy >= at[..., None]
    return np.where(good, complexity, np.inf).min(-1)


def meeting(accuracy: np.ndarray, complexity: np.ndarray, line: float) -> Meeting:
    """Whether the feasible and the non-vacuous region meet.

    They do if and only if an attained point is itself non-vacuous: a feasible point (a, c) has 1 - a + c >= 1 - a_i +
    c_i for some i. If they meet, a pair exists whose bound is below the line. If they do not, nothing follows about
    pairs that were not tried. ValueError: no points, vectors of different length, accuracies or a line that are not finite,
    complexities that are NaN or -inf.
    """
    accuracy, complexity = _points(accuracy, complexity)
    line = _line(line)
    sums = 1 - accuracy + complexity
    at = int(sums.argmin())
    margin = float(line - sums[at])
    return Meeting(margin > 0, margin, at)


def interpolated_complexity(
    accuracy: np.ndarray, complexity: np.ndarray, at: np.ndarray, stderr: np.ndarray | float = 0.0
) -> Interpolated:
    """The complexity at accuracy `at` on the points' Pareto front, a straight line in (a, ln c) between neighbours.

    Below the least accurate point, which is more accurate than asked for, its complexity; NaN above the most accurate one.
    stderr, of the accuracies (n,) or of each: that of a point on a line of slope b = d ln c / d a is c b stderr, with stderr
    between the neighbours' on a straight line, as for errors that are shared. ValueError: as `meeting`, NaN in `at`, complexities on the front that
    are not positive and finite, stderr that is negative, not finite or of another shape.
    """
    accuracy, complexity = _points(accuracy, complexity)
    stderr, at = real("stderr", stderr), _asked(at)
    if stderr.shape not in ((), accuracy.shape) or not (np.isfinite(stderr) & (stderr >= 0)).all():
        raise ValueError(
            f"stderr must be a finite number >= 0, or one for each of {len(accuracy)} points, got {stderr}"
        )
    on = np.flatnonzero(front(accuracy, complexity))
    _, first = np.unique(accuracy[on], return_index=True)  # ascending
    on = on[first]
    if not ((complexity[on] > 0) & (complexity[on] < np.inf)).all():
        raise ValueError(f"complexities on the front must be positive and finite, got {complexity[on].tolist()}")
    a, logs, errors = accuracy[on], np.log(complexity[on]), np.broadcast_to(stderr, accuracy.shape)[on]
    found = np.exp(np.interp(at, a, logs, right=np.nan))
    with np.errstate(over="ignore"):  # inf between accuracies that nearly agree
        slopes = np.append(np.diff(logs) / np.diff(a), 0.0)
    slope = np.where(at < a[0], 0.0, slopes[(np.searchsorted(a, at) - 1).clip(0)])
    error = np.interp(at, a, errors)
    with np.errstate(over="ignore"):
        return Interpolated(found, found * np.where(error > 0, slope, 0.0) * error)


def _asked(at: np.ndarray) -> np.ndarray:
    at = real("at", at)
    if np.isnan(at).any():
        raise ValueError("at must hold numbers, got NaN")
    return at


def _line(line: float) -> float:
    line = real("line", line)
    if line.ndim or not np.isfinite(line):
        raise ValueError(f"line must be a finite number, got {line}")
    return float(line)


def _points(accuracy: np.ndarray, complexity: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    accuracy, complexity = real("accuracy", accuracy), real("complexity", complexity)
    if accuracy.shape != complexity.shape or accuracy.ndim != 1 or not len(accuracy):
        raise ValueError(
            f"two vectors of one length, at least 1, are needed, got shapes {accuracy.shape} and {complexity.shape}"
        )
    if np.isnan(accuracy).any() or np.isnan(complexity).any():
        raise ValueError("accuracy and complexity must be numbers, got NaN")
    if np.isinf(accuracy).any() or (complexity == -np.inf).any():
        raise ValueError("accuracies must be finite and complexities not -inf")
    return accuracy, complexity
