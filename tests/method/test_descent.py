"""The PAC-Bayes objective and its descent."""

import math

import pytest
import torch
from dense_reference import gaussian_kl
from small_networks import nine_examples, normal, seeded, tiny
from torch.nn.functional import cross_entropy

from pacbayes_curvature import bounds, gaussians, networks
from pacbayes_curvature.descent import Descent, kl_divergence, objective, optimise, surrogate
from pacbayes_curvature.networks import flatten

LAM, DELTA = 0.3, 0.05


@pytest.fixture
def examples():
    return nine_examples()


def test_the_gradient_is_that_of_finite_differences(examples):
    mean, prior = tiny(0), tiny(1)
    log_ratio = normal(2, mean, 0.5)
    point = [w.requires_grad_() for w in (*mean, *log_ratio)]

    def value():
        return objective(point[:2], point[2:], prior, LAM, *examples, n=50, delta=DELTA, generator=seeded(3))

    gradients = torch.autograd.grad(value(), point)
    step = 1e-6
    for weights, gradient in zip(point, gradients):
        assert gradient.abs().max() > 1e-3
        for entry, slope in zip(weights.detach().view(-1), gradient.flatten()):
            ends = []
            for sign in (1, -1):
                entry += sign * step
                ends.append(value().item())
                entry -= sign * step
            assert (ends[0] - ends[1]) / (2 * step) == pytest.approx(slope.item(), rel=1e-5, abs=1e-8)


def test_the_surrogate_is_the_mean_over_drawn_networks(examples):
    mean, draws = tiny(0), 20_000
    variances = [LAM * s.exp() for s in normal(2, mean)]
    x, y = examples[0][:3], examples[1][:3]
    dense = torch.empty(draws)
    noise = [normal(seed, [torch.empty(draws, *w.shape, dtype=w.dtype)])[0] for seed, w in enumerate(mean)]
    for draw in range(draws):
        sample = [w + v.sqrt() * eps[draw] for w, v, eps in zip(mean, variances, noise)]
        dense[draw] = cross_entropy(networks.forward(sample, x), y) / math.log(2)
    fast = torch.stack([surrogate(mean, variances, x, y, seeded(seed)) for seed in range(draws // 4)])
    error = math.hypot(dense.std() / draws**0.5, fast.std() / len(fast) ** 0.5)
    assert error < 0.03 * dense.mean()
    assert abs(dense.mean() - fast.mean()) < 4 * error


def test_without_noise_the_surrogate_is_the_cross_entropy_in_bits(examples):
    x, y = examples
    mean = tiny(0)
    value = surrogate(mean, [torch.zeros_like(w) for w in mean], x, y, seeded(1))
    p = networks.forward(mean, x).softmax(1)
    assert value.item() == pytest.approx(-sum(math.log2(p[i, y[i]]) for i in range(len(x))) / len(x), rel=1e-12)
    uniform = [torch.zeros_like(w) for w in mean]
    assert surrogate(uniform, uniform, x, y, seeded(1)).item() == pytest.approx(1)


def test_the_surrogate_is_never_below_the_error(examples):
    """Whatever the noise: a misclassified example costs a bit."""
    x, y = examples
    for seed in range(50):
        mean = [3 * w for w in tiny(seed)]
        bits = surrogate(mean, [torch.zeros_like(w) for w in mean], x, y, seeded(1))
        assert bits >= (networks.forward(mean, x).argmax(1) != y).double().mean()


def test_the_divergence_is_the_gaussians(examples):
    mean, prior = tiny(0), tiny(1)
    log_ratio = normal(2, mean)
    value = kl_divergence(mean, log_ratio, prior, LAM)
    q, p, s = (flatten(weights).double() for weights in (mean, prior, log_ratio))
    assert value.item() == pytest.approx(float(gaussian_kl(q, LAM * s.exp(), p, LAM)), rel=1e-12)
    assert value.item() == pytest.approx(gaussians.kl_divergence(q, LAM * s.exp(), p, LAM).item(), rel=1e-12)
    same = [torch.zeros_like(w) for w in mean]
    assert kl_divergence(mean, same, mean, LAM) == 0


def test_nothing_to_learn_leads_back_to_the_prior(examples):
    """One class: the surrogate is 0 for all weights, and the minimum of J is Q = P."""
    x, prior, start = (
        torch.randn(64, 3, generator=seeded(5)),
        tiny(1, (3, 4, 1), torch.float32),
        tiny(0, (3, 4, 1), torch.float32),
    )
    descent = Descent(epochs=100, batch_size=16, mean_rate=0.02)
    found = optimise(start, prior, LAM, x, torch.zeros(64, dtype=torch.long), DELTA, descent, seeded(1))
    log_ratio = [(v / LAM).log() for v in found.variances]
    before = kl_divergence(start, [torch.zeros_like(w) for w in start], prior, LAM)
    assert kl_divergence(found.mean, log_ratio, prior, LAM) < 1e-3 * before
    assert found.objective[-1] == pytest.approx(bounds.complexity(0.0, 64, DELTA), rel=1e-3)


def test_the_descent_lowers_the_objective_and_repeats(digits, digits_network):
    x, y = torch.from_numpy(digits.x_train), torch.from_numpy(digits.y_train)
    start, prior = digits_network.minimum, digits_network.initial

    def run():
        return optimise(start, prior, 0.01, x, y, DELTA, Descent(3, batch_size=64), seeded(1))

    first, second = run(), run()
    same = [torch.zeros_like(w) for w in start]
    before = objective(start, same, prior, 0.01, x, y, len(x), DELTA, seeded(2)).item()
    assert first.objective[0] > first.objective[1] > first.objective[2] and first.objective[2] < before - 0.05
    assert len(first.path) == 3 and all(map(torch.equal, first.path[-1], first.mean))
    assert all(map(torch.equal, first.mean + first.variances, second.mean + second.variances))
    assert first.objective == second.objective
    assert all(bool((v > 0).all()) for v in first.variances) and not torch.equal(first.variances[0], same[0] + 0.01)
    assert all(map(torch.equal, start, digits_network.minimum)), "the start is left as it was"


@pytest.mark.parametrize(
    "change, message",
    [
        ({"lam": 0.0}, "lam must be positive, got 0.0"),
        ({"delta": 1.0}, "delta must lie strictly between 0 and 1, got 1"),
        (
            {"descent": Descent(2, mean_rate=math.inf)},
            "no longer finite: the learning rates are too large for tiny",
        ),
    ],
)
def test_what_the_descent_refuses(examples, change, message):
    x, y = examples
    given = {"lam": LAM, "delta": DELTA, "descent": Descent(2), "label": "tiny"} | change
    with pytest.raises(ValueError, match=message):
        optimise(tiny(0), tiny(1), x=x, y=y, generator=seeded(1), **given)


@pytest.mark.parametrize("settings, message", [({"epochs": 0}, "epochs must be at least 1, got 0"), ({"epochs": 1, "batch_size": 0}, "batch_size must be at least 1, got 0")])  # fmt: skip
def test_a_descent_needs_an_epoch_and_an_example(settings, message):
    with pytest.raises(ValueError, match=message):
        Descent(**settings)
