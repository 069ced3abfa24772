"""Figures of the chapter on what is feasible: the two regions, the floors in the exact plane, and what spoils (10)."""

from collections.abc import Iterable

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pacbayes_curvature import pareto
from pacbayes_curvature.bounds import complexity
from pacbayes_curvature.pareto import front
from paper.experiments.grid import best_bounds
from paper.results.records import Result
from paper.show import labels
from paper.show.style import SMALL, STYLE, title

CURVE_STYLE = {  # curve: name, colour, line style, marker
    "fisher_diagonal": ("Lemma 4.2, (10)", "black", "-", "."),
    "fisher_expectation": ("Lemma 4.2, (10) without drawing", "#E69F00", "-", "d"),
    "fisher_raised": ("Lemma 4.2, the same, raised", "#999999", "-", "P"),
    "fisher_flat": ("Lemma 4.2, (10), labels equally likely", "#882255", "-", "v"),
    "layerwise_diagonal": ("Lemma 4.2, layerwise", "black", (0, (4, 2)), "."),
    "block_prior": ("Blocks", "#CC79A7", "-", "*"),
}
COMPLEXITY = r"Complexity $\sqrt{(\mathrm{KL} + \ln(2(N-1)/\delta))/2N}$"
ACCURACY = "Training accuracy of the stochastic network"


@SMALL
def feasible_and_non_vacuous(results: list[Result], methods: list[Result], classes: list[int]) -> Figure:
    """Figure 2, a panel for each data set, below each other: accuracy and complexity of the curves, the valid fronts with the best of
    each ringed, and the two regions.

    results: `lower_bound`; methods: `accuracy_vs_complexity`.
    """
    figure, axes = plt.subplots(len(results), figsize=(5.2, 0.4 + 3.9 * len(results)), squeeze=False)
    for axis, result, valid, c in zip(axes.flat, results, methods, classes):
        _plane_of_accuracy(axis, result, valid, c)
        axis.set_ylabel("Complexity")
    regions = axes.flat[0].collections
    figure.legend(handles=regions, loc="outside lower center", ncols=2, frameon=False, fontsize=labels.SIZE)
    sns.despine(figure)
    labels.on_lines(*axes.flat)
    return figure


@SMALL
def plane_of_loss(results: list[Result], losses: list[pd.DataFrame], classes: list[int], delta: float) -> Figure:
    """The same pairs, a panel for each data set: expected quadratic loss and KL, where the curves of the layerwise H_l are floors.

    losses: `words.with_losses` of each data set's `accuracy_vs_complexity`.
    """
    figure, axes = plt.subplots(len(results), figsize=(5.2, 0.8 + 4.2 * len(results)), squeeze=False)
    for axis, result, loss, c in zip(axes.flat, results, losses, classes):
        _plane_of_loss(axis, result, loss, c, delta)
    _legend_below(figure, axes)
    return figure


def _legend_below(figure: Figure, axes: np.ndarray) -> None:
    """What the first panel shows, below all of them."""
    figure.legend(
        *axes.flat[0].get_legend_handles_labels(),
        loc="outside lower center",
        ncols=2,
        fontsize=labels.SIZE,
        frameon=False,
    )
    sns.despine(figure)


@SMALL
def readings(results: list[Result], methods: list[Result], classes: list[int]) -> Figure:
    """One panel a data set: Lemma 4.2's curve for each reading of h, with the valid baseline."""
    figure, axes = plt.subplots(len(results), figsize=(5.2, 4.2 * len(results)), squeeze=False)
    for axis, result, valid, c in zip(axes.flat, results, methods, classes):
        _valid_fronts(axis, valid, ("baseline",))
        for curve in ("fisher_diagonal", "fisher_expectation", "fisher_raised", "fisher_flat", "layerwise_diagonal"):
            _curve(axis, result.table, curve)
        _frame(axis, result, c)
    axes.flat[0].legend(loc="upper left", fontsize=labels.SIZE, frameon=False)
    sns.despine(figure)
    return figure


def _plane_of_accuracy(axis: Axes, result: Result, valid: Result, c: int) -> None:
    """Feasible is shaded where a computed pair of diagonal Gaussians is at least as accurate and no more complex: a
    point of the two curves, or of the two valid methods whose covariances are diagonal too."""
    curves, points = result.table, valid.table[valid.table["pareto"]]
    diagonal = pd.concat(
        [
            curves[curves["curve"].isin(["fisher_diagonal", "layerwise_diagonal"])],
            points[points["method"].isin(["baseline", "diag"])],
        ]
    )
    _frame(axis, result, c)
    top, at = axis.get_ylim()[1], np.linspace(*axis.get_xlim(), 800)
    edge = pareto.least_complexity(diagonal["accuracy"], diagonal["complexity"], at)
    axis.fill_between(
        at,
        np.minimum(edge, top),
        top,
        color="grey",
        alpha=0.18,
        linewidth=0,
        label="feasible with diagonal covariances",
    )
    line = at - 1 / c
    axis.fill_between(
        at, 0, np.maximum(line, 0), color="#F0E442", alpha=0.35, linewidth=0, label="non-vacuous against chance"
    )
    _valid_fronts(axis, valid, valid.table["method"].unique())
    for curve in ("fisher_diagonal", "layerwise_diagonal", "block_prior"):
        _curve(axis, curves, curve)
    axis.plot(at, at, color="black", linestyle="--", linewidth=0.8, label="bound = 1")
    axis.plot(at, line, color="black", linestyle=":", linewidth=1.2, label="bound = chance")
    for best in best_bounds([valid]).itertuples():
        labels.ring(axis, best.accuracy, best.complexity, STYLE[best.method][1])


def _plane_of_loss(axis: Axes, result: Result, losses: pd.DataFrame, c: int, delta: float) -> None:
    table, n = result.table, int(result.table["examples"].iloc[0])
    for method, rows in losses.groupby("method", sort=False):
        name, colour, marker = STYLE[method]
        rows = rows[front(-rows["layerwise_loss"], rows["kl"])].sort_values("layerwise_loss")
        axis.plot(
            rows["layerwise_loss"], rows["kl"], color=colour, marker=marker, markersize=3, linewidth=0.8, label=name
        )
    for curve in ("fisher_diagonal", "layerwise_diagonal", "block_prior"):
        name, colour, style, marker = CURVE_STYLE[curve]
        rows = table[table["curve"] == curve]
        axis.plot(
            rows["layerwise_loss"],
            rows["kl"],
            color=colour,
            linestyle=style,
            marker=marker,
            markersize=5,
            linewidth=1.3,
            label=name,
        )
    for limit, style in ((1.0, "--"), (1 - 1 / c, ":")):
        axis.axhline(_kl_of(limit, n, delta), color="black", linestyle=style, linewidth=1)
    floor = table[table["curve"] == "layerwise_diagonal"]
    inside = floor[floor["complexity"].between(complexity(100.0, n, delta), 2)]
    axis.set(
        xscale="log", yscale="log", title=title(result.key.dataset),
        xlabel=r"Expected quadratic loss $E$, with the layerwise $H_l$", ylabel="KL (nats)",
        xlim=(inside["layerwise_loss"].min() / 2, inside["layerwise_loss"].max() * 2),
        ylim=(10.0, 3 * _kl_of(1.0, n, delta)),
    )  # fmt: skip


def _valid_fronts(axis: Axes, valid: Result, methods: Iterable[str]) -> None:
    for method in methods:
        name, colour, marker = STYLE[method]
        rows = valid.table[valid.table["pareto"] & (valid.table["method"] == method)].sort_values("complexity")
        axis.plot(
            rows["accuracy"], rows["complexity"], color=colour, marker=marker, markersize=3.5, linewidth=0.9, label=name
        )


def _curve(axis: Axes, table: pd.DataFrame, curve: str) -> None:
    """Every point, in the order of beta: a curve, not a front."""
    name, colour, style, marker = CURVE_STYLE[curve]
    rows = table[table["curve"] == curve].sort_values("relative_beta")
    axis.plot(
        rows["accuracy"],
        rows["complexity"],
        color=colour,
        linestyle=style,
        marker=marker,
        markersize=5,
        linewidth=1.5,
        label=name,
    )


def _frame(axis: Axes, result: Result, c: int) -> None:
    rows = result.table[result.table["curve"] == "layerwise_diagonal"]
    top = np.interp(1 / c + 0.97 * (1 - 1 / c), *rows.sort_values("accuracy")[["accuracy", "complexity"]].to_numpy().T)
    axis.set(
        title=title(result.key.dataset),
        xlabel=ACCURACY,
        ylabel=COMPLEXITY,
        xlim=(1 / c - 0.05 * (1 - 1 / c), 1 + 0.02 * (1 - 1 / c)),
        ylim=(0, max(1.05, 1.1 * top)),
    )


def _kl_of(limit: float, n: int, delta: float) -> float:
    """The KL at which the complexity is `limit`."""
    return limit**2 * 2 * n - complexity(0.0, n, delta) ** 2 * 2 * n
