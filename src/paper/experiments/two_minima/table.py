"""What the table of the two minima holds: rows of three kinds, each of which leaves the others' columns empty."""

from paper.experiments.two_minima.compute import two_minima
from paper.results.table import Column, Table, Within, number, one_of, share

# After an optimisation of its own, in float32, whose roundings are the processor's.
CLOSE = Within(relative=5e-2, absolute=1e-2)
OTHER = "where the part of the row has no such number"

TABLE = Table(
    two_minima,
    "Figure 1",
    {
        "part": one_of(
            ("fact", "path", "plane"), "what the row is: a fact, an epoch on the way, a point of the plane"
        ).key(),
        "quantity": Column("string", "name of a fact, as in the docstring of the function two_minima").exact(OTHER),
        "value": number(
            "of a fact, in its own unit; on the way the mean objective during the epoch", minimum=None
        ).within(CLOSE, OTHER),
        "epoch": number("epoch of the optimisation, from 1", minimum=1).exact(OTHER),
        "along": number(
            "coordinate on the plane, from the initialisation towards the original minimum", minimum=None
        ).within(CLOSE, OTHER),
        "across": number("coordinate on the plane, at right angles to the first", minimum=None).within(CLOSE, OTHER),
        "distance": number("of the mean from the original minimum").within(CLOSE, OTHER),
        "loss": number("mean cross-entropy of the network at the point, on a part of the training set", "nats").within(
            CLOSE, OTHER
        ),
        "error": share("wrong answers of the network at the point, on a part of the training set").within(CLOSE, OTHER),
        "noisy_loss": number("mean cross-entropy of the stochastic network with its mean at the point", "nats").within(
            CLOSE, OTHER
        ),
        "noisy_error": share("wrong answers of the stochastic network with its mean at the point").within(CLOSE, OTHER),
    },
    numbered="part",
)
