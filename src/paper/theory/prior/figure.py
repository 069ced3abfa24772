"""The figures of chapter 04. Each takes numbers and returns a matplotlib figure; none computes a number of its own."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure

from paper.show.labels import SIZE
from paper.show.style import SMALL, STYLE

# family: colour, line style, how far along the curve its name stands, and how far from it in points; the columns of `measured.curves`
FAMILIES = {
    "baseline": (STYLE["baseline"][1], "-", 0.27, (8, 2)),
    "isotropic prior, diagonal posterior": (STYLE["diag"][1], "-", 0.36, (12, 8)),
    "isotropic prior, full posterior": (STYLE["layerwise"][1], "-", 0.6, (8, 4)),
    "diagonal prior and posterior (Lemma 4.2)": ("black", "-", 1.0, (5, -3)),
    "block prior and posterior": ("#CC79A7", "--", 0.02, (5, -45)),
    "any Gaussian prior and posterior": ("#B8730A", "--", 0.02, (5, 3)),
}
PRINTED, STABLE = "#D55E00", "#0072B2"


@SMALL
def idea(move: float, noise: float, priors: dict[str, float], widths: np.ndarray, costs: np.ndarray) -> Figure:
    """A posterior N(move, noise^2) among priors N(0, width^2), and the divergence `costs` over the prior's `widths`.

    priors: name: width.
    """
    figure, (upper, lower) = plt.subplots(2, figsize=(5.2, 6))
    at = np.linspace(-7, 7, 500)
    upper.fill_between(at, _bell(at - move, noise), color="grey", alpha=0.35, linewidth=0)
    upper.annotate("after training", (move + 0.3, 0.9), xytext=(2.9, 0.9), color="#555")
    places = {"too narrow": (-1.0, 0.42), "best": (-3.9, 0.105), "too wide": (-6.9, 0.05)}
    for (name, width), colour in zip(priors.items(), (PRINTED, "black", STABLE)):
        upper.plot(at, _bell(at, width), color=colour)
        upper.annotate(name, places[name], color=colour, ha="right" if name == "too narrow" else "left")
        lower.plot(width, np.interp(width, widths, costs), "o", color=colour, zorder=3)
        shift, side = {"too narrow": ((8, 2), "left"), "best": ((0, -16), "center"), "too wide": ((-6, 6), "right")}[
            name
        ]
        at_width = (width, np.interp(width, widths, costs))
        lower.annotate(name, at_width, xytext=shift, textcoords="offset points", color=colour, ha=side)
    upper.set(xlabel="The weight, from its start", ylabel="Probability density", yticks=[])
    lower.loglog(widths, costs, color="grey", zorder=2)
    lower.set(xlabel="Standard deviation of the prior", ylabel="Divergence (nats)", ylim=(1, 15))
    lower.set_xticks([1, 10], ["1", "10"])
    lower.set_yticks([1, 2, 5, 10], ["1", "2", "5", "10"])
    lower.minorticks_off()
    sns.despine(figure)
    return figure


def _bell(distance: np.ndarray, width: float) -> np.ndarray:
    return np.exp(-((distance / width) ** 2) / 2) / width / np.sqrt(2 * np.pi)


def feasible(loss: np.ndarray, kl: np.ndarray, least: np.ndarray, optimum: tuple[float, float]) -> Figure:
    """Pairs as points (loss, kl), the curve `least` over the sorted `loss`, and its tangent of slope -1 at `optimum`."""
    figure, axis = plt.subplots(figsize=(6.4, 4))
    inside = (loss < 5) & (kl < 6)
    axis.plot(loss[inside], kl[inside], ".", color=STYLE["diag"][1], markersize=4, alpha=0.6)
    axis.plot(loss, least, color="black")
    level = sum(optimum)
    axis.plot([0, level], [level, 0], color=PRINTED, linewidth=1)
    axis.plot(*optimum, "*", color=PRINTED, markersize=11)
    axis.annotate(
        r"$E + \mathrm{KL} = $ (9)",
        (2.6, level - 2.6),
        xytext=(-6, -12),
        textcoords="offset points",
        color=PRINTED,
        ha="right",
    )
    axis.annotate(
        "Lemma 4.2", (4.2, np.interp(4.2, loss, least)), xytext=(0, -14), textcoords="offset points", ha="center"
    )
    axis.annotate("diagonal pairs", (1.5, 4.4), color=STYLE["diag"][1])
    axis.set(xlabel=r"Expected quadratic loss $E$", ylabel=r"$\mathrm{KL}(Q\|P)$ (nats)", xlim=(0, 5), ylim=(0, 6))
    sns.despine(figure)
    return figure


@SMALL
def floors(curves: pd.DataFrame, useless_from: float) -> Figure:
    """The least KL of each family over the expected quadratic loss E; a line where the complexity term reaches 1."""
    figure, axis = plt.subplots(figsize=(6, 4.8))
    for name, (colour, style, where, shift) in FAMILIES.items():
        axis.loglog(curves["E"], curves[name], style, color=colour, gid=name.split(" (")[0].replace(" ", "-"))
        place = int(where * (len(curves) - 1))
        axis.annotate(
            "Lemma 4.2" if "Lemma" in name else name, (curves["E"][place], curves[name][place]), color=colour, fontsize=SIZE,
            xytext=shift, textcoords="offset points",
        )  # fmt: skip
    axis.axhline(useless_from, color="grey", linestyle=":", linewidth=1.2)
    axis.annotate(
        "complexity term of Theorem 3.1 = 1", (curves["E"].iloc[-1], useless_from), color="#555", fontsize=SIZE,
        xytext=(0, 3), textcoords="offset points", ha="right",
    )  # fmt: skip
    axis.set(
        xlabel=r"Expected quadratic loss $E$",
        ylabel=r"Least $\mathrm{KL}(Q\|P)$ (nats)",
        ylim=(None, 3 * max(curves[list(FAMILIES)[1]].max(), useless_from)),
    )
    sns.despine(figure)
    return figure


def one_weight(t: np.ndarray, kl: np.ndarray, loss: np.ndarray) -> Figure:
    """KL_i* and E_i*/beta over t = h Delta^2 / beta, with their common small-t line sqrt(t)/2 and the ceiling 1/2."""
    figure, axis = plt.subplots(figsize=(6.4, 3.6))
    axis.loglog(t, np.sqrt(t) / 2, color="grey", linestyle=":")
    axis.loglog(t, kl, color="black")
    axis.loglog(t, loss, color=PRINTED)
    axis.annotate(r"nats, $\mathrm{arsinh}(\sqrt{t}/2)$", (1.5e2, 1.2))
    axis.annotate(r"loss over $\beta$, at most 1/2", (6e1, 0.19), color=PRINTED)
    axis.annotate(r"$\sqrt{t}/2$", (40, 3.2), xytext=(-6, 6), textcoords="offset points", color="#555", ha="right")
    axis.set(xlabel=r"$t = h_i \Delta_i^2 / \beta$", ylabel="Cost of one weight", ylim=(kl.min() / 2, 4 * kl.max()))
    sns.despine(figure)
    return figure


@SMALL
def landscapes(logs: np.ndarray, objective: np.ndarray, escaping: np.ndarray, optimum: tuple[float, float]) -> Figure:
    """Two functions of (ln nu0, ln nu1), over the square logs x logs (rows ln nu1), less their stationary value."""
    figure, axes = plt.subplots(2, figsize=(5.2, 9), sharex=True)
    levels = 10.0 ** np.arange(-1.5, 8, 0.5)
    for axis, values, point, name in (
        (axes[0], objective, optimum, "The objective of Lemma 4.2"),
        (axes[1], escaping, (0.0, 0.0), "A function with the same limits"),
    ):
        axis.contour(logs, logs, values, levels=levels, colors="#0072B2", linewidths=0.8)
        axis.contourf(logs, logs, values, levels=[-np.inf, -1e-6], colors=["#E69F00"], alpha=0.6)
        axis.plot(*point, "k*", markersize=11)
        axis.set(title=name, ylabel=r"$\ln\nu_1$", aspect="equal")
    axes[1].set_xlabel(r"$\ln\nu_0$")
    return figure


@SMALL
def relative_errors(t: np.ndarray, errors: dict[str, dict[str, np.ndarray]]) -> Figure:
    """Relative error of the printed and the stable formulas over t, one panel each; exact results at the bottom."""
    quantities = list(errors["printed"])
    figure, axes = plt.subplots(len(quantities), figsize=(5.2, 2.2 * len(quantities)), sharex=True)
    for axis, quantity in zip(axes, quantities):
        for form, colour, marker in (("printed", PRINTED, "."), ("stable", STABLE, ".")):
            axis.loglog(t, np.maximum(errors[form][quantity], 1e-18), marker, color=colour, markersize=3, label=form)
        axis.axhline(2.0**-53, color="grey", linestyle=":", linewidth=1, label="one rounding")
        axis.set(
            title=quantity.capitalize() if quantity != "KL" else quantity,
            ylabel="Relative error",
            ylim=(5e-19, 3),
        )
    axes[-1].set_xlabel(r"$t = h \Delta^2 / \beta$")
    axes[0].legend(fontsize=SIZE, loc="upper left")
    sns.despine(figure)
    return figure


def floor_of_3(betas: np.ndarray, linear: np.ndarray, bound: np.ndarray, best: tuple[float, float]) -> Figure:
    """V(beta) + beta c + 1/(8 N beta) and the right side of (3) at the pair of each beta; they touch at the minimum."""
    figure, axis = plt.subplots(figsize=(6.4, 3.6))
    axis.loglog(betas, linear, color=STABLE)
    axis.loglog(betas, bound, color="black", linestyle="--")
    axis.plot(*best, "k*", markersize=11)
    at = len(betas) // 2
    for words, values, colour, shift in (
        (r"$V(\beta) + \beta c + \frac{1}{8N\beta}$", linear, STABLE, (-8, 6)),
        ("(3) at the pair of $\\beta$", bound, "black", (10, -14)),
    ):
        axis.annotate(
            words, (betas[at], values[at]), color=colour, xytext=shift, textcoords="offset points",
            ha="right" if shift[0] < 0 else "left",
        )  # fmt: skip
    axis.annotate("the floor of (3)", best, xytext=(0, -16), textcoords="offset points", ha="center")
    axis.set(xlabel=r"$\beta$", ylabel="Quadratic model of the bound (3)", ylim=(0.6 * best[1], None))
    sns.despine(figure)
    return figure
