"""A file of claims, and tables of results whose claims' verdicts are known, for the tests of the claims."""

import math

import numpy as np
import pandas as pd
import yaml

from pacbayes_curvature import posteriors
from paper import names
from paper.claims import schema
from paper.claims.measures import MEASURES

N, DELTA = 60000, 0.05
LEVELS = [0.25, 0.5, 0.75, 0.95]
LAM = np.geomspace(1e-5, 1, 40)


def curve(name="baseline", dataset="mnist2", seed=0, scale=0.1, stderr=1e-4, slope=2.0, top=1.0, **more):
    """A curve with complexity = scale exp(slope (accuracy - 1/C)), from guessing to the accuracy `top`."""
    chance = 1 / names.classes(dataset)
    accuracy = np.linspace(chance, top, len(LAM))
    height = scale * np.exp(slope * (accuracy - chance))
    return pd.DataFrame(
        {
            "dataset": dataset,
            "seed": seed,
            "method" if name in posteriors.METHODS else "curve": name,
            "lam": LAM,
            "beta": math.inf if name == "baseline" else LAM,
            "accuracy": accuracy,
            "accuracy_stderr": stderr,
            "kl": 2 * N * height**2 - math.log(2 * (N - 1) / DELTA),
            "examples": N,
            "complexity": height,
        }
        | more
    )


def tables(*curves, **others):
    """Curves by the experiment that they belong to, beside the tables of other experiments."""
    sorted_ = {"accuracy_vs_complexity": [], "lower_bound": []}
    for table in curves:
        sorted_["accuracy_vs_complexity" if "method" in table else "lower_bound"].append(table)
    return {name: pd.concat(found) for name, found in sorted_.items() if found} | others


def spectra(dataset, *totals):
    rows = [
        {"dataset": dataset, "seed": seed, "layer": layer, "index": index, "squared_distance": total * share}
        for seed, total in enumerate(totals)
        for layer, share in ((1, 0.75), (2, 0.25))
        for index in (1, 2, 3)
    ]
    return pd.DataFrame(rows)


FACTS = {
    "distance_initialisation_original": 10.0,
    "distance_original_optimised": 6.0,
    "distance_initialisation_optimised": 8.0,
    "bound_original": 0.4,
    "bound_optimised": 0.3,
    "accuracy_stderr_original": 0.001,
    "accuracy_stderr_optimised": 0.001,
    "kl_original": 5000.0,
    "kl_optimised": 4000.0,
    "mean_term_original": 3000.0,
    "mean_term_optimised": 2300.0,
    "train_disagreement": 0.01,
    "test_disagreement": 0.02,
}


def two_minima(**changes):
    facts = {name: value for name, value in (FACTS | changes).items() if value is not None}
    return pd.DataFrame({"dataset": "mnist2", "seed": 0, "quantity": facts.keys(), "value": facts.values()})


def find(name, given, **arguments):
    finding = MEASURES[name](given, **arguments)
    assert finding.sentence.endswith(".")
    return finding.verdict, finding.value


def verdict(name, given, **arguments):
    return find(name, given, **arguments)[0]


ENTRY = {
    "id": "a-claim",
    "words": "It is so.",
    "place": "section 1",
    "reading": "It is measured so.",
    "measure": {"trained": {"datasets": ["mnist2"]}},
    "tolerance": {"missed": 0.001, "reason": "because"},
    "needs": {"training_run": {"mnist2": [0]}},
    "verdicts": {"reproduced": "a", "partly": "b", "not": "c"},
}


def read(tmp_path, *entries, **more):
    path = tmp_path / "claims.yml"
    path.write_text(schema.ended(yaml.safe_dump({"claims": list(entries), **more})))
    return schema.read(path)
