"""What the pairs are measured on: a data set, its trained network of seed 0 and the layerwise posteriors over the grid."""

from dataclasses import dataclass

import numpy as np
import torch

from pacbayes_curvature import networks
from pacbayes_curvature.posteriors import LayerPosterior
from paper.experiments.grid import grid
from paper.networks.minimum import Minimum, discard_damaged, posterior

METHOD = "layerwise"  # the most expensive of the three


@dataclass(frozen=True)
class Problem:
    """x (N, d) and y (N,) in random order, so that the first n examples are a random subset; lam and beta (G,), G a square
    number: lam from row to row of the grid, beta from column to column."""

    name: str
    weights: networks.Weights
    initial: networks.Weights
    layers: list[LayerPosterior]
    spectra: list[tuple[np.ndarray, np.ndarray]]
    x: torch.Tensor
    y: torch.Tensor
    lam: np.ndarray
    beta: np.ndarray

    @property
    def points(self) -> int:
        return len(self.lam)


def load(dataset: str, grid_size: int) -> Problem:
    """The problem of `dataset`; its network is trained first if it is not in build/networks.

    Raises FileNotFoundError when the data are not to be had.
    """
    discard_damaged(dataset)
    minimum = Minimum(dataset, seed=0)
    points = grid(METHOD, grid_size)
    points = points[np.isfinite(points["beta"])]  # a square grid
    order = torch.randperm(len(minimum.y), generator=torch.Generator().manual_seed(0))
    return Problem(
        dataset,
        minimum.network.minimum,
        minimum.network.initial,
        posterior(minimum, METHOD),
        minimum.spectra,
        minimum.x[order],
        minimum.y[order],
        points["lam"].to_numpy(),
        points["beta"].to_numpy(),
    )
