"""A network of one's own, from the module to the bound: against dense twins, in both types, from tensors and loaders, and on
a device that is not the processor."""

import math

import numpy as np
import pytest
import torch
from dense_reference import gaussian_kl
from fake_device import FakeDevice, moved
from scipy.stats import norm
from small_networks import seeded
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from pacbayes_curvature import fisher_diagonal, from_module, gibbs, gibbs_classifier, networks, posteriors
from pacbayes_curvature.curvature.second_moments import second_moments
from pacbayes_curvature.gibbs import local_reparametrisation
from pacbayes_curvature.gibbs.local_reparametrisation import by_weight_sampling

METHODS = posteriors.METHODS


def stack(bias=True, dtype=torch.float32, seed=0):
    torch.manual_seed(seed)  # torch.nn knows no other way
    layers = nn.Sequential(
        nn.Flatten(),
        nn.Linear(6, 5, bias=bias),
        nn.ReLU(),
        nn.Identity(),
        nn.Sequential(nn.Linear(5, 4), nn.ReLU()),
        nn.Linear(4, 3, bias=bias),
    )
    return layers.to(dtype)


def examples(n=200, dtype=torch.float32):
    return torch.randn(n, 2, 3, generator=seeded(1), dtype=dtype), torch.randint(3, (n,), generator=seeded(2))


def classifier(method, bias=True, dtype=torch.float32, lam=0.05, beta=0.02):
    x, _ = examples(dtype=dtype)
    network, prior = from_module(stack(bias, dtype, 0)), from_module(stack(bias, dtype, 1))
    return gibbs_classifier(method, network, prior, second_moments(network, x), lam, beta)


# From the module ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_weights_give_the_modules_logits(bias, dtype):
    module, (x, _) = stack(bias, dtype), examples(dtype=dtype)
    weights = from_module(module)
    assert [tuple(w.shape) for w in weights] == [(5, 6 + bias), (4, 6), (3, 4 + bias)]
    assert {w.dtype for w in weights} == {dtype} and not any(w.requires_grad for w in weights)
    torch.testing.assert_close(networks.forward(weights, x.flatten(1)), module(x))


def test_training_later_does_not_change_them():
    module = stack()
    before = from_module(module)
    copies = [w.clone() for w in before]
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(1)
    assert all(map(torch.equal, before, copies))


L, R = nn.Linear, nn.ReLU


@pytest.mark.parametrize(
    "layers, message",
    [
        ([L(4, 3), nn.Dropout(), L(3, 2)], r"layer 1 \(Dropout\) is not supported: only Linear, ReLU"),
        ([nn.Conv2d(1, 1, 3), R(), L(3, 2)], r"layer 0 \(Conv2d\) is not supported"),
        ([L(4, 3), nn.BatchNorm1d(3), R(), L(3, 2)], r"layer 1 \(BatchNorm1d\) is not supported"),
        ([L(4, 3), nn.LeakyReLU(), L(3, 2)], r"layer 1 \(LeakyReLU\) is not supported"),
        ([L(4, 3), R(), nn.Sequential(L(3, 3), nn.Tanh()), L(3, 2)], r"layer 2.1 \(Tanh\) is not supported"),
        ([nn.Flatten(0), L(4, 2)], r"layer 0 \(Flatten\) is not supported"),
        ([L(4, 3), L(3, 2)], r"layer 1 \(Linear\) follows layer 0 \(Linear\) without a ReLU"),
        ([R(), L(4, 2)], r"layer 0 \(ReLU\) comes before the first Linear"),
        ([L(4, 2), R()], r"layer 1 \(ReLU\) comes after the last Linear"),
        ([L(4, 3), R(), L(4, 2)], r"layer 2 \(Linear\) takes 4 inputs, but layer 0 \(Linear\) gives 3"),
        ([L(4, 3), R(), L(3, 1)], r"layer 2 \(Linear\) gives 1 output; a classifier needs a logit for each of two"),
        ([nn.Flatten()], "the module has no Linear layer"),
        ([L(4, 3), R(), L(3, 2).double()], "one floating type and one device, got .*float"),
    ],
)
def test_anything_else_is_refused_by_the_layers_name(layers, message):
    with pytest.raises(ValueError, match=message):
        from_module(nn.Sequential(*layers))


def test_a_module_that_is_no_stack_is_named():
    with pytest.raises(ValueError, match=r"the module \(Conv2d\) is not supported"):
        from_module(nn.Conv2d(1, 1, 3))
    assert len(from_module(nn.Linear(4, 2))) == 1


# Curvature, divergence, risk ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("method", METHODS)
def test_the_divergence_against_dense_gaussians(bias, method):
    q = classifier(method, bias, torch.float64)
    prior, kl = from_module(stack(bias, torch.float64, 1)), 0.0
    for w, w1, layer in zip(q.weights, prior, q.layers):
        basis = np.eye(w.shape[1]) if layer.basis is None else layer.basis
        covariance = basis * posteriors.variances(layer, [q.lam], [q.beta])[0] @ basis.T
        for row, row1 in zip(w.numpy(), w1.numpy()):
            kl += float(gaussian_kl(row, covariance, row1, q.lam * np.eye(len(row))))
    assert q.kl == pytest.approx(kl, rel=1e-8)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("method", METHODS)
def test_the_risk_is_that_of_drawn_networks(method, bias, dtype):
    q, (x, y) = classifier(method, bias, dtype), examples(dtype=dtype)
    risk = q.risk(x, y, generator=seeded(3), passes=40)
    accuracy, error = by_weight_sampling(q.weights, q.layers, q.lam, q.beta, x.flatten(1), y, seeded(4), draws=300)
    assert abs(1 - risk.mean - accuracy) < 4 * math.hypot(error, risk.stderr), "the same, within noise"
    assert risk.outcomes == 40 * 200 and risk.examples == 200
    assert risk.mean == pytest.approx(risk.errors / risk.outcomes)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("method", METHODS)
def test_the_outcomes_approximate_no_variance(method, bias, monkeypatch):
    """They are those of the level without tolerance, by another way through the basis, for the same noise."""
    q, (x, y) = classifier(method, bias, torch.float64, lam=0.02, beta=1.0), examples(dtype=torch.float64)

    def level():
        made = local_reparametrisation.LocalReparametrisation(
            q.weights, q.layers, np.array([q.lam]), np.array([q.beta])
        )
        return float(made.tally(x.flatten(1), y, seeded(3), passes=4).wrong[0])

    errors = q.risk(x, y, generator=seeded(3), passes=4).errors
    approximate = level()
    monkeypatch.setattr(local_reparametrisation, "TOLERANCE", 0)
    assert errors == pytest.approx(level(), rel=1e-12)
    assert method != "layerwise" or errors != pytest.approx(approximate, rel=1e-9), (
        "the tolerance makes a difference here"
    )


@pytest.mark.parametrize("bias", [True, False])
def test_one_layer_of_two_classes_is_exact(bias):
    """No noise is left to draw: the mean over the examples of Phi(-margin / (s sqrt 2))."""
    x, y = torch.randn(50, 4, generator=seeded(1), dtype=torch.float64), torch.arange(50) % 2
    network, prior = from_module(nn.Linear(4, 2, bias=bias).double()), [torch.zeros(2, 4 + bias, dtype=torch.float64)]
    q = gibbs_classifier("layerwise", network, prior, second_moments(network, x), 0.3, 0.1)
    z = np.c_[x.numpy(), np.ones(50)][:, : 4 + bias]
    sigma = q.beta * np.linalg.inv(z.T @ z / 50 + q.beta / q.lam * np.eye(4 + bias))
    gap = (z @ network[0].numpy().T @ [1, -1]) * np.where(y.numpy() == 0, 1, -1)
    exact = norm.cdf(-gap / np.sqrt(2 * np.einsum("ni,ij,nj->n", z, sigma, z))).mean()
    assert q.risk(x, y, generator=seeded(0)).mean == pytest.approx(exact, rel=1e-10)


def test_a_loader_gives_what_the_tensor_gives():
    x, y = examples()
    network = from_module(stack())
    loader = DataLoader(TensorDataset(x, y), batch_size=64)
    for whole, batched in zip(second_moments(network, x), second_moments(network, loader)):
        np.testing.assert_allclose(batched, whole, rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(
        second_moments(network, (xs for xs, _ in loader))[0], second_moments(network, x)[0], rtol=1e-5
    )
    q = classifier("layerwise")
    one, other = q.risk(x, y, generator=seeded(0), passes=60), q.risk(loader, generator=seeded(1), passes=60)
    assert abs(one.mean - other.mean) < 4 * math.hypot(one.stderr, other.stderr) and other.examples == 200


def test_fisher_from_a_loader_draws_the_same_labels():
    x, y = examples()
    network, loader = from_module(stack()), DataLoader(TensorDataset(x, y), batch_size=64)
    for whole, batched in zip(
        fisher_diagonal(network, x.flatten(1), seeded(0)), fisher_diagonal(network, loader, seeded(0))
    ):
        assert whole.shape == batched.shape and whole.sum() == pytest.approx(batched.sum(), rel=0.5)


@pytest.mark.parametrize("stderr", [0.02, 0.002])
def test_the_wanted_standard_error_is_reached(stderr):
    x, y = examples()
    q = classifier("diag", lam=0.3)
    risk = q.risk(x, y, generator=seeded(0), stderr=stderr)
    assert risk.stderr <= 1.05 * stderr and risk.outcomes % 200 == 0
    again = [q.risk(x, y, generator=seeded(seed), stderr=stderr).mean for seed in range(20)]
    assert np.std(again, ddof=1) < 1.3 * stderr


def test_passes_that_are_added_are_counted_with_the_first():
    """The risk to a wanted standard error is that of all its outcomes: sums add, and so do variances of sums."""
    (x, y), q, generator = examples(), classifier("diag", lam=0.3), seeded(0)
    first = q.risk(x, y, generator=generator, passes=2)
    needed = math.ceil((first.stderr / 0.005) ** 2 * 2)
    more = q.risk(x, y, generator=generator, passes=needed - 2)
    assert needed not in (2, 4) and first.stderr > more.stderr > 0
    risk = q.risk(x, y, generator=seeded(0), passes=2, stderr=0.005)
    assert risk.outcomes == 200 * needed and risk.examples == 200
    assert risk.errors == pytest.approx(first.errors + more.errors)
    assert risk.mean == pytest.approx(risk.errors / risk.outcomes)
    of_sums = [part.stderr * part.outcomes for part in (first, more)]
    assert risk.stderr == pytest.approx(math.hypot(*of_sums) / risk.outcomes)
    assert q.risk(x, y, generator=seeded(0), passes=2, stderr=1.0) == first, "the first passes are enough"


def test_every_chunk_of_the_inputs_has_its_own_labels(monkeypatch):
    (x, _), network = examples(), from_module(stack())
    network[-1][:, -1] -= networks.forward(network, x.flatten(1)).mean(0)  # so that no answer is the usual one
    y = networks.forward(network, x.flatten(1)).argmax(1)
    q = gibbs_classifier("diag", network, network, second_moments(network, x), 1e-9, 0.02)
    monkeypatch.setattr(gibbs.classifier, "CHUNK", 64)
    assert q.risk(x, y, generator=seeded(0)).mean < 0.05 and y.bincount().max() < 120, (
        "the network's own answers, nearly without noise"
    )


@pytest.mark.parametrize("made", [np.asarray, torch.as_tensor])
@pytest.mark.parametrize("kind", [np.uint8, np.int32, np.int64])
def test_labels_of_any_whole_type(made, kind):
    (x, y), q = examples(), classifier("diag")
    labels = made(y.numpy().astype(kind))
    assert q.risk(x, labels, generator=seeded(0)) == q.risk(x, y, generator=seeded(0))


def test_inputs_of_bytes_bits_and_objects_are_numbers():
    (_, y), q = examples(), classifier("diag")
    x = torch.randint(2, (200, 2, 3), generator=seeded(5))
    wanted = q.risk(x.float(), y, generator=seeded(0))
    for kind in (np.uint8, np.bool_, object):
        assert q.risk(x.numpy().astype(kind), y, generator=seeded(0)) == wanted


def test_a_drawn_network_has_the_posteriors_noise():
    q = classifier("baseline", lam=0.04)
    one, again, other = (q.draw(seeded(seed)) for seed in (0, 0, 1))
    assert all(map(torch.equal, one, again)) and not any(map(torch.equal, one, other))
    generator = seeded(2)
    noise = [w - mean for _ in range(300) for w, mean in zip(q.draw(generator), q.weights)]
    assert torch.cat([part.flatten() for part in noise]).std().item() == pytest.approx(0.2, rel=0.02)


@pytest.mark.parametrize(
    "change, message",
    [
        (dict(method="full"), "unknown method 'full'; valid: baseline, diag, layerwise"),
        (dict(lam=0.0), "lam must be positive, got 0"),
        (dict(beta=-1.0), "beta must be positive, got -1"),
        (
            dict(prior=[torch.zeros(2, 5)]),
            r"^prior and network must have the same layers, got \[\(2, 5\)\] and \[\(5, 7\), \(4, 6\), \(3, 5\)\]$",
        ),
        (
            dict(weights=[], prior=[]),
            r"^a network must be a list of matrices \(n_out, k\), tensors of a floating type, one a layer$",
        ),
        (dict(moments=[np.array([["a"]])]), "^moments must hold real numbers"),
        (dict(lam="a"), "^lam must hold real numbers"),
        (dict(beta="a"), "^beta must hold real numbers"),
        (dict(moments=[np.eye(7)]), r"moments must be one \(k, k\) matrix a layer, of this network, got \[\(7, 7\)\]"),
        (dict(prior=[torch.full(w.shape, torch.nan) for w in from_module(stack())]), "^the weights must be finite$"),
    ],
)
def test_what_makes_no_posterior_is_refused(change, message):
    network = from_module(stack())
    given = dict(
        method="diag", weights=network, prior=network, moments=second_moments(network, examples()[0]), lam=1.0, beta=1.0
    )
    with pytest.raises(ValueError, match=message):
        gibbs_classifier(**given | change)


@pytest.mark.parametrize("size", [1e-6, 1.0, 1e6])
def test_what_rounding_explains_in_a_moment_is_relative_to_its_largest_entry(size):
    def accepted(across, other, diagonal):
        moment = size * np.array([[1.0, across], [other, diagonal]])
        network = [torch.ones(2, 2)]
        return gibbs_classifier("layerwise", network, [torch.zeros(2, 2)], [moment], 1.0, 1.0)

    accepted(0.9, 0.9 + 0.9e-5, 0.9)
    accepted(0.0, 0.0, -0.9e-5)
    with pytest.raises(ValueError, match=r"^the moment of layer 1 must be finite and symmetric$"):
        accepted(0.9, 0.9 + 1.5e-5, 0.9)
    with pytest.raises(ValueError, match=r"^a second moment has no negative diagonal, got -.* in layer 1$"):
        accepted(0.0, 0.0, -1.5e-5)


@pytest.mark.parametrize(
    "x, y, more, message",
    [
        (*examples(), dict(stderr=0.0), "^stderr must be positive, got 0.0$"),
        (*examples(), dict(stderr=math.nan), "^stderr must be "),
        (*examples(), dict(stderr="0.1"), "^stderr must hold real numbers"),
        (*examples(), dict(stderr=1e-300), "^stderr must be attainable, got 1e-300 beside 0.[0-9]+ after 1 passes$"),
        (*examples(), dict(stderr=1e-30), "^stderr must be attainable, got 1e-30 beside 0.[0-9]+ after 1 passes$"),
        (*examples(), dict(passes=0), "the whole number of passes must be at least 1, got 0"),
        (examples()[0], None, {}, "one label for each of 200 inputs is needed, got none"),
        (
            examples()[0],
            examples()[1][:-1],
            {},
            r"one label for each of 200 inputs is needed, got labels of shape \(199,\)",
        ),
        (examples()[0], examples()[1].float(), {}, "labels must be whole numbers, got torch.float32"),
        (examples()[0], examples()[1] + 1, {}, "labels must be from 0 to 2, got 1 to 3"),
        (examples()[0][:, :1], examples()[1], {}, "inputs must have 6 numbers each, got 3"),
        (examples()[0][:0], examples()[1][:0], {}, "^there are no examples$"),
        (
            [(*examples(), 1)],
            None,
            {},
            "^inputs and labels are needed, as two tensors or from a loader of pairs of them$",
        ),
        (
            [examples()[0][:2]],
            None,
            {},
            "^inputs and labels are needed, as two tensors or from a loader of pairs of them$",
        ),
        ([(None, examples()[1])], None, {}, r"^inputs must be real, \(N, ...\), got none$"),
        (torch.ones(200), examples()[1], {}, r"^inputs must be real, \(N, ...\), got \(200,\)$"),
        (examples()[0] * 1j, examples()[1], {}, r"^inputs must be real, \(N, ...\), got \(200, 2, 3\)$"),
        (examples()[0] / 0, examples()[1], {}, "^inputs must be finite, and stay so in torch.float32$"),
        (np.array([["a"] * 6] * 200), examples()[1], {}, "^inputs and labels must hold real numbers"),
        (
            examples()[0] * 5e37,
            examples()[1],
            {},
            "^the network's outputs are not finite: weights, inputs or variances are too large for their type$",
        ),
    ],
)
def test_what_has_no_risk_is_refused(x, y, more, message):
    with pytest.raises(ValueError, match=message):
        classifier("diag").risk(x, y, generator=seeded(0), **more)


# Memory and device ----------------------------------------------------------------------------------------------------


def test_nothing_larger_than_a_chunk_is_copied():
    """Of 40 MB of inputs, no tensor of a tenth of that is made."""
    x, y = torch.zeros(100_000, 100), torch.zeros(100_000, dtype=torch.int64)
    network = from_module(nn.Sequential(nn.Linear(100, 8), nn.ReLU(), nn.Linear(8, 2)))
    largest = FakeDevice(record_only=True)
    with largest:
        moments = second_moments(network, x)
        gibbs_classifier("diag", network, network, moments, 0.1, 0.1).risk(x, y, generator=seeded(0))
    assert 0 < largest.bytes < 4_000_000


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("classes_of_noise", [2, 3])
def test_no_tensor_is_made_on_the_wrong_device(method, classes_of_noise):
    """On a device that refuses to compute with tensors of the processor: the same numbers as on the processor."""
    module = nn.Sequential(
        nn.Linear(6, 5), nn.ReLU(), nn.Linear(5, 4, bias=False), nn.ReLU(), nn.Linear(4, classes_of_noise)
    )
    x, y = torch.randn(64, 6, generator=seeded(1)), torch.arange(64) % classes_of_noise
    network = from_module(module)
    prior = [w + 0.1 for w in network]

    def run(network, prior, x, y):
        moments = second_moments(network, x)
        q = gibbs_classifier(method, network, prior, moments, 0.1, 0.05)
        fisher = fisher_diagonal(network, x, seeded(5))
        return (
            q.kl,
            q.risk(x, y, generator=seeded(0), passes=2).mean,
            sum(f.sum() for f in fisher),
            sum(h.sum() for h in moments),
        )

    here = run(network, prior, x, y)
    with FakeDevice():
        there = run([moved(w) for w in network], prior, moved(x), y)  # prior and labels are moved
    np.testing.assert_allclose(there, here, rtol=1e-5)
