"""The certificates of the paper's posteriors beside what they are about: the error on the test set, the hold-out bound, guessing."""

import matplotlib.pyplot as plt
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from paper import names
from paper.experiments.holdout.words import chosen
from paper.results.records import Result
from paper.show.style import STYLE, title

HEIGHT = 0.17  # between the methods of a data set


def certificates(results: list[Result], holdouts: list[Result]) -> Figure:
    """A row for each data set: for each method its certificate (filled) and test error (open), joined; all seeds."""
    datasets = list(dict.fromkeys(result.key.dataset for result in results))
    figure, axis = plt.subplots(figsize=(7.2, 1.1 + 0.85 * len(datasets)))
    for result in results:
        row = datasets.index(result.key.dataset)
        for i, line in enumerate(result.table.itertuples()):
            _, colour, marker = STYLE[line.method]
            y = row + HEIGHT * (i - 1)
            axis.plot([line.test_error, line.certificate], [y, y], color=colour, linewidth=1, alpha=0.5)
            axis.plot(line.certificate, y, marker, color=colour, markersize=7)
            axis.plot(line.test_error, y, marker, markerfacecolor="none", color=colour, markersize=5)
    for row, dataset in enumerate(datasets):
        chance = 1 - 1 / names.classes(dataset)
        axis.plot([chance, chance], [row - 0.38, row + 0.38], ":", color="0.5")
        for result in holdouts:
            if result.key.dataset == dataset:
                bound = chosen(result)
                axis.plot([bound, bound], [row - 0.38, row + 0.38], color="black", linewidth=1.5)
    axis.set_yticks(range(len(datasets)), [title(dataset) for dataset in datasets])
    axis.invert_yaxis()
    axis.set(xlim=(0, 1), xlabel="error")
    axis.grid(axis="x", alpha=0.3)
    axis.tick_params(axis="y", length=0)
    handles = [Line2D([], [], color=c, marker=m, linestyle="", label=t) for t, c, m in STYLE.values()]
    handles += [
        Line2D(
            [], [], color="0.3", marker="o", linestyle="", markerfacecolor="none", label="its error on the test set"
        ),
        Line2D([], [], color="black", label="hold-out bound"),
        Line2D([], [], color="0.5", linestyle=":", label="guessing"),
    ]
    figure.legend(handles=handles, loc="outside upper center", ncols=3, fontsize="small", frameon=False)
    return figure


def by_method(results: list[Result], holdouts: list[Result]) -> Figure:
    """One data set: a row for each posterior, its certificate (filled) and test error (open) for every seed, and the lines of the hold-out bound
    and of guessing, labelled."""
    dataset = results[0].key.dataset
    figure, axis = plt.subplots(figsize=(5.2, 2.6))
    methods = list(results[0].table["method"])
    for result in results:
        for line in result.table.itertuples():
            _, colour, marker = STYLE[line.method]
            y = methods.index(line.method)
            axis.plot(line.certificate, y, marker, color=colour, markersize=8)
            axis.plot(line.test_error, y, marker, markerfacecolor="none", color=colour, markersize=6)
    for value, label, style in (
        (chosen(holdouts[0]), "hold-out bound", "-"),
        (1 - 1 / names.classes(dataset), "guessing", ":"),
    ):
        axis.axvline(value, color="0.3", linestyle=style, linewidth=1.3)
        axis.annotate(label, (value, 1.01), xycoords=("data", "axes fraction"), ha="center", fontsize=9, color="0.3")
    axis.set_yticks(range(len(methods)), [STYLE[method][0] for method in methods])
    axis.invert_yaxis()
    largest = max(float(result.table["certificate"].max()) for result in results)
    axis.set(xlim=(0, 1.08 * max(largest, 1 - 1 / names.classes(dataset))), ylim=(len(methods) - 0.5, -0.5))
    axis.set_xlabel(f"error on {title(dataset)}: test (open), certificate (filled)")
    axis.tick_params(axis="y", length=0)
    return figure
