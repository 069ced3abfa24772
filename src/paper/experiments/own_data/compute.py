"""Four posteriors with their certificates, and the hold-out bound, for examples of one's own.

One event covers the sample: for every prior N(mu_1, diag of lam_l), lam_l on GRID in each of the L layers, the bound holds for all
posteriors at once with probability 1 - (1 - NOISE) delta. So methods, lam and beta may be chosen by looking, and the smallest of the
certificates may be quoted. The other NOISE delta is for the Monte Carlo outcomes, shared by the rows.
"""

import math
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import torch

from pacbayes_curvature import descent, posteriors
from pacbayes_curvature.bounds import kl_bound
from pacbayes_curvature.certificates import certificate, holdout_bound
from pacbayes_curvature.curvature.second_moments import second_moments, spectrum
from pacbayes_curvature.gibbs.local_reparametrisation import LocalReparametrisation
from pacbayes_curvature.mean_field import Coordinates, MeanField, along_curvature
from pacbayes_curvature.networks import Weights, initialise
from paper.experiments.own_data.examples import Examples
from paper.experiments.own_data.network import Trained, train
from paper.networks.training import accuracy
from paper.randomness import stream

GRID = np.geomspace(1e-5, 10, 24)  # of lam in each layer and of beta: neighbours differ by a factor of 1.8
LAYERS = 2
PRIORS = len(GRID) ** LAYERS
NOISE = 0.2  # share of delta
OPTIMISED = "optimised"
ROWS = (*posteriors.METHODS, OPTIMISED)
LOOKED = 4096  # examples that the search looks at
OUTCOMES = 200_000  # of each certificate, or as many as there are examples
START, RATE, BATCH = 0.05, 5e-3, 128  # of the descent: lam, the means' learning rate, examples of a step


@dataclass(frozen=True)
class Plan:
    """seed; width: hidden neurons; delta: of all certificates together, and of the hold-out bound; share: of the examples, for the
    hold-out's training; epochs: of training, at most; descent_epochs: of the fourth posterior's."""

    seed: int
    width: int
    delta: float
    share: float
    epochs: int
    descent_epochs: int


def require_enough(examples: Examples, plan: Plan) -> None:
    """ValueError unless networks without an error would be certified as better than guessing, by either kind of bound."""
    n, chance = len(examples.y), 1 - 1 / examples.classes
    least = certificate(0.0, _passes(n) * n, 0.0, n, **_budget(plan)) if n >= 8 else 1.0
    if least >= chance:
        raise ValueError(
            f"{n} examples are too few: without an error and with KL = 0 the certificate would be {least:.3f}, and guessing errs on {chance:.3f}"
        )
    first, rest = _split(examples, plan)
    least = holdout_bound(0, len(rest), plan.delta) if len(rest) and len(first) else 1.0
    if least >= chance:
        raise ValueError(
            f"share = {plan.share:g} leaves {len(rest)} of {n} examples for the hold-out bound and {len(first)} for its training: too "
            f"few, without an error the bound would be {least:.3f}, and guessing errs on {chance:.3f}"
        )


def initial(examples: Examples, plan: Plan) -> Weights:
    """mu_1, of one hidden layer: random, so that it depends on no example."""
    sizes = [examples.x.shape[1], plan.width, examples.classes]
    return initialise(sizes, stream("initialisation", plan.seed))


def trained(examples: Examples, plan: Plan) -> Trained:
    """The network trained from `initial` on all examples."""
    order = stream("shuffling", plan.seed)
    return train(initial(examples, plan), examples.x, examples.y, plan.epochs, order, "training")


def search(examples: Examples, plan: Plan, network: Trained) -> pd.DataFrame:
    """The three methods' posteriors around the network at all points of the grid: method, lam, beta, kl, error, expected.

    error: of LOOKED examples at most, an estimate; expected: the certificate if it is right, without the noise's part.
    """
    n, moments = len(examples.y), second_moments(network.weights, examples.x)
    looked = torch.randperm(n, generator=stream("examples looked at", plan.seed))[:LOOKED]
    tables = []
    for method in posteriors.METHODS:
        lam, beta = (axis.ravel() for axis in np.meshgrid(GRID, [math.inf] if method == "baseline" else GRID))
        layers = _layers(method, network.weights, initial(examples, plan), moments)
        level = LocalReparametrisation(network.weights, layers, lam, beta)
        tally = level.tally(examples.x[looked], examples.y[looked], stream("search", plan.seed), label=method)
        kl, wrong = posteriors.kl_divergence(layers, lam, beta), np.clip(1 - tally.accuracy, 0, 1)
        expected = kl_bound(wrong, kl, n, _budget(plan)["delta"] / PRIORS)
        tables.append(pd.DataFrame(dict(method=method, lam=lam, beta=beta, kl=kl, error=wrong, expected=expected)))
    return pd.concat(tables, ignore_index=True)


def best(
    examples: Examples, plan: Plan, network: Trained, found: pd.DataFrame
) -> dict[str, tuple[MeanField, list[float]]]:
    """Each method's posterior with the smallest expected certificate, and its lam in each layer."""
    moments, mu_1, chosen = second_moments(network.weights, examples.x), initial(examples, plan), {}
    for _, row in found.loc[found.groupby("method", sort=False)["expected"].idxmin()].iterrows():
        layers = _layers(row["method"], network.weights, mu_1, moments)
        chosen[row["method"]] = along_curvature(network.weights, layers, row["lam"], row["beta"]), [row["lam"]] * LAYERS
    return chosen


def optimised(examples: Examples, plan: Plan) -> tuple[MeanField, list[float], list[float]]:
    """A posterior by descent on the bound itself: it, its lam in each layer, and the objective after each epoch.

    From the prior on, in the eigenbasis of each layer's second moments at the initialisation: mean, variances and lam. The lam are then
    moved to GRID, the variances with them.
    """
    x, y, mu_1 = examples.x, examples.y, initial(examples, plan)
    bases = [torch.from_numpy(spectrum(moment)[1]).to(w) for moment, w in zip(second_moments(mu_1, x), mu_1)]
    start = MeanField(mu_1, [torch.full_like(w, START) for w in mu_1], Coordinates(bases, [None] * LAYERS))
    objective = descent.quadratic(len(y), _budget(plan)["delta"] / PRIORS)
    rates = descent.Descent(plan.descent_epochs, BATCH, RATE, 10 * RATE, 4 * RATE)
    found = descent.optimise(
        start, mu_1, START, x, y, objective, rates, stream("descent", plan.seed), descent.error, label="descent"
    )
    lam = [float(GRID[abs(np.log(GRID / value)).argmin()]) for value in found.lam]
    moved = [v * (new / old) for v, new, old in zip(found.posterior.variances, lam, found.lam)]
    return replace(found.posterior, variances=moved), lam, found.objective


def certified(examples: Examples, plan: Plan, name: str, q: MeanField, lam: list[float]) -> dict[str, object]:
    """The certificate of Q, by outcomes of fresh noise on all examples, and the arguments that it follows from."""
    n = len(examples.y)
    tally = q.tally(examples.x, examples.y, stream(f"certificate of {name}", plan.seed), _passes(n))
    errors, outcomes, kl = float(tally.wrong[0]), int(tally.outcomes[0]), q.kl(initial(examples, plan), lam)
    return {
        "posterior": name,
        "kl": kl,
        "errors": errors,
        "outcomes": outcomes,
        "n": n,
        "error": errors / outcomes,
        "certificate": certificate(errors, outcomes, kl, n, **_budget(plan)),
    }


def holdout(examples: Examples, plan: Plan) -> dict[str, float]:
    """The network trained in the same way on a share of the examples, chosen at random, and the bound by its errors on the rest.

    trained, n: examples of either part; training_error; errors, error: on the rest; bound.
    """
    first, rest = _split(examples, plan)
    x, y, order = examples.x, examples.y, stream("shuffling", plan.seed)
    network = train(initial(examples, plan), x[first], y[first], plan.epochs, order, "hold-out training")
    errors = round((1 - accuracy(network.weights, x[rest], y[rest])) * len(rest))
    bound = holdout_bound(errors, len(rest), plan.delta)
    wrong = network.history["error"].iloc[-1]
    counts = dict(trained=len(first), n=len(rest), errors=errors)
    return counts | dict(training_error=wrong, error=errors / len(rest), bound=bound)


def _split(examples: Examples, plan: Plan) -> tuple[torch.Tensor, torch.Tensor]:
    n = len(examples.y)
    order = torch.randperm(n, generator=stream("hold-out", plan.seed))
    return order[: round(plan.share * n)], order[round(plan.share * n) :]


def _layers(method: str, weights: Weights, mu_1: Weights, moments: list[np.ndarray]) -> list[posteriors.LayerPosterior]:
    spectra = map(spectrum, moments) if posteriors.entry(method).eigenvectors else [None] * len(moments)
    return [
        posteriors.layer_posterior(method, h, s, len(w), (w - w1).double().square().sum().item())
        for w, w1, h, s in zip(weights, mu_1, moments, spectra)
    ]


def _budget(plan: Plan) -> dict[str, float]:
    return dict(delta=(1 - NOISE) * plan.delta, delta_mc=NOISE * plan.delta, priors=PRIORS, looked_at=len(ROWS))


def _passes(n: int) -> int:
    return -(-OUTCOMES // n)
