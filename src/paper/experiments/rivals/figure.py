"""Certificate against wall time, a point for each rival, with the line of the hold-out bound."""

import textwrap

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, NullFormatter

from paper.experiments.rivals.words import GROUPS, LETTERS, group, name, whole
from paper.results.records import Result
from paper.show import labels
from paper.show.style import SMALL, title

COLOURS = {"initialisation": "#0072B2", "minimum": "#009E73", "share": "#D55E00", "code": "#CC79A7"}
MARKERS = {"initialisation": "o", "minimum": "^", "share": "s", "code": "D"}


@SMALL
def certificate_against_time(results: list[Result]) -> Figure:
    """A panel for each result with all rivals, else one for the first. Filled the certificate, open the error on the test set, joined; the
    smallest certificate ringed, the hold-out bound as a line. A letter at each certificate, with a key below."""
    shown = [result for result in results if whole(result)] or results[:1]
    figure, axes = plt.subplots(len(shown), figsize=(5.4, 2.2 + 4.4 * len(shown)), squeeze=False)
    for axis, result in zip(axes.flat, shown):
        _points(axis, result)
    for axis, result in zip(axes.flat, shown):
        _labels(axis, result)
    figure.legend(handles=_key(shown), loc="outside lower center", ncols=2, fontsize=labels.SIZE, frameon=False)
    return figure


def _key(results: list[Result]) -> list[Line2D]:
    """What the letters, the marks and the colours are."""
    style = dict(linestyle="", markersize=7)
    methods = [method for method in LETTERS if any(method in set(result.table["method"]) for result in results)]
    letters = [
        Line2D(
            [], [], marker=rf"$\mathrm{{{LETTERS[m]}}}$", color=labels.ink(COLOURS[group(m)]), label=name(m), **style
        )
        for m in methods
    ]
    kinds = [
        Line2D([], [], color=COLOURS[kind], marker=MARKERS[kind], label=textwrap.fill(text, 32), **style)
        for kind, text in GROUPS.items()
    ]
    tested = Line2D([], [], color="0.4", marker="o", markerfacecolor="none", label="error on the test set", **style)
    return [*letters, *kinds, tested]


def _points(axis: Axes, result: Result) -> None:
    for row in result.table.itertuples():
        kind = group(row.method)
        style = dict(color=COLOURS[kind], marker=MARKERS[kind])
        axis.plot([row.seconds] * 2, [row.test_error, row.certificate], color=COLOURS[kind], linewidth=0.8, alpha=0.4)
        axis.plot(row.seconds, row.certificate, linestyle="", markersize=6, **style)
        axis.plot(row.seconds, row.test_error, linestyle="", markersize=4, markerfacecolor="none", **style)
    best = result.table.loc[result.table["certificate"].idxmin()]
    labels.ring(axis, best["seconds"], best["certificate"], COLOURS[group(best["method"])])
    line = float(result.table["holdout"].iloc[0])
    axis.axhline(line, color="black", linewidth=1.2)
    axis.annotate(
        "hold-out\nbound", (1.01, line), xycoords=("axes fraction", "data"), va="center", fontsize=labels.SIZE
    )
    axis.set(xscale="log", yscale="log", xlabel="wall time (s)", ylabel="error", title=title(result.key.dataset))
    for numbers in (axis.xaxis, axis.yaxis):
        numbers.set_major_locator(LogLocator(subs=(1, 2, 5)))
        numbers.set_major_formatter("{x:g}")
        numbers.set_minor_formatter(NullFormatter())
    axis.margins(x=0.1, y=0.1)


def _labels(axis: Axes, result: Result) -> None:
    """The rivals' letters, clear of what is drawn."""
    rows = result.table.sort_values("certificate")
    drawn = [(row.seconds, y) for row in rows.itertuples() for y in np.geomspace(row.test_error, row.certificate, 25)]
    drawn += [(x, rows["holdout"].iloc[0]) for x in np.geomspace(*axis.get_xlim(), 99)]
    places = zip(rows["seconds"], rows["certificate"])
    named = labels.beside(axis, [*places, *drawn], [LETTERS[method] for method in rows["method"]], fontsize=labels.SIZE)
    for label, method in zip(named, rows["method"]):
        label.set_color(labels.ink(COLOURS[group(method)]))
