"""Chapter 03: every check holds, and every mutated formula is caught by at least one of them."""

import numpy as np
import pytest
import sympy as sp
from scipy.optimize import minimize_scalar

from paper.theory.checks import CheckFailed, confirm
from paper.theory.posterior import front, lemma, quadratic_loss

ALL = [
    quadratic_loss.taylor_checks,
    lemma.objective_checks,
    lemma.gradient_checks,
    lemma.gap_checks,
    lemma.scale_checks,
    lemma.any_posterior_checks,
    lemma.mean_checks,
    lemma.package_checks,
    front.front_checks,
    front.slope_checks,
    front.best_scale_checks,
    front.envelope_checks,
    front.package_checks,
]

OPTIMA = {
    "without beta": lambda h, s1, lam, beta: (h + beta / lam * s1**-1) ** -1,
    "lam for beta": lambda h, s1, lam, beta: lam * (h + beta / lam * s1**-1) ** -1,
    "lam/beta": lambda h, s1, lam, beta: beta * (h + lam / beta * s1**-1) ** -1,
    "factor 2": lambda h, s1, lam, beta: beta * (2 * h + beta / lam * s1**-1) ** -1,
    "S1 not inverted": lambda h, s1, lam, beta: beta * (h + beta / lam * s1) ** -1,
    "sign": lambda h, s1, lam, beta: beta * (beta / lam * s1**-1 - h) ** -1,
    "without lam": lambda h, s1, lam, beta: beta * (h + beta * s1**-1) ** -1,
}
GRADIENTS = {
    "sign": lambda s0, h, s1, lam, beta: h / 2 + beta / (2 * lam) * s1**-1 + beta / 2 * s0**-1,
    "without 1/2": lambda s0, h, s1, lam, beta: h + beta / (2 * lam) * s1**-1 - beta / 2 * s0**-1,
    "without lam": lambda s0, h, s1, lam, beta: h / 2 + beta / 2 * s1**-1 - beta / 2 * s0**-1,
    "beta lost": lambda s0, h, s1, lam, beta: h / 2 + beta / (2 * lam) * s1**-1 - s0**-1 / 2,
}
OBJECTIVES = {
    "without 1/2": lambda *a: 2 * lemma.objective(*a),
    "without k": lambda s0, *a: lemma.objective(s0, *a) + a[3] / 2 * s0.rows,
    "lam for beta": lambda s0, h, s1, lam, beta, d: lemma.objective(s0, h, s1, lam, lam, d),
    "det of S1": lambda s0, h, s1, lam, beta, d: lemma.objective(s0, h, s1, lam, beta, d)
    + beta * (lemma.log_det(s1) - lemma.log_det(lam * s1)),
    "Delta not squared by S1": lambda s0, h, s1, lam, beta, d: lemma.objective(s0, h, s1, lam, beta, 0 * d)
    + beta / 2 * (d.T * d)[0] / lam,
}  # fmt: skip
MEANS = {
    "swapped": lambda h, s1, lam, beta, mu0, mu1: lemma.optimal_mean(h, s1, lam, beta, mu1, mu0),
    "not moved": lambda h, s1, lam, beta, mu0, mu1: mu0,
    "lam/beta": lambda h, s1, lam, beta, mu0, mu1: lemma.optimal_mean(h, s1, beta, lam, mu0, mu1),
}
FRONTS = {
    "gamma doubled": lambda g, d, lam, beta: (2 * front.front(g, d, lam, beta)[0], front.front(g, d, lam, beta)[1]),
    "D times lam": lambda g, d, lam, beta: front.front(g, d * lam**2, lam, beta),
    "rho inverted": lambda g, d, lam, beta: front.front(g, d, beta, lam),
    "gamma's sign": lambda g, d, lam, beta: (
        front.front(g, d, lam, beta)[0], front.front(g, d, lam, beta)[1] + front.effective_dimension(g, lam / beta),
    ),
    "without ld": lambda g, d, lam, beta: (
        front.front(g, d, lam, beta)[0], front.front(g, d, lam, beta)[1] - front.log_determinant(g, lam / beta) / 2,
    ),
}  # fmt: skip
LEAST = {
    "without 1/2": lambda g, d, e: 2 * front.least_kl(g, d, e),
    "D/E": lambda g, d, e: front.least_kl(g, 2 * d, e),
    "D/4E": lambda g, d, e: front.least_kl(g, d / 2, e),
    "first order": lambda g, d, e: front.baseline_kl(g, d, e),
}
EXPECTED = {
    "without 1/2": lambda h, s0: (h * s0).trace(),
    "traces multiplied": lambda h, s0: h.trace() * s0.trace() / 2,
}
NUMERICAL = {"dimension": 4, "instances": 5}


def caught(*checks):
    with pytest.raises(CheckFailed, match="is left"):
        confirm(*checks)


@pytest.mark.parametrize("checks", ALL, ids=lambda f: f"{f.__module__.rsplit('.')[-1]}.{f.__name__}")
def test_the_formulas_hold(checks):
    assert confirm(*checks()).data.count("|") > 8


@pytest.mark.parametrize("name", EXPECTED)
def test_mutations_of_equation_5(name):
    caught(*quadratic_loss.taylor_checks(EXPECTED[name]))


@pytest.mark.parametrize("name", OPTIMA)
def test_mutations_of_the_posterior_by_the_gradient(name):
    caught(*lemma.gradient_checks(optimum=OPTIMA[name]))


@pytest.mark.parametrize("name", ["without beta", "lam/beta", "factor 2"])
def test_mutations_of_the_posterior_against_every_posterior(name):
    caught(*lemma.any_posterior_checks(OPTIMA[name], digits=15))


@pytest.mark.parametrize("name", ["without beta"])
def test_mutations_of_the_posterior_by_one_identity(name):
    caught(*lemma.gap_checks(OPTIMA[name], **NUMERICAL))


@pytest.mark.parametrize("name", OPTIMA)
def test_mutations_of_the_posterior_against_the_package(name):
    caught(*lemma.package_checks(OPTIMA[name], **NUMERICAL))


@pytest.mark.parametrize("name", ["without beta", "lam for beta"])
def test_mutations_of_the_scaling(name):
    caught(*lemma.scale_checks(OPTIMA[name]))


@pytest.mark.parametrize("name", GRADIENTS)
def test_mutations_of_equation_14(name):
    caught(*lemma.gradient_checks(GRADIENTS[name]))


@pytest.mark.parametrize("name", OBJECTIVES)
def test_mutations_of_equation_13(name):
    caught(*lemma.objective_checks(OBJECTIVES[name]))


@pytest.mark.parametrize("name", MEANS)
def test_mutations_of_the_best_mean(name):
    caught(*lemma.mean_checks(MEANS[name], **NUMERICAL))


@pytest.mark.parametrize("name", FRONTS)
def test_mutations_of_the_front(name):
    caught(*front.package_checks(FRONTS[name], instances=2))
    if name != "rho inverted":  # takes sympy long
        caught(*front.front_checks(FRONTS[name], **NUMERICAL))


def test_mutations_of_the_slopes():
    caught(*front.slope_checks(FRONTS["without ld"]))
    caught(*front.best_scale_checks(FRONTS["without ld"]))


@pytest.mark.parametrize("name", LEAST)
def test_mutations_of_the_least_divergence(name):
    caught(*front.best_scale_checks(least_kl=LEAST[name]))


def test_mutations_of_the_baseline():
    caught(*front.envelope_checks(baseline_kl=lambda g, d, e: d * sum(g) / (2 * e), **NUMERICAL))
    caught(*front.envelope_checks(least_kl=LEAST["without 1/2"], **NUMERICAL))


@pytest.mark.parametrize("item", lemma.ERRATA, ids=lambda item: item.place)
def test_each_erratum_shows_something(item):
    assert any(character.isdigit() for character in item.counterexample())


def test_one_weight_by_hand():
    one = sp.Matrix([[1]])
    assert float(lemma.optimal_posterior(3 * one, one, 2, 4)[0]) == pytest.approx(0.8)  # 4/(3 + 4/2)


@pytest.mark.parametrize("beta", [1e-3, 1.0, 1e3])
def test_best_scale_minimises_the_objective(beta):
    g, delta = np.array([3.0, 0.2, 0.0]), np.array([1.0, -2.0, 0.5])
    best = front.best_scale(g, delta @ delta, beta)

    def value(log_lam):
        return front.curves(g, delta, np.exp(log_lam), np.array([beta]))["V"][0]

    found = minimize_scalar(
        value, bounds=(np.log(best) - 5, np.log(best) + 5), method="bounded", options={"xatol": 1e-9}
    )
    assert found.x == pytest.approx(np.log(best), abs=1e-5)
    assert value(np.log(best)) <= found.fun * (1 + 1e-12)


def test_curves_against_dense_matrices():
    rng = np.random.default_rng(0)
    g, delta, lam, beta = rng.exponential(size=4), rng.normal(size=4), 0.7, 0.3
    row = front.curves(g, delta, lam, np.array([beta])).iloc[0]
    H, S = np.diag(g), beta * np.linalg.inv(np.diag(g) + beta / lam * np.eye(4))
    m = np.linalg.solve(H + beta / lam * np.eye(4), H @ delta)  # mu1 = 0, mu0 = delta

    def kl(mean):
        return (np.trace(S) / lam - 4 + mean @ mean / lam + 4 * np.log(lam) - np.linalg.slogdet(S)[1]) / 2

    assert row["E"] == pytest.approx(np.trace(H @ S) / 2)
    assert row["KL"] == pytest.approx(kl(delta))
    assert row["E, free mean"] == pytest.approx(np.trace(H @ S) / 2 + (m - delta) @ H @ (m - delta) / 2)
    assert row["KL, free mean"] == pytest.approx(kl(m))
