"""A compression bound: a network that few bits describe, decoded from them, and scored as decoded (Zhou et al. 2018).

A code is one whole number a layer: which entries are not 0 (their number, and the rank of their set among all of that size), a level
for each of them, and the levels as 16-bit floats. Its prior gives every code of a layer with as many entries the same probability,
1 / (number of entries + 1) for their number: so the divergence of the decoded network is the logarithm of the number of codes.
"""

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch.nn.functional import cross_entropy

from pacbayes_curvature.mean_field import MeanField
from pacbayes_curvature.networks import Weights, forward
from paper.experiments.certified import error_rate, estimate
from paper.experiments.rivals.rival import Rival, Setting, rival
from paper.networks.training import recipe_for
from paper.randomness import stream

LEVELS = 8
KEPT = (0.03, 0.01, 0.005, 0.0025, 0.00125)  # shares of the entries that are left, one after the other
EPOCHS = 4  # of training after each pruning


@dataclass(frozen=True)
class Code:
    """A layer: its shape, the number of entries that are not 0, the whole number, and the levels."""

    shape: tuple[int, int]
    count: int
    number: int
    levels: np.ndarray  # (LEVELS,) float16

    @property
    def nats(self) -> float:
        """ln of the number of codes: of counts, of sets of that size, of levels, of their values."""
        size = self.shape[0] * self.shape[1]
        sets = math.lgamma(size + 1) - math.lgamma(self.count + 1) - math.lgamma(size - self.count + 1)
        return math.log(size + 1) + sets * (1 + 1e-9) + self.count * math.log(LEVELS) + 16 * LEVELS * math.log(2)


@rival
def compressed(setting: Setting) -> Rival:
    """Pruned, quantised to a few values a layer, encoded and decoded; which share of the entries is left is chosen among a few."""
    candidates = []
    for weights in pruned(setting):
        codes = [encode(w) for w in weights]
        decoded, nats = [decode(code).to(w) for code, w in zip(codes, weights)], sum(code.nats for code in codes)
        risk = error_rate(decoded, setting.x[setting.looked], setting.y[setting.looked])
        candidates.append((float(estimate(risk, nats, setting.n, 1)), decoded, nats))
    _, decoded, nats = min(candidates, key=lambda each: each[0])
    q = MeanField(decoded, [torch.zeros_like(w[:1]) for w in decoded])  # a point: the noise of the score is none
    everyone = torch.arange(setting.n)
    return Rival(q, nats, everyone, 0.0, 1, setting.initial, f"shares {', '.join(f'{share:g}' for share in KEPT)}")


def pruned(setting: Setting) -> list[Weights]:
    """The trained network with ever fewer entries: the smallest of each layer are set to 0 and stay so, and the rest is trained on."""
    recipe, order = recipe_for(setting.minimum.dataset), stream("pruning", setting.seed)
    weights, found = [w.clone() for w in setting.trained], []
    for share in KEPT:
        masks = [_largest(w, share if w is not weights[-1] else max(share, 0.05)) for w in weights]
        weights = [(w * mask).requires_grad_() for w, mask in zip(weights, masks)]
        sgd = torch.optim.SGD(weights, lr=recipe.learning_rate / 2, momentum=recipe.momentum)
        steps = EPOCHS * -(-setting.n // recipe.batch_size)
        cycle = torch.optim.lr_scheduler.CosineAnnealingLR(sgd, steps)
        for _ in range(EPOCHS):
            for batch in torch.randperm(setting.n, generator=order).split(recipe.batch_size):
                sgd.zero_grad()
                cross_entropy(forward(weights, setting.x[batch]), setting.y[batch]).backward()
                for w, mask in zip(weights, masks):
                    w.grad *= mask
                sgd.step()
                cycle.step()
        weights = [w.detach() for w in weights]
        found.append(weights)
    return found


def encode(weight: torch.Tensor) -> Code:
    """The layer's entries that are not 0, each by the nearest of LEVELS values, as a Code."""
    flat = weight.flatten().double().numpy()
    places = np.flatnonzero(flat)
    levels = _levels(flat[places])
    nearest = np.abs(flat[places, None] - levels.astype(np.float64)).argmin(1)
    number = 0
    for level in nearest.tolist():
        number = number * LEVELS + level
    return Code(tuple(weight.shape), len(places), _rank(places, len(flat)) * LEVELS ** len(places) + number, levels)


def decode(code: Code) -> torch.Tensor:
    """The layer that `encode` described, in float32."""
    size = code.shape[0] * code.shape[1]
    rank, number = divmod(code.number, LEVELS**code.count)
    flat = np.zeros(size, np.float32)
    for place in reversed(_places(rank, code.count, size)):
        number, level = divmod(number, LEVELS)
        flat[place] = code.levels[level]
    return torch.from_numpy(flat.reshape(code.shape))


def _rank(places: np.ndarray, size: int) -> int:
    """Which set of its size `places`, ascending, is: sum_i C(place_i, i), i from 1."""
    total, k, below, following = (
        0,
        0,
        1,
        iter(places.tolist()),
    )  # below: C(position, k + 1), with k places already counted
    place = next(following, None)
    below = 0
    for position in range(size):  # below = C(position, k + 1)
        if position == place:
            total += below
            # To C(position, k + 2): C(n, j + 1) = C(n, j) (n - j) / (j + 1)
            k += 1
            below = below * (position - k) // (k + 1) if position >= k + 1 else 0
            place = next(following, None)
        # To C(position + 1, k + 1) = C(position, k + 1) (position + 1) / (position - k)
        below = below * (position + 1) // (position - k) if position > k else (1 if position == k else 0)
    return total


def _places(rank: int, count: int, size: int) -> list[int]:
    """The set of `count` places below `size`, ascending, of that rank: the inverse of `_rank`."""
    found, k, position = [], count, size - 1
    at = math.comb(position, k) if k else 0  # C(position, k)
    while k:
        if at <= rank:
            found.append(position)
            rank -= at
            # To C(position - 1, k - 1) = C(position, k) k / position
            at = at * k // position if position and at else (1 if position == k else 0)
            k -= 1
        else:
            at = at * (position - k) // position  # C(position - 1, k)
        position -= 1
        if k and at == 0 and position >= k:
            at = math.comb(position, k)
    return found[::-1]


def _levels(values: np.ndarray) -> np.ndarray:
    """LEVELS values that stand for all: the means of as many parts, from quantiles, moved 20 times (Lloyd 1982)."""
    levels = np.quantile(values, (np.arange(LEVELS) + 0.5) / LEVELS) if len(values) else np.zeros(LEVELS)
    for _ in range(20 if len(values) else 0):
        nearest = np.abs(values[:, None] - levels).argmin(1)
        levels = np.array([values[nearest == i].mean() if (nearest == i).any() else levels[i] for i in range(LEVELS)])
    return levels.astype(np.float16)


def _largest(weight: torch.Tensor, share: float) -> torch.Tensor:
    kept = max(1, round(share * weight.numel()))
    limit = weight.abs().flatten().kthvalue(weight.numel() - kept + 1).values
    return (weight.abs() >= limit) & (weight != 0)
