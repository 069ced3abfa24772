"""What the table of the bounds from norms holds."""

from paper.experiments.norms.compute import BOUNDS, norms
from paper.results.table import SENSITIVE, Table, number, one_of

TABLE = Table(
    norms,
    "bounds from norms",
    {
        "bound": one_of(BOUNDS, "whose bound it is").key(),
        "margin": number("median margin of the training examples").within(SENSITIVE),
        "term": number("the bound's leading term, without constants and logarithms").within(SENSITIVE),
    },
)
