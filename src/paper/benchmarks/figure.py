"""Figures of the page on benchmarks: ratios against their targets, shares of the peak, scaling, and stages."""

import matplotlib.pyplot as plt
import numpy as np
import seaborn as sns
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from paper.show.labels import SIZE
from paper.show.style import LAYER_COLOURS, SMALL, STYLE, title

BLUE, ORANGE, GREEN = (STYLE[method][1] for method in ("baseline", "diag", "layerwise"))
TASKS = {  # task: name, colour, marker
    "layerwise": ("all $H_l$", GREEN, "^"),
    "sweep": ("sweep", BLUE, "o"),
    "eigendecomposition": ("eigendecomposition", ORANGE, "s"),
}
SIZES = {"N": "Examples $N$", "width": "Width", "depth": "Hidden layers", "grid": "Grid points"}
MEASURES = {"seconds": "Seconds", "megabytes": "Added memory (MB)"}


@SMALL
def ratios(entries: list[dict]) -> Figure:
    """How many times faster, on a log axis: median, smallest and largest round, and the target where there is one."""
    figure, axis = plt.subplots(figsize=(5.6, 0.9 + 0.42 * len(entries)))
    _entries(axis, entries)
    axis.axvline(1, color="grey", linewidth=0.8)
    axis.set(xscale="log", xlabel="Times faster (median, smallest and largest round)")
    axis.legend(loc="lower right", fontsize=SIZE)
    sns.despine(figure)
    return figure


@SMALL
def shares(entries: list[dict]) -> Figure:
    """Shares of the measured matrix-product peak, with their spread and targets."""
    figure, axis = plt.subplots(figsize=(5.6, 0.9 + 0.42 * len(entries)))
    _entries(axis, entries)
    axis.set(xlim=(0, max(1, 1.05 * max(e["high"] for e in entries))), xlabel="Share of the matrix-product peak")
    axis.legend(loc="lower right", fontsize=SIZE)
    sns.despine(figure)
    return figure


def _entries(axis, entries: list[dict]) -> None:
    """A row an entry, the first on top: dot and line for median and spread, a bar for the target."""
    heights = np.arange(len(entries))
    ratio, low, high = (np.array([e[field] for e in entries], float) for field in ("ratio", "low", "high"))
    # A target of None, of an entry for information, becomes NaN and is not drawn.
    target = np.array([e["target"] for e in entries], float)
    axis.errorbar(
        ratio, heights, xerr=[ratio - low, high - ratio], fmt="o", color=BLUE, markersize=5, capsize=3, label="measured"
    )
    axis.plot(target, heights, linestyle="", marker="|", markersize=16, markeredgewidth=2, color=ORANGE, label="target")
    axis.set_yticks(heights, [e["name"] for e in entries], fontsize=SIZE)
    axis.set_ylim(len(entries) - 0.5, -0.5)
    axis.grid(axis="y", linewidth=0.3)


@SMALL
def scaling(fits: list[dict]) -> Figure:
    """Time and memory against each size: what was measured, and the fitted power law with its exponent."""
    sizes = [size for size in SIZES if any(fit["against"] == size for fit in fits)]
    figure, axes = plt.subplots(len(sizes), 2, figsize=(5.6, 2.2 * len(sizes)), squeeze=False)
    for row, measure in zip(axes.T, MEASURES):
        for axis, size in zip(row, sizes):
            for fit in fits:
                if (fit["measure"], fit["against"]) == (measure, size):
                    _fit(axis, fit)
            _log_axes(axis, sorted({x for fit in fits if fit["against"] == size for x, _ in fit["points"]}))
            axis.set_xlabel(SIZES[size])
            axis.legend(
                fontsize=SIZE - 1,
                loc="lower center",
                bbox_to_anchor=(0.35, 1),
                handletextpad=0.2,
                borderpad=0,
                frameon=False,
            )
        for axis in row:
            axis.set_ylabel(MEASURES[measure])
    sns.despine(figure)
    return figure


def _log_axes(axis, sizes: list[float]) -> None:
    """Logarithmic axes with plain numbers: at the sizes below, at 1, 2, 5, 10, ... on the left."""
    axis.set(xscale="log", yscale="log")
    axis.set_xticks(sizes, [f"{size:g}" for size in sizes], rotation=60, fontsize=SIZE - 1, minor=False)
    low, high = axis.get_ylim()
    axis.set_ylim(low / 1.6, high * 1.6)  # a flat law must not fill the panel with its noise
    axis.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    for each in (axis.xaxis, axis.yaxis):
        each.set_minor_locator(NullLocator())


def _fit(axis, fit: dict) -> None:
    """The points, and the line of the fitted exponent through their centre, where least squares puts it."""
    name, colour, marker = TASKS[fit["task"]]
    x, y = np.log(np.array(fit["points"], float).T)
    label = f"{name}: {fit['exponent']:.2f} ± {fit['stderr']:.2f}"
    axis.plot(np.exp(x), np.exp(y), linestyle="", marker=marker, markersize=4.5, color=colour, label=label)
    axis.plot(np.exp(x), np.exp(y.mean() + fit["exponent"] * (x - x.mean())), color=colour, linewidth=1)


@SMALL
def stages(rows: list[dict]) -> Figure:
    """How long each stage of a reproduction takes, a bar for each data set."""
    names, datasets = (list(dict.fromkeys(row[field] for row in rows)) for field in ("stage", "dataset"))
    colours = [
        BLUE,
        ORANGE,
        GREEN,
        *LAYER_COLOURS[1:],
        "#56B4E9",
        "#F0E442",
        "#000000",
        "#882255",
        "#999999",
        "#44AA99",
        "#332288",
    ]
    figure, axis = plt.subplots(figsize=(5.6, 2.4 + 0.5 * len(datasets)))
    left = np.zeros(len(datasets))
    for i, name in enumerate(names):
        seconds = {row["dataset"]: row["seconds"] for row in rows if row["stage"] == name}
        widths = np.array([seconds.get(dataset, 0.0) for dataset in datasets])
        axis.barh(
            range(len(datasets)), widths, left=left, color=colours[i % len(colours)], label=name.replace("_", " ")
        )
        left += widths
    axis.set_yticks(range(len(datasets)), [title(dataset) for dataset in datasets])
    axis.set(xlabel="Seconds")
    axis.invert_yaxis()
    figure.legend(fontsize=SIZE, loc="outside lower center", ncols=3, frameon=False)
    sns.despine(figure)
    return figure
