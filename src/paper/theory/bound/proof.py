"""The numbers in the proof of Theorem 3.1: the moment xi(N), the one that N = 2 needs, kl and its inverse in high precision.

Legend: q an empirical and p a true risk in [0, 1], N examples, X the mean of N independent losses with mean p, kl the
divergence of two coin flips.
"""

from collections.abc import Iterable
from fractions import Fraction
from math import comb

import mpmath as mp
import numpy as np
import pandas as pd


def xi(n):
    """xi(N) = sum_k C(N, k) (k/N)^k (1 - k/N)^(N - k) = E exp(N kl(X||p)) of N coin flips, whatever p. A Fraction."""
    return sum(comb(n, k) * Fraction(k, n) ** k * Fraction(n - k, n) ** (n - k) for k in range(n + 1))


def bernoulli(q: mp.mpf, p: mp.mpf) -> mp.mpf:
    """kl(q||p) for mpmath numbers."""
    return mp.fsum(a * mp.log(a / b) for a, b in ((q, p), (1 - q, 1 - p)) if a > 0)


def bernoulli_inverse(q: mp.mpf, c: mp.mpf) -> mp.mpf:
    """The largest p with kl(q||p) <= c, for c < 15: bisection, then Newton's method to the working precision."""
    low, high = mp.mpf(q), mp.mpf(1)
    for _ in range(30):
        middle = (low + high) / 2
        low, high = (middle, high) if bernoulli(q, middle) <= c else (low, middle)
    for _ in range(8):  # from above, where the steps do not overshoot: kl is convex in p
        high -= (bernoulli(q, high) - c) * high * (1 - high) / (high - q)
    return high


def xi_series(n: int) -> mp.mpf:
    """sum_j N!/((N - j)! N^j) = xi(N), cut off where the terms no longer count: some sqrt(N) of them."""
    term = total = mp.mpf(1)
    for j in range(n):
        term *= mp.mpf(n - j) / n
        total += term
        if term < mp.eps * total / n:
            break
    return total


def largest_moment(n: int, cells: int = 4000) -> float:
    """A number above sup_p E exp(2 N max(0, p - X)^2) of N coin flips: every factor at its largest on each cell."""
    edges = np.linspace(0, 1, cells + 1)
    low, high = edges[:-1], edges[1:]
    total = np.zeros(cells)
    for k in range(n + 1):
        total += comb(n, k) * high**k * (1 - low) ** (n - k) * np.exp(2 * n * np.maximum(0, high - k / n) ** 2)
    return float(total.max())


def moment_table(examples: Iterable[int]) -> pd.DataFrame:
    """N, xi(N), its bound 2 sqrt(N), and Theorem 3.1's 2 (N - 1)."""
    rows = ((n, float(xi_series(n)), 2 * n**0.5, 2.0 * (n - 1)) for n in examples)
    return pd.DataFrame(rows, columns=["N", "xi(N)", "2 sqrt(N)", "2 (N - 1)"])
