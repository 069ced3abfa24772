"""Gradient descent without rounded sums: the same network, bit for bit, on every processor and with any number of threads.

A sum of floating-point numbers depends on the order in which it is taken, and libraries for matrices choose that order by the processor. Here
every factor of a product of matrices is first rounded to a grid so coarse that float64 holds all sums of the products without rounding: then the
order does not matter. All other steps are additions, multiplications and divisions of single numbers, which IEEE 754 defines to the
last bit; the exponential is made of these. (Demmel and Nguyen 2013 make sums reproducible; rounding the factors suffices where they may be rounded.)
"""

import math

import torch

from pacbayes_curvature.networks import Weights

MANTISSA = 53  # bits of a float64
SMALLEST = 40  # bits after the point that are kept of a softmax's numerators
CHUNK = 4096  # examples that are in float64 at a time
RISE = 0.3  # of a cycle: its first part


def bits_of(terms: int) -> int:
    """The bits that two factors may have for sums of so many products to be exact: terms * 2^bits * 2^bits <= 2^53."""
    return (MANTISSA - math.ceil(math.log2(terms))) // 2


def on_grid(a: torch.Tensor, bits: int) -> torch.Tensor:
    """The float64 a rounded to multiples of 2^-bits of the power of two above its largest magnitude; ties to even."""
    return _rounded(a, _exponent(a) - bits)


def _exponent(a: torch.Tensor) -> int:
    """The least e with |a| < 2^e everywhere."""
    smallest, largest = a.aminmax()
    return math.frexp(max(-smallest.item(), largest.item()))[1]


def _rounded(a: torch.Tensor, exponent: int) -> torch.Tensor:
    """a to the nearest multiple of 2^exponent: numbers from 2^52 on have no bits after the point."""
    shift = math.ldexp(1.5, MANTISSA - 1 + exponent)
    return (a + shift).sub_(shift)


def exp(x: torch.Tensor) -> torch.Tensor:
    """e^x for float64 x <= 0, to a relative 1e-14; 0 below -700. x = n ln 2 + r, and the series of e^r from its far end."""
    n = _rounded(x.clamp(min=-700) / math.log(2), 0)
    r = x.clamp(min=-700) - n * math.log(2)
    series = torch.ones_like(r)
    for k in range(14, 0, -1):
        series = series * r / k + 1
    power = (n.long() + 1023 << MANTISSA - 1).view(
        torch.float64
    )  # 2^n by its bits: libraries' powers may be off by one
    return torch.where(x < -700, 0.0, series * power)


def one_cycle(step: int, steps: int, peak: float, final: float) -> float:
    """The rate of a step, 0 first: a line from peak / 25 up to peak over the first 3/10 of the steps, a line down to `final`, and `final` from then on
    (one cycle, Smith and Topin 2017)."""
    t = step / steps
    if t < RISE:
        return peak * (0.04 + 0.96 * (t / RISE))
    return max(peak + (final - peak) * ((t - RISE) / (1 - RISE)), final) if t < 1 else final


class Descent:
    """A ReLU network under stochastic gradient descent with momentum on the mean cross-entropy.

    V <- momentum V + gradient, W <- W - rate V, as torch.optim.SGD. The factors of the products, which are inputs, weights and derivatives, have `bits` bits relative
    to the largest of their matrix; what is added up over the steps, W and V, is float64 and not rounded to a grid.
    """

    def __init__(self, initial: Weights, batch_size: int, momentum: float):
        self.bits = bits_of(max(batch_size, *(w.shape[1] for w in initial)))
        self.momentum = momentum
        self.layers = [(w[:, :-1].double().contiguous(), w[:, -1].double()) for w in initial]
        self.velocities = [tuple(map(torch.zeros_like, layer)) for layer in self.layers]

    def inputs(self, x: torch.Tensor) -> torch.Tensor:
        """x (n, d) on its grid, as float32, which holds it."""
        exponent = _exponent(x) - self.bits
        return torch.cat([_rounded(part.double(), exponent).float() for part in x.split(CHUNK)])

    def _forward(self, x: torch.Tensor) -> tuple[list[torch.Tensor], list[torch.Tensor], torch.Tensor]:
        weights = [on_grid(weight, self.bits) for weight, _ in self.layers]
        z = [x.double()]
        for l, (weight, (_, bias)) in enumerate(zip(weights, self.layers)):
            a = z[l] @ weight.T + bias
            if l < len(weights) - 1:
                z.append(on_grid(a.relu_(), self.bits))
        return weights, z, a

    def logits(self, x: torch.Tensor) -> torch.Tensor:
        """Logits (n, classes) for x (n, d) from `inputs`."""
        return self._forward(x)[2]

    def step(self, x: torch.Tensor, y: torch.Tensor, rate: float) -> tuple[float, int]:
        """One step on the examples x (n, d) from `inputs`, with labels y. Returns their mean loss (nats) and how many answers were right,
        both before the step; the loss is for information, its last bits are the processor's."""
        weights, z, logits = self._forward(x)
        shifted = logits - logits.amax(1, keepdim=True)
        numerators = _rounded(exp(shifted), -SMALLEST)
        delta = numerators / numerators.sum(1, keepdim=True)
        loss = numerators.sum(1).log().sub_(shifted[range(len(y)), y]).mean().item()
        delta[range(len(y)), y] -= 1
        delta /= len(y)
        for l in reversed(range(len(weights))):
            delta = on_grid(delta, self.bits)
            gradients = delta.T @ z[l], delta.sum(0)
            if l:
                delta = (delta @ weights[l]).mul_(z[l] > 0)
            for part, velocity, gradient in zip(self.layers[l], self.velocities[l], gradients):
                part.sub_(velocity.mul_(self.momentum).add_(gradient) * rate)
        return loss, int((logits.argmax(1) == y).sum())

    def weights(self) -> Weights:
        """(W, b) of every layer, rounded to float32."""
        return [torch.cat([weight, bias[:, None]], dim=1).float() for weight, bias in self.layers]
