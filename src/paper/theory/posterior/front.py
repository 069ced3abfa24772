"""What Lemma 4.1's posterior trades: the front of expected loss E against KL, the best prior scale, the baseline.

Legend: prior N(mu1, lam I); g (k,) the eigenvalues of H; D = |mu0 - mu1|^2; rho = lam/beta;
gamma = sum rho g/(1 + rho g); ld = sum ln(1 + rho g); V = E + beta KL, the minimum of (13). For another prior shape
Sigma1, g are the eigenvalues of Sigma1^(1/2) H Sigma1^(1/2) and D = Delta' Sigma1^-1 Delta. Formulas take lists of
sympy or mpmath numbers.
"""

import random
from collections.abc import Callable

import mpmath as mp
import numpy as np
import pandas as pd
import sympy as sp

from pacbayes_curvature.posteriors import LayerPosterior, expected_quadratic_loss, kl_divergence
from paper.theory.checks import Check, closeness, identity, inequality
from paper.theory.posterior.lemma import BETA, LAM, _instances, gaussian_kl, objective, optimal_posterior, trace

D, E = sp.symbols("D E", positive=True)


def _log(x):
    return sp.log(x) if isinstance(x, sp.Basic) else mp.log(x)


def effective_dimension(g, rho):
    """gamma = sum_i rho g_i / (1 + rho g_i): how many of the k directions the loss determines."""
    return sum(rho * value / (1 + rho * value) for value in g)


def log_determinant(g, rho):
    """ld = ln det(I + rho H) = sum_i ln(1 + rho g_i)."""
    return sum(_log(1 + rho * value) for value in g)


def front(g, d, lam, beta):
    """(E*, KL*) = ( beta gamma/2, (1/2) [ D/lam - gamma + ld ] ): loss and divergence of Lemma 4.1's posterior."""
    gamma = effective_dimension(g, lam / beta)
    return beta * gamma / 2, (d / lam - gamma + log_determinant(g, lam / beta)) / 2


def least_kl(g, d, e):
    """KL(E) = (1/2) ln det( I + D H/(2 E) ): the least divergence at expected loss E, over all covariances and lam."""
    return log_determinant(g, d / (2 * e)) / 2


def baseline_kl(g, d, e):
    """KL = D tr(H)/(4 E): the paper's baseline, Q = N(mu0, lam I), at expected loss E = lam tr(H)/2."""
    return d * sum(g) / (4 * e)


def front_checks(
    front: Callable = front, dimension: int = 6, seed: int = 0, digits: int = 50, instances: int = 20
) -> list[Check]:
    """The closed forms of E* and KL* are (13) at (6); a rotation of Delta changes nothing."""
    g = sp.symbols("g1:3", positive=True)
    h, delta = sp.diag(*g), sp.Matrix(sp.symbols("d1:3", real=True))
    best = optimal_posterior(h, sp.eye(2), LAM, BETA)
    e, kl = front(g, (delta.T * delta)[0], LAM, BETA)
    gaps = []
    with mp.workdps(digits):
        for h_, _, _, lam, beta, delta_ in _instances(dimension, seed, instances):
            values = list(mp.eigsy(h_, eigvals_only=True))
            identity_ = mp.eye(dimension)
            best_ = optimal_posterior(h_, identity_, lam, beta)
            e_, kl_ = front(values, (delta_.T * delta_)[0], lam, beta)
            gaps += [trace(h_ * best_) / 2 - e_, gaussian_kl(best_, lam * identity_, delta_) - kl_]
            gaps.append(objective(best_, h_, identity_, lam, beta, delta_) - e_ - beta * kl_)
    scope = f"{digits} digits, {instances} random full H, k = {dimension}, seed {seed}"
    half_trace = trace(h * best) / 2
    return [
        identity("front", r"$\frac12\mathrm{tr}(H\Sigma_0^*) = \frac\beta2\gamma$", "symbolic, k = 2", half_trace, e),
        identity(
            "front", r"$\mathrm{KL}^* = \frac12[D/\lambda - \gamma + \mathrm{ld}]$", "symbolic, k = 2",
            gaussian_kl(best, LAM * sp.eye(2), delta), kl,
        ),
        closeness("front", r"$E^*$, $\mathrm{KL}^*$ and $V^*$, $H$ not diagonal", scope, gaps, 10.0 ** (-digits // 2)),
    ]  # fmt: skip


def slope_checks(front: Callable = front) -> list[Check]:
    """E rises and KL falls in beta, the front's slope is -1/beta, dV/dbeta = KL; its far end is the baseline."""
    g = sp.symbols("g1:4", positive=True)
    e, kl = front(g, D, LAM, BETA)
    squares = sum((LAM * value / (BETA + LAM * value)) ** 2 for value in g) / 2
    ends = sp.limit(e, BETA, sp.oo), sp.limit(kl, BETA, sp.oo)
    rises = r"$\frac{dE^*}{d\beta} = \frac12\sum_i\big(\frac{\rho g_i}{1+\rho g_i}\big)^2 \ge 0$"
    falls = r"$\frac{d\mathrm{KL}^*}{d\beta} = -\frac1\beta\frac{dE^*}{d\beta}$"
    return [
        identity("front", rises, "symbolic, k = 3", sp.diff(e, BETA), squares),
        identity("front", falls, "symbolic, k = 3", sp.diff(kl, BETA), -squares / BETA),
        identity("front", r"$dV^*/d\beta = \mathrm{KL}^*$", "symbolic, k = 3", sp.diff(e + BETA * kl, BETA), kl),
        identity(
            "front",
            r"$E^* \to \frac\lambda2\mathrm{tr}H$ as $\beta\to\infty$",
            "symbolic, k = 3",
            ends[0],
            LAM * sum(g) / 2,
        ),
        identity(
            "front", r"$\mathrm{KL}^* \to D/2\lambda$ as $\beta\to\infty$", "symbolic, k = 3", ends[1], D / (2 * LAM)
        ),
    ]


def best_scale_checks(front: Callable = front, least_kl: Callable = least_kl) -> list[Check]:
    """dV/dlam has the sign of lam gamma - D; at the root E = D/(2 rho) and KL = least_kl(E)."""
    g, rho = sp.symbols("g1:4", positive=True), sp.Symbol("rho", positive=True)
    e, kl = front(g, D, LAM, BETA)
    gamma = effective_dimension(g, LAM / BETA)
    root = LAM * effective_dimension(g, rho)  # D at the best lam, with beta = lam/rho
    e_root, kl_root = front(g, root, LAM, LAM / rho)
    slope = r"$\frac{dV^*}{d\lambda} = \frac\beta{2\lambda^2}(\lambda\gamma - D)$"
    monotone = r"$\frac{d(\lambda\gamma)}{d\lambda} = \sum_i \frac{\rho g_i(2+\rho g_i)}{(1+\rho g_i)^2} > 0$"
    growth = sum(LAM * x / BETA * (2 + LAM * x / BETA) / (1 + LAM * x / BETA) ** 2 for x in g)
    at_root = r"$\mathrm{KL}^* = \frac12\ln\det(I + \frac D{2E}H)$ where $\lambda\gamma = D$"
    return [
        identity(
            "best lam", slope, "symbolic, k = 3", sp.diff(e + BETA * kl, LAM), BETA / (2 * LAM**2) * (LAM * gamma - D)
        ),
        identity("best lam", monotone, "symbolic, k = 3", sp.diff(LAM * gamma, LAM), growth),
        identity("best lam", r"$E^* = D/2\rho$ where $\lambda\gamma = D$", "symbolic, k = 3", e_root, root / (2 * rho)),
        identity("best lam", at_root, "symbolic, k = 3", kl_root, least_kl(g, root, e_root)),
    ]


def envelope_checks(
    least_kl: Callable = least_kl, baseline_kl: Callable = baseline_kl,
    dimension: int = 6, seed: int = 0, digits: int = 50, instances: int = 20,
) -> list[Check]:  # fmt: skip
    """No covariance and no lam beat least_kl; the baseline is its first-order term, an upper bound."""
    rng, below, above, equal = random.Random(seed), [], [], []
    with mp.workdps(digits):
        for h, s0, _, lam, beta, delta in _instances(dimension, seed, instances):
            g, d = list(mp.eigsy(h, eigvals_only=True)), (delta.T * delta)[0]
            for s in (s0, beta * s0, optimal_posterior(h, mp.eye(dimension), lam, beta)):
                kl = gaussian_kl(s, lam * mp.eye(dimension), delta)
                below.append(kl - least_kl(g, d, trace(h * s) / 2))
            e = mp.mpf(10) ** rng.uniform(-3, 3)
            above.append(baseline_kl(g, d, e) - least_kl(g, d, e))
            flat = baseline_kl(g, d, lam * sum(g) / 2)
            equal.append(flat / gaussian_kl(lam * mp.eye(dimension), lam * mp.eye(dimension), delta) - 1)
    g, rho = sp.symbols("g1:4", positive=True), sp.Symbol("epsilon", positive=True)
    first = sp.series(least_kl(g, D, D / (2 * rho)), rho, 0, 2).removeO()
    scope = f"{digits} digits, {instances} random instances, k = {dimension}, seed {seed}"
    expansion = r"$\frac12\ln\det(I + \frac D{2E}H) = \frac{D\,\mathrm{tr}H}{4E} + O\big((D/2E)^2\big)$"
    return [
        inequality(
            "best lam",
            r"$\mathrm{KL} \ge \frac12\ln\det(I + \frac D{2E}H)$ for every $\Sigma_0$, $\lambda$",
            scope,
            below,
        ),
        closeness(
            "baseline",
            r"$\mathrm{KL}(N(\mu_0,\lambda I)\Vert N(\mu_1,\lambda I)) = \frac{D\,\mathrm{tr}H}{4E}$",
            scope,
            equal,
            10.0 ** (-digits // 2),
        ),
        identity("baseline", expansion, "symbolic, k = 3", first, baseline_kl(g, D, D / (2 * rho))),
        inequality("baseline", r"$\frac{D\,\mathrm{tr}H}{4E} \ge \frac12\ln\det(I + \frac D{2E}H)$", scope, above),
    ]


def package_checks(front: Callable = front, seed: int = 0, digits: int = 50, instances: int = 20) -> list[Check]:
    """`posteriors.expected_quadratic_loss` and `posteriors.kl_divergence` against `front`, one H for all neurons."""
    rng, losses, divergences = np.random.default_rng(seed), [], []
    with mp.workdps(digits):
        for _ in range(instances):
            g, neurons, d = rng.exponential(size=5) ** 3, int(rng.integers(1, 9)), rng.exponential()
            lam, beta = 10 ** rng.uniform(-2, 2, 2)
            layers = [LayerPosterior(g, None, neurons, d)]
            exact = front([mp.mpf(x) for x in g.tolist()] * neurons, mp.mpf(d), mp.mpf(lam), mp.mpf(beta))
            losses.append(expected_quadratic_loss(layers, [lam], [beta])[0] / exact[0] - 1)
            divergences.append(kl_divergence(layers, [lam], [beta])[0] / exact[1] - 1)
    scope = f"{digits} digits, {instances} random layers of k = 5 inputs, seed {seed}, relative error"
    return [
        closeness("13", r"`posteriors.expected_quadratic_loss` is $E^*$", scope, losses, 1e-12),
        closeness("13", r"`posteriors.kl_divergence` is $\mathrm{KL}^*$", scope, divergences, 1e-9),
    ]


def best_scale(g: np.ndarray, d: float, beta: float) -> float:
    """The root of lam gamma(lam/beta) = D, by bisection on ln lam. g (k,) eigenvalues, not all 0; d > 0; beta > 0."""
    low, high = np.log(d / len(g)), np.log(d / len(g) + beta / g.max())  # lam gamma <= lam k at low
    while np.exp(high) * (np.exp(high) / beta * g / (1 + np.exp(high) / beta * g)).sum() < d:
        high += 1.0
    for _ in range(100):
        middle = (low + high) / 2
        lam = np.exp(middle)
        low, high = (middle, high) if lam * (lam / beta * g / (1 + lam / beta * g)).sum() < d else (low, middle)
    return float(np.exp(low))


def curves(g: np.ndarray, delta: np.ndarray, lam: float, betas: np.ndarray) -> pd.DataFrame:
    """Lemma 4.1's front over `betas` at one lam: beta, lam, E, KL, V, and E and KL with the best mean as well.

    g (k,) eigenvalues of H, delta (k,) the displacement in H's eigenbasis. The best mean shrinks the displacement:
    m* - mu0 = -Delta_i/(1 + rho g_i).
    """
    rho = lam / np.asarray(betas)[:, None]
    shrink = rho * g / (1 + rho * g)
    e, ld = betas * shrink.sum(1) / 2, np.log1p(rho * g).sum(1)
    kl = (delta @ delta / lam - shrink.sum(1) + ld) / 2
    moved_e = e + (g * (delta * (1 - shrink)) ** 2).sum(1) / 2
    moved_kl = (((delta * shrink) ** 2).sum(1) / lam - shrink.sum(1) + ld) / 2
    table = {
        "beta": betas,
        "lam": lam,
        "E": e,
        "KL": kl,
        "V": e + betas * kl,
        "E, free mean": moved_e,
        "KL, free mean": moved_kl,
    }
    return pd.DataFrame(table)
