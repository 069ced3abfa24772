"""Outcomes of the Gibbs classifier: the probability of a wrong answer given the last layer's inputs, and sums of them.

Of all noise, that of the last layer's pre-activations, the logits, need not be drawn: given the layer's inputs the logits
are independent Gaussians, and the probability that the label's is not the largest is a formula. In place of an answer,
0 or 1, an example then has an outcome in [0, 1] with the same expectation and less variance (Rao 1945, Blackwell 1947).

Legend: n examples, G grid points, C classes, T = SLICES.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch.special import ndtr, ndtri

SLICES = 4  # of the distribution of the label's logit, one draw from each


def wrong_probability(
    mean: torch.Tensor, deviation: torch.Tensor, y: torch.Tensor, uniform: torch.Tensor | None = None
) -> torch.Tensor:
    """P(a_y <= max_{c != y} a_c) for independent logits a_c ~ N(mean_c, deviation_c^2): (n,).

    Two classes: Phi((mean_c - mean_y) / sqrt(deviation_c^2 + deviation_y^2)), exact. More: an unbiased estimate. With a_y
    given it is 1 - prod_{c != y} Phi((a_y - mean_c) / deviation_c); the mean is taken over T values of a_y, one from each
    T-th part of its distribution, at the quantiles (t + u_n) / T with u_n = `uniform` (n,) from [0, 1).

    mean (n, C); deviation (n, C), or (n, 1) where all logits have the same. A deviation of 0 is the limit.
    """
    label = y[:, None]
    deviation = deviation.clamp_min(torch.finfo(deviation.dtype).tiny)
    if mean.shape[1] == 2:
        gap = mean.gather(1, 1 - label) - mean.gather(1, label)
        return ndtr(gap[:, 0] / torch.hypot(*deviation.expand_as(mean).unbind(1)))
    eps = torch.finfo(uniform.dtype).eps
    quantiles = ((torch.arange(SLICES, device=uniform.device) + uniform[:, None]) / SLICES).clamp(
        eps, 1 - eps
    )  # 0 and 1 are infinitely far out
    spread = deviation.expand_as(mean).gather(1, label)
    a = torch.addcmul(mean.gather(1, label), spread, ndtri(quantiles))  # (n, T)
    below = ndtr((a[:, :, None] - mean[:, None, :]) / deviation[:, None, :])  # (n, T, C)
    below = below.scatter(2, label[:, None].expand(-1, SLICES, 1), 1.0)  # the label itself does not count
    return 1 - below.prod(2).mean(1)


@dataclass(frozen=True)
class Tally:
    """Sums over independent outcomes at each grid point: of the outcomes, of their squares, and their number, each (G,)."""

    wrong: np.ndarray
    squares: np.ndarray
    outcomes: np.ndarray

    @property
    def accuracy(self) -> np.ndarray:
        """One minus the mean outcome: (G,)."""
        return 1 - self.wrong / self.outcomes

    @property
    def variance(self) -> np.ndarray:
        """The outcomes' sample variance (n - 1): (G,); NaN for a single outcome."""
        spread = self.squares - self.wrong**2 / self.outcomes
        with np.errstate(invalid="ignore"):
            return np.maximum(spread, 0) / np.where(self.outcomes > 1, self.outcomes - 1, np.nan)

    @property
    def stderr(self) -> np.ndarray:
        """Standard error of the accuracy, sqrt(variance / outcomes): (G,).

        An upper bound, in expectation of its square, when the outcomes' expectations differ, as those of different
        examples do: then the sample variance also holds the spread of the expectations.
        """
        return np.sqrt(self.variance / self.outcomes)

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(self.wrong + other.wrong, self.squares + other.squares, self.outcomes + other.outcomes)
