"""Bounds: against mpmath, and the laws that make a certificate one."""

import itertools
import math

import mpmath as mp
import numpy as np
import pytest
import torch
from certified import EXTREME_C, EXTREME_Q, ULPS, assert_certified, random_grid
from dense_reference import bernoulli_kl, bernoulli_kl_inverse

from pacbayes_curvature.bounds import (
    CATONI,
    catoni_bound,
    complexity,
    kl_bernoulli,
    kl_bound,
    kl_inverse,
    pac_bayes_bound,
    quadratic_bound,
)

# Theorem 3.1 ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kl, n, delta", [(0, 2, 0.05), (1234.5, 50_000, 0.05), (1e-3, 7, 0.999), (1e9, 10**12, 1e-30)])
def test_complexity_is_the_theorems_square_root(kl, n, delta):
    with mp.workdps(40):
        expected = mp.sqrt((mp.mpf(kl) + mp.log(2 * (n - 1) / mp.mpf(delta))) / (2 * n))
    assert complexity(kl, n, delta) == pytest.approx(float(expected), rel=1e-14)


def test_complexity_falls_with_n_and_delta_and_rises_with_kl():
    assert np.all(np.diff([complexity(5.0, n) for n in (2, 3, 4, 10, 100, 10**5, 10**9)]) < 0)
    assert np.all(np.diff([complexity(5.0, 100, delta) for delta in (1e-9, 0.01, 0.5, 0.99)]) < 0)
    assert np.all(np.diff(complexity(np.array([0, 1e-6, 1, 10, 1e8]), 100)) > 0)
    assert complexity(math.inf, 100) == math.inf


def test_bound_is_risk_plus_complexity_and_looser_than_maurers():
    risk, kl, n = np.array([0.0, 0.02, 0.4]), np.array([0.0, 30.0, 5000.0]), 10_000
    bound = pac_bayes_bound(risk, kl, n, 0.01)
    np.testing.assert_allclose(bound, risk + complexity(kl, n, 0.01), rtol=1e-15)
    assert np.all(bound > risk)
    assert np.all(bound >= kl_inverse(risk, (kl + math.log(2 * math.sqrt(n) / 0.01)) / n))


def test_maurers_bound_is_never_below_the_exact_value_and_close_above_it():
    rng = np.random.default_rng(5)
    for n in (10 ** rng.uniform(0.95, 9, 100)).astype(int).tolist():
        risks = np.array([rng.choice([0.0, rng.uniform(), 10 ** rng.uniform(-12, 0)]) for _ in range(5)])
        kls, deltas = 10 ** rng.uniform(-6, 6, 5), 10 ** rng.uniform(-30, -1e-3, 5)
        for risk, kl, delta, found in zip(risks, kls, deltas, kl_bound(risks, kls, n, deltas)):
            with mp.workdps(60):
                budget = (mp.mpf(kl) + mp.log(2 * mp.sqrt(n) / mp.mpf(delta))) / n
                assert found == 1 or bernoulli_kl(mp.mpf(risk), mp.mpf(found)) >= budget
                tighter = found - (found - risk) * 1e-12 - 4 * np.spacing(found)
                assert tighter <= risk or bernoulli_kl(mp.mpf(risk), mp.mpf(tighter)) < budget


def test_maurers_bound_is_the_tighter_one_and_keeps_the_laws():
    risk, kl = np.array([0.0, 1e-9, 0.02, 0.4, 1.0]), np.array([0.0, 1e-3, 30.0, 5000.0, math.inf])
    for n in (8, 100, 60_000):
        found = kl_bound(risk, kl, n)
        assert np.all(found >= risk) and np.all(found <= 1)
        assert np.all(found <= np.minimum(pac_bayes_bound(risk, kl, n), 1) * (1 + 1e-12))
    assert np.all(np.diff(kl_bound(0.1, np.geomspace(1e-3, 1e3, 20), 500)) > 0)
    assert np.all(np.diff([kl_bound(0.1, 5.0, n) for n in (8, 9, 100, 10**6)]) < 0)
    assert np.all(np.diff([kl_bound(0.1, 5.0, 100, delta) for delta in (1e-9, 0.01, 0.5)]) < 0)
    assert kl_bound(np.float32(0.1), np.float32(5.0), 100) >= kl_bound(float(np.float32(0.1)), 5.0, 100)
    with pytest.raises(ValueError, match="^n must be at least 8 for Maurer's constant, got 7$"):
        kl_bound(0.1, 1.0, 7)


def test_bound_passes_gradients():
    kl = torch.tensor(3.0, dtype=torch.float64, requires_grad=True)
    bound = pac_bayes_bound(0.1, kl, 50)
    bound.backward()
    assert kl.grad.item() == pytest.approx(1 / (4 * 50 * complexity(3.0, 50)), rel=1e-14)


# The two that are solved by a bound on kl -------------------------------------------------------------------------------


def random_points(seed, size, alike=1):
    """Risks, divergences, N and delta of all magnitudes; so many in a row with the same N."""
    rng = np.random.default_rng(seed)
    for _ in range(size // alike):
        n = int(10 ** rng.uniform(0.95, 9))
        for _ in range(alike):
            risk = float(rng.choice([0.0, 1.0, rng.uniform(), 10 ** rng.uniform(-12, 0)]))
            kl = float(rng.choice([0.0, 10 ** rng.uniform(-6, 7)]))
            yield risk, kl, n, float(10 ** rng.uniform(-30, -1e-3))


def test_the_quadratic_bound_is_its_formula_and_never_below_it():
    for risk, kl, n, delta in random_points(11, 300):
        with mp.workdps(50):
            half = (mp.mpf(kl) + mp.log(2 * mp.sqrt(n) / mp.mpf(delta))) / (2 * n)
            exact = (mp.sqrt(mp.mpf(risk) + half) + mp.sqrt(half)) ** 2
            assert exact <= quadratic_bound(risk, kl, n, delta) <= exact * (1 + 1e-14)


def test_catonis_bound_is_the_least_of_its_grid_and_never_below_it():
    for risk, kl, n, delta in random_points(12, 60):
        with mp.workdps(50):
            budget = (mp.mpf(kl) + mp.log(len(CATONI) / mp.mpf(delta))) / n
            exact = min((1 - mp.exp(-c * mp.mpf(risk) - budget)) / (1 - mp.exp(-mp.mpf(c))) for c in CATONI)
            assert exact <= catoni_bound(risk, kl, n, delta) <= exact * (1 + 1e-14)


def test_the_quadratic_bound_is_kl_solved_by_a_lower_bound():
    """(p - q)^2 / (2 p) is the budget there, and at most kl."""
    for n, points in itertools.groupby(random_points(13, 500, alike=5), key=lambda point: point[2]):
        risk, kl, _, delta = map(np.array, zip(*points))
        found, budget = quadratic_bound(risk, kl, n, delta), (kl + np.log(2 * math.sqrt(n) / delta)) / n
        for one, needed in zip((found - risk) ** 2 / (2 * found), budget):
            assert one == pytest.approx(needed, rel=1e-6 if needed > 1e-9 else 1e-3)
        below = found < 1
        assert (kl_bernoulli(risk[below], found[below]) >= budget[below] * (1 - 1e-9)).all()
        assert (kl_bound(risk, kl, n, delta)[below] <= found[below] * (1 + 1e-14)).all()


def test_catonis_bound_is_above_the_kl_bound_of_its_own_logarithm():
    """Each c is a straight line under kl: the least of all of them would be kl^-1, the grid comes close."""
    points = list(random_points(14, 300))
    budgets = np.array([(kl + math.log(len(CATONI) / delta)) / n for _, kl, n, delta in points])
    best = kl_inverse(np.array([risk for risk, *_ in points]), budgets)
    assert np.all(best <= [catoni_bound(*point) * (1 + 1e-14) for point in points])
    fine = np.geomspace(0.01, 30, 2000)
    for risk, budget in ((0.02, 0.01), (0.1, 0.1), (0.4, 0.02)):
        kl = budget * 10**4 - math.log(len(fine) / 0.05)
        assert catoni_bound(risk, kl, 10**4, grid=fine) == pytest.approx(kl_inverse(risk, budget), rel=1e-5)


def test_a_grid_of_catonis_is_paid_for():
    one, two = (catoni_bound(0.1, 50.0, 1000, grid=[1.0] * times) for times in (1, 2))
    assert two == pytest.approx(catoni_bound(0.1, 50.0, 1000, 0.025, grid=[1.0]), rel=1e-14) and two > one
    other = catoni_bound(0.1, 50.0, 1000, grid=[0.01])
    assert catoni_bound(0.1, 50.0, 1000, 0.1, grid=[1.0, 0.01]) == pytest.approx(min(one, other), rel=1e-14)
    assert len(set(CATONI)) == len(CATONI) and min(CATONI) == 0.25 and max(CATONI) == 64


@pytest.mark.parametrize("bound", [quadratic_bound, catoni_bound])
def test_both_rise_with_risk_and_divergence_and_fall_with_n_and_delta(bound):
    assert np.all(np.diff(bound(np.linspace(0, 1, 30), 5.0, 500)) > 0)
    assert np.all(np.diff(bound(0.1, np.geomspace(1e-3, 1e4, 30), 500)) > 0)
    assert np.all(np.diff([bound(0.1, 5.0, n) for n in (8, 9, 100, 10**6)]) < 0)
    assert np.all(np.diff([bound(0.1, 5.0, 100, delta) for delta in (1e-9, 0.01, 0.5)]) < 0)
    assert bound(0.1, math.inf, 100) >= 1


@pytest.mark.parametrize("bound", [quadratic_bound, catoni_bound])
def test_both_pass_gradients(bound):
    point = [torch.tensor(values, dtype=torch.float64, requires_grad=True) for values in ([0.05, 0.3], [40.0, 3.0])]
    assert torch.autograd.gradcheck(lambda risk, kl: bound(risk, kl, 500), point)


def test_the_quadratic_bound_passes_gradients_without_errors():
    risk, kl = (torch.tensor(value, dtype=torch.float64, requires_grad=True) for value in (0.0, 2.0))
    quadratic_bound(risk, kl, 50).backward()
    half = (2 + math.log(2 * math.sqrt(50) / 0.05)) / 100
    assert (risk.grad.item(), kl.grad.item()) == pytest.approx((2.0, 4 / 100), rel=1e-12)
    assert quadratic_bound(0.0, 2.0, 50) == pytest.approx(4 * half, rel=1e-12)


# kl(q||p) -------------------------------------------------------------------------------------------------------------


def test_kl_bernoulli_against_mpmath():
    q, u = random_grid(seed=0, size=150)
    near = np.nextafter(q, 1) + 1e-9 * q * (np.arange(len(q)) % 2)
    for p in (near, q + (1 - q) * np.minimum(u, 0.999), q * 0.3):
        p = np.minimum(p, 1.0)
        expected = [float(bernoulli_kl(a, b, digits=80)) for a, b in zip(q, p)]
        np.testing.assert_allclose(kl_bernoulli(q, p), expected, rtol=3e-15)


def test_kl_bernoulli_is_zero_only_at_equality():
    q = np.array(EXTREME_Q + list(random_grid(seed=1, size=100)[0]))
    assert np.all(kl_bernoulli(q, q) == 0)
    visible = q[(q > 1e-280) & (q < 1)]  # below, the square of a rounding underflows
    assert np.all(kl_bernoulli(visible, np.nextafter(visible, 1)) > 0)
    assert np.all(kl_bernoulli(visible, np.nextafter(visible, 0)) > 0)


def test_kl_bernoulli_at_the_ends(recwarn):
    assert kl_bernoulli(0, 0) == kl_bernoulli(1, 1) == 0
    assert kl_bernoulli(0.3, 0) == kl_bernoulli(0.3, 1) == kl_bernoulli(0, 1) == kl_bernoulli(1, 0) == math.inf
    assert kl_bernoulli(0, 0.5) == pytest.approx(math.log(2), rel=1e-15)
    assert kl_bernoulli(0.5, 5e-324) == pytest.approx(-0.5 * math.log(4 * 5e-324), rel=1e-14)
    assert not recwarn.list


def test_kl_bernoulli_passes_gradients():
    q = torch.tensor([0.0, 0.2, 0.5, 0.7], dtype=torch.float64)
    p = torch.tensor([0.1, 0.9, 0.5, 0.1], dtype=torch.float64, requires_grad=True)
    kl_bernoulli(q, p).sum().backward()
    torch.testing.assert_close(p.grad, ((p - q) / (p * (1 - p))).detach(), rtol=1e-13, atol=0)
    inner = torch.tensor([0.2, 0.5, 0.7], dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda q: kl_bernoulli(q, p[1:].detach()), inner)


# Its inverse ----------------------------------------------------------------------------------------------------------


def test_kl_inverse_is_never_below_on_a_random_grid():
    q, c = random_grid(seed=2, size=400)
    for row in zip(q, c, kl_inverse(q, c)):
        assert_certified(*row)


def test_kl_inverse_is_never_below_on_extremes():
    q, c = (a.ravel() for a in np.meshgrid(EXTREME_Q, EXTREME_C))
    for row in zip(q, c, kl_inverse(q, c)):
        assert_certified(*row)


@pytest.mark.parametrize("q", [0.0, 1e-18, 0.003, 0.3, 0.97, 1.0])
@pytest.mark.parametrize("c", [1e-18, 1e-5, 0.2, 4.0, 50.0])
def test_kl_inverse_against_mpmath_bisection(q, c):
    expected, p = bernoulli_kl_inverse(q, c, digits=60), kl_inverse(q, c)
    assert mp.mpf(p) >= expected
    assert p <= float(expected) * (1 + ULPS * 2.0**-52)


def test_kl_inverse_in_closed_form_at_zero_risk():
    c = np.array([0, 1e-300, 1e-18, 0.1, 1.0, 30.0])
    np.testing.assert_allclose(kl_inverse(0, c), -np.expm1(-c), rtol=4e-15)


def test_kl_inverse_at_its_ends():
    q = np.array(EXTREME_Q)
    np.testing.assert_array_equal(kl_inverse(q, 0), q)
    np.testing.assert_array_equal(kl_inverse(q, math.inf), np.ones_like(q))
    assert kl_inverse(1, 3) == 1 and kl_inverse(0.2, 1e4) == 1 and not np.signbit(kl_inverse(-0.0, 0))


def test_kl_inverse_inverts_kl():
    q, c = random_grid(seed=3, size=300)
    p = kl_inverse(q, c)
    inside = (p - q > 1e-7 * q) & (1 - p > 1e-7)  # elsewhere p's own roundings move kl by more
    assert inside.sum() > 300
    np.testing.assert_allclose(kl_bernoulli(q, p)[inside], c[inside], rtol=1e-7)
    target = q + (1 - q) * np.random.default_rng(4).uniform(0.01, 0.99, len(q))
    np.testing.assert_allclose(kl_inverse(q, kl_bernoulli(q, target)), target, rtol=1e-13)


def test_kl_inverse_is_below_pinsker_and_increasing():
    q = np.linspace(0, 1, 41)
    for c in (1e-3, 0.1, 1.0):
        p = kl_inverse(q, c)
        assert np.all(p <= q + math.sqrt(c / 2) + 1e-14)
        assert np.all(np.diff(p)[p[:-1] < 1] > 0)
    assert np.all(np.diff(kl_inverse(0.1, np.geomspace(1e-6, 10, 50))) > 0)


def test_kl_inverse_rounds_float32_up():
    q, c = random_grid(seed=5, size=200)
    q, c = torch.tensor(q, dtype=torch.float32), torch.tensor(c, dtype=torch.float32)
    single, double = kl_inverse(q, c), kl_inverse(q.double(), c.double())
    assert single.dtype == torch.float32 and double.dtype == torch.float64
    assert torch.all(single.double() >= double)
    assert torch.all(torch.nextafter(single, torch.zeros(())).double() < double)
