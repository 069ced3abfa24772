"""How the network and the posteriors were found, and what is certified of them."""

import matplotlib.pyplot as plt
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from paper.experiments.own_data.compute import OPTIMISED
from paper.experiments.own_data.network import Trained
from paper.show.labels import SIZE
from paper.show.style import SMALL, STYLE

STYLES = STYLE | {OPTIMISED: ("Optimised", "#CC79A7", "D")}


@SMALL
def training(network: Trained) -> Figure:
    """Loss and share of wrong answers on the training examples after each epoch."""
    history = network.history
    figure, axes = plt.subplots(2, figsize=(5.2, 5))
    axes[0].semilogy(history["epoch"], history["loss"], color="#0072B2")
    axes[1].plot(history["epoch"], history["error"], color="#D55E00")
    axes[0].set(xlabel="epoch", ylabel="mean cross-entropy (nats)", title="Loss")
    axes[1].set(xlabel="epoch", ylabel="share of the examples", title="Training error", ylim=(0, None))
    for axis in axes:
        axis.xaxis.set_major_locator(MaxNLocator(integer=True))
    sns.despine(figure)
    return figure


@SMALL
def search(found: pd.DataFrame, objective: list[float], chance: float) -> Figure:
    """Above, for each lam the smallest expected certificate of each method over beta; below, the descent's objective."""
    figure, axes = plt.subplots(2, figsize=(5.2, 5.8))
    for method, table in found.groupby("method", sort=False):
        name, colour, marker = STYLES[method]
        least = table.groupby("lam")["expected"].min()
        axes[0].semilogx(least.index, least, color=colour, marker=marker, markersize=4, label=name)
    name, colour, _ = STYLES[OPTIMISED]
    axes[1].plot(range(1, len(objective) + 1), objective, color=colour, label=name)
    axes[0].set(xlabel=r"$\lambda$, the prior's variance", ylabel="bound", title="On the grid: expected certificate")
    axes[1].set(xlabel="epoch", ylabel="bound", title="By descent: objective")
    for axis in axes:
        axis.axhline(chance, color="black", linewidth=1.4, linestyle=":", label="guessing")
        axis.set_ylim(0, 1.02)
    axes[0].legend(fontsize=SIZE, loc="lower left")
    sns.despine(figure)
    return figure


@SMALL
def certificates(rows: pd.DataFrame, hold: dict[str, float], chance: float) -> Figure:
    """For each posterior its error on the examples and its certificate, with the hold-out network's beside them."""
    figure, axis = plt.subplots(figsize=(5.2, 0.5 * len(rows) + 1.9))
    names = [STYLES[name][0] for name in rows["posterior"]]
    for place, row in enumerate(rows.itertuples()):
        _, colour, marker = STYLES[row.posterior]
        _interval(axis, place, row.error, row.certificate, colour, marker)
    _interval(axis, len(rows), hold["error"], hold["bound"], "black", "o")
    axis.axvline(hold["bound"], color="black", linewidth=1, linestyle="--", label="hold-out bound")
    axis.axvline(chance, color="black", linewidth=1.4, linestyle=":", label="guessing")
    axis.set(
        yticks=range(len(rows) + 1), yticklabels=[*names, "Hold-out"], xlim=(0, 1.02), ylim=(len(rows) + 0.6, -0.6),
        xlabel="error: measured (open), and certified (filled)",
    )  # fmt: skip
    figure.legend(loc="outside upper center", ncols=2, fontsize=SIZE)
    sns.despine(figure, left=True)
    return figure


def _interval(axis: plt.Axes, place: int, measured: float, certified: float, colour: str, marker: str) -> None:
    axis.plot([measured, certified], [place, place], color=colour, linewidth=2, solid_capstyle="butt")
    axis.plot(measured, place, marker, color=colour, markerfacecolor="white")
    axis.plot(certified, place, marker, color=colour)
