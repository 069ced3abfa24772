"""What the experiments with certificates share: the priors that are paid for, the search for lam and beta, and a scored row.

Every choice that looks at the data is made before the noise of the score is drawn: PAC-Bayes bounds hold for all posteriors at once, so
the choice among posteriors costs nothing, that among priors costs ln(number of priors), and the outcomes are fresh.
"""

import itertools
import math
from collections.abc import Callable, Iterable

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
# Values of beta, which belongs to the posterior and costs nothing; the last leaves the prior's variance to all weights.
BETAS = np.append(np.geomspace(1e-5, 1e5, 1000, endpoint=False), math.inf)
LOOKED = 4096  # training examples that a search looks at
PASSES = 5  # over the training set, for the outcomes of the score
DRAWS = 5  # networks drawn for the paper's estimator, its number
DELTA, DELTA_MC = 0.05, 0.01
CHUNK = 8192


def search(
    found: Callable[[np.ndarray, np.ndarray], np.ndarray], betas: np.ndarray = BETAS, coarse: int = 100
) -> tuple[float, float]:
    """lam among PRIORS and beta among `betas` with the smallest `found` (a function of arrays lam, beta): on every `coarse`-th value and
    the last beta, then around the best point, in steps that are halved down to 3: factors of 1.04 for lam and 1.07 for beta."""
    last = len(betas) - 1

    def best(lams: Iterable[int], at_betas: Iterable[int]) -> tuple[float, int, int]:
        i, j = np.array([*itertools.product(lams, at_betas)]).T
        values = found(PRIORS[i], betas[j])
        at = int(np.argmin(values))
        return float(values[at]), int(i[at]), int(j[at])

    def around(index: int, step: int, last: int) -> set[int]:
        return {i for i in (index - step, index, index + step) if 0 <= i <= last}

    at, step = best(range(0, len(PRIORS), coarse), {*range(0, last, coarse), last}), coarse
    while step > 3:
        step //= 2
        _, i, j = at
        at = min(at, best(around(i, step, len(PRIORS) - 1), around(j, step, last)))
    _, i, j = at
    return float(PRIORS[i]), float(betas[j])


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
