import numpy as np
import pytest

from pacbayes_curvature import pareto
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


def test_contenders_are_those_that_cheaper_points_do_not_beat_beyond_doubt():
    """Two standard errors are 0.008 where the accuracy is near 0.8, 0.006 near 0.9 and small near 1."""
    a = np.array([0.5, 0.505, 0.8, 0.79, 0.78, 0.9, 0.9995, 0.9999, 1.0])
    c = np.array([0.1, 0.2, 0.30, 0.40, 0.50, 0.6, 0.7, 0.8, 0.9])
    e = np.array([0.01, 0.01, 0.008, 0.008, 0.008, 0.006, 0.0002, 0.0001, 0.0]) / 2
    kept = pareto.contenders(a, e, c, chance=0.5)
    assert kept.tolist() == [True, False, True, True, False, True, True, False, False]
    order = np.random.default_rng(0).permutation(len(a))
    assert pareto.contenders(a[order], e[order], c[order], chance=0.5).tolist() == kept[order].tolist()


def test_the_true_front_is_among_the_contenders():
    """Of 400 points with random accuracies, those of the front that add more than the resolution are not lost."""
    rng = np.random.default_rng(1)
    for _ in range(20):
        complexity = rng.uniform(0, 2, 400)
        truth = np.clip(0.5 + 0.25 * complexity - rng.exponential(0.1, 400), 0, 1)
        seen = rng.binomial(4096, truth) / 4096
        kept = pareto.contenders(seen, np.sqrt(truth * (1 - truth) / 4096), complexity, chance=0.0)
        lost = pareto.front(truth, complexity) & ~kept
        best = pareto.front(np.where(kept, truth, 0), complexity)
        for point in np.flatnonzero(lost):
            cheaper = best & (complexity <= complexity[point])
            assert truth[point] - truth[cheaper].max() < 0.02
        assert kept.sum() < 200
