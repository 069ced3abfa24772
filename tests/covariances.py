"""Covariances of the three kinds that the functions of Gaussians take: a number, a vector, a matrix."""

import numpy as np
import pytest

K = 4


def positive_definite(rng, k=K, floor=0.05):
    factor = rng.normal(size=(k, k))
    return factor @ factor.T + floor * np.eye(k)


def covariance(kind, rng):
    return {"number": rng.uniform(0.1, 3), "vector": rng.uniform(0.1, 3, K), "matrix": positive_definite(rng)}[kind]


kinds = pytest.mark.parametrize("kind_q", ["number", "vector", "matrix"])
kinds_p = pytest.mark.parametrize("kind_p", ["number", "vector", "matrix"])
