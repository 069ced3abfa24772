"""Beyond Lemma 4.2: the exact envelope of (E, KL), the product law, the floor of (3), and wider families of priors.

E = tr(H S0)/2, KL = KL(Q||P), V = E + beta KL at Lemma 4.2's optimum. Checks take what they test as arguments.
"""

from collections.abc import Callable, Iterator

import numpy as np
import sympy as sp
from scipy.optimize import minimize, minimize_scalar

from .. import lower_bounds as floors
from ..gaussians import kl_divergence, optimal_posterior, optimal_prior_and_posterior
from .checks import Check, closeness, identity, inequality
from .optimal_prior_formulas import beta, delta, h, minimum, root, scale

EACH = "symbolic, each coordinate"
ROUNDING = 1e-10  # relative, for inequalities between float64 results
c, e, K, N = sp.symbols("c E K N", positive=True)

# The envelope --------------------------------------------------------------------------------------------------------


def envelope_checks(value: Callable = minimum) -> list[Check]:
    """dV/dbeta = KL, so dE/dbeta = -beta dKL/dbeta; and KL falls."""
    a = scale()
    kl, loss = sp.log((h + a) / a) / 2, a * delta**2 / 2
    return [
        identity("9", r"$\partial V_i / \partial\beta = \mathrm{KL}_i^*$", EACH, sp.diff(value(), beta), kl),
        identity("9", r"$\partial E_i^* / \partial\beta = -\beta\, \partial\mathrm{KL}_i^* / \partial\beta$", EACH,
                 sp.diff(loss, beta), -beta * sp.diff(kl, beta)),
        identity("9", r"$\partial \mathrm{KL}_i^* / \partial\beta = -h / (2\beta R) < 0$", EACH,
                 sp.diff(kl, beta), -h / (2 * beta * root())),
    ]  # fmt: skip


def domination_check(dimension: int, instances: int, seed: int, floor: Callable = floors.block_prior) -> Check:
    """Random diagonal pairs lie on or above the curve: KL >= KL(E)."""
    rng, margins = np.random.default_rng(seed), []
    for _ in range(instances):
        curvature, shift = 10 ** rng.uniform(-2, 2, dimension), rng.normal(size=dimension)
        nu0 = optimal_prior_and_posterior(curvature, shift, 1.0).posterior_variance * np.exp(rng.normal(size=dimension) / 2)
        prior = (nu0 + shift**2) * np.exp(rng.normal(size=dimension) / 5)
        kl = kl_divergence(shift, nu0, 0.0, prior)
        margins.append(kl / floor(curvature * shift**2 / 2, curvature @ nu0 / 2) - 1)
    return inequality("9", "every diagonal pair: KL is at least the curve's at the same E", _random(instances, dimension, seed), margins, ROUNDING)


# The product law -----------------------------------------------------------------------------------------------------


def product_constant(curvature, displacement):
    """S = (1/4) (sum_i |Delta_i| sqrt(h_i))^2, what E KL is at most, and tends to for beta -> inf."""
    return (np.abs(displacement) @ np.sqrt(curvature)) ** 2 / 4


def product_law_checks(dimension: int, instances: int, seed: int, constant: Callable = product_constant) -> list[Check]:
    """E KL <= S <= D tr(H)/4, and E KL >= S x / (e^x sinh x) with x the largest KL_i."""
    rng, above, below = np.random.default_rng(seed), [], []
    for _ in range(instances):
        curvature, shift = 10 ** rng.uniform(-2, 2, dimension), rng.normal(size=dimension)
        weight = 10 ** rng.uniform(-2, 3)
        pair = optimal_prior_and_posterior(curvature, shift, weight)
        product, x = pair.expected_loss.sum() * pair.kl.sum(), pair.kl.max()
        above.append(constant(curvature, shift) / product - 1)
        below.append(product / (constant(curvature, shift) * x * np.exp(-x) / np.sinh(x)) - 1)
    s, r = sp.symbols("s_1:4", positive=True), sp.symbols("r_1:4", positive=True)  # |Delta_i| and sqrt(h_i)
    lagrange = sum((s[i] * r[j] - s[j] * r[i]) ** 2 for i in range(3) for j in range(i + 1, 3))
    shown = r"$\lvert\Delta\rvert^2 \operatorname{tr} H - (\sum_i s_i r_i)^2 = \sum_{i<j} (s_i r_j - s_j r_i)^2$"
    scope = _random(instances, dimension, seed)
    return [
        inequality("product law", r"$E \cdot \mathrm{KL} \le S$", scope, above, ROUNDING),
        inequality("product law", r"$E \cdot \mathrm{KL} \ge S\, x e^{-x} / \sinh x$, $x = \max_i \mathrm{KL}_i$", scope, below, ROUNDING),
        identity(
            "product law",
            shown + r", $s_i = \lvert\Delta_i\rvert$, $r_i = \sqrt{h_i}$",
            "symbolic, $k = 3$",
            sum(a**2 for a in s) * sum(b**2 for b in r) - sum(a * b for a, b in zip(s, r)) ** 2,
            lagrange,
        ),
    ]


# The floor of (3) ----------------------------------------------------------------------------------------------------


def linear_floor(curvature, displacement, n: int, confidence: float, betas) -> np.ndarray:
    """V(beta) + beta c + 1 / (8 N beta), c = ln(2 (N - 1)/delta), for betas (G,): its least value is the floor of (3)."""
    betas = np.asarray(betas, float)
    loss, kl = floors.diagonal_prior(curvature, displacement, betas)
    return loss + betas * (kl + np.log(2 * (n - 1) / confidence)) + 1 / (8 * n * betas)


def floor_of_3(curvature, displacement, n: int, confidence: float = 0.05, linear: Callable = linear_floor) -> tuple[float, float]:
    """The least E + sqrt((KL + c)/(2 N)) over all diagonal pairs, and its beta, from a search over beta alone."""
    grid = np.geomspace(1e-4, 1e2, 61) / np.sqrt(n)
    best = int(np.argmin(linear(curvature, displacement, n, confidence, grid)))
    ends = np.log(grid[[max(best - 1, 0), min(best + 1, len(grid) - 1)]])
    found = minimize_scalar(lambda s: float(linear(curvature, displacement, n, confidence, np.exp(s))), bounds=ends,
                            method="bounded", options={"xatol": 1e-10})  # fmt: skip
    return float(found.fun), float(np.exp(found.x))


def floor_checks(instances: int, seed: int, dimension: int = 2, linear: Callable = linear_floor) -> list[Check]:
    """sqrt(K/2N) as a square away from beta K + 1/(8 N beta); the floor against a search over all variances."""
    rng, gaps = np.random.default_rng(seed), []
    for _ in range(instances):
        curvature, shift = 10 ** rng.uniform(-1, 1, dimension), rng.normal(size=dimension)
        n, start = int(rng.integers(50, 5000)), rng.normal(size=2 * dimension)
        direct = min(minimize(_bound, s, (curvature, shift, n), tol=1e-13).fun for s in (start, -start, 0 * start))
        gaps.append(direct / floor_of_3(curvature, shift, n, linear=linear)[0] - 1)
    square = (sp.sqrt(beta * K) - 1 / sp.sqrt(8 * N * beta)) ** 2
    return [
        identity("3", r"$\beta K + \frac{1}{8N\beta} - \sqrt{\frac{K}{2N}} = (\sqrt{\beta K} - \frac{1}{\sqrt{8N\beta}})^2$",
                 "symbolic", beta * K + 1 / (8 * N * beta) - sp.sqrt(K / (2 * N)), square),
        closeness("3", r"$\min_\beta \{V(\beta) + \beta c + \frac{1}{8N\beta}\}$ against a search over all variances, relative",
                  _random(instances, dimension, seed) + r", $\delta = 0.05$", gaps, 1e-7),
    ]  # fmt: skip


def _bound(logs: np.ndarray, curvature: np.ndarray, shift: np.ndarray, n: int, confidence: float = 0.05) -> float:
    """(3)'s right side in the quadratic model, for variances exp(logs): posterior's (k,), then prior's (k,)."""
    nu0, prior = np.exp(logs.reshape(2, -1))
    kl = ((nu0 + shift**2) / prior - 1 + np.log(prior / nu0)).sum() / 2
    return curvature @ nu0 / 2 + np.sqrt((kl + np.log(2 * (n - 1) / confidence)) / (2 * n))


# Wider families ------------------------------------------------------------------------------------------------------


def full_prior_floor(cost, loss):
    """(1/2) ln(1 + Delta' H Delta / (2 E)) with cost = Delta' H Delta / 2."""
    return np.log(1 + cost / loss) / 2


def full_prior_checks(dimension: int, instances: int, seed: int, floor: Callable = full_prior_floor) -> list[Check]:
    """The best full prior, S0 + Delta Delta', and the bound that no Gaussian pair goes below."""
    root = sp.Matrix([[sp.Symbol("l_11", positive=True), 0], [sp.Symbol("l_21"), sp.Symbol("l_22", positive=True)]])
    S0, shift = root * root.T, sp.Matrix(sp.symbols("Delta_1 Delta_2"))
    a, b, d = sp.symbols("p_11 p_12 p_22")
    P, wide = sp.Matrix([[a, b], [b, d]]), S0 + shift * shift.T
    M, w = sp.Matrix(2, 2, sp.symbols("m_11 m_12 m_21 m_22")), sp.Matrix(sp.symbols("w_1 w_2"))
    squares = sum((M[r, 0] * w[1] - M[r, 1] * w[0]) ** 2 for r in range(2))
    two, scope = "symbolic, $k = 2$", _random(instances, dimension, seed)

    margins, gaps = [], []
    for H, shift_, rng in random_problems(dimension, instances, seed):
        cost = shift_ @ H @ shift_ / 2
        S, S1 = (_positive_definite(rng, dimension) for _ in range(2))
        loss = np.trace(H @ S) / 2
        for prior in (S1, S + np.outer(shift_, shift_)):
            margins.append(kl_divergence(shift_, S, 0.0, prior) / floor(cost, loss) - 1)
        thin = np.outer(shift_, shift_) + 1e-8 * np.eye(dimension)
        kl = kl_divergence(shift_, thin, 0.0, thin + np.outer(shift_, shift_))
        gaps.append(kl / floor(cost, np.trace(H @ thin) / 2) - 1)
    return [
        identity("full prior", r"$\operatorname{tr}(P \Sigma_0) + \Delta^\top P \Delta = \operatorname{tr}(P (\Sigma_0 + \Delta\Delta^\top))$",
                 two, (P * S0).trace() + (shift.T * P * shift)[0], (P * wide).trace()),
        identity("full prior", r"$\det(\Sigma_0 + \Delta\Delta^\top) = \det\Sigma_0\, (1 + \Delta^\top \Sigma_0^{-1} \Delta)$",
                 two, wide.det(), S0.det() * (1 + (shift.T * S0.inv() * shift)[0])),
        identity("full prior", r"$\lVert M\rVert_F^2 \lVert w\rVert^2 - \lVert M w\rVert^2$ is a sum of squares",
                 two, (M.T * M).trace() * (w.T * w)[0] - ((M * w).T * M * w)[0], squares),
        inequality("full prior", r"$\mathrm{KL} \ge \frac12 \ln(1 + \Delta^\top H \Delta / (2E))$, relative", scope, margins, ROUNDING),
        closeness("full prior", r"$\Sigma_0 = \Delta\Delta^\top + 10^{-8} I$, $\Sigma_1 = \Sigma_0 + \Delta\Delta^\top$ reach it, relative",
                  scope, gaps, 1e-5),
    ]  # fmt: skip


def block_share(cost=c):
    """E_b = ( sqrt(c_b^2 + 2 beta c_b) - c_b ) / 2: the block's share of E where every block has the same slope."""
    return (sp.sqrt(cost**2 + 2 * beta * cost) - cost) / 2


def block_prior_checks(dimension: int, instances: int, seed: int, share: Callable = block_share) -> list[Check]:
    """The optimal split of E over blocks is Lemma 4.2 with blocks for weights; the package's search finds it."""
    kl = sp.log(1 + c / e) / 2
    scope = _random(instances, dimension, seed)
    splits, single = [], []
    for H, shift, rng in random_problems(dimension, instances, seed):
        costs, loss = block_costs(H, shift, 3), 10 ** rng.uniform(-1, 1)
        best = minimize(_split, np.zeros(len(costs)), (costs, loss), tol=1e-14).fun
        splits.append(floors.block_prior(costs, loss) / best - 1)
        single.append(floors.block_prior([costs.sum()], loss) / floors.full_prior(costs.sum(), loss) - 1)
    return [
        identity("block prior", r"$\beta\, \partial\mathrm{KL}_b/\partial E_b = -1$ at the share", "symbolic, each block",
                 beta * sp.diff(kl, e).subs(e, share()), -1),
        identity("block prior", r"$\partial^2\mathrm{KL}_b/\partial E_b^2$, a quotient of positive terms", "symbolic, each block",
                 sp.diff(kl, e, 2), c * (2 * e + c) / (2 * e**2 * (e + c) ** 2)),
        identity("block prior", r"a block of one weight, $c = h\Delta^2/2$, is Lemma 4.2", EACH,
                 share(h * delta**2 / 2), scale() * delta**2 / 2),
        closeness("block prior", "`lower_bounds.block_prior` against a search over the split, relative", scope, splits, 1e-8),
        closeness("block prior", "one block is `lower_bounds.full_prior`, relative", scope, single, 1e-11),
    ]  # fmt: skip


def _split(logits: np.ndarray, costs: np.ndarray, loss: float) -> float:
    shares = np.exp(logits - logits.max())
    return np.log1p(costs / (loss * shares / shares.sum())).sum() / 2


def hadamard_checks(dimension: int, instances: int, seed: int) -> list[Check]:
    """Under any diagonal prior a full posterior has V no larger than a diagonal one's, smaller unless H is diagonal."""
    h1, h2, off, p1, p2 = sp.symbols("h_1 h_2 H_12 p_1 p_2", positive=True)
    matrix = sp.eye(2) + sp.diag(p1, p2) * sp.Matrix([[h1, off], [off, h2]]) / beta
    margins = []
    for H, shift, rng in random_problems(dimension, instances, seed):
        weight = 10 ** rng.uniform(-1, 1)
        pair = optimal_prior_and_posterior(np.diag(H), shift, weight)
        S0 = optimal_posterior(H, pair.prior_variance, weight)
        full = np.trace(H @ S0) / 2 + weight * kl_divergence(shift, S0, 0.0, pair.prior_variance)
        margins.append((pair.expected_loss.sum() + weight * pair.kl.sum()) / full - 1 - ROUNDING)  # strictly below
    return [
        identity("18", r"$\det(I + \mathrm{diag}(p) H/\beta) = \prod_i (1 + p_i h_i/\beta) - p_1 p_2 H_{12}^2/\beta^2$", "symbolic, $k = 2$",
                 matrix.det(), (1 + p1 * h1 / beta) * (1 + p2 * h2 / beta) - p1 * p2 * off**2 / beta**2),
        inequality("9", "(6)'s full posterior under Lemma 4.2's prior is strictly below (9)", _random(instances, dimension, seed), margins),
    ]  # fmt: skip


def order_checks(dimension: int, instances: int, seed: int) -> list[Check]:
    """The floors of nested families at equal E, from `pacbayes_curvature.lower_bounds`."""
    chains = {
        "full": "isotropic, full Q", "isotropic, full Q": "isotropic, diagonal Q", "isotropic, diagonal Q": "baseline",
        "full ": "block", "block": "Lemma 4.2", "Lemma 4.2": "isotropic, diagonal Q",
    }  # fmt: skip
    margins = {low: [] for low in chains}
    for H, shift, rng in random_problems(dimension, instances, seed):
        loss, distance = 10 ** rng.uniform(-2, 2), shift @ shift
        kl = {
            "full": floors.full_prior(shift @ H @ shift / 2, loss),
            "block": floors.block_prior(block_costs(H, shift, 3), loss),
            "Lemma 4.2": floors.block_prior(np.diag(H) * shift**2 / 2, loss),
            "isotropic, full Q": floors.isotropic_prior(np.linalg.eigvalsh(H), distance, loss),
            "isotropic, diagonal Q": floors.isotropic_prior(np.diag(H), distance, loss),
            "baseline": floors.baseline(np.trace(H), distance, loss),
        }
        for low, high in chains.items():
            margins[low].append(kl[high] / kl[low.strip()] - 1)
    scope = _random(instances, dimension, seed)
    return [inequality("order", f"{low.strip()} ≤ {high}", scope, margins[low], ROUNDING) for low, high in chains.items()]


# Random problems -----------------------------------------------------------------------------------------------------


def random_problems(dimension: int, instances: int, seed: int) -> Iterator[tuple[np.ndarray, np.ndarray, np.random.Generator]]:
    """A full positive definite H (k, k), a displacement (k,), and the generator for what else is needed."""
    rng = np.random.default_rng(seed)
    for _ in range(instances):
        yield _positive_definite(rng, dimension), rng.normal(size=dimension), rng


def block_costs(H: np.ndarray, shift: np.ndarray, blocks: int) -> np.ndarray:
    """c_b = Delta_b' H_b Delta_b / 2 for `blocks` consecutive blocks of nearly equal size."""
    parts = np.array_split(np.arange(len(shift)), blocks)
    return np.array([shift[p] @ H[np.ix_(p, p)] @ shift[p] / 2 for p in parts])


def _positive_definite(rng: np.random.Generator, k: int) -> np.ndarray:
    factor = rng.normal(size=(k, k)) * 10 ** rng.uniform(-1, 1, (k, 1))
    return factor @ factor.T + 1e-3 * np.eye(k)


def _random(instances: int, dimension: int, seed: int) -> str:
    return f"float64, {instances} random instances, $k = {dimension}$, seed {seed}"
