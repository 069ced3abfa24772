"""What the table of the rivals holds."""

from paper.experiments.certificates.table import SCORE
from paper.experiments.rivals.compute import rivals
from paper.experiments.rivals.rival import RIVALS
from paper.results.table import ANSWERS, Column, Table, number, one_of, share

OWN = "where the prior has seen no examples"
_MEANINGS = ", ".join(f"{name} ({make.__doc__.splitlines()[0].rstrip('.')})" for name, make in RIVALS.items())

TABLE = Table(
    rivals,
    "the rivals",
    {
        "method": one_of(RIVALS, f"rival: {_MEANINGS}").key(),
        "prior_share": share("the training examples, that the prior has seen").exact(),
        **SCORE,
        "moved": number("distance of the posterior's mean from where its optimisation started").ignored(),
        "own_holdout": number("hold-out bound of the prior's mean, on the same examples").within(ANSWERS, empty=OWN),
        "tried": Column("string", "settings that were compared before the score").exact(),
        "holdout": number("hold-out bound at equal data").within(ANSWERS),
        "seconds": number("wall time, the training of the network that it is around apart", "s").ignored(),
    },
)
