"""What every rival is asked for: a posterior, its divergence from a prior, and the examples that the bound counts."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import torch

from pacbayes_curvature.certificates import holdout_bound
from pacbayes_curvature.mean_field import Coordinates, MeanField
from pacbayes_curvature.networks import Weights
from paper.experiments.certified import DELTA, PRIORS, error_rate, estimate, score, search, some
from paper.experiments.holdout.compute import trained_on_share
from paper.networks.minimum import Minimum
from paper.randomness import stream

HELD = 2.0**-33  # the prior's variance of neurons that are held at the initialisation
SHARE = 0.5  # of the examples, for the rivals whose prior has seen some


@dataclass(frozen=True)
class Rival:
    """A posterior that is to be certified. kl: KL(Q||P); counted: indices of the examples of the bound, all but those that the prior has
    seen; share: that the prior has seen; priors: among which P was chosen; origin: the weights that the optimisation
    started from; tried: the settings that were compared before, in words."""

    posterior: MeanField
    kl: float
    counted: torch.Tensor
    share: float
    priors: int
    origin: Weights
    tried: str

    def row(self, minimum: Minimum, name: str) -> dict[str, float]:
        """The scored row: `certified.score`, how far the mean is from `origin`, and the hold-out bound of `origin` itself where the prior
        has seen a share."""
        x, y = minimum.x[self.counted], minimum.y[self.counted]
        scored = score(self.posterior, self.kl, x, y, minimum.data, minimum.seed, name, self.priors)
        pairs = zip(self.posterior.mean, self.origin)
        moved = sum((a.double() - b.double()).square().sum().item() for a, b in pairs) ** 0.5
        own = holdout_bound(round(error_rate(self.origin, x, y) * len(y)), len(y), DELTA) if self.share else np.nan
        return {"prior_share": self.share, **scored, "moved": moved, "own_holdout": own, "tried": self.tried}


class Setting:
    """What the rivals of one data set and seed share: the minimum, and what depends on the share."""

    def __init__(self, minimum: Minimum):
        self.minimum, self.seed = minimum, minimum.seed
        self.x, self.y, self.n = minimum.x, minimum.y, len(minimum.y)
        self.initial, self.trained = minimum.network.initial, minimum.network.minimum
        self.looked = some(self.n, self.seed)

    @cached_property
    def on_share(self) -> tuple[Weights, torch.Tensor, torch.Tensor]:
        """The network trained on SHARE of the examples with moved images, the indices of the share, and those of the rest."""
        return trained_on_share(self.minimum.data, self.seed, SHARE, moved=True)

    def expected(self, q: MeanField, kl: float, priors: int, counted: torch.Tensor | None = None) -> float:
        """The certificate that the examples of the search promise."""
        looked = self.looked if counted is None else counted[some(len(counted), self.seed)]
        tally = q.tally(self.x[looked], self.y[looked], stream("search for a rival", self.seed))
        n = self.n if counted is None else len(counted)
        return float(estimate(1 - tally.accuracy[0], kl, n, priors))

    def along(self, mean: Weights, curvature: Weights, coordinates: Coordinates, tried: str) -> Rival:
        """The posterior of variance lam / (1 + lam h / beta) along the coordinates, h the curvature, of the best lam and beta."""

        def posterior(lam: float, beta: float) -> MeanField:
            return MeanField(mean, [lam / (1 + lam / beta * h) for h in curvature], coordinates)

        def found(lams: np.ndarray, betas: np.ndarray) -> np.ndarray:
            each = [(posterior(lam, beta), lam) for lam, beta in zip(lams, betas)]
            return np.array([self.expected(q, q.kl(self.initial, lam), len(PRIORS)) for q, lam in each])

        lam, beta = search(found, coarse=125)
        q = posterior(lam, beta)
        return Rival(q, q.kl(self.initial, lam), torch.arange(self.n), 0.0, len(PRIORS), self.trained, tried)

    def best(
        self,
        candidates: Sequence[tuple[MeanField, list[float], list[int]]],
        origin: Weights,
        tried: str,
        widths: int = 1,
    ) -> Rival:
        """The candidate (posterior, lam of each layer, free neurons) with the best expected certificate, its lam rounded to PRIORS.

        The variances of the free neurons are rounded with it: most weights have the prior's, and would be charged for the difference.
        widths: how many numbers of free neurons there are to choose from, which multiplies the priors.
        """
        priors, with_kl = widths * len(PRIORS) ** len(origin), []
        for q, lam, free in candidates:
            rounded = [nearest(value) for value in lam]
            factors = [
                torch.cat([v.new_full((f, 1), new / old), v.new_ones(len(v) - f, 1)])
                for v, new, old, f in zip(q.variances, rounded, lam, free)
            ]
            q = replace(q, variances=[v * factor for v, factor in zip(q.variances, factors)])
            with_kl.append((q, q.kl(self.initial, prior_variances(rounded, free, origin))))
        q, kl = min(with_kl, key=lambda each: self.expected(*each, priors))
        return Rival(q, kl, torch.arange(self.n), 0.0, priors, origin, tried)


def prior_variances(lam: list[float], free: list[int], like: Weights) -> list[float | torch.Tensor]:
    """lam of each layer where all its neurons are free; else a column (n_out, 1), lam for the free ones and HELD for the others."""
    columns = []
    for w, l, f in zip(like, lam, free):
        held = torch.arange(len(w))[:, None] >= f
        columns.append(torch.where(held, HELD, torch.tensor(l, dtype=torch.float64)) if f < len(w) else l)
    return columns


def nearest(lam: float) -> float:
    """The value of PRIORS that is nearest on a logarithmic scale."""
    return float(PRIORS[np.abs(np.log(PRIORS / lam)).argmin()])


RIVALS: dict[str, Callable[[Setting], Rival]] = {}


def rival(make: Callable[[Setting], Rival]) -> Callable[[Setting], Rival]:
    """Enter the decorated function into RIVALS under its own name."""
    RIVALS[make.__name__] = make
    return make
