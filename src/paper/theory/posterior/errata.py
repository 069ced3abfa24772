"""What is false or missing in Eq. (5), the step from the loss to its quadratic part, and in Lemma 4.1, Eqs. (6), (12).

Legend: Lhat the empirical risk, mu0 the posterior's mean, eta ~ Q' the noise, H the Hessian at mu0.
"""

import numpy as np

from pacbayes_curvature import gaussians
from paper.theory.checks import CheckFailed
from paper.theory.errata import Erratum


def convex_quartic() -> str:
    """Lhat = eta^2/2 + eta^4 is convex; with variance 1 the quadratic gives 1/2, the truth is 1/2 + 3."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(10)
    truth = float(weights @ (nodes**2 / 2 + nodes**4) / weights.sum())
    _require(truth > 0.5 + 1)
    return (
        f"One weight, loss x²/2 + x⁴, noise of variance 1: the quadratic gives 0.5, the expected loss is {truth:.4g}."
    )


def kink() -> str:
    """Lhat = |mu0 + eta| at mu0 = 1/1000: the Hessian is 0 and the gradient averages out, yet the loss grows."""
    mu0, nodes = 1e-3, np.linspace(-12, 12, 200_001)
    density = np.exp(-(nodes**2) / 2)
    increase = float(np.abs(mu0 + nodes) @ density / density.sum()) - mu0
    _require(increase > 0.5)
    return (
        f"One weight, loss the absolute value, mean {mu0}, noise of variance 1: the Hessian is 0 and predicts no "
        f"increase; the expected loss grows by {increase:.3f}."
    )


def gradient_averages_out() -> str:
    """Lhat = 5 eta + eta^2/2: the expectation of the linear term is 0 for centred noise."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(10)
    with_slope, without = (float(weights @ (g * nodes + nodes**2 / 2) / weights.sum()) for g in (5, 0))
    _require(abs(with_slope - without) < 1e-12 and without > 0)
    return (
        f"One weight, noise of variance 1: expected loss {without:.3g} with slope 0 and {with_slope:.3g} with slope 5."
    )


def bound_from_above_and_below() -> str:
    """Lhat = 1 - exp(-eta^2/2) <= eta^2/2 everywhere, and C_beta at Lemma 4.2's pair lies below the floor (9)."""
    beta, pair = 0.1, gaussians.optimal_prior_and_posterior(1.0, 1.0, 0.1)
    floor = pair.expected_loss + beta * pair.kl
    true = 1 - 1 / (1 + pair.posterior_variance) ** 0.5 + beta * pair.kl
    _require(true < floor - 1e-3)
    return (
        f"One weight, loss 1 - exp(-x²/2), displacement 1, beta = {beta}: the loss is below its quadratic everywhere, "
        f"(9) is {floor:.4f}, and (4) takes the value {true:.4f} at the pair of Lemma 4.2."
    )


def indefinite_hessian() -> str:
    """H = -1, beta = S1 = 1, lam = 2: (6) is negative and the objective falls without end."""
    h, beta, lam = -1.0, 1.0, 2.0
    formula = beta / (h + beta / lam)
    values = [h * s / 2 + beta * float(gaussians.kl_divergence(0, s, 0, lam)) for s in (1.0, 10.0, 100.0)]
    _require(formula < 0 and values[0] > values[1] > values[2])
    numbers = ", ".join(f"{value:.2f}" for value in values)
    return (
        f"One weight, H = -1, beta = 1, lam = 2, prior variance 1 before scaling: (6) gives the variance "
        f"{formula:.3g}; at the variances 1, 10, 100 the objective is {numbers}."
    )


def not_the_map() -> str:
    """H = 1, mu0 = 1, mu1 = 0, lam = beta = 1: the best mean is 1/2."""
    variance = float(gaussians.optimal_posterior(1.0, 1.0, 1.0))

    def value(mean):
        quadratic = (variance + (mean - 1) ** 2) / 2
        return quadratic + float(gaussians.kl_divergence(mean, variance, 0, 1.0))

    _require(value(0.5) < value(1.0) - 1e-3)
    return (
        f"One weight, H = beta = lam = 1, mean 1, prior mean 0, variance {variance:.3g}: the objective is "
        f"{value(1.0):.4f} with the mean 1 and {value(0.5):.4f} with the MAP 1/2."
    )


def _require(shown: bool) -> None:
    if not shown:
        raise CheckFailed("the counterexample shows nothing")


ERRATA = [
    Erratum(
        "Eq. (5), the inequality",
        r"The gradient at the minimum is zero, the term $O(\Vert\eta\Vert^3)$ is negligible and the loss is locally "
        "convex, so the quadratic approximation is an upper bound.",
        r"Convexity does not imply this. Sufficient: $\nabla^2\hat L(\theta) \preceq H$ wherever the noise goes, or "
        r"that the expected remainder is not positive. The gradient need not vanish: $\mathbb E[g^\top\eta] = 0$ for "
        "centred noise.",
        "wrong",
        "The quadratic as an approximation for small noise, wherever the loss is smooth.",
        convex_quartic,
    ),
    Erratum(
        "Eq. (5), the Taylor expansion",
        r"An expansion with remainder $O(\Vert\eta\Vert^3)$.",
        "The loss must be three times differentiable where the noise goes. That of a ReLU network has kinks, which the "
        "Hessian at one point does not see; they add to the expected loss at the same order as the quadratic term.",
        "missing assumption",
        "The quadratic as a surrogate; how good it is must be measured, as this chapter does.",
        kink,
    ),
    Erratum(
        "Eq. (5) and Eq. (9)",
        r"The quadratic objective bounds (4) from above (5), and its minimum bounds (4) from below (9).",
        "If (5) held with its inequality, the minimum of its right side would be an upper bound on the minimum of "
        "(4), and (9) could not be a lower bound on it. (9) is a lower bound on the quadratic objective.",
        "wrong",
        "(9) for the quadratic objective, as the paper's footnote says.",
        bound_from_above_and_below,
    ),
    Erratum(
        "Lemma 4.1",
        r"The problem has the minimiser $\beta(H + \frac\beta\lambda\Sigma_1^{-1})^{-1}$, for any $H$.",
        r"It needs $H + \frac\beta\lambda\Sigma_1^{-1} \succ 0$. Otherwise the objective has no minimum.",
        "missing assumption",
        r"The lemma for every positive semidefinite $H$, so for every Gauss-Newton or Fisher matrix.",
        indefinite_hessian,
    ),
    Erratum(
        "Section 4.1, after Eq. (6)",
        "The solution is a Laplace approximation around the MAP solution.",
        r"Its mean $\mu_0$ minimises the loss, not the loss plus the prior's term. The best mean is "
        r"$(H + \frac\beta\lambda\Sigma_1^{-1})^{-1}(H\mu_0 + \frac\beta\lambda\Sigma_1^{-1}\mu_1)$; the covariance "
        "is the same.",
        "wrong",
        r"The lemma, for the mean $\mu_0$ that the paper wants to keep.",
        not_the_map,
    ),
]
