"""The experiments, a folder each: `compute` asks `records` for its table, `table` says what the columns mean and how closely
two tables have to agree, `figure` and `words` show it. The name of the folder is that of the experiment and of its function.
"""

import importlib
from collections.abc import Callable

from paper.results.records import Result

NAMES = ("accuracy_vs_complexity", "curvature_spectra", "lower_bound", "sensitivity", "training_run", "two_minima")


def find(name: str) -> Callable[..., Result]:
    """The function of experiment `name`: (dataset, seed, ..., fresh) -> Result. Raises ValueError, listing the names."""
    if name not in NAMES:
        raise ValueError(f"unknown experiment {name!r}; valid: {', '.join(NAMES)}")
    return getattr(importlib.import_module(f"paper.experiments.{name}.compute"), name)
