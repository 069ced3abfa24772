"""The theory's figures that the reader moves: each function draws the still and returns what the site moves in its place.

One goes into a cell by itself, as its last line, without a semicolon. The still has the numbers that the sliders start with.
"""

from collections.abc import Callable, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
import torch
from IPython.display import HTML
from matplotlib.patches import Ellipse, Polygon
from torch.func import grad, jvp
from torch.nn.functional import cross_entropy

from pacbayes_curvature.curvature.fisher import ggn_diagonal
from pacbayes_curvature.gaussians import optimal_posterior, optimal_prior_and_posterior
from pacbayes_curvature.networks import Weights, flatten, forward, unflatten
from paper.show.movable import movable
from paper.show.style import STYLE

FIRST, SECOND = STYLE["baseline"][1], STYLE["diag"][1]
LEVELS = (0.5, 2.0, 4.5, 8.0, 12.5)  # of the loss: its valley at 1, 2, ... standard deviations of N(mean, H^-1)
REACH = 3.6  # half the width of the plane shown
POWER = 15  # enough for a direction that is nearly the steepest; which one it is does not matter


def ellipse(
    hessian: Sequence[Sequence[float]],
    mean: Sequence[float],
    prior_mean: Sequence[float],
    lam: float = 1.0,
    beta: float = 1.0,
) -> HTML:
    """Lemma 4.1 in two weights, for Sigma_1 = I: posterior N(mean, beta (H + beta/lam I)^-1), prior N(prior_mean, lam I), as
    ellipses of one standard deviation on the levels of (w - mean)' H (w - mean) / 2. ValueError as `optimal_posterior`."""
    h, mean, prior_mean = (np.asarray(value, float) for value in (hessian, mean, prior_mean))
    figure, axis = plt.subplots(figsize=(6, 4.7))
    for level in LEVELS:
        axis.add_patch(_ellipse(mean, 2 * level * np.linalg.inv(h), edgecolor="0.8", facecolor="none"))
    axis.add_patch(
        _ellipse(prior_mean, lam * np.eye(2), edgecolor=FIRST, facecolor="none", linestyle="--", label="prior")
    )
    posterior = optimal_posterior(h, lam, beta)
    axis.add_patch(_ellipse(mean, posterior, edgecolor=SECOND, facecolor="none", linewidth=2, label="posterior"))
    for point, name in ((mean, r"$\mu_0$, trained"), (prior_mean, r"$\mu_1$, initial")):
        axis.plot(*point, "o", color="black", markersize=4)
        axis.annotate(name, point, (6, 5), textcoords="offset points")
    middle = (mean + prior_mean) / 2
    axis.set(xlabel="first weight", ylabel="second weight", aspect="equal", xlim=middle[0] + np.array([-REACH, REACH]),
             ylim=middle[1] + 0.78 * np.array([-REACH, REACH]))  # fmt: skip
    axis.legend(loc="lower right", fontsize="small")
    sns.despine(figure)
    return movable(
        "ellipse",
        hessian=h.tolist(),
        mean=mean.tolist(),
        prior_mean=prior_mean.tolist(),
        lam=lam,
        beta=beta,
        reach=REACH,
    )


def _ellipse(mean: np.ndarray, covariance: np.ndarray, **style: object) -> Ellipse:
    """One standard deviation of N(mean, covariance)."""
    values, vectors = np.linalg.eigh(covariance)
    angle = np.degrees(np.arctan2(vectors[1, 0], vectors[0, 0]))
    return Ellipse(tuple(mean), *(2 * np.sqrt(values)), angle=angle, **style)


def pythagoras(h: float, displacement: float, beta: float = 1.0) -> HTML:
    """Lemma 4.2 for one weight: prior variance = posterior variance + displacement^2, as a right triangle of the standard
    deviations and the displacement. ValueError as `optimal_prior_and_posterior`."""
    pair = optimal_prior_and_posterior(float(h), float(displacement), beta)
    posterior, prior = np.sqrt(pair.posterior_variance), np.sqrt(pair.prior_variance)
    figure, axis = plt.subplots(figsize=(6, 3.6))
    corners = np.array([[0, 0], [displacement, 0], [displacement, posterior]])
    axis.add_patch(Polygon(corners, facecolor="0.93"))
    for (a, b), colour, style in (((0, 1), "black", "-"), ((1, 2), SECOND, "-"), ((0, 2), FIRST, "--")):
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
    sns.despine(figure)
    return movable("pythagoras", h=h, displacement=displacement, beta=beta)


def along(lines: dict[str, pd.DataFrame], loss: float, start: float = 2.0) -> HTML:
    """The loss along each of `lines` (`losses_along`) against its quadratic, the still up to the distance `start`."""
    rows = -(-len(lines) // 2)
    figure, axes = plt.subplots(rows, 2, figsize=(8.4, 3.2 * rows), squeeze=False)
    for axis, (name, table) in zip(axes.flat, lines.items()):
        near = table[table["distance"].abs() <= start]
        quadratic = (
            loss + table.attrs["slope"] * near["distance"] + table.attrs["curvature"] * near["distance"] ** 2 / 2
        )
        axis.plot(near["distance"], quadratic, color=FIRST, linestyle="--", label="quadratic")
        axis.plot(near["distance"], near["loss"], color=SECOND, label="measured")
        axis.set(title=name)
    for axis in axes[:, 0]:
        axis.set(ylabel="mean cross-entropy")
    for axis in axes[-1]:
        axis.set(xlabel="distance from the trained weights")
    axes.flat[0].legend(fontsize="small")
    sns.despine(figure)
    distances = np.concatenate([table["distance"].abs() for table in lines.values()])
    directions = [{"name": name, **table.attrs, **_rounded(table)} for name, table in lines.items()]
    return movable(
        "along",
        directions=directions,
        loss=loss,
        start=start,
        to=float(distances.max()),
        **{"from": float(distances[distances > 0].min() * 8)},
    )


def _rounded(table: pd.DataFrame) -> dict[str, list[float]]:
    """More digits than a picture shows, fewer than a page should carry."""
    return {name: [float(f"{value:.11g}") for value in column] for name, column in table.items()}


def directions(
    initial: Weights,
    minimum: Weights,
    x: torch.Tensor,
    y: torch.Tensor,
    lam: float,
    beta: float,
    generator: torch.Generator,
) -> dict[str, torch.Tensor]:
    """Directions (k,) in the space of the weights, by name: to the initial ones; the steepest, by POWER steps with the Hessian;
    equal noise on all weights; the noise of Lemma 4.1 with the diagonal of the generalised Gauss-Newton matrix."""
    theta = flatten(minimum).detach().double()
    noise = torch.randn(theta.shape, generator=generator, dtype=torch.float64)
    steepest, loss = noise, _loss(minimum, x, y)
    for _ in range(POWER):
        steepest = jvp(grad(loss), (theta,), (steepest / steepest.norm(),))[1]
    shape = torch.as_tensor(optimal_posterior(np.asarray(ggn_diagonal(minimum, x), float), lam, beta)).sqrt()
    return {
        "to the initial weights": flatten(initial).detach().double() - theta,
        "the steepest": steepest,
        "equal noise": noise,
        "noise of Lemma 4.1": shape * noise,
    }


def losses_along(
    weights: Weights,
    direction: torch.Tensor,
    x: torch.Tensor,
    y: torch.Tensor,
    least: float = 1e-3,
    most: float = 30.0,
    count: int = 90,
) -> pd.DataFrame:
    """The mean cross-entropy at theta + t d for d = direction / |direction|, 2 count + 1 distances t that are dense near 0.

    Columns: distance t, loss, error (wrong answers on x). attrs: slope d' grad and curvature d' (hess) d at theta, in float64, so
    that loss(0) + slope t + curvature t^2 / 2 is the quadratic. ValueError: a direction of length 0.
    """
    theta, loss = flatten(weights).detach().double(), _loss(weights, x, y)
    d, x = direction.double(), x.double()
    if not d.norm() > 0:
        raise ValueError(f"a direction needs a length, got {float(d.norm())}")
    d = d / d.norm()

    slope, curvature = (float(value) for value in jvp(lambda at: grad(loss)(at) @ d, (theta,), (d,)))
    half = np.geomspace(least, most, count)
    distance = np.concatenate([-half[::-1], [0.0], half])
    rows = []
    for t in distance:
        logits = forward(unflatten(theta + t * d, weights), x)
        rows.append((float(t), float(cross_entropy(logits, y)), float((logits.argmax(1) != y).double().mean())))
    table = pd.DataFrame(rows, columns=["distance", "loss", "error"])
    table.attrs |= {"slope": slope, "curvature": curvature}
    return table


def _loss(weights: Weights, x: torch.Tensor, y: torch.Tensor) -> Callable[[torch.Tensor], torch.Tensor]:
    """theta (k,) in float64 -> the mean cross-entropy on x, y."""
    x = x.double()
    return lambda theta: cross_entropy(forward(unflatten(theta, weights), x), y)
