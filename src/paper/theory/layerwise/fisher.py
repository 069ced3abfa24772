"""Eq. (10) on networks: the Fisher matrix beside its sampled estimate, and what it becomes as the margins grow.

Legend: N examples, K classes, k weights; p = softmax of the logits. The loss is the MEAN cross-entropy
Lhat = -(1/N) sum_n ln p(y_n|x_n). The matrices are those of `measured_curvature`; what the paper gets wrong is in `fisher_errata`.
"""

import numpy as np
import pandas as pd
import torch
from torch.func import grad, vmap
from torch.nn.functional import cross_entropy

from pacbayes_curvature.curvature import fisher
from pacbayes_curvature.networks import Weights, forward
from paper.randomness import stream
from paper.theory.posterior import measured_curvature as measured


def predictions(weights: Weights, x: torch.Tensor) -> torch.Tensor:
    """The network's own class probabilities, (N, K) in float64."""
    return forward([w.double() for w in weights], x.double()).softmax(1)


def scores(weights: Weights, x: torch.Tensor, labels: torch.Tensor) -> np.ndarray:
    """The rows g_n = grad ln p(y_n|x_n) of Eq. (10): (N, k) float64."""

    def loss(theta, z, label):
        return cross_entropy(forward(measured.unflatten(theta, weights), z[None])[0], label)

    rows = vmap(grad(loss), in_dims=(None, 0, 0))(measured.flatten(weights), x.double(), labels)
    return -rows.numpy()


def estimates(weights: Weights, x: torch.Tensor, y: torch.Tensor, seed: int, draws=(1, 4, 16, 64)) -> pd.DataFrame:
    """The exact Fisher matrix beside means of sampled ones and the empirical one: trace, and |.- F|_F / |F|_F."""
    exact, generator = measured.fisher(weights, x), stream("sampled labels", seed)
    p, total, found, made = predictions(weights, x), 0, {"exact $F$": exact}, 0
    for count in draws:
        for _ in range(count - made):
            rows = scores(weights, x, torch.multinomial(p, 1, generator=generator)[:, 0])
            total = total + rows.T @ rows / len(rows)
        made = count
        found[f"sampled labels, mean of {count}"] = total / count
    found["empirical: the data's labels"] = measured.empirical_fisher(weights, x, y)
    lines = [(name, np.trace(m), np.linalg.norm(m - exact) / np.linalg.norm(exact)) for name, m in found.items()]
    return pd.DataFrame(lines, columns=["matrix", "trace", "relative distance from $F$"])


def traces_when_scaled(weights: Weights, x: torch.Tensor, scales: np.ndarray) -> pd.DataFrame:
    """tr F of the network whose last layer is multiplied by s: columns scale, trace. No decision changes."""
    traces = [fisher.ggn_diagonal([*weights[:-1], weights[-1] * float(s)], x).sum() for s in scales]
    return pd.DataFrame({"scale": scales, "trace": traces})
