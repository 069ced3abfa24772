"""Inverting alpha I + (1/N) sum_n g_n g_n' one row at a time, and what it costs beside the direct inverse.

Legend: A the matrix (k, k), B = A^-1, g_n the rows of Eq. (10): gradients (k,) of ln p(y_n|x_n), N of them.
"""

import numpy as np
import pandas as pd
import scipy.linalg


def recursive_inverse(rows: np.ndarray, alpha: float) -> np.ndarray:
    """(alpha I + (1/N) sum g g')^-1 by N updates of I/alpha: rows (N, k) -> (k, k). 2 N k^2 multiplications."""
    n, k = rows.shape
    inverse = np.asfortranarray(np.eye(k) / alpha)
    for g in rows:
        image = inverse @ g
        inverse = scipy.linalg.blas.dger(-1 / (n + g @ image), image, image, a=inverse, overwrite_a=True)  # in place
    return inverse


def direct_inverse(rows: np.ndarray, alpha: float) -> np.ndarray:
    """The same by one matrix product and one Cholesky factorisation: N k^2 + k^3 multiplications."""
    n, k = rows.shape
    matrix = rows.T @ rows / n + alpha * np.eye(k)
    return scipy.linalg.cho_solve(scipy.linalg.cho_factor(matrix), np.eye(k))


def residual(rows: np.ndarray, alpha: float, inverse: np.ndarray) -> float:
    """|A B - I|_F / sqrt(k), how far B is from inverting A = alpha I + (1/N) sum g g'."""
    n, k = rows.shape
    return float(np.linalg.norm(rows.T @ (rows @ inverse) / n + alpha * inverse - np.eye(k)) / np.sqrt(k))


def compare_errors(rows: np.ndarray, alphas: np.ndarray) -> pd.DataFrame:
    """`residual` of both inverses for each alpha. Columns: alpha, recursive, direct, ratio."""
    lines = []
    for alpha in alphas:
        errors = {
            "recursive": residual(rows, alpha, recursive_inverse(rows, alpha)),
            "direct": residual(rows, alpha, direct_inverse(rows, alpha)),
        }
        lines.append({"alpha": alpha, **errors, "ratio": errors["recursive"] / errors["direct"]})
    return pd.DataFrame(lines)


def matrix_bytes(k: int, itemsize: int = 8) -> int:
    """Bytes of a dense (k, k) matrix of float64."""
    return k * k * itemsize


def memory(dataset_widths: dict[str, list[int]]) -> pd.DataFrame:
    """What a dense Hessian takes: for the paper's k = 50,000, and for the networks with the given layer widths.

    For a network, beside the full matrix: all blocks, one a neuron; and the H_l, one a layer, of which all neurons of
    the layer share theirs.
    """
    lines = [_memory("the paper's example", 50_000, "", "")]
    for name, widths in dataset_widths.items():
        shapes = [(n_out, n_in + 1) for n_in, n_out in zip(widths, widths[1:])]
        neurons = sum(n_out * matrix_bytes(columns) for n_out, columns in shapes)
        layers = sum(matrix_bytes(columns) for _, columns in shapes)
        lines.append(_memory(name, sum(n_out * columns for n_out, columns in shapes), neurons / 1e9, layers / 1e9))
    return pd.DataFrame(lines)


def _memory(name: str, k: int, neurons: float | str, layers: float | str) -> dict:
    return {
        "weights": name,
        "k": k,
        "full, GB": matrix_bytes(k) / 1e9,
        "full, GiB": matrix_bytes(k) / 2**30,
        "a block for each neuron, GB": neurons,
        "one $H_l$ for each layer, GB": layers,
    }
