"""Chapter 04: all checks hold, a wrong formula in any of them is noticed, and every counterexample shows something."""

import re

import mpmath as mp
import numpy as np
import pytest
import sympy as sp
import torch

from pacbayes_curvature import floors, gaussians
from pacbayes_curvature.gaussians import kl_divergence
from paper.theory.checks import CheckFailed
from paper.theory.prior import counterexamples, families, family_checks, floats, formulas, proof
from paper.theory.prior import floors as lower_bounds
from paper.theory.prior import lemma as optimal_prior
from paper.theory.prior import measured as floor_curves
from paper.theory.prior.formulas import beta, delta, h, lam, nu0, nu1, precision

RANDOM = dict(dimension=4, instances=6, seed=1, digits=40)


def failing(checks):
    return [check for check in checks if not check.holds]


def changed(formula, change):
    """A formula's function with `change` applied to what it returns."""
    return lambda *arguments, **options: change(formula(*arguments, **options))


def line(formula, number, change=lambda expression: 2 * expression):
    """A chain's function with one of its lines changed."""

    def lines(*arguments):
        found = formula(*arguments)
        return [*found[:number], change(found[number]), *found[number + 1 :]]

    return lines


def swap(expression):
    """lam for beta and back: the two letters that are easiest to confuse."""
    return expression.subs({beta: lam, lam: beta}, simultaneous=True)


def double(expression):
    return 2 * expression


# What is true holds ---------------------------------------------------------------------------------------------------

TRUE = {
    "lemma": optimal_prior.lemma_checks,
    "one identity": optimal_prior.one_identity_checks,
    "global": lambda: [optimal_prior.global_minimum_check(30, 1, 40)],
    "R1": optimal_prior.prior_first_checks,
    "R2": optimal_prior.posterior_first_checks,
    "R3": optimal_prior.logarithmic_checks,
    "arcsinh": optimal_prior.arcsinh_checks,
    "limits": optimal_prior.limit_checks,
    "floats": lambda: [floats.package_check(10, 1, 40)],
    "divergence": lambda: [floats.divergence_check(10, 1, 40)],
    "18-20": proof.stationary_point_checks,
    "18 exactly": lambda: [proof.exact_check(4, 5, 1)],
    "21-26": proof.derivative_checks,
    "27-29": proof.minimum_checks,
    "30": proof.boundary_checks,
    "escaping": proof.escaping_checks,
    "envelope": lower_bounds.envelope_checks,
    "domination": lambda: [lower_bounds.domination_check(**RANDOM)],
    "product law": lambda: lower_bounds.product_law_checks(**RANDOM),
    "floor of (3)": lambda: lower_bounds.floor_checks(4, 1),
    "full prior": lambda: family_checks.full_prior_checks(**RANDOM),
    "block prior": family_checks.block_prior_checks,
    "split": lambda: [family_checks.split_check(**RANDOM)],
    "Hadamard": lambda: family_checks.hadamard_checks(**RANDOM),
    "order": lambda: family_checks.order_checks(**RANDOM),
    "package": lambda: family_checks.package_checks(**RANDOM),
    "search": lambda: floor_curves.search_checks(floor_curves.synthetic(12, 1), "synthetic"),
}


@pytest.mark.parametrize("name", TRUE)
def test_all_checks_hold(name):
    checks = TRUE[name]()
    assert checks and not failing(checks)


@pytest.mark.parametrize("dimension", [2, 3, 9])
def test_checks_hold_in_other_dimensions(dimension):
    random = RANDOM | dict(dimension=dimension, seed=5)
    assert not failing([*family_checks.full_prior_checks(**random), *family_checks.order_checks(**random)])
    assert not failing(
        [
            family_checks.split_check(**random),
            lower_bounds.domination_check(**random),
            proof.exact_check(dimension, 3, 5),
        ]
    )


# What is false is noticed ---------------------------------------------------------------------------------------------

R = formulas.root()
MUTATIONS = {
    "(7) sign": lambda: optimal_prior.lemma_checks(prior=lambda: lam / (2 * beta) * (R + h)),
    "(7) factor 2": lambda: optimal_prior.lemma_checks(prior=changed(formulas.prior_precision, double)),
    "(7) lam for beta": lambda: optimal_prior.lemma_checks(prior=changed(formulas.prior_precision, swap)),
    "(7) Delta without its square": lambda: optimal_prior.lemma_checks(
        prior=lambda: lam / (2 * beta) * (sp.sqrt(h**2 + 4 * beta * h / delta) - h)
    ),
    "(8) sign": lambda: optimal_prior.lemma_checks(posterior=lambda: (R - h) / (2 * beta)),
    "(8) factor 2": lambda: optimal_prior.lemma_checks(posterior=lambda: (R + h) / beta),
    "(8) 2 beta for 4 beta": lambda: optimal_prior.lemma_checks(
        posterior=lambda: (h + sp.sqrt(h**2 + 2 * beta * h / delta**2)) / (2 * beta)
    ),
    "(9) factor 1/2": lambda: optimal_prior.lemma_checks(least=changed(formulas.minimum, double)),
    "(9) sign": lambda: optimal_prior.lemma_checks(least=lambda: formulas.minimum() - formulas.scale() * delta**2),
    "(9) beta outside": lambda: optimal_prior.lemma_checks(least=lambda: formulas.minimum().subs(beta, beta**2)),
    "(9) above the objective": lambda: [
        optimal_prior.global_minimum_check(30, 1, 40, least=changed(formulas.minimum, lambda value: 3 * value))
    ],
    "identity, prior": lambda: optimal_prior.one_identity_checks(prior=changed(formulas.prior_precision, double)),
    "identity, posterior": lambda: optimal_prior.one_identity_checks(
        posterior=changed(formulas.posterior_precision, double)
    ),
    "R1, prior variance": lambda: optimal_prior.prior_first_checks(best=lambda nu0=nu0: nu0 + 2 * delta**2),
    "R1, prior variance sign": lambda: optimal_prior.prior_first_checks(best=lambda nu0=nu0: nu0 + delta),
    "R1, root": lambda: optimal_prior.prior_first_checks(posterior=changed(formulas.posterior_precision, double)),
    "R2, (19)": lambda: optimal_prior.posterior_first_checks(reduced=changed(formulas.profile, swap)),
    "R2, (20)": lambda: optimal_prior.posterior_first_checks(prior=changed(formulas.prior_precision, double)),
    "arcsinh, KL": lambda: optimal_prior.arcsinh_checks(kl=lambda: sp.asinh(sp.sqrt(h * delta**2 / beta))),
    "arcsinh, power": lambda: optimal_prior.arcsinh_checks(kl=lambda: sp.asinh(h * delta**2 / beta / 2)),
    "arcsinh, E": lambda: optimal_prior.arcsinh_checks(loss=lambda kl: beta / 2 * (1 - sp.exp(-kl))),
    "arcsinh, E sign": lambda: optimal_prior.arcsinh_checks(loss=lambda kl: beta / 2 * (1 - sp.exp(2 * kl))),
    "limits": lambda: optimal_prior.limit_checks(least=changed(formulas.minimum, lambda value: value + beta)),
    "limits, slope": lambda: optimal_prior.limit_checks(least=changed(formulas.minimum, double)),
    "package, KL": lambda: [
        floats.package_check(5, 1, 40, pair=lambda *a: gaussians.optimal_prior_and_posterior(*a)._replace(kl=1.0))
    ],
    "package, naive for large t": lambda: [
        floats.package_check(
            30,
            1,
            40,
            pair=lambda a, d, b: gaussians.optimal_prior_and_posterior(a, d, b)._replace(
                prior_variance=2 * b / (np.sqrt(a**2 + 4 * b * a / d**2) - a)
            ),
        )
    ],
    "divergence, sign": lambda: [
        floats.divergence_check(
            5, 1, 40, formula=changed(formulas.divergence, lambda value: value - delta**2 / (lam * nu1))
        )
    ],
    "divergence, factor": lambda: [floats.divergence_check(5, 1, 40, formula=changed(formulas.divergence, double))],
    "(18) line 2": lambda: proof.stationary_point_checks(lines=line(proof.lines_18, 1)),
    "(18) result": lambda: proof.stationary_point_checks(lines=line(proof.lines_18, 3)),
    "(18) in numbers": lambda: [proof.exact_check(3, 3, 1, lines=line(proof.lines_18, 2, lambda value: value + 1))],
    "(19) sign": lambda: proof.stationary_point_checks(line_19=changed(formulas.profile, lambda value: -value)),
    "(19) lam for beta": lambda: proof.stationary_point_checks(line_19=changed(formulas.profile, swap)),
    "(20) sign": lambda: proof.stationary_point_checks(line_20=lambda: lam / (2 * beta) * (R + h)),
    "(21) A = h": lambda: proof.derivative_checks(
        line_21=changed(proof.objective_21, lambda value: value + h * nu0 / 2)
    ),
    "(21) lam for beta": lambda: proof.derivative_checks(line_21=changed(proof.objective_21, swap)),
    "(22) sign": lambda: proof.derivative_checks(gradient=changed(proof.gradient_22, lambda value: -value)),
    "(23) power": lambda: proof.derivative_checks(
        hessian=changed(proof.hessian_25, lambda value: value + sp.diag(0, proof.D / nu1**2 - proof.D / nu1))
    ),
    "(24) sign": lambda: proof.derivative_checks(
        hessian=changed(proof.hessian_25, lambda value: value + sp.Matrix([[0, 2 * proof.B / nu1**2], [0, 0]]))
    ),
    "(26) line 1": lambda: proof.derivative_checks(lines=line(proof.lines_26, 0, lambda value: value * nu1)),
    "(26) line 2": lambda: proof.derivative_checks(lines=line(proof.lines_26, 1)),
    "(27) as printed": lambda: proof.minimum_checks(
        chain_27=lambda: proof.lines_27(prefactor=changed(proof.prefactor_27, double))
    ),
    "(27) line 4": lambda: proof.minimum_checks(chain_27=line(proof.lines_27, 3)),
    "(28) result": lambda: proof.minimum_checks(chain_28=line(proof.lines_28, 4)),
    "(28) sign": lambda: proof.minimum_checks(chain_28=line(proof.lines_28, 2, lambda value: -value)),
    "(29) result": lambda: proof.minimum_checks(chain_29=line(proof.lines_29, 7, lambda value: value + lam**3 * h**2)),
    "(29) line 3": lambda: proof.minimum_checks(chain_29=line(proof.lines_29, 2, lambda value: value - precision)),
    "(30) logarithm's sign": lambda: proof.boundary_checks(
        line_21=changed(proof.objective_21, lambda value: value + beta * sp.log(nu0))
    ),
    "(30) without A": lambda: proof.boundary_checks(
        line_21=changed(proof.objective_21, lambda value: value - h * nu0 / 2 - proof.B * nu0 / nu1)
    ),
    "escaping, without x^6": lambda: proof.escaping_checks(
        function=changed(proof.escaping, lambda value: value - (proof.u + proof.v) ** 6)
    ),
    "escaping, bounded below": lambda: proof.escaping_checks(
        function=lambda: (proof.u + proof.v) ** 2 + (proof.u + proof.v) ** 6 + (proof.u - proof.v) ** 2
    ),
    "envelope": lambda: lower_bounds.envelope_checks(value=changed(formulas.minimum, double)),
    "domination": lambda: [
        lower_bounds.domination_check(**RANDOM, floor=lambda costs, loss: 4 * families.block_floor(costs, loss))
    ],
    "product law, constant": lambda: lower_bounds.product_law_checks(
        **RANDOM, constant=lambda r, s: 2 * lower_bounds.product_constant(r, s)
    ),
    "product law, power": lambda: lower_bounds.product_law_checks(
        **RANDOM, constant=lambda r, s: sum(a * a * b for a, b in zip(r, s)) ** 2 / 4
    ),
    "floor of (3), c": lambda: lower_bounds.floor_checks(2, 1, linear=_without_constant),
    "floor of (3), 8": lambda: lower_bounds.floor_checks(2, 1, linear=_four_for_eight),
    "full prior, factor": lambda: family_checks.full_prior_checks(
        **RANDOM, floor=lambda cost, loss: 2 * families.full_floor(cost, loss)
    ),
    "full prior, too low": lambda: family_checks.full_prior_checks(
        **RANDOM, floor=lambda cost, loss: families.full_floor(cost / 2, loss)
    ),
    "block share, sign": lambda: family_checks.block_prior_checks(
        share=lambda *a: families.block_share(*a) + families.c
    ),
    "block share, factor": lambda: family_checks.block_prior_checks(share=lambda *a: 2 * families.block_share(*a)),
    "block floor, equal split": lambda: [
        family_checks.split_check(
            **RANDOM | dict(instances=20),
            floor=lambda costs, loss: mp.fsum(families.full_floor(cost, loss / len(costs)) for cost in costs),
        )
    ],
    "order": lambda: family_checks.order_checks(**RANDOM, values=_turned),
}


def _without_constant(curvature, displacement, n, delta, betas):
    return lower_bounds.linear_floor(curvature, displacement, n, delta, betas) - betas * np.log(2 * (n - 1) / delta)


def _four_for_eight(curvature, displacement, n, delta, betas):
    return lower_bounds.linear_floor(curvature, displacement, n, delta, betas) + 1 / (8 * n * np.asarray(betas))


def _turned(problem):
    kl = families.floors(problem)
    return kl | {"full": kl["block"], "block": kl["full"]}


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_wrong_formula_is_noticed(name):
    assert failing(MUTATIONS[name]())


@pytest.mark.parametrize("name", ["full_prior", "block_prior", "isotropic_prior", "baseline"])
def test_a_wrong_floor_in_the_package_is_noticed(monkeypatch, name):
    right = getattr(family_checks.package, name)
    monkeypatch.setattr(family_checks.package, name, lambda *arguments: right(*arguments) * (1 + 1e-9))
    assert failing(family_checks.package_checks(**RANDOM))


# Counterexamples ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("erratum", optimal_prior.ERRATA, ids=lambda erratum: erratum.place)
def test_every_counterexample_shows_something(erratum):
    sentence = erratum.counterexample()
    assert any(character.isdigit() for character in sentence) and not re.search(r"\b(nan|inf)\b", sentence)


@pytest.mark.parametrize(
    "nothing",
    [
        lambda: counterexamples.unbounded_below(h=1.0),
        lambda: counterexamples.full_posterior_below(correlation=0.0),
        lambda: counterexamples.isotropic_crossing(correlation=0.0),
        lambda: counterexamples.bounded_loss_below(variance=1e-3),
        lambda: counterexamples.other_prefactor(correct=changed(proof.prefactor_27, double)),
        lambda: counterexamples.no_minimum(function=lambda: proof.u**2 + proof.v**2),
        lambda: counterexamples.another_beta(n=2, other=2.0),
        lambda: counterexamples.accuracy_below_the_curve(variance=0.7),
    ],
)
def test_a_case_that_shows_nothing_is_refused(nothing):
    with pytest.raises(CheckFailed):
        nothing()


# What the figures show ------------------------------------------------------------------------------------------------


def test_the_stable_form_keeps_its_digits_and_the_printed_one_does_not():
    errors = floats.relative_errors(np.geomspace(1e-20, 1e20, 11), 30)
    assert max(values.max() for values in errors["stable"].values()) < 1e-15
    assert errors["printed"]["prior variance"][-1] == 1 and errors["printed"]["KL"].min() < 1e-15


def test_the_search_needs_its_steps():
    problem = floor_curves.synthetic(12, 1)
    assert failing(floor_curves.search_checks(problem, "synthetic", steps=3))


def test_the_curves_are_in_order_on_a_synthetic_problem():
    curves = floor_curves.curves(floor_curves.synthetic(12, 1), points=9, most=1e4)
    names = list(floor_curves.FAMILIES)
    for low, high in ((1, 0), (2, 1), (3, 1), (4, 3), (5, 4), (5, 2)):
        assert (curves[names[low]] <= curves[names[high]] * (1 + 1e-12)).all()


def test_refusals():
    with pytest.raises(ValueError, match="dimension must be at least 8, got 5"):
        floor_curves.synthetic(5, 0)
    with pytest.raises(ValueError, match="dimension must be at least 2, got 1"):
        family_checks.order_checks(**RANDOM | dict(dimension=1))
    with pytest.raises(ValueError, match="instances must be at least 1, got 0"):
        optimal_prior.global_minimum_check(0, 0, 50)
    with pytest.raises(ValueError, match="digits must be at least 20, got 10"):
        family_checks.order_checks(**RANDOM | dict(digits=10))


def test_the_networks_drawn_on_digits_pay_for_every_weight_with_noise(digits, digits_network):
    """Chapter 04's table: E and KL are those of the pair that is sampled, with weights without curvature."""
    problem = floor_curves.network_problem(digits, digits_network)
    found = floor_curves.stochastic_accuracy(digits, digits_network, [1e-4, 1e1], 2, torch.Generator(), 0.05)
    assert ((problem.curvature == 0) & (problem.displacement != 0)).any()
    for _, row in found.iterrows():
        pair = floors.attained_pair(problem.curvature, problem.displacement, row["beta"])
        noisy = pair.variance > 0
        prior = pair.variance[noisy] + problem.displacement[noisy] ** 2
        kl = kl_divergence(problem.displacement[noisy], pair.variance[noisy], 0.0, prior)
        assert row["KL (nats)"] == pytest.approx(kl, rel=1e-9)
        assert row["E"] == pytest.approx(problem.curvature @ pair.variance / 2, rel=1e-9)
    assert found["accuracy"][0] > 0.99 > 0.5 > found["accuracy"][1]
