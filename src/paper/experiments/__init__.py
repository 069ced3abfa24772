"""The experiments, a folder each, of which `paper.names.EXPERIMENTS` has the list.

`compute` has the function of the folder's name, which asks `records` for its table; `table` says what the columns mean and how
closely two tables have to agree; `figure` and `words` show it. `own_data` is none of them: it computes on a reader's examples, for a
chapter, and keeps nothing.
"""

import importlib
from collections.abc import Callable

from paper import names
from paper.results.records import Result
from paper.results.table import Table


def find(name: str) -> Callable[..., Result]:
    """The function of experiment `name`: (dataset, seed, ..., fresh) -> Result. Raises ValueError, listing the names."""
    if name not in names.EXPERIMENTS:
        raise ValueError(f"unknown experiment {name!r}; valid: {', '.join(names.EXPERIMENTS)}")
    return getattr(importlib.import_module(f"paper.experiments.{name}.compute"), name)


def tables() -> dict[str, Table]:
    """What the tables of each experiment hold."""
    return {name: importlib.import_module(f"paper.experiments.{name}.table").TABLE for name in names.EXPERIMENTS}
