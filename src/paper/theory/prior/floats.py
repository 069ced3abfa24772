"""Lemma 4.2 in floating point: the printed formulas against the package's, with mpmath as the truth."""

import mpmath as mp
import numpy as np
import sympy as sp

from pacbayes_curvature import gaussians
from paper.theory.prior.formulas import beta, delta, h, lam, posterior_precision, prior_precision, scale

QUANTITIES = ("prior variance", "posterior variance", "KL", "expected loss")


def printed_formulas() -> tuple[sp.Expr, ...]:
    """lam / (7), 1 / (8), and from (9) KL_i = (1/2) ln((h + a)/a), E_i = a Delta^2 / 2: the QUANTITIES in order."""
    a = scale()
    return lam / prior_precision(), 1 / posterior_precision(), sp.log((h + a) / a) / 2, a * delta**2 / 2


def relative_errors(t: np.ndarray, digits: int) -> dict[str, dict[str, np.ndarray]]:
    """Relative errors over t = h Delta^2 / beta (h = beta = 1) of the "printed" and the "stable" formulas in float64.

    {"printed": {quantity: (T,)}, "stable": ...}; an infinite or undefined value counts as an error of 1.
    """
    errors = {form: {quantity: np.empty(len(t)) for quantity in QUANTITIES} for form in ("printed", "stable")}
    in_floats = sp.lambdify((h, delta, beta, lam), printed_formulas(), "numpy")
    exactly = sp.lambdify((h, delta, beta, lam), printed_formulas(), "mpmath")
    for i, shift in enumerate(np.sqrt(t)):
        with mp.workdps(digits + 50), np.errstate(all="ignore"):  # for t = 1e20 the print loses 40 digits
            truths = exactly(mp.mpf(1), mp.mpf(float(shift)), mp.mpf(1), mp.mpf(1))
            floats = {
                "printed": in_floats(np.float64(1), shift, np.float64(1), np.float64(1)),
                "stable": gaussians.optimal_prior_and_posterior(1.0, float(shift), 1.0),
            }
            for form, numbers in floats.items():
                for quantity, number, truth in zip(QUANTITIES, numbers, truths):
                    gap = abs(mp.mpf(float(number)) / truth - 1)
                    errors[form][quantity][i] = min(float(gap), 1.0) if mp.isfinite(gap) else 1.0
    return errors
