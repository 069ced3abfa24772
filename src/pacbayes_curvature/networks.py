"""Fully connected ReLU networks whose biases are weights like any other, and the files they are stored in.

Legend: layer l = 1..L has the matrix W_l, n_out x (n_in + 1), last column the bias; its input is augmented by a 1.
"""

import torch

Weights = list[torch.Tensor]


def initialise(sizes: list[int], generator: torch.Generator, scale: float = 1.0) -> Weights:
    """Weights and biases uniform on +-scale/sqrt(n_in); at scale 1, the default of torch.nn.Linear."""
    return [
        scale * ((2 * torch.rand(n_out, n_in + 1, generator=generator) - 1) / n_in**0.5)
        for n_in, n_out in zip(sizes, sizes[1:])
    ]


def affine(weight: torch.Tensor, z: torch.Tensor) -> torch.Tensor:
    """Pre-activations W (z, 1) of one layer: (N, n_in) -> (N, n_out); the 1 is never appended in memory."""
    return torch.nn.functional.linear(z, weight[:, :-1], weight[:, -1])


def forward(weights: Weights, x: torch.Tensor) -> torch.Tensor:
    """Logits (N, classes) of the network with ReLU between the layers, for inputs x (N, d)."""
    for weight in weights[:-1]:
        x = affine(weight, x).relu()
    return affine(weights[-1], x)
