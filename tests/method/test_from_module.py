"""The weights of a network of one's own: the module's logits, and what is no stack is refused by its name."""

import pytest
import torch
from small_stack import examples, stack
from torch import nn

from pacbayes_curvature import from_module, networks, posteriors

METHODS = posteriors.METHODS


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_weights_give_the_modules_logits(bias, dtype):
    module, (x, _) = stack(bias, dtype), examples(dtype=dtype)
    weights = from_module(module)
    assert [tuple(w.shape) for w in weights] == [(5, 6 + bias), (4, 6), (3, 4 + bias)]
    assert {w.dtype for w in weights} == {dtype} and not any(w.requires_grad for w in weights)
    torch.testing.assert_close(networks.forward(weights, x.flatten(1)), module(x))


def test_training_later_does_not_change_them():
    module = stack()
    before = from_module(module)
    copies = [w.clone() for w in before]
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(1)
    assert all(map(torch.equal, before, copies))


L, R = nn.Linear, nn.ReLU


@pytest.mark.parametrize(
    "layers, message",
    [
        ([L(4, 3), nn.Dropout(), L(3, 2)], r"layer 1 \(Dropout\) is not supported: only Linear, ReLU"),
        ([nn.Conv2d(1, 1, 3), R(), L(3, 2)], r"layer 0 \(Conv2d\) is not supported"),
        ([L(4, 3), nn.BatchNorm1d(3), R(), L(3, 2)], r"layer 1 \(BatchNorm1d\) is not supported"),
        ([L(4, 3), nn.LeakyReLU(), L(3, 2)], r"layer 1 \(LeakyReLU\) is not supported"),
        ([L(4, 3), R(), nn.Sequential(L(3, 3), nn.Tanh()), L(3, 2)], r"layer 2.1 \(Tanh\) is not supported"),
        ([nn.Flatten(0), L(4, 2)], r"layer 0 \(Flatten\) is not supported"),
        ([L(4, 3), L(3, 2)], r"layer 1 \(Linear\) follows layer 0 \(Linear\) without a ReLU"),
        ([R(), L(4, 2)], r"layer 0 \(ReLU\) comes before the first Linear"),
        ([L(4, 2), R()], r"layer 1 \(ReLU\) comes after the last Linear"),
        ([L(4, 3), R(), L(4, 2)], r"layer 2 \(Linear\) takes 4 inputs, but layer 0 \(Linear\) gives 3"),
        ([L(4, 3), R(), L(3, 1)], r"layer 2 \(Linear\) gives 1 output; a classifier needs a logit for each of two"),
        ([nn.Flatten()], "the module has no Linear layer"),
        ([L(4, 3), R(), L(3, 2).double()], "one floating type and one device, got .*float"),
    ],
)
def test_anything_else_is_refused_by_the_layers_name(layers, message):
    with pytest.raises(ValueError, match=message):
        from_module(nn.Sequential(*layers))


def test_a_module_that_is_no_stack_is_named():
    with pytest.raises(ValueError, match=r"the module \(Conv2d\) is not supported"):
        from_module(nn.Conv2d(1, 1, 3))
    assert len(from_module(nn.Linear(4, 2))) == 1
