"""What the table of the optimal pairs holds."""

from paper.experiments.lower_bound.compute import CURVES, lower_bound
from paper.results import columns
from paper.results.table import NOISE, ROUNDING, SENSITIVE, Table, count, number, one_of, share

OF_H = "that of the curve's h"

TABLE = Table(
    lower_bound,
    "Figure 2",
    {
        "curve": one_of(CURVES, "optimal pair: what Lemma 4.2 has for its curvature h, or blocks of neurons").key(),
        "relative_beta": number("beta divided by the mean of the curve's h").key(),
        "beta": number("weight of the KL in the objective that the pair minimises", OF_H).within(ROUNDING),
        "accuracy": columns.ACCURACY.within(NOISE),
        "accuracy_stderr": columns.ACCURACY_STDERR.ignored(),
        "kl": columns.KL.within(ROUNDING),
        "evaluated": columns.EVALUATED.exact(),
        "expected_loss": number("E, the expected quadratic loss of the pair, with the curve's h", OF_H).within(
            ROUNDING
        ),
        "layerwise_loss": number(
            "E, the expected quadratic loss of the pair, with the layerwise H_l for all curves"
        ).within(ROUNDING),
        "uncurved": count(
            "weights, of block_prior blocks, that moved in training and have h = 0", "weights or blocks"
        ).within(ROUNDING),
        "raised": share("weights whose h was raised to a floor").within(ROUNDING),
        "effective_examples": number("on how many h rests, by curvature.fisher.effective_examples", "examples").within(
            SENSITIVE, empty="where no labels enter h"
        ),
        "examples": columns.EXAMPLES.exact(),
        "complexity": columns.COMPLEXITY.within(ROUNDING),
    },
)
