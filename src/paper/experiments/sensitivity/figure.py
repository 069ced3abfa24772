"""Figures of the chapter on sensitivity: the smallest bounds over each factor, their predictors, the weight draws."""

import math

import matplotlib.pyplot as plt
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure
from matplotlib.ticker import LogFormatterSciNotation, LogLocator, NullFormatter

from paper import names
from paper.experiments.grid import PAPERS_METHODS
from paper.results.records import Result
from paper.show.labels import SIZE
from paper.show.style import SMALL, STYLE

FACTORS = {  # of `compute.sensitivity`: name
    "seed": "seed",
    "batch_size": "batch size",
    "learning_rate": "highest learning rate",
    "initial_scale": "scale of the initialisation",
    "width": "width",
    "extra_epochs": "epochs after the first fit",
}
AXES = {factor: name.capitalize() for factor, name in FACTORS.items()} | {"width": "Width, times the paper's"}
PREDICTORS = {  # column of `words.networks`: name on an axis
    "squared distance": r"$|\mu_0 - \mu_1|^2$",
    "trace": r"$\mathrm{tr}\,H$",
    "product": r"$|\mu_0 - \mu_1|^2 \, \mathrm{tr}\,H$",
}


def default_value(result: Result, factor: str) -> float:
    """What the default network has for `factor`."""
    return result.key.seed if factor == "seed" else result.key.parameters["recipe"][factor]


def around_default(result: Result, factor: str) -> pd.DataFrame:
    """The rows of `factor` with the default network's among them, by value."""
    default = result.table[result.table["factor"] == "default"].assign(value=default_value(result, factor))
    rows = pd.concat([default, result.table[result.table["factor"] == factor]])
    return rows.sort_values("value", kind="stable", ignore_index=True)


def chance(result: Result) -> float:
    """1 - 1/C, the error of guessing among C classes."""
    return 1 - 1 / names.classes(result.key.dataset)


@SMALL
def bounds_by_factor(result: Result) -> Figure:
    """One panel for each factor: the smallest bound of each method at each value, the default value shaded."""
    factors = [factor for factor in FACTORS if factor in set(result.table["factor"])]
    columns = min(len(factors), 2)
    lines = -(-len(factors) // columns)
    size = (2.7 * columns, 2.4 * lines + 0.6)
    figure, axes = plt.subplots(lines, columns, figsize=size, sharey=True, squeeze=False)
    for axis, factor in zip(axes.flat, factors):
        rows = around_default(result, factor)
        values = rows["value"].unique().tolist()
        at = values.index(default_value(result, factor))
        axis.axvspan(at - 0.25, at + 0.25, color="grey", alpha=0.15, linewidth=0)
        for method, points in rows.groupby("method", sort=False):
            name, colour, marker = STYLE[method]
            places = [values.index(value) for value in points["value"]]
            axis.plot(
                places, points["bound"], color=colour, marker=marker, linewidth=1, label=name, gid=f"{factor}-{method}"
            )
        for value in rows.loc[rows["status"] != "fitted", "value"].unique():
            text = axis.text(values.index(value), 0.5, "not fitted", rotation=90, ha="center", va="center")
            text.set_transform(axis.get_xaxis_transform())
        axis.axhline(chance(result), color="black", linestyle=":", linewidth=1.4, label="chance")
        axis.set_xticks(range(len(values)), [f"{value:.4g}" for value in values])
        axis.set(xlabel=AXES[factor], xlim=(-0.5, len(values) - 0.5))
    for axis in axes.flat[len(factors) :]:
        axis.set_axis_off()
    for axis in axes[:, 0]:
        axis.set_ylabel("Smallest bound")
    handles, labels = axes.flat[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=2, fontsize=SIZE, frameon=False)
    sns.despine(figure)
    return figure


@SMALL
def predictors(result: Result, networks: pd.DataFrame, correlations: pd.DataFrame) -> Figure:
    """The smallest bound of each network against its distance, its trace and their product, with the rank correlations.

    networks: the fitted rows of `words.networks`; correlations: `words.rank_correlations`. A
    hollow mark is a bound that is not below the error of guessing.
    """
    figure, axes = plt.subplots(len(PREDICTORS), figsize=(5.2, 2.8 * len(PREDICTORS)))
    for axis, (predictor, label) in zip(axes, PREDICTORS.items()):
        for name, colour, marker in (STYLE[method] for method in PAPERS_METHODS):
            rho = correlations.set_index("predictor").loc[predictor, name]
            vacuous = networks[name] >= chance(result)
            for part, face in ((~vacuous, colour), (vacuous, "none")):
                x, y = networks.loc[part, predictor], networks.loc[part, name]
                axis.scatter(x, y, marker=marker, edgecolors=colour, facecolors=face)
            axis.scatter([], [], color=colour, marker=marker, label=f"{name}, {rho:.2f}")
        axis.axhline(chance(result), color="black", linestyle=":", linewidth=1.4)
        axis.set(xscale="log", xlabel=label, ylabel="Smallest bound")
        axis.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axis.xaxis.set_major_formatter(LogFormatterSciNotation(minor_thresholds=(math.inf, math.inf)))
        axis.xaxis.set_minor_formatter(NullFormatter())
        axis.legend(
            fontsize=SIZE, title="rank correlation", title_fontsize=SIZE, loc="lower center", bbox_to_anchor=(0.45, 1), ncols=3,
            columnspacing=0.8, handletextpad=0, borderpad=0, frameon=False,
        )  # fmt: skip
    sns.despine(figure)
    return figure


@SMALL
def weight_draws(result: Result) -> Figure:
    """The bound at each method's best point by local reparametrisation (line) and by 2, 5 and 20 weight draws (marks).

    The bars are one standard error of the accuracy to each side.
    """
    figure, axis = plt.subplots(figsize=(5.2, 4))
    for shift, method in zip((-0.08, 0, 0.08), PAPERS_METHODS):
        name, colour, marker = STYLE[method]
        rows = result.table[result.table["method"] == method]
        exact = rows[rows["factor"] == "default"].iloc[0]
        points = rows[rows["factor"] == "draws"]
        axis.axhline(exact["bound"], color=colour, linewidth=1)
        axis.errorbar(
            [place + shift for place in range(len(points))], points["bound"], points["accuracy_stderr"],
            color=colour, marker=marker, linestyle="none", capsize=3, label=name,
        )  # fmt: skip
    axis.axhline(chance(result), color="black", linestyle=":", linewidth=1.4, label="chance")
    axis.set_xticks(range(len(points)), [f"{value:.0f}" for value in points["value"]])
    axis.set(xlabel="Networks drawn from the posterior", ylabel="Bound at the best point")
    axis.set_xlim(-0.5, len(points) - 0.5)
    figure.legend(fontsize=SIZE, loc="outside upper center", ncols=4, columnspacing=1, frameon=False)
    sns.despine(figure)
    return figure
