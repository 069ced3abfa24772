"""Compute a result afresh from the data, verify and freeze results: what `make reproduce`, `verify` and `freeze` call.

    python -m paper compute EXPERIMENT DATASET SEED OUTPUT.csv
    python -m paper together DATASET SEED FOLDER EXPERIMENT ...
    python -m paper part DATASET SEED METHOD explored|chunk0|chunk1|...|test
    python -m paper verify RESULT.csv ...
    python -m paper freeze RESULT.csv ...

A user's mistake is one line on standard error and exit code 2; results that are not verified give exit code 1.
"""

import argparse
import inspect
import sys
from pathlib import Path

from pacbayes_curvature.posteriors import METHODS
from paper import experiments, names
from paper.experiments.accuracy_vs_complexity import parts
from paper.names import GRID_SIZE, PASSES
from paper.networks.minimum import Minimum
from paper.results import package, records
from paper.results.verify import verify


def compute(experiment: str, dataset: str, seed: int, output: Path) -> None:
    """Compute one result, whatever is frozen, and write it to `output` with its provenance beside it."""
    _write(experiments.find(experiment)(dataset, seed, fresh=True), output)


def _write(result: records.Result, output: Path) -> None:
    records.write(result, path=output)
    experiment, dataset, seed = result.key.experiment, result.key.dataset, result.key.seed
    print(
        f"{experiment} of {dataset}, seed {seed}: {len(result.table)} rows in {result.made['seconds']} s{_left(output)}"
    )


def together(dataset: str, seed: int, folder: Path, wanted: list[str]) -> None:
    """Compute several results around one network, each into FOLDER/EXPERIMENT: what they share is made once."""
    minimum = Minimum(dataset, seed)
    for experiment in wanted:
        function = experiments.find(experiment)
        shared = {"minimum": minimum} if "minimum" in inspect.signature(function).parameters else {}
        result = function(dataset, seed, fresh=True, **shared)
        _write(result, folder / experiment / f"{dataset}-seed{seed}.csv")


def time_left(plan: list[tuple[str, str, int]], folder: Path) -> float:
    """Seconds of computing that the results of `plan` (experiment, dataset, seed) need which are not yet in `folder`.

    Each is taken to need what its frozen result took, else the mean of its experiment's frozen results.
    """
    took: dict[tuple, list[float]] = {}
    for result in records.frozen_results():
        key, seconds = result.key, result.made["seconds"]
        for level in ((key.experiment, key.dataset, key.seed), (key.experiment, key.dataset), (key.experiment,)):
            took.setdefault(level, []).append(seconds)
    missing = [which for which in plan if not (folder / which[0] / f"{which[1]}-seed{which[2]}.json").exists()]
    usual = [next((took[which[:n]] for n in (3, 2, 1) if which[:n] in took), [0.0]) for which in missing]
    return sum(sum(seconds) / len(seconds) for seconds in usual)


def _left(output: Path) -> str:
    """The end of a line of progress, if the Snakefile has left a plan: what all its jobs are."""
    folder = output.parents[1]
    try:
        lines = (folder / "plan.txt").read_text().split("\n")
    except FileNotFoundError:  # a job by itself, or on a node that sees its own files only
        return ""
    plan = [(experiment, dataset, int(seed)) for experiment, dataset, seed in map(str.split, filter(None, lines))]
    return f"; about {time_left(plan, folder) / 60:.0f} core-minutes left"


def part(dataset: str, seed: int, method: str, name: str) -> None:
    """Compute one part of the sweep into build/sweep, where the whole finds it: a job of its own on a cluster."""
    minimum = Minimum(dataset, seed)
    if name == "explored":
        table = parts.explored(minimum, method, GRID_SIZE, PASSES)
    else:
        table = parts.counted(minimum, method, GRID_SIZE, PASSES, name)
    print(f"sweep of {dataset}, seed {seed}, {method}, {name}: {len(table)} points")


def freeze(paths: list[Path]) -> None:
    """Write computed results into results/, and the data package's descriptor. FileNotFoundError for a path without one."""
    for path in paths:
        if not (results := records.read_all(path)):
            raise FileNotFoundError(f"no result at {path}")
        for result in results:
            print(f"froze {records.freeze(result)}")
    print(f"wrote {package.write(experiments.tables())}")


def _seed(text: str) -> int:
    try:
        return names.seed(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def main(arguments: list[str] | None = None) -> int:
    """Parse the command line, do it, and return the exit code; a user's mistake is one line on standard error and exit code 2."""
    parser = argparse.ArgumentParser(prog="python -m paper", description=__doc__.split("\n")[0])
    commands = parser.add_subparsers(dest="command", required=True)
    one = commands.add_parser("compute", help="compute one result afresh")
    one.add_argument("experiment", choices=names.EXPERIMENTS)
    one.add_argument("dataset", choices=names.DATASETS)
    one.add_argument("seed", type=_seed)
    one.add_argument("output", type=Path)
    several = commands.add_parser("together", help="compute several results around one network")
    several.add_argument("dataset", choices=names.DATASETS)
    several.add_argument("seed", type=_seed)
    several.add_argument("folder", type=Path)
    several.add_argument("wanted", nargs="+", metavar="experiment", choices=names.EXPERIMENTS)
    some = commands.add_parser("part", help="compute one part of a sweep")
    some.add_argument("dataset", choices=names.DATASETS)
    some.add_argument("seed", type=_seed)
    some.add_argument("method", choices=METHODS)
    some.add_argument("name", choices=names.PARTS)
    for name, what in (
        ("verify", "hold computed results against those in results/"),
        ("freeze", "write computed results into results/; without any, only results/datapackage.json is written anew"),
    ):
        commands.add_parser(name, help=what).add_argument("paths", type=Path, nargs="*", metavar="RESULT.csv")
    given = vars(parser.parse_args(arguments))
    try:
        match given.pop("command"):
            case "compute":
                compute(**given)
            case "together":
                together(**given)
            case "part":
                part(**given)
            case "freeze":
                freeze(**given)
            case "verify":
                return 0 if verify(**given, tables=experiments.tables()) else 1
    except (ValueError, OSError) as error:
        parser.exit(2, f"error: {error}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
