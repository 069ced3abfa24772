"""Chapter 03's numbers: the best prior scale, the front with and without a free mean, the errata, the curvature's blocks."""

import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from paper.theory import errata as shown
from paper.theory.posterior import errata, front


@pytest.mark.parametrize("item", errata.ERRATA, ids=lambda item: item.place)
def test_each_erratum_shows_something(item):
    assert any(character.isdigit() for character in item.counterexample())
    box = shown.box(item).data
    assert ":class: false-as-printed" in box and item.counterexample() in box and item.correct in box


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
