"""What the benchmarks' results let expect of more seeds and of larger networks: tables and sentences, by `extrapolate`."""

import pandas as pd
from IPython.display import Markdown

from paper import names
from paper.benchmarks import extrapolate
from paper.show.counts import number
from paper.show.style import title

HOUR = 3600.0
DRAWS, POINTS = 5, 400  # of the paper's procedure: draws at a point, points of the grid
RANK = 200


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
