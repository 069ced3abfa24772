"""Hessian, generalised Gauss-Newton and Fisher of a trained network: dense, exact, side by side.

All are for the MEAN cross-entropy Lhat(theta) = -(1/N) sum_n ln p_theta(y_n|x_n), p = softmax of the logits f, at the
weights theta of `networks`: augmented matrices, flattened row by row, layers in order. Legend: N examples, C classes,
k weights; J_n = df(x_n)/dtheta (C, k), s_nc = grad ln p_theta(c|x_n) (k,). Matrices are (k, k) float64 arrays.

    exact Hessian     H = hess Lhat
    GGN               G = (1/N) sum_n J_n' (diag p_n - p_n p_n') J_n
    Fisher            F = (1/N) sum_n sum_c p_nc s_nc s_nc'           = G, for softmax and cross-entropy
    sampled Fisher    (1/N) sum_n s_nc s_nc', one c ~ p_n an example    unbiased for F
    empirical Fisher  (1/N) sum_n s_nc s_nc', c = y_n, the label        biased

Source: Eq. (10), whose sum over n lacks the 1/N that the mean loss asks for.
"""

import numpy as np
import pandas as pd
import torch
from torch.func import grad, jacrev, vmap
from torch.nn.functional import cross_entropy

from pacbayes_curvature import networks
from pacbayes_curvature.curvature.fisher import ggn_diagonal
from pacbayes_curvature.networks import Weights, forward, initialise, unflatten
from paper.networks.training import accuracy
from paper.randomness import stream

CHUNK = 256  # examples at a time: bounds the memory of the per-example Jacobians


def flatten(weights: Weights) -> torch.Tensor:
    """theta (k,) in float64."""
    return networks.flatten(weights).detach().double()


def loss(theta: torch.Tensor, weights: Weights, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """Lhat at theta (k,), in nats, for a network with the shapes of `weights`."""
    return cross_entropy(forward(unflatten(theta, weights), x.double()), y)


def exact_hessian(weights: Weights, x: torch.Tensor, y: torch.Tensor) -> np.ndarray:
    """H, by automatic differentiation, indefinite in general: where training stops, an eigenvalue may be negative."""
    return jacrev(grad(loss))(flatten(weights), weights, x, y).numpy()


def ggn(weights: Weights, x: torch.Tensor) -> np.ndarray:
    """G, from the logits' Jacobians. It does not depend on the labels."""

    def term(xs):
        jacobian = _per_example(_logits, weights, xs)
        p = forward(_double(weights), xs).softmax(1)
        inner = torch.diag_embed(p) - p[:, :, None] * p[:, None, :]
        return torch.einsum("ncj,ncd,ndk->jk", jacobian, inner, jacobian)

    return _mean(term, x)


def fisher(weights: Weights, x: torch.Tensor) -> np.ndarray:
    """F, from the scores of all C classes: the expectation over labels drawn from the network itself."""

    def term(xs):
        scores = _per_example(_log_probabilities, weights, xs)
        roots = (forward(_double(weights), xs).softmax(1).sqrt()[:, :, None] * scores).flatten(0, 1)
        return roots.T @ roots

    return _mean(term, x)


def sampled_fisher(weights: Weights, x: torch.Tensor, generator: torch.Generator) -> np.ndarray:
    """An unbiased estimate of F: one label an example, drawn from the network's own prediction. Eq. (10) over N."""
    p = forward(_double(weights), x.double()).softmax(1)
    return empirical_fisher(weights, x, torch.multinomial(p, 1, generator=generator)[:, 0])


def empirical_fisher(weights: Weights, x: torch.Tensor, y: torch.Tensor) -> np.ndarray:
    """(1/N) sum_n s_n s_n' with s_n the gradient of ln p_theta(y_n|x_n), y (N,) the labels given."""

    def term(xs, ys):
        scores = _per_example(_label_loss, weights, (xs, ys))
        return scores.T @ scores

    return _mean(term, x, y)


def small_network(x: torch.Tensor, y: torch.Tensor, hidden: int, seed: int, steps: int) -> tuple[Weights, Weights]:
    """A ReLU network with one hidden layer, before and after `steps` iterations of L-BFGS on Lhat, in float64.

    Small enough for an exact Hessian: (d + 1) hidden + (hidden + 1) C weights.
    """
    initial = [w.double() for w in initialise([x.shape[1], hidden, int(y.max()) + 1], stream("small network", seed))]
    theta = flatten(initial).requires_grad_()
    optimiser = torch.optim.LBFGS(
        [theta], max_iter=steps, tolerance_grad=0, tolerance_change=0, line_search_fn="strong_wolfe"
    )

    def closure():
        optimiser.zero_grad()
        value = loss(theta, initial, x, y)
        value.backward()
        return value

    optimiser.step(closure)
    return initial, unflatten(theta.detach(), initial)


def network_facts(networks: dict[str, tuple[Weights, Weights]], x: torch.Tensor, y: torch.Tensor) -> pd.DataFrame:
    """A row for each (initial, minimum): weights, loss, training accuracy, squared distance, trace of the GGN."""
    rows = []
    for name, (initial, minimum) in networks.items():
        theta = flatten(minimum)
        rows.append(
            {
                "network": name,
                "weights": len(theta),
                "loss at the minimum": float(loss(theta, minimum, x, y)),
                "training accuracy": accuracy(_double(minimum), x.double(), y),
                "squared distance from the initialisation": float((theta - flatten(initial)).square().sum()),
                "trace of the Hessian": float(ggn_diagonal(minimum, x).sum()),
            }
        )
    return pd.DataFrame(rows)


def spectra(hessian: np.ndarray, ggn: np.ndarray, fisher: np.ndarray) -> pd.DataFrame:
    """Eigenvalues of the three matrices, descending: columns matrix, rank, eigenvalue."""
    matrices = {"Hessian": hessian, "GGN": ggn, "Fisher": fisher}
    rows = [
        pd.DataFrame({"matrix": name, "rank": range(1, len(m) + 1), "eigenvalue": np.linalg.eigvalsh(m)[::-1]})
        for name, m in matrices.items()
    ]
    return pd.concat(rows, ignore_index=True)


def curvature_facts(weights: Weights, hessian: np.ndarray, ggn: np.ndarray, fisher: np.ndarray) -> pd.DataFrame:
    """How far the three matrices agree: within layers, across layers, in trace and in sign."""
    sizes = np.cumsum([0, *(w.numel() for w in weights)])
    within = np.zeros(hessian.shape, bool)
    for start, end in zip(sizes, sizes[1:]):
        within[start:end, start:end] = True
    gap, values = np.abs(hessian - ggn), np.linalg.eigvalsh(hessian)
    facts = {
        "weights": len(hessian),
        "largest entry of the GGN": np.abs(ggn).max(),
        "largest difference, GGN and Fisher": np.abs(ggn - fisher).max(),
        "largest difference, Hessian and GGN, within a layer": gap[within].max(),
        "largest difference, Hessian and GGN, across layers": gap[~within].max(),
        "trace of the Hessian": np.trace(hessian),
        "trace of the GGN": np.trace(ggn),
        "negative eigenvalues of the Hessian": int((values < -1e-10 * values[-1]).sum()),
        "smallest eigenvalue of the Hessian": values[0],
        "largest eigenvalue of the Hessian": values[-1],
        "largest eigenvalue of the GGN": np.linalg.eigvalsh(ggn)[-1],
    }
    return pd.DataFrame({"quantity": list(facts), "value": list(facts.values())})


def _double(weights: Weights) -> Weights:
    return [w.detach().double() for w in weights]


def _logits(theta: torch.Tensor, weights: Weights, z: torch.Tensor) -> torch.Tensor:
    return forward(unflatten(theta, weights), z[None])[0]


def _log_probabilities(theta: torch.Tensor, weights: Weights, z: torch.Tensor) -> torch.Tensor:
    return _logits(theta, weights, z).log_softmax(0)


def _label_loss(theta: torch.Tensor, weights: Weights, example: tuple[torch.Tensor, torch.Tensor]) -> torch.Tensor:
    z, label = example
    return cross_entropy(_logits(theta, weights, z), label)


def _per_example(function, weights: Weights, inputs) -> torch.Tensor:
    """Derivatives by theta of function(theta, weights, example), for each example: (N, ..., k)."""
    return vmap(jacrev(function), in_dims=(None, None, 0))(flatten(weights), weights, inputs)


def _mean(term, x: torch.Tensor, *labels: torch.Tensor) -> np.ndarray:
    """(1/N) sum of term over chunks of examples."""
    chunks = zip(x.double().split(CHUNK), *(y.split(CHUNK) for y in labels))
    return (sum(term(*chunk) for chunk in chunks) / len(x)).detach().numpy()
