"""The figures of chapter 04. Each takes numbers and returns a matplotlib figure; none computes a number of its own."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure

from paper.show.style import STYLE

# family: colour, line style; the columns of derivations.floor_curves.curves
FAMILIES = {
    "baseline": (STYLE["baseline"][1], "-"),
    "isotropic prior, diagonal posterior": (STYLE["diag"][1], "-"),
    "isotropic prior, full posterior": (STYLE["layerwise"][1], "-"),
    "diagonal prior and posterior (Lemma 4.2)": ("black", "-"),
    "block prior and posterior": ("#CC79A7", "--"),
    "any Gaussian prior and posterior": ("#E69F00", "--"),
}
PRINTED, STABLE = "#D55E00", "#0072B2"


def floors(curves: pd.DataFrame, useless_from: float | None = None) -> Figure:
    """The least KL of each family over the expected quadratic loss E; a line where the complexity term reaches 1."""
    figure, axis = plt.subplots(figsize=(9.6, 4.6))
    for name, (colour, style) in FAMILIES.items():
        axis.loglog(
            curves["E"], curves[name], style, color=colour, label=name, gid=name.split(" (")[0].replace(" ", "-")
        )
    if useless_from is not None:
        axis.axhline(
            useless_from, color="grey", linestyle=":", linewidth=1.2, label="complexity term of Theorem 3.1 = 1"
        )
    top = curves[list(FAMILIES)[1]].max()
    axis.set(
        xlabel=r"Expected quadratic loss $E$",
        ylabel=r"Least $\mathrm{KL}(Q\|P)$ (nats)",
        ylim=(None, 3 * max(top, useless_from or 0)),
    )
    axis.legend(fontsize="small", loc="center left", bbox_to_anchor=(1, 0.5))
    sns.despine(figure)
    return figure


def one_weight(t: np.ndarray, kl: np.ndarray, loss: np.ndarray) -> Figure:
    """KL_i* and E_i*/beta over t = h Delta^2 / beta, with their common small-t line sqrt(t)/2 and the ceiling 1/2."""
    figure, axis = plt.subplots(figsize=(6.4, 4))
    axis.loglog(
        t,
        kl,
        color="black",
        label=r"$\mathrm{KL}_i^* = \operatorname{arsinh}(\sqrt{t}/2)$".replace("operatorname", "mathrm"),
    )
    axis.loglog(t, loss, color="#D55E00", label=r"$E_i^*/\beta = (1 - e^{-2\,\mathrm{KL}_i^*})/2$")
    axis.loglog(t, np.sqrt(t) / 2, color="grey", linestyle=":", label=r"$\sqrt{t}/2$")
    axis.axhline(0.5, color="grey", linestyle="--", linewidth=1, label="1/2")
    axis.set(xlabel=r"$t = h_i \Delta_i^2 / \beta$", ylabel="Cost of one weight", ylim=(kl.min() / 2, 4 * kl.max()))
    axis.legend(fontsize="small")
    sns.despine(figure)
    return figure


def landscapes(logs: np.ndarray, objective: np.ndarray, escaping: np.ndarray, optimum: tuple[float, float]) -> Figure:
    """Two functions of (ln nu0, ln nu1), over the square logs x logs (rows ln nu1), less their stationary value."""
    figure, axes = plt.subplots(1, 2, figsize=(10.5, 4.2), sharey=True)
    levels = 10.0 ** np.arange(-1.5, 8, 0.5)
    for axis, values, point, name in (
        (axes[0], objective, optimum, "The objective of Lemma 4.2"),
        (axes[1], escaping, (0.0, 0.0), "A function with the same limits"),
    ):
        axis.contour(logs, logs, values, levels=levels, colors="#0072B2", linewidths=0.8)
        axis.contourf(logs, logs, values, levels=[-np.inf, -1e-6], colors=["#E69F00"], alpha=0.6)
        axis.plot(*point, "k*", markersize=11)
        axis.set(title=name, xlabel=r"$\ln\nu_0$", aspect="equal")
    axes[0].set_ylabel(r"$\ln\nu_1$")
    return figure


def relative_errors(t: np.ndarray, errors: dict[str, dict[str, np.ndarray]]) -> Figure:
    """Relative error of the printed and the stable formulas over t, one panel each; exact results at the bottom."""
    quantities = list(errors["printed"])
    figure, axes = plt.subplots(1, len(quantities), figsize=(3 * len(quantities), 3.2), sharey=True)
    for axis, quantity in zip(axes, quantities):
        for form, colour, marker in (("printed", PRINTED, "."), ("stable", STABLE, ".")):
            axis.loglog(t, np.maximum(errors[form][quantity], 1e-18), marker, color=colour, markersize=3, label=form)
        axis.axhline(2.0**-53, color="grey", linestyle=":", linewidth=1, label="one rounding")
        axis.set(
            title=quantity.capitalize() if quantity != "KL" else quantity,
            xlabel=r"$t = h \Delta^2 / \beta$",
            ylim=(5e-19, 3),
        )
    axes[0].set_ylabel("Relative error")
    axes[0].legend(fontsize="small", loc="upper left")
    sns.despine(figure)
    return figure


def floor_of_3(betas: np.ndarray, linear: np.ndarray, bound: np.ndarray, best: tuple[float, float]) -> Figure:
    """V(beta) + beta c + 1/(8 N beta) and the right side of (3) at the pair of each beta; they touch at the minimum."""
    figure, axis = plt.subplots(figsize=(6.4, 4))
    axis.loglog(betas, linear, color="#0072B2", label=r"$V(\beta) + \beta c + \frac{1}{8N\beta}$")
    axis.loglog(
        betas, bound, color="black", linestyle="--", label=r"$E + \sqrt{(\mathrm{KL} + c)/2N}$ at the pair of $\beta$"
    )
    axis.plot(*best, "k*", markersize=11, label="the floor of (3)")
    axis.set(xlabel=r"$\beta$", ylabel="Quadratic model of the bound (3)")
    axis.legend(fontsize="small")
    sns.despine(figure)
    return figure
