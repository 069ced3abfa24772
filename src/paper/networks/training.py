"""Training to 100% training accuracy, with the initialisation kept: it is the prior mean."""

import json
import math
import time
from dataclasses import asdict

import torch
from torch.nn.functional import cross_entropy, linear
from tqdm import tqdm

from pacbayes_curvature.networks import Weights, forward, initialise
from paper.networks.data import Dataset
from paper.networks.sources import Recipe, source_of, widths
from paper.networks.store import TrainedNetwork
from paper.randomness import stream

EVALUATION_CHUNK, FIT_CHUNK = 8192, 2048
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
    # Biases by themselves: the derivative by a part of a matrix is made as large as the whole.
    layers = [[part.contiguous().requires_grad_() for part in (w[:, :-1], w[:, -1])] for w in initial]
    parameters = [part for layer in layers for part in layer]
    optimiser = torch.optim.SGD(parameters, lr=recipe.learning_rate, momentum=recipe.momentum, foreach=True)
    steps = -(-len(x) // recipe.batch_size)
    cycle = torch.optim.lr_scheduler.OneCycleLR(
        optimiser,
        recipe.learning_rate,
        total_steps=recipe.cycle_epochs * steps,
        cycle_momentum=False,
        div_factor=25,
        final_div_factor=recipe.learning_rate / 25 / recipe.final_rate,
    )
    history, fitted, shuffling = [], math.inf, stream("shuffling", seed)
    progress = tqdm(range(1, recipe.most_epochs + 1), f"training {dataset.name}", unit="epoch", disable=None)
    for epoch in progress:
        loss_sum, right = 0.0, 0
        for batch in torch.randperm(len(x), generator=shuffling).split(recipe.batch_size):
            optimiser.zero_grad()
            logits = _logits(layers, x[batch])
            loss = cross_entropy(logits, y[batch])
            loss.backward()
            optimiser.step()
            if epoch <= recipe.cycle_epochs:
                cycle.step()
            loss_sum += loss.item() * len(batch)
            right += int((logits.argmax(1) == y[batch]).sum())
        running, weights = right / len(x), _weights(layers)
        history.append(
            {
                "epoch": epoch,
                "learning_rate": optimiser.param_groups[0]["lr"],
                "loss": loss_sum / len(x),
                "running_accuracy": running,
                "train_accuracy": 1.0 if running >= NEARLY_ALL and fits(weights, x, y) else None,
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


def _logits(layers: list[list[torch.Tensor]], z: torch.Tensor) -> torch.Tensor:
    for layer in layers[:-1]:
        z = linear(z, *layer).relu()
    return linear(z, *layers[-1])


def _weights(layers: list[list[torch.Tensor]]) -> Weights:
    return [torch.cat([weight, bias[:, None]], dim=1).detach() for weight, bias in layers]


@torch.no_grad()
def fits(weights: Weights, x: torch.Tensor, y: torch.Tensor) -> bool:
    """Whether every example's largest logit is the label's; after the first chunk with another one no more is looked at."""
    chunks = zip(x.split(FIT_CHUNK), y.split(FIT_CHUNK))
    return all(bool((forward(weights, xs).argmax(1) == ys).all()) for xs, ys in chunks)


@torch.no_grad()
def accuracy(weights: Weights, x: torch.Tensor, y: torch.Tensor) -> float:
    """Share of the examples whose largest logit is the label's."""
    chunks = zip(x.split(EVALUATION_CHUNK), y.split(EVALUATION_CHUNK))
    return sum((forward(weights, xs).argmax(1) == ys).sum().item() for xs, ys in chunks) / len(x)
