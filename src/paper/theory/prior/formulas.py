"""Lemma 4.2's formulas for one coordinate as sympy expressions, and random instances to put into them.

Both covariances are diagonal, so the objective is a sum over the weights and one coordinate i stands for all:

    h = H_ii, Delta = mu0_i - mu1_i, beta, lam      all positive (Delta enters as Delta^2 only)
    nu0 = (Sigma0)_ii, the posterior's variance     Lambda_0 = 1 / nu0
    nu1 = (Sigma1)_ii, the prior's over lam         Lambda_1 = 1 / nu1; the prior's variance is lam nu1
"""

import mpmath as mp
import numpy as np
import sympy as sp

h, delta, beta, lam = sp.symbols("h Delta beta lambda", positive=True)
nu0, nu1 = sp.symbols("nu_0 nu_1", positive=True)
precision = sp.Symbol("Lambda_1", positive=True)
t = sp.Symbol("t", positive=True)  # h Delta^2 / beta, the one number on which a coordinate's KL depends

Values = dict[sp.Symbol, mp.mpf]


def divergence(nu0=nu0, nu1=nu1):
    """KL_i = (1/2) [ nu0/(lam nu1) - 1 + Delta^2/(lam nu1) + ln(lam nu1 / nu0) ], one coordinate of Eq. (12)'s."""
    return (nu0 / (lam * nu1) - 1 + delta**2 / (lam * nu1) + sp.log(lam * nu1) - sp.log(nu0)) / 2


def objective(nu0=nu0, nu1=nu1):
    """C_i = h nu0 / 2 + beta KL_i, Eq. (21)."""
    return h * nu0 / 2 + beta * divergence(nu0, nu1)


def root():
    """R = sqrt(h^2 + 4 beta h / Delta^2)."""
    return sp.sqrt(h**2 + 4 * beta * h / delta**2)


def prior_precision():
    """Lambda_1* = lam / (2 beta) [ R - h ], Eqs. (7), (15), (20)."""
    return lam / (2 * beta) * (root() - h)


def posterior_precision():
    """Lambda_0* = 1 / (2 beta) [ h + R ], Eqs. (8), (16)."""
    return (h + root()) / (2 * beta)


def scale():
    """a = (R - h) / 2, below Eqs. (9) and (17)."""
    return (root() - h) / 2


def minimum():
    """(1/2) [ a Delta^2 + beta ln((h + a) / a) ], one term of Eqs. (9), (17)."""
    return (scale() * delta**2 + beta * sp.log((h + scale()) / scale())) / 2


def profile():
    """C_i at the best posterior, (1/2) [ s Delta^2 - beta ln s + beta ln(h + s) ], s = beta Lambda_1/lam, Eq. (19)."""
    scaled = beta * precision / lam
    return (scaled * delta**2 - beta * sp.log(scaled) + beta * sp.log(h + scaled)) / 2


def best_prior_variance(nu0=nu0):
    """lam nu1 = nu0 + Delta^2: the best prior variance for a given posterior."""
    return nu0 + delta**2


def divergence_form():
    """KL_i* = arcsinh(sqrt(t) / 2)."""
    return sp.asinh(sp.sqrt(h * delta**2 / beta) / 2)


def loss_form(kl):
    """E_i* = (beta/2) (1 - exp(-2 KL_i*))."""
    return beta / 2 * (1 - sp.exp(-2 * kl))


def excess(ratio):
    """d(r) = r - 1 - ln r >= 0, convex, 0 only at r = 1; KL(N(0, p) || N(0, q)) = d(p/q) / 2."""
    return ratio - 1 - sp.log(ratio)


def evaluate(expression: sp.Expr, values: Values) -> mp.mpf:
    """The expression's value, in mpmath's present precision."""
    return sp.lambdify(list(values), expression, "mpmath")(*values.values())


def random_values(count: int, seed: int) -> list[Values]:
    """`count` draws of h, Delta, beta, lam, nu0, nu1, log-uniform from 1e-3 to 1e3, exact as floats.

    Raises ValueError unless count >= 1.
    """
    if count < 1:
        raise ValueError(f"instances must be at least 1, got {count}")
    symbols = (h, delta, beta, lam, nu0, nu1)
    draws = 10 ** np.random.default_rng(seed).uniform(-3, 3, (count, len(symbols)))
    return [dict(zip(symbols, map(mp.mpf, draw))) for draw in draws]


def precisely(digits: int) -> float:
    """The largest residual of a high-precision check: half of the digits must agree. ValueError for digits < 20."""
    if digits < 20:
        raise ValueError(f"digits must be at least 20, got {digits}")
    return 10.0 ** -(digits // 2)
