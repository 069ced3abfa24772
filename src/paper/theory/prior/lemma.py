"""Lemma 4.2, Eqs. (7)-(9) and (15)-(17): short proofs, its form in arcsinh, its limits, and the errata of chapter 04.

Every check takes the formulas it tests as arguments, so that a wrong one can be put in their place.
"""

from collections.abc import Callable

import mpmath as mp
import sympy as sp

from paper.theory.checks import Check, identity, inequality
from paper.theory.prior.errata import ERRATA
from paper.theory.prior.formulas import (
    best_prior_variance,
    beta,
    delta,
    divergence,
    divergence_form,
    evaluate,
    excess,
    h,
    lam,
    loss_form,
    minimum,
    nu0,
    nu1,
    objective,
    posterior_precision,
    precision,
    prior_precision,
    profile,
    random_values,
    scale,
)

__all__ = [
    "ERRATA",
    "arcsinh_checks",
    "global_minimum_check",
    "lemma_checks",
    "limit_checks",
    "logarithmic_checks",
    "one_identity_checks",
    "posterior_first_checks",
    "prior_first_checks",
]

EACH = "symbolic, each coordinate"
m, q = sp.symbols("m q", positive=True)
u, v = sp.symbols("u v", real=True)


def lemma_checks(
    prior: Callable = prior_precision, posterior: Callable = posterior_precision, least: Callable = minimum
) -> list[Check]:
    """(7), (8) make both derivatives of the objective vanish; (9) is the objective there."""
    point = {nu0: 1 / posterior(), nu1: 1 / prior()}
    return [
        identity(
            "7", r"$\partial C_i / \partial \nu_1 = 0$ at the pair", EACH, sp.diff(objective(), nu1).subs(point), 0
        ),
        identity(
            "8", r"$\partial C_i / \partial \nu_0 = 0$ at the pair", EACH, sp.diff(objective(), nu0).subs(point), 0
        ),
        identity("9", r"$a_i = \beta \Lambda_{i1}^* / \lambda$", EACH, beta * prior() / lam, scale()),
        identity("9", "is the objective at the pair", EACH, objective().subs(point), least()),
    ]


def one_identity_checks(prior: Callable = prior_precision, posterior: Callable = posterior_precision) -> list[Check]:
    """What a pair costs above the optimum, as three divergences; m stands for nu0*, q for the prior variance."""
    n = 1 / posterior()
    flat = {h: beta * delta**2 / (m * (m + delta**2))}
    above = objective(nu0, q / lam) - objective(m, (m + delta**2) / lam)
    wide, best = nu0 + delta**2, m + delta**2
    return [
        identity(
            "8",
            r"$h = \beta\Delta^2 / (\nu_0^* (\nu_0^* + \Delta^2))$",
            EACH,
            beta * delta**2 / (n * (n + delta**2)),
            h,
        ),
        identity("7", r"$\lambda / \Lambda_1^* = \nu_0^* + \Delta^2$", EACH, lam / prior(), n + delta**2),
        identity(
            "9",
            r"$C(\nu_0, q/\lambda) - C^* = \frac{\beta}{2}\,[\,d(\frac{\nu_0 + \Delta^2}{q}) + d(\frac{\nu_0}{m}) "
            r"- d(\frac{\nu_0 + \Delta^2}{m + \Delta^2})\,]$, $m = \nu_0^*$",
            EACH,
            above.subs(flat),
            beta / 2 * (excess(wide / q) + excess(nu0 / m) - excess(wide / best)),
        ),
        identity(
            "9",
            r"$\frac{\nu_0 + \Delta^2}{m + \Delta^2} = w \frac{\nu_0}{m} + (1 - w)$ with $w = \frac{m}{m + \Delta^2}$",
            EACH,
            wide / best,
            m / best * (nu0 / m) + 1 - m / best,
        ),
    ]


def global_minimum_check(instances: int, seed: int, digits: int, least: Callable = minimum) -> Check:
    """No random pair of variances has a smaller objective than (9)."""
    with mp.workdps(digits):
        margins = [evaluate(objective() - least(), values) for values in random_values(instances, seed)]
        scope = f"{digits} digits, {instances} random $(h, \\Delta, \\beta, \\lambda, \\nu_0, \\nu_1)$, seed {seed}"
        return inequality("9", r"$C_i(\nu_0, \nu_1) \ge C_i^*$", scope, margins)


def prior_first_checks(best: Callable = best_prior_variance, posterior: Callable = posterior_precision) -> list[Check]:
    """Route R1: the best prior for a given posterior, and the strictly convex function of nu0 that is left."""
    left = objective(nu0, best() / lam)
    n = 1 / posterior()
    return [
        identity(
            "R1",
            r"$C(\nu_0, q/\lambda) - C(\nu_0, (\nu_0 + \Delta^2)/\lambda) = \frac{\beta}{2}\, d(\frac{\nu_0 + "
            r"\Delta^2}{q})$",
            EACH,
            objective(nu0, q / lam) - left,
            beta / 2 * excess(best() / q),
        ),
        identity(
            "R1",
            r"what is left: $\frac{h \nu_0}{2} + \frac{\beta}{2} \ln(1 + \Delta^2 / \nu_0)$",
            EACH,
            left,
            h * nu0 / 2 + beta / 2 * (sp.log(nu0 + delta**2) - sp.log(nu0)),
        ),
        identity(
            "R1",
            "its second derivative, a quotient of positive terms",
            EACH,
            sp.diff(left, nu0, 2),
            beta * delta**2 * (2 * nu0 + delta**2) / (2 * nu0**2 * (nu0 + delta**2) ** 2),
        ),
        identity(
            "R1", r"$\nu_0^{*2} + \Delta^2 \nu_0^* = \beta\Delta^2/h$", EACH, n**2 + delta**2 * n, beta * delta**2 / h
        ),
    ]


def posterior_first_checks(reduced: Callable = profile, prior: Callable = prior_precision) -> list[Check]:
    """Route R2: (19)'s derivative has the sign of a quadratic with one positive root."""
    quadratic = precision**2 + h * lam / beta * precision - h * lam**2 / (beta * delta**2)
    other = -h * lam / beta - prior()  # the roots' sum is -h lam / beta
    return [
        identity(
            "19",
            r"derivative of (19) $= \frac{\beta\Delta^2}{2\lambda} \cdot \frac{\Lambda^2 + (h\lambda/\beta)\Lambda - "
            r"h\lambda^2/(\beta\Delta^2)}{\Lambda (\Lambda + h\lambda/\beta)}$",
            EACH,
            sp.diff(reduced(), precision),
            beta * delta**2 / (2 * lam) * quadratic / (precision * (precision + h * lam / beta)),
        ),
        identity("20", r"$\Lambda_1^*$ is a root of the numerator", EACH, quadratic.subs(precision, prior()), 0),
        identity("20", "the product of the roots is negative", EACH, prior() * other, -h * lam**2 / (beta * delta**2)),
    ]


def logarithmic_checks() -> list[Check]:
    """Route R3: in u = ln nu0 and v = ln nu1 the objective's Hessian is a sum of three squares, of full rank."""
    C = objective(sp.exp(u), sp.exp(v))
    a, b, c = h / 2 * sp.exp(u), beta / (2 * lam) * sp.exp(u - v), beta * delta**2 / (2 * lam) * sp.exp(-v)
    H = sp.hessian(C, (u, v))
    where = "symbolic, each coordinate, $u = \\ln\\nu_0$, $v = \\ln\\nu_1$"
    return [
        identity("R3", r"$\partial_{uu} C = A e^u + B e^{u-v}$", where, H[0, 0], a + b),
        identity("R3", r"$\partial_{vv} C = B e^{u-v} + C e^{-v}$", where, H[1, 1], b + c),
        identity("R3", r"$\partial_{uv} C = -B e^{u-v}$", where, H[0, 1], -b),
        identity("R3", "determinant, a sum of positive terms", where, H.det(), a * b + a * c + b * c),
    ]


def arcsinh_checks(
    kl: Callable = divergence_form, loss: Callable = loss_form, prior: Callable = prior_precision
) -> list[Check]:
    """KL_i* = arcsinh(sqrt(t)/2), E_i* = (beta/2)(1 - exp(-2 KL_i*)): in (9) the first sum is E, the second beta KL."""
    a, n = scale(), 1 / posterior_precision()
    at_pair = divergence(n, 1 / prior())
    form = kl().rewrite(sp.log)
    return [
        identity("9", r"$\mathrm{KL}_i^* = \frac12 \ln \frac{h + a}{a}$", EACH, at_pair, sp.log((h + a) / a) / 2),
        identity(
            "9",
            r"$\frac{h + a}{a} = e^{2\,\mathrm{KL}_i^*}$, $\mathrm{KL}_i^* = \operatorname{arsinh}(\sqrt{t}/2)$",
            EACH,
            (h + a) / a,
            sp.exp(2 * form),
        ),
        identity("9", r"$\frac{a \Delta^2}{2} = E_i^* = \frac{h \nu_0^*}{2}$", EACH, a * delta**2 / 2, h * n / 2),
        identity("9", r"$E_i^* = \frac{\beta}{2} (1 - e^{-2\,\mathrm{KL}_i^*})$", EACH, h * n / 2, loss(form)),
    ]


def limit_checks(least: Callable = minimum) -> list[Check]:
    """A weight that the loss does not feel, or that has not moved, costs nothing; the infimum is approached only."""
    words = {
        "nothing is paid": least(),
        r"and in units of $\sqrt{\beta h}\,\lvert\Delta\rvert$, less 1": least() / (sp.sqrt(beta * h) * delta) - 1,
    }
    checks = [
        Check(
            "9", rf"${sp.latex(s)} \to 0$: {text}", "symbolic limit", sp.Limit(value, s, 0), sp.limit(value, s, 0, "+")
        )
        for s in (h, delta)
        for text, value in words.items()
    ]
    n, prior = 1 / posterior_precision(), lam / prior_precision()
    for s, value, text in (
        (h, posterior_precision(), r"$h \to 0$: $1/\nu_0^*$, the posterior is infinitely wide"),
        (delta, n, r"$\Delta \to 0$: $\nu_0^*$, the posterior is infinitely narrow"),
        (delta, prior, r"$\Delta \to 0$: $\lambda\nu_1^*$, and so is the prior"),
    ):
        checks.append(Check("8", text, "symbolic limit", sp.Limit(value, s, 0), sp.limit(value, s, 0, "+")))
    return checks
