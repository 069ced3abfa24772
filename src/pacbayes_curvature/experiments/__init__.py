"""The experiments: each names its Key, computes its table from the data, and is answered from results/ where it can be."""

from .accuracy_vs_complexity import accuracy_vs_complexity
from .curvature_spectra import curvature_spectra
from .lower_bound import lower_bound
from .sensitivity import sensitivity
from .training_run import training_run
from .two_minima import two_minima

__all__ = [
    "accuracy_vs_complexity", "curvature_spectra", "lower_bound", "sensitivity", "training_run", "two_minima",
]  # fmt: skip
