"""Figure 1, measured: losses on the plane through the initialisation and two minima, and the posteriors' spread."""

import matplotlib.pyplot as plt
import numpy as np
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.patches import Ellipse
from matplotlib.patheffects import withStroke

from paper.experiments.two_minima.compute import NETWORKS, POSTERIORS, facts, path, plane
from paper.results.records import Result
from paper.show.style import SMALL

MARKS = {  # network: name, marker, colour
    "initialisation": (r"initialisation $\mu_1$", "s", "#E69F00"),
    "original": (r"original minimum $\mu_0$", "o", "#56B4E9"),
    "optimised": (r"optimised mean $\mu_o$", "^", "#D55E00"),
}
PANELS = {  # column of the plane: title, label of the scale, contours
    "loss": (
        "Loss of the network",
        "mean cross-entropy (nats)",
        (1e-4, 3e-4, 1e-3, 3e-3, 0.01, 0.03, 0.1, 0.3, 1, 3, 10),
    ),
    "error": ("Error of the network", "share of examples", (1e-3, 3e-3, 0.01, 0.03, 0.1, 0.3, 1)),
    "noisy_error": ("Error of the network with noise", "share of examples", (0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 1)),
}


@SMALL
def two_minima(result: Result) -> Figure:
    """Loss, error, and error under the optimised posterior's noise on the plane, on logarithmic scales; and the marginals
    of both posteriors along the plane, moved to one centre.

    Ellipses hold the points within two standard deviations; in the first three panels they are drawn to scale.
    """
    found, trail, table = facts(result), path(result), plane(result)
    figure, axes = plt.subplots(4, figsize=(3.7, 10.4))
    for axis, (column, (title, label, contours)) in zip(axes, PANELS.items()):
        sheet = table.pivot(index="across", columns="along", values=column)
        levels = contours[: max(2, np.searchsorted(contours, sheet.to_numpy().max()) + 1)]
        values = np.clip(sheet.to_numpy(), levels[0] / 2, None)  # a logarithmic scale has no 0
        shades = axis.contourf(
            sheet.columns,
            sheet.index,
            values,
            levels,
            cmap="cividis",
            norm=LogNorm(levels[0], levels[-1]),
            extend="both",
        )
        bar = figure.colorbar(shades, ax=axis, shrink=0.9, ticks=levels, format="%g")
        bar.ax.minorticks_off()
        bar.set_label(label)
        _networks(axis, found)
        way = np.array([[found["along_original"], found["across_original"]], *trail[["along", "across"]].to_numpy()])
        axis.plot(
            *way.T, color="white", linewidth=1, label="mean after each epoch", marker=".", markersize=3, zorder=2,
            path_effects=[withStroke(linewidth=2.5, foreground="grey")],
        )  # fmt: skip
        axis.set(title=title, xlabel=r"along $\mu_0 - \mu_1$", ylabel=r"across", aspect="equal")
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=2, fontsize="small", facecolor="lightgrey")
    _spread(axes[3], found)
    return figure


def _networks(axis: Axes, found: dict[str, float]) -> None:
    for name in NETWORKS:
        label, marker, colour = MARKS[name]
        at = found[f"along_{name}"], found[f"across_{name}"]
        axis.plot(*at, marker, color=colour, markeredgecolor="black", markersize=8, linestyle="", label=label, zorder=3)
    for name in POSTERIORS:
        at = found[f"along_{name}"], found[f"across_{name}"]
        axis.add_patch(_ellipse(found, name, 2, at, facecolor="white", edgecolor="black", linewidth=0.5, zorder=4))


def _spread(axis: Axes, found: dict[str, float]) -> None:
    for name, style in zip(POSTERIORS, ("--", "-")):
        label, _, colour = MARKS[name]
        kind, which = label.split(" ", 1)
        for deviations in (1, 2):
            axis.add_patch(
                _ellipse(
                    found, name, deviations, facecolor="none", edgecolor=colour, linewidth=2, linestyle=style,
                    label=f"around the\n{kind}\n{which}" if deviations == 1 else None,
                )
            )  # fmt: skip
    reach = 2.4 * max(np.sqrt(found[f"variance_{way}_{name}"]) for way in ("along", "across") for name in POSTERIORS)
    axis.set(
        title="Spread of the posteriors, magnified", xlabel="along", ylabel="across", aspect="equal",
        xlim=(-reach, reach), ylim=(-reach, reach),
    )  # fmt: skip
    legend = axis.legend(loc="center left", bbox_to_anchor=(1, 0.5), fontsize="small", frameon=False, handlelength=1.2)
    legend.set_in_layout(False)  # it stands where the other panels have their scales
    sns.despine(ax=axis)


def _ellipse(found: dict[str, float], name: str, deviations: float, centre=(0.0, 0.0), **style) -> Ellipse:
    """The points within so many standard deviations of a posterior's marginal along the plane."""
    along, across, covariance = (
        found[f"{what}_{name}"] for what in ("variance_along", "variance_across", "covariance")
    )
    values, vectors = np.linalg.eigh([[along, covariance], [covariance, across]])
    width, height = 2 * deviations * np.sqrt(values)
    return Ellipse(centre, width, height, angle=np.degrees(np.arctan2(vectors[1, 0], vectors[0, 0])), **style)
