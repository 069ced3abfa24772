"""Lemma 5.1, Eqs. (11) and (31)-(35): the checks of each step and of the corrected theorem.

The bounds themselves are in `layerwise_bounds`, whose legend holds here too; the optimal posteriors in
`layerwise_optima`; what the paper gets wrong in `layerwise_errata`.
"""

import itertools
from collections.abc import Iterator

import numpy as np
import sympy as sp
import torch

from pacbayes_curvature.curvature.second_moments import second_moments
from pacbayes_curvature.networks import affine
from paper.theory.checks import Check, closeness, identity, inequality
from paper.theory.layerwise import bounds as lb

ROUNDING = 1e-11
ACTIVATIONS = (torch.relu, torch.tanh, lambda a: a)  # all 1-Lipschitz


def layer_error(W, Z, T):
    """E_l = (1/N) |W Z - T|_F^2, examples in the N columns of Z and T."""
    return ((W * Z - T).T * (W * Z - T)).trace() / Z.cols


def layer_gradient(W, Z, T):
    """(2/N) (W Z - T) Z', Eq. (33)."""
    return (W * Z - T) * Z.T * 2 / Z.cols


def layer_hessian(W, Z):
    """I (x) (2/N) Z Z', Eq. (34) with its factor 2: one block for each row of W, all equal."""
    return sp.kronecker_product(sp.eye(W.rows), Z * Z.T * 2 / Z.cols)


def layer_error_checks(gradient=layer_gradient, hessian=layer_hessian) -> list[Check]:
    """(33), (34), and E_l as an exact quadratic form at the layer's own output; symbolic."""
    W, Z, T, U = (sp.Matrix(2, 2, sp.symbols(f"{name}11 {name}12 {name}21 {name}22")) for name in "wztu")
    e = sp.Symbol("e")
    error, rows = layer_error(W + e * U, Z, T), sp.Matrix([*U])
    scope = "symbolic, 2 neurons, 2 inputs, 2 examples, any direction $U$"
    return [
        identity(
            "33", r"$\partial_U E_l = \langle U, \nabla E_l\rangle$", scope,
            sp.diff(error, e).subs(e, 0), (U.T * gradient(W, Z, T)).trace(),
        ),
        identity(
            "34", r"$\partial_U^2 E_l = \sum_j u_j^\top (\nabla^2 E_l)_{jj}\, u_j$", scope,
            sp.diff(error, e, 2), (rows.T * hessian(W, Z) * rows)[0],
        ),
        identity(
            "32", r"$E_l(W^0 + U) = \frac12 \sum_j u_j^\top (\nabla^2 E_l)_{jj}\,u_j$, for the targets $W^0 Z$", scope,
            layer_error(W + U, Z, W * Z), (rows.T * hessian(W, Z) * rows)[0] / 2,
        ),
    ]  # fmt: skip


def block_checks(moments=second_moments, seed: int = 0, instances: int = 4) -> list[Check]:
    """The exact Hessian of E_l of networks with biases, by automatic differentiation, against I (x) 2 H_l."""
    gaps = []
    for clean, _, x, _ in random_networks(seed, instances, [3], least=2):
        gaps += exact_layer_hessians(clean, x, 2, moments(clean, x))
    scope = f"float64, {instances} random ReLU networks of 3 layers, 2 neurons of each, seed {seed}"
    statement = r"`second_moments`: $\nabla^2 E_l = I \otimes 2H_l$, off-diagonal blocks 0"
    return [closeness("34", statement, scope, gaps, ROUNDING)]


def exact_layer_hessians(weights, x: torch.Tensor, neurons: int, moments: list[np.ndarray]) -> list[float]:
    """For each layer, the largest |hess E_l - I (x) 2 H_l| over the largest |2 H_l|, for the first `neurons` rows."""
    gaps = []
    for weight, z, moment in zip(weights, lb.inputs(weights, x), moments):
        rows = weight[:neurons]
        target = affine(rows, z)

        def error(flat, z=z, target=target, shape=rows.shape):
            return (affine(flat.view(shape), z) - target).square().sum() / len(z)

        hessian = torch.func.jacrev(torch.func.grad(error))(rows.reshape(-1)).numpy()
        blocks = np.kron(np.eye(len(rows)), 2 * moment)
        gaps.append(float(np.abs(hessian - blocks).max() / np.abs(blocks).max()))
    return gaps


def random_networks(seed: int, instances: int, depths: list[int], most: int = 5, least: int = 1) -> Iterator[tuple]:
    """(clean, noisy, x, activation): random depths, widths least..most, activations, and scales of weights and noise.

    Small weights with large noise, single neurons and no activation are among them: there the bounds are tight.
    """
    rng = np.random.default_rng(seed)
    for instance in range(instances):
        depth = depths[instance % len(depths)]
        widths, scale = rng.integers(least, most + 1, depth + 1), 10 ** rng.uniform(-2, 0.3)
        clean = [torch.from_numpy(rng.normal(size=(o, i + 1)) * scale) for i, o in zip(widths, widths[1:])]
        noisy = [w + torch.from_numpy(rng.normal(size=w.shape)) * 10 ** rng.uniform(-3, 1) for w in clean]
        x = torch.from_numpy(rng.normal(size=(rng.integers(1, 12), widths[0])))
        yield clean, noisy, x, ACTIVATIONS[instance // len(depths) % len(ACTIVATIONS)]


def split(W_new, W, z_new, z):
    """The two parts of W_new z_new - W z: the error that came in, and the layer's own, at the clean input."""
    return W_new * (z_new - z), (W_new - W) * z


def pathwise_checks(
    bound=lb.telescoped,
    loss=lb.root_mean_square,
    weights_of_norms=lambda clean, noisy: noisy,
    parts=split,
    seed: int = 0,
    instances: int = 120,
    depths=(1, 2, 3, 4, 5, 6),
) -> list[Check]:
    """The step behind (32): RMS <= sum_l sqrt(E_l) prod_{k>l} |V_k|, for one perturbed network."""
    symbols = [sp.Symbol(name, commutative=False) for name in (r"\tilde{W}", "W", r"\tilde{z}", "z")]
    checks = [
        identity(
            "32", r"$\tilde W \tilde z - W z = \tilde W(\tilde z - z) + (\tilde W - W)z$", "symbolic, any matrices",
            symbols[0] * symbols[2] - symbols[1] * symbols[3], sum(parts(*symbols)),
        )
    ]  # fmt: skip
    for name, norm in (("Frobenius", lb.frobenius), ("spectral", lb.spectral)):
        margins = []
        for clean, noisy, x, activation in random_networks(seed, instances, list(depths)):
            outputs = (lb.inputs(weights, x, activation)[-1] for weights in (noisy, clean))
            left = loss(next(outputs) - next(outputs))
            norms = [norm(w) for w in weights_of_norms(clean, noisy)]
            right = bound(lb.layer_errors(clean, noisy, x, activation), norms)
            margins.append((right - left) / max(right, left))
        where = f"{instances} random networks, depths {depths[0]} to {depths[-1]}"
        scope = f"float64, {where}, {len(ACTIVATIONS)} activations, seed {seed}"
        statement = rf"RMS $\le \sum_l \sqrt{{E_l}} \prod_{{k>l}} \Vert \tilde V_k\Vert$, {name} norms"
        checks.append(inequality("32", statement, scope, margins, ROUNDING))
    return checks


def expectation_checks(bounds=lb.bounds, seed: int = 0, instances: int = 120, depths=(1, 2, 3, 4, 5, 6)) -> list[Check]:
    """sqrt(E_Q[RMS^2]) against the three bounds, exactly: Q is uniform on two or three matrices a layer."""
    rng, margins, gaps = np.random.default_rng(seed), {}, []
    for clean, _, x, activation in random_networks(seed, instances, list(depths), most=3):
        candidates = _centred_choices(clean, 2 if len(clean) > 4 else 3, rng)
        z = lb.inputs(clean, x, activation)
        squares = [
            lb.root_mean_square(lb.inputs(list(chosen), x, activation)[-1] - z[-1]) ** 2
            for chosen in itertools.product(*candidates)
        ]
        left = float(np.sqrt(np.mean(squares)))
        errors = [
            float(np.mean([lb.root_mean_square(affine(w - w0, z_in)) ** 2 for w in choices]))
            for choices, w0, z_in in zip(candidates, clean, z)
        ]
        noise = [(choices - w0).mT @ (choices - w0) for choices, w0 in zip(candidates, clean)]  # sums over neurons
        for name, right in bounds(errors, clean, [s.mean(0)[:-1, :-1] for s in noise]).items():
            margins.setdefault(name, []).append((right - left) / max(right, left))
        if activation is torch.relu:
            moments = second_moments(clean, x)
            gaps += [(s.mean(0) * torch.from_numpy(h)).sum().item() / e - 1 for s, h, e in zip(noise, moments, errors)]
    scope = (
        f"float64, {instances} random networks, depths {depths[0]} to {depths[-1]}; $Q$ uniform on two or three "
        f"matrices a layer, every combination, seed {seed}"
    )
    return [
        closeness("32", r"$\bar E_l = \sum_j \operatorname{tr}(\Sigma_{lj} H_l)$", scope, gaps, ROUNDING),
        *(
            inequality("11", rf"$\sqrt{{\mathbb E_Q[\text{{RMS}}^2]}} \le$ the {name} bound", scope, values, ROUNDING)
            for name, values in margins.items()
        ),
    ]


def _centred_choices(clean, count: int, rng: np.random.Generator) -> list[torch.Tensor]:
    choices = []
    for weight in clean:
        noise = torch.from_numpy(rng.normal(size=(count, *weight.shape))) * 10 ** rng.uniform(-2, 1)
        choices.append(weight + noise - noise.mean(0))
    return choices


def constant_in_root(factor):
    """C_lj = 2 C_l^2: what stands inside the root of (11), (31), (35) when H_lj = (1/N) sum z z' and C_l before it."""
    return 2 * factor**2


def constant_checks(constant=constant_in_root) -> list[Check]:
    """C_l sqrt(Ebar_l) = sqrt( sum_j C_lj E[eta' H_l eta / 2] ), with E[eta' H_l eta] = tr(Sigma_lj H_l) = e_j."""
    factor, *e = sp.symbols("C e1:4", positive=True)
    statement = (
        r"$C_l\sqrt{\bar E_l} = \sqrt{\sum_j C_{lj}\,\frac12 e_j}$ with $\bar E_l = \sum_j e_j$, $C_{lj} = 2C_l^2$"
    )
    left, right = factor * sp.sqrt(sum(e)), sp.sqrt(sum(constant(factor) * x / 2 for x in e))
    return [identity("35", statement, "symbolic, 3 neurons", left, right)]
