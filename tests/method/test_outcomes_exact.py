"""The exact outcomes against a dense twin, example by example, in float64 and with the same noise."""

import numpy as np
from small_levels import BETA, LAM, PROBLEMS, found, problem, same, through
from small_posteriors import augmented, covariance

from pacbayes_curvature.gibbs import local_reparametrisation
from pacbayes_curvature.gibbs.local_reparametrisation import LocalReparametrisation


def exact(layer, z, g):
    """s by the dense covariance: the root of z' Sigma z."""
    return np.sqrt(np.einsum("ni,ij,nj->n", z, covariance(layer, LAM[g], BETA[g], z.shape[1]), z))


@PROBLEMS
def test_exact_outcomes(kind, bias, monkeypatch):
    monkeypatch.setattr(local_reparametrisation, "TOLERANCE", 0.0)
    weights, layers, x, y, noise = problem(kind, bias)

    def deviation(l, z, g):
        return exact(layers[l], augmented(z, weights[l].shape[1]), g)

    outcomes = found(LocalReparametrisation(weights, layers, LAM, BETA), x, y, noise)
    same(outcomes, lambda g: through(weights, deviation, x, y, noise, g))


def truncated(layer, z, lam, beta, tolerance):
    """s of the docstring of `_Deeper`, term by term."""
    basis = np.eye(z.shape[1]) if layer.basis is None else layer.basis
    rho, c = lam / beta, z @ basis
    v = [lam / (1 + rho * g) for g in layer.curvature]
    if layer.basis is None:
        return np.sqrt(sum(v[i] * c[:, i] ** 2 for i in range(len(v))))
    rank = len(v) if rho * layer.curvature[0] > 1e4 else sum(rho * g > 2 * tolerance for g in layer.curvature)
    following = layer.curvature[rank] if rank < len(v) else 0.0
    u = lam / np.sqrt(1 + rho * following) if rank < z.shape[1] else 0.0
    return np.sqrt(sum((v[i] - u) * c[:, i] ** 2 for i in range(rank)) + u * np.square(z).sum(1))


@PROBLEMS
def test_exact_outcomes_but_for_the_tolerance(kind, bias, monkeypatch):
    monkeypatch.setattr(local_reparametrisation, "TOLERANCE", 0.05)
    weights, layers, x, y, noise = problem(kind, bias)

    def deviation(l, z, g):
        z = augmented(z, weights[l].shape[1])
        return exact(layers[l], z, g) if l == 0 else truncated(layers[l], z, LAM[g], BETA[g], 0.05)

    outcomes = found(LocalReparametrisation(weights, layers, LAM, BETA), x, y, noise)
    same(outcomes, lambda g: through(weights, deviation, x, y, noise, g))


def test_the_leading_directions():
    """Those with rho g > 2 TOLERANCE, a hundredth; all of them from rho g_1 > 10^4 on."""
    curvature = np.array([1.0, 0.5, 0.01, 0.001, 0.0])
    lam, beta = np.array([1.0, 1.0, 1.0, 1.0, 1.0, 1.0]), np.array([1000.0, 100.0, 99.0, 1.0, 1e-4, 0.99995e-4])
    assert local_reparametrisation.leading(curvature, lam, beta).tolist() == [0, 0, 1, 2, 4, 5]
