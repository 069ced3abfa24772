"""Networks of a few neurons, and noise for their weights, from a seed."""

import torch

from pacbayes_curvature import networks


def seeded(seed):
    return torch.Generator().manual_seed(seed)


def tiny(seed, sizes=(3, 4, 2), dtype=torch.float64):
    return [w.to(dtype) for w in networks.initialise(list(sizes), seeded(seed))]


def normal(seed, weights, scale=1.0):
    generator = seeded(seed)
    return [scale * torch.randn(w.shape, generator=generator, dtype=w.dtype) for w in weights]


def nine_examples():
    generator = seeded(7)
    return torch.randn(9, 3, generator=generator, dtype=torch.float64), torch.randint(2, (9,), generator=generator)
