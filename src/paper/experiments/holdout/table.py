"""What the table of the hold-out bounds holds."""

from paper.experiments.holdout.compute import holdout
from paper.results.table import ANSWERS, Table, Within, count, number, share

TABLE = Table(
    holdout,
    "the hold-out bound",
    {
        "share": share("the training examples that the network is trained on, chosen in advance").key(),
        "train_examples": count("training examples that it is trained on", "examples", minimum=1).exact(),
        "errors": count("wrong answers on the others", "examples").within(Within(relative=0.2, absolute=10)),
        "n": count("the others", "examples", minimum=1).exact(),
        "bound": number("bound on the network's error, by the binomial tail at delta = 0.05").within(ANSWERS),
        "test_error": share("wrong answers of the network on the test examples").within(ANSWERS),
    },
)
