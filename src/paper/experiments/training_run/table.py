"""What the table of a training holds."""

from paper.experiments.training_run.compute import training_run
from paper.results.table import ANSWERS, ROUNDING, SENSITIVE, Column, Table, count, number, share

TABLE = Table(
    training_run,
    "training",
    {
        "epoch": count("epoch of the training, from 1", minimum=1).key(),
        "learning_rate": number("learning rate at the end of the epoch").within(ROUNDING),
        "loss": number(
            "mean cross-entropy of the epoch's examples, each taken just before the step that uses it", "nats"
        ).within(SENSITIVE),
        "running_accuracy": share(
            "right answers to the epoch's examples, each taken just before the step that uses it"
        ).within(ANSWERS),
        "train_accuracy": share("right answers of the network after the epoch on all training examples").within(
            ANSWERS, empty="unless all are"
        ),
        "test_accuracy": share("right answers of the network after the epoch on the test examples").within(ANSWERS),
        "network": Column(
            "string",
            "SHA-256 of the weights of the network after the last epoch and before the first",
            constraints={"pattern": "^[0-9a-f]{64}$"},
        ).exact(empty="but in the last row"),
    },
)
