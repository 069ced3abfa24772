"""The paper's estimator of the stochastic network's accuracy, written by itself and tuned: what our sweep is held against.

At a grid point, `draws` networks from the posterior, each run over the whole data set (section 6: "5 samples"). Weights are
drawn through the eigenbasis. All draws share the first layer's product, which is where the operations are; everything is
in single precision, in chunks whose size is the fastest of several, on all threads that torch has.

Nothing is shared over the grid: the weights of every point are others, so every point costs the same.
"""

import time

import numpy as np
import torch
from torch.nn.functional import linear

CHUNKS = (512, 1024, 2048, 4096, 8192)
TIMINGS = 3  # of each chunk; the least counts


class PaperProcedure:
    """weights: W_l (n_out, k) float32, bias last; spectra: (g (k,), U (k, k)) of each H_l; x (N, d), y (N,)."""

    def __init__(self, weights, spectra, x: torch.Tensor, y: torch.Tensor, chunk: int = 2048):
        self.weights, self.x, self.y, self.chunk = weights, x, y, chunk
        self.curvatures = [g for g, _ in spectra]
        self.bases = [torch.from_numpy(np.ascontiguousarray(u.T)).float() for _, u in spectra]

    @torch.no_grad()
    def accuracies(self, lam: float, beta: float, generator: torch.Generator, draws: int = 5) -> np.ndarray:
        """The training accuracy of each of `draws` networks from Q at (lam, beta): (draws,)."""
        sampled = [
            self._sample(mean, g, basis, lam, beta, generator, draws)
            for mean, g, basis in zip(self.weights, self.curvatures, self.bases)
        ]
        # Contiguous, with the biases apart: views would be copied again in every chunk.
        matrices = [w[:, :, :-1].contiguous() for w in sampled]
        biases = [w[:, :, -1].contiguous() for w in sampled]
        first, first_bias = matrices[0].flatten(0, 1), biases[0].flatten()
        right = torch.zeros(draws, dtype=torch.int64)
        for x, y in zip(self.x.split(self.chunk), self.y.split(self.chunk)):
            hidden = linear(x, first, first_bias)
            for draw, z in enumerate(hidden.split(matrices[0].shape[1], dim=1)):
                for matrix, bias in zip(matrices[1:], biases[1:]):
                    z = linear(z.relu_(), matrix[draw], bias[draw])
                right[draw] += (z.argmax(1) == y).sum()
        return right.numpy() / len(self.y)

    def tune(self, lam: float, beta: float, generator: torch.Generator, chunks: tuple[int, ...] = CHUNKS) -> int:
        """Set the chunk to the fastest of `chunks` and return it: the least of TIMINGS at this grid point, in turn, after a warm-up."""
        self.accuracies(lam, beta, generator)
        times = dict.fromkeys(chunks, float("inf"))
        for _ in range(TIMINGS):
            for self.chunk in chunks:
                started = time.perf_counter()
                self.accuracies(lam, beta, generator)
                times[self.chunk] = min(times[self.chunk], time.perf_counter() - started)
        self.chunk = min(times, key=times.get)
        return self.chunk

    @staticmethod
    def _sample(mean, g, basis, lam, beta, generator, draws) -> torch.Tensor:
        """(draws, n_out, k) weights from N(mean, U diag(lam / (1 + lam g / beta)) U'), one product for all draws."""
        deviation = torch.from_numpy(np.sqrt(lam / (1 + lam / beta * g))).float()
        noise = torch.randn(draws, *mean.shape, generator=generator).mul_(deviation)
        return (noise.flatten(0, 1) @ basis).view(draws, *mean.shape).add_(mean)
