"""Tables to compare, and files that hold them."""

import numpy as np
import pandas as pd
import torch

from pacbayes_curvature import posteriors
from pacbayes_curvature.bounds import complexity
from pacbayes_curvature.curvature import second_moments
from pacbayes_curvature.gibbs import local_reparametrisation
from paper.experiments.grid import grid
from paper.networks import data
from paper.randomness import stream
from paper.results import records

MADE = {"date": "2020-01-01", "seconds": 1.0, "versions": {}, "machine": {}}


def measured(digits, network, noise=0, size=5):
    """A small Figure 3 on digits: the same network with other noise, or another network."""
    x, y = torch.from_numpy(digits.x_train), torch.from_numpy(digits.y_train)
    moments, tables = second_moments.second_moments(network.minimum, x), []
    for method in ("baseline", "diag"):
        layers = [
            posteriors.layer_posterior(method, moment, None, len(weight), distance)
            for moment, weight, distance in zip(moments, network.minimum, network.squared_distances())
        ]
        table = grid(method, size)
        lam, beta = table["lam"].to_numpy(), table["beta"].to_numpy()
        score = local_reparametrisation.by_local_reparametrisation(
            network.minimum, layers, lam, beta, x, y, stream("gibbs", noise)
        )
        kl = posteriors.kl_divergence(layers, lam, beta)
        tables.append(
            table.assign(accuracy=score[0], accuracy_stderr=score[1], kl=kl, complexity=complexity(kl, len(x)))
        )
    more = {"dataset": "digits", "seed": 0, "examples": len(x), "evaluated": len(x), "pareto": False}
    more |= {"test_error": np.nan, "test_error_stderr": np.nan}
    return pd.concat(tables, ignore_index=True).assign(**more)


def run(epochs, loss=1.0, test_accuracy=0.97):
    epoch = np.arange(1, epochs + 1)
    return pd.DataFrame(
        {"dataset": "digits", "seed": 0, "epoch": epoch, "learning_rate": 0.1 / epoch, "loss": loss / epoch,
         "running_accuracy": 1 - 0.3 / epoch, "train_accuracy": np.where(epoch < epochs, np.nan, 1.0),
         "test_accuracy": test_accuracy, "network": [None] * (epochs - 1) + ["0" * 64]}
    )  # fmt: skip


def write(path, table, seed=0, code=None, experiment="accuracy_vs_complexity", dataset="digits", **parameters):
    key = records.Key(
        experiment, dataset, seed, records.about(dataset) | {"passes": 1} | parameters,
        data.fingerprint(dataset),
        code or records.code(experiment, table["method"].unique() if "method" in table else None),
    )  # fmt: skip
    table = table.assign(seed=seed, dataset=dataset)
    records.write(records.Result(key, table, MADE, "computed"), path=path)
    return path
