"""What Lemma 4.1's posterior trades, in numbers: its front of expected loss E against KL, and the best prior scale.

Legend: prior N(mu1, lam I); g (k,) the eigenvalues of H; D = |mu0 - mu1|^2; rho = lam/beta;
gamma = sum rho g/(1 + rho g); ld = sum ln(1 + rho g); V = E + beta KL, the minimum of (13). For another prior shape
Sigma1, g are the eigenvalues of Sigma1^(1/2) H Sigma1^(1/2) and D = Delta' Sigma1^-1 Delta.
"""

import numpy as np
import pandas as pd


def best_scale(g: np.ndarray, d: float, beta: float) -> float:
    """The root of lam gamma(lam/beta) = D, by bisection on ln lam. g (k,) eigenvalues, not all 0; d > 0; beta > 0."""
    low, high = np.log(d / len(g)), np.log(d / len(g) + beta / g.max())  # lam gamma <= lam k at low
    while np.exp(high) * (np.exp(high) / beta * g / (1 + np.exp(high) / beta * g)).sum() < d:
        high += 1.0
    for _ in range(100):
        middle = (low + high) / 2
        lam = np.exp(middle)
        low, high = (middle, high) if lam * (lam / beta * g / (1 + lam / beta * g)).sum() < d else (low, middle)
    return float(np.exp(low))


def curves(g: np.ndarray, delta: np.ndarray, lam: float, betas: np.ndarray) -> pd.DataFrame:
    """Lemma 4.1's front over `betas` at one lam: beta, lam, E, KL, V, and E and KL with the best mean as well.

    g (k,) eigenvalues of H, delta (k,) the displacement in H's eigenbasis. The best mean shrinks the displacement:
    m* - mu0 = -Delta_i/(1 + rho g_i).
    """
    rho = lam / np.asarray(betas)[:, None]
    shrink = rho * g / (1 + rho * g)
    e, ld = betas * shrink.sum(1) / 2, np.log1p(rho * g).sum(1)
    kl = (delta @ delta / lam - shrink.sum(1) + ld) / 2
    moved_e = e + (g * (delta * (1 - shrink)) ** 2).sum(1) / 2
    moved_kl = (((delta * shrink) ** 2).sum(1) / lam - shrink.sum(1) + ld) / 2
    table = {
        "beta": betas,
        "lam": lam,
        "E": e,
        "KL": kl,
        "V": e + betas * kl,
        "E, free mean": moved_e,
        "KL, free mean": moved_kl,
    }
    return pd.DataFrame(table)
