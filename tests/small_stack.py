"""A small stack of PyTorch's layers, examples for it, and a Gibbs classifier around it."""

import torch
from small_networks import seeded
from torch import nn

from pacbayes_curvature import from_module, gibbs_classifier
from pacbayes_curvature.curvature.second_moments import second_moments


def stack(bias=True, dtype=torch.float32, seed=0):
    torch.manual_seed(seed)  # torch.nn knows no other way
    layers = nn.Sequential(
        nn.Flatten(),
        nn.Linear(6, 5, bias=bias),
        nn.ReLU(),
        nn.Identity(),
        nn.Sequential(nn.Linear(5, 4), nn.ReLU()),
        nn.Linear(4, 3, bias=bias),
    )
    return layers.to(dtype)


def examples(n=200, dtype=torch.float32):
    return torch.randn(n, 2, 3, generator=seeded(1), dtype=dtype), torch.randint(3, (n,), generator=seeded(2))


def classifier(method, bias=True, dtype=torch.float32, lam=0.05, beta=0.02):
    x, _ = examples(dtype=dtype)
    network, prior = from_module(stack(bias, dtype, 0)), from_module(stack(bias, dtype, 1))
    return gibbs_classifier(method, network, prior, second_moments(network, x), lam, beta)
