"""Training to 100% training accuracy, with the initialisation kept: it is the prior mean."""

import json
import math
import time
from dataclasses import asdict

import torch
from tqdm import tqdm

from pacbayes_curvature.networks import Weights, forward, initialise
from paper.networks.data import Dataset
from paper.networks.exact import Descent, one_cycle
from paper.networks.sources import Recipe, source_of, widths
from paper.networks.store import TrainedNetwork
from paper.randomness import stream

EVALUATION_CHUNK, FIT_CHUNK = 8192, 2048
MARGIN = 1e-3  # nats
NEARLY_ALL = 0.99  # whether all answers are right is asked after the epochs in which this share was


class NotInterpolating(RuntimeError):
    """Training did not reach 100% training accuracy."""


def recipe_for(dataset: str) -> Recipe:
    """The recipe of a data set's source; raises ValueError for an unknown name."""
    return source_of(dataset).recipe


def train(dataset: Dataset, seed: int, recipe: Recipe) -> TrainedNetwork:
    """Train the network of `dataset` from `seed` until it fits every training example, as `recipe` says.

    The record of the result holds, as JSON, the recipe and the history: epoch, learning_rate (at its end); loss (nats)
    and running_accuracy, means over the epoch's examples, each taken just before the step that uses it; train_accuracy
    and test_accuracy, of the network after the epoch, the former only where it is 1.

    Raises NotInterpolating when recipe.most_epochs did not suffice for the fit and recipe.extra_epochs after it.
    """
    started = time.perf_counter()
    x, y = torch.from_numpy(dataset.x_train), torch.from_numpy(dataset.y_train)
    x_test, y_test = torch.from_numpy(dataset.x_test), torch.from_numpy(dataset.y_test)
    initial = initialise(widths(dataset.name, recipe.width), stream("initialisation", seed), recipe.initial_scale)
    descent = Descent(initial, recipe.batch_size, recipe.momentum)
    on_grid = descent.inputs(x)
    steps = recipe.cycle_epochs * -(-len(x) // recipe.batch_size)
    history, fitted, shuffling, step = [], math.inf, stream("shuffling", seed), 0
    progress = tqdm(range(1, recipe.most_epochs + 1), f"training {dataset.name}", unit="epoch", disable=None)
    for epoch in progress:
        loss_sum, right = 0.0, 0
        for batch in torch.randperm(len(x), generator=shuffling).split(recipe.batch_size):
            rate = one_cycle(step, steps, recipe.learning_rate, recipe.final_rate)
            loss, answers = descent.step(on_grid[batch], y[batch], rate)
            loss_sum, right, step = loss_sum + loss * len(batch), right + answers, step + 1
        running, weights = right / len(x), descent.weights()
        history.append(
            {
                "epoch": epoch,
                "learning_rate": rate,
                "loss": loss_sum / len(x),
                "running_accuracy": running,
                "train_accuracy": 1.0 if running >= NEARLY_ALL and fits(weights, on_grid, y) else None,
                "test_accuracy": accuracy(weights, x_test, y_test),
            }
        )
        progress.set_postfix(loss=history[-1]["loss"], accuracy=running)
        if history[-1]["train_accuracy"] == 1:
            fitted = min(fitted, epoch)
            if epoch >= fitted + recipe.extra_epochs:
                break
    else:
        more = f", and {recipe.extra_epochs} more epochs" if recipe.extra_epochs else ""
        raise NotInterpolating(
            f"{dataset.name}, seed {seed}: training accuracy {accuracy(weights, x, y):.5f} after "
            f"{recipe.most_epochs} epochs, 1 is needed{more}; the recipe was {recipe}"
        )
    record = {
        "dataset": dataset.name,
        "seed": str(seed),
        "recipe": json.dumps(asdict(recipe)),
        "history": json.dumps(history),
        "seconds": f"{time.perf_counter() - started:.1f}",
    }
    return TrainedNetwork(initial, weights, record)


def fits(weights: Weights, x: torch.Tensor, y: torch.Tensor) -> bool:
    """Whether every example's logit of its label is the largest by MARGIN at least; after the first chunk with another one no more is looked at.

    The margin is far above the rounding errors of `forward`, so that every processor's float32 gives these answers.
    """
    network = Descent(weights, batch_size=1, momentum=0.0)
    for xs, ys in zip(x.split(FIT_CHUNK), y.split(FIT_CHUNK)):
        logits = network.logits(xs)
        label = logits.gather(1, ys[:, None])
        if not bool((logits.scatter(1, ys[:, None], -math.inf) <= label - MARGIN).all()):
            return False
    return True


@torch.no_grad()
def accuracy(weights: Weights, x: torch.Tensor, y: torch.Tensor) -> float:
    """Share of the examples whose largest logit is the label's."""
    chunks = zip(x.split(EVALUATION_CHUNK), y.split(EVALUATION_CHUNK))
    return sum((forward(weights, xs).argmax(1) == ys).sum().item() for xs, ys in chunks) / len(x)
