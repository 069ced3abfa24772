"""The certificates of the paper's posteriors beside what they are about: the error on the test set, the hold-out bound, guessing."""

import matplotlib.pyplot as plt
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from paper import names
from paper.experiments.holdout.words import chosen
from paper.results.records import Result
from paper.show import labels
from paper.show.style import SMALL, STYLE, title

HEIGHT = 0.19  # between the methods of a data set
LINES = {"-": "black", ":": "0.4"}  # the hold-out bound, guessing
MARKS = "test (open), certificate (filled)"


@SMALL
def certificates(results: list[Result], holdouts: list[Result]) -> Figure:
    """A row for each data set: for each method its certificate (filled) and test error (open), joined; all seeds. The smallest certificate
    of a data set is ringed where it is below guessing. The posteriors' names are where their lines have most room."""
    datasets = list(dict.fromkeys(result.key.dataset for result in results))
    room = {result.key.dataset: (result.table["certificate"] - result.table["test_error"]).min() for result in results}
    figure, axis = plt.subplots(figsize=(5.4, 0.6 + 0.9 * len(datasets)))
    axis.set(xlim=(0, 1), ylim=(len(datasets) - 0.45, -0.75), xlabel=f"error: {MARKS}")
    for row, dataset in enumerate(datasets):
        tables = [result.table for result in results if result.key.dataset == dataset]
        rows = {method: row + HEIGHT * (i - 1) for i, method in enumerate(tables[0]["method"])}
        bounds = [chosen(result) for result in holdouts if result.key.dataset == dataset]
        _pairs(axis, tables, rows, 1 - 1 / names.classes(dataset))
        for value, style in ((1 - 1 / names.classes(dataset), ":"), *((bound, "-") for bound in bounds)):
            axis.plot([value] * 2, [row - 0.38, row + 0.38], style, color=LINES[style], linewidth=1.5)
            if row == 0:
                text = {":": "guessing", "-": "hold-out bound"}[style]
                axis.annotate(
                    text, (value, -0.42), ha="left" if value < 0.1 else "center", va="bottom", fontsize=labels.SIZE
                )
        for line in tables[0].itertuples() if dataset == max(room, key=room.get) else ():
            label = dict(va="center", ha="center", color=labels.ink(STYLE[line.method][1]), fontsize=labels.SIZE)
            ground = {"facecolor": "white", "edgecolor": "none", "pad": 1}
            axis.text(
                (line.test_error + line.certificate) / 2, rows[line.method], STYLE[line.method][0], bbox=ground, **label
            )
    axis.set_yticks(range(len(datasets)), [title(dataset) for dataset in datasets])
    axis.tick_params(axis="y", length=0)
    sns.despine(figure, left=True)
    return figure


@SMALL
def by_method(results: list[Result], holdouts: list[Result]) -> Figure:
    """One data set: a row for each posterior, its certificate (filled) and test error (open) for every seed, joined, and the lines of the
    hold-out bound and of guessing, named. The smallest certificate is ringed where it is below guessing."""
    dataset = results[0].key.dataset
    figure, axis = plt.subplots(figsize=(4.2, 2.2))
    tables = [result.table for result in results]
    rows = {method: i for i, method in enumerate(tables[0]["method"])}
    chance = 1 - 1 / names.classes(dataset)
    largest = max(float(table["certificate"].max()) for table in tables)
    axis.set(
        xlim=(0, 1.08 * max(largest, chance)),
        ylim=(len(rows) - 0.5, -0.8),
        xlabel=f"error on {title(dataset)}: {MARKS}",
    )
    _pairs(axis, tables, rows, chance)
    for value, label, style in ((chosen(holdouts[0]), "hold-out bound", "-"), (chance, "guessing", ":")):
        axis.axvline(value, color=LINES[style], linestyle=style, linewidth=1.3)
        side = "left" if value < 0.1 else "center"
        axis.annotate(label, (value, 1.01), xycoords=("data", "axes fraction"), ha=side, fontsize=labels.SIZE)
    axis.set_yticks(list(rows.values()), [STYLE[method][0] for method in rows])
    for tick, method in zip(axis.get_yticklabels(), rows):
        tick.set_color(labels.ink(STYLE[method][1]))
    axis.tick_params(axis="y", length=0)
    sns.despine(figure, left=True)
    return figure


def _pairs(axis: Axes, tables: list[pd.DataFrame], rows: dict[str, float], chance: float) -> None:
    """Each posterior's certificate and test error at its height, and the ring."""
    best = min(float(table["certificate"].min()) for table in tables)
    for line in (line for table in tables for line in table.itertuples()):
        _, colour, marker = STYLE[line.method]
        y = rows[line.method]
        axis.plot([line.test_error, line.certificate], [y, y], color=colour, linewidth=1, alpha=0.5)
        axis.plot(line.certificate, y, marker, color=colour, markersize=6)
        axis.plot(line.test_error, y, marker, markerfacecolor="white", markeredgewidth=0.7, color=colour, markersize=5)
        if line.certificate == best < chance:
            labels.ring(axis, line.certificate, y, colour)
