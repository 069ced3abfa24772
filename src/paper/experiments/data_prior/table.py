"""What the table of the priors from a share holds."""

from paper.experiments.certificates.table import HEIGHT, SCORE
from paper.experiments.data_prior.compute import POSTERIORS, data_prior
from paper.results.table import ANSWERS, Column, Table, number, one_of

TABLE = Table(
    data_prior,
    "priors from a share",
    {
        "method": one_of(
            POSTERIORS, "posterior: the prior itself, or optimised on the other examples by Adam or by natural steps"
        ).key(),
        **SCORE,
        "catoni": number("Catoni's bound in the certificate's place, with the same events paid for").within(HEIGHT),
        "tried": Column("string", "settings that were compared before the score").ignored(),
        "own_holdout": number("hold-out bound of the prior's mean, on the same examples").within(ANSWERS),
    },
)
