"""The least KL divergence that Gaussians with given means can have at a given expected quadratic loss, prior by prior.

Q = N(mu0, S0), P = N(mu1, S1), Delta = mu0 - mu1, and E = E_Q[eta' H eta] / 2 = tr(H S0) / 2 with H positive
semidefinite. Each function minimises KL(Q||P) at fixed E, or E + beta KL at fixed beta, over one family of pairs:

    diagonal_prior   S0 and S1 diagonal                        Lemma 4.2
    block_prior      S0 and S1 block-diagonal, the same blocks
    full_prior       any S0 and S1
    isotropic_prior  S1 = lam I; S0 any, or diagonal           Lemma 4.1 at its best lam
    baseline         S1 = S0 = lam I

A wider family has the lower floor. In the first three the prior depends on the data: floors, never certificates.
Arguments are numbers, lists, numpy arrays or torch tensors, as in `gaussians`; a floor comes back in the shape of the
loss, or of beta, that it is asked for. The derivations are in chapter 04.
"""

import math
from typing import Any, NamedTuple

import numpy as np
import torch
from scipy.optimize import brentq

from pacbayes_curvature._arrays import border, require, require_finite, require_positive, require_scalar
from pacbayes_curvature.gaussians import optimal_prior_and_posterior


class Floor(NamedTuple):
    """A point of the lower envelope: no pair of the family has both a smaller E and a smaller KL."""

    expected_loss: Any  # E, in the loss's units
    kl: Any  # KL, in nats


def diagonal_prior(curvature, displacement, beta):
    """E = sum_i E_i* and KL = sum_i KL_i* of Lemma 4.2: the pair that minimises E + beta KL over diagonal S0 and S1.

    curvature     h_i = H_ii >= 0, any shape; displacement  Delta_i, the same shape, or either a number
    beta          numbers > 0; beta from 0 to inf runs through the whole envelope, with E rising and KL falling
    Returns a `Floor` in beta's shape. ValueError: as `gaussians.optimal_prior_and_posterior`.

    Source: Lemma 4.2; E + beta KL is the right side of Eq. (9).
    """
    (h, delta, betas), form = border(curvature=curvature, displacement=displacement, beta=beta)
    require_positive(beta=betas)
    pairs = [optimal_prior_and_posterior(h, delta, value) for value in betas.flatten()]
    sums = (
        torch.stack([sum_.sum() for sum_ in sums]) for sums in ([p.expected_loss for p in pairs], [p.kl for p in pairs])
    )
    return Floor(*(form(total.reshape(betas.shape)) for total in sums))


def block_prior(costs, expected_loss):
    """min { sum_b (1/2) ln(1 + c_b / E_b) : sum_b E_b = E }, the least KL of pairs with a common block structure.

    costs          c_b = Delta_b' H_b Delta_b / 2 >= 0 of each block, with H_b the block of H; blocks of one weight,
                   c_i = h_i Delta_i^2 / 2, give Lemma 4.2, and a single block `full_prior`
    expected_loss  E > 0, numbers
    Returns KL in E's shape, a relative error of some 1e-12. The optimal split is E_b = (beta/2)(1 - exp(-2 KL_b)) with
    KL_b = arcsinh(sqrt(c_b / (2 beta))), where beta is the root of sum_b E_b = E: Lemma 4.2 with blocks for weights.
    ValueError: a negative cost, E not positive, anything not finite.

    Beyond the paper: chapter 04.
    """
    (costs, losses), form = border(costs=costs, expected_loss=expected_loss)
    _require_costs(costs=costs)
    require_positive(expected_loss=losses)
    costs = costs[costs > 0].detach()
    floors = [_block_prior(costs, loss) for loss in losses.flatten().tolist()]
    return form(torch.tensor(floors, dtype=costs.dtype, device=costs.device).reshape(losses.shape))


def full_prior(cost, expected_loss):
    """(1/2) ln(1 + c / E) with c = Delta' H Delta / 2: no Gaussian pair whatever has a smaller KL at expected loss E.

    cost           c >= 0, a number;  expected_loss  E > 0, numbers
    Returns KL in E's shape. Approached, not attained, where H Delta is not all of H: S0 = (E/c) Delta Delta' has to be
    singular. ValueError: as `block_prior`.

    Beyond the paper: chapter 04.
    """
    (cost, losses), form = border(cost=cost, expected_loss=expected_loss)
    require_scalar(cost=cost)
    _require_costs(cost=cost)
    require_positive(expected_loss=losses)
    return form(torch.log1p(cost / losses) / 2)


def isotropic_prior(curvature, squared_distance, expected_loss):
    """(1/2) sum_i ln(1 + D g_i / (2 E)) = (1/2) ln det(I + D H / (2 E)): the least KL under a prior lam I.

    curvature         g_i >= 0: the eigenvalues of H for any S0, the diagonal of H for a diagonal S0
    squared_distance  D = |Delta|^2 >= 0, a number;  expected_loss  E > 0, numbers
    Returns KL in E's shape; lam is at its best, the root of lam sum_i lam g_i / (beta + lam g_i) = D, and so depends on
    E. ValueError: a negative curvature or distance, E not positive, anything not finite.

    Beyond the paper: chapter 03, from Lemma 4.1.
    """
    (g, distance, losses), form = border(
        curvature=curvature, squared_distance=squared_distance, expected_loss=expected_loss
    )
    require_scalar(squared_distance=distance)
    _require_costs(curvature=g, squared_distance=distance)
    require_positive(expected_loss=losses)
    floors = [torch.log1p(distance / (2 * loss) * g).sum() / 2 for loss in losses.flatten()]
    return form(torch.stack(floors).reshape(losses.shape))


def baseline(trace, squared_distance, expected_loss):
    """D tr(H) / (4 E): the KL of S0 = S1 = lam I, where E = lam tr(H) / 2 and KL = D / (2 lam).

    trace  tr(H) >= 0;  squared_distance  D >= 0;  expected_loss  E > 0, numbers
    Returns KL in E's shape. ValueError: as `isotropic_prior`.

    Source: the baseline posterior of section 6.
    """
    (trace, distance, losses), form = border(
        trace=trace, squared_distance=squared_distance, expected_loss=expected_loss
    )
    require_scalar(trace=trace, squared_distance=distance)
    _require_costs(trace=trace, squared_distance=distance)
    require_positive(expected_loss=losses)
    return form(distance * trace / (4 * losses))


def _require_costs(**tensors):
    require_finite(**tensors)
    for name, tensor in tensors.items():
        require(tensor >= 0, f"{name} must be nonnegative", tensor)


def _block_prior(costs: torch.Tensor, loss: float) -> float:
    """The least KL for positive costs (B,) at one E: the root of sum_b E_b = E in ln beta, between proven ends."""
    if not len(costs):
        return 0.0
    log_costs, log_loss = costs.log(), math.log(loss)

    def kl(log_beta):
        return torch.asinh(((log_costs - log_beta - math.log(2)) / 2).exp())

    def gap(log_beta):
        return log_beta - math.log(2) + math.log(-torch.expm1(-2 * kl(log_beta)).sum().item()) - log_loss

    # sum_b E_b <= sqrt(beta/2) sum_b sqrt(c_b), and the largest block alone has at least min(sqrt(beta c/8), beta/4).
    low = 2 * (log_loss - math.log(costs.sqrt().sum().item())) + math.log(2)
    high = max(2 * log_loss - log_costs.max().item() + math.log(8), log_loss + math.log(4))
    return kl(brentq(gap, low - 1e-9, high + 1e-9, xtol=1e-13, rtol=1e-14)).sum().item()


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
