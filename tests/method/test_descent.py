"""A bound by optimisation: losses, objectives, their gradients, and the descent in any coordinates."""

import math

import pytest
import torch
from dense_reference import gaussian_kl
from small_networks import nine_examples, normal, seeded, tiny
from torch.nn.functional import cross_entropy

from pacbayes_curvature import bounds, networks
from pacbayes_curvature.descent import (
    Descent,
    bits,
    error,
    inputs,
    kl_divergence,
    moments,
    optimise,
    quadratic,
    theorem_31,
    variational,
)
from pacbayes_curvature.mean_field import Coordinates, MeanField

LAM, DELTA = 0.3, 0.05
KINDS = ("weights", "inputs", "outputs", "both")
OBJECTIVES = {"theorem_31": theorem_31(50), "quadratic": quadratic(50), "variational": variational(50, 0.5)}


@pytest.fixture
def examples():
    return nine_examples()


def some_coordinates(kind, weights):
    """Orthogonal U and V, but none for the last layer's outputs."""

    def rotation(seed, k):
        return torch.linalg.qr(torch.randn(k, k, generator=seeded(seed), dtype=torch.float64))[0]

    inputs = [rotation(10 + l, w.shape[1]).to(w) if kind in ("inputs", "both") else None for l, w in enumerate(weights)]
    outputs = [rotation(20 + l, len(w)).to(w) if kind in ("outputs", "both") else None for l, w in enumerate(weights)]
    return Coordinates(inputs, [*outputs[:-1], None])


def value_at(entries, log_ratio, log_lam, coordinates, prior, examples, objective, loss, seed=3):
    """J, as `optimise` puts it together, on one batch."""
    x, y = examples
    scale, generator = log_lam.exp(), seeded(seed)
    v = [l * s.exp() for l, s in zip(scale, log_ratio)]
    a, s = moments(entries, v, coordinates, inputs(x, coordinates, entries[0].shape[1]), generator)
    return objective(loss(a, s, y, generator).mean(), kl_divergence(entries, log_ratio, prior, scale))


# Losses ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("loss", [bits, error])
@pytest.mark.parametrize("kind", ["weights", "both"])
def test_the_loss_is_the_mean_over_drawn_networks(examples, kind, loss):
    mean, draws = tiny(0), 3000
    q = MeanField(mean, [LAM * s.exp() for s in normal(2, mean)], some_coordinates(kind, mean))
    x, y = examples[0][:3], examples[1][:3]
    dense, generator = torch.empty(draws), seeded(4)
    for draw in range(draws):
        a = networks.forward(q.draw(generator), x)
        wrong = (a.argmax(1) != y).double().mean()
        dense[draw] = wrong if loss is error else cross_entropy(a, y) / math.log(2)
    many = x.repeat(4000, 1)  # each row with noise of its own
    c = inputs(many, q.coordinates, mean[0].shape[1])
    a, s = moments(q.coordinates.of(mean), q.variances, q.coordinates, c, generator)
    fast = loss(a, s, y.repeat(4000), generator)
    tolerance = math.hypot(dense.std() / draws**0.5, fast.std() / len(fast) ** 0.5)
    assert tolerance < 0.05 * dense.mean()
    assert abs(dense.mean() - fast.mean()) < 4 * tolerance


def test_without_noise_bits_are_the_cross_entropy_and_errors_are_counted(examples):
    x, y = examples
    mean = tiny(0)
    a = networks.forward(mean, x)
    p, none = a.softmax(1), torch.zeros_like(a)
    expected = [-math.log2(p[i, y[i]]) for i in range(len(x))]
    assert bits(a, none, y, seeded(1)).tolist() == pytest.approx(expected, rel=1e-12)
    assert bits(none, none, y, seeded(1)).tolist() == [1.0] * 9
    assert torch.equal(error(a, none, y, seeded(1)), (a.argmax(1) != y).double())


def test_bits_are_never_below_the_error(examples):
    """Whatever the noise: a misclassified example costs a bit."""
    x, y = examples
    for seed in range(50):
        a = networks.forward([3 * w for w in tiny(seed)], x)
        wrong = (a.argmax(1) != y).double()
        assert (bits(a, torch.zeros_like(a), y, seeded(1)) >= wrong).all()


@pytest.mark.parametrize("kind", KINDS)
def test_errors_of_a_step_are_outcomes_of_the_posterior(examples, kind):
    """Another code, the same expectation: `MeanField.tally`."""
    x, y = examples
    mean = tiny(0, (3, 5, 4, 2))
    q = MeanField(mean, [LAM * s.exp() for s in normal(2, mean)], some_coordinates(kind, mean))
    c = inputs(x.repeat(2000, 1), q.coordinates, 4)
    found = error(*moments(q.coordinates.of(mean), q.variances, q.coordinates, c, seeded(1)), y.repeat(2000), seeded(2))
    tally = q.tally(x, y, seeded(3), passes=2000)
    tolerance = math.hypot(found.std() / len(found) ** 0.5, tally.stderr[0])
    assert abs(1 - tally.accuracy[0] - found.mean()) < 4 * tolerance < 0.02


# Objectives and their gradients ----------------------------------------------------------------------------------------


def test_the_objectives_are_the_bounds(examples):
    risk, kl, n = torch.tensor(0.07, dtype=torch.float64), torch.tensor(30.0, dtype=torch.float64), 500
    assert theorem_31(n, 0.01)(risk, kl).item() == pytest.approx(bounds.pac_bayes_bound(0.07, 30.0, n, 0.01), rel=1e-14)
    assert variational(n)(risk, kl).item() == pytest.approx(0.07 + 30 / n, rel=1e-14)
    assert variational(n, 0.1)(risk, kl).item() == pytest.approx(0.07 + 3 / n, rel=1e-14)
    # `bounds.quadratic_bound` has ln(2 sqrt(N) / delta) in place of ln(2 (N - 1) / delta).
    shift = math.log((n - 1) / math.sqrt(n))
    assert quadratic(n, 0.01)(risk, kl).item() == pytest.approx(
        bounds.quadratic_bound(0.07, 30.0 + shift, n, 0.01), rel=1e-13
    )
    assert quadratic(n)(torch.tensor(3.0), kl) > 3, "a loss above 1 may enter"


def test_the_divergence_is_the_gaussians(examples):
    mean, prior, lam = tiny(0), tiny(1), torch.tensor([0.3, 0.7], dtype=torch.float64)
    log_ratio = normal(2, mean)
    value = kl_divergence(mean, log_ratio, prior, lam)
    expected = sum(
        gaussian_kl(w.flatten(), l * s.flatten().exp(), w1.flatten(), l)
        for w, s, w1, l in zip(mean, log_ratio, prior, lam.tolist())
    )
    assert value.item() == pytest.approx(float(expected), rel=1e-12)
    q = MeanField(mean, [l * s.exp() for l, s in zip(lam, log_ratio)])
    assert value.item() == pytest.approx(q.kl(prior, lam.tolist()), rel=1e-12)
    same = [torch.zeros_like(w) for w in mean]
    assert kl_divergence(mean, same, mean, lam) == 0


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("loss", [bits, error])
@pytest.mark.parametrize("objective, kind", [("theorem_31", "weights"), ("quadratic", "both"), ("variational", "inputs"), ("quadratic", "outputs")])  # fmt: skip
def test_the_gradient_is_that_of_finite_differences(examples, objective, kind, loss, classes):
    """Along every entry, every log-ratio and every ln lam."""
    mean, prior = tiny(0, (3, 4, classes)), tiny(1, (3, 4, classes))
    coordinates = some_coordinates(kind, mean)
    log_lam = torch.tensor([-1.0, -0.3], dtype=torch.float64, requires_grad=True)
    points = [w.requires_grad_() for w in (*coordinates.of(mean), *normal(2, mean, 0.5))] + [log_lam]

    def value():
        return value_at(
            points[:2], points[2:4], log_lam, coordinates, coordinates.of(prior), examples, OBJECTIVES[objective], loss
        )

    gradients, step = torch.autograd.grad(value(), points), 1e-6
    for weights, gradient in zip(points, gradients):
        assert gradient.abs().max() > 1e-4
        for entry, slope in zip(weights.detach().view(-1), gradient.flatten()):
            ends = []
            with torch.no_grad():
                for sign in (1, -1):
                    entry += sign * step
                    ends.append(value().item())
                    entry -= sign * step
            assert (ends[0] - ends[1]) / (2 * step) == pytest.approx(slope.item(), rel=1e-4, abs=1e-7)


@pytest.mark.parametrize("loss", [bits, error])
def test_the_objective_of_a_posterior_does_not_depend_on_the_coordinates(examples, loss):
    """Alike in all directions Q is the same in all of them: equal with the same noise where only inputs are turned, equal in the
    mean over noise where outputs are."""
    mean, prior, (x, y) = tiny(0), tiny(1), nine_examples()
    log_lam = torch.tensor([-1.0, -0.3], dtype=torch.float64)
    log_ratio = [torch.full_like(w, 0.2) for w in mean]

    def values(kind, copies, seed):
        coordinates = some_coordinates(kind, mean)
        return value_at(
            coordinates.of(mean), log_ratio, log_lam, coordinates, coordinates.of(prior),
            (x.repeat(copies, 1), y.repeat(copies)), theorem_31(50), loss, seed,
        ).item()  # fmt: skip

    assert values("inputs", 1, 3) == pytest.approx(values("weights", 1, 3), rel=1e-12)
    plain = torch.tensor([values("weights", 100, seed) for seed in range(20)])
    turned = torch.tensor([values("both", 100, seed) for seed in range(100, 120)])
    tolerance = math.hypot(plain.std() / 20**0.5, turned.std() / 20**0.5)
    assert abs(plain.mean() - turned.mean()) < 4 * tolerance < 0.05 * plain.mean()


def test_gradients_turn_with_the_coordinates(examples):
    """The derivative by E = V' W U is V' (dJ/dW) U: here for the inputs' coordinates, with the same noise."""
    mean, prior = tiny(0), tiny(1)
    log_lam, log_ratio = torch.zeros(2, dtype=torch.float64), [torch.zeros_like(w) for w in mean]
    gradients = {}
    for kind in ("weights", "inputs"):
        coordinates = some_coordinates(kind, mean)
        entries = [w.detach().requires_grad_() for w in coordinates.of(mean)]
        value = value_at(
            entries, log_ratio, log_lam, coordinates, coordinates.of(prior), examples, theorem_31(50), bits
        )
        gradients[kind] = torch.autograd.grad(value, entries)
    for turned, plain in zip(gradients["inputs"], some_coordinates("inputs", mean).of(gradients["weights"])):
        torch.testing.assert_close(turned, plain, rtol=1e-10, atol=1e-14)


# The descent -----------------------------------------------------------------------------------------------------------


def isotropic(mean, lam=LAM, kind="weights"):
    return MeanField(mean, [torch.full_like(w[:1], lam) for w in mean], some_coordinates(kind, mean))


@pytest.mark.parametrize("kind", ["weights", "both"])
def test_nothing_to_learn_leads_back_to_the_prior(kind):
    """One class: the loss is 0 for all weights, and the minimum of J is Q = P."""
    x = torch.randn(64, 3, generator=seeded(5))
    prior, start = tiny(1, (3, 4, 1), torch.float32), isotropic(tiny(0, (3, 4, 1), torch.float32), kind=kind)
    descent = Descent(epochs=100, batch_size=16, mean_rate=0.02)
    found = optimise(
        start, prior, LAM, x, torch.zeros(64, dtype=torch.long), theorem_31(64, DELTA), descent, seeded(1), bits
    )
    assert found.posterior.kl(prior, LAM) < 1e-3 * start.kl(prior, LAM)
    assert found.objective[-1] == pytest.approx(bounds.complexity(0.0, 64, DELTA), rel=1e-3)


@pytest.mark.parametrize("objective, loss, kind", [("theorem_31", bits, "weights"), ("quadratic", error, "both")])
def test_the_descent_lowers_the_objective_and_repeats(digits, digits_network, objective, loss, kind):
    x, y = torch.from_numpy(digits.x_train), torch.from_numpy(digits.y_train)
    mean, prior = digits_network.minimum, digits_network.initial
    start = isotropic(mean, 0.01, kind)
    goal = {"theorem_31": theorem_31, "quadratic": quadratic}[objective](len(x), DELTA)
    kept = [w.clone() for w in mean]

    def run():
        return optimise(start, prior, 0.01, x, y, goal, Descent(3, batch_size=64), seeded(1), loss)

    first, second = run(), run()
    assert first.objective[0] > first.objective[1] > first.objective[2]
    assert len(first.path) == 3 and all(map(torch.equal, first.path[-1], first.posterior.mean))
    assert all(map(torch.equal, first.posterior.mean, second.posterior.mean))
    assert all(map(torch.equal, first.posterior.variances, second.posterior.variances))
    assert first.objective == second.objective and first.lam == pytest.approx([0.01] * len(mean), rel=1e-6)
    assert first.posterior.coordinates is start.coordinates
    assert all(v.shape == w.shape and bool((v > 0).all()) for v, w in zip(first.posterior.variances, mean))
    assert all(map(torch.equal, mean, kept)), "the start is left as it was"
    # What the objective promises is what the outcomes show.
    before, after = (
        goal(torch.tensor(1 - q.tally(x, y, seeded(2)).accuracy[0]), torch.tensor(q.kl(prior, 0.01)))
        for q in (start, first.posterior)
    )
    assert after < before - 0.05


def test_a_scale_that_is_learnt_lowers_the_objective_further():
    x, prior, start = (
        torch.randn(64, 3, generator=seeded(5)),
        tiny(1, dtype=torch.float32),
        tiny(0, dtype=torch.float32),
    )
    y = (x[:, 0] > 0).long()
    found = {
        rate: optimise(
            isotropic(start, 0.01),
            prior,
            [0.01, 0.01],
            x,
            y,
            theorem_31(64),
            Descent(20, 16, scale_rate=rate),
            seeded(1),
        )
        for rate in (0.0, 0.05)
    }
    assert found[0.0].lam == pytest.approx([0.01, 0.01], rel=1e-6)
    assert all(value > 0.02 for value in found[0.05].lam), "the prior is too narrow for where the mean is"
    assert found[0.05].objective[-1] < found[0.0].objective[-1]
    q = found[0.05].posterior
    assert q.kl(prior, found[0.05].lam) < q.kl(prior, 0.01)


def test_neurons_that_are_not_free_stay_as_they_are():
    x, prior = torch.randn(64, 3, generator=seeded(5)), tiny(1, dtype=torch.float32)
    y, start = (x[:, 0] > 0).long(), isotropic([w.clone() for w in prior])
    found = optimise(
        start, prior, LAM, x, y, theorem_31(64), Descent(5, 16, scale_rate=0.05), seeded(1), free=[2, 2]
    ).posterior
    assert torch.equal(found.mean[0][2:], prior[0][2:]) and not (found.mean[0][:2] == prior[0][:2]).any()
    assert torch.equal(found.variances[0][2:], start.variances[0].expand_as(prior[0])[2:])
    assert not (found.variances[0][:2] == start.variances[0]).any()


ONES = [torch.ones_like(w) for w in tiny(0)]
TURNED = MeanField(tiny(0), ONES, Coordinates([None] * 2, [None, torch.eye(2, dtype=torch.float64)]))


@pytest.mark.parametrize(
    "change, message",
    [
        ({"lam": 0.0}, "lam must be a positive number, or one for each of 2 layers, got 0.0"),
        ({"lam": [0.1] * 3}, r"lam must be a positive number, or one for each of 2 layers, got \[0.1, 0.1, 0.1\]"),
        (
            {"descent": Descent(2, mean_rate=math.inf)},
            "no longer finite: the learning rates are too large for tiny",
        ),
        ({"start": MeanField(tiny(0), [torch.zeros_like(w) for w in tiny(0)])}, "the variances must be positive"),
        (
            {"start": isotropic(tiny(0), kind="both"), "free": [2, 2]},
            "a layer that is not free as a whole must be in no other",
        ),
        ({"start": TURNED}, "the last layer's outputs must be in no other coordinates"),
    ],
)
def test_what_the_descent_refuses(examples, change, message):
    x, y = examples
    given = {"start": isotropic(tiny(0)), "lam": LAM, "descent": Descent(2), "label": "tiny"} | change
    with pytest.raises(ValueError, match=message):
        optimise(prior_mean=tiny(1), x=x, y=y, objective=theorem_31(9), generator=seeded(1), **given)


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: Descent(epochs=0), "epochs must be at least 1, got 0"),
        (lambda: Descent(epochs=1, batch_size=0), "batch_size must be at least 1, got 0"),
        (lambda: theorem_31(1), "n must be an integer of at least 2 .*, got 1$"),
        (lambda: theorem_31(10, 1.0), "delta must lie strictly between 0 and 1, got 1"),
        (lambda: quadratic(10, 0.0), "delta must lie strictly between 0 and 1, got 0"),
        (lambda: quadratic(1), "n must be an integer of at least 2 .*, got 1$"),
        (lambda: variational(10, 0.0), "beta must be positive, got 0.0"),
    ],
)
def test_impossible_settings_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
