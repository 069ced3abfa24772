"""The trained network of a data set and a seed, and the course of its training."""

import json

import pandas as pd

from paper.networks import data
from paper.networks.minimum import network
from paper.results import records


def training_run(dataset: str, seed: int = 0, fresh: bool = False) -> records.Result:
    """The course of the training, a row for each epoch.

    Columns as in `training.train`: epoch, learning_rate, loss (nats), running_accuracy, train_accuracy, test_accuracy.
    `fresh` trains the network anew, even if results/ holds the run.
    """

    def compute() -> pd.DataFrame:
        return pd.DataFrame(json.loads(network(data.load(dataset), seed, fresh).record["history"]))

    return records.obtain(records.key("training_run", dataset, seed), compute, fresh=fresh)
