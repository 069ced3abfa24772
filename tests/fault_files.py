"""The kinds of files that a fault may hit: how each comes to be, how the next run reads it, and whether it can be made again.

Each is small and made at once, in an empty folder in place of the project's; what reads it is what the book and its commands use.
"""

import contextlib
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import fault_damage as damage
import numpy as np
import pandas as pd
import torch
from sweep_results import MADE

from benchmarks import results as benchmark_results
from pacbayes_curvature.networks import initialise
from paper import environment, experiments
from paper.__main__ import freeze
from paper.benchmarks import words as benchmark_words
from paper.book import costs, kept
from paper.claims import schema
from paper.experiments.accuracy_vs_complexity.compute import accuracy_vs_complexity
from paper.experiments.curvature_spectra.compute import curvature_spectra
from paper.experiments.training_run.compute import training_run
from paper.files import atomic, sha256, whole
from paper.networks import data, minimum, readers, store
from paper.networks.sources import widths
from paper.randomness import stream
from paper.results import package, provenance, records, verify
from release import archive

TABLES = experiments.tables()
CLAIMS = schema.CLAIMS.read_text(encoding="utf-8")
COSTS, BENCHMARKS = costs.FROZEN.read_bytes(), benchmark_words.RESULTS.read_bytes()


@dataclass(frozen=True)
class Kind:
    """A kind of file.

    stage: what makes it. make: makes it and all that it needs, in an empty workspace. files: it, and one that it may be swapped with,
    patterns in the workspace. read: the next run, which gives the numbers that it ends with, as something to compare.
    again: whether the next run makes it again, or refuses it. damages: those that may hit it.
    """

    stage: str
    make: Callable[[], None]
    files: tuple[str, str]
    read: Callable[[], object]
    again: bool
    damages: dict[str, damage.Damage]


def emptied() -> None:
    """Remove all that is in the workspace."""
    for path in Path().iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()


def outcome(run: Callable[[], object]) -> tuple[object, str | None]:
    """What it gives, or the error that a command would say in one line."""
    try:
        return run(), None
    except (ValueError, OSError) as error:
        return None, str(error)


# Networks ---------------------------------------------------------------------------------------------------------------


@cache
def digits() -> data.Dataset:
    return data.load("digits")


def trained(dataset, seed, recipe) -> store.TrainedNetwork:
    """In place of `training.train`: a network for digits at once, which nobody has trained."""
    draws = stream("initialisation", seed)
    initial, other = (initialise(widths("digits", 0.1), draws) for _ in range(2))
    history = [{"epoch": epoch, "loss": (1 + seed) / epoch, "test_accuracy": 0.5} for epoch in (1, 2, 3)]
    return store.TrainedNetwork(
        initial, other, {"dataset": "digits", "seed": str(seed), "history": json.dumps(history)}
    )


@cache
def near() -> minimum.Minimum:
    """The minimum of seed 0, whose curvature is computed once."""
    found = minimum.Minimum("digits", 0)
    found.__dict__ |= {"data": digits(), "network": trained(None, 0, None)}
    assert found.spectra
    return found


def numbers(table: pd.DataFrame) -> str:
    return table.to_csv()


def networks() -> None:
    for seed in (0, 1):
        minimum.network(digits(), seed)


def course() -> str:
    """The training as the experiment gives it, from the stored network: what was computed from it before is not there."""
    shutil.rmtree(records.COMPUTED, ignore_errors=True)
    net = numbers(training_run("digits", 0).table), minimum.network(digits(), 0)
    return net[0] + repr([weight.sum().item() for weight in net[1].minimum])


# Computed tables ----------------------------------------------------------------------------------------------------------


def spectrum() -> str:
    return numbers(curvature_spectra("digits", 0, minimum=near()).table)


def spectra() -> None:
    spectrum()
    records.obtain(
        records.key("curvature_spectra", "digits", 1), lambda: pd.DataFrame({"layer": [1], "eigenvalue": [0.5]})
    )


def sweep() -> str:
    """From the parts: the whole that was made from them before is not there."""
    shutil.rmtree(records.COMPUTED, ignore_errors=True)
    return numbers(accuracy_vs_complexity("digits", methods=("baseline",), grid_size=3, minimum=near()).table)


# Results: frozen ones, and those that are held against them -----------------------------------------------------------------


def result(dataset: str, seed: int) -> records.Result:
    """A training in made-up numbers, as the present code would have kept it."""
    rng = np.random.default_rng(len(dataset) + seed)
    names = ("learning_rate", "loss", "running_accuracy", "test_accuracy")
    table = pd.DataFrame(
        {"dataset": dataset, "seed": seed, "epoch": range(1, 6)} | {name: rng.uniform(0, 1, 5) for name in names}
    )
    table.insert(6, "train_accuracy", [np.nan] * 4 + [1.0])
    table["network"] = [None] * 4 + ["0" * 64]
    return records.Result(records.key("training_run", dataset, seed), table, MADE, "computed")


def reproduced(*seeds: int) -> list[Path]:
    paths = []
    for dataset in ("mnist2", "mnist5"):
        for seed in seeds or (0, 1):
            paths.append(Path("build", "reproduced", "training_run", f"{dataset}-seed{seed}.csv"))
            records.write(result(dataset, seed), path=paths[-1])
    return paths


def frozen() -> None:
    with contextlib.redirect_stdout(None):
        freeze(reproduced())


def shown() -> str:
    """What pages show of the frozen results, and the data package."""
    found = records.frozen_results()
    described = package.read(records.FROZEN, TABLES)
    return repr([(each.key, each.made, numbers(each.table)) for each in found]) + json.dumps(described, sort_keys=True)


def verified() -> str:
    """What `make reproduce`, which removes what is damaged and computes what is not there, and `make verify` say."""
    paths = sorted(Path("build", "reproduced").glob("*/*.csv"))
    provenance.discard_damaged(paths)
    for path in (path for path in paths if not (path.exists() and path.with_suffix(".json").exists())):
        dataset, _, seed = path.stem.partition("-seed")
        records.write(result(dataset, int(seed)), path=path)
    assert verify.verify(paths, TABLES)
    return repr(sorted((repr(each.key), numbers(each.table)) for path in paths for each in records.read_all(path)))


# Pages and what is made of them -----------------------------------------------------------------------------------------------

MADE_OF = {
    "executed/one.ipynb": b'{"cells": [1], "nbformat": 4}',
    "executed/two.ipynb": b'{"cells": [2], "nbformat": 4}',
    "html": {"index.html": b"<p>0.125</p>", "notebooks/one.html": b"<p>0.25</p>"},
    f"{archive.NAME}.pdf": b"%PDF-1.7 0.125",
}


def alone() -> contextlib.AbstractContextManager:
    """The Snakefile's lock: one run of the book at a time. Outside of the workspace, where no fault hits it."""
    return environment.locked(Path.cwd().parent / "book.lock", "waiting")


def book() -> dict[str, bytes]:
    """As the Snakefile does: what is damaged is removed, what is not there is made, and all goes into the archive."""
    with alone():
        return _book()


def _book() -> dict[str, bytes]:
    zipped = Path("build", f"{archive.NAME}.zip")
    made = [Path("build", name) for name in MADE_OF]
    kept.discard_damaged(path for path in (*made, zipped) if path.exists())
    for path, content in zip(made, MADE_OF.values()):
        if not (path.exists() and kept.sums(path).exists()):
            for name, data in content.items() if isinstance(content, dict) else [("", content)]:
                with atomic(path / name) as part:
                    part.write_bytes(data)
            kept.keep(path)
    if not (zipped.exists() and kept.sums(zipped).exists()):
        archive.make(Path(), zipped)
        kept.keep(zipped)
    return {str(path): path.read_bytes() for path in whole(Path("build"))}


def site() -> None:
    with alone():
        for name in (*archive.TOP, ".gitignore", "README.md", "results/a.csv"):
            with atomic(name) as part:
                part.write_text("build/\n")
        _book()


# Files that are written by hand or measured ------------------------------------------------------------------------------------


def committed() -> None:
    Path("claims.yml").write_text(CLAIMS, encoding="utf-8")
    Path("costs.json").write_bytes(COSTS)
    Path("benchmarks.json").write_bytes(BENCHMARKS)
    Path("other.yml").write_text(CLAIMS.replace("0.95", "0.9"), encoding="utf-8")
    Path("other.json").write_text('{"entries": []}')


SHAPES = {"mnist": (28, 28), "cifar10": (32, 32, 3)}
IMAGES = {
    name: {
        f"{kind}_{part}": np.random.default_rng(n)
        .integers(0, 256 if kind == "x" else 10, (n, *shape) if kind == "x" else n)
        .astype(np.uint8)
        for part, n in (("train", 3), ("test", 2))
        for kind in "xy"
    }
    for name, shape in SHAPES.items()
}


def fingerprint(arrays: dict[str, np.ndarray]) -> dict[str, str]:
    rows = {part: readers.canonical_rows(arrays[f"x_{part}"], arrays[f"y_{part}"]) for part in ("train", "test")}
    return {part: sha256(content) for part, content in rows.items()}


def images() -> None:
    Path("data").mkdir()
    for name, arrays in IMAGES.items():
        np.savez_compressed(f"data/{name}.npz", **arrays)


def loaded() -> str:
    found = data.load("mnist2")
    return repr(
        [torch.from_numpy(part).sum().item() for part in (found.x_train, found.y_train, found.x_test, found.y_test)]
    )


def of(stage, make, file, other, read, again, damages) -> Kind:
    return Kind(stage, make, (file, other), read, again, damages)


DIGITS, SPECTRA, SWEEP = (
    "build/networks/digits-seed",
    "build/results/curvature_spectra/digits-seed",
    "build/sweep/digits-seed0-baseline",
)
FROZEN, REPRODUCED = "results/training_run/mnist", "build/reproduced/training_run/mnist2-seed"
KINDS = {
    "images, npz": of("data", images, "data/mnist.npz", "data/cifar10.npz", loaded, False, damage.ANY),
    "stored network": of("training", networks, f"{DIGITS}0.*", f"{DIGITS}1.*", course, True, damage.ANY),
    "spectrum, table": of("curvature", spectra, f"{SPECTRA}0*.csv", f"{SPECTRA}1*.csv", spectrum, True, damage.OF_TEXT),
    "spectrum, provenance": of("curvature", spectra, f"{SPECTRA}0*.json", f"{SPECTRA}1*.json", spectrum, True, damage.OF_JSON),
    "exploration, table": of("sweep", sweep, f"{SWEEP}*explored.csv", f"{SWEEP}*chunk0.csv", sweep, True, damage.OF_TEXT),
    "exploration, provenance": of("sweep", sweep, f"{SWEEP}*explored.json", f"{SWEEP}*chunk0.json", sweep, True, damage.OF_JSON),
    "counts, table": of("sweep", sweep, f"{SWEEP}*chunk1.csv", f"{SWEEP}*test.csv", sweep, True, damage.OF_TEXT),
    "counts, provenance": of("sweep", sweep, f"{SWEEP}*test.json", f"{SWEEP}*chunk2.json", sweep, True, damage.OF_JSON),
    "frozen table": of("results", frozen, f"{FROZEN}2.csv", f"{FROZEN}5.csv", shown, False, damage.OF_TEXT),
    "frozen provenance": of("results", frozen, f"{FROZEN}2.json", f"{FROZEN}5.json", shown, False, damage.OF_JSON),
    "data package": of("results", frozen, "results/datapackage.json", f"{FROZEN}2.json", shown, False, damage.OF_JSON),
    "reproduced table": of("results", frozen, f"{REPRODUCED}0.csv", f"{REPRODUCED}1.csv", verified, True, damage.OF_TEXT),
    "reproduced provenance": of("results", frozen, f"{REPRODUCED}0.json", f"{REPRODUCED}1.json", verified, True, damage.OF_JSON),
    "executed notebook": of("notebook", site, "build/executed/one.ipynb", "build/executed/two.ipynb", book, True, damage.OF_JSON),
    "page": of("site", site, "build/html/index.html", "build/html/notebooks/one.html", book, True, damage.OF_TEXT),
    "checksums of the site": of("site", site, "build/sums/html.json", "build/sums/executed/one.ipynb.json", book, True, damage.OF_JSON),
    "PDF": of("PDF", site, "build/*.pdf", "build/html/index.html", book, True, damage.ANY),
    "archive": of("archive", site, "build/*.zip", "build/*.pdf", book, True, damage.ANY),
    "claims.yml": of("committed", committed, "claims.yml", "other.yml", lambda: repr(schema.read(Path("claims.yml"))), False, damage.OF_TEXT),
    "costs": of("committed", committed, "costs.json", "other.json", lambda: costs.read(), False, damage.OF_JSON),
    "benchmarks": of(
        "committed", committed, "benchmarks.json", "other.json", lambda: benchmark_results.read(Path("benchmarks.json")), False, damage.OF_JSON
    ),
}  # fmt: skip
