"""Rivals whose prior has seen a share of the examples, which the bound then does not count."""

import numpy as np
import torch

from pacbayes_curvature import descent
from pacbayes_curvature.curvature.second_moments import second_moments, spectrum
from pacbayes_curvature.descent import Descent, optimise
from pacbayes_curvature.mean_field import Coordinates, MeanField
from paper.experiments.certified import BETAS, COARSE, PRIORS, search
from paper.experiments.rivals.rival import SHARE, Rival, Setting, rival
from paper.randomness import stream

RATES = (1e-4, 3e-4)  # of the mean; ten and a hundred times that for the variances
EPOCHS = 6


@rival
def prior_mean(setting: Setting) -> Rival:
    """The prior's mean trained on a share, and the posterior equal to the prior (Ambroladze et al. 2007; Parrado-Hernandez et al. 2012)."""
    mean, _, rest = setting.on_share
    lam = _best_lam(setting)
    q = MeanField(mean, [torch.full_like(w, lam) for w in mean])
    return Rival(q, 0.0, rest, SHARE, len(COARSE), mean, "lam on a grid")


@rival
def prior_mean_optimised(setting: Setting) -> Rival:
    """The same prior, and a posterior optimised on the rest by the quadratic bound with the error itself, in the eigenbasis of H_l."""
    mean, _, rest = setting.on_share
    x, y = setting.x[rest], setting.y[rest]
    bases = [torch.from_numpy(spectrum(h)[1].copy()).to(w) for h, w in zip(second_moments(mean, x), mean)]
    coordinates, candidates = Coordinates(bases, [None] * len(bases)), []
    for lam in (1e-4, 1e-3):
        for rate in RATES:
            start = MeanField(mean, [torch.full_like(w, lam) for w in mean], coordinates)
            found = optimise(
                start, mean, lam, x, y, descent.quadratic(len(y)), Descent(EPOCHS, 512, rate, 30 * rate),
                stream("rivals", setting.seed), descent.error, label="on the rest",
            )  # fmt: skip
            q = found.posterior
            candidates.append((q, q.kl(mean, lam)))
    # The prior's lam is one of two values that were fixed beforehand.
    q, kl = min(candidates, key=lambda each: setting.expected(*each, 2, rest))
    return Rival(
        q, kl, rest, SHARE, 2, mean, f"lam 1e-4, 1e-3; Adam {', '.join(f'{rate:g}' for rate in RATES)}; {EPOCHS} epochs"
    )


@rival
def prior_curvature(setting: Setting) -> Rival:
    """The prior's mean and its shape from a share: covariance beta (H_l + beta/lam I)^-1 at the minimum of the share; the posterior is the prior.

    The paper's invalid prior of Lemma 4.2 has the shape of the curvature too, but that of the examples which the bound counts.
    """
    mean, first, rest = setting.on_share
    spectra = [spectrum(h) for h in second_moments(mean, setting.x[first])]
    coordinates = Coordinates([torch.from_numpy(u.copy()).to(mean[0]) for _, u in spectra], [None] * len(mean))
    curvature = [torch.from_numpy(g.copy()).to(mean[0])[None] for g, _ in spectra]

    priors = len(PRIORS) * len(BETAS)  # beta is the prior's here

    def posterior(lam: float, beta: float) -> MeanField:
        return MeanField(mean, [lam / (1 + lam / beta * g) for g in curvature], coordinates)

    def found(lams: np.ndarray, betas: np.ndarray) -> np.ndarray:
        return np.array([setting.expected(posterior(lam, beta), 0.0, priors, rest) for lam, beta in zip(lams, betas)])

    q = posterior(*search(found, coarse=250))
    return Rival(q, 0.0, rest, SHARE, priors, mean, "lam and beta on a grid")


def _best_lam(setting: Setting) -> float:
    mean, _, rest = setting.on_share
    posteriors = [(lam, MeanField(mean, [torch.full_like(w, lam) for w in mean])) for lam in COARSE[::4]]
    return min(posteriors, key=lambda each: setting.expected(each[1], 0.0, len(COARSE), rest))[0]
