"""Two ways of doing the same, timed in turn in one process, and the entry that says how much faster one is."""

import time
from collections.abc import Callable, Sequence

import numpy as np

Job = Callable[[], object]


def alternate(
    first: Job, second: Job, rounds: int, warm_up: Job | None = None, clock: Callable[[], float] = time.perf_counter
) -> np.ndarray:
    """Seconds of `first` and `second`, called in turn: (rounds, 2).

    In turn, so that whatever else the machine does meets both. `warm_up` comes before and is not timed; without one, each
    job is run once. Raises ValueError unless rounds >= 1.
    """
    if rounds < 1:
        raise ValueError(f"rounds must be at least 1, got {rounds}")
    for job in [warm_up] if warm_up else [first, second]:
        job()
    return np.array([[seconds(first, clock), seconds(second, clock)] for _ in range(rounds)])


def seconds(job: Job, clock: Callable[[], float] = time.perf_counter) -> float:
    """The wall time of one call."""
    started = clock()
    job()
    return clock() - started


def entry(name: str, ratios: Sequence[float], target: float | None, note: str) -> dict:
    """An entry of results.json: the median of the rounds' ratios, the smallest and the largest, and the target.

    Above 1: ours is faster. For the entries whose name has `share` the ratio is a share of the machine's peak. A target of
    None is that of an entry for information. Raises ValueError for a ratio that is not positive and finite.
    """
    ratios = np.asarray(ratios, float)
    if not (ratios.size and np.isfinite(ratios).all() and (ratios > 0).all()):
        raise ValueError(f"the ratios of {name} must be positive and finite, got {ratios.tolist()}")
    low, ratio, high = (float(f"{value:.5g}") for value in (ratios.min(), np.median(ratios), ratios.max()))
    return {"name": name, "ratio": ratio, "low": low, "high": high, "target": target, "note": note}


def smaller(name: str, entries: list[dict]) -> dict:
    """The entry with the smallest ratio, under a name of its own: what a target for all data sets is held against."""
    least = min(entries, key=lambda e: e["ratio"])
    return least | {"name": name, "note": f"The smaller of {' and '.join(e['name'] for e in entries)}. {least['note']}"}
