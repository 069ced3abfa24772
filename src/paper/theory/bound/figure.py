"""Figures of the chapter on the PAC-Bayes bound: its published forms, and the square root as an envelope of lines."""

import math
from collections.abc import Callable, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure

from pacbayes_curvature import bounds
from paper.show.labels import SIZE
from paper.show.style import LAYER_COLOURS, SMALL, STYLE

BLUE, ORANGE, GREEN = (STYLE[method][1] for method in ("baseline", "diag", "layerwise"))


def noise_level(errors: Callable[[float], float], squared_distance: float, n: int, delta: float) -> Figure:
    """What the noise N(mu0, s I) on two weights costs and what it saves: error, complexity and Theorem 3.1 against s.

    errors(s): the empirical error; squared_distance: that of mu0 from the mean of the prior N(mu1, I).
    """
    figure, axis = plt.subplots(figsize=(6.4, 4))
    s = np.logspace(-4, 0.6, 200)
    error = np.array([errors(value) for value in s])
    term = bounds.complexity((2 * s - 2 - 2 * np.log(s) + squared_distance) / 2, n, delta)
    curves = {
        "empirical error": (error, ORANGE, 150, (10, -12), "left"),
        "complexity": (term, BLUE, 0, (4, -14), "left"),
        "bound = error + complexity": (error + term, "black", 0, (4, 8), "left"),
    }
    for name, (values, colour, at, offset, side) in curves.items():
        axis.plot(s, values, color=colour, linewidth=2)
        axis.annotate(name, (s[at], values[at]), xytext=offset, textcoords="offset points", color=colour, ha=side)
    best = np.argmin(error + term)
    axis.plot(s[best], (error + term)[best], "o", color="black")
    axis.set(xscale="log", xlabel="Variance s of the noise on each weight", ylim=(0, None))
    sns.despine(figure)
    return figure


@SMALL
def published_forms(examples: Sequence[int], delta: float, risk: float) -> Figure:
    """Four bounds on the true risk against KL/N, at the empirical risk `risk`; a panel for each N."""
    figure, axes = plt.subplots(len(examples), figsize=(5.2, 3.4 * len(examples)))
    for axis, n in zip(np.atleast_1d(axes), examples):
        ratio = np.logspace(-4, 0, 200)
        kl = n * ratio
        c = (kl + math.log(2 * math.sqrt(n) / delta)) / n
        mcallester = risk + np.sqrt((kl + math.log(n / delta) + 2) / (2 * n - 1))
        axis.plot(ratio, mcallester, color=ORANGE, linestyle=":", linewidth=2, label="McAllester 2003")
        axis.plot(ratio, bounds.pac_bayes_bound(risk, kl, n, delta), color="black", label="Theorem 3.1")
        axis.plot(ratio, risk + np.sqrt(c / 2), color=BLUE, linestyle="--", label="Maurer and Pinsker")
        axis.plot(ratio, bounds.kl_inverse(risk, c), color=GREEN, linewidth=2, label="Maurer, kl inverse")
        axis.axhline(1, color="grey", linewidth=0.8)
        axis.set(
            xscale="log",
            xlabel=r"$\mathrm{KL}(Q\|P)/N$",
            title=f"N = {n:,}",
            ylim=(0, 1.1),
            ylabel="Bound on the true risk",
        )
    np.atleast_1d(axes)[0].legend(fontsize=SIZE, loc="upper left")
    sns.despine(figure)
    return figure


@SMALL
def envelope(n: int, delta: float, table: pd.DataFrame) -> Figure:
    """Above: sqrt(K/2N) and its tangents. Below: along the minimisers of (4), the bound (3) and its tangent's value."""
    figure, (upper, lower) = plt.subplots(2, figsize=(5.2, 7.4))
    k = np.linspace(0, 0.3 * n, 400)
    upper.plot(k, np.sqrt(k / (2 * n)), color="black", linewidth=2, label=r"$\sqrt{K/2N}$")
    for share, colour in zip((0.02, 0.08, 0.2), LAYER_COLOURS):
        beta = 1 / math.sqrt(8 * n * share * n)
        upper.plot(k, beta * k + 1 / (8 * n * beta), color=colour, linewidth=1, label=rf"$\beta = {beta:.2g}$")
        upper.plot(share * n, math.sqrt(share / 2), "o", color=colour, markersize=5)
    upper.set(
        xlabel=r"$K = \mathrm{KL}(Q\|P) + \ln(2(N-1)/\delta)$", ylabel="Complexity term", ylim=(0, 0.5), xlim=(0, k[-1])
    )
    upper.legend(fontsize=SIZE, loc="lower right")

    best = table.loc[table["bound"].idxmin()]
    lower.plot(table["beta"], table["bound"], color="black", linewidth=2, label=r"bound (3) of $Q_\beta$")
    lower.plot(table["beta"], table["line"], color=BLUE, linewidth=1, label=r"$V(\beta) + \beta c + 1/(8N\beta)$")
    lower.axvline(
        best["best beta"], color=ORANGE, linestyle="--", linewidth=1, label=r"$\beta^*$ of the best $Q_\beta$"
    )
    largest = 1 / math.sqrt(8 * n * math.log(2 * (n - 1) / delta))
    lower.axvspan(largest, table["beta"].max(), color="grey", alpha=0.15, linewidth=0, label=r"no $\beta^*$ lies here")
    lower.set(
        xscale="log", xlabel=r"$\beta$", ylabel="Bound on the true risk", ylim=(0.8 * best["bound"], 3 * best["bound"]),
        xlim=(table["beta"].min(), table["beta"].max()),
    )  # fmt: skip
    lower.legend(fontsize=SIZE, loc="lower center", bbox_to_anchor=(0.5, 1), ncols=2, frameon=False)
    sns.despine(figure)
    return figure
