"""The machine's matrix-product peak, and the floating point operations that a job's products need."""

import time
from collections.abc import Callable

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode


def measure(size: int, at_least: float = 0.4) -> float:
    """Floating point operations a second of the fastest of several single-precision products size x size x size.

    The fastest, since the peak is what the machine can do: a slower one would flatter every share of it.
    """
    a, b, out = torch.randn(size, size), torch.randn(size, size), torch.empty(size, size)
    times, until = [], time.perf_counter() + at_least
    while len(times) < 3 or time.perf_counter() < until:
        started = time.perf_counter()
        torch.mm(a, b, out=out)
        times.append(time.perf_counter() - started)
    return 2 * size**3 / min(times)


def summary(peaks: list[float], size: int) -> dict:
    """The `peak` of results.json, in 10^9 operations a second: the median, smallest and largest of several measurements."""
    low, median, high = (round(value / 1e9, 1) for value in (min(peaks), np.median(peaks), max(peaks)))
    return {"gflops": median, "low": low, "high": high, "size": size, "threads": torch.get_num_threads()}


def operations(job: Callable[[], object]) -> int:
    """Floating point operations of the matrix products of one call, a multiplication and an addition being two.

    Counted by torch while the job runs, so that no formula can fall behind the code. Products of a matrix and a vector and
    all elementwise work count nothing, though they take time.
    """
    with FlopCounterMode(display=False) as counter:
        job()
    return counter.get_total_flops()
