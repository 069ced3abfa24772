"""Bounds on the trained network from the norms of its weights: what is left of them without their constants and logarithms."""

from collections.abc import Callable

import pandas as pd
import torch

from pacbayes_curvature.networks import Weights, forward
from paper.networks.minimum import Minimum
from paper.results import records

CHUNK = 8192


def norms(dataset: str, seed: int = 0, fresh: bool = False, minimum: Minimum | None = None) -> records.Result:
    """For each bound from norms its leading term at the median margin of the training set, constants and logarithms left out.

    At that margin half of the examples count as wrong, and the bound is at least 1/2 plus the term: terms above 1/2 prove nothing.
    Columns: dataset, seed, bound (of BOUNDS), margin, term. Real bounds are larger.
    """

    def compute() -> pd.DataFrame:
        near = minimum or Minimum(dataset, seed)
        trained, initial = (
            homogeneous([w.double() for w in ws]) for ws in (near.network.minimum, near.network.initial)
        )
        x = torch.cat([near.x, torch.ones(len(near.x), 1)], dim=1).double()
        margin = float(margins(near.network.minimum, near.x, near.y).median())
        rows = [{"bound": name, "term": float(f(trained, initial, x)) / margin} for name, f in BOUNDS.items()]
        return pd.DataFrame(rows).assign(margin=margin)[["bound", "margin", "term"]]

    return records.obtain(records.key("norms", dataset, seed), compute, fresh=fresh)


def homogeneous(weights: Weights) -> Weights:
    """The same network without biases: of inputs with a 1 appended, which each hidden layer (W, b; 0, 1) hands on."""
    ones = [torch.eye(w.shape[1])[-1:].to(w) for w in weights[:-1]]
    return [torch.cat([w, one]) for w, one in zip(weights, ones)] + [weights[-1]]


@torch.no_grad()
def margins(weights: Weights, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """By how much the right class's output is above the largest other one, (N,)."""
    parts = []
    for xs, ys in zip(x.split(CHUNK), y.split(CHUNK)):
        outputs = forward(weights, xs)
        right = outputs.gather(1, ys[:, None])[:, 0]
        parts.append(right - outputs.scatter(1, ys[:, None], -torch.inf).amax(1))
    return torch.cat(parts)


def bartlett(w: Weights, initial: Weights, x: torch.Tensor) -> torch.Tensor:
    """|X|_F / N prod_l |W_l|_2 (sum_l (|W_l - W_l^0|_{2,1} / |W_l|_2)^{2/3})^{3/2}, |.|_{2,1} the sum of the norms of a layer's neurons.

    Source: Bartlett, Foster and Telgarsky (2017), Theorem 1.1, with the initialisation as the reference.
    """
    spectral = torch.stack([torch.linalg.matrix_norm(layer, 2) for layer in w])
    moved = torch.stack([(a - b).norm(dim=1).sum() for a, b in zip(w, initial)])
    return x.norm() / len(x) * spectral.prod() * ((moved / spectral) ** (2 / 3)).sum() ** 1.5


def neyshabur(w: Weights, initial: Weights, x: torch.Tensor) -> torch.Tensor:
    """B d sqrt(h / N) prod_l |W_l|_2 (sum_l |W_l|_F^2 / |W_l|_2^2)^{1/2}, B the largest norm of an input, d layers, h the largest width.

    Source: Neyshabur, Bhojanapalli and Srebro (2018), Theorem 1.
    """
    spectral = torch.stack([torch.linalg.matrix_norm(layer, 2) for layer in w])
    ranks = torch.stack([(layer.norm() / s) ** 2 for layer, s in zip(w, spectral)])
    width = max(max(layer.shape) for layer in w)
    return _largest(x) * len(w) * (width / len(x)) ** 0.5 * spectral.prod() * ranks.sum().sqrt()


def golowich(w: Weights, initial: Weights, x: torch.Tensor) -> torch.Tensor:
    """B sqrt(d / N) prod_l |W_l|_F. Source: Golowich, Rakhlin and Shamir (2018), Theorem 1."""
    return _largest(x) * (len(w) / len(x)) ** 0.5 * torch.stack([layer.norm() for layer in w]).prod()


def _largest(x: torch.Tensor) -> torch.Tensor:
    return x.norm(dim=1).max()


BOUNDS: dict[str, Callable[[Weights, Weights, torch.Tensor], torch.Tensor]] = {
    "bartlett": bartlett,
    "neyshabur": neyshabur,
    "golowich": golowich,
}
