"""How often each way fails, with its exact interval."""

import numpy as np
import pandas as pd

from pacbayes_curvature.certificates import holdout_bound
from paper.theory.validity.trials import TRIALS

CONFIDENCE = 0.95
DATASETS = 4000


def rates(seed: int = 0, datasets: int = DATASETS) -> pd.DataFrame:
    """For each way of each trial: trial, way, right, delta, failures, datasets, rate, and the ends low, high of `interval`."""
    rows = []
    for (name, trial), generator in zip(TRIALS.items(), np.random.default_rng(seed).spawn(len(TRIALS)), strict=True):
        for way in trial.ways(generator, datasets):
            failures = int(way.failed.sum())
            low, high = interval(failures, datasets)
            row = {"trial": name, "way": way.name, "right": way.right, "delta": trial.delta, "failures": failures}
            rows.append(row | {"datasets": datasets, "rate": failures / datasets, "low": low, "high": high})
    return pd.DataFrame(rows)


def interval(failures: int, datasets: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """The exact two-sided interval for a probability, from a count (Clopper and Pearson 1934)."""
    each = (1 - confidence) / 2
    return 1 - holdout_bound(datasets - failures, datasets, each), holdout_bound(failures, datasets, each)
