"""Eq. (10): the Fisher matrix as the curvature of softmax cross-entropy, its sampled estimate, and its limits.

Legend: N examples, K classes, k weights; f logits (K,), p = softmax(f), e_y the unit vector of label y; J = df/dtheta
(K, k). The loss is the MEAN cross-entropy Lhat = -(1/N) sum_n ln p(y_n|x_n). The matrices of a network are those of
`measured_curvature`; what the paper gets wrong is in `fisher_errata`.
"""

import itertools
import math

import numpy as np
import pandas as pd
import sympy as sp
import torch
from torch.func import grad, vmap
from torch.nn.functional import cross_entropy

from pacbayes_curvature.curvature import fisher
from pacbayes_curvature.networks import Weights, affine, forward, initialise
from paper.randomness import stream
from paper.theory.checks import Check, closeness, identity, inequality
from paper.theory.posterior import measured_curvature as measured

ROUNDING = 1e-12  # float64 sums of a few hundred terms of order one


def inner_hessian(p: sp.Matrix) -> sp.Matrix:
    """S = diag(p) - p p': the Hessian of -ln softmax(f)_y in the logits f, whatever the label y."""
    return sp.diag(*p) - p * p.T


def label_score(p: sp.Matrix, y: int) -> sp.Matrix:
    """e_y - p: the gradient of ln softmax(f)_y in the logits f."""
    return sp.Matrix([int(c == y) for c in range(len(p))]) - p


def second_derivative(inner: sp.Matrix, residual: sp.Matrix, velocity: sp.Matrix, acceleration: sp.Matrix) -> sp.Expr:
    """f_t' S f_t + (p - e_y)' f_tt: the second derivative of -ln p_y along a line in theta. The first term is GGN."""
    return (velocity.T * inner * velocity + residual.T * acceleration)[0]


def curvature_checks(inner=inner_hessian, score=label_score, second=second_derivative, classes=(2, 3)) -> list[Check]:
    """GGN = Fisher for softmax cross-entropy, and what is left of the Hessian beside it; symbolic.

    A symmetric matrix is known by its quadratic form, and that by second derivatives along lines: theta + t u.
    """
    checks, t = [], sp.Symbol("t")
    for size in classes:
        u, free = sp.Matrix(sp.symbols(f"u1:{size + 1}")), sp.symbols(f"p1:{size}", positive=True)
        p = sp.Matrix([*free, 1 - sum(free)])
        form, scope = (u.T * inner(p) * u)[0], f"symbolic, $K = {size}$, any $p$ and $u$"
        expected = sum(p[y] * (u.T * score(p, y))[0] ** 2 for y in range(size))
        partition = sp.log(sum(p[c] * sp.exp(t * u[c]) for c in range(size)))  # f_c = ln p_c + t u_c; -f_y is linear
        logits = sp.diff(partition, t, 2).subs(t, 0)
        checks += [
            identity("10", r"$\sum_y p_y\,(u^\top s_y)^2 = u^\top S u$", scope, expected, form),
            identity("10", r"$u^\top \nabla_f^2(-\ln p_y)\, u = u^\top S u$", scope, logits, form),
        ]
    f = sp.Matrix([sp.Function(f"f{c}")(t) for c in (1, 2)])
    total = sum(sp.exp(logit) for logit in f)
    p = sp.Matrix([sp.exp(logit) / total for logit in f])
    split = second(inner(p), -score(p, 0), f.diff(t), f.diff(t, 2))
    weights = dict(zip((sp.exp(logit) for logit in f), sp.symbols("w1:3", positive=True)))
    return [
        *checks,
        identity(
            "10", r"$\frac{d^2}{dt^2}(-\ln p_y) = f'^\top S f' + (p - e_y)^\top f''$",
            "symbolic, $K = 2$, any smooth logits along a line $\\theta + tu$; $w_c = e^{f_c}$",
            sp.diff(sp.log(total) - f[0], t, 2).subs(weights), split.subs(weights),
        ),
    ]  # fmt: skip


def mean_over_labels(estimate, weights: Weights, x: torch.Tensor, p: torch.Tensor) -> np.ndarray:
    """The expectation of estimate(weights, x, y) over independent labels y_n ~ p_n, as the sum over all K^N of them."""
    total = 0
    for labels in itertools.product(range(p.shape[1]), repeat=len(x)):
        chance = math.prod(p[n, c].item() for n, c in enumerate(labels))
        total = total + chance * estimate(weights, x, torch.tensor(labels))
    return total


def sampled_label_checks(
    estimate=measured.empirical_fisher, drawn_from=None, seed: int = 0, examples: int = 3
) -> list[Check]:
    """Eq. (10) with its 1/N is unbiased, by the sum over all label vectors: nothing is sampled.

    estimate(weights, x, y) is the matrix for given labels; drawn_from(weights, x) the (N, K) probabilities of the
    labels, by default the network's own.
    """
    drawn_from = drawn_from or predictions
    weights, x, y = _toy(seed, [3, 2, 3], examples)
    layer, z = weights[-1:], affine(weights[0], x).relu()  # logits linear in its weights: hess f = 0
    mean = mean_over_labels(estimate, weights, x, drawn_from(weights, x))
    layer_mean = mean_over_labels(estimate, layer, z, drawn_from(layer, z))
    exact, hessian = measured.fisher(weights, x), measured.exact_hessian(layer, z, y)
    where = f"float64, ReLU network 3-2-3, all {3**examples} label vectors of {examples} examples, seed {seed}"
    return [
        closeness("10", r"the mean over sampled labels is $F$", where, (mean - exact).flat, ROUNDING),
        closeness("10", r"$F$ is the GGN", where, (exact - measured.ggn(weights, x)).flat, ROUNDING),
        closeness(
            "10",
            r"for logits linear in $\theta$, the mean over sampled labels is the Hessian of the mean loss",
            where.replace("ReLU network 3-2-3", "its last layer"),
            (layer_mean - hessian).flat,
            ROUNDING,
        ),
    ]


def rank_checks(seed: int = 0, largest=lambda n, classes: n * (classes - 1)) -> list[Check]:
    """rank F <= N (K - 1), attained; the sampled estimate has rank <= N."""
    margins, gaps, sampled = [], [], []
    for n, sizes in itertools.product((1, 2, 3), ([6, 3], [8, 4], [5, 4, 3])):
        weights, x, _ = _toy(seed, sizes, n)
        rank = np.linalg.matrix_rank(measured.fisher(weights, x), tol=1e-10)
        margins.append(largest(n, sizes[-1]) - rank)
        if len(sizes) == 2:
            gaps.append(largest(n, sizes[-1]) - rank)
        estimate = measured.sampled_fisher(weights, x, stream("sampled labels", seed))
        sampled.append(n - np.linalg.matrix_rank(estimate, tol=1e-10))
    where = f"float64, three networks, $N = 1, 2, 3$, seed {seed}"
    return [
        inequality("10", r"$\operatorname{rank} F \le N(K-1)$", where, margins),
        closeness("10", r"$\operatorname{rank} F = N(K-1)$ for one layer and $N \le n_0$", where, gaps, 0),
        inequality("10", r"the sampled estimate has rank at most $N$", where, sampled),
    ]


def two_layer_eigenvalues(w, p):
    """1 - p and 2 w^2 p (1 - p) - (1 - p): the Hessian of -ln p, p = 1/(1 + e^-ab), at a = b = w."""
    return 1 - p, 2 * w**2 * p * (1 - p) - (1 - p)


def one_example_checks(eigenvalues=two_layer_eigenvalues, empirical=lambda p: (1 - p) ** 2) -> list[Check]:
    """The smallest cases: an indefinite Hessian, and an empirical Fisher matrix that is not the Fisher matrix."""
    a, b, w = sp.symbols("a b w", positive=True)
    logit = a * b
    p = 1 / (1 + sp.exp(-(w**2)))
    hessian = sp.hessian(sp.log(1 + sp.exp(-logit)), (a, b)).subs({a: w, b: w})
    across, along = eigenvalues(w, p)
    statement = r"$f = ab$ at $a = b = w$: $(1, -1)$ and $(1, 1)$ are eigenvectors with the values given"
    f = sp.Symbol("f", real=True)
    gradient = sp.diff(-sp.log(1 + sp.exp(-f)), f)  # of ln p(1), at x = 1
    return [
        identity("10", statement, "symbolic", hessian[0, 0] - hessian[0, 1], across),
        identity("10", statement, "symbolic", hessian[0, 0] + hessian[0, 1], along),
        identity(
            "10",
            r"one logistic weight: the empirical $F$ is $(1-p)^2$",
            "symbolic",
            gradient**2,
            empirical(1 / (1 + sp.exp(-f))),
        ),
    ]


def inner_trace_bound(classes: int, margin):
    """2 (K - 1) e^-m, above tr S when the label's logit leads every other by m."""
    return 2 * (classes - 1) * np.exp(-margin)


def interpolation_checks(bound=inner_trace_bound, seed: int = 0, instances: int = 20) -> list[Check]:
    """The curvature of cross-entropy fades with the margin: tr S <= 2 (K - 1) e^-m, and s^2 tr S -> 0."""
    rng, margins = np.random.default_rng(seed), []
    for _ in range(instances):
        size, margin = int(rng.integers(2, 8)), rng.uniform(0.01, 30)
        logits = np.append(rng.uniform(-1, 0, size - 1) * rng.integers(0, 2), margin)
        p = np.exp(logits - margin)
        p /= p.sum()
        # 1 - p_c as a sum of the others: for large margins the difference would be rounded to 0
        trace = sum(p[c] * np.delete(p, c).sum() for c in range(size))
        margins.append((bound(size, margin) - trace) / trace)
    s, m = sp.symbols("s m", positive=True)
    p = 1 / (1 + sp.exp(-s * m))
    fading = sp.limit(s**2 * p * (1 - p), s, sp.oo)
    return [
        inequality(
            "10", r"$\operatorname{tr} S \le 2(K-1)e^{-m}$", f"float64, {instances} random logits, seed {seed}", margins
        ),
        closeness(
            "10", r"$s^2\,p(1-p) \to 0$, $p = 1/(1+e^{-sm})$, as $s \to \infty$", "symbolic limit, $K = 2$", [fading], 0
        ),
    ]


def predictions(weights: Weights, x: torch.Tensor) -> torch.Tensor:
    """The network's own class probabilities, (N, K) in float64."""
    return forward([w.double() for w in weights], x.double()).softmax(1)


def scores(weights: Weights, x: torch.Tensor, labels: torch.Tensor) -> np.ndarray:
    """The rows g_n = grad ln p(y_n|x_n) of Eq. (10): (N, k) float64."""

    def loss(theta, z, label):
        return cross_entropy(forward(measured.unflatten(theta, weights), z[None])[0], label)

    rows = vmap(grad(loss), in_dims=(None, 0, 0))(measured.flatten(weights), x.double(), labels)
    return -rows.numpy()


def estimates(weights: Weights, x: torch.Tensor, y: torch.Tensor, seed: int, draws=(1, 4, 16, 64)) -> pd.DataFrame:
    """The exact Fisher matrix beside means of sampled ones and the empirical one: trace, and |.- F|_F / |F|_F."""
    exact, generator = measured.fisher(weights, x), stream("sampled labels", seed)
    p, total, found, made = predictions(weights, x), 0, {"exact $F$": exact}, 0
    for count in draws:
        for _ in range(count - made):
            rows = scores(weights, x, torch.multinomial(p, 1, generator=generator)[:, 0])
            total = total + rows.T @ rows / len(rows)
        made = count
        found[f"sampled labels, mean of {count}"] = total / count
    found["empirical: the data's labels"] = measured.empirical_fisher(weights, x, y)
    lines = [(name, np.trace(m), np.linalg.norm(m - exact) / np.linalg.norm(exact)) for name, m in found.items()]
    return pd.DataFrame(lines, columns=["matrix", "trace", "relative distance from $F$"])


def traces_when_scaled(weights: Weights, x: torch.Tensor, scales: np.ndarray) -> pd.DataFrame:
    """tr F of the network whose last layer is multiplied by s: columns scale, trace. No decision changes."""
    traces = [fisher.ggn_diagonal([*weights[:-1], weights[-1] * float(s)], x).sum() for s in scales]
    return pd.DataFrame({"scale": scales, "trace": traces})


def _toy(seed: int, sizes: list[int], examples: int) -> tuple[Weights, torch.Tensor, torch.Tensor]:
    generator = stream("toy network", seed)
    weights = [2 * w.double() for w in initialise(sizes, generator)]
    x = torch.randn(examples, sizes[0], generator=generator, dtype=torch.float64)
    return weights, x, torch.arange(examples) % sizes[-1]
