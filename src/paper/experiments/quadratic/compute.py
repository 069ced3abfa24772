"""The quadratic model of Eq. (5) beside the network: predicted and measured loss over the grid of the sweep."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
import torch
from torch.nn.functional import cross_entropy

from pacbayes_curvature import posteriors
from pacbayes_curvature.curvature.kronecker import diagonal
from pacbayes_curvature.gibbs.level import Noise
from pacbayes_curvature.gibbs.local_reparametrisation import LocalReparametrisation
from pacbayes_curvature.mean_field import Coordinates
from pacbayes_curvature.networks import Weights, forward
from paper import names
from paper.experiments.grid import PAPERS_METHODS, grid
from paper.networks.minimum import Minimum, posterior
from paper.randomness import stream
from paper.results import records

LOOKED = 2048  # training examples that the measured loss is a mean over


def quadratic(
    dataset: str,
    seed: int = 0,
    grid_size: int = names.GRID_SIZE,
    fresh: bool = False,
    minimum: Minimum | None = None,
) -> records.Result:
    """The loss that the quadratic model predicts for the noisy network and the loss that it has, at each point of the sweep's grid.

    Columns: dataset, seed, method, point, lam, beta (as `grid.grid`), predicted (tr(H Sigma_0)/2 with the Hessian H of the mean
    cross-entropy), layerwise (sum_l tr(H_l Sigma_0l)/2 with the H_l of Lemma 5.1, which the methods put in H's place),
    measured (the increase of the mean cross-entropy, E_Q[Lhat(theta)] - Lhat(mu_0)), measured_stderr, error (of the stochastic
    network on the same examples), error_stderr, kl.
    `minimum`: that of the network, where it is at hand.
    """
    asked = records.key("quadratic", dataset, seed, PAPERS_METHODS, grid_size=grid_size, looked=LOOKED)

    def compute() -> pd.DataFrame:
        near = minimum or Minimum(dataset, seed)
        return pd.concat([_points(near, method, grid_size) for method in PAPERS_METHODS], ignore_index=True)

    return records.obtain(asked, compute, fresh=fresh)


def _points(minimum: Minimum, method: str, grid_size: int) -> pd.DataFrame:
    """A method's rows; the noise is the same for every method, so that their differences have less spread than their values."""
    points, weights, layers = grid(method, grid_size), minimum.network.minimum, posterior(minimum, method)
    lam, beta = points["lam"].to_numpy(), points["beta"].to_numpy()
    some = torch.randperm(len(minimum.y), generator=stream("examples of the quadratic", minimum.seed))[:LOOKED]
    x, y = minimum.x[some], minimum.y[some]
    purpose = "noise of the quadratic"
    loss = Increase(weights, layers, lam, beta, stream(f"last {purpose}", minimum.seed)).tally(
        x, y, stream(purpose, minimum.seed)
    )
    answers = LocalReparametrisation(weights, layers, lam, beta).tally(x, y, stream(purpose, minimum.seed))
    models = {
        "predicted": _half_trace(layers, second_order(weights, layers, minimum.x), lam, beta),
        "layerwise": _half_trace(layers, _along_basis(minimum, layers), lam, beta),
    }
    return points.assign(
        **models,
        measured=1 - loss.accuracy,  # the mean outcome, which here is no error but an increase of the loss
        measured_stderr=loss.stderr,
        error=1 - answers.accuracy,
        error_stderr=answers.stderr,
        kl=posteriors.kl_divergence(layers, lam, beta),
    )


class Increase(LocalReparametrisation):
    """Outcomes (l(eps) + l(-eps))/2 - l(0), l an example's cross-entropy with the noise eps of its pre-activations in all layers.

    eps is symmetric, so that the expectation is that of l(eps) - l(0); the pairs cancel what is odd in eps, which has the
    expectation 0 and would hide a small increase. `last`: draws the noise of the logits, which `Noise` leaves out.
    """

    def __init__(
        self,
        weights: Weights,
        layers: list[posteriors.LayerPosterior],
        lam: np.ndarray,
        beta: np.ndarray,
        last: torch.Generator,
    ):
        super().__init__(weights, layers, lam, beta)
        self.last = last

    def shared(self, x: torch.Tensor, points: np.ndarray) -> tuple[torch.Tensor, ...]:
        """What `LocalReparametrisation` shares, and the logits without noise."""
        return *super().shared(x, points), forward(self.weights, x)

    def outcomes(
        self, shared: tuple[torch.Tensor, ...], y: torch.Tensor, noise: Noise, points: np.ndarray, count: np.ndarray
    ) -> Iterator[tuple[int, torch.Tensor]]:
        """The increase of each example's loss, all examples at each point."""
        mean, deviation, clean = shared
        start = cross_entropy(clean, y, reduction="none")
        logits = torch.randn(clean.shape, generator=self.last)
        pairs = [(sign * logits, Noise([sign * eps for eps in noise.normal], noise.uniform)) for sign in (1, -1)]
        for column, g in enumerate(points):
            total = -2 * start
            for xi, signed in pairs:
                a, s = self.logits(mean, deviation[:, column, None], signed, g)
                total += cross_entropy(torch.addcmul(a, s, xi), y, reduction="none")
            yield g, total / 2


def second_order(weights: Weights, layers: list[posteriors.LayerPosterior], x: torch.Tensor) -> list[np.ndarray]:
    """The diagonal of the mean cross-entropy's Hessian along each layer's basis, summed over its neurons: (k,) a layer.

    Exact wherever the Hessian exists: within a layer of a ReLU network it is the generalised Gauss-Newton matrix, and Q has
    no covariances between layers. So half its product with the variances is the second-order term of the expected loss.
    """
    inputs = [None if layer.basis is None else torch.from_numpy(layer.basis.copy()).to(weights[0]) for layer in layers]
    curvature = diagonal(weights, Coordinates(inputs, [None] * len(layers)), x)
    return [along.double().sum(0).cpu().numpy() for along in curvature]


def _along_basis(minimum: Minimum, layers: list[posteriors.LayerPosterior]) -> list[np.ndarray]:
    """The diagonal of H_l (Lemma 5.1) along each layer's basis, times its neurons: (k,) a layer."""
    return [
        layer.neurons * (np.diag(moment) if layer.basis is None else layer.curvature)
        for layer, moment in zip(layers, minimum.moments)
    ]


def _half_trace(
    layers: list[posteriors.LayerPosterior], curvature: list[np.ndarray], lam: np.ndarray, beta: np.ndarray
) -> np.ndarray:
    """(1/2) sum_l tr(C_l Sigma_0l) at each grid point: (G,)."""
    return sum(posteriors.variances(layer, lam, beta) @ along for layer, along in zip(layers, curvature)) / 2
