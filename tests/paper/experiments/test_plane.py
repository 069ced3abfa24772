"""The plane through three networks."""

import numpy as np
import pytest
import torch
from small_networks import nine_examples, normal, seeded, tiny
from torch.nn.functional import cross_entropy

from pacbayes_curvature import networks
from pacbayes_curvature.networks import flatten
from paper.experiments.two_minima.plane import losses, through

LAM, DELTA = 0.3, 0.05


@pytest.fixture
def examples():
    return nine_examples()


def dense_plane(*weights):
    """Origin and orthonormal directions by a QR decomposition, signs as documented."""
    a, b, c = (np.concatenate([w.double().numpy().ravel() for w in layers]) for layers in weights)
    q, r = np.linalg.qr(np.stack([b - a, c - a], axis=1))
    return a, (q * np.sign(np.diag(r))).T


def test_the_corners_are_the_three_networks(examples):
    x, y = examples[0].float(), examples[1]
    corners = [tiny(seed, dtype=torch.float32) for seed in range(3)]
    plane = through(*corners)
    points = np.array([plane.coordinates(corner) for corner in corners])
    loss, error = losses(plane, points, x, y)
    for corner, l, e in zip(corners, loss, error):
        logits = networks.forward(corner, x)
        assert l == pytest.approx(cross_entropy(logits, y).item(), rel=1e-5)
        assert e == (logits.argmax(1) != y).double().mean().item()
    assert len(set(loss)) == 3
    np.testing.assert_allclose(points[0], 0, atol=1e-12)
    assert points[1, 0] > 0 and points[1, 1] == pytest.approx(0, abs=1e-7) and points[2, 1] > 0
    for i, j in ((0, 1), (0, 2), (1, 2)):
        apart = torch.linalg.vector_norm(flatten(corners[i]).double() - flatten(corners[j]).double()).item()
        assert np.linalg.norm(points[i] - points[j]) == pytest.approx(apart, rel=1e-12)


@pytest.mark.parametrize("chunk", [2, 1024])
def test_points_between_and_noise(examples, chunk, monkeypatch):
    """Networks put together from the dense directions, the noise drawn in the documented order, one example at a time."""
    monkeypatch.setattr("paper.experiments.two_minima.plane.CHUNK", chunk)
    x, y = examples[0].float(), examples[1]
    corners = [tiny(seed, dtype=torch.float32) for seed in range(3)]
    variances = [v.square() for v in normal(4, corners[0])]
    origin, directions = dense_plane(*corners)
    points = np.array([[0.3, -0.2], [1.0, 2.0]])
    plane = through(*corners)
    found = losses(plane, points, x, y), losses(plane, points, x, y, variances, seeded(9))
    for noisy in (False, True):
        for point, loss, error in zip(points, *found[noisy]):
            weights = plane.layers(torch.from_numpy(origin + point @ directions))
            generator, entropies, wrong = seeded(9), [], []
            for start in range(0, len(x), chunk):
                noise = [torch.randn(len(x[start : start + chunk]), len(w), generator=generator) for w in weights]
                for row, (z, label) in enumerate(zip(x[start : start + chunk], y[start : start + chunk])):
                    for layer, (w, v) in enumerate(zip(weights, variances)):
                        z = z.relu() if layer else z
                        augmented = torch.cat([z, torch.ones(1)])
                        z = w @ augmented + noisy * (v @ augmented.square()).sqrt() * noise[layer][row]
                    entropies.append(cross_entropy(z[None], label[None]).item())
                    wrong.append(bool(z.argmax() != label))
            assert loss == pytest.approx(np.mean(entropies), rel=1e-5) and error == np.mean(wrong)


def test_the_marginal_covariance_is_the_dense_one():
    corners = [tiny(seed) for seed in range(3)]
    plane = through(*corners)
    variances = [v.square() for v in normal(4, corners[0])]
    _, directions = dense_plane(*corners)
    dense = directions @ np.diag(flatten(variances).double().numpy()) @ directions.T
    np.testing.assert_allclose(plane.covariance(variances), dense, rtol=1e-12)
    np.testing.assert_allclose(
        plane.covariance([torch.full_like(w, LAM) for w in corners[0]]), LAM * np.eye(2), atol=1e-12
    )
    np.testing.assert_allclose(plane.directions @ plane.directions.T, np.eye(2), atol=1e-14)


@pytest.mark.parametrize("second, third", [(1.0, 2.0), (1.0, 0.0), (0.0, 1.0), (1.0, -1.0)])
def test_three_networks_on_a_line_are_refused(second, third):
    origin, step = tiny(0), normal(1, tiny(0))
    with pytest.raises(ValueError, match="lie on one line: they span no plane"):
        through(origin, *([w + factor * s for w, s in zip(origin, step)] for factor in (second, third)))


def test_a_flat_triangle_still_has_orthonormal_directions():
    origin, step, other = tiny(0), normal(1, tiny(0)), normal(2, tiny(0), 1e-5)
    plane = through(origin, [w + s for w, s in zip(origin, step)], [w + s + o for w, s, o in zip(origin, step, other)])
    np.testing.assert_allclose(plane.directions @ plane.directions.T, np.eye(2), atol=1e-14)
