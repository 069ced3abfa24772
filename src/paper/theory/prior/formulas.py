"""Lemma 4.2's formulas for one weight, as printed, as SymPy expressions: what the counterexamples and the floats are held against.

    h = H_ii, Delta = mu0_i - mu1_i, beta, lam      all positive (Delta enters as Delta^2 only)
    nu0 = (Sigma0)_ii, the posterior's variance     Lambda_0 = 1 / nu0
    nu1 = (Sigma1)_ii, the prior's over lam         Lambda_1 = 1 / nu1; the prior's variance is lam nu1

The chapter derives them in its own cells.
"""

import sympy as sp

h, delta, beta, lam, nu0, nu1 = sp.symbols("h Delta beta lambda nu_0 nu_1", positive=True)


def objective() -> sp.Expr:
    """C_i = h nu0 / 2 + (beta/2) [ (nu0 + Delta^2)/(lam nu1) - 1 + ln(lam nu1 / nu0) ], a term of Eq. (21)."""
    return h * nu0 / 2 + beta / 2 * ((nu0 + delta**2) / (lam * nu1) - 1 + sp.log(lam * nu1) - sp.log(nu0))


def root() -> sp.Expr:
    """R = sqrt(h^2 + 4 beta h / Delta^2)."""
    return sp.sqrt(h**2 + 4 * beta * h / delta**2)


def prior_precision() -> sp.Expr:
    """Lambda_1* = lam / (2 beta) [ R - h ], Eqs. (7), (15), (20)."""
    return lam / (2 * beta) * (root() - h)


def posterior_precision() -> sp.Expr:
    """Lambda_0* = 1 / (2 beta) [ h + R ], Eqs. (8), (16)."""
    return (h + root()) / (2 * beta)


def scale() -> sp.Expr:
    """a = (R - h) / 2, below Eqs. (9) and (17)."""
    return (root() - h) / 2
