"""Time and memory against the number of examples N, the width, the depth and the number of grid points, with exponents.

Inputs and weights are random: only sizes matter. Each size is run in a process of its own, forked from one that has only
imported torch: `megabytes` is by how much the process's peak resident memory (ru_maxrss) rises above what inputs and
network take, so it is the memory that the task adds. They are made without temporary copies, which would hide a part of
it. Seconds are the fastest of several runs in that process.
"""

import multiprocessing
import platform
import resource
import time
from concurrent.futures import ProcessPoolExecutor

import numpy as np
import torch

from pacbayes_curvature import networks, posteriors
from pacbayes_curvature.curvature.second_moments import second_moments, spectrum
from pacbayes_curvature.gibbs.local_reparametrisation import by_local_reparametrisation

CLASSES = 2
# Sizes are varied one at a time around a base. `depth` counts the hidden layers, all as wide as the input.
AXES = {
    "layerwise": {
        "base": {"N": 8192, "width": 512, "depth": 2},
        "N": (4096, 8192, 16384, 32768),
        "width": (256, 512, 1024, 2048),
        "depth": (1, 2, 4, 8),
    },
    "sweep": {
        "base": {"N": 2048, "width": 512, "depth": 2, "grid": 16},
        "N": (1024, 2048, 4096, 8192),
        "width": (256, 512, 768, 1024),
        "depth": (1, 2, 4, 8),
        "grid": (16, 36, 64, 144),
    },
    "eigendecomposition": {"base": {}, "width": (512, 1024, 2048, 3072)},
}
QUICK = {
    "layerwise": {
        "base": {"N": 256, "width": 32, "depth": 1},
        "N": (512, 1024, 2048),
        "width": (32, 64, 128),
        "depth": (1, 2, 4),
    },
    "sweep": {
        "base": {"N": 256, "width": 32, "depth": 1, "grid": 4},
        "N": (128, 256, 512),
        "width": (16, 32, 64),
        "depth": (1, 2, 4),
        "grid": (4, 9, 16),
    },
    "eigendecomposition": {"base": {}, "width": (32, 64, 128)},
}


def run(axes: dict = AXES, repeats: int = 3) -> list[dict]:
    """The `scaling` of results.json: for each task, measure and size the points and the fitted exponent.

    An item: task; measure, seconds or megabytes; against, what is varied; base, the other sizes; points [[size, value], ...];
    exponent e of value ~ size^e, the slope of least squares on the logarithms, with its standard error.
    """
    items = []
    with _one_process_each() as pool:
        for task, against in [(name, axis) for name in axes for axis in axes[name] if axis != "base"]:
            base, sizes = axes[task]["base"], axes[task][against]
            print(f"[scaling] {task} against {against}", flush=True)
            measured = [
                pool.submit(measure, task, base | {against: size}, repeats, torch.get_num_threads()).result()
                for size in sizes
            ]
            for measure_, values in zip(("seconds", "megabytes"), zip(*measured)):
                exponent, stderr = fit(sizes, values)
                points = [[size, float(f"{value:.4g}")] for size, value in zip(sizes, values)]
                items.append(
                    {"task": task, "measure": measure_, "against": against, "base": base, "points": points}
                    | {"exponent": round(exponent, 4), "stderr": round(stderr, 4)}
                )
    return items


def fit(sizes, values) -> tuple[float, float]:
    """The exponent e of value ~ size^e and its standard error, by least squares on the logarithms.

    Raises ValueError for fewer than three sizes: two leave no error to estimate.
    """
    if len(sizes) < 3:
        raise ValueError(f"at least three sizes are needed for an exponent with an error, got {len(sizes)}")
    (exponent, _), covariance = np.polyfit(np.log(sizes), np.log(values), 1, cov=True)
    return float(exponent), float(np.sqrt(covariance[0, 0]))


def measure(task: str, size: dict, repeats: int, threads: int) -> tuple[float, float]:
    """Seconds (the least of `repeats`) and added megabytes of one task at one size; to be run in a process of its own."""
    torch.set_num_threads(threads)
    job = TASKS[task](**size)
    before = _peak_megabytes()
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        job()
        times.append(time.perf_counter() - started)
    return min(times), max(_peak_megabytes() - before, 0.1)  # 0.1: below that, what is seen is the allocator's grain


def _layerwise(N: int, width: int, depth: int):
    weights, x, _ = _network(N, width, depth)
    return lambda: second_moments(weights, x)


def _sweep(N: int, width: int, depth: int, grid: int):
    weights, x, y = _network(N, width, depth)
    random, generator = np.random.default_rng(0), torch.Generator().manual_seed(0)
    layers = [_posterior(weight, random) for weight in weights]
    axis = np.geomspace(1e-3, 1, round(grid**0.5))
    lam, beta = (values.ravel() for values in np.meshgrid(axis, axis))
    return lambda: by_local_reparametrisation(weights, layers, lam, beta, x, y, generator)


def _eigendecomposition(width: int):
    h = np.random.default_rng(0).standard_normal((width, width))
    for i in range(width):
        h[i, i:] = h[i:, i]
        h[i, i] += 3 * width**0.5  # positive definite: the eigenvalues of the rest lie within 2 sqrt(width) of 0
    return lambda: spectrum(h)


TASKS = {"layerwise": _layerwise, "sweep": _sweep, "eigendecomposition": _eigendecomposition}


def _network(n: int, width: int, depth: int) -> tuple[networks.Weights, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    weights = networks.initialise([width] * (depth + 1) + [CLASSES], generator, scale=3.0)
    return weights, torch.randn(n, width, generator=generator), torch.randint(CLASSES, (n,), generator=generator)


def _posterior(weight: torch.Tensor, generator: np.random.Generator) -> posteriors.LayerPosterior:
    """A posterior with the eigenvalues of a made-up H, falling as 1/i, and a random matrix for a basis."""
    k = weight.shape[1]
    basis = generator.standard_normal((k, k))
    basis /= k**0.5
    return posteriors.LayerPosterior(k / np.arange(1, k + 1), basis, len(weight), 1.0)


def _peak_megabytes() -> float:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if platform.system() == "Darwin" else 2**10)


def _one_process_each() -> ProcessPoolExecutor:
    """A pool of one process that is replaced after every job, by a fork of a process that has used no thread yet."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(
        ["pacbayes_curvature.curvature.second_moments", "pacbayes_curvature.gibbs.local_reparametrisation"]
    )
    return ProcessPoolExecutor(1, mp_context=context, max_tasks_per_child=1)
