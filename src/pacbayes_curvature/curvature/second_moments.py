"""The layerwise curvature in one pass over the data: second moments of the layers' inputs, and their low-rank form.

Legend: N examples, k = n_in + 1 (n_in without a bias); z = z_{l-1}(x_n) the input of layer l. `x` is a tensor (N, d) or a
DataLoader, see `networks.chunks`. Products are made on the weights' device; what comes back is small, in numpy.
"""

import numpy as np
import torch

from pacbayes_curvature.networks import Weights, affine, chunks

CHUNK = 4096  # examples at a time: memory is bounded by this times the width, whatever N
BLOCK = 512  # columns of H at a time: what lies above the diagonal block is the mirror image, and not computed


@torch.no_grad()
def second_moments(weights: Weights, x: torch.Tensor) -> list[np.ndarray]:
    """H_l = (1/N) sum_n (z, 1)(z, 1)' for each layer l: (k, k) in float64.

    It is the Hessian, up to the factor 2 that (34) drops, of neuron j's squared error (1/N) sum_n (w_j (z, 1) - target)^2,
    the same for every neuron of the layer. Chunks are multiplied in the precision of the weights and added up in float64.

    Source: Lemma 5.1, Eqs. (11) and (34).

    >>> x = torch.tensor([[3.0], [1.0]])
    >>> second_moments([torch.zeros(2, 2)], x)[0]  # of (z, 1): the mean of z^2, of z, and 1
    array([[5., 2.],
           [2., 1.]])
    """
    sums = [torch.zeros(w.shape[1], w.shape[1], dtype=torch.float64, device=w.device) for w in weights]
    examples = 0
    for z in chunks(x, weights, CHUNK):
        examples += len(z)
        for weight, total in zip(weights, sums):
            n_in = z.shape[1]
            for start in range(0, n_in, BLOCK):
                columns = slice(start, min(start + BLOCK, n_in))
                total[start:n_in, columns] += z[:, start:].T @ z[:, columns]
            if len(total) > n_in:
                total[-1, :-1] += z.sum(0)
                total[-1, -1] += len(z)
            z = affine(weight, z).relu()
    return [((total.tril() + total.tril(-1).T) / examples).cpu().numpy() for total in sums]


def spectrum(h: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Eigenvalues (k,), descending, and orthonormal eigenvectors (k, k), in columns, of a second moment H.

    H is positive semidefinite; eigenvalues that rounding made negative are set to 0. Raises ValueError when one is
    more negative than rounding in single precision explains.
    """
    values, vectors = np.linalg.eigh(h)
    if values[0] < -1e-5 * values[-1]:
        raise ValueError(f"a second moment has no negative eigenvalue, got {values[0]:.3g} beside {values[-1]:.3g}")
    return np.maximum(values[::-1], 0), np.ascontiguousarray(vectors[:, ::-1].T).T  # the vectors in one piece each


@torch.no_grad()
def low_rank(
    weights: Weights, x: torch.Tensor, rank: int, generator: torch.Generator, oversampling: int = 20
) -> list[tuple[np.ndarray, np.ndarray, float]]:
    """For each layer: the leading eigenvalues (r,), eigenvectors (k, r) and the share of tr H that they miss.

    For wide layers: H itself, k x k, is never formed. One pass gives Y = H Omega for an orthonormal random Omega
    (k, r + oversampling); Nystroem's H^ = Y (Omega' Y)^-1 Y' is at most H in every direction, so that what it misses is
    measured exactly, by 1 - tr H^ / tr H. A posterior made from H^ is a Gaussian like any other: the bound holds for it,
    and only its tightness depends on what is missed. Layers with fewer than r + oversampling inputs lose nothing.

    Raises ValueError unless rank >= 1. Source: Tropp, Yurtsever, Udell and Cevher 2017, Algorithm 3.
    """
    if rank < 1:
        raise ValueError(f"rank must be at least 1, got {rank}")
    sketches, tests, traces = [], [], np.zeros(len(weights))
    for weight in weights:
        k = weight.shape[1]
        gaussian = torch.randn(
            k, min(k, rank + oversampling), generator=generator, dtype=torch.float64, device=generator.device
        )
        tests.append(torch.linalg.qr(gaussian.to(weight.device)).Q)
        sketches.append(torch.zeros_like(tests[-1]))
    examples = 0
    for z in chunks(x, weights, CHUNK):
        examples += len(z)
        for layer, (weight, omega, sketch) in enumerate(zip(weights, tests, sketches)):
            product, n_in = affine(omega.T.to(z.dtype), z), z.shape[1]
            sketch[:n_in] += z.T @ product
            traces[layer] += z.square().sum(dtype=torch.float64).item()
            if len(sketch) > n_in:
                sketch[-1] += product.sum(0)
                traces[layer] += len(z)
            z = affine(weight, z).relu()
    return [_nystroem(y / examples, omega, rank, t / examples) for y, omega, t in zip(sketches, tests, traces)]


def _nystroem(y: torch.Tensor, omega: torch.Tensor, rank: int, trace: float) -> tuple[np.ndarray, np.ndarray, float]:
    # Shifted by nu, so that the Cholesky factor exists in spite of the rounding of single precision, which nu exceeds.
    nu = 1e-6 * torch.linalg.matrix_norm(y, 2)
    shifted = y + nu * omega
    core = omega.T @ shifted
    factor = torch.linalg.cholesky((core + core.T) / 2)
    vectors, roots, _ = torch.linalg.svd(
        torch.linalg.solve_triangular(factor, shifted.T, upper=False).T, full_matrices=False
    )
    values = (roots.square() - nu).clamp_min(0)[:rank].cpu().numpy()
    return values, vectors[:, :rank].cpu().numpy(), max(0.0, 1 - values.sum() / trace)
