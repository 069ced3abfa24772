"""Compute a result afresh from the data, and freeze results: what `make reproduce` calls, one process a result.

    python -m pacbayes_curvature.reproduce compute EXPERIMENT DATASET SEED OUTPUT.csv
    python -m pacbayes_curvature.reproduce freeze RESULT.csv ...
"""

import argparse
from pathlib import Path

from . import data, experiments, records

EXPERIMENTS = {name: getattr(experiments, name) for name in experiments.__all__}


def compute(experiment: str, dataset: str, seed: int, output: Path) -> None:
    """Compute one result, whatever is frozen, and write it to `output` with its provenance beside it."""
    result = EXPERIMENTS[experiment](dataset, seed, fresh=True)
    records.write(result, path=output)
    print(f"{experiment} of {dataset}, seed {seed}: {len(result.table)} rows in {result.made['seconds']} s")


def freeze(paths: list[Path]) -> None:
    """Write computed results into results/."""
    for path in paths:
        if not (results := records.read_all(path)):
            raise FileNotFoundError(f"no result at {path}")
        for result in results:
            print(f"froze {records.freeze(result)}")


def main(arguments: list[str] | None = None) -> None:
    """Parse the command line; a user's mistake is one line on standard error and exit code 2."""
    parser = argparse.ArgumentParser(prog="python -m pacbayes_curvature.reproduce", description=__doc__.split("\n")[0])
    commands = parser.add_subparsers(dest="command", required=True)
    one = commands.add_parser("compute", help="compute one result afresh")
    one.add_argument("experiment", choices=EXPERIMENTS)
    one.add_argument("dataset", choices=data.NAMES)
    one.add_argument("seed", type=int)
    one.add_argument("output", type=Path)
    several = commands.add_parser("freeze", help="write computed results into results/")
    several.add_argument("paths", type=Path, nargs="+")
    given = vars(parser.parse_args(arguments))
    command = {"compute": compute, "freeze": freeze}[given.pop("command")]
    try:
        command(**given)
    except (ValueError, FileNotFoundError) as error:
        parser.exit(2, f"error: {error}\n")


if __name__ == "__main__":
    main()
