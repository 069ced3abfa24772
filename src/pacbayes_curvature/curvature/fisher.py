"""The diagonal of the Fisher matrix, Eq. (10): with drawn labels, its expectation over them, and for flat predictions.

(10) draws one label an example from the network's own prediction p. A network that fits all its examples draws almost
always the label it predicts, whose gradient is almost 0: the estimate rests on the few other draws. Legend: N examples,
C classes; diagonals are lists of (n_out, k) float64 arrays, one a layer, for the MEAN over the examples.
"""

import numpy as np
import torch
from torch.nn.functional import one_hot

from pacbayes_curvature.networks import Weights, backward, chunks, forward, layer_inputs, unflatten

CHUNK = 4096  # examples at a time
DRAWN_CHUNK = 2048  # fewer: the squares of the inputs are as large as the inputs


@torch.no_grad()
def fisher_diagonal(weights: Weights, x: torch.Tensor, generator: torch.Generator) -> list[np.ndarray]:
    """(1/N) sum_n (d/dW_l -ln p(y_n | x_n))^2 with labels y_n drawn from the network's own p: (n_out, k) float64 a layer.

    Its mean over the draw is the diagonal of the Fisher matrix, which is that of the generalised Gauss-Newton matrix,
    of the mean cross-entropy. The gradient of one example is delta_l (z, 1)' with delta_l its gradient by the layer's
    pre-activations; so the sum of the squares is one product, (delta^2)' (z^2, 1), and no example's gradient is formed.
    x: a tensor (N, d) or a DataLoader.

    Source: Eq. (10), with the mean over the examples that it leaves out.

    >>> x = torch.tensor([[3.0], [1.0]])  # two classes, equally likely: the squares of (p - label) are 1/4
    >>> fisher_diagonal([torch.zeros(2, 2)], x, torch.Generator())[0]
    array([[1.25, 0.25],
           [1.25, 0.25]])
    """
    sums = [torch.zeros(w.shape, dtype=torch.float64, device=w.device) for w in weights]
    examples = 0
    for chunk in chunks(x, weights, DRAWN_CHUNK):
        examples += len(chunk)
        z = layer_inputs(weights, chunk)
        p = z[-1].softmax(1)
        # Where the generator is, so that a seed draws the same labels on every device.
        drawn = torch.multinomial(p.to(generator.device), 1, generator=generator)[:, 0].to(p.device)
        for l, delta in backward(weights, z, p - one_hot(drawn, p.shape[1])):
            _add_squares(sums[l], delta.square(), z[l])
    return [(total / examples).cpu().numpy() for total in sums]


@torch.no_grad()
def ggn_diagonal(weights: Weights, x: torch.Tensor) -> np.ndarray:
    """The diagonal of G, (k,), without G: sum_c p_nc s_nc^2 by one backward pass of C signals, at any size.

    For a ReLU network it is the exact Hessian's diagonal too, wherever that exists: the logits are piecewise linear in
    any one weight.
    """
    weights = [w.detach().double() for w in weights]
    z = layer_inputs(weights, x.double())
    p = z[-1].softmax(1)
    signal = p.sqrt()[:, :, None] * (torch.eye(p.shape[1], dtype=p.dtype, device=p.device) - p[:, None, :])  # (N, C, C)
    sums = [torch.zeros_like(w) for w in weights]
    for l, delta in backward(weights, z, signal):
        _add_squares(sums[l], delta.square().sum(1), z[l])
    return torch.cat([total.reshape(-1) / len(x) for total in sums]).cpu().numpy()


def softened(weights: Weights, softness: float) -> Weights:
    """The network with all logits multiplied by `softness`: the same decisions, at 0 < softness < 1 less confident."""
    return [*weights[:-1], weights[-1] * softness]


def sampled(weights: Weights, x: torch.Tensor, generator: torch.Generator, softness: float = 1.0) -> list[np.ndarray]:
    """The diagonal of (10) for logits times `softness`, with derivatives by `weights` themselves.

    Source: Eq. (10); softness is ours. At softness -> 0 all labels are equally likely, whatever the margins.
    """
    return _by_weights(fisher_diagonal(softened(weights, softness), x, generator), softness)


def expected(weights: Weights, x: torch.Tensor, softness: float = 1.0) -> list[np.ndarray]:
    """(1/N) sum_n sum_c p_nc (d/dW_l ln p_nc)^2: the expectation of `sampled` over the labels, nothing drawn."""
    soft, total, examples = softened(weights, softness), 0.0, 0
    for xs in chunks(x, weights, CHUNK):
        total, examples = total + len(xs) * ggn_diagonal(soft, xs), examples + len(xs)
    return _by_weights(unflatten(total / examples, weights), softness)


@torch.no_grad()
def effective_examples(weights: Weights, x: torch.Tensor, drawn: bool, softness: float = 1.0) -> float:
    """On how many of the N examples the diagonal rests: (sum_n E w_n)^2 / sum_n E[w_n^2].

    w_n is the squared length of example n's gradient by the logits: |e_y - p_n|^2 with y drawn from p_n if `drawn`
    (for `sampled`), else the mean of this over y, 1 - |p_n|^2 (for `expected`). For two classes, drawn labels and
    confident predictions it is close to sum_n min_c p_nc, the expected number of labels that are not the network's
    answer. At most N; below 1 if less than one such label is expected.
    """
    total = squares = 0.0
    for xs in chunks(x, weights, CHUNK):
        p = forward(softened(weights, softness), xs).double().softmax(1)
        # |e_c - p|^2 = (sum of the others)^2 + sum of their squares; as 1 - p_c the sum would be rounded to 0.
        apart = p[:, None, :] * (1 - torch.eye(p.shape[1], dtype=p.dtype, device=p.device))
        w = apart.sum(2).square() + apart.square().sum(2)  # (n, C)
        mean = (p * w).sum(1)
        total += mean.sum().item()
        squares += ((p * w.square()).sum(1) if drawn else mean.square()).sum().item()
    return total**2 / squares


def _add_squares(total: torch.Tensor, squares: torch.Tensor, z: torch.Tensor) -> None:
    """Add squares' (z^2, 1) to total (n_out, k), for squares (n, n_out) and inputs z (n, n_in)."""
    n_in = z.shape[1]
    total[:, :n_in] += squares.T @ z.square()
    if total.shape[1] > n_in:
        total[:, -1] += squares.sum(0)


def _by_weights(diagonal: list[np.ndarray], softness: float) -> list[np.ndarray]:
    """From squared derivatives by the softened network's weights to those by the weights it was made from: by the chain
    rule, the last layer's derivatives get a factor `softness`."""
    *earlier, last = diagonal
    return [*earlier, last * softness**2]
