"""Natural steps: the gradient by the inverse Fisher information, the share of the way that a rate is, and a lower objective."""

import math

import numpy as np
import pytest
import torch
from small_networks import nine_examples, normal, seeded, tiny

from pacbayes_curvature.descent import bits, error, kl_divergence, quadratic, theorem_31, variational
from pacbayes_curvature.mean_field import Coordinates, MeanField
from pacbayes_curvature.natural import NaturalDescent, natural_gradient, optimise_naturally

LAM = 0.3


def isotropic(mean, lam=LAM, coordinates=None):
    return MeanField(mean, [torch.full_like(w, lam) for w in mean], coordinates)


def test_the_gradient_is_that_by_the_inverse_fisher_information():
    """Against the expectation of the score's outer product, by Gauss-Hermite quadrature, one weight at a time."""
    prior = tiny(1)
    entries, log_ratio = [[w.requires_grad_() for w in ws] for ws in (tiny(0), normal(2, tiny(0), 0.5))]
    kl = kl_divergence(entries, log_ratio, prior, [LAM] * len(prior))
    value = quadratic(50)(sum(e.square().sum() + s.cos().sum() for e, s in zip(entries, log_ratio)), kl)
    *plain, weight = torch.autograd.grad(value, [*entries, *log_ratio, kl], retain_graph=True)
    found = natural_gradient(value, kl, entries, log_ratio, LAM)
    nodes, weights = (torch.as_tensor(part) for part in np.polynomial.hermite_e.hermegauss(8))
    weights = weights / weights.sum()
    for layer, s in enumerate(log_ratio):
        deviation = (LAM * s.detach().exp()).sqrt()[..., None]
        score = torch.stack([nodes / deviation, ((nodes**2 - 1) / 2).expand(*s.shape, -1)], -1)  # by E, by s
        fisher = torch.einsum("q,...qa,...qb->...ab", weights, score, score)
        gradient = torch.stack([plain[layer], plain[len(prior) + layer]], -1) / weight
        both = torch.stack([found[0][layer], found[1][layer]], -1)
        torch.testing.assert_close(both, torch.linalg.solve(fisher, gradient), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("objective", [theorem_31(64), variational(64, 7.0)])
def test_a_step_goes_its_share_of_the_way_to_the_prior(objective):
    """One class: J is the KL alone. With the prior's variances a step of rate r leaves 1 - r of the distance, whatever the objective."""
    x, y = torch.randn(16, 3, generator=seeded(5), dtype=torch.float64), torch.zeros(16, dtype=torch.long)
    prior, start = tiny(1, (3, 4, 1)), tiny(0, (3, 4, 1))
    found = optimise_naturally(
        isotropic(start), prior, LAM, x, y, objective, NaturalDescent(1, 16, 0.25), seeded(1), bits
    )
    for w, w0, w1, v in zip(found.mean, start, prior, found.variances):
        torch.testing.assert_close(w - w1, 0.75 * (w0 - w1), rtol=1e-10, atol=1e-12)
        torch.testing.assert_close(v, torch.full_like(v, LAM), rtol=1e-10, atol=0)


def test_where_the_prior_starts_variances_go_back_to_its_own():
    x, y = torch.randn(64, 3, generator=seeded(5)), torch.zeros(64, dtype=torch.long)
    prior = tiny(1, (3, 4, 1), torch.float32)
    found = optimise_naturally(
        isotropic(prior, LAM / 3), prior, LAM, x, y, theorem_31(64), NaturalDescent(40, 16, 0.5), seeded(1), bits
    )
    assert found.kl(prior, LAM) < 1e-6 < 0.1 < isotropic(prior, LAM / 3).kl(prior, LAM)


@pytest.mark.parametrize("turned", [False, True])
def test_the_steps_lower_the_objective_and_repeat(digits, digits_network, turned):
    x, y = torch.from_numpy(digits.x_train), torch.from_numpy(digits.y_train)
    mean, prior, lam = digits_network.minimum, digits_network.initial, 0.01
    bases = [torch.linalg.qr(torch.randn(w.shape[1], w.shape[1], generator=seeded(3)))[0] for w in mean]
    start = isotropic(mean, lam, Coordinates(bases, [None] * len(mean)) if turned else None)
    goal, kept = quadratic(len(x)), [w.clone() for w in mean]

    def run():
        return optimise_naturally(start, prior, lam, x, y, goal, NaturalDescent(3, 64, 0.2), seeded(1), error)

    first, second = run(), run()
    assert all(map(torch.equal, [*first.mean, *first.variances], [*second.mean, *second.variances]))
    assert first.coordinates is start.coordinates and all(map(torch.equal, mean, kept)), "the start is left as it was"
    before, after = (
        float(goal(torch.tensor(1 - q.tally(x, y, seeded(2)).accuracy[0]), torch.tensor(q.kl(prior, lam))))
        for q in (start, first)
    )
    assert after < before - 0.05


TURNED = MeanField(
    tiny(0), [torch.ones_like(w) for w in tiny(0)], Coordinates([None] * 2, [None, torch.eye(2, dtype=torch.float64)])
)


@pytest.mark.parametrize(
    "change, message",
    [
        ({"start": isotropic(tiny(0), 0.0)}, "the variances must be positive"),
        ({"start": TURNED}, "the last layer's outputs must be in no other coordinates"),
        ({"lam": 0.0}, "lam must be a positive number, or one for each of 2 layers, got 0.0"),
        (
            {"objective": variational(9, math.inf)},
            "the rate is too large for tiny, NaturalDescent.*: the .* no longer finite",
        ),
    ],
)
def test_what_is_refused(change, message):
    x, y = nine_examples()
    given = {"start": isotropic(tiny(0)), "objective": theorem_31(9), "descent": NaturalDescent(2), "lam": LAM} | change
    with pytest.raises(ValueError, match=message):
        optimise_naturally(prior_mean=tiny(1), x=x, y=y, generator=seeded(1), label="tiny", **given)


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: NaturalDescent(0), "epochs must be at least 1, got 0"),
        (lambda: NaturalDescent(1, 0), "batch_size must be at least 1, got 0"),
        (lambda: NaturalDescent(1, rate=0.0), r"rate must lie in \(0, 1\], got 0.0"),
        (lambda: NaturalDescent(1, rate=math.nan), r"rate must lie in \(0, 1\], got nan"),
    ],
)
def test_impossible_settings_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
