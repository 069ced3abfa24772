"""Few examples in place of the whole training set: strata by margin, so that the examples that err are looked at most.

At a well-fitting grid point nearly all wrong answers come from the few examples with small margins. A random part of the
training set holds few of these; here each stratum gives a random part of its own, and the strata's means are weighted with
their shares: sum_h W_h a_h, without bias, whatever the strata and the numbers of examples (Cochran 1977, chapter 5).

Legend: N examples, H strata, G grid points; W_h the share of stratum h; z_{l-1} the input of layer l, delta_l the
derivative of the margin by the pre-activations of layer l.
"""

import math

import numpy as np
import torch
from torch.nn.functional import one_hot

from pacbayes_curvature.gibbs.local_reparametrisation import LocalReparametrisation
from pacbayes_curvature.gibbs.outcomes import Tally
from pacbayes_curvature.networks import Weights, affine

STRATA = 8  # each with twice the examples of the one before it, but for the first two
CHUNK = 4096  # examples at a time
PILOT = 256  # examples of each stratum that plan how many are needed, and the least that are taken
IMAGINARY = 128
MOST_PASSES = 5


@torch.no_grad()
def standardised_margins(weights: Weights, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """The margin of each example over its standard deviation when all weights have unit noise, to first order: (N,).

    (f_y - max_{c != y} f_c) / sqrt(sum_l |delta_l|^2 |(z_{l-1}, 1)|^2): the smaller, the less noise turns the answer.
    """
    parts = []
    for xs, ys in zip(x.split(CHUNK), y.split(CHUNK)):
        inputs = [xs]
        for weight in weights[:-1]:
            inputs.append(affine(weight, inputs[-1]).relu_())
        logits, label = affine(weights[-1], inputs[-1]), one_hot(ys, len(weights[-1])).bool()
        rival = logits.masked_fill(label, -torch.inf).argmax(1)
        delta = label.float() - one_hot(rival, logits.shape[1])
        margin, variance = (logits * delta).sum(1), torch.zeros(len(xs))
        for layer in reversed(range(len(weights))):
            variance += delta.square().sum(1) * (inputs[layer].square().sum(1) + 1)
            if layer:  # the data need no derivative
                delta = (delta @ weights[layer][:, :-1]) * (inputs[layer] > 0)
        parts.append(margin / variance.sqrt())
    return torch.cat(parts)


def by_margin(weights: Weights, x: torch.Tensor, y: torch.Tensor, generator: torch.Generator) -> list[torch.Tensor]:
    """Indices of the examples of each stratum, smallest margins first, in random order: H tensors.

    The last stratum holds half of the examples, the one before it a quarter, and so on. Raises ValueError for fewer than
    2^(STRATA - 1) examples.
    """
    if len(x) < 2 ** (STRATA - 1):
        raise ValueError(f"{STRATA} strata need at least {2 ** (STRATA - 1)} examples, got {len(x)}")
    order = standardised_margins(weights, x, y).argsort(stable=True)
    sizes = np.diff([0, *(len(x) >> k for k in range(STRATA - 1, -1, -1))])
    return [part[torch.randperm(len(part), generator=generator)] for part in order.split(sizes.tolist())]


def tallies(
    classifiers: LocalReparametrisation,
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
        result.append(classifiers.tally(xs, ys, generator, passes, wanted))
    return result


def estimate(parts: list[Tally], strata: list[torch.Tensor]) -> tuple[np.ndarray, np.ndarray]:
    """Accuracy and its standard error at each grid point: (G,) and (G,).

    sum_h W_h a_h and sqrt(sum_h W_h^2 variance_h / n_h), where variance_h is the sample variance within the stratum: an
    upper bound, since examples are drawn without replacement.
    """
    shares = _shares(strata)
    accuracy = sum(w * part.accuracy for w, part in zip(shares, parts))
    return accuracy, np.sqrt(sum((w * part.stderr) ** 2 for w, part in zip(shares, parts)))


def to_precision(
    classifiers: LocalReparametrisation,
    strata: list[torch.Tensor],
    x: torch.Tensor,
    y: torch.Tensor,
    stderr: np.ndarray,
    generator: torch.Generator,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Accuracy from as many examples as a standard error of `stderr` (G,) needs, that error, and the examples: (G,) each.

    A pilot of PILOT examples a stratum plans the numbers, and is then forgotten: that keeps the estimate unbiased.
    """
    pilot = tallies(classifiers, strata, x, y, np.full((len(strata), len(stderr)), PILOT), generator)
    counts = allocation(pilot, strata, stderr)
    return *estimate(tallies(classifiers, strata, x, y, counts, generator), strata), counts.sum(0)


def allocation(pilot: list[Tally], strata: list[torch.Tensor], stderr: np.ndarray) -> np.ndarray:
    """How many examples of each stratum give a standard error `stderr` (G,) with the fewest examples in all: (H, G).

    n_h = W_h s_h sum_j W_j s_j / stderr^2 (Neyman 1934), at least PILOT and at most MOST_PASSES passes over the stratum.
    s_h^2 is the variance of the stratum's outcomes in the pilot, averaged with IMAGINARY outcomes of half the variance of
    the stratum before it: where wrong answers are rare, a pilot that met none is no proof that there are none.
    """
    shares = _shares(strata)[:, None]
    variances = [pilot[0].variance]
    for part in pilot[1:]:
        total = part.outcomes * part.variance + IMAGINARY * variances[-1] / 2
        variances.append(total / (part.outcomes + IMAGINARY))
    s = np.sqrt(variances)
    wanted = np.ceil(shares * s * (shares * s).sum(0) / stderr**2)
    return np.clip(wanted, PILOT, np.maximum(PILOT, [[MOST_PASSES * len(part)] for part in strata])).astype(int)


def _shares(strata: list[torch.Tensor]) -> np.ndarray:
    sizes = np.array([len(part) for part in strata])
    return sizes / sizes.sum()
