"""Lemma 4.2 in floating point: the printed formulas against the package's, with mpmath as the truth."""

from collections.abc import Callable

import mpmath as mp
import numpy as np
import sympy as sp

from pacbayes_curvature import gaussians
from paper.theory.checks import Check, closeness
from paper.theory.prior.formulas import (
    beta,
    delta,
    divergence,
    evaluate,
    h,
    lam,
    nu0,
    nu1,
    posterior_precision,
    prior_precision,
    random_values,
    scale,
)

QUANTITIES = ("prior variance", "posterior variance", "KL", "expected loss")


def printed_formulas() -> tuple[sp.Expr, ...]:
    """lam / (7), 1 / (8), and from (9) KL_i = (1/2) ln((h + a)/a), E_i = a Delta^2 / 2: the QUANTITIES in order."""
    a = scale()
    return lam / prior_precision(), 1 / posterior_precision(), sp.log((h + a) / a) / 2, a * delta**2 / 2


def package_check(
    instances: int, seed: int, digits: int, pair: Callable = gaussians.optimal_prior_and_posterior
) -> Check:
    """gaussians.optimal_prior_and_posterior against the printed formulas in high precision, relative differences."""
    gaps = []
    with mp.workdps(digits):
        for values in random_values(instances, seed):
            ours = pair(*(float(values[symbol]) for symbol in (h, delta, beta)))
            gaps += [mp.mpf(one) / evaluate(exact, values) - 1 for one, exact in zip(ours, printed_formulas())]
    scope = f"float64 against {digits} digits, {instances} random $(h, \\Delta, \\beta)$, seed {seed}"
    return closeness("7-9", "`gaussians.optimal_prior_and_posterior` against the print, relative", scope, gaps, 1e-14)


def divergence_check(instances: int, seed: int, digits: int, formula: Callable = divergence) -> Check:
    """The divergence of one weight, on which the whole chapter rests, against gaussians.kl_divergence, relative."""
    gaps = []
    with mp.workdps(digits):
        for values in random_values(instances, seed):
            shift, posterior, prior = (float(values[s]) for s in (delta, nu0, nu1))
            ours = gaussians.kl_divergence(shift, posterior, 0.0, prior)
            gaps.append(mp.mpf(ours) / evaluate(formula(), values | {lam: mp.mpf(1)}) - 1)
    scope = f"float64 against {digits} digits, {instances} random $(\\Delta, \\nu_0, \\nu_1)$, seed {seed}"
    return closeness("21", r"$\mathrm{KL}_i$: `gaussians.kl_divergence`, relative", scope, gaps, 1e-13)


def relative_errors(t: np.ndarray, digits: int) -> dict[str, dict[str, np.ndarray]]:
    """Relative errors over t = h Delta^2 / beta (h = beta = 1) of the "printed" and the "stable" formulas in float64.

    {"printed": {quantity: (T,)}, "stable": ...}; an infinite or undefined value counts as an error of 1.
    """
    errors = {form: {quantity: np.empty(len(t)) for quantity in QUANTITIES} for form in ("printed", "stable")}
    in_floats = sp.lambdify((h, delta, beta, lam), printed_formulas(), "numpy")
    for i, shift in enumerate(np.sqrt(t)):
        with mp.workdps(digits + 50), np.errstate(all="ignore"):  # for t = 1e20 the print loses 40 digits
            values = {h: mp.mpf(1), delta: mp.mpf(float(shift)), beta: mp.mpf(1), lam: mp.mpf(1)}
            truths = [evaluate(exact, values) for exact in printed_formulas()]
            floats = {
                "printed": in_floats(np.float64(1), shift, np.float64(1), np.float64(1)),
                "stable": gaussians.optimal_prior_and_posterior(1.0, float(shift), 1.0),
            }
            for form, numbers in floats.items():
                for quantity, number, truth in zip(QUANTITIES, numbers, truths):
                    gap = abs(mp.mpf(float(number)) / truth - 1)
                    errors[form][quantity][i] = min(float(gap), 1.0) if mp.isfinite(gap) else 1.0
    return errors
