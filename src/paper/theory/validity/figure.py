"""The rates as a figure and as a table."""

import matplotlib.pyplot as plt
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from paper.show.labels import SIZE
from paper.show.style import SMALL, STYLE
from paper.theory.validity.trials import TRIALS

COLOURS = {True: STYLE["layerwise"][1], False: STYLE["diag"][1]}
MARKERS = {True: "o", False: "X"}
NAMES = {True: "every event is paid for", False: "shortcut"}


@SMALL
def failure_rates(table: pd.DataFrame) -> Figure:
    """A row for each way of `rates.rates`: the rate with its interval, and a line at delta. No failure: an open interval."""
    titles = table.groupby("trial", sort=False).size()
    height = 0.24 * (len(table) + 1.2 * len(titles)) + 0.8
    figure, axis = plt.subplots(figsize=(5.4, height))
    least = 0.2 / table["datasets"].max()
    position, ticks, labels = 0.0, [], []
    for trial, ways in table.groupby("trial", sort=False):
        axis.text(least, position, TRIALS[trial].title, fontsize=SIZE, fontweight="bold", va="center")
        rows = position + 1 + pd.RangeIndex(len(ways)).to_numpy()
        for row, way in zip(rows, ways.itertuples()):
            colour = COLOURS[way.right]
            axis.plot([max(way.low, least), way.high], [row, row], color=colour, linewidth=2, solid_capstyle="butt")
            if way.failures:
                axis.plot(way.rate, row, MARKERS[way.right], color=colour, markersize=7)
        axis.vlines(ways["delta"].iloc[0], rows[0] - 0.5, rows[-1] + 0.5, color="black", linewidth=1.5)
        ticks, labels = [*ticks, *rows], [*labels, *ways["way"]]
        position = rows[-1] + 1.2
    axis.set(xscale="log", xlim=(least, 1.15), ylim=(position - 0.4, -0.7), xlabel="how often the bound is below the risk")  # fmt: skip
    axis.set_yticks(ticks, labels, fontsize=SIZE)
    axis.tick_params(axis="y", length=0)
    marks = [Line2D([], [], color=COLOURS[r], marker=MARKERS[r], linewidth=2, label=NAMES[r]) for r in (True, False)]
    marks.append(Line2D([], [], color="black", linewidth=1.5, label=r"$\delta$"))
    figure.legend(handles=marks, loc="outside upper right", ncols=3, fontsize=SIZE, frameon=False)
    sns.despine(figure, left=True)
    return figure


def failure_table(table: pd.DataFrame) -> pd.DataFrame:
    """The same in words and counts."""
    return pd.DataFrame(
        {
            "problem": table["trial"].map(lambda name: TRIALS[name].title).where(~table["trial"].duplicated(), ""),
            "way": table["way"],
            "": table["right"].map(NAMES),
            "may fail with": table["delta"],
            "failures": table["failures"].map("{:,}".format) + " of " + table["datasets"].map("{:,}".format),
            "rate": table["rate"],
            "95% interval": [f"{row.low:.2g} to {row.high:.2g}" for row in table.itertuples()],
        }
    )
