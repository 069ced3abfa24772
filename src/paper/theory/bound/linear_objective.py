"""Eqs. (2) and (4), the objective that is linear in KL, on finite spaces: its minimiser, its sweep, its certificate.

Legend: L, Lhat the true and the empirical risk, N examples, C = Lhat + beta KL, c = ln(2 (N - 1)/delta). On a finite
space of M hypotheses, P, Q, Lhat are vectors (M,).
"""

import math
from collections.abc import Iterable

import numpy as np
import pandas as pd

from pacbayes_curvature import bounds


def gibbs(prior: np.ndarray, risks: np.ndarray, beta: float) -> tuple[np.ndarray, float, float]:
    """Q_beta (M,), its E_Q[Lhat] and KL(Q_beta||P): the minimiser of (4) over all Q on a finite space."""
    logs = np.log(prior) - risks / beta
    q = np.exp(logs - np.logaddexp.reduce(logs))
    return q, float(q @ risks), divergence(q, prior)


def divergence(q: np.ndarray, prior: np.ndarray) -> float:
    """KL(Q||P) for vectors (M,), with 0 ln 0 = 0."""
    return float(np.sum(q * np.log(np.where(q > 0, q, 1) / prior)))


def sweep(prior: np.ndarray, risks: np.ndarray, n: int, delta: float, betas: np.ndarray) -> pd.DataFrame:
    """Along the minimisers of (4): beta, risk, kl, bound (3), line V(beta) + beta c + 1/(8 N beta), its beta*."""
    c, rows = math.log(2 * (n - 1) / delta), []
    for beta in betas:
        _, risk, kl = gibbs(prior, risks, beta)
        rows.append(
            {
                "beta": beta,
                "risk": risk,
                "kl": kl,
                "bound": float(bounds.pac_bayes_bound(risk, kl, n, delta)),
                "line": risk + beta * (kl + c) + 1 / (8 * n * beta),
                "best beta": 1 / math.sqrt(8 * n * (kl + c)),
            }
        )
    return pd.DataFrame(rows)


def costly_space(hypotheses: int = 200) -> tuple[np.ndarray, np.ndarray]:
    """A prior and empirical risks from 1/2 to 0, (M,) each: the better a hypothesis, the less likely a priori."""
    risks = np.linspace(0, 0.5, hypotheses)
    weights = np.exp(150 * (risks - 0.5))
    return weights / weights.sum(), risks


def useful_betas(examples: Iterable[int], delta: float) -> pd.DataFrame:
    """Where a non-vacuous bound's beta* can lie: K < 2 N gives beta* > 1/(4 N), K >= c gives beta* <= 1/sqrt(8 N c)."""
    rows = ((n, 1 / (4 * n), 1 / math.sqrt(8 * n * math.log(2 * (n - 1) / delta))) for n in examples)
    return pd.DataFrame(rows, columns=["N", "above 1/(4 N)", "up to 1/sqrt(8 N c)"])


def experiment(
    seed: int, n: int, delta: float, betas: np.ndarray, trials: int = 4000, hypotheses: int = 100
) -> pd.DataFrame:
    """How often the true risk of Q_beta lies above the certificate and above its parts; a row for each fixed beta.

    Nothing can be learnt: all M hypotheses err with probability 1/2, P is uniform, and each trial draws N losses of
    each. So the true risk is 1/2 whatever Q, while Q_beta favours hypotheses that were lucky. Columns: beta; the
    certificate's mean; the share of trials in which 1/2 exceeds Lhat alone, C_beta, and the certificate.
    """
    risks = np.random.default_rng(seed).binomial(n, 0.5, size=(trials, hypotheses)) / n
    rows = []
    for beta in betas:
        logs = -risks / beta - math.log(hypotheses)
        log_mean = np.logaddexp.reduce(logs, axis=1)
        empirical = (np.exp(logs - log_mean[:, None]) * risks).sum(axis=1)
        c = -beta * log_mean  # C_beta(Q_beta) = -beta ln E_P[exp(-Lhat/beta)]
        value = c + beta * math.log(1 / delta) + 1 / (8 * n * beta)  # the certificate
        rows.append(
            {
                "beta": beta,
                "mean certificate": value.mean(),
                "above the empirical risk": (empirical < 0.5).mean(),
                "above C": (c < 0.5).mean(),
                "above the certificate": (value < 0.5).mean(),
            }
        )
    return pd.DataFrame(rows)
