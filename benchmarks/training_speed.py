"""The share of the matrix-product peak that training reaches, for information."""

from contextlib import suppress
from dataclasses import replace

import torch

from paper.networks import data, training

from . import peak
from .pairs import entry, seconds


def run(dataset: str, rounds: int, peak_size: int) -> dict:
    """training_share_of_peak: the products of one epoch and of its evaluations, over its time, over the peak."""
    print(f"[training] {dataset}: {rounds} epochs", flush=True)
    examples = data.load(dataset)
    recipe = replace(training.recipe_for(dataset), most_epochs=1)

    def epoch() -> None:
        with suppress(training.NotInterpolating):  # one epoch is not enough, and is not meant to be
            training.train(examples, 0, recipe)

    operations = peak.operations(epoch)  # the warm-up too
    shares = [operations / seconds(epoch) / peak.measure(peak_size) for _ in range(rounds)]
    return entry(
        "training_share_of_peak", shares, None,
        f"{dataset}: {operations / 1e9:.4g} x 10^9 floating point operations in the products of one epoch (batches of "
        f"{recipe.batch_size}) and of its evaluations, with {torch.get_num_threads()} threads. For information. The rest is the "
        "gathering of batches, the loss and the optimiser.",
    )  # fmt: skip
