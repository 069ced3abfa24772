"""Figures of the chapter on the optimal posterior: its front, the best prior scale, how far the quadratic reaches."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from pacbayes_curvature import gaussians
from paper.show.labels import SIZE
from paper.show.style import LAYER_COLOURS, SMALL, STYLE
from paper.theory.posterior import front as posterior_front

BLUE, ORANGE, GREEN = (STYLE[method][1] for method in ("baseline", "diag", "layerwise"))
NOISE = {"isotropic": ("#0072B2", "o"), "diagonal": ("#D55E00", "s"), "full": ("#009E73", "^")}


def two_weights(
    hessian: ArrayLike, mu0: ArrayLike, mu1: ArrayLike, lam: float, beta: float, levels: Sequence[float] = (0.5, 2, 4.5)
) -> Figure:
    """The plane of two weights: contours of the quadratic loss, one standard deviation of N(mu1, lam I) and of Lemma 4.1.

    hessian (2, 2), mu0 and mu1 (2,); levels: the values of the loss whose contours are drawn.
    """
    hessian, mu0, mu1 = (np.asarray(value, float) for value in (hessian, mu0, mu1))
    posterior = gaussians.optimal_posterior(hessian, lam * np.eye(2), beta)
    figure, axis = plt.subplots(figsize=(6, 4.6))
    for level in levels:
        contour = _ellipse(mu0, 2 * level * np.linalg.inv(hessian))
        axis.plot(*contour, color="0.65", linewidth=1)
    right = contour[:, np.argmax(contour[0])]
    axis.annotate("contours of the loss", right, xytext=(4, -8), textcoords="offset points", color="0.35")
    axis.plot(*_ellipse(mu1, lam * np.eye(2)), color=BLUE, linestyle="--", linewidth=2)
    axis.plot(*_ellipse(mu0, posterior), color=GREEN, linewidth=2.5)
    axis.plot(*mu0, "o", color=GREEN)
    axis.plot(*mu1, "o", color=BLUE)
    axis.annotate(
        r"prior, around $\mu_1$",
        mu1 - [0, lam**0.5],
        xytext=(0, -14),
        textcoords="offset points",
        color=BLUE,
        ha="center",
    )
    axis.annotate(r"posterior, around $\mu_0$", mu0, xytext=(16, 12), textcoords="offset points", color=GREEN)
    axis.set(xlabel=r"$\theta_1$", ylabel=r"$\theta_2$", aspect="equal", adjustable="datalim")
    axis.margins(0.12)
    sns.despine(figure)
    return figure


def _ellipse(centre: np.ndarray, covariance: np.ndarray) -> np.ndarray:
    """Points (2, 200) at one standard deviation from the centre."""
    angles = np.linspace(0, 2 * np.pi, 200)
    return centre[:, None] + np.linalg.cholesky(covariance) @ np.array([np.cos(angles), np.sin(angles)])


@SMALL
def front(g: np.ndarray, delta: np.ndarray, lams: Sequence[float]) -> Figure:
    """Above: E against KL for the baseline, fixed lam, the best lam, a free mean. Below: KL(E) over the baseline's."""
    figure, (upper, lower) = plt.subplots(2, figsize=(5.2, 7.6))
    d, betas, e = delta @ delta, np.logspace(-5, 3, 300), np.logspace(-3, 2, 200) * g.sum() / 2
    for lam, colour in zip(lams, LAYER_COLOURS):
        table = posterior_front.curves(g, delta, lam, betas)
        upper.plot(table["E"], table["KL"], color=colour, linewidth=1, label=rf"$\lambda = {lam:g}$")
        upper.plot(lam * g.sum() / 2, d / (2 * lam), "o", color=colour, markersize=5)
    least = np.log1p(d / (2 * e[:, None]) * g).sum(1) / 2
    flat = d * g.sum() / (4 * e)
    upper.plot(e, flat, color=BLUE, linestyle="--", label="baseline")
    upper.plot(e, least, color="black", linewidth=2, label=r"best $\lambda$")
    free = _free_mean(g, delta, betas)
    upper.plot(free["E, free mean"], free["KL, free mean"], color="grey", linestyle=":", linewidth=2, label="free mean")
    upper.set(xscale="log", yscale="log", xlabel="Expected quadratic loss E", ylabel="KL (nats)")
    upper.set(xlim=(e[0], e[-1]), ylim=(least[-1] / 3, 3 * flat[0]))
    upper.legend(fontsize=SIZE)
    lower.plot(e, least / flat, color="black", linewidth=2)
    lower.axvline(d * g.max() / 2, color=ORANGE, linestyle="--", linewidth=1, label=r"$E = D\,g_{\max}/2$")
    lower.set(xscale="log", xlabel="Expected quadratic loss E", ylabel="KL(E) over the baseline's", ylim=(0, 1.05))
    lower.legend(fontsize=SIZE)
    sns.despine(figure)
    return figure


def _free_mean(g: np.ndarray, delta: np.ndarray, betas: np.ndarray) -> pd.DataFrame:
    """For each beta the point of the free-mean posterior with the smallest objective over a fine grid of lam."""
    lams = np.logspace(-6, 4, 600)
    tables = pd.concat(posterior_front.curves(g, delta, lam, betas) for lam in lams)
    value = tables["E, free mean"] + tables["beta"] * tables["KL, free mean"]
    tables = tables.assign(value=value).reset_index(drop=True)
    return tables.loc[tables.groupby("beta")["value"].idxmin()]


def best_prior_scale(g: np.ndarray, d: float, betas: Sequence[float]) -> Figure:
    """The minimum of (13) against lam, over its value at the best lam; the root of lam gamma = D is marked."""
    figure, axis = plt.subplots(figsize=(6, 4))
    lams = np.logspace(-4, 3, 300)
    delta = np.zeros(len(g))
    delta[0] = np.sqrt(d)
    for beta, colour in zip(betas, LAYER_COLOURS):
        best = posterior_front.best_scale(g, d, beta)
        values = [posterior_front.curves(g, delta, lam, np.array([beta]))["V"][0] for lam in (*lams, best)]
        axis.plot(lams, np.array(values[:-1]) / values[-1], color=colour, label=rf"$\beta = {beta:g}$")
        axis.plot(best, 1, "o", color=colour)
    axis.set(
        xscale="log",
        xlabel=r"Prior scale $\lambda$",
        ylabel=r"$V^*(\lambda)\,/\,V^*(\mathrm{best}\ \lambda)$",
        ylim=(0.9, 4),
    )
    axis.legend(fontsize=SIZE)
    sns.despine(figure)
    return figure


@SMALL
def quadratic_range(tables: dict[str, pd.DataFrame], losses: dict[str, float]) -> Figure:
    """Measured over predicted increase of the loss against the predicted one, a panel for each network."""
    figure, axes = plt.subplots(len(tables), figsize=(5.2, 3.8 * len(tables)))
    for axis, (name, table) in zip(np.atleast_1d(axes), tables.items()):
        for noise, rows in table.groupby("noise", sort=False):
            colour, marker = NOISE[noise]
            axis.errorbar(
                rows["predicted"], rows["ratio"], 2 * rows["standard error"] / rows["predicted"], color=colour,
                marker=marker, markersize=4.5, linewidth=1, capsize=2, label=noise,
            )  # fmt: skip
            own = rows[rows["unscaled"]]
            axis.plot(own["predicted"], own["ratio"], color=colour, marker=marker, markersize=11, fillstyle="none")
        axis.axhline(1, color="black", linewidth=0.8)
        axis.axvline(losses[name], color="grey", linestyle=":", label="loss at the minimum")
        axis.set(
            xscale="log",
            yscale="log",
            title=name,
            xlabel="Predicted increase of the loss, tr(HΣ)/2 (nats)",
            ylabel="Measured / predicted",
        )
    np.atleast_1d(axes)[-1].legend(fontsize=SIZE, loc="upper left")
    sns.despine(figure)
    return figure


def spectra(table: pd.DataFrame) -> Figure:
    """Eigenvalues of Hessian, GGN and Fisher over their rank; the Hessian's negative ones by their size."""
    figure, axis = plt.subplots(figsize=(7, 4.2))
    values = {name: rows["eigenvalue"].to_numpy() for name, rows in table.groupby("matrix", sort=False)}
    ranks = np.arange(1, len(values["GGN"]) + 1)
    axis.plot(
        ranks, np.where(values["GGN"] > 0, values["GGN"], np.nan), color=GREEN, linewidth=4, alpha=0.4, label="GGN"
    )
    axis.plot(
        ranks, np.where(values["Fisher"] > 0, values["Fisher"], np.nan), color="black", linewidth=1, label="Fisher"
    )
    axis.plot(
        ranks, np.where(values["Hessian"] > 0, values["Hessian"], np.nan), color=ORANGE, linewidth=1.5, label="Hessian"
    )
    negative = -np.sort(values["Hessian"][values["Hessian"] < 0])
    axis.plot(
        ranks[: len(negative)], negative, color=ORANGE, linestyle=":", linewidth=2, label="Hessian, negative: size"
    )
    axis.set(xscale="log", yscale="log", xlabel="Rank", ylabel="Eigenvalue", ylim=(1e-10, None))
    axis.legend(fontsize=SIZE, loc="lower left")
    sns.despine(figure)
    return figure
