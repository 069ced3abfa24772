"""How far a number that is computed afresh may be from the frozen one, for each experiment."""

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd


@dataclass(frozen=True)
class Within:
    """How far two numbers may be apart: the sum of a number of standard errors of their difference (from the columns
    <name>_stderr), a part of the frozen number, a part of the largest frozen number of the column, and a constant."""

    errors: float = 0
    relative: float = 0
    of_largest: float = 0
    absolute: float = 0


@dataclass(frozen=True)
class Rule:
    """How two tables of an experiment are compared.

    figure: what the book shows of them; keys: the columns that name a row; exact: those that must be equal; within: the
    tolerances of the others; ignored: the columns that follow from others or from the noise; may_be_longer: whether the
    number of rows depends on the network; numbered: a column whose rows of one value have no name but their order, which
    becomes the key "row"; by_seed: cuts the rows that differ in the seed only out of a
    table that has them itself, a table each.
    """

    figure: str
    keys: tuple[str, ...]
    exact: tuple[str, ...]
    within: dict[str, Within]
    ignored: tuple[str, ...] = ()
    may_be_longer: bool = False
    numbered: str = ""
    by_seed: Callable[[pd.DataFrame], list[pd.DataFrame]] | None = None

    def named(self, table: pd.DataFrame) -> pd.DataFrame:
        """The table with its keys as the index."""
        if self.numbered:
            table = table.assign(row=table.groupby(self.numbered).cumcount())
        return table.set_index(list(self.keys))


# Noise. Some thousand accuracies are compared at once: the largest of as many standard normal numbers is below 4, and
# answers are somewhat less than normal near 100%. Five, and one answer for each of the two where an error rate is 0.
NOISE = Within(errors=5, absolute=2e-5)
# Rounding. Another order of summation, on another processor or with another number of threads, changes the network. On
# digits a relative change of 1e-7 at the start changes |mu_0 - mu_1|^2 and the KL by 1e-7, another seed by 4e-2. Small
# eigenvalues are differences of large numbers: they are held against the largest.
ROUNDING = Within(relative=1e-3, of_largest=1e-6)
# A network's loss near interpolation, and counts over its few uncertain answers, are exponentials of its logits.
SENSITIVE = Within(relative=5e-2, of_largest=1e-6)
# Test and running accuracies are counts without noise of their own, but single answers flip by rounding.
ANSWERS = Within(absolute=2e-3)


def _by_seed(table: pd.DataFrame) -> list[pd.DataFrame]:
    rows = table[table["factor"].isin(("default", "seed"))]
    return [part.assign(factor="seed", value=0.0) for _, part in rows.groupby(["factor", "value"])]


RULES = {
    "training_run": Rule(
        "training",
        keys=("epoch",),
        exact=(),
        within={
            "learning_rate": ROUNDING,
            "loss": SENSITIVE,
            "running_accuracy": ANSWERS,
            "train_accuracy": ANSWERS,
            "test_accuracy": ANSWERS,
        },
        may_be_longer=True,
    ),
    "curvature_spectra": Rule(
        "spectra",
        keys=("layer", "index"),
        exact=("neurons",),
        within=dict.fromkeys(("eigenvalue", "diagonal", "squared_distance"), ROUNDING),
    ),
    "accuracy_vs_complexity": Rule(
        "Figures 3 and 4",
        keys=("method", "lam", "beta"),
        exact=("examples",),
        within={"accuracy": NOISE, "kl": ROUNDING, "complexity": ROUNDING},
        ignored=("accuracy_stderr", "evaluated", "pareto", "drawn_accuracy", "drawn_accuracy_stderr"),
    ),
    "lower_bound": Rule(
        "Figure 2",
        keys=("curve", "relative_beta"),
        exact=("examples", "evaluated"),
        within={
            "accuracy": NOISE,
            **dict.fromkeys(
                ("beta", "kl", "complexity", "expected_loss", "layerwise_loss", "uncurved", "raised"), ROUNDING
            ),
            "effective_examples": SENSITIVE,
        },
        ignored=("accuracy_stderr",),
    ),
    "two_minima": Rule(
        "Figure 1",
        keys=("part", "row"),
        exact=("quantity", "epoch"),
        within={
            name: Within(relative=5e-2, absolute=1e-2)
            for name in ("value", "along", "across", "distance", "loss", "error", "noisy_loss", "noisy_error")
        },
        numbered="part",
    ),
    "sensitivity": Rule(
        "what the answer depends on",
        keys=("factor", "value", "method"),
        exact=("status", "examples"),
        within={
            "epochs": ROUNDING,
            "test_accuracy": ANSWERS,
            **dict.fromkeys(("squared_distance", "trace"), ROUNDING),
            # The smallest bound is a flat minimum: where it is found may move while its height hardly does.
            "bound": Within(absolute=5e-3),
        },
        ignored=("lam", "beta", "accuracy", "accuracy_stderr", "kl", "complexity"),
        by_seed=_by_seed,
    ),
}
