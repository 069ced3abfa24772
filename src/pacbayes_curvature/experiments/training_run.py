"""The trained network of a data set and a seed, and the course of its training."""

import json
from dataclasses import asdict

import pandas as pd

from .. import data, networks, provenance, records
from ..networks import TrainedNetwork
from ..training import recipe_for, train

NETWORKS = records.ROOT / "build" / "networks"


def network(dataset: data.Dataset, seed: int, fresh: bool = False) -> TrainedNetwork:
    """The network stored in build/networks/<dataset>-seed<k>.safetensors, trained first if it is not there.

    It is trained again when the stored one was made by other code, another recipe or other data, or for `fresh`.
    """
    path = NETWORKS / f"{dataset.name}-seed{seed}.safetensors"
    identity = {
        "recipe": json.dumps(asdict(recipe_for(dataset.name))),
        "data": dataset.fingerprint["train"],
        "code": provenance.code_digest("training"),
    }
    if path.exists() and not fresh:
        stored = networks.load(path)
        if identity.items() <= stored.record.items():
            return stored
    trained = train(dataset, seed, recipe_for(dataset.name))
    trained.record.update(identity)
    networks.save(trained, path)
    return networks.load(path)


def key(experiment: str, dataset: str, seed: int, **parameters: object) -> records.Key:
    """The key of an experiment on the network of `dataset` and `seed`; the training recipe is always part of it."""
    return records.Key(
        experiment,
        dataset,
        seed,
        {"recipe": asdict(recipe_for(dataset))} | parameters,
        data.fingerprint(dataset),
        provenance.code_digest(f"experiments.{experiment}"),
    )


def training_run(dataset: str, seed: int = 0, fresh: bool = False) -> records.Result:
    """The course of the training, a row for each epoch.

    Columns as in `training.train`: epoch, learning_rate, loss (nats), running_accuracy, train_accuracy, test_accuracy.
    `fresh` trains the network anew, even if results/ holds the run.
    """

    def compute() -> pd.DataFrame:
        return pd.DataFrame(json.loads(network(data.load(dataset), seed, fresh).record["history"]))

    return records.obtain(key("training_run", dataset, seed), compute, fresh=fresh)
