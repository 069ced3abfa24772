"""Names of the data sets, the experiments, and the parts of a sweep; what is frozen of them. Without torch, pandas or numpy,
since the Snakefile, and so every job on a cluster, reads this file.

The posteriors' names are in `pacbayes_curvature.posteriors`, where each is defined.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple


class Merged(NamedTuple):
    """A data set: its source (`paper.networks.sources`), and the number of classes that the source's ten are merged into."""

    source: str
    classes: int


DATASETS = {
    "mnist2": Merged("mnist", 2),
    "mnist5": Merged("mnist", 5),
    "mnist10": Merged("mnist", 10),
    "cifar2": Merged("cifar10", 2),
    "cifar5": Merged("cifar10", 5),
    "cifar10": Merged("cifar10", 10),
    "digits": Merged("digits", 10),
}
# The paper's. Each has a page of its own and frozen results; digits are for trying out, and always at hand.
FROZEN = [name for name in DATASETS if DATASETS[name].source != "digits"]


MOST = 2**32 - 1  # the largest seed
WHOLE = re.compile(r"-?(0|[1-9][0-9]{0,14})")


def whole(text: str) -> int:
    """The whole number that a text is: plain ASCII digits, at most 15 of them, no leading zeros. Raises ValueError for others,
    and for what Python's int takes too: "1_0", " 1", "+1", digits of other scripts."""
    if not WHOLE.fullmatch(text):
        raise ValueError(f"a whole number in plain digits is needed, got {shown(text)}")
    return int(text)


def seed(text: str) -> int:
    """The seed that a text is, from 0 to 4294967295. Raises ValueError for others."""
    if not WHOLE.fullmatch(text) or not 0 <= int(text) <= MOST:
        raise ValueError(f"a seed is a whole number from 0 to {MOST} in plain digits, got {shown(text)}")
    return int(text)


def shown(value: object) -> str:
    """A value in an error's message: not all of a long one, which would hide the message."""
    try:
        text = repr(value)
    except ValueError:  # Python's limit for the digits of a number
        return "a number of thousands of digits"
    return text if len(text) <= 60 else f"{text[:40]}... ({len(text)} characters)"


def source(dataset: str) -> str:
    """The name of a data set's source: cifar2 -> cifar10. Raises ValueError, listing the data sets, for an unknown one."""
    return _merged(dataset).source


def classes(dataset: str) -> int:
    """The number of a data set's classes: cifar2 -> 2. Raises ValueError, listing the data sets, for an unknown one."""
    return _merged(dataset).classes


def _merged(dataset: str) -> Merged:
    if dataset not in DATASETS:
        raise ValueError(f"unknown dataset {dataset!r}; valid: {', '.join(DATASETS)}")
    return DATASETS[dataset]


def _all(seeds: int) -> dict[str, range]:
    """So many seeds of every frozen data set."""
    return dict.fromkeys(FROZEN, range(seeds))


# Each experiment, a folder of paper/experiments, with the data sets and the seeds that it is frozen for.
EXPERIMENTS = {
    "training_run": _all(seeds=5),
    # Enough for a spread in `make verify`; these are the largest tables.
    "curvature_spectra": {name: range(3 if classes(name) == 2 else 1) for name in FROZEN},
    "accuracy_vs_complexity": _all(seeds=5),
    "lower_bound": _all(seeds=5),
    "sensitivity": {"mnist2": range(1)},
    "two_minima": {"mnist2": range(3)},
    "certificates": _all(seeds=5),
    "holdout": _all(seeds=1),
    "rivals": _all(seeds=1),
    "data_prior": {"mnist2": range(1), "mnist10": range(1), "cifar2": range(1)},
    "norms": _all(seeds=1),
    "quadratic": {"mnist2": range(1), "cifar2": range(1)},
}
USUAL = [name for name in EXPERIMENTS if set(EXPERIMENTS[name]) == set(FROZEN)]  # for every data set

# The sweep of accuracy_vs_complexity: points along an axis of the frozen grids, passes over the training set, and the parts
# that a cluster computes by themselves: first the exploration, then the training set in chunks and the test set.
GRID_SIZE, PASSES, CHUNKS = 20, 1, 4
PARTS = ("explored", *(f"chunk{chunk}" for chunk in range(CHUNKS)), "test")


def frozen() -> Iterator[tuple[str, str, int]]:
    """What is frozen in results/: experiment, data set and seed."""
    for experiment, datasets in EXPERIMENTS.items():
        for dataset, seeds in datasets.items():
            for seed in seeds:
                yield experiment, dataset, seed


def matrix() -> dict:
    """The matrix of .github/workflows/reproduce.yml: for each data set, whose data are then downloaded once, a job with its
    source and the experiments frozen for it."""
    return {
        "include": [
            {
                "dataset": dataset,
                "source": source(dataset),
                "experiments": " ".join(name for name, datasets in EXPERIMENTS.items() if dataset in datasets),
            }
            for dataset in DATASETS
            if any(dataset in datasets for datasets in EXPERIMENTS.values())
        ]
    }
