"""Theorem 3.1, Eqs. (1) and (3): the PAC-Bayes bound, each step of its proof, and the forms it stands between.

Legend: q an empirical and p a true risk in [0, 1], N examples, KL = KL(Q||P), delta the probability of failure,
X the mean of N independent losses with mean p. Formulas are sympy expressions; numbers come from mpmath.
"""

import random
from collections.abc import Callable
from fractions import Fraction
from itertools import product
from math import comb, perm

import mpmath as mp
import numpy as np
import sympy as sp

from .. import bounds
from .checks import Check, closeness, identity, inequality

Q, P, KL, N, DELTA = sp.symbols("q p KL N delta", positive=True)


def general_bound(risk, kl, n, a, b):
    """risk + A sqrt((KL + B)/N). Eq. (1)."""
    return risk + a * sp.sqrt((kl + b) / n)


def theorem_bound(risk, kl, n, delta):
    """risk + sqrt((KL + ln(2 (N - 1)/delta)) / (2 N)). Eq. (3), Theorem 3.1."""
    return risk + sp.sqrt((kl + sp.log(2 * (n - 1) / delta)) / (2 * n))


def maurer_bound(risk, kl, n, delta):
    """risk + sqrt((KL + ln(2 sqrt(N)/delta)) / (2 N)): Maurer 2004, Thm 5, with Pinsker's inequality."""
    return risk + sp.sqrt((kl + sp.log(2 * sp.sqrt(n) / delta)) / (2 * n))


def textbook_bound(risk, kl, n, delta):
    """risk + sqrt((KL + ln(N/delta)) / (2 (N - 1))): McAllester's bound as Shalev-Shwartz and Ben-David (2014) have it."""
    return risk + sp.sqrt((kl + sp.log(n / delta)) / (2 * (n - 1)))


def kl_bernoulli(q, p):
    """kl(q||p) = q ln(q/p) + (1 - q) ln((1 - q)/(1 - p)), with 0 ln 0 = 0, for sympy expressions."""
    return sum((a * sp.log(a / b) for a, b in ((q, p), (1 - q, 1 - p)) if a != 0), sp.Integer(0))


def xi(n):
    """xi(N) = sum_k C(N, k) (k/N)^k (1 - k/N)^(N - k): E exp(N kl(X||p)) of N coin flips, whatever p. A Fraction."""
    return sum(comb(n, k) * Fraction(k, n) ** k * Fraction(n - k, n) ** (n - k) for k in range(n + 1))


def tilted(prior, phi):
    """P_phi = P e^phi / E_P[e^phi] on a finite space: where Lemma "change of measure" is an equality."""
    weights = [p * sp.exp(f) for p, f in zip(prior, phi)]
    return [weight / sum(weights) for weight in weights]


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
    checks.append(
        inequality("moment", r"$\xi(N)^2 \le 4N$", "exact rationals, N = 1 to 60", (4 * n - x**2 for n, x in exact.items()))
    )
    same = (x - sum(Fraction(perm(n, j), n**j) for j in range(n + 1)) for n, x in exact.items())
    series = r"$\xi(N) = \sum_{j=0}^{N} \frac{N!}{(N-j)!\,N^j}$"
    checks.append(closeness("moment", series, "exact rationals, N = 1 to 60", same, 0))
    with mp.workdps(digits):
        large = {n: xi_series(n) for n in (10**2, 10**3, 6 * 10**4, 10**6, 10**7)}
        scope = f"{digits} digits, N = {', '.join(f'{n:,}' for n in large)}"
        limit = (2 + mp.sqrt(mp.pi * n / 2) - x for n, x in large.items())
        checks.append(inequality("moment", r"$\xi(N) \le 2 + \sqrt{\pi N/2}$", scope, limit))
        checks.append(inequality("moment", r"$\xi(N) \le 2\sqrt N$", scope, (2 * mp.sqrt(n) - x for n, x in large.items())))
    left, right = (2 * (N - 1)) ** 2 - (2 * sp.sqrt(N)) ** 2, 4 * (N * (N - 3) + 1)
    checks.append(identity("moment", r"$(2(N-1))^2 - (2\sqrt N)^2 = 4\,(N(N-3) + 1)$", "symbolic, any N", left, right))
    return checks


def xi_series(n: int) -> mp.mpf:
    """sum_j N!/((N - j)! N^j) = xi(N), cut off where the terms no longer count: some sqrt(N) of them."""
    term = total = mp.mpf(1)
    for j in range(n):
        term *= mp.mpf(n - j) / n
        total += term
        if term < mp.eps * total / n:
            break
    return total


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
            moment = mp.fsum(
                mp.fprod(weights[i] for i in sample) * mp.exp(n * bernoulli(mp.fsum(values[i] for i in sample) / n, mean))
                for sample in product(range(3), repeat=n)
            )
            margins.append(mp.mpf(xi(n).numerator) / xi(n).denominator - moment)
    scope = f"{digits} digits, {instances} random losses with three values, N = 2 to 4, seed {seed}"
    return [inequality("reduction", r"$\mathbb E\,e^{N\mathrm{kl}(X\Vert p)} \le \xi(N)$ for losses in $[0,1]$", scope, margins)]


def bernoulli(q: mp.mpf, p: mp.mpf) -> mp.mpf:
    """kl(q||p) for mpmath numbers."""
    return mp.fsum(a * mp.log(a / b) for a, b in ((q, p), (1 - q, 1 - p)) if a > 0)


def bernoulli_inverse(q: mp.mpf, c: mp.mpf) -> mp.mpf:
    """The largest p with kl(q||p) <= c, by bisection down to the working precision."""
    low, high = mp.mpf(q), mp.mpf(1)
    for _ in range(mp.mp.prec):
        middle = (low + high) / 2
        low, high = (middle, high) if bernoulli(q, middle) <= c else (low, middle)
    return low


def pinsker_checks(floor: Callable = lambda q, p: 2 * (q - p) ** 2) -> list[Check]:
    """kl(q||p) >= 2 (q - p)^2: equality at p = q, and the difference's derivative in p has the sign of p - q."""
    gap = kl_bernoulli(Q, P) - floor(Q, P)
    slope = (P - Q) * (1 - 2 * P) ** 2 / (P * (1 - P))
    what = r"$\frac{\partial}{\partial p}\big[\mathrm{kl}(q\Vert p) - 2(q-p)^2\big] = \frac{(p-q)(1-2p)^2}{p(1-p)}$"
    return [
        identity("Pinsker", what, "symbolic, any q, p", sp.diff(gap, P), slope),
        identity("Pinsker", r"$\mathrm{kl}(q\Vert q) - 2(q-q)^2 = 0$", "symbolic, any q", gap.subs(P, Q), 0),
    ]


def theorem_checks(
    bound: Callable = theorem_bound, seed: int = 0, digits: int = 50, instances: int = 20
) -> list[Check]:
    """Theorem 3.1 is (1) with A = 1/sqrt(2), B = ln(2 (N-1)/delta); the moment it needs, N = 2 included; its place."""
    b = sp.log(2 * (N - 1) / DELTA)
    in_general = general_bound(Q, KL, N, 1 / sp.sqrt(2), b)
    number = sp.lambdify((Q, KL, N, DELTA), bound(Q, KL, N, DELTA), "mpmath")
    rng, moments, places = random.Random(seed), [], []
    with mp.workdps(digits):
        for n in range(2, 11):
            kl, delta = 10 * mp.mpf(rng.random()), mp.mpf(rng.uniform(0.001, 0.5))
            moments.append(delta * mp.exp(2 * n * number(0, kl, n, delta) ** 2 - kl) - largest_moment(n))
        for _ in range(instances):
            n, q = rng.randint(3, 10**5), mp.mpf(rng.random()) / 2
            kl, delta = n * mp.mpf(rng.random()) ** 4, mp.mpf(rng.uniform(0.001, 0.5))
            places.append(number(q, kl, n, delta) - bernoulli_inverse(q, (kl + mp.log(xi_series(n) / delta)) / n))
    needed = r"$\sup_p \mathbb E\,e^{2N\max(0,\,p-X)^2} \le \delta\,e^{2N(\text{bound}-\hat L)^2-\mathrm{KL}} = 2(N-1)$"
    place = r"the bound is above $\mathrm{kl}^{-1}\big(\hat L \mid (\mathrm{KL}+\ln\frac{\xi(N)}\delta)/N\big)$"
    return [
        identity("3", r"(3) is (1) with $A = 1/\sqrt2$, $B = \ln\frac{2(N-1)}\delta$", "symbolic", bound(Q, KL, N, DELTA), in_general),
        inequality("Theorem 3.1", needed, f"upper bound on each of 4,000 cells of p, N = 2 to 10, seed {seed}", moments),
        inequality("Theorem 3.1", place, f"{digits} digits, {instances} random instances, N >= 3, seed {seed}", places),
    ]


def largest_moment(n: int, cells: int = 4000) -> float:
    """A number above sup_p E exp(2 N max(0, p - X)^2) of N coin flips: every factor at its largest on each cell."""
    edges = np.linspace(0, 1, cells + 1)
    low, high = edges[:-1], edges[1:]
    terms = (
        comb(n, k) * high**k * (1 - low) ** (n - k) * np.exp(2 * n * np.maximum(0, high - k / n) ** 2) for k in range(n + 1)
    )
    return float(sum(terms).max())


def order_checks() -> list[Check]:
    """How Theorem 3.1 stands to Maurer's form and to the textbook's: the squares differ by a logarithm."""
    theorem, maurer, textbook = (bound(0, KL, N, DELTA) ** 2 for bound in (theorem_bound, maurer_bound, textbook_bound))
    gain, loss = 2 * N * (theorem - maurer), 2 * (N - 1) * textbook - 2 * N * theorem
    against_maurer = r"$2N(\text{Theorem 3.1}^2 - \text{Maurer}^2) = \ln\frac{N-1}{\sqrt N}$ at $\hat L = 0$"
    against_textbook = r"$2(N-1)\,\text{textbook}^2 - 2N\,\text{Theorem 3.1}^2 = -\ln\frac{2(N-1)}{N}$ at $\hat L = 0$"
    return [
        identity("Theorem 3.1", against_maurer, "symbolic, any N", gain, sp.log(N - 1) - sp.log(N) / 2),
        identity("Theorem 3.1", against_textbook, "symbolic, any N", loss, sp.log(N) - sp.log(2) - sp.log(N - 1)),
    ]


def inverse_checks(inverse: Callable = bounds.kl_inverse, seed: int = 0, digits: int = 50, instances: int = 20) -> list[Check]:
    """kl^-1 undoes kl, is never below the true value, is 1 - e^-c at q = 0 and at most q + sqrt(c/2)."""
    rng, undone, above, zero, pinsker = random.Random(seed), [], [], [], []
    with mp.workdps(digits):
        for _ in range(instances):
            q, c = rng.random() / 2, rng.random() ** 4
            p, exact = mp.mpf(float(inverse(q, c))), bernoulli_inverse(mp.mpf(q), mp.mpf(c))
            undone.append((bernoulli(mp.mpf(q), p) - c) / c)
            above.append(p - exact)
            zero.append(float(inverse(0.0, c)) + mp.expm1(-mp.mpf(c)))
            pinsker.append(q + mp.sqrt(mp.mpf(c) / 2) - exact)
    scope = f"`bounds.kl_inverse` against {digits} digits, {instances} random instances, seed {seed}"
    return [
        closeness("kl inverse", r"$\mathrm{kl}(q\Vert\mathrm{kl}^{-1}(q\mid c)) = c$, relative error", scope, undone, 1e-10),
        inequality("kl inverse", r"the computed $\mathrm{kl}^{-1}$ is never below the true one", scope, above),
        closeness("kl inverse", r"$\mathrm{kl}^{-1}(0\mid c) = 1 - e^{-c}$", scope, zero, 1e-14),
        inequality("kl inverse", r"$\mathrm{kl}^{-1}(q\mid c) \le q + \sqrt{c/2}$", scope, pinsker),
    ]


def package_checks(bound: Callable = theorem_bound, seed: int = 0, digits: int = 50, instances: int = 20) -> list[Check]:
    """`bounds` against the formulas here: complexity, pac_bayes_bound, kl_bernoulli."""
    number = sp.lambdify((Q, KL, N, DELTA), bound(Q, KL, N, DELTA), "mpmath")
    rng, sums, terms, divergences = random.Random(seed), [], [], []
    with mp.workdps(digits):
        for _ in range(instances):
            q, p, kl, n, delta = rng.random(), rng.random(), 1000 * rng.random(), rng.randint(2, 10**6), rng.uniform(0.001, 0.5)
            exact = [mp.mpf(value) for value in (q, kl, n, delta)]
            sums.append(bounds.pac_bayes_bound(q, kl, n, delta) / number(*exact) - 1)
            terms.append(bounds.complexity(kl, n, delta) / number(0, *exact[1:]) - 1)
            divergences.append(bounds.kl_bernoulli(q, p) / bernoulli(mp.mpf(q), mp.mpf(p)) - 1)
    scope = f"{digits} digits, {instances} random instances, seed {seed}"
    return [
        closeness("3", "`bounds.pac_bayes_bound` is the right side of (3), relative error", scope, sums, 1e-14),
        closeness("3", "`bounds.complexity` is its second term, relative error", scope, terms, 1e-14),
        closeness("kl", r"`bounds.kl_bernoulli` is $\mathrm{kl}(q\Vert p)$, relative error", scope, divergences, 1e-13),
    ]
