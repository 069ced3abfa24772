"""Hessian, GGN and Fisher against loops over examples and finite differences; the remainder against its definition."""

import numpy as np
import pytest
import torch

from pacbayes_curvature.curvature import fisher
from pacbayes_curvature.networks import forward
from paper.theory.posterior import measured_curvature as measured
from paper.theory.posterior import measured_noise

D, HIDDEN, CLASSES, N = 3, 3, 3, 11


@pytest.fixture(scope="module")
def problem():
    generator = torch.Generator().manual_seed(0)
    weights = [
        torch.randn(HIDDEN, D + 1, generator=generator, dtype=torch.float64),
        torch.randn(CLASSES, HIDDEN + 1, generator=generator, dtype=torch.float64),
    ]
    x = torch.randn(N, D, generator=generator, dtype=torch.float64)
    return weights, x, torch.randint(CLASSES, (N,), generator=generator)


def mean_loss(theta, x, y):
    """-(1/N) sum_n ln p(y_n|x_n), numpy, from the definition."""
    first = theta[: HIDDEN * (D + 1)].reshape(HIDDEN, D + 1)
    second = theta[HIDDEN * (D + 1) :].reshape(CLASSES, HIDDEN + 1)
    total = 0.0
    for xs, label in zip(x.numpy(), y.tolist()):
        z = np.maximum(first @ np.append(xs, 1), 0)
        f = second @ np.append(z, 1)
        total -= f[label] - np.log(np.exp(f).sum())
    return total / len(x)


def dense_score(weights, x_n, label):
    """The gradient of ln p(label|x_n), by the chain rule on one example."""
    theta = measured.flatten(weights).requires_grad_()
    forward(measured.unflatten(theta, weights), x_n[None]).log_softmax(1)[0, label].backward()
    return theta.grad.numpy()


def probabilities(weights, x):
    return forward(weights, x).softmax(1).numpy()


def test_hessian_by_finite_differences(problem):
    weights, x, y = problem
    theta, step = measured.flatten(weights).numpy(), 1e-4
    k = len(theta)
    unit, expected = step * np.eye(k), np.empty((k, k))
    for i in range(k):
        for j in range(k):
            signs = ((1, 1), (1, -1), (-1, 1), (-1, -1))
            values = [a * b * mean_loss(theta + a * unit[i] + b * unit[j], x, y) for a, b in signs]
            expected[i, j] = sum(values) / (4 * step**2)
    got = measured.exact_hessian(weights, x, y)
    assert got.dtype == np.float64 and got.shape == (k, k)
    assert got == pytest.approx(expected, abs=1e-6)


def test_fisher_by_loops(problem):
    weights, x, _ = problem
    p = probabilities(weights, x)
    expected = sum(
        p[n, c] * np.outer(score, score)
        for n in range(N)
        for c in range(CLASSES)
        for score in [dense_score(weights, x[n], c)]
    )
    assert measured.fisher(weights, x) == pytest.approx(expected / N, abs=1e-12)


def test_ggn_is_the_fisher_and_its_diagonal(problem):
    weights, x, _ = problem
    ggn = measured.ggn(weights, x)
    assert ggn == pytest.approx(measured.fisher(weights, x), abs=1e-12)
    assert fisher.ggn_diagonal(weights, x) == pytest.approx(np.diag(ggn), abs=1e-12)


def test_empirical_fisher_by_loops(problem):
    weights, x, y = problem
    expected = sum(np.outer(s, s) for n in range(N) for s in [dense_score(weights, x[n], int(y[n]))])
    assert measured.empirical_fisher(weights, x, y) == pytest.approx(expected / N, abs=1e-12)


def test_sampled_fisher_is_unbiased(problem):
    weights, x = [0.5 * w for w in problem[0]], problem[1]  # no label is rare, so that the error estimate is good
    one, p = x[:1], probabilities(weights, x[:1])[0]
    mean = sum(p[c] * measured.empirical_fisher(weights, one, torch.tensor([c])) for c in range(CLASSES))
    assert mean == pytest.approx(measured.fisher(weights, one), abs=1e-12)

    draws = [measured.sampled_fisher(weights, x, torch.Generator().manual_seed(seed)) for seed in range(300)]
    error = np.std(draws, axis=0) / np.sqrt(len(draws))
    assert (np.abs(np.mean(draws, axis=0) - measured.fisher(weights, x)) <= 6 * error + 1e-12).all()


def test_chunks_do_not_matter(problem, monkeypatch):
    weights, x, y = problem
    whole = measured.ggn(weights, x), measured.empirical_fisher(weights, x, y)
    monkeypatch.setattr(measured, "CHUNK", 4)
    assert measured.ggn(weights, x) == pytest.approx(whole[0], abs=1e-13)
    assert measured.empirical_fisher(weights, x, y) == pytest.approx(whole[1], abs=1e-13)


def test_layer_blocks_agree_and_a_wrong_matrix_shows(problem):
    weights, x, y = problem
    hessian, ggn = measured.exact_hessian(weights, x, y), measured.ggn(weights, x)

    def facts(hessian, fisher):
        return dict(measured.curvature_facts(weights, hessian, ggn, fisher).to_numpy())

    right = facts(hessian, measured.fisher(weights, x))
    assert right["largest difference, Hessian and GGN, across layers"] > 1e-3
    assert right["largest difference, Hessian and GGN, within a layer"] < 1e-12
    assert right["largest difference, GGN and Fisher"] < 1e-12
    assert facts(2 * hessian, ggn)["largest difference, Hessian and GGN, within a layer"] > 1e-3
    biased = measured.empirical_fisher(weights, x, y)
    assert facts(hessian, biased)["largest difference, GGN and Fisher"] > 1e-3


@pytest.mark.parametrize("kind", ["vector", "matrix"])
def test_remainder_from_its_definition(problem, kind):
    weights, x, y = problem
    theta = measured.flatten(weights).numpy()
    k, scales = len(theta), np.array([1e-2, 1.0])
    root = np.linspace(0.1, 0.5, k) if kind == "vector" else np.tril(np.ones((k, k))) / k
    hessian = measured.exact_hessian(weights, x, y)
    mean, error = measured_noise.expected_remainder(
        weights, x, y, root, scales, torch.Generator().manual_seed(3), pairs=4
    )

    generator, expected = torch.Generator().manual_seed(3), np.zeros((4, 2))
    for row in expected:
        xi = torch.randn(k, dtype=torch.float64, generator=generator).numpy()
        eta = root * xi if kind == "vector" else root @ xi
        for i, s in enumerate(scales):
            sides = (mean_loss(theta + sign * np.sqrt(s) * eta, x, y) for sign in (1, -1))
            row[i] = sum(sides) / 2 - mean_loss(theta, x, y) - s * eta @ hessian @ eta / 2
    assert mean == pytest.approx(expected.mean(0), abs=1e-10)
    assert error == pytest.approx(expected.std(0, ddof=1) / 2, abs=1e-10)


def test_quadratic_range_is_exact_for_small_noise(problem):
    weights, x, y = problem
    hessian, ggn = measured.exact_hessian(weights, x, y), measured.ggn(weights, x)
    shapes = measured_noise.lemma_shapes(np.diag(hessian), 2.0, 0.1, ggn, hessian)
    table = measured_noise.quadratic_range(weights, x, y, shapes, np.array([1e-9]), seed=0, pairs=3)
    assert list(table["noise"].unique()) == ["isotropic", "diagonal", "full"]
    small = table[~table["unscaled"]].set_index("noise")["ratio"]
    root = shapes["full"][0]
    assert small[["isotropic", "diagonal"]].to_numpy() == pytest.approx(1, abs=1e-4)
    assert small["full"] == pytest.approx(np.trace(hessian @ root @ root.T) / np.trace(ggn @ root @ root.T), abs=1e-4)
    reach = measured_noise.reach({"one": table})
    assert (reach["unscaled: predicted"] > 1e-9).all()


def test_full_shape_is_lemma_41(problem):
    weights, x, _ = problem
    ggn, beta = measured.ggn(weights, x), 0.1
    root = measured_noise.lemma_shapes(np.diag(ggn), 2.0, beta, ggn, ggn)["full"][0]
    covariance = root @ root.T
    lam = beta / (beta * np.linalg.inv(covariance) - ggn).diagonal().mean()  # beta Sigma^-1 = H + (beta/lam) I
    assert covariance == pytest.approx(beta * np.linalg.inv(ggn + beta / lam * np.eye(len(ggn))), rel=1e-6)
    rho = lam / beta
    assert lam * np.trace(rho * ggn @ np.linalg.inv(np.eye(len(ggn)) + rho * ggn)) == pytest.approx(2.0, rel=1e-6)


def test_small_network_is_trained(problem):
    _, x, y = problem
    initial, minimum = measured.small_network(x, y, hidden=6, seed=0, steps=30)
    before, after = (float(measured.loss(measured.flatten(w), w, x, y)) for w in (initial, minimum))
    assert after < before / 2
