"""The trained network of a data set and a seed, and the course of its training."""

import json

import pandas as pd

from paper.files import sha256
from paper.networks import data
from paper.networks.minimum import network
from paper.networks.store import TrainedNetwork
from paper.results import records


def training_run(dataset: str, seed: int = 0, fresh: bool = False) -> records.Result:
    """The course of the training, a row for each epoch.

    Columns as in `training.train`: epoch, learning_rate, loss (nats), running_accuracy, train_accuracy, test_accuracy; and
    network, in the last row: `checksum`, the same on every machine.
    `fresh` trains the network anew, even if results/ holds the run.
    """

    def compute() -> pd.DataFrame:
        trained = network(data.load(dataset), seed, fresh)
        table = pd.DataFrame(json.loads(trained.record["history"]))
        return table.assign(network=[None] * (len(table) - 1) + [checksum(trained)])

    return records.obtain(records.key("training_run", dataset, seed), compute, fresh=fresh)


def checksum(network: TrainedNetwork) -> str:
    """SHA-256 of the weights, as little-endian float32: those at the minimum layer by layer, then the initial ones."""
    return sha256(*(w.numpy().astype("<f4").tobytes() for w in (*network.minimum, *network.initial)))
