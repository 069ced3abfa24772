import re

import numpy as np
import pytest

from pacbayes_curvature.pareto import front


def slow_front(accuracy, complexity):
    points = list(zip(accuracy, complexity))
    return [not any((a >= b and c <= d) and (a > b or c < d) for a, c in points) for b, d in points]


@pytest.mark.parametrize("seed", range(20))
def test_against_every_pair(seed):
    rng = np.random.default_rng(seed)
    accuracy, complexity = rng.integers(0, 6, 25) / 5, rng.integers(0, 6, 25) / 5  # few values: many ties
    assert front(accuracy, complexity).tolist() == slow_front(accuracy, complexity)


def test_front_of_nothing_is_empty():
    assert front([], []).shape == (0,)


def test_the_mask_picks_points():
    mask = front([0.5, 0.75], [0.25, 0.25])
    assert mask.dtype == bool and np.array([0.5, 0.75])[mask].tolist() == [0.75]


SHAPES = "two vectors of one length are needed, got shapes"


@pytest.mark.parametrize(
    "accuracy, complexity, message",
    [
        ([np.nan], [1.0], "accuracy and complexity must be numbers, got NaN"),
        ([1.0], [np.nan], "accuracy and complexity must be numbers, got NaN"),
        ([1.0, 2.0], [1.0], f"{SHAPES} (2,) and (1,)"),
        ([[1.0]], [[1.0]], f"{SHAPES} (1, 1) and (1, 1)"),
        (["1"], [1.0], "accuracy must hold real numbers of float64's range, got ['1']"),
        ([1.0], ["1"], "complexity must hold real numbers of float64's range, got ['1']"),
    ],
)
def test_what_the_front_refuses(accuracy, complexity, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        front(accuracy, complexity)
