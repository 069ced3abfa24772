"""What minimises the layerwise bound (35): for each layer, and over all layers together, a posterior of Lemma 4.1.

Legend: E = tr(H Sigma)/2 the quadratic loss of one layer, C its factor in (35); g the eigenvalues of H, s a variance;
a and b as in the chapter: what a unit of Ebar_k, and of s_k, costs at the optimum.
"""

import mpmath as mp
import numpy as np
import sympy as sp

from pacbayes_curvature import gaussians, posteriors
from paper.theory.checks import Check, closeness, identity, inequality

ROUNDING = 1e-11


def own_beta(beta, error, factor):
    """beta_l = 2 beta sqrt(E_l*) / C_l: the beta with which Lemma 4.1 solves layer l of (35)."""
    return 2 * beta * error**0.5 / factor


def joint_variance(h, a, b, beta, lam):
    """beta / (2 a h + 2 b + beta / lam): a weight's variance at a joint optimum over all layers."""
    return beta / (2 * a * h + 2 * b + beta / lam)


def layer_optimum_checks(
    own=own_beta, dimension: int = 5, digits: int = 50, instances: int = 20, seed: int = 0
) -> list[Check]:
    """The minimum of C sqrt(E(Sigma)) + beta KL, E = tr(H Sigma)/2, is Lemma 4.1's posterior with beta_l."""
    rng, stationary, better, package = np.random.default_rng(seed), [], [], []
    with mp.workdps(digits):
        for _ in range(instances):
            g = [mp.mpf(float(10**v)) for v in rng.uniform(-3, 1, dimension)]
            lam, beta, factor = (mp.mpf(float(10**v)) for v in rng.uniform(-1.5, 1, 3))

            def error(b):
                return b / 2 * mp.fsum(lam * x / (b + lam * x) for x in g)

            def objective(variances):
                kl = mp.fsum(s / lam - 1 - mp.log(s / lam) for s in variances) / 2
                return factor * mp.sqrt(mp.fsum(x * s for x, s in zip(g, variances)) / 2) + beta * kl

            b = _fixed_point(lambda b: own(beta, error(b), factor))
            best = [b * lam / (b + lam * x) for x in g]
            root = mp.sqrt(error(b))
            stationary += [factor * x / (4 * root) + beta / 2 * (1 / lam - 1 / s) for x, s in zip(g, best)]
            others = ([s * mp.mpf(float(10**v)) for s, v in zip(best, rng.normal(size=dimension))] for _ in range(10))
            better += [objective(other) - objective(best) for other in others]

            layer = posteriors.LayerPosterior(np.array([float(x) for x in g]), None, 1, 0.0)
            loss = posteriors.expected_quadratic_loss([layer], [float(lam)], [float(b)])[0]
            covariance = gaussians.optimal_posterior(np.array([float(x) for x in g]), float(lam), float(b))
            package += [loss / float(error(b)) - 1, *(covariance / np.array([float(s) for s in best]) - 1)]
    scope = f"{instances} random instances, $k = {dimension}$, in the basis of $H$, seed {seed}"
    E, tau = sp.symbols("E tau", positive=True)
    return [
        identity(
            "35", r"$\frac{E}{2\tau} + \frac{\tau}{2} = \sqrt E + \frac{(\sqrt E - \tau)^2}{2\tau}$", "symbolic",
            E / (2 * tau) + tau / 2, sp.sqrt(E) + (sp.sqrt(E) - tau) ** 2 / (2 * tau),
        ),
        closeness("35", r"gradient 0 at Lemma 4.1's posterior with $\beta_l$", f"{digits} digits, {scope}", stationary,
                  10.0 ** (-0.7 * digits)),
        inequality("35", "no other covariance is better", f"{digits} digits, {scope}, 10 others each", better),
        closeness("35", "`gaussians.optimal_posterior`, `posteriors.expected_quadratic_loss` at $\\beta_l$",
                  f"float64, {scope}", package, ROUNDING),
    ]  # fmt: skip


def _fixed_point(function) -> mp.mpf:
    """b with function(b) = b, by bisection in ln b: function(b)/b falls from above 1 to below 1."""
    low, high = mp.mpf(-200), mp.mpf(200)
    for _ in range(4 * mp.mp.dps):
        middle = (low + high) / 2
        low, high = (middle, high) if function(mp.exp(middle)) > mp.exp(middle) else (low, middle)
    return mp.exp((low + high) / 2)


def joint_optimum_checks(variance=joint_variance) -> list[Check]:
    """With C_l as what it is, a function of the deeper layers' noise: the gradient and the optimum's family."""
    beta, lam = sp.symbols("beta lambda", positive=True)
    h, s = ([sp.symbols(f"{name}{layer}_1:3", positive=True) for layer in (1, 2, 3)] for name in ("h", "s"))
    m = sp.symbols("m1:4", positive=True)
    norms = [m[k] + sum(s[k]) for k in range(3)]
    errors = [sum(x * y for x, y in zip(h[k], s[k])) for k in range(3)]
    terms = [sp.sqrt(errors[k]) * sp.prod([sp.sqrt(norm) for norm in norms[k + 1 :]]) for k in range(3)]
    kl = sum(y / lam - 1 - sp.log(y / lam) for layer in s for y in layer) / 2
    checks = []
    for k in range(3):
        a, b = terms[k] / (2 * errors[k]), sum(terms[:k]) / (2 * norms[k])
        left = sp.diff(sum(terms) + beta * kl, s[k][0])
        target = beta / 2 * (1 / variance(h[k][0], a, b, beta, lam) - 1 / s[k][0])
        statement = rf"$\partial G/\partial s = \frac\beta2 (1/s^* - 1/s)$, layer {k + 1}"
        checks.append(identity("35", statement, "symbolic, 3 layers of 2 weights without biases", left, target))
    x, a, b = sp.symbols("h a b", positive=True)
    own, scale = beta / (2 * a), 1 / (1 / lam + 2 * b / beta)
    statement = r"$s^*$ is Lemma 4.1's variance for $\beta_l = \beta/2a$ and $1/\lambda_l = 1/\lambda + 2b/\beta$"
    return [*checks, identity("35", statement, "symbolic", variance(x, a, b, beta, lam), own / (x + own / scale))]
