"""Pareto-optimal points of accuracy against complexity."""

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
