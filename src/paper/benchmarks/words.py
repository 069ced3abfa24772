"""What the page on benchmarks shows beside its figures: tables and sentences from benchmarks/results.json."""

import json
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd
from IPython.display import Markdown
from matplotlib.figure import Figure

from paper.benchmarks import figure as plots_benchmarks
from paper.benchmarks import labels
from paper.files import ROOT, read_sealed
from paper.show.counts import how_many, listed

RESULTS = ROOT / "benchmarks" / "results.json"
REMEDY = "Restore it with git, or delete it and measure again with `make bench`"


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
            f"- {whose} measured matrix-product peak: {results['peak']['gflops']:.0f} × 10⁹ floating point operations a "
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
