"""A level of an estimate over a grid: outcomes of examples, one after the other, and their sums.

What an outcome is differs: `LocalReparametrisation` has p, the probability of a wrong answer; `two_levels.Coarse` q, nearly
p in a fraction of the time; `two_levels.Correction` their difference p - q; `moments.Moments` p of posteriors without a grid.
All draw the same noise in the same order, so that with one seed the outcomes of different levels belong together.

Legend: N examples, G grid points or posteriors.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from tqdm import tqdm

from pacbayes_curvature.gibbs.outcomes import Tally
from pacbayes_curvature.networks import Weights

CHUNK = 1024  # examples at a time: one chunk's pre-activations stay in the processor's cache


@dataclass(frozen=True)
class Noise:
    """Of n examples: eps (n, n_out) for each layer but the last, and u (n,) for `outcomes.wrong_probability`."""

    normal: list[torch.Tensor]
    uniform: torch.Tensor


class Level(ABC):
    """Outcomes of the examples at each of `points` grid points, around the network `weights`.

    Outcomes of different examples are independent, those of one example at different points share their noise.
    """

    def __init__(self, weights: Weights, points: int):
        self.weights, self.points = weights, points

    @abstractmethod
    def shared(self, x: torch.Tensor, points: np.ndarray) -> Any:
        """What all passes and these grid points share on a chunk of inputs x (n, d)."""

    @abstractmethod
    def outcomes(
        self, shared: Any, y: torch.Tensor, noise: Noise, points: np.ndarray, count: np.ndarray
    ) -> Iterator[tuple[int, torch.Tensor]]:
        """A grid point and the outcomes of its first examples: of points[i], count[i] of them, none where that is 0."""

    @torch.no_grad()
    def tally(
        self,
        x: torch.Tensor,
        y: torch.Tensor,
        generator: torch.Generator,
        passes: int = 1,
        examples: np.ndarray | None = None,
        label: str = "",
    ) -> Tally:
        """The sums over `passes` passes, in each of which every example of x (N, d), y (N,) has one outcome.

        `examples` (G,), from 0 to passes N, is how many outcomes each grid point gets, where that are fewer: from the first
        examples on, pass after pass, so that x has to be in random order for the result to be about all of x.
        The noise is drawn where the generator is. Raises ValueError unless passes >= 1 and `examples` are as said.
        """
        if passes < 1:
            raise ValueError(f"passes must be at least 1, got {passes}")
        n = len(x)
        examples = np.full(self.points, passes * n) if examples is None else np.asarray(examples)
        if examples.shape != (self.points,) or (examples < 0).any() or (examples > passes * n).any():
            raise ValueError(
                f"examples must hold a number from 0 to {passes * n} for each of the {self.points} grid points"
            )
        wrong, squares = np.zeros(self.points), np.zeros(self.points)
        for start in tqdm(range(0, min(n, int(examples.max())), CHUNK), label, unit="chunk", disable=None):
            rows = slice(start, min(start + CHUNK, n))
            counts = np.clip(examples - start - n * np.arange(passes)[:, None], 0, rows.stop - start)
            for g, outcome in self._chunk(x[rows], y[rows], generator, counts):
                wrong[g] += outcome.sum(dtype=torch.float64).item()
                squares[g] += outcome.square().sum(dtype=torch.float64).item()
        return Tally(wrong, squares, examples)

    def _chunk(
        self, x: torch.Tensor, y: torch.Tensor, generator: torch.Generator, counts: np.ndarray
    ) -> Iterator[tuple[int, torch.Tensor]]:
        """Grid points and outcomes of the first counts[pass, point] of these examples, (passes, G), pass after pass."""
        points = np.flatnonzero(counts.any(0))
        shared = self.shared(x[: counts.max()], points)
        for count in counts[:, points]:
            if n := count.max():
                yield from self.outcomes(shared, y[:n], noise(self.weights, n, generator), points, count)


def noise(weights: Weights, n: int, generator: torch.Generator) -> Noise:
    """The noise of n examples, drawn on the generator's device and moved to the weights'."""
    like = weights[0]
    normal = [
        torch.randn(n, len(w), generator=generator, device=generator.device, dtype=like.dtype) for w in weights[:-1]
    ]
    uniform = torch.rand(n, generator=generator, device=generator.device, dtype=like.dtype)
    return Noise([eps.to(like.device) for eps in normal], uniform.to(like.device))
