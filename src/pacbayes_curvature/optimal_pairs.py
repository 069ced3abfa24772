"""Priors and posteriors of Lemma 4.2 and of its block form that exist: finite noise everywhere, every nat counted.

The paper's formulas are limits where a weight has no curvature or has not moved.
Legend: k weights, Delta = mu_0 - mu_1, nu_0 and nu_1 the variances of posterior and prior; a block b is the incoming
weights of one neuron, with the curvature H of its layer, and c_b = Delta_b' H Delta_b / 2.
"""

from typing import NamedTuple

import numpy as np

from .gaussians import optimal_prior_and_posterior

FREE_NATS = 1.0  # what all weights together cost that have moved and have no curvature


class Pair(NamedTuple):
    """variance (k,) of the posterior, finite; KL in nats and E in the loss's units, summed over the weights; uncurved,
    the number of weights with h = 0 and Delta != 0."""

    variance: np.ndarray
    kl: float
    expected_loss: float
    uncurved: int


def attained_pair(curvature: np.ndarray, displacement: np.ndarray, beta: float) -> Pair:
    """Lemma 4.2's optimum, with finite variances also where its infimum is only approached.

    h > 0, Delta = 0   no noise: the limit of pairs with nu_1 = nu_0 -> 0, which cost nothing.
    h = 0, Delta = 0   no noise. Every nu_1 = nu_0 costs nothing; again the limit 0.
    h = 0, Delta != 0  KL_i = (1/2) ln(1 + Delta^2 / nu_0) falls to 0 only as nu_0 tends to infinity, where all of the
                       weight is noise. The n weights of this kind get nu_0 = Delta^2 / (e^(2 FREE_NATS / n) - 1). Each
                       then costs FREE_NATS / n, all together FREE_NATS, which are in `kl`.

    curvature h >= 0 and displacement, (k,); beta > 0. Raises ValueError as `gaussians.optimal_prior_and_posterior`.

    Source: Lemma 4.2, Eqs. (7)-(9); the third case is ours, where the formulas divide 0 by 0.
    """
    h, delta = np.asarray(curvature, float), np.asarray(displacement, float)
    pair = optimal_prior_and_posterior(h, delta, beta)
    variance = np.where(h > 0, pair.posterior_variance, 0.0)
    uncurved = (h == 0) & (delta != 0)
    n = int(uncurved.sum())
    if n:
        variance[uncurved] = delta[uncurved] ** 2 / np.expm1(2 * FREE_NATS / n)
    return Pair(variance, float(pair.kl.sum()) + FREE_NATS * (n > 0), float(pair.expected_loss.sum()), n)


def block_costs(moment: np.ndarray, displacement: np.ndarray) -> np.ndarray:
    """c_b = Delta_b' H Delta_b / 2 of the neurons of one layer: (n_out,), for H (k, k) and Delta (n_out, k)."""
    return np.maximum(((displacement @ moment) * displacement).sum(1), 0) / 2


def attained_block_pair(costs: np.ndarray, moved: np.ndarray, beta: float) -> Pair:
    """The optimal pair of blocks: `variance` holds a_b^2, the variance of xi_b in W_b + xi_b Delta_b.

    costs c_b (B,) and moved (B,), whether Delta_b != 0; beta > 0. The posterior is a_b^2 Delta_b Delta_b' + eps I with
    eps -> 0, the prior that plus Delta_b Delta_b'. For every eps > 0 the pair exists and its KL,
    (1/2) sum_b ln(1 + |Delta_b|^2 / (a_b^2 |Delta_b|^2 + eps)), is below the one returned; the accuracy and E tend to
    those of eps = 0. So the returned point is approached by pairs none of which has a larger KL.

    Beyond the paper: chapter 04, block-diagonal pairs; a block is a weight with h = 2 c_b and Delta = 1.
    """
    return attained_pair(2 * np.asarray(costs, float), np.asarray(moved, float), beta)
