"""Kronecker factors of the Fisher matrix and its diagonal in their eigenbasis, against explicit sums over examples and labels."""

import numpy as np
import pytest
import torch
from small_networks import seeded
from torch.utils.data import DataLoader, TensorDataset

from pacbayes_curvature.curvature import fisher, kronecker
from pacbayes_curvature.mean_field import Coordinates
from pacbayes_curvature.networks import forward, initialise

N, CLASSES = 30, 3


@pytest.fixture
def toy():
    """Four inputs, five neurons, of which one is never active, four without bias, three classes; and 30 examples."""
    weights = [3 * w.double() for w in initialise([4, 5, 4, CLASSES], seeded(0))]
    weights[0][2] = torch.tensor([0, 0, 0, 0, -1.0])
    weights[1] = weights[1][:, :5].contiguous()  # a layer without bias
    return weights, torch.randn(N, 4, generator=seeded(1), dtype=torch.float64)


def each_label(weights, x):
    """Of every example and label: p_c, and by automatic differentiation d ln p_c / d W_l for all layers."""
    weights = [w.clone().requires_grad_() for w in weights]
    for row in x:
        log_p = forward(weights, row[None])[0].log_softmax(0)
        for c in range(len(log_p)):
            yield log_p[c].exp().item(), torch.autograd.grad(log_p[c], weights, retain_graph=True)


def inputs_of(weights, x):
    """(z, 1), or z where the layer has no bias, of each layer: (N, k)."""
    found, z = [], x
    for w in weights:
        found.append(z if w.shape[1] == z.shape[1] else torch.cat([z, torch.ones(len(z), 1, dtype=z.dtype)], 1))
        z = (found[-1] @ w.T).relu()
    return found


def fisher_matrix(weights, x, layer):
    """(1/N) sum_n sum_c p_nc g_nc g_nc' of a layer's weights row by row: (n_out k, n_out k)."""
    return sum(p * torch.outer(g[layer].flatten(), g[layer].flatten()) for p, g in each_label(weights, x)) / len(x)


def output_factor(weights, x, layer):
    """G_l, with delta read off the gradient delta (z, 1)': its product with (z, 1) over |(z, 1)|^2."""
    total, rows = 0, [row for row in inputs_of(weights, x)[layer] for _ in range(CLASSES)]
    for (p, g), row in zip(each_label(weights, x), rows):
        delta = g[layer] @ row / (row @ row) if row.any() else torch.zeros(len(weights[layer]), dtype=row.dtype)
        total = total + p * torch.outer(delta, delta)
    return total / len(x)


def rotated(coordinates, layer, shape):
    """The layer's orthogonal change of coordinates as one matrix: column (j, i) is V_j U_i'."""
    u = torch.eye(shape[1]).double() if coordinates.inputs[layer] is None else coordinates.inputs[layer]
    v = torch.eye(shape[0]).double() if coordinates.outputs[layer] is None else coordinates.outputs[layer]
    return torch.kron(v, u)


def random_coordinates(weights):
    def orthogonal(n, seed):
        return torch.linalg.qr(torch.randn(n, n, generator=seeded(seed), dtype=torch.float64)).Q

    return Coordinates(
        [orthogonal(w.shape[1], l) for l, w in enumerate(weights)],
        [orthogonal(len(w), 10 + l) for l, w in enumerate(weights)],
    )


def test_the_factor_of_the_outputs_is_the_mean_over_examples_and_labels(toy):
    for layer, found in enumerate(kronecker.output_moments(*toy)):
        torch.testing.assert_close(found, output_factor(*toy, layer), rtol=1e-10, atol=1e-14)


def test_the_bases_are_orthogonal_and_diagonalise_both_factors(toy):
    weights, x = toy
    coordinates, curvature = kronecker.kronecker(weights, x)
    *hidden, last = coordinates.outputs
    assert last is None and None not in hidden, "the logits keep their own coordinates"
    for layer, (z, u, v) in enumerate(zip(inputs_of(weights, x), coordinates.inputs, coordinates.outputs)):
        g, a = output_factor(weights, x, layer), z.T @ z / len(x)
        v = torch.eye(CLASSES).double() if v is None else v
        for basis in (u, v):
            torch.testing.assert_close(basis.T @ basis, torch.eye(len(basis)).double(), rtol=0, atol=1e-12)
        seen_g, seen_a = v.T @ g @ v, u.T @ a @ u
        for diagonal in [seen_a, seen_g] if layer < len(hidden) else [seen_a]:
            assert (diagonal - diagonal.diag().diag()).abs().max() < 1e-12 * diagonal.trace()
        expected = torch.outer(seen_g.diag(), seen_a.diag())
        torch.testing.assert_close(curvature[layer], expected, rtol=1e-9, atol=1e-12 * expected.max().item())


def test_the_products_are_the_diagonal_of_the_kronecker_product(toy):
    """G x A in the coordinates, for a layer whose outputs are rotated and for the logits, whose are not."""
    weights, x = toy
    coordinates, curvature = kronecker.kronecker(weights, x)
    for layer, z in enumerate(inputs_of(weights, x)):
        whole = torch.kron(output_factor(weights, x, layer), z.T @ z / len(x))
        basis = rotated(coordinates, layer, weights[layer].shape)
        dense = (basis.T @ whole @ basis).diag().view(weights[layer].shape)
        torch.testing.assert_close(curvature[layer], dense, rtol=1e-9, atol=1e-12 * dense.max().item())


@pytest.mark.parametrize("which", ["the weights", "the eigenvectors", "any"])
def test_the_diagonal_is_that_of_the_fisher_matrix_in_these_coordinates(toy, which):
    weights, x = toy
    coordinates = {
        "the weights": lambda: Coordinates.weights(len(weights)),
        "the eigenvectors": lambda: kronecker.kronecker(weights, x)[0],
        "any": lambda: random_coordinates(weights),
    }[which]()
    for layer, found in enumerate(kronecker.diagonal(weights, coordinates, x)):
        basis = rotated(coordinates, layer, weights[layer].shape)
        dense = (basis.T @ fisher_matrix(weights, x, layer) @ basis).diag().view(weights[layer].shape)
        torch.testing.assert_close(found, dense, rtol=1e-9, atol=1e-14)


def test_in_the_weights_own_coordinates_it_is_the_expected_diagonal_of_10(toy):
    weights, x = toy
    found = kronecker.diagonal(weights, Coordinates.weights(len(weights)), x)
    for layer, expected in zip(found, fisher.expected(weights, x)):
        np.testing.assert_allclose(layer, expected, rtol=1e-10, atol=1e-15)


def test_of_one_example_the_factors_are_exact_and_of_more_they_are_not(toy):
    """With one input for all, delta and (z, 1) are independent."""
    weights, x = toy
    for some, same in ((x[:1], True), (x, False)):
        coordinates, products = kronecker.kronecker(weights, some)
        exact = kronecker.diagonal(weights, coordinates, some)
        for found, expected in zip(products, exact):
            error = (found - expected).abs().max().item() / expected.max().item()
            assert error < 1e-10 if same else error > 1e-3


def test_a_neuron_that_is_never_active_has_no_curvature(toy):
    weights, x = toy
    assert kronecker.output_moments(weights, x)[0][2].abs().max() == 0
    found = kronecker.diagonal(weights, Coordinates.weights(len(weights)), x)
    assert found[0][2].max() == 0 and found[1][:, 2].max() == 0 and found[0][0].max() > 0


def test_chunks_and_a_loader_make_no_difference(toy, monkeypatch):
    weights, x = toy
    coordinates = random_coordinates(weights)
    whole = [*kronecker.kronecker(weights, x)[1], *kronecker.diagonal(weights, coordinates, x)]
    monkeypatch.setattr(kronecker, "CHUNK", 7)
    loader = DataLoader(TensorDataset(x, torch.zeros(N)), batch_size=11)
    for data in (x, loader):
        parts = [*kronecker.kronecker(weights, data)[1], *kronecker.diagonal(weights, coordinates, data)]
        for a, b in zip(whole, parts, strict=True):
            torch.testing.assert_close(a, b, rtol=1e-9, atol=1e-12 * a.max().item())


def test_results_have_the_weights_type_and_are_added_up_in_double(toy):
    weights, x = toy
    single = [w.float() for w in weights]
    coordinates, curvature = kronecker.kronecker(single, x)
    own = kronecker.diagonal(single, coordinates, x)
    assert {t.dtype for t in [*coordinates.inputs, *coordinates.outputs[:-1], *curvature, *own]} == {torch.float32}
    for found, g in zip(kronecker.output_moments(single, x), kronecker.output_moments(weights, x)):
        assert found.dtype == torch.float64
        torch.testing.assert_close(found, g, rtol=0, atol=1e-5 * g.trace().item())
    for found, expected in zip(curvature, kronecker.kronecker(weights, x)[1]):
        torch.testing.assert_close(found.double(), expected, rtol=0, atol=1e-5 * expected.max().item())


def test_a_confident_network_keeps_its_small_probabilities_in_single_precision():
    """The answer's p = 1 - 9e-14 is 1 in float32; the factor p (1 - p) is not 0."""
    weights = [torch.tensor([[30.0, 0.0], [0.0, 0.0]])]
    (found,) = kronecker.output_moments(weights, torch.ones(1, 1))
    small = 1 / (1 + np.exp(30.0))
    expected = small * (1 - small) * torch.tensor([[1.0, -1.0], [-1.0, 1.0]], dtype=torch.float64)
    torch.testing.assert_close(found, expected, rtol=1e-6, atol=0)


@pytest.mark.parametrize(
    "use",
    [kronecker.kronecker, kronecker.output_moments, lambda w, x: kronecker.diagonal(w, Coordinates.weights(len(w)), x)],
    ids=["kronecker", "output_moments", "diagonal"],
)
@pytest.mark.parametrize(
    "x, message",
    [
        (torch.zeros(2, 6), "inputs must have 4 numbers each, got 6"),
        (torch.zeros(5), r"inputs must be \(N, ...\), got shape \(5,\)"),
        ([], "there are no examples"),
    ],
)
def test_data_that_do_not_fit_are_refused(toy, use, x, message):
    with pytest.raises(ValueError, match=message):
        use(toy[0], x)
