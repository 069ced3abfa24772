"""A plane through three networks: coordinates on it, the marginal of a Gaussian along it, losses over it.

Legend: k weights of all layers in one vector, L2 geometry; u, v the two orthonormal directions, U = (u, v)' (2, k).
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch.nn.functional import cross_entropy

from pacbayes_curvature.networks import Weights, affine, flatten, unflatten

CHUNK = 1024  # examples at a time: one chunk's pre-activations stay in the processor's cache


@dataclass(frozen=True)
class Plane:
    """origin (k,) and U (2, k) in float64; like: a network with the same shapes."""

    origin: torch.Tensor
    directions: torch.Tensor
    like: Weights

    def coordinates(self, weights: Weights) -> np.ndarray:
        """U (theta - origin): (2,), of the point of the plane that is closest to the network."""
        return (self.directions @ (_vector(weights) - self.origin)).numpy()

    def covariance(self, variances: Weights) -> np.ndarray:
        """U diag(v) U': (2, 2), the marginal along the plane of a Gaussian with these variances."""
        return ((self.directions * _vector(variances)) @ self.directions.T).numpy()

    def layers(self, vector: torch.Tensor) -> Weights:
        """A vector (k,) as the matrices of a network, in float32."""
        return unflatten(vector.float(), self.like)


def through(origin: Weights, second: Weights, third: Weights) -> Plane:
    """The plane with `origin` at (0, 0), `second` at (a, 0) and `third` at (b, c), where a, c > 0.

    Raises ValueError for three networks on one line.
    """
    start, u, w = _vector(origin), _vector(second) - _vector(origin), _vector(third) - _vector(origin)
    u = u / torch.linalg.vector_norm(u)
    rest = w - (u @ w) * u
    rest = rest - (u @ rest) * u  # again: where w is nearly parallel to u, the first difference has lost digits
    if not torch.linalg.vector_norm(rest) > 1e-6 * torch.linalg.vector_norm(w):  # also when u or w is 0
        raise ValueError("the three networks lie on one line: they span no plane")
    v = rest / torch.linalg.vector_norm(rest)
    return Plane(start, torch.stack([u, v]), origin)


@torch.no_grad()
def losses(
    plane: Plane,
    points: np.ndarray,
    x: torch.Tensor,
    y: torch.Tensor,
    variances: Weights | None = None,
    generator: torch.Generator | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Mean cross-entropy (nats) and error of the networks at `points` (P, 2) of the plane, on x (N, d), y (N,): (P,), (P,).

    With `variances`, of each weight, and a generator: of the stochastic network whose mean is there, one draw of the
    pre-activations' noise for each example, the same at all points. The first layer's products are made once: its
    pre-activations are linear in the coordinates, and their noise does not depend on them.
    """
    origin, u, v = (plane.layers(vector) for vector in (plane.origin, *plane.directions))
    loss, wrong = np.zeros(len(points)), np.zeros(len(points))
    for xs, ys in zip(x.split(CHUNK), y.split(CHUNK)):
        first, first_u, first_v = (affine(layers[0], xs) for layers in (origin, u, v))
        if variances is not None:
            noise = [torch.randn(len(xs), len(w), generator=generator) for w in origin]
            first = first + affine(variances[0], xs.square()).sqrt() * noise[0]
        for p, (a, b) in enumerate(points):
            logits = first + a * first_u + b * first_v
            for layer in range(1, len(origin)):
                z = logits.relu()
                logits = affine(origin[layer] + a * u[layer] + b * v[layer], z)
                if variances is not None:
                    logits += affine(variances[layer], z.square()).sqrt() * noise[layer]
            loss[p] += cross_entropy(logits, ys, reduction="sum").item()
            wrong[p] += (logits.argmax(1) != ys).sum().item()
    return loss / len(x), wrong / len(x)


def _vector(weights: Weights) -> torch.Tensor:
    return flatten(weights).double()
