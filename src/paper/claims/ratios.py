"""Measures that compare curves: by their complexities at equal accuracy, or by their smallest bounds."""

import numpy as np
import pandas as pd

from paper.claims.curves import (
    NETWORK,
    Finding,
    Tables,
    all_some_none,
    at_most,
    difference,
    interval,
    log_ratios,
    points,
    smallest,
)
from paper.show.counts import how_many, of_them


def improvement(
    tables: Tables,
    *,
    datasets: list,
    better: str,
    worse: str,
    levels: list,
    reduction: float,
    least: float,
    spreads: float,
) -> Finding:
    """Whether the ratio of complexities is at most 1 - reduction everywhere (partly: 1 - least somewhere)."""
    logs = log_ratios(tables, better, worse, datasets, levels)
    worst = np.exp(logs.groupby(["dataset", "level"]).mean()).max()
    verdict, value, listed = _reduced(logs.groupby(NETWORK).mean(), reduction, least, spreads)
    if verdict == "reproduced" and worst > 1 + least:
        verdict = "partly"
    return Finding(
        verdict,
        value,
        f"Complexity of {better} over that of {worse} at equal accuracy: {listed}; at the worst level {worst:.3f}.",
    )


def smaller_bound(
    tables: Tables, *, datasets: list, better: str, worse: str, reduction: float, least: float, spreads: float
) -> Finding:
    """As `improvement`, for the smallest bounds in place of the complexities at equal accuracy."""
    bounds = _smallest_bounds(tables, [better, worse], datasets)
    verdict, value, listed = _reduced(np.log(bounds[better] / bounds[worse]).dropna(), reduction, least, spreads)
    return Finding(verdict, value, f"Smallest bound of {better} over that of {worse}: {listed}.")


def little_improvement(tables: Tables, *, datasets: list, curves: list, gap: float, wide: float) -> Finding:
    """How far the smallest bound of the best of `curves` is below the baseline's, in parts of it; mean over seeds."""
    bounds = _smallest_bounds(tables, ["baseline", *curves], datasets)
    fall = (1 - bounds[curves].min(axis=1) / bounds["baseline"]).groupby("dataset").mean()
    listed = ", ".join(f"{dataset.capitalize()} {value:.1%}" for dataset, value in fall.items())
    return Finding(
        at_most(fall.max(), gap, wide), fall.max(), f"The smallest bound falls below the baseline's by: {listed}."
    )


def tightness(
    tables: Tables, *, datasets: list, curve: str, lower: str, levels: list, gap: float, wide: float
) -> Finding:
    """By how much two curves differ at the level where they differ most, in either direction."""
    logs = log_ratios(tables, curve, lower, datasets, levels)
    apart = np.expm1(logs.abs().max())
    span = f"{np.exp(logs.min()):.3f} to {np.exp(logs.max()):.3f}"
    return Finding(
        at_most(apart, gap, wide),
        apart,
        f"Complexity of {curve} over that of the curve at equal accuracy: {span} over the levels.",
    )


def crossing(
    tables: Tables, *, datasets: list, curve: str, lower: str, levels: list, least: float, slight: float
) -> Finding:
    """Whether `curve` goes below the lower-bound curve at some level, by more than `least` and at most `slight`."""
    logs = log_ratios(tables, curve, lower, datasets, levels)
    ratio = np.exp(logs.min())
    verdict = "not" if ratio >= 1 - least else "reproduced" if ratio >= 1 - slight else "partly"
    span = f"{ratio:.3f} to {np.exp(logs.max()):.3f}"
    return Finding(
        verdict, ratio, f"Complexity of {curve} over that of the curve at equal accuracy: {span} over the levels."
    )


def stays_below(tables: Tables, *, datasets: list, curves: list, lower: str, levels: list, least: float) -> Finding:
    """On how many data sets and methods the lower-bound curve is nowhere above the method by more than `least`."""
    ratios = {
        (curve, dataset): np.exp(log_ratios(tables, curve, lower, [dataset], levels).min())
        for curve in curves
        for dataset in datasets
    }
    good = [ratio >= 1 - least for ratio in ratios.values()]
    listed = ", ".join(f"{curve} on {dataset.capitalize()} {ratio:.3f}" for (curve, dataset), ratio in ratios.items())
    return Finding(
        all_some_none(good),
        min(ratios.values()),
        f"Smallest ratio of a method's complexity to the curve's at equal accuracy: {listed}.",
    )


def harder_more(
    tables: Tables, *, pairs: list, better: str, worse: str, levels: list, share: float, margin: float, spreads: float
) -> Finding:
    """In how many pairs (easier, harder) the improvement is larger on the harder one: "reproduced" is in more than a
    `share` of them, or in all, and in none smaller."""
    datasets = sorted({dataset for pair in pairs for dataset in pair})
    gains = 1 - np.exp(log_ratios(tables, better, worse, datasets, levels).groupby(NETWORK).mean())
    more, less = [], []
    for easier, harder in pairs:
        by, spread = difference(gains.loc[harder], gains.loc[easier], spreads)
        more.append(by > margin + spread)
        less.append(by < -margin - spread)
    n, larger, smaller = len(pairs), sum(more), sum(less)
    reproduced = not smaller and (larger == n or larger > share * n)
    listed = ", ".join(
        f"{dataset.capitalize()} {gain:.1%}" for dataset, gain in gains.groupby("dataset").mean().items()
    )
    return Finding(
        "reproduced" if reproduced else "partly" if larger > smaller else "not",
        larger / n,
        f"The improvement is larger on the harder data set in {how_many(more, 'pairs of data sets')}, and smaller in {of_them(less)}. The mean improvement: {listed}.",
    )


def _reduced(logs: pd.Series, reduction: float, least: float, spreads: float) -> tuple[str, float, str]:
    """Verdict, largest ratio and a list in words, for ln(ratio) by data set and seed."""
    intervals = {dataset: interval(values, spreads) for dataset, values in logs.groupby("dataset", sort=False)}
    ends = [mean + spread for mean, spread in intervals.values()]
    if all(end <= np.log(1 - reduction) for end in ends):
        verdict = "reproduced"
    else:
        verdict = "partly" if any(end <= np.log(1 - least) for end in ends) else "not"
    counts = logs.groupby("dataset").size()
    listed = ", ".join(
        f"{dataset.capitalize()} {np.exp(mean):.3f}"
        + (f" ({np.exp(mean - spread):.3f} to {np.exp(mean + spread):.3f}, {counts[dataset]} seeds)" if spread else "")
        for dataset, (mean, spread) in intervals.items()
    )
    return verdict, float(np.exp(max(mean for mean, _ in intervals.values()))), listed


def _smallest_bounds(tables: Tables, curves: list, datasets: list) -> pd.DataFrame:
    """By data set and seed, a column for each curve."""
    return smallest(points(tables, curves, datasets)).pivot(index=NETWORK, columns="curve", values="bound")
