"""Beyond Lemma 4.2: the exact envelope of (E, KL), the product law and the floor of (3).

E = tr(H S0)/2, KL = KL(Q||P) and V = E + beta KL at Lemma 4.2's optimum. Checks take what they test as arguments. The
wider families of priors are in `prior_families`.
"""

from collections.abc import Callable

import mpmath as mp
import numpy as np
import sympy as sp
from scipy.optimize import minimize, minimize_scalar

from pacbayes_curvature.floors import diagonal_prior
from paper.theory.checks import Check, closeness, identity, inequality
from paper.theory.prior import formulas
from paper.theory.prior.families import block_floor, in_words
from paper.theory.prior.formulas import beta, delta, h, root, scale

EACH = "symbolic, each coordinate"
K, N = sp.symbols("K N", positive=True)


def envelope_checks(value: Callable = formulas.minimum) -> list[Check]:
    """dV/dbeta = KL, so dE/dbeta = -beta dKL/dbeta; and KL falls."""
    a = scale()
    kl, loss = sp.log((h + a) / a) / 2, a * delta**2 / 2
    return [
        identity("9", r"$\partial V_i / \partial\beta = \mathrm{KL}_i^*$", EACH, sp.diff(value(), beta), kl),
        identity(
            "9",
            r"$\partial E_i^* / \partial\beta = -\beta\, \partial\mathrm{KL}_i^* / \partial\beta$",
            EACH,
            sp.diff(loss, beta),
            -beta * sp.diff(kl, beta),
        ),
        identity(
            "9",
            r"$\partial \mathrm{KL}_i^* / \partial\beta = -h / (2\beta R) < 0$",
            EACH,
            sp.diff(kl, beta),
            -h / (2 * beta * root()),
        ),
    ]


def domination_check(dimension: int, instances: int, seed: int, digits: int, floor: Callable = block_floor) -> Check:
    """Random diagonal pairs lie on or above the curve: KL >= KL(E)."""
    rng, margins = np.random.default_rng(seed), []
    with mp.workdps(digits):
        for _ in range(instances):
            curvature, shift, nu0, spread = (
                [mp.mpf(x) for x in row] for row in 10 ** rng.uniform(-1, 1, (4, dimension))
            )
            prior = [(n + d**2) * s ** mp.mpf("0.1") for n, d, s in zip(nu0, shift, spread)]
            kl = mp.fsum((n + d**2) / p - 1 + mp.log(p / n) for n, d, p in zip(nu0, shift, prior)) / 2
            loss = mp.fsum(c * n for c, n in zip(curvature, nu0)) / 2
            margins.append(kl - floor([c * d**2 / 2 for c, d in zip(curvature, shift)], loss))
    scope = in_words(digits, instances, dimension, seed)
    return inequality("9", r"a random diagonal pair has at least the curve's KL at its $E$", scope, margins)


def product_constant(roots, shifts):
    """S = (1/4) (sum_i |Delta_i| sqrt(h_i))^2, from sqrt(h_i) and |Delta_i|."""
    return sum(r * s for r, s in zip(roots, shifts)) ** 2 / 4


def product_law_checks(
    dimension: int, instances: int, seed: int, digits: int, constant: Callable = product_constant
) -> list[Check]:
    """S x / (e^x sinh x) <= E KL <= S <= D tr(H)/4, with x the largest KL_i; both ends are sharp."""
    rng, above, below = np.random.default_rng(seed), [], []
    with mp.workdps(digits):
        for _ in range(instances):
            roots, shifts = ([mp.mpf(x) for x in row] for row in 10 ** rng.uniform(-1, 1, (2, dimension)))
            weight = mp.mpf(10 ** rng.uniform(-3, 3))
            kl = [mp.asinh(r * s / mp.sqrt(weight) / 2) for r, s in zip(roots, shifts)]
            product = mp.fsum(weight / 2 * (1 - mp.exp(-2 * x)) for x in kl) * mp.fsum(kl)
            above.append(constant(roots, shifts) - product)
            x = max(kl)
            below.append(product - constant(roots, shifts) * x * mp.exp(-x) / mp.sinh(x))
    s, r = sp.symbols("s_1:4", positive=True), sp.symbols("r_1:4", positive=True)
    squares = sum((s[i] * r[j] - s[j] * r[i]) ** 2 for i in range(3) for j in range(i + 1, 3))
    gap = sum(a**2 for a in s) * sum(b**2 for b in r) - 4 * constant(r, s)
    scope = in_words(digits, instances, dimension, seed)
    kl_1 = formulas.divergence_form()
    relative = formulas.loss_form(kl_1) * kl_1 / constant([sp.sqrt(h)], [delta]) - 1
    return [
        inequality("product law", r"$E \cdot \mathrm{KL} \le S$", scope, above),
        inequality(
            "product law", r"$E \cdot \mathrm{KL} \ge S\, x e^{-x} / \sinh x$, $x = \max_i \mathrm{KL}_i$", scope, below
        ),
        Check(
            "product law",
            r"one weight: $E \cdot \mathrm{KL} / S - 1$ for $\beta \to \infty$",
            "symbolic limit",
            sp.Limit(relative, beta, sp.oo),
            sp.limit(relative, beta, sp.oo),
        ),
        identity(
            "product law",
            r"$\lvert\Delta\rvert^2 \operatorname{tr} H - 4S = \sum_{i<j} (s_i r_j - s_j r_i)^2$, "
            r"$s_i = \lvert\Delta_i\rvert$, $r_i = \sqrt{h_i}$",
            "symbolic, $k = 3$",
            gap,
            squares,
        ),
    ]


def linear_floor(curvature, displacement, n: int, delta: float, betas) -> np.ndarray:
    """V(beta) + beta c + 1 / (8 N beta), c = ln(2 (N - 1)/delta), for betas (G,); at its least, the floor of (3)."""
    betas = np.asarray(betas, float)
    loss, kl = diagonal_prior(curvature, displacement, betas)
    return loss + betas * (kl + np.log(2 * (n - 1) / delta)) + 1 / (8 * n * betas)


def floor_of_3(
    curvature, displacement, n: int, delta: float = 0.05, linear: Callable = linear_floor
) -> tuple[float, float]:
    """The least E + sqrt((KL + c)/(2 N)) over all diagonal pairs, and its beta, from a search over beta alone."""
    grid = np.geomspace(1e-4, 1e2, 61) / np.sqrt(n)
    best = int(np.argmin(linear(curvature, displacement, n, delta, grid)))
    ends = np.log(grid[[max(best - 1, 0), min(best + 1, len(grid) - 1)]])

    def objective(log_beta):
        return float(linear(curvature, displacement, n, delta, np.exp(log_beta)))

    found = minimize_scalar(objective, bounds=ends, method="bounded", options={"xatol": 1e-10})
    return float(found.fun), float(np.exp(found.x))


def floor_checks(instances: int, seed: int, dimension: int = 2, linear: Callable = linear_floor) -> list[Check]:
    """sqrt(K/2N) as a square away from beta K + 1/(8 N beta); the floor against a search over all variances."""
    rng, gaps = np.random.default_rng(seed), []
    for _ in range(instances):
        curvature, shift = 10 ** rng.uniform(-1, 1, dimension), rng.normal(size=dimension)
        n, start = int(rng.integers(50, 5000)), rng.normal(size=2 * dimension)
        direct = min(minimize(_right_side_of_3, s, (curvature, shift, n), tol=1e-13).fun for s in (start, -start))
        gaps.append(direct / floor_of_3(curvature, shift, n, linear=linear)[0] - 1)
    square = (sp.sqrt(beta * K) - 1 / sp.sqrt(8 * N * beta)) ** 2
    scope = f"float64, {instances} random, $k = {dimension}$, seed {seed}, $\\delta = 0.05$"
    return [
        identity(
            "3",
            r"$\beta K + \frac{1}{8N\beta} - \sqrt{\frac{K}{2N}} = (\sqrt{\beta K} - \frac{1}{\sqrt{8N\beta}})^2$",
            "symbolic",
            beta * K + 1 / (8 * N * beta) - sp.sqrt(K / (2 * N)),
            square,
        ),
        closeness(
            "3",
            r"$\min_\beta \{V(\beta) + \beta c + \frac{1}{8N\beta}\}$ against a search over all variances, relative",
            scope,
            gaps,
            1e-7,
        ),
    ]


def _right_side_of_3(logs: np.ndarray, curvature: np.ndarray, shift: np.ndarray, n: int, delta: float = 0.05) -> float:
    """E + sqrt((KL + c)/(2 N)) in the quadratic model, for variances exp(logs): posterior (k,), prior (k,)."""
    nu0, prior = np.exp(logs.reshape(2, -1))
    kl = ((nu0 + shift**2) / prior - 1 + np.log(prior / nu0)).sum() / 2
    return curvature @ nu0 / 2 + np.sqrt((kl + np.log(2 * (n - 1) / delta)) / (2 * n))
