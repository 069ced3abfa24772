"""The paper's proof of Lemma 4.2, Eqs. (18)-(30), line by line.

A displayed chain of equations is a list of its lines, each to be equal to the next. Every formula stands in a function
of its own, which the checks take as an argument, so that a wrong one can be put in its place.
"""

from collections.abc import Callable

import numpy as np
import sympy as sp

from paper.theory.checks import Check, closeness, identity
from paper.theory.prior import formulas
from paper.theory.prior.formulas import beta, delta, h, lam, nu0, nu1, precision

Lines = list[sp.Expr]
A, B, C, D = h / 2, beta / (2 * lam), beta * delta**2 / (2 * lam), beta / 2  # the constants of Eq. (21)
u, v = sp.symbols("u v", real=True)  # ln nu0, ln nu1


def lines_18(H: sp.Matrix, precisions: sp.Matrix, shift: sp.Matrix, beta=beta, lam=lam) -> Lines:
    """C_beta at Sigma0* = beta (H + (beta/lam) Lambda_1)^-1 for a full H: the definition, two lines, the result."""
    scaled = beta / lam * precisions
    inverse = (H + scaled).inv()
    covariance = beta * inverse
    distance = (shift.T * precisions * shift)[0] / lam
    rest = beta / 2 * (distance - H.rows + sp.log((lam * precisions.inv()).det() / covariance.det()))
    return [
        (H * covariance).trace() / 2 + beta / (2 * lam) * (precisions * covariance).trace() + rest,
        beta / 2 * (H * inverse).trace() + beta**2 / (2 * lam) * (precisions * inverse).trace() + rest,
        beta / 2 * ((H + scaled) * inverse).trace() + rest,
        rest + beta / 2 * H.rows,
    ]


def objective_21() -> sp.Expr:
    """A nu0 + B nu0/nu1 - beta/2 + C/nu1 + D [ ln(lam nu1) - ln nu0 ], one term of Eq. (21)."""
    return A * nu0 + B * nu0 / nu1 - beta / 2 + C / nu1 + D * (sp.log(lam * nu1) - sp.log(nu0))


def gradient_22() -> sp.Matrix:
    """dC_i/dnu0 = A + B/nu1 - D/nu0,  dC_i/dnu1 = -B nu0/nu1^2 - C/nu1^2 + D/nu1."""
    return sp.Matrix([A + B / nu1 - D / nu0, -B * nu0 / nu1**2 - C / nu1**2 + D / nu1])


def hessian_25() -> sp.Matrix:
    """[[ D/nu0^2, -B/nu1^2 ], [ -B/nu1^2, 2 (B nu0 + C)/nu1^3 - D/nu1^2 ]]: Eqs. (23), (24) as a matrix."""
    return sp.Matrix([[D / nu0**2, -B / nu1**2], [-B / nu1**2, 2 * (B * nu0 + C) / nu1**3 - D / nu1**2]])


def lines_26() -> Lines:
    """The determinant of (25): with the constants of (21), then in the problem's own letters."""
    return [
        (2 * C * D * nu1 - (D * nu1 - B * nu0) ** 2) / (nu0**2 * nu1**4),
        beta**2 / (2 * nu0**2 * nu1**4) * (delta**2 / lam * nu1 - (nu1 - nu0 / lam) ** 2 / 2),
    ]


def prefactor_27() -> sp.Expr:
    """beta^2 / (4 lam nu0^2 (h lam / Lambda_1 + beta)^2), the A_i of (29); the scan has 2 lam for 4 lam."""
    return beta**2 / (4 * lam * nu0**2 * (h * lam / precision + beta) ** 2)


def lines_27(prefactor: Callable = prefactor_27) -> Lines:
    """(26) with nu0 = beta (h + beta/(lam nu1))^-1 in the bracket; nu0 stays in the prefactor, nu1 = 1/Lambda_1."""
    n1, sum_ = 1 / precision, h * lam / precision + beta
    before = beta**2 / (2 * nu0**2 * n1**4)
    return [
        before * (delta**2 / lam * n1 - (n1 - beta / lam / (h + beta / (lam * n1))) ** 2 / 2),
        before * (delta**2 / lam * n1 - (n1 - beta / lam * (n1 * lam / sum_)) ** 2 / 2),
        before * (delta**2 / lam * n1 - n1**2 / 2 * (1 - beta / sum_) ** 2),
        before * (delta**2 / lam * n1 - n1**2 / 2 * (h * lam * n1 / sum_) ** 2),
        before * (delta**2 / lam * n1 - lam**2 * n1**4 * h**2 / (2 * sum_**2)),
        prefactor() / n1**3 * (2 * delta**2 * sum_**2 - lam**3 * h**2 * n1**3),
        prefactor() * (2 * precision * delta**2 * (h * lam + precision * beta) ** 2 - lam**3 * h**2),
    ]


def lines_28(line_20: Callable = formulas.prior_precision) -> Lines:
    """(Lambda_1*)^2 = (h lam / beta) (lam / Delta^2 - Lambda_1*)."""
    R = formulas.root()
    return [
        line_20() ** 2,
        lam**2 / (4 * beta**2) * (2 * h**2 + 4 * beta * h / delta**2 - 2 * h * R),
        lam**2 / (4 * beta**2) * (2 * h * (h - R) + 4 * beta * h / delta**2),
        h * lam / beta * lam / (2 * beta) * (h - R + 2 * beta / delta**2),
        h * lam / beta * (lam / delta**2 - line_20()),
    ]


def lines_29() -> Lines:
    """The bracket of (27)'s last line at Lambda_1*; (28) takes the third line and the sixth."""
    square = h * lam / beta * (lam / delta**2 - precision)  # (28)
    first, kept = 2 * precision * delta**2, h**2 * lam**2 + beta * lam**2 * h / delta**2
    rest = lam**3 * h**2
    return [
        first * (h * lam + precision * beta) ** 2 - rest,
        first * (h**2 * lam**2 + 2 * h * lam * precision * beta + precision**2 * beta**2) - rest,
        first * (h**2 * lam**2 + 2 * h * lam * precision * beta + square * beta**2) - rest,
        first * (kept + h * lam * precision * beta) - rest,
        first * kept + 2 * precision**2 * delta**2 * h * lam * beta - rest,
        first * kept + 2 * square * delta**2 * h * lam * beta - rest,
        first * kept + 2 * rest - 2 * h**2 * lam**2 * delta**2 * precision - rest,
        2 * precision * beta * lam**2 * h + rest,
    ]


def stationary_point_checks(
    lines: Callable = lines_18, line_19: Callable = formulas.profile, line_20: Callable = formulas.prior_precision
) -> list[Check]:
    """(18) for a full H, (19) as its diagonal case, (20) as the stationary point of (19)."""
    a, b, c = sp.symbols("h_11 h_12 h_22", real=True)
    precisions = sp.diag(*sp.symbols("Lambda_11 Lambda_21", positive=True))
    shift = sp.Matrix(sp.symbols("Delta_1 Delta_2", real=True))
    full = lines(sp.Matrix([[a, b], [b, c]]), precisions, shift)
    one = lines(sp.Matrix([[h]]), sp.Matrix([[precision]]), sp.Matrix([[delta]]))
    slope = sp.diff(line_19(), precision).subs(precision, line_20())
    return [
        *_chain("18", full, r"symbolic, full $2 \times 2$ $H$"),
        identity("19", "is the last line of (18)", "symbolic, each coordinate", one[-1], line_19()),
        identity("20", r"$\partial (19) / \partial \Lambda_{i1} = 0$ there", "symbolic, each coordinate", slope, 0),
    ]


def exact_check(dimension: int, instances: int, seed: int, lines: Callable = lines_18) -> Check:
    """(18) in a larger dimension, in rational arithmetic, so that the lines agree exactly or not at all."""
    rng, worst = np.random.default_rng(seed), sp.Integer(0)
    for _ in range(instances):
        root = sp.Matrix(rng.integers(-3, 4, (dimension, dimension)).tolist())
        precisions = sp.diag(*[sp.Rational(int(n), 4) for n in rng.integers(1, 20, dimension)])
        shift = sp.Matrix(rng.integers(-5, 6, dimension).tolist())
        b, scale = (sp.Rational(int(n), 7) for n in rng.integers(1, 20, 2))
        chain = lines(root * root.T, precisions, shift, b, scale)
        worst = max([worst, *(abs(sp.expand(left - right)) for left, right in zip(chain, chain[1:]))])
    scope = f"rational arithmetic, {instances} random, $k = {dimension}$, full $H$, seed {seed}"
    return Check("18", "all lines are equal", scope, None, float(worst))


def derivative_checks(
    line_21: Callable = objective_21,
    gradient: Callable = gradient_22,
    hessian: Callable = hessian_25,
    lines: Callable = lines_26,
) -> list[Check]:
    """(21) is the objective, (22) its gradient, (23)-(25) its second derivatives, (26) their determinant."""
    objective, first, second = line_21(), gradient(), hessian()
    scope = "symbolic, each coordinate"
    return [
        identity("21", r"is $h\nu_0/2 + \beta\,\mathrm{KL}_i$", scope, objective, formulas.objective()),
        identity("22", r"$\partial C_i / \partial \nu_0$", scope, sp.diff(objective, nu0), first[0]),
        identity("22", r"$\partial C_i / \partial \nu_1$", scope, sp.diff(objective, nu1), first[1]),
        identity("23", r"$\partial^2 C_i / \partial \nu_0^2$", scope, sp.diff(objective, nu0, 2), second[0, 0]),
        identity("23", r"$\partial^2 C_i / \partial \nu_1^2$", scope, sp.diff(objective, nu1, 2), second[1, 1]),
        identity(
            "24", r"$\partial^2 C_i / \partial \nu_0 \partial \nu_1$", scope, sp.diff(objective, nu0, nu1), second[0, 1]
        ),
        identity("25", "is symmetric", scope, second[0, 1], second[1, 0]),
        identity("26", "first line, from (25)", scope, second.det(), lines()[0]),
        *_chain("26", lines(), scope),
    ]


def minimum_checks(
    chain_27: Callable = lines_27, chain_28: Callable = lines_28, chain_29: Callable = lines_29
) -> list[Check]:
    """(27), (28), (29), and that together they give the determinant of (25) at the stationary point.

    At Lambda_1* the quadratic of (20) is solved for h, which leaves rational functions without roots.
    """
    scope = "symbolic, each coordinate"
    at = r"symbolic, each coordinate, at $\Lambda_{i1}^*$"
    solved = {h: beta * delta**2 * precision**2 / (lam * (lam - delta**2 * precision))}
    best = beta / (h + beta * precision / lam)  # Eq. (6), one coordinate
    bracket = lines_26()[-1] * nu0**2  # the prefactor's nu0 stays
    start = (bracket.subs(nu0, best) / nu0**2).subs(nu1, 1 / precision)
    star = formulas.prior_precision()
    return [
        identity("27", r"first line: (26) with $\nu_0^*(\nu_1)$", scope, start, chain_27()[0]),
        *_chain("27", chain_27(), scope),
        *_chain("28", chain_28(), scope),
        identity("29", r"(20) solved for $h$", scope, solved[h].subs(precision, star), h),
        *_chain("29", [line.subs(solved) for line in chain_29()], at),
        identity(
            "29",
            r"$\mathcal A_i$ times the last line is the determinant of (25)",
            at + r", $\nu_0^*(\nu_1)$",
            sp.factor(hessian_25().det().subs({nu0: best, nu1: 1 / precision}).subs(solved)),
            sp.factor((prefactor_27() * chain_29()[-1]).subs(nu0, best).subs(solved)),
        ),
    ]


def boundary_checks(line_21: Callable = objective_21) -> list[Check]:
    """(30): C_i tends to infinity along each axis, shown as exp(-C_i) tending to 0."""
    ends = [(nu0, 0, "+"), (nu0, sp.oo, "-"), (nu1, 0, "+"), (nu1, sp.oo, "-")]
    checks = []
    for variable, end, side in ends:
        decay = sp.exp(-line_21())
        words = rf"$C_i \to \infty$ as ${sp.latex(variable)} \to {sp.latex(end)}$"
        shown = sp.Limit(sp.exp(-sp.Symbol("C_i")), variable, end, side)
        checks.append(
            Check("30", words, "symbolic limit, each coordinate", shown, sp.limit(decay, variable, end, side))
        )
    return checks


def escaping() -> sp.Expr:
    """x^2 + x^6 + (1 + x)^3 y^2 with x = ln(nu0 nu1), y = ln(nu0 / nu1): as (30) asks, and unbounded below."""
    x, y = u + v, u - v
    return x**2 + x**6 + (1 + x) ** 3 * y**2


def escaping_checks(function: Callable = escaping) -> list[Check]:
    """All that (25)-(30) establish holds for `function`, and yet it has no minimum."""
    f, scope = sp.expand(function()), r"symbolic, $u = \ln\nu_0$, $v = \ln\nu_1$"
    x, y = sp.symbols("x y", real=True)
    turned = sp.expand(f.subs({u: (x + y) / 2, v: (x - y) / 2}))
    points = sp.solve([sp.diff(turned, x), sp.diff(turned, y)], [x, y], dict=True)
    others = [point for point in points if all(value.is_real for value in point.values()) and point != {x: 0, y: 0}]
    second = sp.hessian(turned, (x, y)).subs({x: 0, y: 0})
    scope_xy = scope + ", $x = u + v$, $y = u - v$"
    return [
        identity("30", r"leading term along $\nu_0$: to $\infty$ at both ends", scope, sp.LT(f, u), u**6),
        identity("30", r"leading term along $\nu_1$: to $\infty$ at both ends", scope, sp.LT(f, v), v**6),
        closeness("30", "number of stationary points beside the origin", scope_xy, [len(others) + (not points)], 0.0),
        identity("30", "first leading minor at the origin", scope_xy, second[0, 0], 2),
        identity("30", "determinant at the origin", scope_xy, second.det(), 4),
        identity("30", "unbounded below along $x = -2$", scope_xy, turned.subs(x, -2), 68 - y**2),
    ]


def landscapes(logs: np.ndarray) -> tuple[np.ndarray, np.ndarray, tuple[float, float]]:
    """C_i with h = Delta = beta = lam = 1, and `escaping`, over logs x logs (rows ln nu1), each less its value at its
    stationary point; and C_i's stationary point in logarithms."""
    ones = {h: 1, delta: 1, beta: 1, lam: 1}
    objective = sp.lambdify((u, v), objective_21().subs(ones).subs({nu0: sp.exp(u), nu1: sp.exp(v)}))
    point = tuple(-float(sp.log(f().subs(ones))) for f in (formulas.posterior_precision, formulas.prior_precision))
    x, y = np.meshgrid(logs, logs)
    return objective(x, y) - objective(*point), sp.lambdify((u, v), escaping())(x, y), point


def _chain(equation: str, lines: Lines, scope: str) -> list[Check]:
    """Each line of a displayed chain against the next."""
    pairs = enumerate(zip(lines, lines[1:]), start=1)
    return [identity(equation, f"line {n} = line {n + 1}", scope, left, right) for n, (left, right) in pairs]
