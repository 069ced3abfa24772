"""What a table of results holds, and how far two of them may be apart: each experiment's folder has one, `table.TABLE`.

TABLE = Table(training_run, "training", {"epoch": count("epoch, from 1").key(), "loss": number("...", "nats").within(NOISE)})
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Literal

import pandas as pd

from paper import names


@dataclass(frozen=True)
class Within:
    """How far two numbers may be apart: the sum of a number of standard errors of their difference (from the columns
    <name>_stderr), a part of the frozen number, a part of the largest frozen number of the column, and a constant.

    moved: of the frozen number, at most this part more, where columns lam and beta of the row have moved, and no more than they have, up
    or down: the larger of the two numbers over the smaller, less one, of lam and of beta together.
    traded: (row, column): in the row so named by the last key, the number may be off by what that column is off by. Such a row was chosen
    by the least difference of the two, as the smallest bound is, 1 - accuracy + complexity: that is compared, and where along a flat front
    the choice fell is not."""

    errors: float = 0
    relative: float = 0
    of_largest: float = 0
    absolute: float = 0
    moved: float = 0
    traded: tuple[str, str] | None = None


# Noise. Some thousand accuracies are compared at once: the largest of as many standard normal numbers is below 4, and
# answers are somewhat less than normal near 100%. Five, and one answer for each of the two where an error rate is 0.
NOISE = Within(errors=5, absolute=2e-5)
# Rounding. The network is the same on every processor (`paper.networks.exact`); what is computed around it is summed in another order. Small
# eigenvalues are differences of large numbers: they are held against the largest.
ROUNDING = Within(relative=1e-3, of_largest=1e-6)
# A network's loss near interpolation, and counts over its few uncertain answers, are exponentials of its logits.
SENSITIVE = Within(relative=5e-2, of_largest=1e-6)
# Test and running accuracies are counts without noise of their own, but single answers flip by rounding.
ANSWERS = Within(absolute=2e-3)


@dataclass(frozen=True)
class Column:
    """A column: type and constraints as in Table Schema; unit, "none" for shares and names; empty: where a cell may be empty,
    "" for nowhere.

    role, in a comparison: "key" if it names the row, "exact" if it must be equal, a tolerance, or "ignored" if it follows
    from the others or from the noise.
    """

    type: str
    description: str
    unit: str = "none"
    constraints: dict = field(default_factory=dict)
    role: Literal["key", "exact", "ignored"] | Within | None = None
    empty: str = ""

    def key(self) -> "Column":
        """The column as a part of the row's name."""
        return replace(self, role="key")

    def exact(self, empty: str = "") -> "Column":
        """The column, to be equal in two tables."""
        return replace(self, role="exact", empty=empty)

    def within(self, tolerance: Within, empty: str = "") -> "Column":
        """The column, to agree within `tolerance`."""
        return replace(self, role=tolerance, empty=empty)

    def ignored(self, empty: str = "") -> "Column":
        """The column, not compared."""
        return replace(self, role="ignored", empty=empty)

    def field(self, name: str) -> dict:
        """The column under `name` as a field of Table Schema, with its unit."""
        words = self.description + (f"; empty {self.empty}" if self.empty else "")
        return {
            "name": name,
            "type": self.type,
            "unit": self.unit,
            "description": words if self.unit == "none" else f"{words} [{self.unit}]",
            "constraints": self.constraints if self.empty else {"required": True} | self.constraints,
        }


def number(description: str, unit: str = "none", minimum: float | None = 0) -> Column:
    """A number of at least `minimum`, None for no limit."""
    return Column("number", description, unit, {} if minimum is None else {"minimum": minimum})


def share(of: str) -> Column:
    """A share of `of`, from 0 to 1."""
    return Column("number", f"share of {of}", constraints={"minimum": 0, "maximum": 1})


def count(description: str, unit: str = "none", minimum: int = 0) -> Column:
    """A whole number of at least `minimum`."""
    return Column("integer", description, unit, {"minimum": minimum})


def one_of(values: Iterable[str], description: str) -> Column:
    """A name among `values`."""
    return Column("string", description, constraints={"enum": list(values)})


@dataclass(frozen=True)
class Table:
    """The tables of an experiment.

    of: the experiment's function; figure: what the book shows of them; columns: by name, those named dataset and seed apart,
    which every table has; numbered: a column whose rows of one value have no name but their order, which becomes the key "row". Raises
    ValueError for a column without a role in a comparison.
    """

    of: Callable
    figure: str
    columns: dict[str, Column]
    numbered: str = ""

    def __post_init__(self):
        if without := [name for name, column in self.columns.items() if column.role is None]:
            raise ValueError(f"{self.of.__name__}: how is column {without[0]} compared: key, exact, within or ignored?")

    @property
    def keys(self) -> list[str]:
        """The columns that name a row of one data set and seed."""
        return self._with("key") + (["row"] if self.numbered else [])

    @property
    def exact(self) -> list[str]:
        """The columns that must be equal."""
        return self._with("exact")

    @property
    def within(self) -> dict[str, Within]:
        """The columns that must agree within a tolerance."""
        return {name: column.role for name, column in self.columns.items() if isinstance(column.role, Within)}

    @property
    def all_columns(self) -> dict[str, Column]:
        """All columns by name."""
        return {"dataset": DATASET, "seed": SEED} | self.columns

    def named(self, table: pd.DataFrame) -> pd.DataFrame:
        """The table with its keys as the index."""
        if self.numbered:
            table = table.assign(row=table.groupby(self.numbered).cumcount())
        return table.set_index(self.keys)

    def _with(self, role: str) -> list[str]:
        return [name for name, column in self.columns.items() if column.role == role]


DATASET = one_of(names.DATASETS, "data set: the source and into how many classes its ten are merged").key()
SEED = count("seed of the initialisation, of the order of training and of all noise").key()
