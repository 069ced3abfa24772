"""What is no number, and what is one in an unusual kind, at every function that takes numbers."""

import numpy as np
import pytest
from hostile import NO_NUMBERS, NUMBERS, outcome, plain

from pacbayes_curvature import bounds, certificates, gaussians, pareto

BOUNDS = {
    "complexity": lambda a: bounds.complexity(a, 100),
    "pac_bayes_bound": lambda a: bounds.pac_bayes_bound(a, 1.0, 100),
    "kl_bound": lambda a: bounds.kl_bound(a, 1.0, 100),
    "quadratic_bound": lambda a: bounds.quadratic_bound(a, 1.0, 100),
    "catoni_bound": lambda a: bounds.catoni_bound(a, 1.0, 100),
    "kl_bernoulli": lambda a: bounds.kl_bernoulli(a, 0.5),
    "kl_inverse": lambda a: bounds.kl_inverse(a, 0.1),
    "risk_from_outcomes": lambda a: certificates.risk_from_outcomes(a, 100),
    "certificate": lambda a: certificates.certificate(a, 100, 1.0, 100),
    "optimal_posterior": lambda a: gaussians.optimal_posterior(a, 1.0, 1.0),
    "optimal_pair": lambda a: gaussians.optimal_prior_and_posterior(a, 1.0, 1.0).kl,
}
SUMS = {
    "kl_divergence": lambda a: gaussians.kl_divergence(a, 1.0, 0.0, 1.0),
    "kl_divergence of variances": lambda a: gaussians.kl_divergence(0.0, a, 0.0, 1.0),
}
OWN = {
    "grid": lambda a: bounds.catoni_bound(0.1, 1.0, 100, grid=a),
    "accuracy": lambda a: pareto.meeting(a, [0.5, 0.5], 1.0),
    "line": lambda a: pareto.non_vacuous([0.5], [0.5], a),
    "at": lambda a: pareto.least_complexity([0.5], [0.5], a),
    "stderr": lambda a: pareto.interpolated_complexity([0.5, 0.6], [0.5, 0.6], 0.55, a),
}


@pytest.mark.parametrize("kind", NO_NUMBERS)
@pytest.mark.parametrize("name", OWN)
def test_what_is_no_number_is_refused(name, kind):
    assert outcome(OWN[name], NO_NUMBERS[kind]) is None


BEYOND = [2**63, 2**64, 10**30, 10**400]  # examples, more than int64 holds
COUNTED = {
    "complexity": lambda n: bounds.complexity(1.0, n),
    "kl_bound": lambda n: bounds.kl_bound(0.1, 1.0, n),
    "quadratic_bound": lambda n: bounds.quadratic_bound(0.1, 1.0, n),
    "catoni_bound": lambda n: bounds.catoni_bound(0.1, 1.0, n),
    "certificate": lambda n: certificates.certificate(1, 10, 1.0, n),
    "holdout_bound": lambda n: certificates.holdout_bound(1, n),
}


@pytest.mark.parametrize("kind", NO_NUMBERS)
def test_what_is_no_number_is_refused_at_the_border(kind):
    assert {name: outcome(f, NO_NUMBERS[kind]) for name, f in (BOUNDS | SUMS).items()} == dict.fromkeys(BOUNDS | SUMS)


@pytest.mark.parametrize("n", BEYOND, ids=lambda n: str(n)[:30])
def test_more_examples_than_can_be_counted_are_refused(n):
    assert {name: outcome(f, n) for name, f in COUNTED.items()} == dict.fromkeys(COUNTED)


@pytest.mark.parametrize("kind", NUMBERS)
@pytest.mark.parametrize("name", BOUNDS)
def test_a_number_is_taken_in_any_kind(name, kind):
    given = NUMBERS[kind]
    np.testing.assert_allclose(plain(BOUNDS[name](given)), np.full(np.shape(given), BOUNDS[name](0.5)), rtol=1e-7)
