"""Chapter 04 beside its lecture: every counterexample shows something, and what is measured on the digits is what it says."""

import numpy as np
import pytest
import torch

from pacbayes_curvature import floors
from pacbayes_curvature.gaussians import kl_divergence
from paper.theory.checks import CheckFailed
from paper.theory.prior import counterexamples, floats, measured


@pytest.fixture(scope="module")
def problem(digits, digits_network):
    return measured.network_problem(digits, digits_network)


@pytest.mark.parametrize(
    "nothing",
    [
        lambda: counterexamples.unbounded_below(h=1.0),
        lambda: counterexamples.full_posterior_below(correlation=0.0),
        lambda: counterexamples.isotropic_crossing(correlation=0.0),
        lambda: counterexamples.bounded_loss_below(variance=1e-3),
        lambda: counterexamples.other_prefactor(correct=2),
        lambda: counterexamples.other_prefactor(correct=8),
        lambda: counterexamples.no_minimum(function=lambda: counterexamples.u**2 + counterexamples.v**2),
        lambda: counterexamples.another_beta(n=2, other=2.0),
        lambda: counterexamples.accuracy_below_the_curve(variance=0.7),
    ],
)
def test_a_case_that_shows_nothing_is_refused(nothing):
    with pytest.raises(CheckFailed):
        nothing()


def test_the_stable_form_keeps_its_digits_and_the_printed_one_does_not():
    errors = floats.relative_errors(np.geomspace(1e-20, 1e20, 11), 30)
    assert max(values.max() for values in errors["stable"].values()) < 1e-15
    assert errors["printed"]["prior variance"][-1] == 1 and errors["printed"]["KL"].min() < 1e-15


def test_the_search_needs_its_steps(problem):
    assert abs(measured.search(problem, 1.0, steps=60)["above"].iloc[-1]) < 1e-11
    assert measured.search(problem, 1.0, steps=3)["above"].iloc[-1] > 1e-3


def test_the_curves_are_in_order(problem):
    curves = measured.curves(problem, points=9)
    names = list(measured.FAMILIES)
    for low, high in ((1, 0), (2, 1), (3, 1), (4, 3), (5, 4), (5, 2)):
        assert (curves[names[low]] <= curves[names[high]] * (1 + 1e-12)).all()


def test_the_product_law_has_its_constants(problem):
    table = measured.product_law(problem)
    assert (table["E KL"] <= table["S"]).all() and (table["S"] <= table.iloc[:, 5]).all()
    assert table["E KL"].iloc[-1] == pytest.approx(table["S"].iloc[-1], rel=1e-2)


def test_the_networks_drawn_on_digits_pay_for_every_weight_with_noise(digits, digits_network, problem):
    """Chapter 04's table: E and KL are those of the pair that is sampled, with weights without curvature."""
    found = measured.stochastic_accuracy(digits, digits_network, [1e-4, 1e1], 2, torch.Generator(), 0.05)
    assert ((problem.curvature == 0) & (problem.displacement != 0)).any()
    for _, row in found.iterrows():
        pair = floors.attained_pair(problem.curvature, problem.displacement, row["beta"])
        noisy = pair.variance > 0
        prior = pair.variance[noisy] + problem.displacement[noisy] ** 2
        kl = kl_divergence(problem.displacement[noisy], pair.variance[noisy], 0.0, prior)
        assert row["KL (nats)"] == pytest.approx(kl, rel=1e-9)
        assert row["E"] == pytest.approx(problem.curvature @ pair.variance / 2, rel=1e-9)
    assert found["accuracy"][0] > 0.99 > 0.5 > found["accuracy"][1]
