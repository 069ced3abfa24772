"""What the table of the sensitivity holds."""

from paper.experiments.sensitivity.compute import CHANGES, sensitivity
from paper.results import columns
from paper.results.table import ANSWERS, ROUNDING, Table, Within, count, number, one_of, share

MISSED = "where training missed 100%"


TABLE = Table(
    sensitivity,
    "what the answer depends on",
    {
        "factor": one_of(
            ("default", "draws", *CHANGES), "what differs from the default network; draws: its evaluation"
        ).key(),
        "value": number("value of the factor, in the factor's own unit; of default the seed").key(),
        "status": one_of(("fitted", "not fitted"), "whether training reached 100% training accuracy").exact(),
        "epochs": count("epochs of the training", "epochs", minimum=1).within(ROUNDING),
        "test_accuracy": share("right answers of the trained network on the test examples").within(ANSWERS, MISSED),
        "squared_distance": number("|mu_0 - mu_1|^2, between trained and initial weights").within(ROUNDING, MISSED),
        "trace": number("sum over the layers of neurons times trace of H_l").within(ROUNDING, MISSED),
        "method": columns.METHOD.key(),
        "lam": columns.LAM.ignored(MISSED),
        "beta": columns.BETA.ignored(MISSED),
        "accuracy": share(
            "right answers of the stochastic network on all training examples: by one pass of local reparametrisation, "
            "or where factor is draws by as many draws of the weights as value says"
        ).ignored(MISSED),
        "accuracy_stderr": columns.ACCURACY_STDERR.ignored(MISSED),
        "kl": columns.KL.ignored(MISSED),
        # A number, since pandas writes whole numbers beside empty cells as 1797.0.
        "examples": number("N, the training examples of the data set", "examples", minimum=2).exact(MISSED),
        "complexity": columns.COMPLEXITY.ignored(MISSED),
        # The smallest bound is a flat minimum: where it is found may move while its height hardly does.
        "bound": number("1 - accuracy + complexity").within(Within(absolute=5e-3), MISSED),
    },
)
