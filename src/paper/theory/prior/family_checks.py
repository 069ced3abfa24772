"""Checks of the floors in `prior_families`: against random pairs, each other and the package's `lower_bounds`.

Each takes the formula it tests as an argument, so that a wrong one can be put in its place.
"""

from collections.abc import Callable

import mpmath as mp
import numpy as np
import sympy as sp

from pacbayes_curvature import floors as package
from paper.theory.checks import Check, closeness, identity, inequality
from paper.theory.prior.families import (
    BLOCKS,
    Problem,
    block_floor,
    block_share,
    c,
    cost,
    costs_of_blocks,
    diagonal,
    divergence,
    expected_loss,
    floors,
    full_floor,
    in_words,
    random_problems,
)
from paper.theory.prior.formulas import beta, delta, h, precisely, scale

ROUNDING = 1e-12  # of float64 results, relative
e = sp.Symbol("E_b", positive=True)


def full_prior_checks(
    dimension: int, instances: int, seed: int, digits: int, floor: Callable = full_floor
) -> list[Check]:
    """The best full prior is S0 + Delta Delta'; no pair is below the floor, and thin posteriors come close to it."""
    l11, l21, l22, p11, p12, p22 = sp.symbols("l_11 l_21 l_22 p_11 p_12 p_22")
    S0, shift = (
        sp.Matrix([[l11, 0], [l21, l22]]) * sp.Matrix([[l11, l21], [0, l22]]),
        sp.Matrix(sp.symbols("Delta_1 Delta_2")),
    )
    P, wide = sp.Matrix([[p11, p12], [p12, p22]]), S0 + shift * shift.T
    M, w = sp.Matrix(2, 2, sp.symbols("m_11 m_12 m_21 m_22")), sp.Matrix(sp.symbols("w_1 w_2"))
    squares = sum((M[r, 0] * w[1] - M[r, 1] * w[0]) ** 2 for r in range(2))
    margins, gaps = [], []
    with mp.workdps(digits):
        for problem in random_problems(dimension, instances, seed):
            shift_, best = problem.shift, problem.posterior + problem.shift * problem.shift.T
            kl = [divergence(shift_, problem.posterior, prior) for prior in (problem.prior, best)]
            bound = floor(cost(problem), expected_loss(problem.H, problem.posterior))
            margins += [kl[0] - kl[1], kl[1] - bound]
            thin = shift_ * shift_.T + mp.mpf(10) ** (-digits // 2) * mp.eye(dimension)
            reached = divergence(shift_, thin, thin + shift_ * shift_.T)
            gaps.append(reached / floor(cost(problem), expected_loss(problem.H, thin)) - 1)
    scope, two = in_words(digits, instances, dimension, seed), r"symbolic, $k = 2$, $P = \Sigma_1^{-1}$"
    return [
        identity(
            "full prior",
            r"$\operatorname{tr}(P \Sigma_0) + \Delta^\top P \Delta = \operatorname{tr}(P (\Sigma_0 + "
            r"\Delta\Delta^\top))$",
            two,
            (P * S0).trace() + (shift.T * P * shift)[0],
            (P * wide).trace(),
        ),
        identity(
            "full prior",
            r"$\det(\Sigma_0 + \Delta\Delta^\top) = \det\Sigma_0\, (1 + \Delta^\top \Sigma_0^{-1} \Delta)$",
            "symbolic, $k = 2$",
            wide.det(),
            S0.det() * (1 + (shift.T * S0.inv() * shift)[0]),
        ),
        identity(
            "full prior",
            r"$\lVert M\rVert_F^2 \lVert w\rVert^2 - \lVert M w\rVert^2$ is a sum of squares",
            "symbolic, $k = 2$",
            (M.T * M).trace() * (w.T * w)[0] - ((M * w).T * M * w)[0],
            squares,
        ),
        inequality(
            "full prior",
            r"$\mathrm{KL}$ under $\Sigma_1$ $\ge$ under $\Sigma_0 + \Delta\Delta^\top$ $\ge \frac12 \ln(1 + c/E)$",
            scope,
            margins,
        ),
        closeness(
            "full prior",
            r"$\Sigma_0 = \Delta\Delta^\top + \varepsilon I$, $\Sigma_1 = \Sigma_0 + \Delta\Delta^\top$ reach it for "
            r"$\varepsilon \to 0$, relative",
            scope,
            gaps,
            10.0 ** (8 - digits // 2),
        ),
    ]


def block_prior_checks(share: Callable = block_share) -> list[Check]:
    """The optimal split of E over blocks: equal slopes of convex terms; Lemma 4.2 with blocks for weights."""
    kl = sp.log(1 + c / e) / 2
    each = "symbolic, each block"
    return [
        identity(
            "block prior",
            r"$\beta\, \partial\mathrm{KL}_b/\partial E_b = -1$ at the share",
            each,
            beta * sp.diff(kl, e).subs(e, share()),
            -1,
        ),
        identity(
            "block prior",
            r"$\partial^2\mathrm{KL}_b/\partial E_b^2$, a quotient of positive terms",
            each,
            sp.diff(kl, e, 2),
            c * (2 * e + c) / (2 * e**2 * (e + c) ** 2),
        ),
        identity(
            "block prior",
            r"one weight, $c_b = h\Delta^2/2$: the share is $a\Delta^2/2$ of Lemma 4.2",
            each,
            share(h * delta**2 / 2),
            scale() * delta**2 / 2,
        ),
    ]


def split_check(dimension: int, instances: int, seed: int, digits: int, floor: Callable = block_floor) -> Check:
    """No random split of E over the blocks has a smaller sum than the floor."""
    rng, margins = np.random.default_rng(seed), []
    with mp.workdps(digits):
        for problem in random_problems(dimension, instances, seed):
            costs = costs_of_blocks(problem.H, problem.shift, BLOCKS)
            shares = [mp.mpf(weight) * problem.loss for weight in rng.dirichlet(np.ones(len(costs)))]
            margins.append(mp.fsum(map(full_floor, costs, shares)) - floor(costs, problem.loss))
    scope = in_words(digits, instances, dimension, seed) + f", {BLOCKS} blocks"
    return inequality(
        "block prior",
        r"$\sum_b \frac12 \ln(1 + c_b/E_b)$ of a random split is at least the optimal split's",
        scope,
        margins,
    )


def hadamard_checks(dimension: int, instances: int, seed: int, digits: int) -> list[Check]:
    """Under any diagonal prior a full posterior has a smaller E + beta KL than a diagonal one, unless H is diagonal."""
    h1, h2, off, p1, p2 = sp.symbols("h_1 h_2 H_12 p_1 p_2", positive=True)
    matrix = sp.eye(2) + sp.diag(p1, p2) * sp.Matrix([[h1, off], [off, h2]]) / beta
    margins = []
    with mp.workdps(digits):
        for problem in random_problems(dimension, instances, seed):
            prior, weight = diagonal(problem.prior), problem.loss  # any positive number serves as beta
            values = []
            for H in (problem.H, diagonal(problem.H)):  # Eq. (6) with the full H, and with its diagonal
                S0 = weight * (H + weight * prior**-1) ** -1
                values.append(expected_loss(problem.H, S0) + weight * divergence(problem.shift, S0, prior))
            margins.append(values[1] - values[0] - precisely(digits))  # strictly
    return [
        identity(
            "Hadamard",
            r"$\det(I + \operatorname{diag}(p) H/\beta) = \prod_i (1 + p_i h_i/\beta) - p_1 p_2 H_{12}^2/\beta^2$",
            "symbolic, $k = 2$",
            matrix.det(),
            (1 + p1 * h1 / beta) * (1 + p2 * h2 / beta) - p1 * p2 * off**2 / beta**2,
        ),
        inequality(
            "Hadamard",
            r"a diagonal prior, (6) with $H$ against (6) with its diagonal: $E + \beta\,\mathrm{KL}$ is strictly "
            r"smaller",
            in_words(digits, instances, dimension, seed),
            margins,
        ),
    ]


ORDER = (
    ("full", "isotropic, full Q"),
    ("isotropic, full Q", "isotropic, diagonal Q"),
    ("isotropic, diagonal Q", "baseline"),
    ("full", "block"),
    ("block", "Lemma 4.2"),
    ("Lemma 4.2", "isotropic, diagonal Q"),
)


def order_checks(dimension: int, instances: int, seed: int, digits: int, values: Callable = floors) -> list[Check]:
    """The floors of nested families at equal E are in order."""
    with mp.workdps(digits):
        kl = [values(problem) for problem in random_problems(dimension, instances, seed)]
        margins = {(low, high): [one[high] - one[low] for one in kl] for low, high in ORDER}
    scope = in_words(digits, instances, dimension, seed)
    return [
        inequality("order", rf"{low} $\le$ {high}", scope, margins[low, high], precisely(digits)) for low, high in ORDER
    ]


def package_checks(dimension: int, instances: int, seed: int, digits: int) -> list[Check]:
    """Each function of `pacbayes_curvature.floors` against the formulas of this module, relative."""
    gaps = {}
    with mp.workdps(digits):
        for problem in random_problems(dimension, instances, seed):
            exact = floors(problem)
            for name, ours in _package_floors(problem).items():
                gaps.setdefault(name, []).append(mp.mpf(ours) / exact[name] - 1)
    scope = f"float64 against {digits} digits, {instances} random, $k = {dimension}$, seed {seed}"
    functions = {"full": "full_prior", "block": "block_prior", "Lemma 4.2": "block_prior", "baseline": "baseline"}
    return [
        closeness("order", f"`floors.{functions.get(name, 'isotropic_prior')}`: {name}", scope, values, ROUNDING)
        for name, values in gaps.items()
    ]


def _package_floors(problem: Problem) -> dict[str, float]:
    H, shift, loss = (np.array(item.tolist(), float) for item in (problem.H, problem.shift, mp.matrix([problem.loss])))
    shift, loss, distance = shift[:, 0], float(loss[0, 0]), float((shift**2).sum())
    return {
        "full": package.full_prior(shift @ H @ shift / 2, loss),
        "block": package.block_prior(costs_of_blocks(H, shift, BLOCKS), loss),
        "Lemma 4.2": package.block_prior(np.diag(H) * shift**2 / 2, loss),
        "isotropic, full Q": package.isotropic_prior(np.linalg.eigvalsh(H), distance, loss),
        "isotropic, diagonal Q": package.isotropic_prior(np.diag(H), distance, loss),
        "baseline": package.baseline(np.trace(H), distance, loss),
    }
