"""Run the benchmarks and put the numbers into benchmarks/results.json.

    python -m benchmarks                     all parts, on mnist2 and cifar2
    python -m benchmarks peers scaling       these parts; the others' numbers stay
    python -m benchmarks sweeps --quick      a trial on digits, into build/benchmarks/quick.json

All parts take 12 to 60 minutes on two cores.
"""

import argparse
import time
from pathlib import Path

from paper.files import made_again
from paper.results import records

from . import descent, inversion, monte_carlo, peak, peers, problems, results, scaling, training_speed
from .pairs import smaller
from .sweeps import Sweeps

DATASETS = ("mnist2", "cifar2")
# What --quick changes: the sizes, and nothing else.
FULL = {
    "datasets": DATASETS,
    "grid_size": 20,
    "peak_size": 3072,
    "sweeps": {"rounds": 3, "sampled": 4, "pilot": {"nodes": 6, "draws": 16, "examples": 60_000}, "repeats": 5},
    "monte_carlo": {"rounds": 5, "draws": 5},
    "descent": {"rounds": 3, "epochs": 12},
    "peers": {"rounds": 7},
    "inversion": {},
    "training": {"rounds": 3},
    "scaling": {},
    "stages": ("mnist2", "mnist5", "mnist10", "cifar2", "cifar5", "cifar10"),
}
QUICK = {
    "datasets": ("digits",),
    "grid_size": 4,
    "peak_size": 256,
    "sweeps": {"rounds": 2, "sampled": 2, "pilot": {"nodes": 3, "draws": 4, "examples": 512}, "repeats": 1},
    "monte_carlo": {"rounds": 2, "draws": 2},
    "descent": {"rounds": 1, "epochs": 12},
    "peers": {"rounds": 2},
    "inversion": {"sizes": (80, 160), "rounds": 2},
    "training": {"rounds": 2},
    "scaling": {"axes": scaling.QUICK, "repeats": 1},
    "stages": (),
}


def _sweeps(sizes: dict) -> dict:
    entries, peaks = [], []
    for problem in _problems(sizes):
        pairs = Sweeps(problem, peak_size=sizes["peak_size"], **sizes["sweeps"])
        entries += pairs.run()
        peaks += pairs.peaks
    shares = [e for e in entries if e["name"].startswith("share_of_peak_")]
    return {"entries": [*entries, smaller("share_of_peak", shares)], "peak": peak.summary(peaks, sizes["peak_size"])}


def _monte_carlo(sizes: dict) -> dict:
    return {"entries": monte_carlo.run(next(_problems(sizes)), **sizes["monte_carlo"])}


def _descent(sizes: dict) -> dict:
    return {"entries": descent.run(next(_problems(sizes)), **sizes["descent"])}


def _peers(sizes: dict) -> dict:
    diagonals, moments = [], []
    for problem in _problems(sizes):
        print(f"[peers] {problem.name}", flush=True)
        diagonals.append(peers.fisher_diagonal(problem, **sizes["peers"]))
        moments.append(peers.layerwise(problem, **sizes["peers"]))
    least = [smaller("fisher_diagonal_vs_backpack", diagonals), smaller("layerwise_vs_peer", moments)]
    return {"entries": [*diagonals, *moments, *({**e, "target": 1.0} for e in least)]}


def _inversion(sizes: dict) -> dict:
    return {"entries": inversion.run(**sizes["inversion"])}


def _training(sizes: dict) -> dict:
    return {"entries": [training_speed.run(sizes["datasets"][0], peak_size=sizes["peak_size"], **sizes["training"])]}


def _scaling(sizes: dict) -> dict:
    return {"scaling": scaling.run(**sizes["scaling"])}


def _stages(sizes: dict) -> dict:
    """What each stage of the frozen results of seed 0 took, one thread each, as they recorded it."""
    frozen = [r for r in records.frozen_results() if r.key.seed == 0 and r.key.dataset in sizes["stages"]]
    timed = [(r.key.experiment, r.key.dataset, r.made["seconds"], r.made["machine"]["processor_model"]) for r in frozen]
    return {"stages": results.stages(timed)}


PARTS = {
    "sweeps": _sweeps,
    "monte_carlo": _monte_carlo,
    "descent": _descent,
    "peers": _peers,
    "inversion": _inversion,
    "training": _training,
    "scaling": _scaling,
    "stages": _stages,
}


def _problems(sizes: dict):
    for dataset in sizes["datasets"]:
        print(f"[data] {dataset}: network and curvature", flush=True)
        yield problems.load(dataset, sizes["grid_size"])


def main(arguments: list[str] | None = None) -> None:
    """Parse the command line and run the parts; a mistake is one line on standard error and exit code 2."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"any of {', '.join(PARTS)}; default: all")
    parser.add_argument("--quick", action="store_true", help="small sizes on digits: a trial, no measurement")
    parser.add_argument("--output", type=Path, help="the results; default benchmarks/results.json")
    given = parser.parse_args(arguments)
    if unknown := sorted(set(given.parts) - set(PARTS)):
        parser.error(f"unknown part {', '.join(unknown)}; valid: {', '.join(PARTS)}")
    parts, sizes = given.parts or list(PARTS), QUICK if given.quick else FULL
    output = given.output or Path("build/benchmarks/quick.json" if given.quick else "benchmarks/results.json")
    try:
        now = results.environment()
        if output.is_relative_to("build"):
            _discard_damaged(output)
        if "peers" in parts:
            peers.require()
        for part in parts:
            started = time.perf_counter()
            results.merge(output, environments={part: now}, **PARTS[part](sizes))
            print(f"[{part}] {time.perf_counter() - started:.0f} s -> {output}", flush=True)
    except (ValueError, OSError) as error:
        parser.exit(2, f"error: {error}\n")
    for item in results.read(output)["entries"]:
        print(_line(item))


def _discard_damaged(output: Path) -> None:
    try:
        results.read(output)
    except ValueError as error:
        made_again(output, error)
        output.unlink()


def _line(item: dict) -> str:
    text = f"{item['name']}: {item['ratio']:.3g} ({item['low']:.3g} to {item['high']:.3g})"
    if item["target"] is None:
        return text
    return f"{text}, target {item['target']:g}: {'met' if item['ratio'] >= item['target'] else 'MISSED'}"


if __name__ == "__main__":
    main()
