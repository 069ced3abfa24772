"""The smallest cases, with numbers, that show where the text around Lemma 4.2 should read otherwise.

Each function returns a sentence and raises CheckFailed when its case shows nothing. Means differ by Delta, and unless a
function says otherwise h = Delta = beta = 1 for each weight.
"""

import math
from collections.abc import Callable

import sympy as sp

from pacbayes_curvature.bounds import complexity
from pacbayes_curvature.gaussians import kl_divergence, optimal_posterior, optimal_prior_and_posterior
from paper.theory.checks import CheckFailed
from paper.theory.errata import require_difference
from paper.theory.prior.formulas import beta, delta, h, lam, nu0, nu1, objective, posterior_precision, prior_precision

u, v = sp.symbols("u v", real=True)  # ln nu0, ln nu1


def unbounded_below(h: float = -1.0) -> str:
    """h < 0: the objective at the best prior, along a growing posterior variance."""
    variances = (10.0, 100.0, 1000.0)
    values = [h * n / 2 + math.log1p(1 / n) / 2 for n in variances]
    _require_below(values[1], values[0])
    _require_below(values[2], values[1])
    words = ", ".join(f"{value:.1f}" for value in values)
    return (
        rf"One weight, $h = {h:g}$, $\Delta = \beta = 1$: at $\nu_0 = 10, 100, 1000$ with the best prior the "
        rf"objective is "
        rf"{words}; and $R^2 = h^2 + 4\beta h/\Delta^2 = {h * h + 4 * h:g}$ has no real root."
    )


def full_prior_below() -> str:
    """Two weights, H = I: Lemma 4.2's own posterior under the prior covariance S0 + Delta Delta'."""
    pair = optimal_prior_and_posterior([1.0, 1.0], [1.0, 1.0], 1.0)
    n, loss, floor = pair.posterior_variance[0], sum(pair.expected_loss), sum(pair.expected_loss) + sum(pair.kl)
    kl = kl_divergence([1.0, 1.0], n, 0.0, [[n + 1, 1], [1, n + 1]])
    _require_below(loss + kl, floor)
    return (
        rf"Two weights, $H = I$, $\Delta = (1, 1)$, $\beta = 1$: (9) is {floor:.4f}. The same posterior, "
        rf"$\Sigma_0 = {n:.4f}\,I$, with the prior covariance $\Sigma_0 + \Delta\Delta^\top$ has "
        rf"$E + \beta\,\mathrm{{KL}} = {loss:.4f} + {kl:.4f} = {loss + kl:.4f}$."
    )


def full_posterior_below(correlation: float = 0.9) -> str:
    """Two weights, H = [[1, r], [r, 1]]: Lemma 4.1's posterior under Lemma 4.2's own diagonal prior."""
    H = [[1.0, correlation], [correlation, 1.0]]
    pair = optimal_prior_and_posterior([1.0, 1.0], [1.0, 1.0], 1.0)
    floor = sum(pair.expected_loss) + sum(pair.kl)
    S0 = optimal_posterior(H, pair.prior_variance, 1.0)
    value = (H * S0).sum() / 2 + kl_divergence([1.0, 1.0], S0, 0.0, pair.prior_variance)
    _require_below(value, floor)
    return (
        rf"Two weights, $h_1 = h_2 = 1$, $H_{{12}} = {correlation:g}$, $\Delta = (1, 1)$, $\beta = 1$: (9) is "
        rf"{floor:.4f}. "
        rf"Under the same diagonal prior, the full posterior of (6) has $E + \beta\,\mathrm{{KL}} = {value:.4f}$."
    )


def isotropic_crossing(correlation: float = 0.9, loss: float = 1.0) -> str:
    """The same H: a valid, isotropic prior with a full posterior is below the curve of Lemma 4.2 at equal E."""
    diagonal = math.log1p(1 / loss)
    full = (math.log1p((1 + correlation) / loss) + math.log1p((1 - correlation) / loss)) / 2
    _require_below(full, diagonal)
    return (
        rf"Two weights, $h_1 = h_2 = 1$, $H_{{12}} = {correlation:g}$, $\Delta = (1, 1)$, at $E = {loss:g}$: the "
        rf"least KL "
        rf"of diagonal pairs is {diagonal:.4f} nats; an isotropic prior with a full posterior has {full:.4f} nats."
    )


def bounded_loss_below(variance: float = 1.0) -> str:
    """One weight, loss 1 - exp(-eta^2/2): the same curvature at the minimum, and a smaller (4) than (9)."""
    pair = optimal_prior_and_posterior(1.0, 1.0, 1.0)
    floor = pair.expected_loss + pair.kl
    loss, kl = 1 - 1 / math.sqrt(1 + variance), math.log1p(1 / variance) / 2
    _require_below(loss + kl, floor)
    return (
        rf"One weight, $\hat L = 1 - e^{{-\eta^2/2}}$, so $h = 1$, $\Delta = \beta = 1$: (9) is {floor:.4f}. With "
        rf"$\nu_0 = {variance:g}$ and the prior variance $\nu_0 + \Delta^2$, (4) is {loss:.4f} + {kl:.4f} = "
        rf"{loss + kl:.4f}."
    )


def other_prefactor(correct: float = 4) -> str:
    """(27)'s last line, with 2 lam and with 4 lam in the prefactor, against the determinant of (25) at the optimum.

    correct: the factor of lam. Raises CheckFailed unless it gives that determinant, and 2 does not.
    """
    n0, n1 = 1 / posterior_precision(), 1 / prior_precision()
    bracket = 2 / n1 * delta**2 * (h * lam + beta / n1) ** 2 - lam**3 * h**2
    last = beta**2 / (lam * n0**2 * (h * lam * n1 + beta) ** 2) * bracket  # times 1/2 as printed, times 1/4
    determinant = sp.hessian(objective(), (nu0, nu1)).det().subs({nu0: n0, nu1: n1})
    truth, without = (float(expression.subs({h: 1, delta: 1, beta: 1, lam: 1})) for expression in (determinant, last))
    require_difference(without / 2, without / correct)
    if not math.isclose(without / correct, truth, rel_tol=1e-9):
        raise CheckFailed(f"the corrected (27) gives {without / correct}, the determinant of (25) is {truth}")
    return (
        rf"One weight, $h = \Delta = \beta = \lambda = 1$: at the stationary point the determinant of (25) is "
        rf"{truth:.4f}; "
        rf"the last line of (27) gives {without / 2:.4f} with $2\lambda$ and {without / correct:.4f} with $4\lambda$."
    )


def escaping() -> sp.Expr:
    """x^2 + x^6 + (1 + x)^3 y^2 with x = ln(nu0 nu1), y = ln(nu0 / nu1): as (30) asks, and unbounded below."""
    x, y = u + v, u - v
    return x**2 + x**6 + (1 + x) ** 3 * y**2


def no_minimum(function: Callable[[], sp.Expr] = escaping) -> str:
    """A function that has all that (25)-(30) establish for C_i, and lower values than its stationary point's."""
    f = sp.lambdify((u, v), function())
    low = f(5, -7)  # x = -2, y = 12
    _require_below(low, f(0, 0))
    return (
        rf"$f = x^2 + x^6 + (1+x)^3 y^2$ with $x = \ln(\nu_0\nu_1)$, $y = \ln(\nu_0/\nu_1)$ tends to $+\infty$ along "
        rf"both "
        rf"axes at both ends. Its only stationary point, $\nu_0 = \nu_1 = 1$, is a strict local minimum with $f = "
        rf"{f(0, 0):g}$; at "
        rf"$\nu_0 = e^5$, $\nu_1 = e^{{-7}}$ it is {low:g}."
    )


def another_beta(n: int = 1000, other: float = 0.01) -> str:
    """(9) at beta = 1 against the right side of (3) at the pair of another beta."""
    first, second = (optimal_prior_and_posterior(1.0, 1.0, value) for value in (1.0, other))
    floor, bound = first.expected_loss + first.kl, second.expected_loss + complexity(second.kl, n)
    _require_below(bound, floor)
    return (
        rf"One weight, $h = \Delta = 1$, $N = {n}$, $\delta = 0.05$: (9) at $\beta = 1$ is {floor:.4f}; the pair of "
        rf"$\beta = {other:g}$ has {bound:.4f} on the right side of (3), in the quadratic model."
    )


def accuracy_below_the_curve(variance: float = 0.5) -> str:
    """Two weights, H = I, the answer is the sign of the first: a pair with Lemma 4.2's KL and a higher accuracy."""
    pair = optimal_prior_and_posterior([1.0, 1.0], [1.0, 1.0], 1.0)
    n, kl = float(pair.posterior_variance[0]), float(pair.kl.sum())
    rest = kl - math.log1p(1 / variance) / 2
    other = 1 / math.expm1(2 * rest)  # KL_2 = (1/2) ln(1 + 1/other)
    ours, better = (0.5 * (1 + math.erf(1 / math.sqrt(2 * value))) for value in (n, variance))
    _require_below(ours, better)
    return (
        rf"Two weights, loss $\lVert\theta - \mu_0\rVert^2/2$, $\mu_0 = (1, 1)$, $\mu_1 = 0$, the answer is right "
        rf"where "
        rf"$\theta_1 > 0$. At $\beta = 1$ the curve has KL {kl:.4f} and accuracy {ours:.4f}, with both variances "
        rf"{n:.4f}. "
        rf"Variances {variance:g} and {other:.4f} have the same KL, accuracy {better:.4f}, and a larger $E$: "
        rf"{(variance + other) / 2:.4f} for {n:.4f}."
    )


def _require_below(lower: float, upper: float) -> None:
    if not lower < upper - 1e-9 * abs(upper):
        raise CheckFailed(f"the counterexample shows nothing: {lower} is not below {upper}")
