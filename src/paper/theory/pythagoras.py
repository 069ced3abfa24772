"""Lemma 4.2 for one weight as a right triangle: prior variance = posterior variance + displacement^2."""

import matplotlib.pyplot as plt
import numpy as np
import seaborn as sns
from IPython.display import HTML
from matplotlib.patches import Polygon

from pacbayes_curvature.gaussians import optimal_prior_and_posterior
from paper.show.movable import movable
from paper.show.style import STYLE

PRIOR, POSTERIOR = STYLE["baseline"][1], STYLE["diag"][1]


def figure(h: float, displacement: float, beta: float = 1.0) -> HTML:
    """The triangle of the displacement and the two standard deviations for these values, with what the site moves in its place, for
    the next cell to show. ValueError as `optimal_prior_and_posterior`."""
    pair = optimal_prior_and_posterior(float(h), float(displacement), beta)
    posterior, prior = np.sqrt(pair.posterior_variance), np.sqrt(pair.prior_variance)
    drawing, axis = plt.subplots(figsize=(6, 3.6))
    corners = np.array([[0, 0], [displacement, 0], [displacement, posterior]])
    axis.add_patch(Polygon(corners, facecolor="0.93"))
    for (a, b), colour, style in (((0, 1), "black", "-"), ((1, 2), POSTERIOR, "-"), ((0, 2), PRIOR, "--")):
        axis.plot(*corners[[a, b]].T, color=colour, linestyle=style, linewidth=2)
    axis.annotate(r"$\Delta$", (displacement / 2, 0), (0, -14), textcoords="offset points", ha="center")
    axis.annotate(
        rf"posterior $\sigma_0 = {posterior:.3g}$", (displacement, posterior / 2), (6, 0), textcoords="offset points"
    )
    axis.annotate(
        rf"prior $\sigma_1 = {prior:.3g}$",
        (displacement / 2, posterior / 2),
        (-6, 6),
        textcoords="offset points",
        ha="right",
    )
    axis.set(
        xlabel="weight",
        ylabel="standard deviation",
        aspect="equal",
        xlim=(-1, displacement + 2),
        ylim=(-0.5, posterior + 0.6),
    )
    sns.despine(drawing)
    return movable("pythagoras", h=h, displacement=displacement, beta=beta)
