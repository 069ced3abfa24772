"""The floors of chapter 04 on the digits network.

Legend: k weights, E expected quadratic loss, D = |Delta|^2, S = (1/4) (sum |Delta_i| sqrt(h_i))^2.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from IPython.display import Markdown

from pacbayes_curvature import floors
from pacbayes_curvature.bounds import complexity
from pacbayes_curvature.curvature.second_moments import second_moments, spectrum
from pacbayes_curvature.floors import attained_pair
from pacbayes_curvature.gaussians import kl_divergence
from paper.networks import data, training
from paper.networks.store import TrainedNetwork
from paper.networks.training import accuracy

FAMILIES = {  # name: its floor at expected loss E
    "baseline": lambda p, loss: floors.baseline(p.curvature.sum(), p.distance, loss),
    "isotropic prior, diagonal posterior": lambda p, loss: floors.isotropic_prior(p.curvature, p.distance, loss),
    "isotropic prior, full posterior": lambda p, loss: floors.isotropic_prior(p.eigenvalues, p.distance, loss),
    "diagonal prior and posterior (Lemma 4.2)": lambda p, loss: floors.block_prior(p.costs, loss),
    "block prior and posterior": lambda p, loss: floors.block_prior(p.block_costs, loss),
    "any Gaussian prior and posterior": lambda p, loss: floors.full_prior(p.cost, loss),
}


@dataclass(frozen=True)
class Problem:
    """What the floors need: curvature h_i = H_ii and displacement (k,), eigenvalues of H (k,), c_b of each block, and
    cost = Delta' H Delta / 2."""

    curvature: np.ndarray
    displacement: np.ndarray
    eigenvalues: np.ndarray
    block_costs: np.ndarray
    cost: float

    @property
    def distance(self) -> float:
        """|Delta|^2."""
        return float(self.displacement @ self.displacement)

    @property
    def costs(self) -> np.ndarray:
        """c_i = h_i Delta_i^2 / 2: (k,)."""
        return self.curvature * self.displacement**2 / 2


def trained_digits(seed: int) -> tuple[data.Dataset, TrainedNetwork]:
    """scikit-learn's digits and the network trained on them: seconds, no download."""
    examples = data.load("digits")
    return examples, training.train(examples, seed, training.recipe_for("digits"))


def network_problem(examples: data.Dataset, net: TrainedNetwork) -> Problem:
    """H with the block H_l of Lemma 5.1 for each neuron of layer l; Delta from the initialisation."""
    moments = second_moments(net.minimum, torch.from_numpy(examples.x_train))
    shifts = [(w.double() - w0.double()).numpy() for w, w0 in zip(net.minimum, net.initial)]
    layers = list(zip(moments, shifts))
    costs = np.concatenate([floors.block_costs(H, shift) for H, shift in layers])
    return Problem(
        np.concatenate([np.tile(np.diag(H), len(shift)) for H, shift in layers]),
        np.concatenate([shift.ravel() for shift in shifts]),
        np.concatenate([np.tile(spectrum(H)[0], len(shift)) for H, shift in layers]),
        costs,
        float(costs.sum()),
    )


def curves(problem: Problem, points: int = 60, most: float = 1e6, least: float = 1.0) -> pd.DataFrame:
    """The floor of each family, a column each, over E where the baseline's KL falls from `most` to `least` nats."""
    product = problem.distance * problem.curvature.sum() / 4
    losses = product / np.geomspace(most, least, points)
    return pd.DataFrame({"E": losses} | {name: floor(problem, losses) for name, floor in FAMILIES.items()})


def product_law(problem: Problem) -> pd.DataFrame:
    """E KL along Lemma 4.2's curve over beta, beside its ceiling S and the baseline's constant D tr(H)/4."""
    S = (np.sqrt(problem.curvature) @ abs(problem.displacement)) ** 2 / 4
    product = problem.distance * problem.curvature.sum() / 4
    betas = 10.0 ** np.arange(-4, 5, 2)
    loss, kl = floors.diagonal_prior(problem.curvature, problem.displacement, betas)
    return pd.DataFrame(
        {
            "beta": betas,
            "E": loss,
            "KL (nats)": kl,
            "E KL": loss * kl,
            "S": S,
            "D tr(H)/4, the baseline's E KL": product,
        }
    )


def search(problem: Problem, beta: float, steps: int) -> pd.DataFrame:
    """V over the steps of Newton's method in all log-variances: a search that knows nothing of Lemma 4.2.

    It starts from both variances D/k, and no step changes a logarithm by more than 1. Weights with h = 0 or Delta = 0
    are left out: their infimum, 0, is not attained. Columns: step, V, and above, V over the right side of (9) less 1.
    """
    used = (problem.curvature > 0) & (problem.displacement != 0)
    h, shift = problem.curvature[used], problem.displacement[used]
    loss, kl = floors.diagonal_prior(h, shift, beta)
    u = v = np.full(len(h), np.log(shift @ shift / len(h)))
    rows = []
    for step in range(steps + 1):
        value = h @ np.exp(u) / 2 + beta * kl_divergence(shift, np.exp(u), 0.0, np.exp(v))
        rows.append({"step": step, "V": value, "above": value / (loss + beta * kl) - 1})
        a, b, c = h / beta * np.exp(u), np.exp(u - v), shift**2 * np.exp(-v)  # in units of beta/2
        gradient_u, gradient_v, determinant = a + b - 1, 1 - b - c, a * b + a * c + b * c
        u = u - np.clip(((b + c) * gradient_u + b * gradient_v) / determinant, -1, 1)
        v = v - np.clip((b * gradient_u + (a + b) * gradient_v) / determinant, -1, 1)
    return pd.DataFrame(rows)


def stochastic_accuracy(
    examples: data.Dataset, net: TrainedNetwork, betas: np.ndarray, draws: int, generator: torch.Generator, delta: float
) -> pd.DataFrame:
    """Training accuracy of Lemma 4.2's posterior at each beta, the mean over `draws` networks, beside E and KL.

    Weights without curvature as in `optimal_pairs.attained_pair`: finite noise, one nat for all of them. Columns: beta,
    E, KL (nats), complexity (Theorem 3.1's square root), accuracy, standard error.
    """
    problem, (x, y) = network_problem(examples, net), map(torch.from_numpy, (examples.x_train, examples.y_train))
    rows = []
    for beta in betas:
        pair = attained_pair(problem.curvature, problem.displacement, float(beta))
        deviation = torch.from_numpy(np.sqrt(pair.variance)).float()
        deviations = [
            part.view_as(w) for part, w in zip(deviation.split([w.numel() for w in net.minimum]), net.minimum)
        ]
        scores = [
            accuracy([w + s * torch.randn(w.shape, generator=generator) for w, s in zip(net.minimum, deviations)], x, y)
            for _ in range(draws)
        ]
        rows.append(
            {
                "beta": float(beta),
                "E": pair.expected_loss,
                "KL (nats)": pair.kl,
                "complexity": complexity(pair.kl, len(x), delta),
                "accuracy": float(np.mean(scores)),
                "standard error": float(np.std(scores, ddof=1) / np.sqrt(draws)),
            }
        )
    return pd.DataFrame(rows)


def verdict(problem: Problem, frame: pd.DataFrame) -> Markdown:
    """The product law's factor, and where an isotropic prior with a full posterior crosses Lemma 4.2's curve."""
    table = product_law(problem)
    factor = table.iloc[0, 5] / table.iloc[0, 4]
    baseline, _, full, diagonal, *_ = (frame[name] for name in FAMILIES)
    ratio, crossed = baseline / diagonal, frame["E"][full < diagonal]
    words = (
        f"The baseline's constant is {factor:.2f} times $S$; 1 would be tight. Over the range of the figure its "
        f"divergence is "
        f"{ratio.min():.2f} to {ratio.max():.2f} times the floor's at the same $E$. "
    )
    if len(crossed):
        words += (
            "The isotropic prior with a full posterior, which Lemma 4.2 does not cover, is below the floor for $E$ up "
            f"to {crossed.max():.3g}, at divergences from {full[crossed.index].min():.0f} nats on: a crossing like "
            "the one that the paper reports over the accuracy."
        )
    else:
        words += "The isotropic prior with a full posterior stays above the floor."
    return Markdown(words)
