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


def test_bad_input():
    with pytest.raises(ValueError, match="got NaN"):
        front([np.nan], [1.0])
    with pytest.raises(ValueError, match=r"got shapes \(2,\) and \(1,\)"):
        front([1.0, 2.0], [1.0])
