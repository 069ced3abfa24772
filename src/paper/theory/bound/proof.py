"""The proof of Theorem 3.1, step by step: change of measure, the moment xi(N), the reduction to coin flips, Pinsker.

Legend: q an empirical and p a true risk in [0, 1], N examples, X the mean of N independent losses with mean p, kl the
divergence of two coin flips. Formulas are sympy expressions or exact fractions; numbers come from mpmath.
"""

import random
from collections.abc import Callable, Iterable
from fractions import Fraction
from itertools import product
from math import comb, perm

import mpmath as mp
import numpy as np
import pandas as pd
import sympy as sp

from pacbayes_curvature import bounds
from paper.theory.checks import Check, closeness, identity, inequality

Q, P, N = sp.symbols("q p N", positive=True)


def kl_bernoulli(q, p):
    """kl(q||p) = q ln(q/p) + (1 - q) ln((1 - q)/(1 - p)), with 0 ln 0 = 0, for sympy expressions."""
    return sum((a * sp.log(a / b) for a, b in ((q, p), (1 - q, 1 - p)) if a != 0), sp.Integer(0))


def xi(n):
    """xi(N) = sum_k C(N, k) (k/N)^k (1 - k/N)^(N - k) = E exp(N kl(X||p)) of N coin flips, whatever p. A Fraction."""
    return sum(comb(n, k) * Fraction(k, n) ** k * Fraction(n - k, n) ** (n - k) for k in range(n + 1))


def tilted(prior, phi):
    """P_phi = P e^phi / E_P[e^phi] on a finite space: where Lemma "change of measure" is an equality."""
    weights = [p * sp.exp(f) for p, f in zip(prior, phi)]
    return [weight / sum(weights) for weight in weights]


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


def change_of_measure_checks(tilted: Callable = tilted) -> list[Check]:
    """KL(Q||P) + ln E_P[e^phi] - E_Q[phi] = KL(Q||P_phi) on a space of three points."""
    prior, phi = sp.symbols("p1:4", positive=True), sp.symbols("phi1:4", real=True)
    posterior = [*(first := sp.symbols("q1:3", positive=True)), 1 - sum(first)]

    def divergence(other):
        return sum(q * (sp.log(q) - sp.expand_log(sp.log(p), force=True)) for q, p in zip(posterior, other))

    log_mean = sp.log(sum(p * sp.exp(f) for p, f in zip(prior, phi)))
    left = divergence(prior) + log_mean - sum(q * f for q, f in zip(posterior, phi))
    what = r"$\mathrm{KL}(Q\Vert P) + \ln\mathbb E_P[e^\varphi] - \mathbb E_Q[\varphi] = \mathrm{KL}(Q\Vert P_\varphi)$"
    return [identity("change of measure", what, "symbolic, three points", left, divergence(tilted(prior, phi)))]


def xi_checks(xi: Callable = xi, digits: int = 50) -> list[Check]:
    """xi(N) is the moment; xi(N) <= 2 sqrt(N) and <= 2 + sqrt(pi N/2); 2 sqrt(N) <= 2 (N - 1) for N >= 3."""
    checks = []
    for n in (2, 3, 5):
        moment = sum(
            sp.binomial(n, k) * P**k * (1 - P) ** (n - k) * sp.exp(n * kl_bernoulli(sp.Rational(k, n), P))
            for k in range(n + 1)
        )
        what = rf"$\mathbb E\,e^{{{n}\,\mathrm{{kl}}(X\Vert p)}} = \xi({n})$ for {n} coin flips with any $p$"
        checks.append(identity("moment", what, f"symbolic, N = {n}", moment, sp.Rational(xi(n))))
    exact = {n: xi(n) for n in range(1, 61)}
    scope = "exact rationals, N = 1 to 60"
    checks.append(inequality("moment", r"$\xi(N)^2 \le 4N$", scope, (4 * n - x**2 for n, x in exact.items())))
    same = (x - sum(Fraction(perm(n, j), n**j) for j in range(n + 1)) for n, x in exact.items())
    series = r"$\xi(N) = \sum_{j=0}^{N} \frac{N!}{(N-j)!\,N^j}$"
    checks.append(closeness("moment", series, scope, same, 0))
    with mp.workdps(digits):
        large = {n: xi_series(n) for n in (10**2, 10**3, 6 * 10**4, 10**6, 10**7)}
        scope = f"{digits} digits, N = {', '.join(f'{n:,}' for n in large)}"
        first = (2 + mp.sqrt(mp.pi * n / 2) - x for n, x in large.items())
        second = (2 * mp.sqrt(n) - x for n, x in large.items())
        checks.append(inequality("moment", r"$\xi(N) \le 2 + \sqrt{\pi N/2}$", scope, first))
        checks.append(inequality("moment", r"$\xi(N) \le 2\sqrt N$", scope, second))
    left, right = (2 * (N - 1)) ** 2 - (2 * sp.sqrt(N)) ** 2, 4 * (N * (N - 3) + 1)
    checks.append(identity("moment", r"$(2(N-1))^2 - (2\sqrt N)^2 = 4\,(N(N-3) + 1)$", "symbolic, any N", left, right))
    return checks


def reduction_checks(xi: Callable = xi, seed: int = 0, digits: int = 50, instances: int = 20) -> list[Check]:
    """E exp(N kl(X||p)) <= xi(N) for losses with three values in [0, 1], by enumerating all samples."""
    rng, margins = random.Random(seed), []
    with mp.workdps(digits):
        for _ in range(instances):
            n = rng.randint(2, 4)
            values = [mp.mpf(rng.random()) for _ in range(3)]
            weights = [mp.mpf(rng.random()) for _ in range(3)]
            weights = [w / mp.fsum(weights) for w in weights]
            mean = mp.fdot(values, weights)
            moment = mp.mpf(0)
            for sample in product(range(3), repeat=n):
                x = mp.fsum(values[i] for i in sample) / n
                moment += mp.fprod(weights[i] for i in sample) * mp.exp(n * bernoulli(x, mean))
            margins.append(mp.mpf(xi(n).numerator) / xi(n).denominator - moment)
    scope = f"{digits} digits, {instances} random losses with three values, N = 2 to 4, seed {seed}"
    what = r"$\mathbb E\,e^{N\mathrm{kl}(X\Vert p)} \le \xi(N)$ for losses in $[0,1]$"
    return [inequality("reduction", what, scope, margins)]


def pinsker_checks(floor: Callable = lambda q, p: 2 * (q - p) ** 2) -> list[Check]:
    """kl(q||p) >= 2 (q - p)^2: equality at p = q, and the difference's derivative in p has the sign of p - q."""
    gap = kl_bernoulli(Q, P) - floor(Q, P)
    slope = (P - Q) * (1 - 2 * P) ** 2 / (P * (1 - P))
    what = r"$\frac{\partial}{\partial p}\big[\mathrm{kl}(q\Vert p) - 2(q-p)^2\big] = \frac{(p-q)(1-2p)^2}{p(1-p)}$"
    return [
        identity("Pinsker", what, "symbolic, any q, p", sp.diff(gap, P), slope),
        identity("Pinsker", r"$\mathrm{kl}(q\Vert q) - 2(q-q)^2 = 0$", "symbolic, any q", gap.subs(P, Q), 0),
    ]


def inverse_checks(
    inverse: Callable = bounds.kl_inverse, seed: int = 0, digits: int = 50, instances: int = 20
) -> list[Check]:
    """kl^-1 undoes kl, is never below the true value, is 1 - e^-c at q = 0 and at most q + sqrt(c/2)."""
    rng = random.Random(seed)
    q = np.array([rng.random() / 2 for _ in range(instances)])
    c = np.array([rng.random() ** 4 for _ in range(instances)])
    undone, above, zero, pinsker = [], [], [], []
    with mp.workdps(digits):
        for q_, c_, p_, p0 in zip(
            *(map(mp.mpf, values.tolist()) for values in (q, c, inverse(q, c), inverse(0 * q, c)))
        ):
            exact = bernoulli_inverse(q_, c_)
            undone.append(bernoulli(q_, p_) / c_ - 1)
            above.append(p_ - exact)
            zero.append(p0 + mp.expm1(-c_))
            pinsker.append(q_ + mp.sqrt(c_ / 2) - exact)
    scope = f"`bounds.kl_inverse` against {digits} digits, {instances} random instances, seed {seed}"
    undoes = r"$\mathrm{kl}(q\Vert\mathrm{kl}^{-1}(q\mid c)) = c$, relative error"
    return [
        closeness("kl inverse", undoes, scope, undone, 1e-10),
        inequality("kl inverse", r"the computed $\mathrm{kl}^{-1}$ is never below the true one", scope, above),
        closeness("kl inverse", r"$\mathrm{kl}^{-1}(0\mid c) = 1 - e^{-c}$", scope, zero, 1e-14),
        inequality("kl inverse", r"$\mathrm{kl}^{-1}(q\mid c) \le q + \sqrt{c/2}$", scope, pinsker),
    ]
