"""Networks: a module is refused in words or copied to all digits; passes over the data agree in any size and type."""

import pytest
import torch
from hostile import NO_NUMBERS, NUMBERS, outcome
from hypothesis import given
from hypothesis import strategies as st
from small_networks import seeded, tiny
from torch import nn

from pacbayes_curvature import fisher_diagonal, from_module, networks, second_moments

LAYERS = {
    "linear": lambda a, b: nn.Linear(a, b),
    "without bias": lambda a, b: nn.Linear(a, b, bias=False),
    "relu": lambda a, b: nn.ReLU(),
    "identity": lambda a, b: nn.Identity(),
    "flatten": lambda a, b: nn.Flatten(),
    "odd flatten": lambda a, b: nn.Flatten(0),
    "nested": lambda a, b: nn.Sequential(nn.Linear(a, b), nn.ReLU()),
    "empty": lambda a, b: nn.Sequential(),
    "tanh": lambda a, b: nn.Tanh(),
    "integers": lambda a, b: nn.Linear(a, b).requires_grad_(False).to(torch.float16),
    "complex": lambda a, b: nn.Linear(a, b, dtype=torch.complex64),
}
sizes = st.sampled_from([1, 2, 3])
stacks = st.lists(st.tuples(st.sampled_from(sorted(LAYERS)), sizes, sizes), max_size=5)
shapes = st.lists(st.integers(1, 4), min_size=2, max_size=4)


@given(stacks)
def test_a_stack_is_refused_or_its_logits_are_the_modules(layers):
    torch.manual_seed(0)
    module = nn.Sequential(*(LAYERS[name](a, b) for name, a, b in layers))
    weights = outcome(from_module, module)
    if weights is not None and weights[0].dtype == torch.float32:
        d = next(m for m in module.modules() if isinstance(m, nn.Linear)).in_features
        x = torch.randn(5, d, generator=seeded(1))
        torch.testing.assert_close(networks.forward(weights, x), module(x))
    names = {name for name, *_ in layers}
    assert weights is None or not names & {"tanh", "odd flatten", "complex"}


@pytest.mark.parametrize("kind", NO_NUMBERS | NUMBERS)
def test_what_is_no_module_is_refused(kind):
    with pytest.raises(ValueError, match=r"^the module \(.*\) is not supported"):
        from_module((NO_NUMBERS | NUMBERS)[kind])


@given(shapes, st.integers(0, 100), st.floats(0, 1e3))
def test_weights_are_within_their_scale_and_flatten_back(shape, seed, scale):
    weights = networks.initialise(shape, seeded(seed), scale)
    for w, n_in in zip(weights, shape):
        assert float(w.abs().max()) <= scale / n_in**0.5 * (1 + 1e-6)
    for each in (weights, [w.double() for w in weights]):
        values = networks.flatten(each)
        assert all(torch.equal(a, b) for a, b in zip(each, networks.unflatten(values, each)))
    again = networks.unflatten(networks.flatten([w.numpy() for w in weights]), weights)
    assert all((a == b.numpy()).all() for a, b in zip(again, weights))


@given(st.integers(0, 100), st.integers(1, 12), st.integers(1, 20), st.sampled_from([1e-30, 1.0, 1e30]))
def test_one_pass_over_the_data_whatever_the_batches(seed, n, size, scale):
    weights = tiny(seed, (3, 4, 2))
    x = scale * torch.randn(n, 3, generator=seeded(seed), dtype=torch.float64)
    z = networks.layer_inputs(weights, x)
    torch.testing.assert_close(z[-1], networks.forward(weights, x))
    torch.testing.assert_close(networks.squared_norm(x, 4), x.square().sum(1) + 1)
    joined = torch.cat(list(networks.chunks(x, weights, size)))
    assert torch.equal(joined, x)
    whole, parts = second_moments(weights, x), second_moments(weights, x.split(size))
    for a, b in zip(whole, parts):
        torch.testing.assert_close(torch.from_numpy(a), torch.from_numpy(b))
        assert (a == a.T).all() and (a.diagonal() >= 0).all()
    single = second_moments([w.float() for w in weights], x.float())
    if scale == 1:
        torch.testing.assert_close(torch.from_numpy(single[0]), torch.from_numpy(whole[0]), rtol=1e-5, atol=1e-5)


@given(st.integers(0, 100), st.sampled_from([1e-3, 1.0, 1e4]))
def test_derivatives_are_autograds(seed, scale):
    weights = [w.requires_grad_() for w in tiny(seed, (3, 4, 2))]
    x = scale * torch.randn(4, 3, generator=seeded(seed), dtype=torch.float64)
    logits = networks.forward(weights, x)
    towards = torch.randn(logits.shape, generator=seeded(seed + 1), dtype=torch.float64)
    expected = torch.autograd.grad((logits * towards).sum(), weights)
    with torch.no_grad():
        z = networks.layer_inputs(weights, x)
        for l, delta in networks.backward(weights, z, towards):
            inner, bias = delta.T @ z[l], delta.sum(0)[:, None]
            torch.testing.assert_close(torch.cat([inner, bias], 1), expected[l])


@given(st.integers(0, 20), st.sampled_from([1.0, 1e3]))
def test_a_fisher_diagonal_is_nonnegative(seed, scale):
    x = scale * torch.randn(6, 3, generator=seeded(seed), dtype=torch.float64)
    for diagonal in fisher_diagonal(tiny(seed), x, seeded(seed)):
        assert (diagonal >= 0).all()


@pytest.mark.parametrize(
    "x, message",
    [
        (torch.zeros(3), r"inputs must be \(N, \.\.\.\), got shape \(3,\)"),
        (torch.zeros(0, 3), None),
        (torch.zeros(2, 5), "inputs must have 3 numbers each, got 5"),
        ([], "there are no examples"),
        ([(torch.zeros(2, 7), None)], "inputs must have 3 numbers each, got 7"),
        ([torch.tensor([1.0, 2.0])], r"inputs must be \(N, \.\.\.\)"),
    ],
)
def test_what_is_no_data_is_refused(x, message):
    if message is None:  # a tensor of no rows is one part, as an empty batch of a loader is
        assert [part.shape for part in networks.chunks(x, tiny(0), 2)] == [(0, 3)]
        return
    for function in (second_moments, lambda w, x: fisher_diagonal(w, x, seeded(0))):
        with pytest.raises(ValueError, match=message):
            function(tiny(0), x)
