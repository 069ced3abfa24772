"""The figures of chapter 05. Each takes a table and returns a matplotlib figure; none computes a number of its own."""

import matplotlib.pyplot as plt
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure

from paper.show.style import STYLE

BOUNDS = {  # bound: colour, marker
    "Frobenius": ("#D55E00", "o"),
    "spectral": ("#0072B2", "s"),
    "recursive": ("#009E73", "^"),
}


def fading(frame: pd.DataFrame) -> Figure:
    """The Fisher matrix's trace, and the training accuracy as text, over the factor on the last layer."""
    figure, axis = plt.subplots(figsize=(6, 3.6))
    axis.loglog(frame["scale"], frame["trace"], color="#0072B2", marker="o", markersize=4)
    axis.axvline(1, color="black", linestyle="--", linewidth=1)
    axis.set(xlabel="Factor on the last layer's weights (1: where training stopped)", ylabel=r"$\mathrm{tr}\,F$")
    sns.despine(figure)
    return figure


def inversion(times: pd.DataFrame, errors: pd.DataFrame) -> Figure:
    """Left: time of the recursion over the direct inverse's, with the smallest and largest round. Right: the residuals."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 3.6))
    spread = [times["ratio"] - times["low"], times["high"] - times["ratio"]]
    left.errorbar(times["k"], times["ratio"], yerr=spread, color="#0072B2", marker="o", markersize=4, capsize=3)
    left.axhline(1, color="black", linestyle="--", linewidth=1)
    left.set(xscale="log", xlabel="Dimension $k$", ylabel="Time, recursive / direct", ylim=(0, None))
    left.set_xticks(times["k"], [str(k) for k in times["k"]])
    left.minorticks_off()
    for name, colour, marker in (("recursive", "#0072B2", "o"), ("direct", "#D55E00", "s")):
        right.loglog(errors["alpha"], errors[name], color=colour, marker=marker, markersize=4, label=name)
    right.set(xlabel=r"$\alpha$", ylabel=r"$\|AB - I\|_F\,/\sqrt{k}$")
    right.legend(fontsize="small")
    sns.despine(figure)
    return figure


def tightness(frame: pd.DataFrame) -> Figure:
    """Each bound over the measured error, for each network, and the medians as lines, over the depth."""
    figure, axis = plt.subplots(figsize=(6.4, 3.8))
    for shift, (name, (colour, marker)) in zip((-0.12, 0, 0.12), BOUNDS.items()):
        rows = frame[frame["bound"] == name]
        median = rows.groupby("depth")["ratio"].median()
        axis.semilogy(
            rows["depth"] + shift, rows["ratio"], linestyle="", marker=marker, markersize=3, color=colour, alpha=0.4
        )
        axis.semilogy(median.index + shift, median, color=colour, linewidth=1.5, label=name)
    axis.axhline(1, color="black", linestyle="--", linewidth=1)
    axis.set(xlabel="Depth $L$", ylabel="Bound / measured", xticks=sorted(frame["depth"].unique()))
    axis.legend(fontsize="small")
    sns.despine(figure)
    return figure


def two_sides(frame: pd.DataFrame) -> Figure:
    """One panel a method: the measured output error and the bounds on it, over lam."""
    groups = frame.groupby("method", sort=False)
    figure, axes = plt.subplots(1, len(groups), figsize=(5 * len(groups), 3.8), sharey=True, squeeze=False)
    for axis, (method, rows) in zip(axes.flat, groups):
        for name, (colour, marker) in BOUNDS.items():
            axis.loglog(
                rows["lam"], rows[name], color=colour, marker=marker, markersize=3, linewidth=1, label=f"{name} bound"
            )
        axis.loglog(rows["lam"], rows["rms"], color="black", linewidth=2, label="measured")
        axis.set(title=STYLE[method][0], xlabel=r"$\lambda$")
    axes.flat[0].set_ylabel("Root mean square output error")
    axes.flat[0].legend(fontsize="small")
    sns.despine(figure)
    return figure
