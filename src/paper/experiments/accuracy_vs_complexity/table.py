"""What the table of a sweep holds."""

from paper.experiments.accuracy_vs_complexity.compute import accuracy_vs_complexity
from paper.results import columns
from paper.results.table import NOISE, ROUNDING, Column, Table, number, share

UNQUOTED = "at points that are not quoted"

TABLE = Table(
    accuracy_vs_complexity,
    "Figures 3 and 4",
    {
        "method": columns.METHOD.key(),
        "lam": columns.LAM.key(),
        "beta": columns.BETA.key(),
        "accuracy": columns.ACCURACY.within(NOISE),
        "accuracy_stderr": columns.ACCURACY_STDERR.ignored(),
        "kl": columns.KL.within(ROUNDING),
        "examples": columns.EXAMPLES.exact(),
        "evaluated": columns.EVALUATED.ignored(),
        "complexity": columns.COMPLEXITY.within(ROUNDING),
        "pareto": Column(
            "boolean", "on the method's Pareto front, among its points evaluated on all N examples"
        ).ignored(),
        "drawn_accuracy": share(
            "right answers of 5 networks drawn from the posterior, on the training set: the paper's estimator"
        ).ignored(empty=UNQUOTED),
        "drawn_accuracy_stderr": number("standard error of drawn_accuracy, from the spread of the 5").ignored(
            empty=UNQUOTED
        ),
    },
)
