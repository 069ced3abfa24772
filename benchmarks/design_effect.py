"""How many examples of ours tell as much as the paper's weight draws: the design effect at a grid point.

One draw of the weights is run over all N examples, and their answers depend on each other. So the accuracy of one draw has
the variance s^2 = psi a (1 - a) / N with a design effect psi >= 1 (Kish 1965), against 1 for independent answers.
"""

import numpy as np
import torch
from scipy.interpolate import RegularGridInterpolator
from torch.nn.functional import linear

from .problems import Problem

DRAWS = 5  # of the paper, at each grid point


@torch.no_grad()
def measure(problem: Problem, points: np.ndarray, draws: int, examples: int, generator: torch.Generator) -> np.ndarray:
    """psi at these grid points: (len(points),), from `draws` networks run over the first `examples` examples.

    With o_n the answers of a draw, s^2 = v / N + c (N - 1) / N with v = mean Var(o_n), c = mean Cov(o_n, o_m) over n != m.
    Both are estimated without bias from M < N examples: v from each example's share of right answers, c from the variance of
    the draws' accuracies, v / M + c (M - 1) / M. psi is clipped at 1, its value for independent answers, and is 1 where no
    draw erred or no accuracy differed: the least variance that the paper's procedure can have, and so the hardest for us.

    The first layer's inputs are rotated once, U'(z, 1), so that its weights need not be.
    """
    n, m, x, y = len(problem.y), min(examples, len(problem.y)), problem.x[:examples], problem.y[:examples]
    bases = [torch.from_numpy(np.ascontiguousarray(layer.basis)).float() for layer in problem.layers]
    rotated = linear(x, bases[0][:-1].T, bases[0][-1])
    means = [problem.weights[0] @ bases[0], *problem.weights[1:]]
    psi = np.ones(len(points))
    for i, g in enumerate(points):
        lam, beta = problem.lam[g], problem.beta[g]
        deviations = [torch.from_numpy(np.sqrt(lam / (1 + lam / beta * l.curvature))).float() for l in problem.layers]
        right, accuracies = torch.zeros(m), []
        for _ in range(draws):
            z = rotated
            for l, (mean, deviation) in enumerate(zip(means, deviations)):
                noise = torch.randn(mean.shape, generator=generator) * deviation
                w = mean + (noise @ bases[l].T if l else noise)
                z = linear(z.relu(), w[:, :-1].contiguous(), w[:, -1].contiguous()) if l else z @ w.T
            correct = (z.argmax(1) == y).float()
            right += correct
            accuracies.append(correct.mean().item())
        psi[i] = _design_effect(right.double().numpy() / draws, np.array(accuracies), n)
    return psi


def _design_effect(shares: np.ndarray, accuracies: np.ndarray, n: int) -> float:
    """psi for N = n from the examples' shares of right answers (M,) and the draws' accuracies (draws,)."""
    m, draws, a = len(shares), len(accuracies), accuracies.mean()
    v = (shares * (1 - shares)).mean() * draws / (draws - 1)
    c = (accuracies.var(ddof=1) - v / m) * m / (m - 1)
    variance = v / n + c * (n - 1) / n
    return max(1.0, variance * n / (a * (1 - a))) if 0 < a < 1 else 1.0


def over_the_grid(problem: Problem, nodes: int, draws: int, examples: int, generator: torch.Generator) -> np.ndarray:
    """psi at every grid point: (G,), measured at nodes x nodes points that include the corners, ln psi interpolated."""
    size = round(problem.points**0.5)
    axis = np.unique(np.linspace(0, size - 1, nodes).round().astype(int))
    points = (axis[:, None] * size + axis).ravel()
    psi = measure(problem, points, draws, examples, generator)
    log = RegularGridInterpolator((axis, axis), np.log(psi).reshape(len(axis), len(axis)))
    rows, columns = np.divmod(np.arange(problem.points), size)
    return np.exp(log(np.c_[rows, columns]))


def standard_error(wrong: np.ndarray, psi: np.ndarray, n: int) -> np.ndarray:
    """That of the paper's DRAWS draws over all N = n examples: sqrt(psi a (1 - a) / (DRAWS N)), (G,), for wrong = 1 - a.

    At least 1/N, what one training example weighs.
    """
    return np.maximum(np.sqrt(psi * wrong * (1 - wrong) / (DRAWS * n)), 1 / n)
