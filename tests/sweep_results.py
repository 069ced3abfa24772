"""A small table of a sweep, with made-up numbers."""

import numpy as np
import pandas as pd

from paper.results.records import Key, Result

METHODS = ("baseline", "diag", "layerwise")  # the paper's three, whatever else the package has
MADE = {
    "date": "2026-01-02",
    "seconds": 83.4,
    "versions": {"python": "3.11.7", "torch": "2.14.1"},
    "machine": {"processor": "x86_64", "cores": 2},
}


def result(dataset="mnist2", state="frozen"):
    rng = np.random.default_rng(len(dataset))
    table = pd.DataFrame([(m, lam, beta) for m in METHODS for lam in (0.01, 0.1) for beta in (0.2, 0.3, 0.4)])
    table.columns = ["method", "lam", "beta"]
    table.insert(0, "dataset", dataset)
    table.insert(1, "seed", 0)
    table["accuracy"], table["complexity"] = rng.uniform(0.3, 1, len(table)), rng.uniform(0.1, 2, len(table))
    table["pareto"] = table.index % 3 != 1
    table["examples"] = table["evaluated"] = 60
    table["point"] = [f"front {i}" for i in range(len(table))]
    table["accuracy_stderr"], table["test_error"], table["test_error_stderr"] = 0.001, 1.01 - table["accuracy"], 0.0021
    parameters = {"recipe": {"rate": 0.1}, "passes": 1}
    key = Key("accuracy_vs_complexity", dataset, 0, parameters, {"train": "ab" * 32}, "c0de")
    return Result(key, table, MADE, state)
