"""Figure 1, measured: the minimum that training found, the one that optimising the PAC-Bayes objective moves it to, and
the loss on the plane through both and the initialisation."""

from dataclasses import asdict

import numpy as np
import pandas as pd
import torch

from pacbayes_curvature import descent as objectives
from pacbayes_curvature.bounds import complexity
from pacbayes_curvature.descent import Descent, Optimised, optimise
from pacbayes_curvature.gibbs.local_reparametrisation import by_local_reparametrisation
from pacbayes_curvature.mean_field import MeanField
from pacbayes_curvature.networks import Weights, flatten, forward
from pacbayes_curvature.posteriors import LayerPosterior
from paper.experiments.grid import grid
from paper.experiments.two_minima.plane import Plane, losses, through
from paper.networks import data
from paper.networks.minimum import network
from paper.networks.store import TrainedNetwork
from paper.networks.training import EVALUATION_CHUNK, recipe_for
from paper.randomness import stream
from paper.results import records
from paper.results.records import key

GRID_SIZE = 20  # values of lam that the best baseline is looked for among: those of the frozen sweeps
LOOKED_AT = 10_000  # training examples, drawn at random, that it is looked for with
SIDE = 31  # points along each side of the plane's grid
MARGIN = 0.25  # how far the grid reaches beyond the three networks, in parts of their extent along the first direction
SHOWN = 2048  # training examples, drawn at random, that the losses on the plane are means over
STEPS = 41  # points on the straight line from one minimum to the other
NETWORKS = ("initialisation", "original", "optimised")
POSTERIORS = NETWORKS[1:]


def two_minima(
    dataset: str, seed: int = 0, epochs: int = 20, delta: float = 0.05, fresh: bool = False
) -> records.Result:
    """Facts about the two minima, the way from one to the other, and the loss on the plane.

    The original posterior is a baseline N(mu_0, lam I), see `best_baseline`; `descent.optimise` starts there, with
    the same prior. Columns: dataset, seed, part, and by part

    fact    quantity, value. For the networks of NETWORKS, each the mean of its posterior: along, across (coordinates on
            the plane), mean_loss (nats), mean_accuracy, mean_test_accuracy, e.g. along_optimised; distance_<a>_<b>
            between two of them. For POSTERIORS: accuracy, accuracy_stderr, test_accuracy, test_accuracy_stderr (of the
            stochastic network, by local reparametrisation), bits (the surrogate on the training set), kl, mean_term
            (|mu - mu_1|^2 / (2 lam), the part of the KL that the mean costs), complexity, bound (Theorem 3.1),
            objective (bits in place of the error), variance_along, variance_across, covariance (of the marginal along
            the plane), noise (root of the sum of all variances: the length of a draw). lam, weights, train_examples,
            test_examples; train_disagreement, test_disagreement (share of the examples that the networks at the two
            minima answer differently). barrier_loss, barrier_error: the largest of STEPS values on the straight line
            between the two minima less the larger one of its ends, on the examples of the plane; 0 for no barrier.
    path    epoch, value (the mean objective during it), along, across, distance (of the mean from the original one).
    plane   along, across, loss (nats), error of the network there, noisy_loss, noisy_error of the stochastic network
            whose mean is there, with the variances of the optimised posterior; on SHOWN training examples, six digits.

    lam was chosen after a look at the data; the bounds do not pay for it.
    """
    descent = Descent(epochs, recipe_for(dataset).batch_size)

    def compute() -> pd.DataFrame:
        examples = data.load(dataset)
        x, y = torch.from_numpy(examples.x_train), torch.from_numpy(examples.y_train)
        net = network(examples, seed)
        lam = best_baseline(net, x, y, seed, delta)
        original = MeanField(net.minimum, [torch.full_like(w, lam) for w in net.minimum])
        found = optimise(
            original, net.initial, lam, x, y, objectives.theorem_31(len(x), delta), descent, stream("objective", seed),
            label=f"objective on {dataset}",
        )  # fmt: skip
        optimised = found.posterior
        plane = through(net.initial, net.minimum, optimised.mean)
        some = torch.randperm(len(x), generator=stream("plane examples", seed))[:SHOWN]
        facts = _facts(net, lam, [original, optimised], plane, examples, delta, seed)
        facts |= _barrier(net, optimised, plane, x[some], y[some])
        parts = {
            "fact": pd.DataFrame({"quantity": facts.keys(), "value": facts.values()}),
            "path": _path(net, found, plane),
            "plane": _plane(
                plane, [net.initial, net.minimum, optimised.mean], optimised.variances, x[some], y[some], seed
            ),
        }
        return pd.concat([table.assign(part=part) for part, table in parts.items()], ignore_index=True)[
            ["part", "quantity", "value", "epoch", "along", "across", "distance"]
            + ["loss", "error", "noisy_loss", "noisy_error"]
        ]

    identity = key("two_minima", dataset, seed, delta=delta, descent=asdict(descent))
    return records.obtain(identity, compute, fresh=fresh)


def facts(result: records.Result) -> dict[str, float]:
    """The facts by name."""
    rows = _part(result, "fact")
    return dict(zip(rows["quantity"], rows["value"]))


def path(result: records.Result) -> pd.DataFrame:
    """epoch, value, along, across, distance."""
    return _part(result, "path")


def plane(result: records.Result) -> pd.DataFrame:
    """along, across, loss, error, noisy_loss, noisy_error."""
    return _part(result, "plane")


def best_baseline(net: TrainedNetwork, x: torch.Tensor, y: torch.Tensor, seed: int, delta: float) -> float:
    """The lam of the baseline's grid with the smallest bound among those whose accuracy is halfway to perfect, or more.

    Halfway from guessing: with a vacuous bound the smallest sum is that of pure noise, at the end of the grid, and no
    posterior around the minimum. The accuracy is estimated on LOOKED_AT training examples.
    """
    points = grid("baseline", GRID_SIZE)
    lam, beta = points["lam"].to_numpy(), points["beta"].to_numpy()
    layers = [
        LayerPosterior(np.zeros(w.shape[1]), None, len(w), d) for w, d in zip(net.minimum, net.squared_distances())
    ]
    some = torch.randperm(len(x), generator=stream("baseline examples", seed))[:LOOKED_AT]
    accuracy, _ = by_local_reparametrisation(
        net.minimum, layers, lam, beta, x[some], y[some], stream("baseline", seed), label="baseline"
    )
    bound = 1 - accuracy + complexity(sum(net.squared_distances()) / (2 * lam), len(x), delta)
    halfway = (1 + 1 / len(net.minimum[-1])) / 2
    return float(lam[np.where(accuracy >= halfway, bound, np.inf).argmin()])


def _facts(
    net: TrainedNetwork,
    lam: float,
    around: list[MeanField],
    plane: Plane,
    examples: data.Dataset,
    delta: float,
    seed: int,
) -> dict[str, float]:
    found = dict(zip(POSTERIORS, around))
    means = {"initialisation": net.initial} | {name: q.mean for name, q in found.items()}
    parts = {
        "": (torch.from_numpy(examples.x_train), torch.from_numpy(examples.y_train)),
        "test_": (torch.from_numpy(examples.x_test), torch.from_numpy(examples.y_test)),
    }
    n = len(examples.y_train)
    facts = {
        "lam": lam,
        "weights": len(plane.origin),
        "train_examples": n,
        "test_examples": len(examples.y_test),
    }
    answers = {}
    for name, mean in means.items():
        facts[f"along_{name}"], facts[f"across_{name}"] = _rounded(plane.coordinates(mean))
        for part, (x, y) in parts.items():
            logits = _logits(mean, x)
            answers[part, name] = logits.argmax(1)
            facts[f"mean_{part}accuracy_{name}"] = (answers[part, name] == y).double().mean().item()
            if not part:
                facts[f"mean_loss_{name}"] = torch.nn.functional.cross_entropy(logits, y).item()
    for a, b in (("initialisation", "original"), ("original", "optimised"), ("initialisation", "optimised")):
        facts[f"distance_{a}_{b}"] = _distance(means[a], means[b])
    for part, name in (("", "train"), ("test_", "test")):
        differ = answers[part, "original"] != answers[part, "optimised"]
        facts[f"{name}_disagreement"] = differ.double().mean().item()
    for name, q in found.items():
        for part, (x, y) in parts.items():
            tally = q.tally(x, y, stream(f"gibbs, {part}{name}", seed))
            facts[f"{part}accuracy_{name}"] = tally.accuracy[0]
            facts[f"{part}accuracy_stderr_{name}"] = tally.stderr[0]
        mean_term = facts[f"distance_initialisation_{name}"] ** 2 / (2 * lam)
        kl = q.kl(net.initial, lam)
        (along, covariance), (_, across) = _rounded(plane.covariance(q.variances))
        cost, bits = complexity(kl, n, delta), _bits(q, *parts[""], stream(f"bits, {name}", seed))
        facts |= {
            f"bits_{name}": bits,
            f"kl_{name}": kl,
            f"mean_term_{name}": mean_term,
            f"complexity_{name}": cost,
            f"bound_{name}": 1 - facts[f"accuracy_{name}"] + cost,
            f"objective_{name}": bits + cost,
            f"variance_along_{name}": along,
            f"variance_across_{name}": across,
            f"covariance_{name}": covariance,
            f"noise_{name}": flatten(q.variances).double().sum().sqrt().item(),
        }
    return {name: float(value) for name, value in facts.items()}


def _barrier(net: TrainedNetwork, found: MeanField, plane: Plane, x: torch.Tensor, y: torch.Tensor) -> dict[str, float]:
    ends = [plane.coordinates(mean) for mean in (net.minimum, found.mean)]
    values = losses(plane, np.linspace(*ends, STEPS), x, y)
    return {
        f"barrier_{name}": float(line.max() - max(line[0], line[-1])) for name, line in zip(("loss", "error"), values)
    }


def _path(net: TrainedNetwork, found: Optimised, plane: Plane) -> pd.DataFrame:
    along, across = np.array([plane.coordinates(mean) for mean in found.path]).T
    return pd.DataFrame(
        {
            "epoch": np.arange(1, len(along) + 1),
            "value": found.objective,
            "along": along,
            "across": across,
            "distance": [_distance(mean, net.minimum) for mean in found.path],
        }
    )


def _plane(
    plane: Plane, means: list[Weights], variances: Weights, x: torch.Tensor, y: torch.Tensor, seed: int
) -> pd.DataFrame:
    """SIDE x SIDE points on a square that holds the three networks."""
    corners = np.array([plane.coordinates(mean) for mean in means])
    low, high = corners.min(0), corners.max(0)
    half = (high - low).max() * (0.5 + MARGIN)
    axes = [np.linspace(centre - half, centre + half, SIDE) for centre in (low + high) / 2]
    points = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 2)
    loss, error = losses(plane, points, x, y)
    noisy_loss, noisy_error = losses(plane, points, x, y, variances, stream("plane noise", seed))
    columns = {"along": points[:, 0], "across": points[:, 1], "loss": loss, "error": error}
    columns |= {"noisy_loss": noisy_loss, "noisy_error": noisy_error}
    return pd.DataFrame({name: [float(f"{value:.6g}") for value in values] for name, values in columns.items()})


@torch.no_grad()
def _logits(weights: Weights, x: torch.Tensor) -> torch.Tensor:
    return torch.cat([forward(weights, xs) for xs in x.split(EVALUATION_CHUNK)])


@torch.no_grad()
def _bits(q: MeanField, x: torch.Tensor, y: torch.Tensor, generator: torch.Generator) -> float:
    total = 0.0
    for xs, ys in zip(x.split(EVALUATION_CHUNK), y.split(EVALUATION_CHUNK)):
        c = objectives.inputs(xs, q.coordinates, q.mean[0].shape[1])
        a, s = objectives.moments(q.mean, q.variances, q.coordinates, c, generator)
        total += objectives.bits(a, s, ys, generator).sum(dtype=torch.float64).item()
    return total / len(y)


def _rounded(values: np.ndarray) -> np.ndarray:
    """What is 0 by construction becomes 0, so that no rounding error is stored that another machine would not make."""
    return values.round(12) + 0.0


def _distance(a: Weights, b: Weights) -> float:
    return torch.linalg.vector_norm(flatten(a).double() - flatten(b).double()).item()


def _part(result: records.Result, part: str) -> pd.DataFrame:
    return result.table[result.table["part"] == part].dropna(axis=1, how="all").reset_index(drop=True)
