"""Plain training, until no training example is answered wrong."""

from dataclasses import dataclass

import pandas as pd
import torch
from torch.nn.functional import cross_entropy
from tqdm import tqdm

from pacbayes_curvature.networks import Weights, forward
from paper.networks.training import accuracy

RATE, MOMENTUM, BATCH = 0.05, 0.9, 64


@dataclass(frozen=True)
class Trained:
    """weights; history: epoch, loss (mean cross-entropy in nats over the epoch, each example just before the step that uses it), error
    (share of the training examples that the network answers wrong after the epoch)."""

    weights: Weights
    history: pd.DataFrame


def train(
    initial: Weights, x: torch.Tensor, y: torch.Tensor, epochs: int, generator: torch.Generator, label: str = ""
) -> Trained:
    """Stochastic gradient descent with momentum from `initial` on x (N, d), y (N,), for at most `epochs` epochs.

    It stops after the first epoch that leaves no example wrong. ValueError: weights that are no longer finite.
    """
    weights = [w.clone().requires_grad_() for w in initial]
    sgd, history = torch.optim.SGD(weights, lr=RATE, momentum=MOMENTUM), []
    for epoch in (progress := tqdm(range(1, epochs + 1), label, unit="epoch", disable=None)):
        total = 0.0
        for batch in torch.randperm(len(x), generator=generator).split(BATCH):
            sgd.zero_grad()
            loss = cross_entropy(forward(weights, x[batch]), y[batch])
            loss.backward()
            sgd.step()
            total += loss.item() * len(batch)
        if not all(bool(w.isfinite().all()) for w in weights):
            raise ValueError(
                f"training diverged in epoch {epoch}: the inputs, up to {x.abs().max():g}, are too large for it; divide them by a "
                "number fixed beforehand"
            )
        history.append({"epoch": epoch, "loss": total / len(x), "error": 1 - accuracy(weights, x, y)})
        progress.set_postfix(**history[-1])
        if history[-1]["error"] == 0:
            break
    return Trained([w.detach() for w in weights], pd.DataFrame(history))
