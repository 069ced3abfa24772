"""The measured increase of the loss against what the quadratic model predicts."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from paper.experiments.quadratic.words import MODELS, between_levels
from paper.results.records import Result
from paper.show.labels import SIZE
from paper.show.style import SMALL, STYLE, title

SEEN = 3  # standard errors: less is not told from 0, and has no place on a logarithmic axis


@SMALL
def predicted_and_measured(results: list[Result]) -> Figure:
    """A row of panels for each data set, a panel for each model: every grid point of every method, those of `between_levels` in full
    colour. On the diagonal measured and predicted are equal."""
    figure, axes = plt.subplots(
        len(results), len(MODELS), figsize=(5.6, 3 * len(results)), sharex="col", sharey="row", squeeze=False
    )
    for row, result in zip(axes, results):
        table = result.table[result.table["measured"] > SEEN * result.table["measured_stderr"]]
        inside = table.index.isin(between_levels(result).index)
        for axis, model in zip(row, MODELS):
            for strong in (False, True):
                for method, points in table[inside == strong].groupby("method", sort=False):
                    _marks(axis, method, points[model], points["measured"], strong)
            axis.set(xscale="log", yscale="log", title=title(result.key.dataset))
            _equal(axis, table[[model, "measured"]], above=model == "layerwise")
        row[0].set_ylabel("Measured rise of the loss (nats)")
    for axis, name in zip(axes[-1], MODELS.values()):
        axis.set_xlabel(f"Predicted, with {name}")
    axes[0, 1].legend(fontsize=SIZE, loc="lower right", frameon=False)
    sns.despine(figure)
    return figure


def _equal(axis: Axes, table: pd.DataFrame, above: bool) -> None:
    """The diagonal, with its name along it on the side where no marks are."""
    ends = np.array([table.min().min(), table.max().max()])
    axis.plot(ends, ends, color="black", linewidth=1)
    middle = float(np.sqrt(ends.prod()))
    axis.annotate(
        "measured = predicted", (middle, middle), xytext=(-4, 4) if above else (4, -4), textcoords="offset points",
        rotation=45, rotation_mode="anchor", transform_rotates_text=True, ha="center", va="bottom" if above else "top", fontsize=SIZE,
    )  # fmt: skip


def _marks(axis: Axes, method: str, x: pd.Series, y: pd.Series, strong: bool) -> None:
    label, colour, marker = STYLE[method]
    look = {"alpha": 0.9, "label": label} if strong else {"alpha": 0.15}
    front = 3 if method == "baseline" else 2  # its few points would be hidden below the others
    axis.plot(x, y, marker, color=colour, markersize=4, markeredgewidth=0, zorder=front, **look)
