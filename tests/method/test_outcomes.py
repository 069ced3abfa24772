"""The probability of a wrong answer given the last layer's inputs, against quadrature, draws and limits; and its sums."""

import math

import numpy as np
import pytest
import torch
from scipy.integrate import quad
from scipy.special import ndtr
from scipy.stats import norm

from pacbayes_curvature.gibbs.outcomes import SLICES, Tally, wrong_probability


def exact(mean, deviation, label):
    """1 - int phi(t) prod_{c != y} Phi((mean_y + s_y t - mean_c) / s_c) dt, by adaptive quadrature."""

    others = np.arange(len(mean)) != label

    def right(t):
        a = mean[label] + deviation[label] * t
        below = ndtr((a - mean[others]) / deviation[others])  # norm.cdf without its checks, which take far longer
        return math.exp(-t * t / 2) / math.sqrt(2 * math.pi) * np.prod(below)

    return 1 - quad(right, -10, 10, points=np.linspace(-9, 9, 19), limit=200)[0]


@pytest.fixture
def logits():
    rng = np.random.default_rng(0)

    def draw(classes, common):
        mean = torch.from_numpy(rng.normal(0, 2, (40, classes)))
        deviation = torch.from_numpy(rng.uniform(0.1, 3, (40, 1 if common else classes)))
        return mean, deviation, torch.from_numpy(rng.integers(classes, size=40))

    return draw


@pytest.mark.parametrize("common", [True, False])
def test_two_classes_are_exact(logits, common):
    mean, deviation, y = logits(2, common)
    expected = [exact(m, s, label) for m, s, label in zip(mean.numpy(), deviation.expand(40, 2).numpy(), y.numpy())]
    np.testing.assert_allclose(wrong_probability(mean, deviation, y), expected, atol=1e-8)


@pytest.mark.parametrize("common", [True, False])
@pytest.mark.parametrize("classes", [3, 5, 10])
def test_more_classes_are_unbiased_and_nearly_exact(logits, classes, common):
    """The mean over u on a fine grid is the integral; a single u is already close, since u moves T quantiles at once."""
    mean, deviation, y = logits(classes, common)
    expected = np.array(
        [exact(m, s, c) for m, s, c in zip(mean.numpy(), deviation.expand(40, classes).numpy(), y.numpy())]
    )
    u = (torch.arange(2000, dtype=torch.float64) + 0.5) / 2000
    times = [each.repeat_interleave(len(u), dim=0) for each in (mean, deviation, y)]
    several = wrong_probability(*times, u.repeat(40)).view(40, len(u)).T.numpy()
    np.testing.assert_allclose(several.mean(0), expected, atol=2e-4)
    assert several.std(0).max() < 0.5 / SLICES**0.5 / 2


def test_the_smallest_probabilities_keep_their_digits():
    mean, y = torch.tensor([[0.0, 12.0]]), torch.tensor([1])
    assert wrong_probability(mean, torch.ones(1, 1), y).item() == pytest.approx(norm.sf(12 / 2**0.5), rel=1e-4)


@pytest.mark.parametrize("classes", [2, 4])
def test_without_noise_it_is_the_answer(classes):
    mean = torch.tensor([[3.0, 1.0, 0.0, -1.0][:classes], [0.0, 1.0, 5.0, 5.5][-classes:]])
    for y, wrong in ((torch.tensor([0, classes - 1]), [0, 0]), (torch.tensor([1, 0]), [1, 1])):
        for u in (0.0, 0.3, 1 - 2**-24):
            assert wrong_probability(mean, torch.zeros(2, 1), y, torch.full((2,), u)).tolist() == wrong


def test_a_tally_adds_up_and_knows_its_error():
    rng = np.random.default_rng(1)
    outcomes = rng.uniform(size=(60, 3))
    parts = [Tally(p.sum(0), (p**2).sum(0), np.full(3, len(p))) for p in (outcomes[:20], outcomes[20:])]
    whole = parts[0] + parts[1]
    np.testing.assert_allclose(whole.accuracy, 1 - outcomes.mean(0))
    np.testing.assert_allclose(whole.variance, outcomes.var(0, ddof=1))
    np.testing.assert_allclose(whole.stderr, outcomes.std(0, ddof=1) / 60**0.5)
    assert np.isnan(Tally(np.ones(1), np.ones(1), np.ones(1, int)).stderr).all()
