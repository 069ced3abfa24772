"""The layerwise curvature of Lemma 5.1: second moments of each layer's input, in one pass over the data."""

import numpy as np
import torch

from .networks import Weights, affine

CHUNK = 4096  # examples at a time: memory is bounded by this times the width, whatever N


@torch.no_grad()
def layerwise(weights: Weights, x: torch.Tensor) -> list[np.ndarray]:
    """H_l = (1/N) sum_n (z, 1)(z, 1)' for each layer l, with z = z_{l-1}(x_n) the layer's input and 1 the bias's.

    x is (N, d); H_l is (n_in + 1, n_in + 1) in float64. It is the Hessian, up to the factor 2 that (34) drops, of
    neuron j's squared error (1/N) sum_n (w_j (z, 1) - target)^2, the same for every neuron of the layer. Chunks are
    multiplied in the precision of x and added up in float64.

    Source: Lemma 5.1, Eqs. (11) and (34).
    """
    sums = [torch.zeros(w.shape[1], w.shape[1], dtype=torch.float64) for w in weights]
    for z in x.split(CHUNK):
        for weight, total in zip(weights, sums):
            total[:-1, :-1] += z.T @ z
            total[-1, :-1] += z.sum(0)
            z = affine(weight, z).relu()
    for total in sums:
        total[:-1, -1] = total[-1, :-1]
        total[-1, -1] = len(x)
    return [(total / len(x)).numpy() for total in sums]


def spectrum(h: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Eigenvalues (k,), descending, and orthonormal eigenvectors (k, k), in columns, of a second moment H.

    H is positive semidefinite; eigenvalues that rounding made negative are set to 0. Raises ValueError when one is
    more negative than rounding in single precision explains.
    """
    values, vectors = np.linalg.eigh(h)
    if values[0] < -1e-5 * values[-1]:
        raise ValueError(f"a second moment has no negative eigenvalue, got {values[0]:.3g} beside {values[-1]:.3g}")
    return np.maximum(values[::-1], 0), vectors[:, ::-1]
