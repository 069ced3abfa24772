"""Pareto-optimal points of accuracy against complexity."""

import numpy as np


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
