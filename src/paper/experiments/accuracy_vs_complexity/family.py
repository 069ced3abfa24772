"""Where a method's front runs in its family of posteriors: the members to be counted on the whole training set.

A front is a curve: for each accuracy the least complex member. On the grid it can be seen in steps only, and a method would
look worse than another for lack of a point. The divergence is known in closed form everywhere, and the accuracy is smooth in
ln lam and ln beta: between the grid's points it is interpolated, on a lattice so fine that the steps are not seen. The
lattice is the same for every network, so that a union bound over its values of lam is one.
"""

import numpy as np
import pandas as pd
from scipy.interpolate import PchipInterpolator
from scipy.special import expit, logit

from pacbayes_curvature import posteriors
from pacbayes_curvature.bounds import complexity
from paper.experiments.grid import LEVELS

# Of the way from guessing to perfect: where a front is looked at. Evenly spaced in the log odds, and the LEVELS themselves.
TARGETS = tuple(sorted({*LEVELS, *(float(f"{s:.4g}") for s in expit(np.arange(-3.0, 8.0, 0.5)))}))
HALFWAY = 0.5  # the least for the smallest bound: where a bound is vacuous, the smallest sum is that of pure noise
STEPS = 200  # of the lattice, in a factor of 10
LIMITS = 0.003, 1 - 1e-5  # of the way from guessing to perfect: what an exploration can tell apart from the ends
BEYOND = 16  # the largest beta times this stands for infinity on the axis along which the accuracy is interpolated


def members(
    points: pd.DataFrame, layers: list[posteriors.LayerPosterior], examples: int, chance: float
) -> pd.DataFrame:
    """The members of a method's front: columns point, lam, beta; a row for each of TARGETS and two more.

    points: lam, beta, accuracy of every point of the grid, explored. point: "front s", the least complex member whose
    accuracy is expected to be s of the way from `chance` to 1; "best", the one with the smallest bound expected of those at
    least HALFWAY; "noise", the least complex of all, the grid's largest lam at beta = inf.
    """
    lam, beta, way = lattice(points, chance)
    height = complexity(_divergence(layers, lam, beta).ravel(), examples).reshape(way.shape)
    bound = (1 - chance) * (1 - way) + height
    chosen = {"noise": np.where(lam[:, None] == lam[-1], height, np.inf).argmin()}
    chosen |= {f"front {s:g}": _least(height, way, s) for s in TARGETS}
    chosen["best"] = _least(bound, way, HALFWAY)
    i, j = np.unravel_index(list(chosen.values()), way.shape)
    return pd.DataFrame({"point": chosen.keys(), "lam": lam[i], "beta": beta[j]})


def lattice(points: pd.DataFrame, chance: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """lam (K,), beta (M,) and the expected part of the way from `chance` to 1 (K, M) that the accuracy has there.

    Monotone cubic interpolation of its log odds in ln lam, then in ln beta.
    """
    way = points.assign(way=(points["accuracy"] - chance) / (1 - chance)).pivot(
        index="lam", columns="beta", values="way"
    )
    odds, lam, beta = logit(np.clip(way.to_numpy(), *LIMITS)), way.index.to_numpy(), way.columns.to_numpy()
    fine = between(lam[0], lam[-1])
    odds = _interpolated(lam, odds, fine)
    if len(beta) == 1:
        return fine, beta, expit(odds)
    finite = beta[:-1]
    axis, betas = np.append(finite, BEYOND * finite[-1]), between(finite[0], finite[-1])
    odds = _interpolated(axis, odds.T, np.append(betas, axis[-1])).T
    return fine, np.append(betas, np.inf), expit(odds)


def between(first: float, last: float) -> np.ndarray:
    """The lattice's values from `first` to `last`, ascending, six digits."""
    first, last = (round(STEPS * np.log10(value)) for value in (first, last))
    return np.array([float(f"{10 ** (k / STEPS):.5e}") for k in range(first, last + 1)])


def _interpolated(at: np.ndarray, values: np.ndarray, fine: np.ndarray) -> np.ndarray:
    if len(at) == 1:
        return np.broadcast_to(values, (len(fine), *values.shape[1:]))
    return PchipInterpolator(np.log(at), values, axis=0)(np.log(fine))


def _divergence(layers: list[posteriors.LayerPosterior], lam: np.ndarray, beta: np.ndarray) -> np.ndarray:
    """KL(Q||P) at all lam (K,) and beta (M,): (K, M).

    It is D / (2 lam) and a function of rho = lam / beta. On the lattice there are few different rho; with lam = 1 and
    beta = 1 / rho the function is the divergence less D / 2.
    """
    distance = sum(layer.squared_distance for layer in layers)
    rho = lam[:, None] / beta
    steps = np.round(STEPS * np.log10(np.where(rho > 0, rho, 1))).astype(int)
    rho, place = np.unique(np.where(rho > 0, 10.0 ** (steps / STEPS), 0.0), return_inverse=True)
    with np.errstate(divide="ignore"):
        of_rho = posteriors.kl_divergence(layers, np.ones(len(rho)), 1 / rho) - distance / 2
    return distance / (2 * lam[:, None]) + of_rho[place].reshape(len(lam), len(beta))


def _least(values: np.ndarray, way: np.ndarray, target: float) -> int:
    """Where `values` are least among those that are at least `target` of the way, or among the farthest if none is."""
    return int(np.where(way >= min(target, way.max()), values, np.inf).argmin())
