"""Rivals around the trained network, without optimisation: their shape comes from its curvature, or from the noise of SGD there."""

import torch
from torch.nn.functional import cross_entropy

from pacbayes_curvature.curvature import kronecker
from pacbayes_curvature.mean_field import Coordinates
from pacbayes_curvature.networks import Weights, forward
from paper.experiments.rivals.rival import Rival, Setting, rival
from paper.networks.training import recipe_for
from paper.randomness import stream

COLLECTED = 3  # epochs of SGD at a constant rate after training, of which SWAG takes the spread
EVERY = 10  # steps


@rival
def laplace_kronecker(setting: Setting) -> Rival:
    """Laplace's approximation with Kronecker factors (Ritter, Botev and Barber 2018), its temperature and prior chosen."""
    coordinates, curvature = kronecker.kronecker(setting.trained, setting.x)
    return setting.along(setting.trained, _of_mean_one(curvature), coordinates, "lam and beta on a grid")


@rival
def ekfac(setting: Setting) -> Rival:
    """The same with the Fisher matrix's own diagonal in the factors' eigenbasis (George et al. 2018; Wang et al. 2019)."""
    coordinates, _ = kronecker.kronecker(setting.trained, setting.x)
    curvature = kronecker.diagonal(setting.trained, coordinates, setting.x)
    return setting.along(setting.trained, _of_mean_one(curvature), coordinates, "lam and beta on a grid")


@rival
def swag_diagonal(setting: Setting) -> Rival:
    """The mean and the spread of each weight while SGD goes on at a constant rate (Maddox et al. 2019), as a precision added to the prior's.

    The spread's scale is chosen. Weights that no example moves have no spread, and keep the prior's variance.
    """
    mean, spread = spread_of_sgd(setting)
    precision = [torch.where(v > 0, 1 / v, torch.zeros_like(v)) for v in spread]
    return setting.along(mean, _of_mean_one(precision), Coordinates.weights(len(mean)), "lam and scale on a grid")


def spread_of_sgd(setting: Setting) -> tuple[Weights, Weights]:
    """Mean and variance of every weight over the iterates of SGD at the recipe's last rate, one of EVERY, from the trained network on."""
    recipe = recipe_for(setting.minimum.dataset)
    weights = [w.clone().requires_grad_() for w in setting.trained]
    sgd = torch.optim.SGD(weights, lr=recipe.learning_rate, momentum=recipe.momentum)
    order = stream("SWAG", setting.seed)
    total, squares, count = [torch.zeros_like(w, dtype=torch.float64) for w in weights], [], 0
    squares = [torch.zeros_like(t) for t in total]
    for step, batch in enumerate(
        batch for _ in range(COLLECTED) for batch in torch.randperm(setting.n, generator=order).split(recipe.batch_size)
    ):
        sgd.zero_grad()
        cross_entropy(forward(weights, setting.x[batch]), setting.y[batch]).backward()
        sgd.step()
        if step % EVERY == 0:
            count += 1
            for w, w0, t, s in zip(weights, setting.trained, total, squares):
                difference = (w.detach() - w0).double()  # from the trained weights, lest digits cancel
                t += difference
                s += difference.square()
    mean = [(w0 + t / count).to(w0) for w0, t in zip(setting.trained, total)]
    return mean, [
        (s / count - (t / count).square()).clamp_min(0).to(w0) for w0, t, s in zip(setting.trained, total, squares)
    ]


def _of_mean_one(layers: Weights) -> Weights:
    """All layers divided by the mean of all entries: a factor that the search for beta would find."""
    mean = sum(layer.double().sum() for layer in layers) / sum(layer.numel() for layer in layers)
    return [(layer / mean).to(layer) for layer in layers]
