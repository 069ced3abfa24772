"""A problem with nothing to learn: the labels are tosses of a coin, so that every classifier has the risk 1/2.

K classifiers err on each of n examples independently of each other. All that a bound knows of a data set are their K counts of
errors, kept here as a histogram h (n + 1,): h_k classifiers err k times. A bound below RISK has failed, whatever the posterior.
"""

import numpy as np
from scipy.special import logsumexp
from scipy.stats import binom

RISK = 0.5


def histograms(generator: np.random.Generator, datasets: int, n: int, classifiers: int) -> np.ndarray:
    """h of each data set: (datasets, n + 1), with sums K = `classifiers`."""
    return generator.multinomial(classifiers, binom.pmf(np.arange(n + 1), n, RISK), size=datasets)


def fewest(h: np.ndarray) -> np.ndarray:
    """The errors of the classifier that errs least: (datasets,)."""
    return (h > 0).argmax(axis=1)


def tilted(h: np.ndarray, gamma: float) -> tuple[np.ndarray, np.ndarray]:
    """Q ~ P exp(-gamma k), with P uniform over the classifiers: its empirical risk and KL(Q||P) = ln K - ln Z - gamma E_Q[k].

    Z = sum_k h_k exp(-gamma k). From h (datasets, n + 1): (datasets,) each.
    """
    n = h.shape[1] - 1
    k = np.arange(n + 1)
    with np.errstate(divide="ignore"):
        log_weights = np.log(h) - gamma * k
    log_z = logsumexp(log_weights, axis=1, keepdims=True)
    errors = np.exp(log_weights - log_z) @ k
    return np.clip(errors / n, 0, 1), np.maximum(np.log(h.sum(axis=1)) - log_z[:, 0] - gamma * errors, 0)
