"""Where a front runs in a family whose accuracy is a formula: the members that are chosen are the least complex ones."""

import numpy as np
import pytest
from scipy.special import expit, logit

from pacbayes_curvature import posteriors
from pacbayes_curvature.bounds import complexity
from paper.experiments.accuracy_vs_complexity import family
from paper.experiments.grid import grid

N, CHANCE = 50_000, 0.1
LAYERS = [
    posteriors.LayerPosterior(np.geomspace(10, 1e-4, 40), None, 20, 60.0),
    posteriors.LayerPosterior(np.geomspace(3, 1e-3, 20), None, 10, 25.0),
]


def way(lam, beta):
    """The accuracy's part of the way from guessing to perfect: it falls with the quadratic loss."""
    return expit(2 - 1.5 * np.log(posteriors.expected_quadratic_loss(LAYERS, lam, beta)))


def explored(method, size=20):
    points = grid(method, size)
    return points.assign(accuracy=CHANCE + (1 - CHANCE) * way(points["lam"], points["beta"]))


@pytest.mark.parametrize("method", ["baseline", "diag"])
def test_each_member_has_its_accuracy_and_no_other_one_is_less_complex(method):
    found = family.members(explored(method), LAYERS, N, CHANCE).set_index("point")
    rng = np.random.default_rng(0)
    lam = np.exp(rng.uniform(np.log(1e-5), np.log(5), 40_000))
    beta = np.full(len(lam), np.inf) if method == "baseline" else np.exp(rng.uniform(np.log(1e-5), np.log(5), len(lam)))
    some, cost = way(lam, beta), complexity(posteriors.kl_divergence(LAYERS, lam, beta), N)
    for s in family.TARGETS:
        a, b = (np.array([value]) for value in found.loc[f"front {s:g}", ["lam", "beta"]])
        assert logit(way(a, b))[0] == pytest.approx(logit(s), abs=0.1)
        height = complexity(posteriors.kl_divergence(LAYERS, a, b), N)[0]
        assert height <= 1.02 * cost[some >= way(a, b)].min()
    bounds = (1 - CHANCE) * (1 - some) + cost
    best = found.loc[["best"]]
    own = (1 - CHANCE) * (1 - way(best["lam"], best["beta"])) + complexity(
        posteriors.kl_divergence(LAYERS, best["lam"], best["beta"]), N
    )
    assert own[0] <= bounds[some >= family.HALFWAY].min() + 0.005
    assert tuple(found.loc["noise"]) == (grid("baseline", 20)["lam"].max(), np.inf)


def test_on_the_grids_points_the_lattice_has_their_accuracies_and_divergences():
    points = explored("diag", 10)
    lam, beta, expected = family.lattice(points, CHANCE)
    i, j = np.searchsorted(lam, points["lam"]), np.searchsorted(beta, points["beta"])
    assert (lam[i] == points["lam"]).all() and (beta[j] == points["beta"]).all()
    inside = (points["accuracy"] - CHANCE) / (1 - CHANCE)
    np.testing.assert_allclose(expected[i, j], inside.clip(*family.LIMITS), rtol=1e-9)
    divergence = family._divergence(LAYERS, lam, beta)[i, j]
    np.testing.assert_allclose(divergence, posteriors.kl_divergence(LAYERS, points["lam"], points["beta"]), rtol=1e-4)


def test_a_target_that_no_member_reaches_is_the_most_accurate_ones():
    points = explored("baseline")
    points["accuracy"] = points["accuracy"].clip(upper=0.5)
    found = family.members(points, LAYERS, N, CHANCE).set_index("point")
    farthest = found.loc[[f"front {s:g}" for s in family.TARGETS if s > 0.5]]
    assert len(farthest.drop_duplicates()) == 1
