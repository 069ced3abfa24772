"""What the curve of Lemma 4.2 with (10) depends on, and what not, live on a small network.

Legend: the softness s multiplies the logits. The decisions do not change with it; the cross-entropy, the network's own
labels and (10) do.
"""

import numpy as np
import pandas as pd
import torch
from torch.nn.functional import cross_entropy

from pacbayes_curvature import pareto
from pacbayes_curvature.bounds import complexity
from pacbayes_curvature.curvature import fisher
from pacbayes_curvature.floors import attained_pair
from pacbayes_curvature.networks import flatten, forward
from paper.experiments.lower_bound.compute import diagonal_curve, displacements, grid
from paper.networks.store import TrainedNetwork
from paper.randomness import stream
from paper.theory.checks import Check, closeness


def scale_check(
    net: TrainedNetwork, x: torch.Tensor, seed: int, factors: tuple[float, ...] = (1e-8, 1e-3, 1e5)
) -> Check:
    """h and beta times the same number give the same variances and the same KL, and E times that number."""
    h, shift = (
        flatten(fisher.sampled(net.minimum, x, stream("sampled labels", seed))),
        flatten(displacements(net)),
    )
    beta = 0.1 * h.mean()
    pair, differences = attained_pair(h, shift, beta), []
    some = pair.variance > 0
    for c in factors:
        other = attained_pair(c * h, shift, c * beta)
        differences += [*(other.variance / np.where(some, pair.variance, 1) - 1)[some], other.kl / pair.kl - 1]
        differences += [other.expected_loss / (c * pair.expected_loss) - 1, *other.variance[~some]]
    scope = f"float64, {len(h)} weights, factors {', '.join(f'{c:g}' for c in factors)}, relative"
    return closeness(
        "7-9", r"$\nu_0$, KL and $E/c$ of $(ch, c\beta)$ are those of $(h, \beta)$", scope, differences, 1e-12
    )


def fading(
    net: TrainedNetwork,
    x: torch.Tensor,
    y: torch.Tensor,
    softnesses: tuple[float, ...],
    seed: int,
    grid_size: int,
    passes: int,
    delta: float,
    level: float = 0.5,
) -> pd.DataFrame:
    """For each softness s: mean cross-entropy, effective examples, and the complexity that Lemma 4.2's curve needs
    for an accuracy `level` of the way from guessing to perfect; with labels drawn, as in (10), and with their
    expectation.

    A complexity is NaN where the curve does not reach that accuracy on the grid.
    """
    with torch.no_grad():
        logits = forward([w.double() for w in net.minimum], x.double())
    chance, rows = 1 / logits.shape[1], []
    for s in softnesses:
        row = {"s": s, "cross-entropy": cross_entropy(s * logits, y).item()}
        for name, drawn in (("drawn", True), ("expected", False)):
            if drawn:
                h = fisher.sampled(net.minimum, x, stream("sampled labels", seed), s)
            else:
                h = fisher.expected(net.minimum, x, s)
            points = diagonal_curve(net, flatten(h), h).points(grid("", grid_size), x, y, stream("gibbs", seed), passes)
            needed = pareto.interpolated_complexity(
                points["accuracy"], complexity(points["kl"].to_numpy(), len(x), delta), chance + level * (1 - chance)
            )
            row[f"effective examples, {name}"] = fisher.effective_examples(net.minimum, x, drawn, s)
            row[f"complexity, {name}"] = float(needed.complexity)
        rows.append(row)
    return pd.DataFrame(rows)
