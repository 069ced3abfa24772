"""Rivals: other posteriors for the same initialisation, data and number of examples, certified by the same function."""

import time

import pandas as pd

from pacbayes_curvature.certificates import holdout_bound
from paper import names
from paper.experiments.certified import DELTA, error_rate
from paper.experiments.holdout.compute import CHOSEN, trained_on_share
from paper.experiments.rivals.rival import RIVALS, Setting
from paper.networks.minimum import Minimum
from paper.results import records

COORDINATES = ("error_weights", "error_cosine", "error_curvature")


def rivals(
    dataset: str, seed: int = 0, methods: tuple[str, ...] = (), fresh: bool = False, minimum: Minimum | None = None
) -> records.Result:
    """A row for each rival: its certificate, and what stands beside it.

    Columns: dataset, seed, method; prior_share (of the examples, that the prior has seen), kl, errors, outcomes, n, priors, looked_at,
    certificate, theorem_31, test_error, test_error_stderr, network_test_error (as `certified.score`); moved (distance of the mean from
    where the optimisation started), own_holdout (hold-out bound of the prior's own mean, where the prior has seen a share), tried,
    holdout (the yardstick: the hold-out bound at equal data, `holdout.CHOSEN` of them for training), seconds (recorded, not
    reproduced; the training of the network that a rival is around is not counted).
    `methods`: names of RIVALS; if empty, all of them for two classes, else COORDINATES, which differ in nothing but those. ValueError: an unknown one.
    """
    wanted = list(methods) or (list(RIVALS) if names.classes(dataset) == 2 else list(COORDINATES))
    if unknown := [method for method in wanted if method not in RIVALS]:
        raise ValueError(f"unknown rival {unknown[0]!r}; valid: {', '.join(RIVALS)}")

    def compute() -> pd.DataFrame:
        setting = Setting(minimum or Minimum(dataset, seed))
        rows = []
        for method in wanted:
            started = time.perf_counter()
            row = RIVALS[method](setting).row(setting.minimum, method)
            rows.append({"method": method, **row, "seconds": round(time.perf_counter() - started, 1)})
        return pd.DataFrame(rows).assign(holdout=yardstick(setting))

    def covers(table: pd.DataFrame) -> bool:
        return set(wanted) <= set(table["method"])

    result = records.obtain(records.key("rivals", dataset, seed), compute, covers, fresh)
    table = result.table[result.table["method"].isin(wanted)]
    return records.Result(result.key, table.reset_index(drop=True), result.made, result.state)


def yardstick(setting: Setting) -> float:
    """The hold-out bound at equal data."""
    weights, _, left = trained_on_share(setting.minimum.data, setting.seed, CHOSEN)
    errors = round(error_rate(weights, setting.x[left], setting.y[left]) * len(left))
    return holdout_bound(errors, len(left), DELTA)
