"""What the experiments with certificates share: the priors that are paid for, the search for lam and beta, and a scored row.

Every choice that looks at the data is made before the noise of the score is drawn: PAC-Bayes bounds hold for all posteriors at once, so
the choice among posteriors costs nothing, that among priors costs ln(number of priors), and the outcomes are fresh.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from pacbayes_curvature.bounds import complexity, kl_bound, pac_bayes_bound
from pacbayes_curvature.certificates import certificate, risk_from_outcomes
from pacbayes_curvature.mean_field import MeanField
from pacbayes_curvature.networks import forward
from paper.networks.data import Dataset
from paper.randomness import stream

# Values of lam, fixed before any look at data: 1,000 a prior may have, or 100 for each layer. From 1e-5 to 10, like the sweeps' grid.
PRIORS = np.geomspace(1e-5, 1e1, 1000, endpoint=False)
COARSE = PRIORS[::10]
LOOKED = 4096  # training examples that a search looks at
PASSES = 5  # over the training set, for the outcomes of the score
DRAWS = 5  # networks drawn for the paper's estimator, its number
DELTA, DELTA_MC = 0.05, 0.01
CHUNK = 8192


@dataclass(frozen=True)
class Choice:
    """A point of a search: indices of lam and beta in PRIORS, and what was found there."""

    lam: int
    beta: int | None  # None for beta = inf
    found: float


def search(found: Callable[[np.ndarray, np.ndarray], np.ndarray], beta: bool, coarse: int = 100) -> tuple[float, float]:
    """lam and beta with the smallest `found` (a function of arrays lam, beta): on a coarse grid, then around its best point.

    beta: whether there is one, else inf. Steps are halved down to 3 indices, a factor of 1.04.
    """

    def best(lams: Sequence[int], betas: Sequence[int | None]) -> Choice:
        points = [(i, j) for i in lams for j in betas]
        values = found(
            PRIORS[[i for i, _ in points]], np.array([math.inf if j is None else PRIORS[j] for _, j in points])
        )
        (i, j), value = points[int(np.argmin(values))], float(np.min(values))
        return Choice(i, j, value)

    def around(at: int | None, step: int) -> list[int | None]:
        return [None] if at is None else [i for i in (at - step, at, at + step) if 0 <= i < len(PRIORS)]

    axis = list(range(0, len(PRIORS), coarse))
    at, step = best(axis, axis if beta else [None]), coarse
    while step > 3:
        step //= 2
        at = min(at, best(around(at.lam, step), around(at.beta, step)), key=lambda choice: choice.found)
    return float(PRIORS[at.lam]), math.inf if at.beta is None else float(PRIORS[at.beta])


def estimate(risk: np.ndarray, kl: np.ndarray, n: int, priors: int) -> np.ndarray:
    """The certificate that a search expects: without the Monte Carlo term, and 1 where it says nothing."""
    return kl_bound(np.clip(risk, 0, 1), kl, n, DELTA / priors)


def score(
    q: MeanField,
    kl: float,
    x: torch.Tensor,
    y: torch.Tensor,
    test: Dataset,
    seed: int,
    purpose: str,
    priors: int,
    looked_at: int = 1,
) -> dict[str, float]:
    """The certificate of Q from fresh noise on the examples x, y that the bound counts, and what stands beside it on the test part.

    kl, errors, outcomes, n, priors, looked_at, certificate; theorem_31: Theorem 3.1 with the same events paid for; test_error and
    test_error_stderr of the Gibbs classifier, network_test_error of the network at the mean.
    """  # fmt: skip
    tally = q.tally(x, y, stream(f"certificate of {purpose}", seed), PASSES)
    x_test, y_test = torch.from_numpy(test.x_test), torch.from_numpy(test.y_test)
    on_test = q.tally(x_test, y_test, stream(f"test of {purpose}", seed), PASSES)
    errors, outcomes, n = float(tally.wrong[0]), int(tally.outcomes[0]), len(y)
    return {
        "kl": kl,
        "errors": errors,
        "outcomes": outcomes,
        "n": n,
        "priors": priors,
        "looked_at": looked_at,
        "certificate": certificate(
            errors, outcomes, kl, n, delta=DELTA, delta_mc=DELTA_MC, priors=priors, looked_at=looked_at
        ),
        "theorem_31": pac_bayes_bound(
            risk_from_outcomes(errors, outcomes, delta_mc=DELTA_MC, looked_at=looked_at), kl, n, DELTA / priors
        ),
        "test_error": 1 - float(on_test.accuracy[0]),
        "test_error_stderr": float(on_test.stderr[0]),
        "network_test_error": error_rate(q.mean, x_test, y_test),
    }


def paper_quantity(errors: float, outcomes: int, kl: float, n: int) -> float:
    """Error plus complexity, as the paper plots it: no event of the choice of lam or of the estimate is paid for."""
    return errors / outcomes + complexity(kl, n, DELTA)


def drawn(q: MeanField, x: torch.Tensor, y: torch.Tensor, seed: int, purpose: str) -> float:
    """The sum of the error rates of DRAWS networks from Q: as many independent outcomes."""
    generator = stream(f"draws of {purpose}", seed)
    return sum(error_rate(q.draw(generator), x, y) for _ in range(DRAWS))


@torch.no_grad()
def error_rate(weights: list[torch.Tensor], x: torch.Tensor, y: torch.Tensor) -> float:
    """Share of the examples that the network answers wrong."""
    parts = zip(x.split(CHUNK), y.split(CHUNK))
    return sum(int((forward(weights, xs).argmax(1) != ys).sum()) for xs, ys in parts) / len(y)


def some(n: int, seed: int) -> torch.Tensor:
    """Indices of the LOOKED examples that searches look at, all of them if there are fewer."""
    return torch.randperm(n, generator=stream("examples of a search", seed))[:LOOKED]
