"""Small random networks on which the inequalities of Lemma 5.1 are tried, Eqs. (31) and (32); the bounds are in `layerwise.bounds`."""

import itertools
from collections.abc import Iterator, Sequence

import numpy as np
import torch

from pacbayes_curvature.networks import Weights, affine
from paper.theory.layerwise.bounds import inputs, root_mean_square

ACTIVATIONS = (torch.relu, torch.tanh, lambda a: a)  # all 1-Lipschitz


def random_networks(seed: int, instances: int, depths: Sequence[int], most: int = 5, least: int = 1) -> Iterator[tuple]:
    """(clean, noisy, x, activation): random depths, widths least..most, activations, and scales of weights and noise.

    Small weights with large noise, single neurons and no activation are among them: there the bounds are tight.
    """
    rng = np.random.default_rng(seed)
    for instance in range(instances):
        depth = depths[instance % len(depths)]
        widths, scale = rng.integers(least, most + 1, depth + 1), 10 ** rng.uniform(-2, 0.3)
        clean = [torch.from_numpy(rng.normal(size=(o, i + 1)) * scale) for i, o in zip(widths, widths[1:])]
        noisy = [w + torch.from_numpy(rng.normal(size=w.shape)) * 10 ** rng.uniform(-3, 1) for w in clean]
        x = torch.from_numpy(rng.normal(size=(rng.integers(1, 12), widths[0])))
        yield clean, noisy, x, ACTIVATIONS[instance // len(depths) % len(ACTIVATIONS)]


def choices(clean: Weights, seed: int) -> list[torch.Tensor]:
    """For each layer two or three matrices (count, n_out, n_in + 1) whose mean is the clean one: Q is uniform on them.

    So an expectation under Q is a sum over all combinations, without an error of sampling.
    """
    rng, found = np.random.default_rng(seed), []
    for weight in clean:
        noise = rng.normal(size=(2 if len(clean) > 4 else 3, *weight.shape)) * 10 ** rng.uniform(-2, 1)
        found.append(weight + torch.from_numpy(noise - noise.mean(0)))
    return found


def exact_rms(chosen: list[torch.Tensor], clean: Weights, x: torch.Tensor, activation) -> float:
    """sqrt(E_Q[RMS^2]) for Q uniform on the combinations of `choices`."""
    output = inputs(clean, x, activation)[-1]
    changes = (inputs(list(weights), x, activation)[-1] - output for weights in itertools.product(*chosen))
    return float(np.sqrt(np.mean([root_mean_square(change) ** 2 for change in changes])))


def exact_layer_errors(chosen: list[torch.Tensor], clean: Weights, x: torch.Tensor, activation) -> list[float]:
    """Ebar_l = E_Q[E_l] of each layer, from the errors themselves and not from a covariance."""
    return [
        float(np.mean([root_mean_square(affine(w - w0, z)) ** 2 for w in ws]))
        for ws, w0, z in zip(chosen, clean, inputs(clean, x, activation))
    ]
