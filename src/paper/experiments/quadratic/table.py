"""What the table of the quadratic model holds."""

from paper.experiments.quadratic.compute import quadratic
from paper.results import columns
from paper.results.table import ROUNDING, SENSITIVE, Column, Table, Within, number, share

TABLE = Table(
    quadratic,
    "the quadratic model against the network",
    {
        "method": columns.METHOD.key(),
        "point": Column("string", "'grid' with lam and beta").key(),
        "lam": columns.LAM.ignored(),  # both are in the point's name
        "beta": columns.BETA.ignored(),
        "predicted": number(
            "tr(H Sigma_0)/2, H the Hessian of the mean cross-entropy: what the quadratic model adds to the loss",
            "nats",
        ).within(SENSITIVE),
        "layerwise": number(
            "sum over the layers of tr(H_l Sigma_0l)/2, H_l the layerwise curvature that the methods use"
        ).within(ROUNDING),
        "measured": number(
            "what the noise adds to the mean cross-entropy, by local reparametrisation", "nats", minimum=None
        ).within(Within(errors=5, relative=5e-2)),
        "measured_stderr": number("standard error of measured", "nats").ignored(),
        "error": share("wrong answers of the stochastic network on the same training examples").within(
            Within(errors=5, absolute=1e-3)
        ),
        "error_stderr": number("standard error of error").ignored(),
        "kl": columns.KL.within(ROUNDING),
    },
)
