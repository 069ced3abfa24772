import numpy as np
import pytest
import torch

from pacbayes_curvature import curvature, networks


def small(seed=0, sizes=(5, 4, 3)):
    generator = torch.Generator().manual_seed(seed)
    return networks.initialise(list(sizes), generator), torch.randn(37, sizes[0], generator=generator)


def test_second_moments_against_a_loop_over_examples():
    weights, x = small()
    sums = [np.zeros((w.shape[1], w.shape[1])) for w in weights]
    for example in x.double().numpy():
        z = example
        for weight, total in zip(weights, sums):
            augmented = np.append(z, 1.0)
            total += np.outer(augmented, augmented)
            z = np.maximum(weight.double().numpy() @ augmented, 0)
    for fast, total in zip(curvature.layerwise(weights, x), sums):
        np.testing.assert_allclose(fast, total / len(x), rtol=1e-5, atol=1e-6)


def test_moment_is_half_the_hessian_of_a_neurons_squared_error():
    """(33) and (34): the Hessian of (1/N) sum (w (z, 1) - t)^2 is 2 H_l, whatever the target."""
    weights, x = small()
    z = torch.cat([x, torch.ones(len(x), 1)], 1).double()
    target = torch.randn(len(x), dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    hessian = torch.func.hessian(lambda w: ((z @ w - target) ** 2).mean())(weights[0][0].double())
    np.testing.assert_allclose(hessian.numpy(), 2 * curvature.layerwise(weights, x)[0], rtol=1e-5, atol=1e-6)


def test_chunks_do_not_matter(monkeypatch):
    weights, x = small()
    whole = curvature.layerwise(weights, x)
    monkeypatch.setattr(curvature, "CHUNK", 5)
    for a, b in zip(whole, curvature.layerwise(weights, x)):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


def test_spectrum_rebuilds_the_moment():
    weights, x = small()
    for h in curvature.layerwise(weights, x):
        values, vectors = curvature.spectrum(h)
        assert (np.diff(values) <= 0).all() and (values >= 0).all()
        np.testing.assert_allclose(vectors * values @ vectors.T, h, atol=1e-6)
        np.testing.assert_allclose(vectors.T @ vectors, np.eye(len(h)), atol=1e-12)


def test_an_indefinite_matrix_is_no_second_moment():
    with pytest.raises(ValueError, match="no negative eigenvalue, got -1"):
        curvature.spectrum(np.diag([2.0, -1.0]))
