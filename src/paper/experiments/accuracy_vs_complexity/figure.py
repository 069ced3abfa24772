"""Figures 3 and 4: the fronts of accuracy and complexity, of one seed and of several."""

import matplotlib.pyplot as plt
import numpy as np
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from paper.experiments.grid import best_bounds
from paper.results.records import Result
from paper.show import labels
from paper.show.style import SMALL, STYLE, title

NEARLY = 0.99  # of the way from guessing to perfect: what the complexity axis has room for
MANY = 3  # panels: from so many on, they are small and stand in two columns


@SMALL
def fronts(results: list[Result], classes: list[int]) -> Figure:
    """Figures 3 and 4: one panel a result, the Pareto-optimal points of each method, its best one ringed, the same networks on the test set
    as a thin line, and two vacuity lines.

    A point bounds the error by 1 - accuracy + complexity. Below the line complexity = accuracy that is less than 1;
    below complexity = accuracy - 1/C it is less than the error of guessing among C classes, 1 - 1/C.
    """
    figure, axes = _panels(len(results))
    for axis, result, c in zip(axes, results, classes):
        for method, points in result.table[result.table["pareto"]].groupby("method", sort=False):
            name, colour, marker = STYLE[method]
            points = points.sort_values("complexity")
            tested = "on the test set" if method == result.table["method"].iloc[0] else "_"
            axis.plot(
                1 - points["test_error"], points["complexity"], color=colour, linewidth=0.8, alpha=0.5, label=tested
            )
            axis.plot(
                points["accuracy"],
                points["complexity"],
                color=colour,
                marker=marker,
                markersize=3.5,
                linewidth=1,
                label=name,
                gid=f"{result.key.dataset}-{method}",
            )
        for best in best_bounds([result]).itertuples():
            labels.ring(axis, best.accuracy, best.complexity, STYLE[best.method][1])
        _vacuity(axis, result.key.dataset, c, _top(result, c))
    return _named(figure, axes)


@SMALL
def fronts_over_seeds(results: dict[str, list[Result]], classes: list[int]) -> Figure:
    """Figure 3 with its spread: one panel a data set, one thin front for each seed and method."""
    figure, axes = _panels(len(results))
    for axis, (dataset, seeds), c in zip(axes, results.items(), classes):
        for result in seeds:
            for method, points in result.table[result.table["pareto"]].groupby("method", sort=False):
                name, colour, _ = STYLE[method]
                points = points.sort_values("complexity")
                axis.plot(points["accuracy"], points["complexity"], color=colour, linewidth=0.9, alpha=0.7, label=name)
        _vacuity(axis, dataset, c, max(_top(result, c) for result in seeds))
    return _named(figure, axes)


def _panels(count: int) -> tuple[Figure, list[Axes]]:
    """One or two below each other, more in two columns, the first half in the left one: wide enough to be read on a phone, too."""
    columns = 1 if count < MANY else 2
    rows = -(-count // columns)
    size = (5.2, 3.5 * rows) if columns == 1 else (5.8, 2.6 * rows)
    figure, grid = plt.subplots(rows, columns, figsize=size, squeeze=False)
    axes = list(grid.T.flat)
    for axis in axes[count:]:
        axis.set_axis_off()
    return figure, axes[:count]


def _named(figure: Figure, axes: list[Axes]) -> Figure:
    """What the axes are, once; the names on the lines, or, where panels are small, above them."""
    sns.despine(figure)
    figure.supxlabel("Training accuracy of the stochastic network", fontsize="medium")
    figure.supylabel("Complexity", fontsize="medium")
    if len(axes) < MANY:
        labels.on_lines(*axes)
    else:
        lines = {line.get_label(): line for axis in axes for line in axis.get_lines()}
        shown = {name: line for name, line in lines.items() if not name.startswith("_")}
        figure.legend(shown.values(), shown, loc="outside upper center", ncols=2, frameon=False, fontsize=labels.SIZE)
    return figure


def _vacuity(axis: Axes, dataset: str, classes: int, top: float) -> None:
    """The two vacuity lines, and what the axes are."""
    ends, c = np.array([0.0, 1.0]), classes
    axis.plot(ends, ends, color="black", linestyle="--", linewidth=1, label="bound = 1")
    axis.plot(ends, ends - 1 / c, color="black", linestyle=":", linewidth=1.4, label="bound = chance")
    axis.set(
        title=title(dataset),
        xlim=(1 / c - 0.08 * (1 - 1 / c), 1 + 0.03 * (1 - 1 / c)),
        ylim=(0, top),
    )


def _top(result: Result, classes: int) -> float:
    """The upper end of the complexity axis: a little above the simplest point that is NEARLY all of the way from guessing to
    perfect, or 1.05 where that is lower. Beyond, the fronts rise so steeply that nothing else would be seen."""
    points = result.table[result.table["pareto"]]
    good = points[points["accuracy"] >= 1 - (1 - NEARLY) * (1 - 1 / classes)]
    return max(1.05, 1.1 * good["complexity"].min()) if len(good) else max(1.05, 1.1 * points["complexity"].max())
