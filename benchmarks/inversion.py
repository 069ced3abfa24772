"""The direct inverse of alpha I plus N outer products beside the paper's recursion over the rows, for chapter 05."""

from collections.abc import Callable

import numpy as np
from threadpoolctl import threadpool_limits

from paper.theory.layerwise import sherman_morrison

from .pairs import alternate, entry

SIZES = (50, 100, 200, 400, 800)
ROWS = 1500  # about as many as digits has training examples
ALPHA = 1e-3


def run(sizes: tuple[int, ...] = SIZES, rounds: int = 5) -> list[dict]:
    """An entry direct_inverse_vs_recursive_k<k> for each dimension k, on one thread."""
    entries = []
    for k in sizes:
        print(f"[inversion] k = {k}: {ROWS} rows, {rounds} rounds", flush=True)
        rows = np.random.default_rng(0).normal(size=(ROWS, k))
        with threadpool_limits(1):
            jobs = (
                _repeated(invert, rows)
                for invert in (sherman_morrison.direct_inverse, sherman_morrison.recursive_inverse)
            )
            times = alternate(*jobs, rounds) / _repeats(k)
        entries.append(
            entry(
                f"direct_inverse_vs_recursive_k{k}", times[:, 1] / times[:, 0], None,
                f"The inverse of a {k} x {k} matrix that is a multiple of the identity plus {ROWS:,} outer products, in float64 on one "
                f"thread: one product and one Cholesky factorisation, {np.median(times[:, 0]):.3g} s, against {ROWS:,} "
                f"Sherman-Morrison updates, {np.median(times[:, 1]):.3g} s. For information.",
            )
        )  # fmt: skip
    return entries


def _repeats(k: int) -> int:
    """How often a round inverts: small matrices take so little time that one inversion would measure the clock."""
    return max(1, (800 // k) ** 2)


def _repeated(invert: Callable, rows: np.ndarray) -> Callable[[], None]:
    def job() -> None:
        for _ in range(_repeats(rows.shape[1])):
            invert(rows, ALPHA)

    return job
