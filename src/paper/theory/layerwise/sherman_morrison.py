"""Inverting alpha I + (1/N) sum_n g_n g_n' one row at a time, and what it costs beside the direct inverse.

Legend: A the matrix (k, k), B = A^-1, g_n the rows of Eq. (10): gradients (k,) of ln p(y_n|x_n), N of them.
"""

import mpmath as mp
import numpy as np
import pandas as pd
import scipy.linalg
import sympy as sp

from paper.theory.checks import Check, closeness, identity


def rank_one_inverse(inverse, g, weight):
    """(A + w g g')^-1 = B - w (B g)(B g)' / (1 + w g' B g), for symmetric B = A^-1 as a sympy or mpmath matrix."""
    image = inverse * g
    return inverse - image * image.T * (weight / (1 + weight * (g.T * image)[0]))


def rank_one_determinant(inverse, g, weight):
    """det(A + w g g') / det A = 1 + w g' B g: the matrix determinant lemma, for a rank of one."""
    return 1 + weight * (g.T * inverse * g)[0]


def identity_checks(update=rank_one_inverse, determinant=rank_one_determinant, dimension: int = 2) -> list[Check]:
    """The update and the determinant lemma, symbolic, for a symmetric inverse without further structure."""
    B = sp.Matrix(dimension, dimension, lambda i, j: sp.Symbol(f"b{min(i, j) + 1}{max(i, j) + 1}"))
    g = sp.Matrix(sp.symbols(f"g1:{dimension + 1}"))
    u, v = (sp.Matrix(sp.symbols(f"{name}1:{dimension + 1}")) for name in "uv")
    w = sp.Symbol("w", positive=True)
    grown = B.inv() + w * g * g.T
    scope = f"symbolic, any symmetric $B$ and $g$, $k = {dimension}$"
    return [
        identity(
            "Sherman-Morrison",
            r"$u^\top (A + w g g^\top)\,B_+\, v = u^\top v$",
            scope + ", any $u$, $v$",
            sp.together((u.T * grown * update(B, g, w) * v)[0]),
            (u.T * v)[0],
        ),
        identity(
            "determinant lemma", r"$\det(A + w g g^\top)\det B = 1 + w\,g^\top B g$", scope,
            sp.together(grown.det() * B.det()), determinant(B, g, w),
        ),
    ]  # fmt: skip


def recursion_checks(
    update=rank_one_inverse, dimension: int = 6, digits: int = 50, instances: int = 20, seed: int = 0
) -> list[Check]:
    """The recursion over N rows against the inverse of the sum, in high precision; and `recursive_inverse`."""
    rng, gaps, machine = np.random.default_rng(seed), [], []
    with mp.workdps(digits):
        for _ in range(instances):
            n, alpha = int(rng.integers(1, 2 * dimension)), 10 ** rng.uniform(-2, 1)
            rows = rng.normal(size=(n, dimension))
            inverse, total = mp.eye(dimension) / mp.mpf(alpha), mp.eye(dimension) * mp.mpf(alpha)
            for row in rows:
                g = mp.matrix(row.tolist())
                inverse, total = update(inverse, g, mp.mpf(1) / n), total + g * g.T / n
            exact = total**-1
            gaps.append(mp.mnorm(inverse - exact, mp.inf) / mp.mnorm(exact, mp.inf))
            fast = mp.matrix(recursive_inverse(rows, alpha).tolist())
            machine.append(mp.mnorm(fast - exact, mp.inf) / mp.mnorm(exact, mp.inf))
    scope = f"{instances} random instances, $k = {dimension}$, 1 to {2 * dimension - 1} rows, seed {seed}"
    statement = r"after $N$ updates $B = (\alpha I + \frac1N \sum_n g_n g_n^\top)^{-1}$"
    return [
        closeness("Sherman-Morrison", statement, f"{digits} digits, {scope}", gaps, 10.0 ** (-0.8 * digits)),
        closeness(
            "Sherman-Morrison",
            "`sherman_morrison.recursive_inverse` is that inverse",
            f"float64, {scope}",
            machine,
            1e-9,
        ),
    ]


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
