"""The loss of a network along lines through its trained weights, against the quadratic with the same value, slope and curvature."""

from collections.abc import Callable

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
import torch
from IPython.display import HTML
from torch.func import grad
from torch.nn.functional import cross_entropy

from pacbayes_curvature.curvature.fisher import ggn_diagonal
from pacbayes_curvature.gaussians import optimal_posterior
from pacbayes_curvature.networks import Weights, flatten, forward, unflatten
from paper.show.movable import movable
from paper.show.style import SMALL, STYLE

MODEL, MEASURED = STYLE["baseline"][1], STYLE["diag"][1]
POWER = 15  # enough for a direction that is nearly the steepest; which one it is does not matter


@SMALL
def figure(lines: dict[str, pd.DataFrame], start: float = 2.0) -> HTML:
    """The loss along each of `lines` (`losses`) against its quadratic, up to the distance `start`, with what the site moves in its
    place, for the next cell to show."""
    first = next(iter(lines.values()))
    loss = float(first.loc[first["distance"] == 0, "loss"].iloc[0])
    rows = -(-len(lines) // 2)
    drawing, axes = plt.subplots(rows, 2, figsize=(5.4, 2.4 * rows), squeeze=False)
    for axis, (name, table) in zip(axes.flat, lines.items()):
        near = table[table["distance"].abs() <= start]
        quadratic = (
            loss + table.attrs["slope"] * near["distance"] + table.attrs["curvature"] * near["distance"] ** 2 / 2
        )
        axis.plot(near["distance"], quadratic, color=MODEL, linestyle="--", label="quadratic")
        axis.plot(near["distance"], near["loss"], color=MEASURED, label="measured")
        axis.set(title=name)
    for axis in axes[:, 0]:
        axis.set(ylabel="mean cross-entropy")
    for axis in axes[-1]:
        axis.set(xlabel="distance from the trained weights")
    axes.flat[0].legend(fontsize="small")
    sns.despine(drawing)
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
        steepest = _hessian_times(loss, theta, steepest / steepest.norm())
    shape = torch.as_tensor(optimal_posterior(np.asarray(ggn_diagonal(minimum, x), float), lam, beta)).sqrt()
    return {
        "to the initial weights": flatten(initial).detach().double() - theta,
        "the steepest": steepest,
        "equal noise": noise,
        "noise of Lemma 4.1": shape * noise,
    }


def losses(
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

    slope, curvature = float(grad(loss)(theta) @ d), float(_hessian_times(loss, theta, d) @ d)
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


def _hessian_times(loss: Callable, theta: torch.Tensor, d: torch.Tensor) -> torch.Tensor:
    """The Hessian of the loss at theta, times d (k,)."""
    return grad(lambda at: grad(loss)(at) @ d)(theta)
