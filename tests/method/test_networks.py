"""Networks against torch.nn, and the files they are stored in."""

import itertools

import pytest
import torch
from safetensors import safe_open

from pacbayes_curvature.networks import affine, forward, initialise
from paper.networks import store
from paper.networks.sources import widths
from paper.networks.store import TrainedNetwork, load, save

SIZES = [5, 4, 3, 2]


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.fixture
def network():
    return TrainedNetwork(initialise(SIZES, generator(0)), initialise(SIZES, generator(1)), {"seed": "0"})


@pytest.mark.parametrize(
    "name, sizes",
    [("mnist2", [784, 300, 300, 2]), ("mnist10", [784, 300, 300, 10]), ("cifar5", [3072, 200, 200, 5])],
)
def test_widths_are_those_of_the_paper(name, sizes):
    assert widths(name) == sizes


@pytest.mark.parametrize("factor, hidden", [(0.5, 150), (2.0, 600), (0.335, 100), (1e-9, 1)])
def test_the_hidden_widths_are_multiplied(factor, hidden):
    assert widths("mnist2", factor) == [784, hidden, hidden, 2]


def test_a_scaled_initialisation_is_the_same_draw_times_the_scale():
    pairs = zip(initialise(SIZES, generator()), initialise(SIZES, generator(), 0.5))
    assert all(torch.equal(0.5 * w, scaled) for w, scaled in pairs)


def test_initialisation_is_uniform_within_one_over_root_inputs():
    sizes = [100, 400, 9]
    for weight, n_in, n_out in zip(initialise(sizes, generator()), sizes, sizes[1:]):
        assert weight.shape == (n_out, n_in + 1) and weight.dtype == torch.float32
        scaled = weight * n_in**0.5
        assert -1 <= scaled.min() < -0.99 and 0.99 < scaled.max() <= 1
        assert abs(scaled.mean()) < 0.05 and abs(scaled.square().mean() - 1 / 3) < 0.02
        assert scaled[:, -1].abs().max() > 0.8, "biases too"


def test_affine_is_the_product_with_the_augmented_input():
    weight, z = initialise([5, 4], generator())[0], torch.randn(7, 5, generator=generator(1))
    torch.testing.assert_close(affine(weight, z), torch.cat([z, torch.ones(7, 1)], dim=1) @ weight.T)


def test_forward_is_that_of_torch_nn(network):
    twin = torch.nn.Sequential()
    for weight, n_in, n_out in zip(network.minimum, SIZES, SIZES[1:]):
        linear = torch.nn.Linear(n_in, n_out)
        linear.weight.data, linear.bias.data = weight[:, :-1], weight[:, -1]
        twin.extend([linear, torch.nn.ReLU()])
    x = torch.randn(7, 5, generator=generator(2))
    torch.testing.assert_close(forward(network.minimum, x), twin[:-1](x))


def test_squared_distances_are_sums_over_all_weights_and_biases(network):
    for found, w, w0 in zip(network.squared_distances(), network.minimum, network.initial):
        by_hand = sum((a - b) ** 2 for a, b in zip(w.flatten().tolist(), w0.flatten().tolist()))
        assert found == pytest.approx(by_hand, rel=1e-12)


def test_a_stored_network_comes_back(network, tmp_path):
    path = tmp_path / "networks" / "a.safetensors"
    save(network, path)
    back = load(path)
    assert back.record == network.record
    assert all(map(torch.equal, back.initial + back.minimum, network.initial + network.minimum))
    with safe_open(path, "pt") as file:
        names = itertools.product(("initial", "minimum"), "123", ("weight", "bias"))
        assert set(file.keys()) == set(map(".".join, names))
        for layer, weight in enumerate(network.minimum, start=1):
            assert torch.equal(file.get_tensor(f"minimum.{layer}.weight"), weight[:, :-1])
            assert torch.equal(file.get_tensor(f"minimum.{layer}.bias"), weight[:, -1])


def test_every_flipped_byte_and_every_cut_is_noticed(tmp_path):
    path = tmp_path / "a.safetensors"
    save(TrainedNetwork(initialise([1, 1], generator(0)), initialise([1, 1], generator(1)), {"seed": "0"}), path)
    intact = path.read_bytes()
    damaged = [intact[:length] for length in range(0, len(intact), 9)]
    damaged += [intact[:i] + bytes([intact[i] ^ 1 << i % 8]) + intact[i + 1 :] for i in range(len(intact))]
    for content in damaged:
        path.write_bytes(content)
        with pytest.raises(ValueError, match="a.safetensors is damaged .*; delete it and it will be made again"):
            load(path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="absent.safetensors"):
        store.load(tmp_path / "absent.safetensors")
