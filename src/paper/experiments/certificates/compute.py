"""Certificates of the paper's three posteriors: numbers that hold with the probability they state."""

from dataclasses import replace

import numpy as np
import pandas as pd

from pacbayes_curvature import posteriors
from pacbayes_curvature.certificates import certificate
from pacbayes_curvature.gibbs.local_reparametrisation import LocalReparametrisation
from pacbayes_curvature.mean_field import along_curvature
from paper.experiments.certified import (
    BETAS,
    DELTA,
    DELTA_MC,
    DRAWS,
    PRIORS,
    drawn,
    estimate,
    paper_quantity,
    score,
    search,
    some,
)
from paper.networks.minimum import Minimum, posterior
from paper.randomness import stream
from paper.results import records


def certificates(
    dataset: str,
    seed: int = 0,
    methods: tuple[str, ...] = posteriors.METHODS,
    fresh: bool = False,
    minimum: Minimum | None = None,
) -> records.Result:
    """For each method the certificate of its best posterior around the trained network, and what stands beside it.

    Columns: dataset, seed, method, lam, beta (found on `certified.LOOKED` training examples, lam among `certified.PRIORS`), kl,
    errors, outcomes, n, priors, looked_at, certificate, theorem_31, test_error, test_error_stderr, network_test_error (as
    `certified.score`); papers (error plus complexity, the paper's quantity); drawn_errors, drawn_outcomes, drawn_certificate (the same
    certificate from DRAWS networks, each run over the training set).
    delta = 0.05 for the sample and 0.01 for the noise. `minimum`: that of the network, where it is at hand.
    """

    def compute() -> pd.DataFrame:
        near = minimum or Minimum(dataset, seed)
        return pd.DataFrame([_row(near, method) for method in methods])

    def covers(table: pd.DataFrame) -> bool:
        return set(methods) <= set(table["method"])

    asked = records.key("certificates", dataset, seed, methods)
    result = records.obtain(asked, compute, covers, fresh)
    return replace(result, table=result.table[result.table["method"].isin(methods)].reset_index(drop=True))


def _row(minimum: Minimum, method: str) -> dict[str, float]:
    x, y, weights, n = minimum.x, minimum.y, minimum.network.minimum, len(minimum.y)
    layers, looked = posterior(minimum, method), some(n, minimum.seed)

    def found(lam: np.ndarray, beta: np.ndarray) -> np.ndarray:
        level = LocalReparametrisation(weights, layers, lam, beta)
        tally = level.tally(x[looked], y[looked], stream("search for a certificate", minimum.seed), label=method)
        return estimate(1 - tally.accuracy, posteriors.kl_divergence(layers, lam, beta), n, len(PRIORS))

    lam, beta = search(found, BETAS if method != "baseline" else BETAS[-1:])
    q = along_curvature(weights, layers, lam, beta)
    # The same noise for each: where two find the same posterior, they have the same certificate.
    row = score(q, q.kl(minimum.network.initial, lam), x, y, minimum.data, minimum.seed, "a posterior", len(PRIORS))
    draws = drawn(q, x, y, minimum.seed, "a posterior")
    return {
        "method": method,
        "lam": lam,
        "beta": beta,
        **row,
        "papers": paper_quantity(row["errors"], row["outcomes"], row["kl"], n),
        "drawn_errors": draws,
        "drawn_outcomes": DRAWS,
        "drawn_certificate": certificate(
            draws, DRAWS, row["kl"], n, delta=DELTA, delta_mc=DELTA_MC, priors=len(PRIORS)
        ),
    }
