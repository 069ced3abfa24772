"""What is false, missing or loose in Theorem 3.1, Eqs. (1) to (4) and the paper's section 3, with the smallest cases.

Legend: N examples, KL = KL(Q||P), delta the probability of failure.
"""

import math
from fractions import Fraction
from math import comb

import numpy as np

from pacbayes_curvature import bounds
from paper.networks.sources import widths
from paper.theory.bound.linear_objective import gibbs, sweep
from paper.theory.checks import CheckFailed
from paper.theory.errata import Erratum


def unbounded_loss() -> str:
    """N = 2, one hypothesis (KL = 0), loss 10 with probability 1/5 and else 0, delta = 0.05."""
    n, delta, size, p = 2, 0.05, 10, Fraction(1, 5)
    term = bounds.complexity(0, n, delta)
    failing = (k for k in range(n + 1) if size * p > Fraction(size * k, n) + Fraction(term))
    fails = sum(comb(n, k) * p**k * (1 - p) ** (n - k) for k in failing)
    _require(fails > delta)
    return (
        f"N = {n}, one hypothesis, so KL = 0; loss {size} with probability {p}, else 0. The right side is {term:.3f} "
        f"more than the empirical risk; it fails with probability {float(fails):.2f}, not {delta}."
    )


def one_example() -> str:
    """N = 1: ln(2 (N - 1)/delta) = ln 0."""
    argument = 2 * (1 - 1)
    _require(argument == 0)
    return f"N = 1: the logarithm's argument is {argument}; the bound is undefined."


def prior_from_the_data() -> str:
    """Labels are fair coin flips; P = Q sits on a hypothesis that has memorised the sample."""
    delta = 0.05
    n = next(n for n in range(2, 1000) if bounds.complexity(0, n, delta) < 0.5)
    bound = bounds.pac_bayes_bound(0, 0, n, delta)
    _require(bound < 0.5)
    return (
        "Labels that are coin flips, P = Q = the hypothesis that repeats the sample's labels: KL = 0, empirical error "
        f"0, true error 1/2. With N = {n} the right side is {bound:.3f}: it fails for every sample."
    )


def attribution() -> str:
    """Theorem 3.1 and three published forms are four different numbers."""
    kl, n, delta = 1000, 10_000, 0.05
    values = {
        "Maurer": math.sqrt((kl + math.log(2 * math.sqrt(n) / delta)) / (2 * n)),
        "textbook": math.sqrt((kl + math.log(n / delta)) / (2 * (n - 1))),
        "Theorem 3.1": float(bounds.complexity(kl, n, delta)),
        "McAllester 2003": math.sqrt((kl + math.log(n / delta) + 2) / (2 * n - 1)),
    }
    _require(len({round(value, 9) for value in values.values()}) == len(values))
    shown = ", ".join(f"{value:.6f} ({name})" for name, value in values.items())
    return f"KL = 1000, N = 10,000, delta = 0.05: {shown}."


def constant_b() -> str:
    """B = ln(2 (N - 1)/delta) at two N."""
    values = {n: math.log(2 * (n - 1) / 0.05) for n in (100, 60_000)}
    _require(values[60_000] > values[100] + 1)
    return "delta = 0.05: " + ", ".join(f"B = {b:.2f} for N = {n:,}" for n, b in values.items()) + "."


def elbo_beta() -> str:
    """Two coins, 0.2 and 0.8, N = 10 heads: Bayes' posterior is the minimiser of (2) at beta = 1/N, not at 1."""
    heads, n = np.array([0.2, 0.8]), 10
    risks, prior = -np.log(heads), np.full(2, 0.5)  # the mean negative log-likelihood
    bayes = prior * heads**n / (prior * heads**n).sum()
    at = {beta: gibbs(prior, risks, beta)[0] for beta in (1.0, 1 / n)}
    _require(np.allclose(at[1 / n], bayes) and not np.allclose(at[1.0], bayes, atol=0.01))
    return (
        f"Two coins with P(head) 0.2 and 0.8, {n} heads seen: Bayes gives the second {bayes[1]:.6f}; minimising (2) "
        f"with the mean loss gives {at[1.0][1]:.6f} at beta = 1 and {at[1 / n][1]:.6f} at beta = 1/N."
    )


def one_beta_is_not_enough() -> str:
    """Two hypotheses: the minimiser of (4) at beta = 1 has a larger bound (3) than the sweep's best."""
    n, delta = 1000, 0.05
    table = sweep(np.array([0.9, 0.1]), np.array([0.5, 0.1]), n, delta, np.append(np.logspace(-3, 0, 301), 1.0))
    best, fixed = table.loc[table["bound"].idxmin()], table.iloc[-1]
    _require(fixed["bound"] > best["bound"] + 0.01 and best["best beta"] < 0.1)
    return (
        f"Two hypotheses with prior 0.9 and 0.1 and empirical risks 0.5 and 0.1, N = {n}: the bound (3) is "
        f"{fixed['bound']:.3f} at the minimiser of (4) with beta = 1, and {best['bound']:.3f} at the best beta, "
        f"{best['best beta']:.4f}."
    )


def depth() -> str:
    """Appendix A's network in section 3's indexing and in section 5's."""
    hidden = len(widths("mnist2")) - 2
    matrices = hidden + 1  # W_0 to W_L with L hidden layers
    _require(matrices != hidden)
    return f"Appendix A's network has {matrices} matrices: L = {hidden} in section 3, L = {matrices} in section 5."


def _require(shown: bool) -> None:
    if not shown:
        raise CheckFailed("the counterexample shows nothing")


ERRATA = [
    Erratum(
        "Section 1, after Eq. (2)",
        r"For $\beta = 1$ this is the ELBO.",
        r"Section 3 defines $\hat L$ as a mean over $N$ examples. With it (2) is the negative ELBO divided by $N$ at "
        r"$\beta = 1/N$; $\beta = 1$ belongs to the sum.",
        "wrong",
        r"Everything: $\beta$ is swept over a grid.",
        elbo_beta,
    ),
    Erratum(
        "Eq. (1), A and B",
        r"$A$ and $B$ are constants.",
        r"In Theorem 3.1, $A = 1/\sqrt2$ and $B = \ln(2(N-1)/\delta)$. $B$ depends on $N$ and $\delta$.",
        "typo",
        "The form of the bound.",
        constant_b,
    ),
    Erratum(
        "Section 3, depth L",
        r"A network of depth $L$ has the weights $W_0, \dots, W_L$.",
        r"These are $L+1$ matrices. Section 5 and Lemma 5.1 number the layers $1, \dots, L$. The parentheses of the "
        r"printed $f_\theta$ do not balance.",
        "typo",
        "Everything.",
        depth,
    ),
    Erratum(
        "Theorem 3.1, the loss",
        "No condition on the loss.",
        r"The loss must take values in $[0,1]$. The cross-entropy does not; the misclassification error does.",
        "missing assumption",
        "The theorem, for the error that the paper plots.",
        unbounded_loss,
    ),
    Erratum(
        "Theorem 3.1, the number of examples",
        r"Any $N$.",
        r"$N \ge 2$.",
        "missing assumption",
        r"The theorem for every $N \ge 2$; $N = 2$ needs its own argument.",
        one_example,
    ),
    Erratum(
        "Theorem 3.1, the prior",
        "No condition on $P$ in the theorem.",
        r"$P$ must not depend on the sample. The paper says so in the text that follows, not in the theorem.",
        "missing assumption",
        "The theorem. The prior of Lemma 4.2 does not meet the condition, as the paper says.",
        prior_from_the_data,
    ),
    Erratum(
        "Theorem 3.1, attribution",
        "PAC-Bayesian theorem, McAllester (1999).",
        "The printed form is not the cited article's, which bounds the average over a set of hypotheses. It is looser "
        "than Maurer's (2004) with Pinsker's inequality and tighter than McAllester's of 2003.",
        "typo",
        "The theorem; a proof is in this chapter.",
        attribution,
    ),
    Erratum(
        "Section 3, after Eq. (4)",
        "(3) and (4) are not exactly equivalent; the differences are minimal, as experiments show.",
        r"For one fixed $\beta$ they can differ much. The exact link: every minimiser of (3) minimises (4) at "
        r"$\beta^* = 1/\sqrt{8N(\mathrm{KL} + \ln(2(N-1)/\delta))}$.",
        "incomplete proof",
        r"The use of (4), because the paper sweeps $\beta$.",
        one_beta_is_not_enough,
    ),
]
