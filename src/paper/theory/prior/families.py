"""Beyond Lemma 4.2: the least KL at a given expected quadratic loss E, for wider and narrower families of pairs.

The floors stand here as formulas in mpmath, from numbers, lists and mpmath matrices, with random problems to put into
them. They are checked in `prior_family_checks`.
"""

from collections.abc import Iterator
from typing import NamedTuple

import mpmath as mp
import numpy as np
import sympy as sp

from paper.theory.prior.formulas import beta

BLOCKS = 3
c = sp.Symbol("c_b", positive=True)


class Problem(NamedTuple):
    """A full positive definite H (k, k), a displacement (k, 1), an expected loss E and covariances to try."""

    H: mp.matrix
    shift: mp.matrix
    loss: mp.mpf
    posterior: mp.matrix
    prior: mp.matrix


# The floors ----------------------------------------------------------------------------------------------------------


def full_floor(cost, loss):
    """(1/2) ln(1 + c/E), c = Delta' H Delta / 2: any two Gaussians."""
    return mp.log(1 + cost / loss) / 2


def block_share(cost=c, weight=beta):
    """E_b = ( sqrt(c_b^2 + 2 beta c_b) - c_b ) / 2: a block's share of E where dKL_b/dE_b = -1/beta, as for all."""
    return ((cost**2 + 2 * weight * cost) ** sp.Rational(1, 2) - cost) / 2


def block_floor(costs, loss):
    """sum_b (1/2) ln(1 + c_b/E_b) at the shares E_b with sum E: block-diagonal pairs; Lemma 4.2 for blocks of one."""

    def share(cost, weight):
        return (mp.sqrt(cost**2 + 2 * weight * cost) - cost) / 2

    def gap(log_weight):
        return mp.log(mp.fsum(share(cost, mp.exp(log_weight)) for cost in costs) / loss)

    ends = 2 * (loss / mp.fsum(map(mp.sqrt, costs))) ** 2 / 2, 2 * max(8 * loss**2 / max(costs), 4 * loss)
    weight = mp.exp(mp.findroot(gap, [mp.log(end) for end in ends], solver="anderson"))
    return mp.fsum(full_floor(cost, share(cost, weight)) for cost in costs)


def isotropic_floor(H, distance, loss):
    """(1/2) ln det(I + D H / (2 E)): a prior lam I and any posterior; with H's diagonal for H, diagonal posteriors."""
    return mp.log(mp.det(mp.eye(H.rows) + distance / (2 * loss) * H)) / 2


def baseline_floor(H, distance, loss):
    """D tr(H) / (4 E): one covariance lam I for both."""
    return distance * mp.fsum(H[i, i] for i in range(H.rows)) / (4 * loss)


def divergence(shift, S0, S1):
    """KL(N(Delta, S0) || N(0, S1)), Eq. (12)'s, with inverse and determinants."""
    inverse = S1**-1
    trace = mp.fsum((inverse * S0)[i, i] for i in range(S0.rows))
    return (trace - S0.rows + (shift.T * inverse * shift)[0] + mp.log(mp.det(S1) / mp.det(S0))) / 2


def diagonal(matrix):
    """The matrix without its off-diagonal entries."""
    return mp.diag([matrix[i, i] for i in range(matrix.rows)])


def costs_of_blocks(H, shift, blocks: int) -> list:
    """c_b = Delta_b' H_b Delta_b / 2 for consecutive blocks of nearly equal size, for numpy or mpmath arrays."""
    parts = [list(map(int, part)) for part in np.array_split(np.arange(len(shift)), blocks)]
    return [sum(shift[i] * H[i, j] * shift[j] for i in part for j in part) / 2 for part in parts if part]


def floors(problem: Problem) -> dict[str, mp.mpf]:
    """The floors of all families at the problem's E."""
    H, shift, loss = problem.H, problem.shift, problem.loss
    distance = (shift.T * shift)[0]
    return {
        "full": full_floor(cost(problem), loss),
        "block": block_floor(costs_of_blocks(H, shift, BLOCKS), loss),
        "Lemma 4.2": block_floor(costs_of_blocks(H, shift, H.rows), loss),
        "isotropic, full Q": isotropic_floor(H, distance, loss),
        "isotropic, diagonal Q": isotropic_floor(diagonal(H), distance, loss),
        "baseline": baseline_floor(H, distance, loss),
    }


# Random problems -----------------------------------------------------------------------------------------------------


def random_problems(dimension: int, instances: int, seed: int) -> Iterator[Problem]:
    """`instances` problems with full matrices, exact as floats; E is log-uniform from 0.1 to 1000.

    Raises ValueError unless dimension >= 2 and instances >= 1.
    """
    if dimension < 2:
        raise ValueError(f"dimension must be at least 2, got {dimension}")
    if instances < 1:
        raise ValueError(f"instances must be at least 1, got {instances}")
    rng = np.random.default_rng(seed)
    for _ in range(instances):
        H, posterior, prior = (_positive_definite(rng, dimension) for _ in range(3))
        shift = mp.matrix(rng.normal(size=dimension).tolist())
        yield Problem(H, shift, mp.mpf(10 ** rng.uniform(-1, 3)), posterior, prior)


def cost(problem: Problem):
    """c = Delta' H Delta / 2."""
    return (problem.shift.T * problem.H * problem.shift)[0] / 2


def expected_loss(H, S0):
    """E = tr(H S0) / 2."""
    return mp.fsum((H * S0)[i, i] for i in range(H.rows)) / 2


def _positive_definite(rng: np.random.Generator, k: int) -> mp.matrix:
    factor = rng.normal(size=(k, k)) * 10 ** rng.uniform(-0.5, 0.5, (k, 1))
    return mp.matrix((factor @ factor.T + 0.01 * np.eye(k)).tolist())


def in_words(digits: int, instances: int, dimension: int, seed: int) -> str:
    """The scope of a check on random problems."""
    return f"{digits} digits, {instances} random, $k = {dimension}$, seed {seed}"
