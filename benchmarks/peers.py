"""Our curvatures against the libraries that people use for them; imported only here, never by the package or the book.

    diagonal of Eq. (10), one sampled label an example   BackPACK's DiagGGNMC
    second moments H_l                                   the input covariances of curvlinops' KFAC

Each peer runs with its fastest settings: chunks tuned for it and, for curvlinops, the type of KFAC ("forward-only") that
leaves the gradients' factor out, so that it computes H_l and nothing else. laplace-torch's Kronecker factors come from
curvlinops, BackPACK or ASDL and always include the gradients' factor.
"""

import time
import warnings
from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from importlib.util import find_spec

import numpy as np
import torch

from pacbayes_curvature.curvature import fisher
from pacbayes_curvature.curvature.second_moments import second_moments
from pacbayes_curvature.networks import Weights

from .pairs import alternate, entry
from .problems import Problem

NEEDED = {"backpack": "backpack-for-pytorch", "curvlinops": "curvlinops-for-pytorch"}
CHUNKS = (512, 1024, 2048, 4096, 8192)
AGREEMENT = {"draws": 20, "examples": 4096, "standard_errors": 5.0, "relative": 1e-4}


def require() -> None:
    """Raise ValueError, saying what to install, unless all peers are there."""
    missing = [package for module, package in NEEDED.items() if find_spec(module) is None]
    if missing:
        raise ValueError(f"not installed: {', '.join(missing)}; install the extra bench: pip install -e '.[bench]'")


def module(weights: Weights) -> torch.nn.Sequential:
    """The network as the torch module that the peers take."""
    layers = []
    for weight in weights:
        linear = torch.nn.Linear(weight.shape[1] - 1, weight.shape[0])
        linear.weight.data, linear.bias.data = weight[:, :-1].clone(), weight[:, -1].clone()
        layers += [linear, torch.nn.ReLU()]
    return torch.nn.Sequential(*layers[:-1])


def fisher_diagonal(problem: Problem, rounds: int) -> dict:
    """fisher_diagonal_vs_backpack of one data set. Raises ValueError when the two do not agree in distribution."""
    generator = torch.Generator().manual_seed(3)
    theirs = backpack_diagonal(problem.weights)
    ours = partial(fisher.fisher_diagonal, problem.weights, generator=generator)
    z = disagreement(ours, partial(theirs, chunk=1024), problem.x[: AGREEMENT["examples"]])
    if not abs(z) < AGREEMENT["standard_errors"]:
        raise ValueError(f"the diagonals of (10) by BackPACK and by us differ by {z:.1f} standard errors")
    chunk = fastest(lambda size: theirs(problem.x, chunk=size))
    times = alternate(partial(ours, problem.x), partial(theirs, problem.x, chunk=chunk), rounds)
    return entry(
        f"fisher_diagonal_vs_backpack_{problem.name}", times[:, 1] / times[:, 0], None,
        f"Diagonal of (10) with one sampled label an example over {len(problem.x):,} examples: ours {times[:, 0].mean():.3g} s, "
        f"DiagGGNMC of BackPACK {version('backpack-for-pytorch')} {times[:, 1].mean():.3g} s in chunks of {chunk}, the "
        f"fastest of {CHUNKS}. It also computes the gradient, which its back-propagation needs. Both add up in double precision. The "
        f"means over {AGREEMENT['draws']} draws differ by {abs(z):.1f} standard errors in the layer where they differ most.",
    )  # fmt: skip


def layerwise(problem: Problem, rounds: int) -> dict:
    """layerwise_vs_peer of one data set. Raises ValueError when the two do not agree."""
    theirs = curvlinops_moments(problem.weights)
    ours = partial(second_moments, problem.weights, problem.x)
    pairs = zip(ours(), theirs(problem.x, problem.y, chunk=4096))
    gap = max(np.abs(h - peer).max() / np.abs(h).max() for h, peer in pairs)
    if not gap < AGREEMENT["relative"]:
        raise ValueError(f"the second moments by curvlinops and by us differ by {gap:.1e} of the largest entry")
    chunk = fastest(lambda size: theirs(problem.x, problem.y, chunk=size))
    times = alternate(ours, partial(theirs, problem.x, problem.y, chunk=chunk), rounds)
    return entry(
        f"layerwise_vs_peer_{problem.name}", times[:, 1] / times[:, 0], None,
        f"All H_l over {len(problem.x):,} examples: ours {times[:, 0].mean():.3g} s, the input covariances of KFAC in curvlinops "
        f"{version('curvlinops-for-pytorch')} {times[:, 1].mean():.3g} s, forward passes only, bias included, in chunks of "
        f"{chunk}, the fastest of {CHUNKS}; it forms both triangles of each product, and the last layer's output. The largest "
        f"difference is {gap:.0e} of the largest entry.",
    )  # fmt: skip


def backpack_diagonal(weights: Weights) -> Callable[..., list[np.ndarray]]:
    """f(x, chunk) like `curvature.fisher_diagonal`, by BackPACK."""
    from backpack import backpack, extend
    from backpack.extensions import DiagGGNMC

    net, loss = extend(module(weights)), extend(torch.nn.CrossEntropyLoss())
    warnings.filterwarnings("ignore", "Full backward hook is firing")  # BackPACK's; the inputs need no gradient

    def diagonal(x: torch.Tensor, chunk: int) -> list[np.ndarray]:
        sums = [torch.zeros(parameter.shape, dtype=torch.float64) for parameter in net.parameters()]
        for xs in x.split(chunk):
            net.zero_grad()
            with backpack(DiagGGNMC(mc_samples=1)):  # the labels of the data do not enter
                loss(net(xs), torch.zeros(len(xs), dtype=torch.int64)).backward()
            for total, parameter in zip(sums, net.parameters()):
                total.add_(parameter.diag_ggn_mc, alpha=len(xs) / len(x))
        return [torch.cat([w, b[:, None]], dim=1).numpy() for w, b in zip(sums[::2], sums[1::2])]

    return diagonal


def curvlinops_moments(weights: Weights) -> Callable[..., list[np.ndarray]]:
    """f(x, y, chunk) like `curvature.second_moments`, by curvlinops."""
    from curvlinops import FisherType, KFACLinearOperator

    net, loss = module(weights), torch.nn.CrossEntropyLoss()

    def moments(x: torch.Tensor, y: torch.Tensor, chunk: int) -> list[np.ndarray]:
        operator = KFACLinearOperator(
            net, loss, list(net.parameters()), list(zip(x.split(chunk), y.split(chunk))), fisher_type=FisherType.FORWARD_ONLY,
            separate_weight_and_bias=False, check_deterministic=False, num_data=len(x),
        )  # fmt: skip
        operator.compute_kronecker_factors()
        return [factor.numpy() for factor in operator._input_covariances.values()]

    return moments


def disagreement(ours: Callable, theirs: Callable, x: torch.Tensor, draws: int = AGREEMENT["draws"]) -> float:
    """The difference of the two means of each layer's trace over independent draws, in standard errors, where largest."""
    traces = np.array([[[layer.sum() for layer in of(x=x)] for _ in range(draws)] for of in (ours, theirs)])
    error = np.sqrt(traces.var(axis=1, ddof=1).sum(0) / draws)
    z = np.subtract(*traces.mean(axis=1)) / error
    return float(z[np.abs(z).argmax()])


def fastest(job: Callable[[int], object], chunks: tuple[int, ...] = CHUNKS) -> int:
    """The chunk size with which `job` takes least time, after one call that is not counted."""
    job(chunks[0])
    times = {}
    for chunk in chunks:
        started = time.perf_counter()
        job(chunk)
        times[chunk] = time.perf_counter() - started
    return min(times, key=times.get)
