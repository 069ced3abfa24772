"""Lemma 4.1, Eqs. (5), (6) = (12), (13) and (14): the posterior covariance that is best for a quadratic loss.

Legend: k weights, H the (k, k) Hessian at mu0, S0 the posterior's covariance, lam S1 the prior's, Delta = mu0 - mu1.
The formulas take sympy matrices as well as mpmath ones. Symbolic checks have k = 2, positive definite matrices as R R'
with R lower triangular and a positive diagonal; larger k is checked in high precision on random instances.
"""

import random
from collections.abc import Callable

import mpmath as mp
import numpy as np
import sympy as sp

from pacbayes_curvature import gaussians
from paper.theory.checks import Check, closeness, identity, inequality
from paper.theory.posterior.quadratic_loss import ERRATA  # noqa: F401 - the errata page finds them here

LAM, BETA = sp.symbols("lambda beta", positive=True)


def optimal_posterior(h, s1, lam, beta):
    """Sigma0* = beta (H + (beta/lam) S1^-1)^-1. Eqs. (6) and (12)."""
    return beta * (h + beta / lam * s1**-1) ** -1


def optimal_mean(h, s1, lam, beta, mu0, mu1):
    """(H + (beta/lam) S1^-1)^-1 (H mu0 + (beta/lam) S1^-1 mu1): the best mean, which is not mu0."""
    weight = beta / lam * s1**-1
    return (h + weight) ** -1 * (h * mu0 + weight * mu1)


def gaussian_kl(s0, s1, delta):
    """KL(N(mu0, S0)||N(mu1, S1)) = (1/2) [ tr(S1^-1 S0) - k + Delta' S1^-1 Delta + ln det S1 - ln det S0 ]."""
    square = (delta.T * s1**-1 * delta)[0]
    return (trace(s1**-1 * s0) - s0.rows + square + log_det(s1) - log_det(s0)) / 2


def objective(s0, h, s1, lam, beta, delta):
    """tr(H S0)/2 + (beta/2) [tr(S1^-1 S0)/lam - k + Delta' S1^-1 Delta/lam + ln det(lam S1) - ln det S0]. Eq. (13)."""
    bracket = trace(s1**-1 * s0) / lam - s0.rows + (delta.T * s1**-1 * delta)[0] / lam + log_det(lam * s1) - log_det(s0)
    return trace(h * s0) / 2 + beta / 2 * bracket


def gradient(s0, h, s1, lam, beta):
    """H/2 + beta/(2 lam) S1^-1 - (beta/2) S0^-1. Eq. (14)."""
    return h / 2 + beta / (2 * lam) * s1**-1 - beta / 2 * s0**-1


def trace(matrix):
    """tr A = sum_i A_ii of a sympy matrix."""
    return sum(matrix[i, i] for i in range(matrix.rows))


def log_det(matrix):
    """ln det, of a sympy matrix with positive determinant as a sum of logarithms."""
    if isinstance(matrix, sp.MatrixBase):
        return sp.expand_log(sp.log(sp.factor(matrix.det())), force=True)
    return mp.log(mp.det(matrix))


def _positive(name: str) -> sp.Matrix:
    """R R' for a 2 x 2 lower triangular R with positive diagonal: any positive definite matrix."""
    root = _root(name)
    return root * root.T


def _root(name: str) -> sp.Matrix:
    (a, c), b = sp.symbols(f"{name}1 {name}3", positive=True), sp.Symbol(f"{name}2", real=True)
    return sp.Matrix([[a, 0], [b, c]])


def _symmetric(name: str) -> sp.Matrix:
    a, b, c = sp.symbols(f"{name}1:4", real=True)
    return sp.Matrix([[a, b], [b, c]])


def objective_checks(objective: Callable = objective) -> list[Check]:
    """Eq. (13): the expectation of the quadratic is a trace, and the bracket is twice the Gaussians' divergence."""
    h, root, s1, delta = _symmetric("h"), _root("r"), _positive("p"), sp.Matrix(sp.symbols("d1:3", real=True))
    xi = sp.Matrix(sp.symbols("x1:3", real=True))
    eta = root * xi  # x1, x2 independent with mean 0 and variance 1
    expanded = sp.Poly((eta.T * h * eta)[0] / 2, *xi)
    expectation = expanded.coeff_monomial(xi[0] ** 2) + expanded.coeff_monomial(xi[1] ** 2) + expanded.coeff_monomial(1)
    s0 = root * root.T
    x, m0, m1 = sp.symbols("x mu0 mu1", real=True)
    v0, v1 = sp.symbols("v0 v1", positive=True)
    density = sp.exp(-((x - m0) ** 2) / (2 * v0)) / sp.sqrt(2 * sp.pi * v0)
    log_ratio = -((x - m0) ** 2) / (2 * v0) + (x - m1) ** 2 / (2 * v1) + (sp.log(v1) - sp.log(v0)) / 2
    integral = sp.integrate(sp.expand(log_ratio) * density, (x, -sp.oo, sp.oo))
    one = gaussian_kl(sp.Matrix([v0]), sp.Matrix([v1]), sp.Matrix([m0 - m1]))
    both = expectation + BETA * gaussian_kl(s0, LAM * s1, delta)
    return [
        identity("13", r"$\int q\ln\frac qp = \mathrm{KL}$ of two Gaussians", "symbolic, k = 1", integral, one),
        identity(
            "13", r"$\mathbb E[\frac12\eta^\top H\eta] + \beta\,\mathrm{KL}$ is (13)", "symbolic, k = 2",
            objective(s0, h, s1, LAM, BETA, delta), both,
        ),
    ]  # fmt: skip


def gradient_checks(gradient: Callable = gradient, optimum: Callable = optimal_posterior) -> list[Check]:
    """The paper's route: (14) is the derivative of (13) and vanishes at (12); the second derivative is a square."""
    h, root, s1, t = _symmetric("h"), _root("r"), _positive("p"), _symmetric("t")
    s0, e, delta = root * root.T, sp.Symbol("e"), sp.zeros(2, 1)
    path = objective(s0 + e * t, h, s1, LAM, BETA, delta)
    first, second = sp.diff(path, e).subs(e, 0), sp.diff(path, e, 2).subs(e, 0)
    inner = root**-1 * t * (root**-1).T
    at_optimum = gradient(optimum(h, s1, LAM, BETA), h, s1, LAM, BETA)
    derivative = (
        r"$\frac d{d\epsilon}\mathcal C(\Sigma_0+\epsilon T)\big\vert_0 = \mathrm{tr}(GT)$, $G$ from (14), any $T$"
    )
    convex = (
        r"$\frac{d^2}{d\epsilon^2}\mathcal C(RR^\top+\epsilon T)\vert_0 = \frac\beta2\Vert R^{-1}TR^{-\top}\Vert_F^2$"
    )
    return [
        identity("14", derivative, "symbolic, k = 2", first, trace(gradient(s0, h, s1, LAM, BETA) * t)),
        identity("14", r"(14) is $0$ at (12)", "symbolic, k = 2, against any $T$", trace(at_optimum * t), 0),
        identity("13", convex, "symbolic, k = 2", second, BETA / 2 * trace(inner * inner.T)),
    ]


def gap_checks(
    optimum: Callable = optimal_posterior, dimension: int = 6, seed: int = 0, digits: int = 50, instances: int = 20
) -> list[Check]:
    """Lemma 4.1 in one identity: C(S0) - C(S0*) = beta KL(N(0, S0)||N(0, S0*)), which is never negative."""
    h, s0, s1, zero = _symmetric("h"), _positive("r"), _positive("p"), sp.zeros(2, 1)
    best = optimum(h, s1, LAM, BETA).applyfunc(sp.factor)
    left = objective(s0, h, s1, LAM, BETA, zero) - objective(best, h, s1, LAM, BETA, zero)
    what = r"$\mathcal C(\Sigma_0) - \mathcal C(\Sigma_0^*) = \beta\,\mathrm{KL}(N(0,\Sigma_0)\Vert N(0,\Sigma_0^*))$"
    gaps, margins = [], []
    with mp.workdps(digits):
        for h_, s0_, s1_, lam, beta, delta in _instances(dimension, seed, instances):
            best_ = optimum(h_, s1_, lam, beta)
            gap = objective(s0_, h_, s1_, lam, beta, delta) - objective(best_, h_, s1_, lam, beta, delta)
            gaps.append(gap - beta * gaussian_kl(s0_, best_, 0 * delta))
            margins.append(gap)
    scope = f"{digits} digits, {instances} random instances, k = {dimension}, seed {seed}"
    return [
        identity("6, 12", what, "symbolic, k = 2", left, BETA * gaussian_kl(s0, best, zero)),
        closeness("6, 12", what, scope, gaps, 10.0 ** (-digits // 2)),
        inequality("6, 12", r"$\mathcal C(\Sigma_0) \ge \mathcal C(\Sigma_0^*)$", scope, margins),
    ]


def _instances(k: int, seed: int, instances: int):
    """Random (H, S0, S1, lam, beta, Delta) in mpmath: H positive semidefinite of rank k - 1, S0 and S1 full."""
    rng = random.Random(seed)
    for _ in range(instances):
        h, s0, s1 = (_gram(rng, k, rank) for rank in (max(k - 1, 1), k, k))
        lam, beta = (mp.mpf(10) ** rng.uniform(-2, 2) for _ in range(2))
        yield h, s0, s1, lam, beta, mp.matrix([rng.gauss(0, 1) for _ in range(k)])


def _gram(rng: random.Random, k: int, rank: int) -> mp.matrix:
    root = mp.matrix([[rng.gauss(0, 1) for _ in range(rank)] for _ in range(k)])
    return root * root.T


def scale_checks(optimum: Callable = optimal_posterior) -> list[Check]:
    """lam and S1 enter only as lam S1; H and beta only as H/beta."""
    h, s1, t, c = _symmetric("h"), _positive("p"), _symmetric("t"), sp.Symbol("c", positive=True)
    base = trace(optimum(h, s1, LAM, BETA) * t)
    prior, ratio = trace(optimum(h, c * s1, LAM / c, BETA) * t), trace(optimum(c * h, s1, LAM, c * BETA) * t)
    return [
        identity(
            "6", r"$(\lambda, \Sigma_1) \to (\lambda/c, c\Sigma_1)$ changes nothing", "symbolic, k = 2", prior, base
        ),
        identity("6", r"$(H, \beta) \to (cH, c\beta)$ changes nothing", "symbolic, k = 2", ratio, base),
    ]


def any_posterior_checks(optimum: Callable = optimal_posterior, seed: int = 0, digits: int = 30) -> list[Check]:
    """For every Q with mean mu0, C(Q) - C(Q*) = beta KL(Q||Q*): the reason, and three shapes that are not Gaussian."""
    h, s1, t, eta = _symmetric("h"), _positive("p"), _symmetric("t"), sp.Matrix(sp.symbols("x1:3", real=True))
    mu = sp.Matrix(sp.symbols("d1:3", real=True))
    best = optimum(h, s1, LAM, BETA)
    log_ratio = -(eta.T * best**-1 * eta)[0] / 2 + ((eta + mu).T * s1**-1 * (eta + mu))[0] / (2 * LAM)
    curved = sp.hessian((eta.T * h * eta)[0] / 2 + BETA * log_ratio, list(eta))
    affine = r"$\frac12\eta^\top H\eta + \beta\ln\frac{q^*(\eta)}{p(\eta)}$ is affine in $\eta$: its Hessian is $0$"
    rng, gaps = random.Random(seed), []
    with mp.workdps(digits):
        for density, ends in SHAPES.values():
            h_, s1_, lam, beta, d = (mp.mpf(rng.uniform(0.2, 2)) for _ in range(5))
            s = optimum(mp.matrix([h_]), mp.matrix([s1_]), lam, beta)[0]

            def value(q, ends, h=h_, v=lam * s1_, d=d, beta=beta):
                return mp.quad(lambda x: q(x) * (h * x**2 / 2 + beta * mp.log(q(x) / _normal(x + d, v))), ends)

            wide = [-mp.inf, 0, mp.inf]
            kl = mp.quad(lambda x, q=density, s=s: q(x) * mp.log(q(x) / _normal(x, s)), ends)
            gaps.append(value(density, ends) - value(lambda x, s=s: _normal(x, s), wide) - beta * kl)
    what = r"$\mathcal C(Q) - \mathcal C(Q^*) = \beta\,\mathrm{KL}(Q\Vert Q^*)$"
    scope = f"quadrature, {digits} digits, k = 1, Q = {', '.join(SHAPES)}, seed {seed}"
    return [
        identity("any Q", affine, "symbolic, k = 2, against any $T$", trace(curved * t), 0),
        closeness("any Q", what, scope, gaps, 1e-12),
    ]


def _normal(x, v):
    return mp.exp(-(x**2) / (2 * v)) / mp.sqrt(2 * mp.pi * v)


# Densities with mean 0, and the intervals to integrate them over.
SHAPES = {
    "uniform": (lambda x: mp.mpf(1) / 3, [-1.5, 1.5]),
    "Laplace": (lambda x: mp.exp(-abs(x)) / 2, [-60, -10, 0, 10, 60]),
    "two humps": (lambda x: (_normal(x - 1, 0.25) + _normal(x + 1, 0.25)) / 2, [-8, -1, 0, 1, 8]),
}


def mean_checks(
    mean: Callable = optimal_mean, dimension: int = 6, seed: int = 0, digits: int = 50, instances: int = 20
) -> list[Check]:
    """With a free mean too: C(N(m, S)) - C(N(m*, S*)) = beta KL(N(m, S)||N(m*, S*)); S* is Lemma 4.1's."""

    def value(m, s, h, s1, lam, beta, mu0, mu1):
        shift = ((m - mu0).T * h * (m - mu0))[0] / 2
        return shift + objective(s, h, s1, lam, beta, m - mu1)

    def gap(m, s, h, s1, lam, beta, mu0, mu1):
        best = mean(h, s1, lam, beta, mu0, mu1), optimal_posterior(h, s1, lam, beta)
        left = value(m, s, h, s1, lam, beta, mu0, mu1) - value(*best, h, s1, lam, beta, mu0, mu1)
        return left, beta * gaussian_kl(s, best[1], m - best[0])

    h, s, s1 = (sp.Matrix([symbol]) for symbol in sp.symbols("h s p", positive=True))
    m, mu0, mu1 = (sp.Matrix([symbol]) for symbol in sp.symbols("m mu0 mu1", real=True))
    what = r"$\mathcal C(Q) - \mathcal C(Q^*) = \beta\,\mathrm{KL}(Q\Vert Q^*)$ for any Gaussian $Q$"
    gaps, rng = [], random.Random(seed)
    with mp.workdps(digits):
        for h_, s0_, s1_, lam, beta, delta in _instances(dimension, seed, instances):
            mu1_, m_ = (mp.matrix([rng.gauss(0, 1) for _ in range(dimension)]) for _ in range(2))
            left, right = gap(m_, s0_, h_, s1_, lam, beta, mu1_ + delta, mu1_)
            gaps.append(left - right)
    scope = f"{digits} digits, {instances} random instances, k = {dimension}, seed {seed}"
    return [
        identity("any mean", what, "symbolic, k = 1", *gap(m, s, h, s1, LAM, BETA, mu0, mu1)),
        closeness("any mean", what, scope, gaps, 10.0 ** (-digits // 2)),
    ]


def package_checks(
    optimum: Callable = optimal_posterior, dimension: int = 6, seed: int = 0, digits: int = 50, instances: int = 20
) -> list[Check]:
    """`gaussians.optimal_posterior` and `gaussians.kl_divergence` against the formulas here."""
    covariances, divergences = [], []
    with mp.workdps(digits):
        for h, s0, s1, lam, beta, delta in _instances(dimension, seed, instances):
            exact = optimum(h, s1, lam, beta)
            got = gaussians.optimal_posterior(_floats(h), _floats(lam * s1), float(beta))
            covariances.append(mp.norm(mp.matrix(got.tolist()) - exact) / mp.norm(exact))
            zero = np.zeros(dimension)
            kl = gaussians.kl_divergence(_floats(delta)[:, 0], _floats(s0), zero, _floats(s1))
            divergences.append(kl / gaussian_kl(s0, s1, delta) - 1)
    scope = f"{digits} digits, {instances} random instances, k = {dimension}, seed {seed}, relative error"
    return [
        closeness("6", "`gaussians.optimal_posterior` is (6)", scope, covariances, 1e-8),
        closeness("13", "`gaussians.kl_divergence` is the divergence in (13)", scope, divergences, 1e-8),
    ]


def _floats(matrix: mp.matrix) -> np.ndarray:
    return np.array(matrix.tolist(), dtype=float)
