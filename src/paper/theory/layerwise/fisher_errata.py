"""Where section 5.1 and what rests on it should read otherwise, each with its smallest case.

Each counterexample takes the correct reading as its argument, so that a test can pass the printed one instead.
"""

import math

from paper.theory.errata import Erratum, require_difference


def missing_mean(correct=lambda total, n: total / n) -> str:
    """One weight, logistic loss, the same example twice."""
    p = 1 / (1 + math.exp(-1))
    printed, right = 2 * p * (1 - p), correct(2 * p * (1 - p), 2)
    require_difference(printed, right)
    return (
        f"One weight $\\theta = 1$, the example $x = 1$ twice, logistic loss: the mean loss has the second derivative "
        f"$p(1-p) = {right:.4f}$, the printed sum is ${printed:.4f}$."
    )


def split_matters(correct=lambda q: 1 / (q * (1 - q)), q: float = 0.9) -> str:
    """GGN split at the probability q itself, against the Fisher information of one Bernoulli outcome."""
    printed, right = 1 / q**2, correct(q)
    require_difference(printed, right)
    return (
        f"A network whose output is the probability itself, $f_\\theta = q = \\theta = {q}$, with loss $-\\ln q$ at "
        f"label 1: GGN $= 1/q^2 = {printed:.4f}$, Fisher $= 1/(q(1-q)) = {right:.4f}$."
    )


def no_minimum(correct=lambda p: p * (1 - p), stop: float = 5.0) -> str:
    """Logistic loss on one example with f = theta: loss and curvature fall along a direction without an end."""
    p, later = 1 / (1 + math.exp(-stop)), 1 / (1 + math.exp(-2 * stop))
    require_difference(correct(p), correct(later))
    return (
        f"One weight, $x = 1$, label 1, logistic loss: at $\\theta = {stop:g}$ the loss is {-math.log(p):.2g} and the "
        f"curvature {correct(p):.2g}; at $\\theta = {2 * stop:g}$, {-math.log(later):.2g} and {correct(later):.2g}. "
        "Both classify the example correctly."
    )


ERRATA = [
    Erratum(
        "Section 5.1, GGN and Fisher",
        "“the generalized Gauss-Newton approximation of the Hessian coincides with the Fisher matrix in modern deep "
        "learning architectures”",
        "They coincide for softmax with cross-entropy, split at the logits, and more generally where the network's "
        "outputs are the natural parameters of an exponential family. Section 3's networks end in an activation, "
        "and then they need not.",
        "missing assumption",
        "The networks of the experiments satisfy the assumption; everything that uses (10) for them stands.",
        split_matters,
    ),
    Erratum(
        "Eq. (10)",
        r"$F(\theta) = \sum_n \mathbb{E}_{p_\theta(y\mid x_n)}[\,\cdot\,]$, estimated by $\sum_n$, as an "
        r"approximation of the Hessian of $\hat L$",
        r"$\hat L$ is a mean over the examples (section 3), so its Hessian is approximated by $\frac1N \sum_n$.",
        "wrong",
        r"The sum is the curvature of the summed loss. $\Sigma_0^*$ and KL depend on $H/\beta$ only, so a grid over "
        r"$\beta$ absorbs the factor; a value of the quadratic loss, or of the objective, does not.",
        missing_mean,
    ),
    Erratum(
        "Section 6, curvature at 100% accuracy",
        "The networks are trained to 100% accuracy, and the lower bound then “depends only on” initialisation, "
        r"minimum, curvature and $\beta$; when training stops is not said.",
        "At 100% accuracy cross-entropy has no minimum at finite weights: loss, gradient and Fisher matrix all tend "
        "to 0 as the margins grow. The diagonal of (10), and with it the lower bound, depends on the stopping rule, "
        "which must be stated.",
        "missing assumption",
        "The formulas hold at the weights where training stopped, with the loss and curvature measured there. The "
        "layerwise $H_l$ of Lemma 5.1 do not fade with the margin of the last layer.",
        no_minimum,
    ),
]
