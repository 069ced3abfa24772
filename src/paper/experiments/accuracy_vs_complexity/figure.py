"""Figures 3 and 4: the fronts of accuracy and complexity, of one seed and of several."""

import matplotlib.pyplot as plt
import numpy as np
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from paper.results.records import Result
from paper.show.style import STYLE, title

NEARLY = 0.99  # of the way from guessing to perfect: what the complexity axis has room for


def fronts(results: list[Result], classes: list[int]) -> Figure:
    """Figures 3 and 4: one panel a result, the Pareto-optimal points of each method, and two vacuity lines.

    A point bounds the error by 1 - accuracy + complexity. Below the line complexity = accuracy that is less than 1;
    below complexity = accuracy - 1/C it is less than the error of guessing among C classes, 1 - 1/C.
    """
    figure, axes = _panels(len(results))
    for axis, result, c in zip(axes.flat, results, classes):
        for method, points in result.table[result.table["pareto"]].groupby("method", sort=False):
            name, colour, marker = STYLE[method]
            points = points.sort_values("complexity")
            axis.plot(
                points["accuracy"],
                points["complexity"],
                color=colour,
                marker=marker,
                markersize=4.5,
                linewidth=1,
                label=name,
                gid=f"{result.key.dataset}-{method}",
            )
        _vacuity(axis, result.key.dataset, c, _top(result, c))
    axes.flat[0].legend(loc="upper left", fontsize="small", frameon=True)
    sns.despine(figure)
    return figure


def fronts_over_seeds(results: dict[str, list[Result]], classes: list[int]) -> Figure:
    """Figure 3 with its spread: one panel a data set, one thin front for each seed and method."""
    figure, axes = _panels(len(results))
    for axis, (dataset, seeds), c in zip(axes.flat, results.items(), classes):
        for result in seeds:
            for method, points in result.table[result.table["pareto"]].groupby("method", sort=False):
                name, colour, _ = STYLE[method]
                points = points.sort_values("complexity")
                label = name if result is seeds[0] else None
                axis.plot(points["accuracy"], points["complexity"], color=colour, linewidth=0.9, alpha=0.7, label=label)
        _vacuity(axis, dataset, c, max(_top(result, c) for result in seeds))
    axes.flat[0].legend(loc="upper left", fontsize="small", frameon=True)
    sns.despine(figure)
    return figure


def _panels(count: int) -> tuple[Figure, np.ndarray]:
    columns = min(count, 3)
    rows = -(-count // columns)
    size = (5.2 * columns, 4.2 * rows) if columns < 3 else (10.4, 3.6 * rows)
    figure, axes = plt.subplots(rows, columns, figsize=size, squeeze=False)
    for place, axis in enumerate(axes.flat):
        # Where no panel is below; three labels side by side would run into each other.
        axis.xaxis.label.set_visible(place + columns >= count and (columns < 3 or place % columns == 1))
        axis.yaxis.label.set_visible(place % columns == 0)
    for axis in axes.flat[count:]:
        axis.set_axis_off()
    return figure, axes


def _vacuity(axis: Axes, dataset: str, classes: int, top: float) -> None:
    """The two vacuity lines, and what the axes are."""
    ends, c = np.array([0.0, 1.0]), classes
    axis.plot(ends, ends, color="black", linestyle="--", linewidth=1, label="bound = 1")
    axis.plot(ends, ends - 1 / c, color="black", linestyle=":", linewidth=1.4, label=f"bound = chance, {1 - 1 / c:.2g}")
    axis.set(
        title=title(dataset),
        xlabel="Training accuracy of the stochastic network",
        ylabel=r"Complexity $\sqrt{(\mathrm{KL} + \ln(2(N-1)/\delta))/2N}$",
        xlim=(1 / c - 0.08 * (1 - 1 / c), 1 + 0.03 * (1 - 1 / c)),
        ylim=(0, top),
    )


def _top(result: Result, classes: int) -> float:
    """The upper end of the complexity axis: a little above the simplest point that is NEARLY all of the way from guessing to
    perfect, or 1.05 where that is lower. Beyond, the fronts rise so steeply that nothing else would be seen."""
    points = result.table[result.table["pareto"]]
    good = points[points["accuracy"] >= 1 - (1 - NEARLY) * (1 - 1 / classes)]
    return max(1.05, 1.1 * good["complexity"].min()) if len(good) else max(1.05, 1.1 * points["complexity"].max())
