"""The yardstick: what the same examples prove when some of them are only counted."""

import pandas as pd
import torch

from pacbayes_curvature.certificates import holdout_bound
from pacbayes_curvature.networks import Weights, initialise
from paper.experiments.certified import DELTA, error_rate
from paper.networks import data, share
from paper.networks.sources import source_of, widths
from paper.networks.training import recipe_for
from paper.randomness import stream
from paper.results import records

SHARES = (0.5, 0.8)  # of the examples for training, chosen in advance; each has its own bound
EPOCHS = {"mnist": 20, "cifar10": 15, "digits": 20}  # chosen in advance
CHOSEN = 0.8  # the share whose bound is the yardstick: no union is due


def holdout(dataset: str, seed: int = 0, fresh: bool = False) -> records.Result:
    """For each share the bound on the error of the network that was trained on it, from its errors on the rest.

    Columns: dataset, seed, share, train_examples, errors, n (examples
    left), bound (`certificates.holdout_bound`, delta = 0.05 for each row by itself), test_error.
    """

    def compute() -> pd.DataFrame:
        examples = data.load(dataset)
        rows = []
        for part in SHARES:
            weights, _, left = trained_on_share(examples, seed, part)
            x, y = torch.from_numpy(examples.x_train)[left], torch.from_numpy(examples.y_train)[left]
            errors = round(error_rate(weights, x, y) * len(y))
            test = torch.from_numpy(examples.x_test), torch.from_numpy(examples.y_test)
            rows.append(
                {
                    "share": part,
                    "train_examples": len(examples.y_train) - len(left),
                    "errors": errors,
                    "n": len(left),
                    "bound": holdout_bound(errors, len(left), DELTA),
                    "test_error": error_rate(weights, *test),
                }
            )
        return pd.DataFrame(rows)

    return records.obtain(records.key("holdout", dataset, seed), compute, fresh=fresh)


def trained_on_share(
    examples: data.Dataset, seed: int, part: float, moved: bool = False
) -> tuple[Weights, torch.Tensor, torch.Tensor]:
    """The network trained on the share, from the initialisation of `seed`; indices of the share and of the rest.

    moved: whether the images are moved at random while it is trained; then for twice as many epochs.
    """
    first, left = share.split(len(examples.y_train), part, seed)
    recipe, source = recipe_for(examples.name), source_of(examples.name)
    initial = initialise(widths(examples.name, recipe.width), stream("initialisation", seed), recipe.initial_scale)
    side = round((source.inputs / len(source.mean)) ** 0.5) if moved else 0
    x, y = torch.from_numpy(examples.x_train)[first], torch.from_numpy(examples.y_train)[first]
    epochs = EPOCHS[source.name] * (2 if moved else 1)
    return share.train_on(x, y, initial, epochs, recipe, seed, side, f"share of {examples.name}"), first, left
