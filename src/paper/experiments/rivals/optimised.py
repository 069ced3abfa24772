"""Rivals by optimisation of a bound or an evidence, with the prior's mean at the initialisation: no example is spent on the prior."""

import itertools
from collections.abc import Callable

import numpy as np
import torch

from pacbayes_curvature.curvature.kronecker import kronecker
from pacbayes_curvature.curvature.second_moments import second_moments, spectrum
from pacbayes_curvature.descent import (
    Descent,
    Loss,
    Objective,
    bits,
    error,
    optimise,
    quadratic,
    theorem_31,
    variational,
)
from pacbayes_curvature.mean_field import Coordinates, MeanField
from pacbayes_curvature.networks import Weights
from paper.experiments.rivals.rival import HELD, Rival, Setting, rival
from paper.randomness import stream

EPOCHS = 6
FEW, FEW_EPOCHS = (25, 50), 16  # free neurons in each hidden layer
LAM = 1e-3  # where lam starts in every layer; it is optimised with the rest


@rival
def dziugaite_roy(setting: Setting) -> Rival:
    """Theorem 3.1 with the cross-entropy in bits, from the trained network (Dziugaite and Roy 2017)."""
    return _in(setting, Coordinates.weights(3), theorem_31, bits, [(2e-3, 2e-2)], start=setting.trained)


@rival
def quadratic_bits(setting: Setting) -> Rival:
    """The quadratic bound with the cross-entropy in bits, from the initialisation (Perez-Ortiz et al. 2021)."""
    return _in(setting, Coordinates.weights(3), quadratic, bits, [(3e-3, 3e-2)])


@rival
def evidence(setting: Setting) -> Rival:
    """Mean-field variational inference with the KL weighted by beta, from the initialisation (Graves 2011; Blundell et al. 2015)."""
    return _in(setting, Coordinates.weights(3), variational, bits, [(3e-3, 3e-2)])


@rival
def error_weights(setting: Setting) -> Rival:
    """The quadratic bound with the error itself, in the coordinates of the weights."""
    return _in(setting, Coordinates.weights(3), quadratic, error, [(1e-2, 1e-1)])


@rival
def error_cosine(setting: Setting) -> Rival:
    """The same in a basis that has seen no data: cosines over the inputs of each layer."""
    bases = [_cosines(w.shape[1]).to(w) for w in setting.initial]
    return _in(setting, Coordinates(bases, [None] * 3), quadratic, error, [(1e-2, 1e-1)])


@rival
def error_curvature(setting: Setting) -> Rival:
    """The same in the eigenbasis of H_l, the paper's layerwise curvature, at the initialisation."""
    return _in(setting, curvature_coordinates(setting), quadratic, error, [(1e-2, 1e-1)])


@rival
def error_kronecker(setting: Setting) -> Rival:
    """The same in the eigenbases of both Kronecker factors at the initialisation."""
    coordinates, _ = kronecker(setting.initial, setting.x)
    return _in(setting, coordinates, quadratic, error, [(1e-2, 1e-1)])


@rival
def few_neurons(setting: Setting) -> Rival:
    """The same with larger steps and a prior that holds all but a few neurons of each hidden layer at the initialisation; how many is paid for."""
    return _in(setting, curvature_coordinates(setting), quadratic, error, [(2e-2, 3e-1)], epochs=FEW_EPOCHS, widths=FEW)


def curvature_coordinates(setting: Setting) -> Coordinates:
    """The eigenvectors of H_l of each layer, of the network at the initialisation."""
    moments = second_moments(setting.initial, setting.x)
    bases = [torch.from_numpy(spectrum(h)[1].copy()).to(w) for h, w in zip(moments, setting.initial)]
    return Coordinates(bases, [None] * len(bases))


def _in(
    setting: Setting,
    coordinates: Coordinates,
    objective: Callable[[int], Objective],
    loss: Loss,
    rates: list[tuple[float, float]],
    start: Weights | None = None,
    lam: float = LAM,
    epochs: int | None = None,
    widths: tuple[int, ...] = (0,),
) -> Rival:
    """The best of one descent for each pair of learning rates, of the means and of the log-variances, and each number of free neurons in the
    hidden layers, 0 for all of them."""
    origin, epochs, candidates = start or setting.initial, epochs or EPOCHS, []
    for (mean_rate, variance_rate), width in itertools.product(rates, widths):
        free = [min(width or len(w), len(w)) for w in origin]
        v = [
            torch.where(torch.arange(len(w))[:, None] < f, lam, HELD).expand_as(w).contiguous()
            for w, f in zip(origin, free)
        ]
        found = optimise(
            MeanField(origin, v, coordinates), setting.initial, lam, setting.x, setting.y, objective(setting.n),
            Descent(epochs, 512, mean_rate, variance_rate, scale_rate=1e-2), stream("rivals", setting.seed), loss, free, "a rival",
        )  # fmt: skip
        candidates.append((found.posterior, found.lam, free))
    words = "; ".join(f"Adam {mean:g}, {variance:g}" for mean, variance in rates)
    words += "" if widths == (0,) else f"; free neurons {', '.join(map(str, widths))}"
    return setting.best(candidates, origin, f"{epochs} epochs, {words}", len(widths))


def _cosines(k: int) -> torch.Tensor:
    """The orthogonal matrix (k, k) of the discrete cosine transform, type 2, in columns."""
    i = np.arange(k)
    basis = np.cos(np.pi * (i[:, None] + 0.5) * i / k) * (2 / k) ** 0.5
    basis[:, 0] /= 2**0.5
    return torch.from_numpy(basis)
