"""Posteriors of a few weights, of every kind that a layer can have, and their covariances as dense matrices."""

import numpy as np
import torch
from small_networks import seeded, tiny

from pacbayes_curvature import posteriors
from pacbayes_curvature.curvature.second_moments import low_rank, second_moments, spectrum

KINDS = [*posteriors.METHODS, "low rank"]


def network(sizes, bias=True):
    """A network in float64, with inputs around which it has its curvature, and labels."""
    weights = tiny(0, sizes)
    x = torch.randn(40, sizes[0], generator=seeded(1), dtype=torch.float64)
    return (weights if bias else [w[:, :-1].contiguous() for w in weights]), x, torch.arange(40) % sizes[-1]


def layers_of(kind, weights, x):
    """The layers' posteriors; "low rank" has two eigenvectors of each layer."""
    if kind == "low rank":
        found = low_rank(weights, x, 2, seeded(2))
        return [posteriors.LayerPosterior(g, basis, len(w), 1.0) for (g, basis, _), w in zip(found, weights)]
    moments = second_moments(weights, x)
    return [posteriors.layer_posterior(kind, h, spectrum(h), len(w), 1.0) for h, w in zip(moments, weights)]


def covariance(layer, lam, beta, k):
    """Sigma = beta (H + (beta / lam) I)^-1 of one neuron, (k, k), inverted as it stands."""
    basis = np.eye(k) if layer.basis is None else layer.basis
    return beta * np.linalg.inv(basis * layer.curvature @ basis.T + beta / lam * np.eye(k))


def augmented(z, k):
    """(z, 1) for a layer with k columns, as float64: (n, k)."""
    z = np.asarray(z, float)
    return np.c_[z, np.ones(len(z))] if k > z.shape[1] else z
