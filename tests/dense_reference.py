"""Slow, dense, obvious twins of the package's formulas, written from the paper and not from the code."""

import mpmath as mp
import numpy as np


def exact(x):
    """A number, vector or matrix of floats as mpmath objects, without rounding."""
    x = np.asarray(x, dtype=float)
    if x.ndim == 0:
        return mp.mpf(float(x))
    return mp.matrix(x.tolist())


def dense_covariance(covariance, k):
    covariance = np.asarray(covariance, dtype=float)
    return covariance if covariance.ndim == 2 else np.diag(np.broadcast_to(covariance, k))


def gaussian_kl(mean_q, cov_q, mean_p, cov_p, digits=60):
    """(1/2) [ tr(S1^-1 S0) - k + Delta' S1^-1 Delta + ln(det S1 / det S0) ], with inverses and determinants."""
    k = max([np.shape(a)[0] for a in (mean_q, cov_q, mean_p, cov_p) if np.ndim(a)], default=1)
    with mp.workdps(digits):
        S0, S1 = exact(dense_covariance(cov_q, k)), exact(dense_covariance(cov_p, k))
        delta = exact(np.broadcast_to(mean_q, k)) - exact(np.broadcast_to(mean_p, k))
        inverse = S1**-1
        product = inverse * S0
        trace = mp.fsum(product[i, i] for i in range(k))
        return (trace - k + (delta.T * inverse * delta)[0] + mp.log(mp.det(S1) / mp.det(S0))) / 2


def quadratic_objective(S0, delta, S1, H, beta):
    """tr(H S0)/2 + beta KL(N(mu0, S0) || N(mu1, S1)), Eq. (12), for float64 matrices."""
    inverse = np.linalg.inv(S1)
    log_ratio = np.linalg.slogdet(S1)[1] - np.linalg.slogdet(S0)[1]
    kl = (np.trace(inverse @ S0) - len(S0) + delta @ inverse @ delta + log_ratio) / 2
    return np.trace(H @ S0) / 2 + beta * kl


def coordinate_objective(nu0, nu1, h, delta, beta):
    """h nu0/2 + (beta/2) [ nu0/nu1 - 1 + Delta^2/nu1 + ln(nu1/nu0) ], Eq. (18), one coordinate, nu1 = lam / Lam_1."""
    return h * nu0 / 2 + beta / 2 * (nu0 / nu1 - 1 + delta**2 / nu1 + np.log(nu1 / nu0))


def optimal_pair(h, delta, beta, lam=3, digits=60):
    """Lemma 4.2 as printed, one coordinate: lam / Lam_1*, 1 / Lam_0*, and from (9) the KL and the expected loss."""
    with mp.workdps(digits):
        h, delta, beta = exact(h), exact(delta), exact(beta)
        R = mp.sqrt(h**2 + 4 * beta * h / delta**2)
        precision_1, precision_0 = lam / (2 * beta) * (R - h), (h + R) / (2 * beta)
        a = beta * precision_1 / lam
        return lam / precision_1, 1 / precision_0, mp.log((h + a) / a) / 2, a * delta**2 / 2


def bernoulli_kl(q, p, digits=60):
    """q ln(q/p) + (1 - q) ln((1 - q)/(1 - p)); the digits must be enough for 1 - q and 1 - p."""
    with mp.workdps(digits):
        q, p = mp.mpf(q), mp.mpf(p)
        if (p == 0 and q > 0) or (p == 1 and q < 1):
            return mp.inf
        return sum(a * mp.log(a / b) for a, b in ((q, p), (1 - q, 1 - p)) if a > 0)


def bernoulli_kl_inverse(q, c, digits=60):
    """The largest p with kl(q||p) <= c, from below, by halving [q, 1] until the digits are used up."""
    with mp.workdps(digits):
        low, high, c = mp.mpf(q), mp.mpf(1), mp.mpf(c)
        for _ in range(int(digits / mp.log10(2))):
            middle = (low + high) / 2
            low, high = (middle, high) if bernoulli_kl(q, middle, digits) <= c else (low, middle)
        return low
