"""The Fisher matrix of each layer by Kronecker factors, and its diagonal in their eigenbasis.

The gradient of one example by a layer's weights is delta (z, 1)'. Taking the two as independent, the layer's Fisher matrix is
G x A with A = E[(z, 1)(z, 1)'] and G = E[delta delta'], labels from the network's own prediction, in expectation. In the
eigenvectors V of G and U of A the first approximation has the diagonal g_j a_i, and the exact diagonal there, which differs,
is E[(V'delta)_j^2 (U'(z, 1))_i^2]. A is H_l of Lemma 5.1: the paper's layerwise curvature is this one with G = I.

Legend: N examples, C classes, k = n_in + 1. x: a tensor (N, d) or a DataLoader.
"""

from collections.abc import Iterator

import torch
from torch.nn.functional import linear, pad

from pacbayes_curvature.curvature.second_moments import second_moments, spectrum
from pacbayes_curvature.mean_field import Coordinates
from pacbayes_curvature.networks import Weights, backward, chunks, layer_inputs

CHUNK = 4096  # examples at a time


def kronecker(weights: Weights, x: torch.Tensor) -> tuple[Coordinates, Weights]:
    """Eigenvectors (U_l, V_l) and the products g_j a_i, (n_out, k) a layer: Laplace's curvature with Kronecker factors.

    The logits keep their own coordinates, V_L = I with g_j = G_jj, since the noise of the last layer is integrated.

    Source: Martens and Grosse 2015; Ritter, Botev and Barber 2018.

    >>> coordinates, curvature = kronecker([torch.tensor([[1.0, 0.0], [0.0, 0.0]])], torch.tensor([[0.0], [0.0]]))
    >>> curvature[0]  # A has the eigenvalues 1 and 0, G the diagonal 1/4
    tensor([[0.2500, 0.0000],
            [0.2500, 0.0000]])
    """
    like = weights[0]
    inputs = [_tensors(spectrum(a), like) for a in second_moments(weights, x)]
    *hidden, last = output_moments(weights, x)
    outputs = [*(_tensors(spectrum(g.cpu().numpy()), like) for g in hidden), (last.diagonal().to(like), None)]
    curvature = [torch.outer(g, a) for (g, _), (a, _) in zip(outputs, inputs)]
    return Coordinates([u for _, u in inputs], [v for _, v in outputs]), curvature


@torch.no_grad()
def output_moments(weights: Weights, x: torch.Tensor) -> list[torch.Tensor]:
    """G_l = (1/N) sum_n sum_c p_nc delta_nc delta_nc': (n_out, n_out) in float64 a layer, delta_nc for the label c."""
    sums = [torch.zeros(len(w), len(w), dtype=torch.float64, device=w.device) for w in weights]
    examples = 0
    for z, signals in _signals(weights, x):
        examples += len(z[0])
        for l, delta in backward(weights, z, signals):
            flat = delta.reshape(-1, delta.shape[-1])
            sums[l] += flat.T @ flat
    return [total / examples for total in sums]


@torch.no_grad()
def diagonal(weights: Weights, coordinates: Coordinates, x: torch.Tensor) -> Weights:
    """(1/N) sum_n sum_c p_nc (V'delta_nc)_j^2 (U'(z_n, 1))_i^2: the Fisher matrix's own diagonal in these coordinates, (n_out, k) a layer.

    Source: George, Laurent, Bouthillier, Ballas and Vincent 2018; Wang, Grosse, Fidler and Zhang 2019.
    """
    sums = [torch.zeros(w.shape, dtype=torch.float64, device=w.device) for w in weights]
    examples = 0
    for z, signals in _signals(weights, x):
        examples += len(z[0])
        for l, delta in backward(weights, z, signals):
            c = pad(z[l], (0, weights[l].shape[1] - z[l].shape[1]), value=1.0)
            c = c if coordinates.inputs[l] is None else c @ coordinates.inputs[l]
            d = delta if coordinates.outputs[l] is None else linear(delta, coordinates.outputs[l].T)
            sums[l] += d.square().sum(1).T @ c.square()
    return [(total / examples).to(w) for total, w in zip(sums, weights)]


def _tensors(arrays, like: torch.Tensor) -> tuple[torch.Tensor, ...]:
    return tuple(torch.from_numpy(array.copy()).to(like) for array in arrays)


def _signals(weights: Weights, x: torch.Tensor) -> Iterator[tuple[list[torch.Tensor], torch.Tensor]]:
    """The layers' inputs of some examples, and sqrt(p_c) (e_c - p) for every label c: (n, C, C)."""
    for part in chunks(x, weights, CHUNK):
        z = layer_inputs(weights, part)
        p = z[-1].double().softmax(1)  # in float64, since a confident network's 1 - p is far below float32's rounding
        rest = torch.eye(p.shape[1], dtype=p.dtype, device=p.device) - p[:, None, :]
        yield z, (p.sqrt()[:, :, None] * rest).to(part)
