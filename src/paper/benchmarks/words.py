"""What the page on benchmarks shows beside its figures: tables and sentences from benchmarks/results.json."""

import json
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd
from IPython.display import Markdown
from matplotlib.figure import Figure

from paper import names
from paper.benchmarks import extrapolate, labels
from paper.benchmarks import figure as plots_benchmarks
from paper.files import ROOT, read_sealed
from paper.show.counts import how_many, listed, number
from paper.show.style import title

RESULTS = ROOT / "benchmarks" / "results.json"
REMEDY = "Restore it with git, or delete it and measure again with `make bench`"
HOUR = 3600.0
DRAWS, POINTS = 5, 400  # of the paper's procedure: draws at a point, points of the grid
RANK = 200


def load(path: Path = RESULTS) -> dict:
    """The benchmarks' results. Raises FileNotFoundError, saying how to get them, when they are not there, Damaged when they were altered."""
    if not path.exists():
        raise FileNotFoundError(f"no benchmark results at {path}; run `make bench`")
    return read_sealed(path, REMEDY)


def pairs(results: dict) -> list[dict]:
    """The entries that are ratios of two times, by their names for readers."""
    return [_labelled(e) for e in results["entries"] if "share" not in e["name"]]


def shares(results: dict) -> list[dict]:
    """The entries that are shares of the machine's peak, by their names for readers."""
    return [_labelled(e) for e in results["entries"] if "share" in e["name"]]


def _labelled(entry: dict) -> dict:
    return entry | {"name": labels.entry(entry["name"]), "note": labels.spelt_out(entry["note"])}


def environments(results: dict) -> Markdown:
    """Where and when each part was measured, a line for each machine, day and set of versions; then the machine's peak."""
    parts = {}
    for part, about in results["environments"].items():
        parts.setdefault(json.dumps(about, sort_keys=True), []).append(labels.PARTS[part])
    lines = []
    for text, of in parts.items():
        about, what = json.loads(text), listed(of)
        lines.append(
            f"- {what[0].upper()}{what[1:]}: on {about['date']} on {about['processor_model']} ({about['processor']}, {about['system']}) with "
            f"{about['threads']} of {about['cores']} cores, Python {about['python']}, PyTorch {about['torch']}, NumPy {about['numpy']}."
        )
    whose = "Its" if len(parts) == 1 else "The first machine's"
    if results["peak"]:
        lines.append(
            f"- {whose} measured matrix-product peak: {results['peak']['gflops']:.0f} x 10^9 floating point operations a "
            "second in single precision."
        )
    return Markdown("\n".join(["Measured:", "", *lines]))


def entries_table(entries: list[dict]) -> pd.DataFrame:
    """A row for each entry: name, median, smallest and largest round, target, and whether it is met."""
    return pd.DataFrame(
        {
            "name": e["name"],
            "median": e["ratio"],
            "smallest": e["low"],
            "largest": e["high"],
            "target": "none" if e["target"] is None else f"{e['target']:g}",
            "result": "" if e["target"] is None else "met" if met(e) else "missed",
        }
        for e in entries
    )


def met(entry: dict) -> bool:
    """Whether the median reaches the target."""
    return entry["ratio"] >= entry["target"]


def inverse_times(results: dict) -> pd.DataFrame:
    """Time of the recursive inverse over the direct one's, a row for each dimension: columns k, ratio, low, high."""
    name = "direct_inverse_vs_recursive_k"
    found = [e for e in results["entries"] if e["name"].startswith(name)]
    return pd.DataFrame(
        [{"k": int(e["name"].removeprefix(name))} | {c: e[c] for c in ("ratio", "low", "high")} for e in found]
    )


def verdict(results: dict) -> Markdown:
    """How many targets are met, and each one that is missed with what was measured."""
    held = [_labelled(e) for e in results["entries"] if e["target"] is not None]
    missed = [e for e in held if not met(e)]
    some = how_many(map(met, held), "targets")
    lines = [f"{some[0].upper()}{some[1:]} {'is' if len(held) - len(missed) < 2 else 'are'} met."]
    if missed:
        lines += ["Missed:", ""]
    lines += [f"- **{e['name']}**: {e['ratio']:.3g} instead of {e['target']:g}. {e['note']}" for e in missed]
    return Markdown("\n".join(lines))


def notes(results: dict) -> Markdown:
    """What each entry compares, in its own words."""
    return Markdown("\n".join(f"- **{e['name']}**: {e['note']}" for e in map(_labelled, results["entries"])))


def exponents(results: dict) -> pd.DataFrame:
    """A row for each task and size: the exponents of time and memory with their standard errors, and the sizes measured."""
    rows = {}
    for fit in results["scaling"]:
        task, against = plots_benchmarks.TASKS[fit["task"]][0], plots_benchmarks.SIZES[fit["against"]]
        row = rows.setdefault((task, against), {"task": task, "against": against})
        sizes = [size for size, _ in fit["points"]]
        row["sizes"] = f"{min(sizes):g} to {max(sizes):g}"
        row[fit["measure"]] = f"{fit['exponent']:.2f} ± {fit['stderr']:.2f}"
    return pd.DataFrame(rows.values()).rename(
        columns={"seconds": "exponent of time", "megabytes": "exponent of memory"}
    )


def stages(results: dict) -> Figure | Markdown:
    """The stages' figure, or that there are none yet."""
    if not results["stages"]:
        return Markdown("The stages of a reproduction were not timed in this run of the benchmarks.")
    figure = plots_benchmarks.stages(results["stages"])
    plt.close(figure)  # the page shows what a cell returns; an open figure would be there a second time
    return figure


def stages_facts(results: dict) -> Markdown:
    """One sentence: what the stages of all data sets take together, in the core-minutes that the jobs recorded."""
    seconds = pd.DataFrame(results["stages"])
    if seconds.empty:
        return Markdown("")
    by_stage = seconds.groupby("stage", sort=False)["seconds"].sum()
    parts = ", ".join(f"{stage.replace('_', ' ')} {value / by_stage.sum():.0%}" for stage, value in by_stage.items())
    total = by_stage.sum() / 60
    processors = " and ".join(sorted(set(seconds["processor"])))
    return Markdown(
        f"From the raw data to all results of one seed, {_data_sets(seconds['dataset'].nunique())} {total:.0f} "
        f"core-minutes: {parts}. The jobs use one core each and wait for nothing but the training of their own network, so "
        f"that two cores need little more than {total / 2:.0f} minutes. They were timed when the frozen results were made, on "
        f"{processors}. Executing the notebooks and building the book comes on top."
    )


def _data_sets(n: int) -> str:
    return "the data set takes" if n == 1 else f"the {n} data sets together take"


def core_hours(results: dict, seeds: int) -> pd.DataFrame:
    """Expected core-hours of a reproduction of all data sets with `seeds` seeds, a row for each data set.

    Columns: dataset; timed as (a data set that was not timed is taken to be like the one of its source with most classes
    that was; empty if none was); seconds a seed, on one core, of the stages that every timed data set has; core-hours.
    Raises ValueError unless seeds >= 1.
    """
    if seeds < 1:
        raise ValueError(f"seeds must be at least 1, got {seeds}")
    timed = {row["dataset"] for row in results["stages"]}
    totals = dict.fromkeys(timed, 0.0)
    for row in results["stages"]:
        if timed == {other["dataset"] for other in results["stages"] if other["stage"] == row["stage"]}:
            totals[row["dataset"]] += row["seconds"]
    rows = []
    for dataset in names.FROZEN:
        like = dataset if dataset in totals else _stand_in(dataset, totals)
        seconds = totals.get(like, float("nan"))
        rows.append(
            {"dataset": title(dataset), "timed as": title(like), "seconds a seed": seconds}
            | {"core-hours": seeds * seconds / HOUR}
        )
    return pd.DataFrame(rows)


def core_hours_facts(results: dict, seeds: int, cores: int) -> Markdown:
    """The total, and the least wall time on `cores` cores. Raises ValueError unless cores >= 1."""
    if cores < 1:
        raise ValueError(f"cores must be at least 1, got {cores}")
    table = core_hours(results, seeds)
    if table["core-hours"].isna().any():
        return Markdown("Not every source of data was timed, so there is no expectation of the core-hours yet.")
    total, longest = table["core-hours"].sum(), table["seconds a seed"].max() / HOUR
    return Markdown(
        f"{'One seed' if seeds == 1 else f'{seeds} seeds'} of {len(table)} data sets {'needs' if seeds == 1 else 'need'} about {total:.3g} core-hours of cores like these. On {number(cores, 'core', 'cores')} "
        f"that is {max(total / cores, longest):.3g} hours, if all of them are kept busy. The stages of one network, one after "
        f"the other, need up to {longest:.2g} hours, which more cores do not shorten unless its sweep is spread over them."
    )


def _stand_in(dataset: str, timed: dict[str, float]) -> str:
    source = names.source(dataset)
    same = [name for name in names.FROZEN if name in timed and names.source(name) == source]
    return max(same, key=names.classes, default="")


def wider(
    results: dict, widths: tuple[int, ...] = (1024, 4096, 16384), depth: int = 2, examples: int = 60_000
) -> pd.DataFrame:
    """Fully connected networks with `depth` hidden layers as wide as the input: expected memory of all H_l and times.

    Columns: width, weights, memory of all H_l (GB), eigendecompositions (hours), our sweep of 400 points (hours), each with
    the relative standard error of the extrapolation.
    """
    rows = []
    for width in widths:
        layers = extrapolate.fully_connected([width] * (depth + 1) + [2])
        eigen = extrapolate.eigendecomposition_seconds(layers, results["scaling"])
        sweep = extrapolate.sweep_seconds(width, depth, examples, POINTS, results["scaling"])
        rows.append(
            {
                "width": width,
                "weights": f"{extrapolate.weights(layers):.3g}",
                "memory of all $H_l$ (GB)": extrapolate.moment_bytes(layers) / 1e9,
                "eigendecompositions (hours)": _hours(*eigen),
                "our sweep (hours)": _hours(*sweep),
            }
        )
    return pd.DataFrame(rows)


def imagenet(results: dict) -> pd.DataFrame:
    """VGG-16 and ResNet-50 on ImageNet, expected on the machine of the benchmark.

    Columns: network, layers, weights, multiply-adds a forward pass, largest k, memory of all H_l and of the sketches of rank
    RANK (GB), one pass for all H_l over all patches (hours), eigendecompositions (hours), the paper's procedure at POINTS
    points, DRAWS draws each, at the measured peak (hours).
    """
    rows = []
    for name, layers in (("VGG-16", extrapolate.vgg16()), ("ResNet-50", extrapolate.resnet50())):
        rate = results["peak"]["gflops"] * 1e9
        draws = extrapolate.weight_draw_seconds(layers, extrapolate.IMAGENET, POINTS, DRAWS, rate)
        rows.append(
            {
                "network": name,
                "layers": len(layers),
                "weights": f"{extrapolate.weights(layers):.3g}",
                "multiply-adds": f"{extrapolate.multiplications(layers):.3g}",
                "largest k": max(layer.inputs for layer in layers),
                "memory of all $H_l$ (GB)": extrapolate.moment_bytes(layers) / 1e9,
                f"sketches of rank {RANK} (GB)": extrapolate.low_rank_bytes(layers, RANK) / 1e9,
                "all $H_l$, all patches (hours)": _hours(
                    *extrapolate.curvature_seconds(layers, extrapolate.IMAGENET, results["scaling"])
                ),
                "eigendecompositions (hours)": _hours(
                    *extrapolate.eigendecomposition_seconds(layers, results["scaling"])
                ),
                "weight draws (hours)": f"{draws / HOUR:.2g}",
            }
        )
    return pd.DataFrame(rows)


def largest_blocks(results: dict) -> Markdown:
    """The blocks that cost most, each with its size and the time of its eigendecomposition."""
    items = []
    for name, layers in (("VGG-16", extrapolate.vgg16()), ("ResNet-50", extrapolate.resnet50())):
        for k in sorted({layer.inputs for layer in layers}, reverse=True)[:2]:
            same = [layer for layer in layers if layer.inputs == k]
            one = extrapolate.eigendecomposition_seconds(same[:1], results["scaling"])
            items.append(
                f"- {name}: {len(same)} block{'s' if len(same) > 1 else ''} of {k} inputs (first `{same[0].name}`): "
                f"{extrapolate.moment_bytes(same[:1]) / 1e9:.2g} GB and {_hours(*one)} hours for one eigendecomposition, "
                f"{extrapolate.low_rank_bytes(same[:1], RANK) / 1e9:.2g} GB for a sketch of rank {RANK}."
            )
    return Markdown("\n".join(items))


def _hours(seconds: float, stderr: float) -> str:
    return f"{seconds / HOUR:.2g} ± {stderr / HOUR:.1g}"
