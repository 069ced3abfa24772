"""The figures. Each function takes results and returns a matplotlib figure; none computes a number of its own.

Colours: Okabe and Ito's palette, which stays distinct for colour-blind readers; methods also differ by marker.
"""

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .records import Result

STYLE = {  # method: name in the figures, as in the paper; colour; marker
    "baseline": ("Baseline", "#0072B2", "o"),
    "diag": ("Diag Hessian", "#D55E00", "s"),
    "layerwise": ("Full L Hessian", "#009E73", "^"),
}
NEARLY = 0.99  # of the way from guessing to perfect: what the complexity axis has room for
LAYER_COLOURS = ("#0072B2", "#E69F00", "#CC79A7")


def use_style() -> None:
    """Set the look of all figures, and make the SVG of a figure the same in every run."""
    sns.set_theme(context="notebook", style="ticks", font="DejaVu Sans")
    matplotlib.rcParams |= {
        "svg.hashsalt": "pacbayes-curvature",
        "svg.fonttype": "path",
        "figure.constrained_layout.use": True,
    }
    try:
        from matplotlib_inline.backend_inline import set_matplotlib_formats
    except ImportError:  # outside a notebook
        return
    set_matplotlib_formats("svg", metadata={"Date": None})


def accuracy_vs_complexity(results: list[Result], classes: list[int]) -> Figure:
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


def training_curve(result: Result) -> Figure:
    """Loss and misclassified share over the epochs, on log scales."""
    table = result.table
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 3.4))
    left.semilogy(table["epoch"], table["loss"], color="black", marker="o", markersize=3)
    left.set(xlabel="Epoch", ylabel="Mean cross-entropy (nats)", title="Training loss")
    during = 1 - table["running_accuracy"]
    right.semilogy(
        table["epoch"][during > 0],
        during[during > 0],
        color="#0072B2",
        marker="o",
        markersize=3,
        label="training set, during the epoch",
    )
    right.semilogy(
        table["epoch"],
        1 - table["test_accuracy"],
        color="#D55E00",
        marker="s",
        markersize=3,
        label="test set, after it",
    )
    right.set(xlabel="Epoch", ylabel="Error of the deterministic network", title="Error")
    right.legend(fontsize="small")
    sns.despine(figure)
    return figure


def curvature_spectra(result: Result) -> Figure:
    """Eigenvalues of each H_l, and its diagonal sorted, over their rank, on log scales."""
    figure, axes = plt.subplots(1, 3, figsize=(11, 3.4), sharey=True)
    for axis, (layer, rows), colour in zip(axes, result.table.groupby("layer"), LAYER_COLOURS):
        rank = rows["index"]
        axis.loglog(rank, rows["eigenvalue"], color=colour, linewidth=2, label="eigenvalues")
        axis.loglog(rank, rows["diagonal"], color="black", linestyle="--", linewidth=1, label="diagonal, sorted")
        axis.set(title=f"Layer {layer}", xlabel="Rank", ylim=(1e-6, None))
        axis.legend(fontsize="small", loc="lower left")
    axes[0].set_ylabel(r"Second moment of the layer's input, $H_l$")
    sns.despine(figure)
    return figure


def title(dataset: str) -> str:
    """A data set's name as the paper writes it: Mnist2, Cifar10."""
    return dataset.capitalize()


def _top(result: Result, classes: int) -> float:
    """The upper end of the complexity axis: a little above the simplest point that is NEARLY all of the way from guessing to
    perfect, or 1.05 where that is lower. Beyond, the fronts rise so steeply that nothing else would be seen."""
    points = result.table[result.table["pareto"]]
    good = points[points["accuracy"] >= 1 - (1 - NEARLY) * (1 - 1 / classes)]
    return max(1.05, 1.1 * good["complexity"].min()) if len(good) else max(1.05, 1.1 * points["complexity"].max())
