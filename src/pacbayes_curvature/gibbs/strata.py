"""Few examples in place of the whole training set: strata by margin, so that the examples that err are looked at most.

At a well-fitting grid point nearly all wrong answers come from the few examples with small margins. A random part of the
training set holds few of these; here each stratum gives a random part of its own, and the strata's means are weighted with
their shares: sum_h W_h a_h, without bias, whatever the strata and the numbers of examples (Cochran 1977, chapter 5).

Legend: N examples, H strata, G grid points; W_h the share of stratum h; z_{l-1} the input of layer l, delta_l the
derivative of the margin by the pre-activations of layer l.
"""

import math
from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch.nn.functional import one_hot

from pacbayes_curvature.gibbs.level import Level
from pacbayes_curvature.gibbs.outcomes import Tally
from pacbayes_curvature.networks import Weights, backward, layer_inputs, squared_norm

STRATA = 8  # each with twice the examples of the one before it, but for the first two
CHUNK = 4096  # examples at a time
PILOT = 256  # examples of each stratum that plan how many are needed, and the least that are taken
PRIOR_OUTCOMES = 128  # that a stratum's variance in the pilot is averaged with, see `allocation`
MOST_PASSES = 5


@torch.no_grad()
def standardised_margins(
    weights: Weights,
    x: torch.Tensor,
    y: torch.Tensor,
    variance: Callable[[int, torch.Tensor], torch.Tensor] | None = None,
) -> torch.Tensor:
    """The margin of each example over its standard deviation under noise of the pre-activations, to first order: (N,).

    (f_y - max_{c != y} f_c) / sqrt(sum_l |delta_l|^2 s_l^2): the smaller, the less noise turns the answer. variance(l, z)
    gives s_l^2 (n,) for inputs z of layer l; without it all weights have unit noise, s_l^2 = |(z_{l-1}, 1)|^2.
    """
    parts = []
    for xs, ys in zip(x.split(CHUNK), y.split(CHUNK)):
        z = layer_inputs(weights, xs)
        logits, label = z[-1], one_hot(ys, len(weights[-1])).bool()
        rival = logits.masked_fill(label, -torch.inf).argmax(1)
        towards = label.to(logits.dtype) - one_hot(rival, logits.shape[1])
        spread = torch.zeros_like(logits[:, 0])
        for l, delta in backward(weights, z, towards):
            noise = squared_norm(z[l], weights[l].shape[1]) if variance is None else variance(l, z[l])
            spread += delta.square().sum(1) * noise
        parts.append((logits * towards).sum(1) / spread.sqrt())
    return torch.cat(parts)


def by_margin(margins: Sequence[torch.Tensor], generator: torch.Generator) -> list[torch.Tensor]:
    """Indices of the examples of each stratum, smallest margins first, in random order: H tensors.

    margins: one or several (N,) for the same examples; then an example is as early as the smallest of its ranks. The last
    stratum holds half of the examples, the one before it a quarter, and so on. Raises ValueError for fewer than
    2^(STRATA - 1) examples.
    """
    n = len(margins[0])
    if n < 2 ** (STRATA - 1):
        raise ValueError(f"{STRATA} strata need at least {2 ** (STRATA - 1)} examples, got {n}")
    ranks = [margin.cpu().argsort(stable=True).argsort() for margin in margins]
    order = torch.stack(ranks).amin(0).argsort(stable=True)
    sizes = np.diff([0, *(n >> k for k in range(STRATA - 1, -1, -1))])
    return [part[torch.randperm(len(part), generator=generator)] for part in order.split(sizes.tolist())]


def tallies(
    level: Level,
    strata: list[torch.Tensor],
    x: torch.Tensor,
    y: torch.Tensor,
    counts: np.ndarray,
    generator: torch.Generator,
) -> list[Tally]:
    """The outcomes of counts (H, G) examples of each stratum at each grid point: as many passes over it as that takes."""
    result = []
    for stratum, wanted in zip(strata, counts):
        xs, ys = x[stratum[: wanted.max()]], y[stratum[: wanted.max()]]
        passes = math.ceil(wanted.max() / len(stratum)) or 1
        result.append(level.tally(xs, ys, generator, passes, wanted))
    return result


def estimate(parts: list[Tally], strata: list[torch.Tensor]) -> tuple[np.ndarray, np.ndarray]:
    """Accuracy and its standard error at each grid point: (G,) and (G,).

    sum_h W_h a_h and sqrt(sum_h W_h^2 variance_h / n_h), where variance_h is the sample variance within the stratum: an
    upper bound, since examples are drawn without replacement.
    """
    shares = _shares(strata)
    accuracy = sum(w * part.accuracy for w, part in zip(shares, parts))
    return accuracy, np.sqrt(sum((w * part.stderr) ** 2 for w, part in zip(shares, parts)))


def allocation(pilot: list[Tally], strata: list[torch.Tensor], stderr: np.ndarray) -> np.ndarray:
    """How many examples of each stratum give a standard error `stderr` (G,) with the fewest examples in all: (H, G).

    n_h = W_h s_h sum_j W_j s_j / stderr^2 (Neyman 1934), at least PILOT and at most MOST_PASSES passes over the stratum.
    s_h^2 is the variance of the stratum's outcomes in the pilot, averaged with PRIOR_OUTCOMES of half the variance of
    the stratum before it: where wrong answers are rare, a pilot that met none is no proof that there are none.
    """
    shares = _shares(strata)[:, None]
    variances = [pilot[0].variance]
    for part in pilot[1:]:
        total = part.outcomes * part.variance + PRIOR_OUTCOMES * variances[-1] / 2
        variances.append(total / (part.outcomes + PRIOR_OUTCOMES))
    s = np.sqrt(variances)
    wanted = np.ceil(shares * s * (shares * s).sum(0) / stderr**2)
    return np.clip(wanted, PILOT, np.maximum(PILOT, [[MOST_PASSES * len(part)] for part in strata])).astype(int)


def _shares(strata: list[torch.Tensor]) -> np.ndarray:
    sizes = np.array([len(part) for part in strata])
    return sizes / sizes.sum()
