"""Fully connected ReLU networks whose biases are weights like any other.

Legend: layer l = 1..L has the matrix W_l (n_out, k) and the input z = z_{l-1}(x) (n, n_in). With a bias k = n_in + 1, the
last column is the bias, and z is augmented by a 1; without one k = n_in. The shapes tell which. The 1 is never appended in
memory. (z, 1) stands for both kinds.
"""

from collections.abc import Iterable, Iterator

import numpy as np
import torch
from torch import nn

Weights = list[torch.Tensor]


def from_module(module: nn.Module) -> Weights:
    """A copy of the weights of a stack of Linear and ReLU: one (n_out, k) matrix a layer, on the module's device.

    Taken are nn.Linear, with or without bias, nn.ReLU, nn.Flatten (of all dimensions but the first) and nn.Identity, in any
    nesting of nn.Sequential, with a ReLU between any two Linear layers. Training the module later does not change the copy.
    ValueError, naming the layer: any other layer, a ReLU before the first or after the last Linear layer, two Linear layers
    without a ReLU between them, sizes that do not fit, fewer than two outputs, different types or devices.

    >>> layers = nn.Sequential(nn.Flatten(), nn.Linear(784, 300), nn.ReLU(), nn.Linear(300, 10, bias=False))
    >>> [tuple(weight.shape) for weight in from_module(layers)]
    [(300, 785), (10, 300)]
    """
    weights, active, last = [], True, "the input"
    for name, layer in _leaves(module):
        what = f"layer {name} ({type(layer).__name__})" if name else f"the module ({type(layer).__name__})"
        if isinstance(layer, nn.Linear):
            if not active:
                raise ValueError(f"{what} follows {last} without a ReLU between them; merge the two into one")
            if weights and layer.in_features != len(weights[-1]):
                raise ValueError(f"{what} takes {layer.in_features} inputs, but {last} gives {len(weights[-1])}")
            parts = [layer.weight] if layer.bias is None else [layer.weight, layer.bias[:, None]]
            weights.append(torch.cat(parts, dim=1).detach())  # `cat` copies, also a single tensor
            active, last = False, what
        elif isinstance(layer, nn.ReLU):
            if not weights:
                raise ValueError(f"{what} comes before the first Linear layer; apply it to the data")
            active, last_relu = True, what
        elif isinstance(layer, nn.Flatten) and (layer.start_dim, layer.end_dim) == (1, -1) and not weights:
            pass
        elif not isinstance(layer, nn.Identity):
            raise ValueError(f"{what} is not supported: only Linear, ReLU, Identity, and Flatten first")
    if not weights:
        raise ValueError("the module has no Linear layer")
    if active:
        raise ValueError(f"{last_relu} comes after the last Linear layer; the outputs must be logits")
    if len(weights[-1]) < 2:
        raise ValueError(
            f"{last} gives {len(weights[-1])} output; a classifier needs a logit for each of two classes or more"
        )
    if len(kinds := {(w.dtype, w.device) for w in weights}) > 1 or not weights[0].is_floating_point():
        raise ValueError(f"all layers must have one floating type and one device, got {', '.join(map(str, kinds))}")
    return weights


def initialise(sizes: list[int], generator: torch.Generator, scale: float = 1.0) -> Weights:
    """Weights and biases uniform on +-scale/sqrt(n_in); at scale 1, the default of torch.nn.Linear."""
    return [
        scale * ((2 * torch.rand(n_out, n_in + 1, generator=generator) - 1) / n_in**0.5)
        for n_in, n_out in zip(sizes, sizes[1:])
    ]


def affine(weight: torch.Tensor, z: torch.Tensor) -> torch.Tensor:
    """Pre-activations W (z, 1) of one layer: (n, n_in) -> (n, n_out)."""
    n_in = z.shape[1]
    return nn.functional.linear(z, weight[:, :n_in], weight[:, n_in] if weight.shape[1] > n_in else None)


def squared_norm(z: torch.Tensor, k: int) -> torch.Tensor:
    """|(z, 1)|^2 for a layer with k columns: (n,)."""
    norm = torch.linalg.vector_norm(z, dim=1).square_()
    return norm.add_(1) if k > z.shape[1] else norm


def forward(weights: Weights, x: torch.Tensor) -> torch.Tensor:
    """Logits (n, classes) of the network with ReLU between the layers, for inputs x (n, d)."""
    for weight in weights[:-1]:
        x = affine(weight, x).relu()
    return affine(weights[-1], x)


def layer_inputs(weights: Weights, x: torch.Tensor) -> list[torch.Tensor]:
    """The input z of every layer, then the logits: L + 1 tensors of n rows."""
    z = [x]
    for weight in weights[:-1]:
        z.append(affine(weight, z[-1]).relu_())
    return [*z, affine(weights[-1], z[-1])]


def backward(weights: Weights, z: list[torch.Tensor], delta: torch.Tensor) -> Iterator[tuple[int, torch.Tensor]]:
    """The derivatives by the pre-activations of each layer, from the last to the first: (l, delta_l (n, ..., n_out)).

    z: `layer_inputs`; delta (n, ..., classes): the derivatives by the logits, several at once if there are more dimensions.
    The derivative by W_l of one example is then delta_l (z, 1)'.
    """
    for l in reversed(range(len(weights))):
        yield l, delta
        if l:  # nothing needs the derivatives by the data
            n, n_in = z[l].shape
            active = (z[l] > 0).view(n, *[1] * (delta.ndim - 2), n_in)
            delta = (delta @ weights[l][:, :n_in]) * active


def flatten(layers):
    """All entries of the layers' matrices in one vector (k,), row by row, layers in order: tensors or arrays."""
    if isinstance(layers[0], np.ndarray):
        return np.concatenate([layer.ravel() for layer in layers])
    return torch.cat([layer.flatten() for layer in layers])


def unflatten(values, like: Weights) -> list:
    """Vectors (..., k), a tensor or an array, as matrices (..., n_out, n_in + 1) in the shapes of the layers `like`."""
    ends = np.cumsum([0, *(w.numel() for w in like)])
    return [values[..., a:b].reshape(*values.shape[:-1], *w.shape) for a, b, w in zip(ends, ends[1:], like)]


def chunks(data: torch.Tensor | Iterable, weights: Weights, size: int) -> Iterator[torch.Tensor]:
    """Inputs (n, d) of at most `size` examples each, flattened, in the weights' type and on their device.

    data: a tensor (N, ...), of which nothing is copied that has the right type and device, or a DataLoader whose batches are
    inputs or tuples that begin with them. ValueError: inputs whose size is not the first layer's, or none at all.
    """
    empty = True
    for batch in [data] if isinstance(data, torch.Tensor) else data:
        x = batch if isinstance(batch, torch.Tensor) else batch[0]
        if x.ndim < 2:
            raise ValueError(f"inputs must be (N, ...), got shape {tuple(x.shape)}")
        for part in x.split(size):
            part, empty = part.flatten(1).to(weights[0]), False
            if part.shape[1] not in (weights[0].shape[1], weights[0].shape[1] - 1):
                raise ValueError(f"inputs must have {weights[0].shape[1] - 1} numbers each, got {part.shape[1]}")
            yield part
    if empty:
        raise ValueError("there are no examples")


def _leaves(module: nn.Module, name: str = "") -> Iterator[tuple[str, nn.Module]]:
    if isinstance(module, nn.Sequential):
        for child, layer in module.named_children():
            yield from _leaves(layer, f"{name}.{child}" if name else child)
    else:
        yield name, module
