import numpy as np
import pytest
import torch

from pacbayes_curvature import networks
from pacbayes_curvature.curvature import fisher
from pacbayes_curvature.curvature.second_moments import low_rank, second_moments, spectrum


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
    for fast, total in zip(second_moments(weights, x), sums):
        np.testing.assert_allclose(fast, total / len(x), rtol=1e-5, atol=1e-6)


def test_moment_is_half_the_hessian_of_a_neurons_squared_error():
    """(33) and (34): the Hessian of (1/N) sum (w (z, 1) - t)^2 is 2 H_l, whatever the target."""
    weights, x = small()
    z = torch.cat([x, torch.ones(len(x), 1)], 1).double()
    target = torch.randn(len(x), dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    hessian = torch.func.hessian(lambda w: ((z @ w - target) ** 2).mean())(weights[0][0].double())
    np.testing.assert_allclose(hessian.numpy(), 2 * second_moments(weights, x)[0], rtol=1e-5, atol=1e-6)


def test_chunks_do_not_matter(monkeypatch):
    weights, x = small()
    whole = second_moments(weights, x)
    monkeypatch.setattr("pacbayes_curvature.curvature.second_moments.CHUNK", 5)
    for a, b in zip(whole, second_moments(weights, x)):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


def test_blocks_of_columns_do_not_matter(monkeypatch):
    weights, x = small()
    whole = second_moments(weights, x)
    monkeypatch.setattr("pacbayes_curvature.curvature.second_moments.BLOCK", 2)
    for a, b in zip(whole, second_moments(weights, x)):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)
        np.testing.assert_array_equal(b, b.T)


def test_spectrum_rebuilds_the_moment():
    weights, x = small()
    for h in second_moments(weights, x):
        values, vectors = spectrum(h)
        assert (np.diff(values) <= 0).all() and (values >= 0).all()
        np.testing.assert_allclose(vectors * values @ vectors.T, h, atol=1e-6)
        np.testing.assert_allclose(vectors.T @ vectors, np.eye(len(h)), atol=1e-12)


def test_an_indefinite_matrix_is_no_second_moment():
    with pytest.raises(ValueError, match="no negative eigenvalue, got -1"):
        spectrum(np.diag([2.0, -1.0]))


# Low rank -------------------------------------------------------------------------------------------------------------


def test_low_rank_of_full_rank_is_the_spectrum():
    weights, x = small()
    for h, (values, vectors, missed) in zip(
        second_moments(weights, x), low_rank(weights, x, 10, torch.Generator().manual_seed(0))
    ):
        np.testing.assert_allclose(values, spectrum(h)[0], rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(vectors * values @ vectors.T, h, rtol=1e-3, atol=1e-4)
        assert missed < 1e-5


@pytest.mark.parametrize("chunk", [4096, 50])
def test_low_rank_is_below_the_moment_and_measures_what_it_misses(chunk, monkeypatch):
    """H - H^ has no negative eigenvalue, and its trace is the share that is reported; also for a spectrum that decays."""
    monkeypatch.setattr("pacbayes_curvature.curvature.second_moments.CHUNK", chunk)
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(300, 80, generator=generator) * torch.logspace(0, -3, 80)
    weights = networks.initialise([80, 60, 2], generator)
    for h, (values, vectors, missed) in zip(
        second_moments(weights, x), low_rank(weights, x, 5, generator, oversampling=10)
    ):
        rest = h - vectors * values @ vectors.T
        assert vectors.shape == (len(h), 5) and np.linalg.eigvalsh(rest)[0] > -1e-4 * values[0]
        assert missed == pytest.approx(np.trace(rest) / np.trace(h), abs=1e-5)
        exact = spectrum(h)[0]
        assert missed < 1.6 * exact[5:].sum() / exact.sum(), "not far from the best that any rank 5 can do"
        np.testing.assert_allclose(vectors.T @ vectors, np.eye(5), atol=1e-10)


def test_low_rank_needs_a_rank():
    weights, x = small()
    with pytest.raises(ValueError, match="rank must be at least 1, got 0"):
        low_rank(weights, x, 0, torch.Generator())


# Equation (10) --------------------------------------------------------------------------------------------------------


def gradients(weights, example, label):
    """The gradients of one example's cross-entropy by automatic differentiation."""
    copies = [w.double().requires_grad_() for w in weights]
    loss = torch.nn.functional.cross_entropy(networks.forward(copies, example.double()[None]), torch.tensor([label]))
    return torch.autograd.grad(loss, copies)


def test_fisher_diagonal_against_a_loop_over_examples_with_the_same_labels(monkeypatch):
    weights, x = small()
    p = networks.forward(weights, x).softmax(1)
    labels = torch.multinomial(p, 1, generator=torch.Generator().manual_seed(5))[:, 0]
    sums = [torch.zeros(w.shape, dtype=torch.float64) for w in weights]
    for example, label in zip(x, labels.tolist()):
        for total, gradient in zip(sums, gradients(weights, example, label)):
            total += gradient**2
    fast = fisher.fisher_diagonal(weights, x, torch.Generator().manual_seed(5))
    for a, total in zip(fast, sums):
        np.testing.assert_allclose(a, total / len(x), rtol=1e-4, atol=1e-7)


def test_fisher_diagonal_is_unbiased():
    """Its mean over many draws is sum_c p_c (gradient for label c)^2, the diagonal of the Gauss-Newton matrix too."""
    weights, x = small()
    exact = [torch.zeros(w.shape, dtype=torch.float64) for w in weights]
    for example, p in zip(x, networks.forward(weights, x).softmax(1).tolist()):
        for label, share in enumerate(p):
            for total, gradient in zip(exact, gradients(weights, example, label)):
                total += share * gradient**2 / len(x)
    generator = torch.Generator().manual_seed(6)
    draws = [fisher.fisher_diagonal(weights, x, generator) for _ in range(400)]
    for layer, total in enumerate(exact):
        values = np.stack([draw[layer] for draw in draws])
        error = values.std(0) / np.sqrt(len(draws))
        assert (np.abs(values.mean(0) - total.numpy()) <= 5 * error + 1e-9).all()


def test_fisher_diagonal_in_chunks(monkeypatch):
    """Chunks draw the same labels one after the other."""
    weights, x = small()
    monkeypatch.setattr(fisher, "DRAWN_CHUNK", 10)
    fast = fisher.fisher_diagonal(weights, x, torch.Generator().manual_seed(7))
    generator = torch.Generator().manual_seed(7)
    parts = [(fisher.fisher_diagonal(weights, xs, generator), len(xs)) for xs in x.split(10)]
    for layer, a in enumerate(fast):
        np.testing.assert_allclose(a, sum(part[layer] * n for part, n in parts) / len(x), rtol=1e-12)
