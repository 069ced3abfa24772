"""How far the quadratic loss of Eq. (5) reaches: the predicted increase of a network's loss against the measured one.

Legend: theta (k,) the flattened weights, Lhat the mean cross-entropy, H its Hessian, eta ~ N(0, R R') the noise, s a
factor on its covariance. The prediction is s tr(H R R')/2.
"""

import numpy as np
import pandas as pd
import torch
from torch.func import grad, vmap

from pacbayes_curvature.networks import Weights
from paper.randomness import stream
from paper.theory.posterior.front import best_scale
from paper.theory.posterior.measured_curvature import flatten, loss


def expected_remainder(
    weights: Weights,
    x: torch.Tensor,
    y: torch.Tensor,
    root: np.ndarray,
    scales: np.ndarray,
    generator: torch.Generator,
    pairs: int,
) -> tuple[np.ndarray, np.ndarray]:
    """E[ Lhat(theta + sqrt(s) eta) - Lhat(theta) - (s/2) eta' H eta ], eta ~ N(0, R R'): what Eq. (5) leaves out.

    root is R: (k, k), or (k,) standard deviations. Returns the mean and its standard error for each s in scales. Noise
    comes in pairs +-eta, which cancel the gradient's and every other odd term; the same pairs serve all scales. With
    tr(H R R') s/2 added, it is the expected increase of the loss.
    """
    theta, root = flatten(weights), torch.as_tensor(root, dtype=torch.float64)
    scales = torch.as_tensor(scales, dtype=torch.float64)
    losses = vmap(loss, in_dims=(0, None, None, None))
    start, remainders = loss(theta, weights, x, y), []
    for _ in range(pairs):
        xi = torch.randn(len(theta), dtype=torch.float64, generator=generator)
        eta = root * xi if root.ndim == 1 else root @ xi
        half_square = eta @ _hessian_times(eta, theta, weights, x, y) / 2
        steps = scales.sqrt()[:, None] * eta
        both = losses(theta + steps, weights, x, y) + losses(theta - steps, weights, x, y)
        remainders.append(both / 2 - start - scales * half_square)
    table = torch.stack(remainders)
    return table.mean(0).numpy(), (table.std(0) / pairs**0.5).numpy()


def quadratic_range(
    weights: Weights,
    x: torch.Tensor,
    y: torch.Tensor,
    shapes: dict[str, tuple[np.ndarray, float, float]],
    predicted: np.ndarray,
    seed: int,
    pairs: int,
) -> pd.DataFrame:
    """Measured against predicted increase of the loss, a row for each noise shape and size.

    shapes: name -> (root R, predicted tr(C R R')/2 > 0, exact tr(H R R')/2), C the curvature that shaped the noise, H
    the Hessian. Each is scaled so that the prediction takes the values `predicted`, and once left as it is, `unscaled`.
    """
    tables = []
    for name, (root, half_trace, exact) in shapes.items():
        increases = np.sort(np.append(predicted, half_trace))
        noise = stream(f"noise, {name}", seed)
        mean, error = expected_remainder(weights, x, y, root, increases / half_trace, noise, pairs)
        measured = increases / half_trace * exact + mean
        columns = {"predicted": increases, "measured": measured, "standard error": error}
        tables.append(pd.DataFrame({"noise": name, **columns, "unscaled": increases == half_trace}))
    table = pd.concat(tables, ignore_index=True)
    return table.assign(ratio=table["measured"] / table["predicted"])


def reach(tables: dict[str, pd.DataFrame], factor: float = 2) -> pd.DataFrame:
    """For each shape: the largest grid point at which the measured increase is within `factor` of the predicted one, and
    the unscaled posterior. Smaller grid points need not be within it."""
    rows = []
    parts = ((name, *part) for name, table in tables.items() for part in table.groupby("noise", sort=False))
    for name, noise, part in parts:
        near = part[part["ratio"].between(1 / factor, factor)]
        own = part[part["unscaled"]].iloc[0]
        rows.append(
            {
                "network": name,
                "noise": noise,
                f"last within a factor {factor} at": near["predicted"].max(),
                "unscaled: predicted": own["predicted"],
                "unscaled: measured": own["measured"],
            }
        )
    return pd.DataFrame(rows)


def lemma_shapes(
    curvature: np.ndarray,
    squared_distance: float,
    beta: float,
    full: np.ndarray | None = None,
    true: np.ndarray | None = None,
) -> dict[str, tuple[np.ndarray, float, float]]:
    """Noise shapes at `beta`, each with its best lam, for `quadratic_range`.

    isotropic: lam I with the diagonal posterior's lam; diagonal: Lemma 4.1 with the Hessian's diagonal `curvature`
    (k,); full: with the positive semidefinite `full` (k, k) in place of the Hessian `true` (k, k).
    """
    lam = best_scale(curvature, squared_distance, beta)
    variance = lam / (1 + lam / beta * curvature)
    isotropic, diagonal = lam * curvature.sum() / 2, float(curvature @ variance) / 2
    shapes = {
        "isotropic": (np.full(len(curvature), lam**0.5), isotropic, isotropic),
        "diagonal": (np.sqrt(variance), diagonal, diagonal),
    }
    if full is not None:
        g, basis = np.linalg.eigh(full)
        g = np.maximum(g, 0)  # rounding made some of the zeros negative
        lam = best_scale(g, squared_distance, beta)
        root = basis * np.sqrt(lam / (1 + lam / beta * g))
        shapes["full"] = (root, *(float((root * (matrix @ root)).sum()) / 2 for matrix in (full, true)))
    return shapes


def _hessian_times(
    vector: torch.Tensor, theta: torch.Tensor, weights: Weights, x: torch.Tensor, y: torch.Tensor
) -> torch.Tensor:
    return grad(lambda point: grad(loss)(point, weights, x, y) @ vector)(theta)
