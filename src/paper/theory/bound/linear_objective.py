"""Eqs. (2) and (4), the objective that is linear in KL: its minimiser, its exact link to Theorem 3.1, its certificate.

Legend: L, Lhat the true and the empirical risk, N examples, K = KL(Q||P) + ln(2 (N - 1)/delta), C = Lhat + beta KL,
c = ln(2 (N - 1)/delta). On a finite space of M hypotheses, P, Q, Lhat are vectors (M,).
"""

import math
import random
from collections.abc import Callable, Iterable

import mpmath as mp
import numpy as np
import pandas as pd
import sympy as sp
from scipy.optimize import minimize_scalar

from pacbayes_curvature import bounds
from paper.theory.bound.proof import tilted
from paper.theory.checks import Check, closeness, identity, inequality

RISK, KL, K, N, BETA, DELTA = sp.symbols("L KL K N beta delta", positive=True)


def objective(risk, kl, beta):
    """C_beta = Lhat + beta KL. Eqs. (2) and (4)."""
    return risk + beta * kl


def tangent(k, n, beta):
    """beta K + 1/(8 N beta): a line in K that touches sqrt(K/(2N)) from above."""
    return beta * k + 1 / (8 * n * beta)


def best_beta(k, n):
    """beta* = 1/sqrt(8 N K): the tangent at K."""
    return 1 / sp.sqrt(8 * n * k)


def certificate(risk, kl, n, beta, delta):
    """C_beta + beta ln(1/delta) + 1/(8 N beta): above E_Q[L] for all Q at once, for one beta fixed before the data."""
    return objective(risk, kl, beta) + beta * sp.log(1 / delta) + 1 / (8 * n * beta)


def envelope_checks(tangent: Callable = tangent, best_beta: Callable = best_beta) -> list[Check]:
    """sqrt(K/2N) = min_beta { beta K + 1/(8 N beta) }, at beta* = 1/sqrt(8 N K)."""
    root = sp.sqrt(K / (2 * N))
    square = (sp.sqrt(BETA * K) - 1 / sp.sqrt(8 * N * BETA)) ** 2
    what = r"$\beta K + \frac1{8N\beta} - \sqrt{K/2N} = \big(\sqrt{\beta K} - 1/\sqrt{8N\beta}\big)^2 \ge 0$"
    touching = r"$\beta^* K + \frac1{8N\beta^*} = \sqrt{K/2N}$ at $\beta^* = 1/\sqrt{8NK}$"
    return [
        identity("envelope", what, "symbolic", tangent(K, N, BETA) - root, square),
        identity("envelope", touching, "symbolic", tangent(K, N, best_beta(K, N)), root),
    ]


def gibbs_checks(tilted: Callable = tilted) -> list[Check]:
    """C(Q) - C(Q_beta) = beta KL(Q||Q_beta), Q_beta ~ P exp(-Lhat/beta): two hypotheses, any numbers."""
    p, q = sp.symbols("p q", positive=True)
    risks, prior, posterior = sp.symbols("l1:3", positive=True), (p, 1 - p), (q, 1 - q)
    gibbs = tilted(prior, [-risk / BETA for risk in risks])

    def log(value):
        return sp.expand_log(sp.log(value), force=True)  # all arguments are positive, which sympy cannot see

    def divergence(q, p):
        return sum(a * (log(a) - log(b)) for a, b in zip(q, p))

    def value(q):
        return objective(sum(a * risk for a, risk in zip(q, risks)), divergence(q, prior), BETA)

    what = r"$C_\beta(Q) - C_\beta(Q_\beta) = \beta\,\mathrm{KL}(Q\Vert Q_\beta)$, $Q_\beta \propto Pe^{-\hat L/\beta}$"
    left, right = value(posterior) - value(gibbs), BETA * divergence(posterior, gibbs)
    return [identity("4", what, "symbolic, two hypotheses", left, right)]


def gibbs(prior: np.ndarray, risks: np.ndarray, beta: float) -> tuple[np.ndarray, float, float]:
    """Q_beta (M,), its E_Q[Lhat] and KL(Q_beta||P): the minimiser of (4) over all Q on a finite space."""
    logs = np.log(prior) - risks / beta
    q = np.exp(logs - np.logaddexp.reduce(logs))
    return q, float(q @ risks), divergence(q, prior)


def divergence(q: np.ndarray, prior: np.ndarray) -> float:
    """KL(Q||P) for vectors (M,), with 0 ln 0 = 0."""
    return float(np.sum(q * np.log(np.where(q > 0, q, 1) / prior)))


def sweep(prior: np.ndarray, risks: np.ndarray, n: int, delta: float, betas: np.ndarray) -> pd.DataFrame:
    """Along the minimisers of (4): beta, risk, kl, bound (3), line V(beta) + beta c + 1/(8 N beta), its beta*."""
    c, rows = math.log(2 * (n - 1) / delta), []
    for beta in betas:
        _, risk, kl = gibbs(prior, risks, beta)
        rows.append(
            {
                "beta": beta,
                "risk": risk,
                "kl": kl,
                "bound": float(bounds.pac_bayes_bound(risk, kl, n, delta)),
                "line": objective(risk, kl, beta) + tangent(c, n, beta),
                "best beta": 1 / math.sqrt(8 * n * (kl + c)),
            }
        )
    return pd.DataFrame(rows)


def costly_space(hypotheses: int = 200) -> tuple[np.ndarray, np.ndarray]:
    """A prior and empirical risks from 1/2 to 0, (M,) each: the better a hypothesis, the less likely a priori."""
    risks = np.linspace(0, 0.5, hypotheses)
    weights = np.exp(150 * (risks - 0.5))
    return weights / weights.sum(), risks


def random_space(rng: np.random.Generator, hypotheses: int) -> tuple[np.ndarray, np.ndarray]:
    """A prior and empirical risks, (M,) each: few good hypotheses among many bad ones."""
    return rng.dirichlet(np.ones(hypotheses)), 0.5 * rng.random(hypotheses) ** 0.3


def sweep_checks(seed: int = 0, instances: int = 20, n: int = 1000, delta: float = 0.05) -> list[Check]:
    """min_Q of (3) = min_beta { V(beta) + beta c + 1/(8 N beta) } on finite spaces, and its minimiser's own beta*."""
    rng, attained, own, others = np.random.default_rng(seed), [], [], []
    c = math.log(2 * (n - 1) / delta)
    for _ in range(instances):
        prior, risks = random_space(rng, 50)

        def floor(log_beta):
            beta = math.exp(log_beta)
            _, risk, kl = gibbs(prior, risks, beta)
            return objective(risk, kl, beta) + tangent(c, n, beta)

        # Beyond these ends no beta* can lie: K >= c, and KL <= max ln(1/P). There may be several local minima.
        grid = np.linspace(*(-np.log(8 * n * np.array([c - np.log(prior).min(), c])) / 2), 101)
        i = int(np.argmin([floor(point) for point in grid]))
        ends = grid[max(i - 1, 0)], grid[min(i + 1, 100)]
        best = minimize_scalar(floor, bounds=ends, method="bounded", options={"xatol": 1e-12})
        beta = math.exp(best.x)
        q, risk, kl = gibbs(prior, risks, beta)
        attained.append(float(bounds.pac_bayes_bound(risk, kl, n, delta)) - best.fun)
        own.append(beta * math.sqrt(8 * n * (kl + c)) - 1)
        for other in (*rng.dirichlet(np.ones(50), 20), *(0.9 * q + 0.1 * rng.dirichlet(np.ones(50), 20))):
            value = bounds.pac_bayes_bound(min(1, float(other @ risks)), divergence(other, prior), n, delta)
            others.append(float(value) - best.fun)
    scope = f"{instances} random spaces of 50 hypotheses, N = {n}, seed {seed}"
    least = r"$\min_\beta\{V(\beta) + \beta c + \frac1{8N\beta}\}$ is the bound (3) of $Q_\beta$"
    return [
        closeness("floor", least, scope, attained, 1e-12),
        closeness("floor", r"there $\beta = 1/\sqrt{8NK(Q_\beta)}$, relative error", scope, own, 1e-4),
        inequality("floor", r"no other $Q$ has a smaller bound (3)", f"{scope}, 40 random Q each", others, 1e-12),
    ]


def certificate_checks(certificate: Callable = certificate) -> list[Check]:
    """The certificate is what change of measure and Hoeffding's lemma give; its best beta gives back a square root."""
    quarter, half = sp.Rational(1, 4), sp.Rational(1, 2)
    t, p = sp.Symbol("t", real=True), sp.Symbol("p", positive=True)
    log_moment = sp.log(1 - p + p * sp.exp(-t)) + p * t  # of p - X, one coin flip
    tilted_p = p * sp.exp(-t) / (1 - p + p * sp.exp(-t))
    hoeffding = r"$\frac14 - \frac{d^2}{dt^2}\ln\mathbb E\,e^{t(p-X)} = \big(\frac12 - p_t\big)^2 \ge 0$"
    moment = N * (1 / (N * BETA)) ** 2 / 8  # N flips, each with t = 1/(N beta)
    change = RISK + BETA * (KL + sp.log(1 / DELTA) + moment)
    k = KL + sp.log(1 / DELTA)
    best = certificate(RISK, KL, N, best_beta(k, N), DELTA)
    sum_ = (
        r"certificate $= \hat L + \beta\big(\mathrm{KL} + \ln\frac1\delta + \frac{N t^2}8\big)$ at $t = \frac1{N\beta}$"
    )
    root = r"its least value over $\beta$ is $\hat L + \sqrt{(\mathrm{KL} + \ln\frac1\delta)/2N}$"
    return [
        identity("Hoeffding", hoeffding, "symbolic", quarter - sp.diff(log_moment, t, 2), (half - tilted_p) ** 2),
        identity("certificate", sum_, "symbolic", certificate(RISK, KL, N, BETA, DELTA), change),
        identity("certificate", root, "symbolic", best, RISK + sp.sqrt(k / (2 * N))),
    ]


def failure_checks(
    certificate: Callable = certificate, seed: int = 0, digits: int = 50, instances: int = 20
) -> list[Check]:
    """One hypothesis, KL = 0: the exact probability that the certificate lies below the true risk is at most delta."""
    number = sp.lambdify((RISK, KL, N, BETA, DELTA), certificate(RISK, KL, N, BETA, DELTA), "mpmath")
    rng, margins = random.Random(seed), []
    with mp.workdps(digits):
        for _ in range(instances):
            n, p, delta = rng.randint(1, 40), mp.mpf(rng.random()), mp.mpf(rng.uniform(0.01, 0.9))
            beta = mp.mpf(10) ** rng.uniform(-2, 1) / mp.sqrt(n)
            failing = (k for k in range(n + 1) if number(mp.mpf(k) / n, 0, n, beta, delta) < p)
            margins.append(delta - mp.fsum(mp.binomial(n, k) * p**k * (1 - p) ** (n - k) for k in failing))
    scope = f"{digits} digits, {instances} random (N, p, beta, delta), binomial sums, seed {seed}"
    return [inequality("certificate", r"one hypothesis: $\Pr[L > \text{certificate}] \le \delta$", scope, margins)]


def useful_betas(examples: Iterable[int], delta: float) -> pd.DataFrame:
    """Where a non-vacuous bound's beta* can lie: K < 2 N gives beta* > 1/(4 N), K >= c gives beta* <= 1/sqrt(8 N c)."""
    rows = ((n, 1 / (4 * n), 1 / math.sqrt(8 * n * math.log(2 * (n - 1) / delta))) for n in examples)
    return pd.DataFrame(rows, columns=["N", "above 1/(4 N)", "up to 1/sqrt(8 N c)"])


def experiment(
    seed: int, n: int, delta: float, betas: np.ndarray, trials: int = 4000, hypotheses: int = 100
) -> pd.DataFrame:
    """How often the true risk of Q_beta lies above the certificate and above its parts; a row for each fixed beta.

    Nothing can be learnt: all M hypotheses err with probability 1/2, P is uniform, and each trial draws N losses of
    each. So the true risk is 1/2 whatever Q, while Q_beta favours hypotheses that were lucky. Columns: beta; the
    certificate's mean; the share of trials in which 1/2 exceeds Lhat alone, C_beta, and the certificate.
    """
    risks = np.random.default_rng(seed).binomial(n, 0.5, size=(trials, hypotheses)) / n
    rows = []
    for beta in betas:
        logs = -risks / beta - math.log(hypotheses)
        log_mean = np.logaddexp.reduce(logs, axis=1)
        empirical = (np.exp(logs - log_mean[:, None]) * risks).sum(axis=1)
        c = -beta * log_mean  # C_beta(Q_beta) = -beta ln E_P[exp(-Lhat/beta)]
        value = c + float(certificate(0, 0, n, beta, delta))
        rows.append(
            {
                "beta": beta,
                "mean certificate": value.mean(),
                "above the empirical risk": (empirical < 0.5).mean(),
                "above C": (c < 0.5).mean(),
                "above the certificate": (value < 0.5).mean(),
            }
        )
    return pd.DataFrame(rows)
