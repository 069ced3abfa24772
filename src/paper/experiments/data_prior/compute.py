"""A prior whose mean has seen half of the examples, the posteriors that learn from the other half, and the hold-out bound of the mean itself."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
import torch

from pacbayes_curvature.bounds import catoni_bound, pac_bayes_bound
from pacbayes_curvature.certificates import certificate, holdout_bound, risk_from_outcomes
from pacbayes_curvature.curvature.second_moments import second_moments, spectrum
from pacbayes_curvature.descent import Descent, error, optimise, quadratic
from pacbayes_curvature.mean_field import Coordinates, MeanField
from pacbayes_curvature.natural import Diverged, NaturalDescent, optimise_naturally
from pacbayes_curvature.networks import Weights
from paper.experiments.certified import DELTA, DELTA_MC, error_rate, estimate, score, some
from paper.experiments.holdout.compute import trained_on_share
from paper.networks import data
from paper.networks.data import Dataset
from paper.randomness import stream
from paper.results import records

SHARE = 0.5  # of the examples, for the prior's mean
# Where the posterior is the prior, it has the smallest of the variances that certificates may have (`certified.PRIORS`): there is no
# divergence, and noise only adds errors.
LAM = 1e-5
LAMS = (1e-5, 1e-4, 1e-3)  # of an optimised posterior's prior: a larger one lets the mean move further, and adds errors
EPOCHS = 4
MORE = 15  # passes beyond those of a score: with a small divergence and few errors the Monte Carlo term counts
CATONI = 2.0 ** np.arange(-4, 4)  # c of Catoni's bound, fixed before any look at data


@dataclass(frozen=True)
class Half:
    """The prior's mean, and the examples x, y that it has not seen: those that the bounds count."""

    mean: Weights
    x: torch.Tensor
    y: torch.Tensor
    seed: int

    def around(self, lam: float, coordinates: Coordinates | None = None) -> MeanField:
        """N(mean, lam I)."""
        return MeanField(self.mean, [torch.full_like(w, lam) for w in self.mean], coordinates)

    def eigenbasis(self) -> Coordinates:
        """Of each layer's H_l, on these examples."""
        moments = second_moments(self.mean, self.x)
        bases = [torch.from_numpy(spectrum(h)[1].copy()).to(w) for h, w in zip(moments, self.mean)]
        return Coordinates(bases, [None] * len(bases))

    def promised(self, q: MeanField, kl: float) -> float:
        """The certificate that the examples of a search promise."""
        looked = some(len(self.y), self.seed)
        tally = q.tally(self.x[looked], self.y[looked], stream("search for a posterior of a share", self.seed))
        return float(estimate(1 - tally.accuracy[0], kl, len(self.y), len(LAMS)))


Found = tuple[MeanField, float, int, str]  # posterior, its KL, priors among which P was chosen, what was tried


def prior(half: Half) -> Found:
    """Q = P (Ambroladze et al. 2007; Parrado-Hernandez et al. 2012)."""
    return half.around(LAM), 0.0, 1, f"lam {LAM:g}, nothing else"


def adam(half: Half, start: MeanField, lam: float, rate: float) -> MeanField:
    """The quadratic bound with the error itself minimised by Adam, the variances thirty times as fast as the mean."""
    return optimise(
        start, half.mean, lam, half.x, half.y, quadratic(len(half.y)), Descent(EPOCHS, 512, rate, 30 * rate),
        stream("posterior of a share", half.seed), error, label="on the rest",
    ).posterior  # fmt: skip


def natural(half: Half, start: MeanField, lam: float, rate: float) -> MeanField:
    """The same objective and coordinates, by steps along the natural gradient."""
    return optimise_naturally(
        start, half.mean, lam, half.x, half.y, quadratic(len(half.y)), NaturalDescent(EPOCHS, 512, rate),
        stream("posterior of a share", half.seed), error, label="on the rest",
    )  # fmt: skip


def best(steps: Callable[[Half, MeanField, float, float], MeanField], rates: tuple[float, ...], half: Half) -> Found:
    """The posterior with the smallest promised certificate of those that `steps` lead to, from a prior of each of LAMS, at each of the rates.

    ValueError where all of them diverged.
    """
    coordinates, found, diverged = half.eigenbasis(), [], 0
    for lam in LAMS:
        for rate in rates:
            try:
                q = steps(half, half.around(lam, coordinates), lam, rate)
            except Diverged:
                diverged += 1
            else:
                found.append((q, q.kl(half.mean, lam)))
    if not found:
        raise ValueError(f"all steps diverged, at the rates {', '.join(f'{rate:g}' for rate in rates)}")
    q, kl = min(found, key=lambda each: half.promised(*each))
    lams, at = (", ".join(f"{value:g}" for value in values) for values in (LAMS, rates))
    tried = f"lam {lams}; rates {at}; {EPOCHS} epochs" + (f"; {diverged} diverged" if diverged else "")
    return q, kl, len(LAMS), tried


POSTERIORS: dict[str, Callable[[Half], Found]] = {
    "prior": prior,
    "adam": partial(best, adam, (1e-4, 3e-4)),
    "natural": partial(best, natural, (0.03, 0.1)),
}


def data_prior(dataset: str, seed: int = 0, fresh: bool = False) -> records.Result:
    """For each of POSTERIORS its certificate from the half of the examples that the prior has not seen, and what stands beside it.

    Columns: dataset, seed, method; kl, errors, outcomes, n, priors, looked_at, certificate, theorem_31, test_error, test_error_stderr,
    network_test_error (as `certified.score`, with MORE passes for errors and outcomes); catoni (`bounds.catoni_bound` on the grid CATONI, with the
    same events paid for, at most 1); own_holdout (the hold-out bound of the prior's mean on the same n examples, delta = 0.05); tried.
    The mean is trained with moved images (`holdout.trained_on_share`).
    """

    def compute() -> pd.DataFrame:
        examples = data.load(dataset)
        mean, _, rest = trained_on_share(examples, seed, SHARE, moved=True)
        half = Half(mean, torch.from_numpy(examples.x_train)[rest], torch.from_numpy(examples.y_train)[rest], seed)
        own = holdout_bound(round(error_rate(mean, half.x, half.y) * len(rest)), len(rest), DELTA)
        rows = [{"method": name, **row(half, find(half), examples, name)} for name, find in POSTERIORS.items()]
        return pd.DataFrame(rows).assign(own_holdout=own)

    return records.obtain(records.key("data_prior", dataset, seed), compute, fresh=fresh)


def row(half: Half, found: Found, examples: Dataset, name: str) -> dict[str, float | str]:
    """The columns of `data_prior` from kl to tried, own_holdout apart."""
    q, kl, priors, tried = found
    scored = score(q, kl, half.x, half.y, examples, half.seed, f"{name} of a share", priors)
    more = q.tally(half.x, half.y, stream(f"more outcomes of {name} of a share", half.seed), MORE)
    errors, outcomes = scored["errors"] + float(more.wrong[0]), scored["outcomes"] + int(more.outcomes[0])
    risk, n = risk_from_outcomes(errors, outcomes, delta_mc=DELTA_MC), len(half.y)
    return scored | {
        "errors": errors,
        "outcomes": outcomes,
        "certificate": certificate(errors, outcomes, kl, n, delta=DELTA, delta_mc=DELTA_MC, priors=priors),
        "theorem_31": pac_bayes_bound(risk, kl, n, DELTA / priors),
        "catoni": min(float(catoni_bound(risk, kl, n, DELTA / priors, CATONI)), 1.0),
        "tried": tried,
    }
