"""The figures of chapter 05. Each takes a table and returns a matplotlib figure; none computes a number of its own."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pacbayes_curvature.gaussians import optimal_posterior
from paper.show.style import SMALL, STYLE

BOUNDS = {  # bound: colour, marker
    "Frobenius": ("#D55E00", "o"),
    "spectral": ("#0072B2", "s"),
    "recursive": ("#009E73", "^"),
}


@SMALL
def shape_of_noise(examples: np.ndarray, lam: float, beta: float) -> Figure:
    """Above: the inputs (N, 2) of a neuron of two weights, and the ellipse of their second moment H. Below: the posterior of Lemma 4.1 at H."""
    figure, (upper, lower) = plt.subplots(2, figsize=(4.2, 7))
    moment = examples.T @ examples / len(examples)
    posterior = optimal_posterior(moment, lam * np.eye(2), beta)
    for axis, matrix, colour in ((upper, moment, "#0072B2"), (lower, posterior, "#009E73")):
        axis.fill(*_ellipse(matrix), facecolor=colour, edgecolor=colour, alpha=0.25)
        axis.axhline(0, color="#bbbbbb", linewidth=0.8, zorder=0)
        axis.axvline(0, color="#bbbbbb", linewidth=0.8, zorder=0)
        axis.set_aspect("equal")
    for z in examples:
        upper.annotate("", z, (0, 0), arrowprops={"arrowstyle": "->", "color": "black", "linewidth": 1.6})
        upper.annotate(f"({z[0]:g}, {z[1]:g})", z, xytext=(4, -4), textcoords="offset points", va="top", fontsize=10)
    lower.plot(*_ellipse(lam * np.eye(2)), color="#777777", linestyle="--", linewidth=1)
    lower.annotate(
        "prior",
        (0, -np.sqrt(lam)),
        xytext=(0, 4),
        textcoords="offset points",
        ha="center",
        fontsize=10,
        color="#555555",
    )
    upper.set(title="What the neuron sees", xlabel="$z_1$", ylabel="$z_2$", xlim=(-3.4, 4.6), ylim=(-3.4, 3.6))
    lower.set(title="The noise it can take", xlabel=r"$\eta_1$", ylabel=r"$\eta_2$")
    sns.despine(figure)
    return figure


def _ellipse(matrix: np.ndarray) -> np.ndarray:
    """Where x' matrix^-1 x = 1: (2, 200)."""
    angles = np.linspace(0, 2 * np.pi, 200)
    return np.linalg.cholesky(matrix) @ np.array([np.cos(angles), np.sin(angles)])


def fading(frame: pd.DataFrame) -> Figure:
    """The Fisher matrix's trace over the factor on the last layer."""
    figure, axis = plt.subplots(figsize=(6, 3))
    axis.loglog(frame["scale"], frame["trace"], color="#0072B2", marker="o", markersize=4)
    axis.axvline(1, color="black", linestyle="--", linewidth=1)
    axis.annotate(
        "where training\nstopped",
        (1, frame["trace"].min()),
        xytext=(-6, 0),
        textcoords="offset points",
        ha="right",
        fontsize=10,
    )
    axis.set(xlabel="Factor on the last layer's weights", ylabel=r"$\mathrm{tr}\,F$")
    sns.despine(figure)
    return figure


@SMALL
def inversion(times: pd.DataFrame, errors: pd.DataFrame) -> Figure:
    """Above: time of the recursion over the direct inverse's, with the smallest and largest round. Below: the residuals."""
    figure, (upper, lower) = plt.subplots(2, figsize=(5.2, 5.6))
    spread = [times["ratio"] - times["low"], times["high"] - times["ratio"]]
    upper.errorbar(times["k"], times["ratio"], yerr=spread, color="#0072B2", marker="o", markersize=4, capsize=3)
    upper.axhline(1, color="black", linestyle="--", linewidth=1)
    upper.set(xscale="log", xlabel="Dimension $k$", ylabel="Time, recursive / direct", ylim=(0, None))
    upper.set_xticks(times["k"], [str(k) for k in times["k"]])
    upper.minorticks_off()
    for name, colour, marker, up in (("recursive", "#0072B2", "o", (4, 10)), ("direct", "#D55E00", "s", (-6, -16))):
        lower.loglog(errors["alpha"], errors[name], color=colour, marker=marker, markersize=4)
        middle = errors.iloc[len(errors) // 2]
        lower.annotate(
            name,
            (middle["alpha"], middle[name]),
            xytext=up,
            textcoords="offset points",
            color=colour,
            ha="left" if up[0] > 0 else "right",
        )
    lower.set(xlabel=r"$\alpha$", ylabel=r"$\|AB - I\|_F\,/\sqrt{k}$")
    sns.despine(figure)
    return figure


@SMALL
def tightness(frame: pd.DataFrame) -> Figure:
    """Each bound over the measured error, for each network, and the medians as lines, over the depth."""
    figure, axis = plt.subplots(figsize=(5.2, 3.6))
    ends = []
    for shift, (name, (colour, marker)) in zip((-0.12, 0, 0.12), BOUNDS.items()):
        rows = frame[frame["bound"] == name]
        median = rows.groupby("depth")["ratio"].median()
        axis.semilogy(
            rows["depth"] + shift, rows["ratio"], linestyle="", marker=marker, markersize=3, color=colour, alpha=0.4
        )
        axis.semilogy(median.index + shift, median, color=colour, linewidth=1.5)
        ends.append((name, median.index[-1] + shift, median.iloc[-1], colour))
    _names(axis, ends)
    axis.axhline(1, color="black", linestyle="--", linewidth=1)
    axis.set(xlabel="Depth $L$", ylabel="Bound / measured", xticks=sorted(frame["depth"].unique()))
    sns.despine(figure)
    return figure


@SMALL
def two_sides(frame: pd.DataFrame) -> Figure:
    """One panel a method: the measured output error and the bounds on it, over lam."""
    groups = frame.groupby("method", sort=False)
    figure, axes = plt.subplots(len(groups), figsize=(5.2, 3.2 * len(groups)), sharex=True, squeeze=False)
    for axis, (method, rows) in zip(axes.flat, groups):
        for name, (colour, marker) in BOUNDS.items():
            axis.loglog(rows["lam"], rows[name], color=colour, marker=marker, markersize=3, linewidth=1)
        axis.loglog(rows["lam"], rows["rms"], color="black", linewidth=2)
        axis.set(title=STYLE[method][0], ylabel="Root mean square output error")
    last = rows.iloc[-1]
    named = {name: (name, colour) for name, (colour, _) in BOUNDS.items()} | {"rms": ("measured", "black")}
    _names(axis, [(name, last["lam"], last[column], colour) for column, (name, colour) in named.items()])
    axes.flat[-1].set_xlabel(r"$\lambda$")
    sns.despine(figure)
    return figure


def _names(axis: Axes, ends: list[tuple[str, float, float, str]]) -> None:
    """The names of lines at their ends (name, x, y, colour), so far apart that none covers another."""
    axis.figure.draw_without_rendering()
    lowest, points = -np.inf, 72 / axis.figure.dpi
    for name, x, y, colour in sorted(ends, key=lambda end: end[2]):
        height = points * axis.transData.transform((x, y))[1]
        lowest = max(lowest + 11, height)
        axis.annotate(
            name, (x, y), xytext=(7, lowest - height), textcoords="offset points", va="center", color=colour, fontsize=9, annotation_clip=False
        )  # fmt: skip
