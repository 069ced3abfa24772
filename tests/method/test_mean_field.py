"""Posteriors that are mean-field in coordinates of each layer's own: against dense Gaussians and drawn networks."""

import math

import numpy as np
import pytest
import torch
from dense_reference import gaussian_kl
from fake_device import FakeDevice, moved
from small_networks import nine_examples, normal, seeded, tiny

from pacbayes_curvature import posteriors
from pacbayes_curvature.curvature.second_moments import second_moments, spectrum
from pacbayes_curvature.gibbs import local_reparametrisation
from pacbayes_curvature.gibbs.local_reparametrisation import LocalReparametrisation
from pacbayes_curvature.mean_field import Coordinates, Layer, MeanField, along_curvature, each_layers
from pacbayes_curvature.networks import affine, forward

KINDS = ("weights", "inputs", "outputs", "both")


def rotation(seed, k):
    return torch.linalg.qr(torch.randn(k, k, generator=seeded(seed), dtype=torch.float64))[0].contiguous()


def some_coordinates(kind, weights):
    inputs = [rotation(10 + l, w.shape[1]).to(w) if kind in ("inputs", "both") else None for l, w in enumerate(weights)]
    outputs = [rotation(20 + l, len(w)).to(w) if kind in ("outputs", "both") else None for l, w in enumerate(weights)]
    if len(weights[-1]) > 2:
        outputs[-1] = None
    return Coordinates(inputs, outputs)


def some_posterior(kind="both", sizes=(3, 4, 2), alike=False, bias=True, dtype=torch.float64):
    mean = tiny(0, sizes, dtype)
    mean = mean if bias else [w[:, :-1].contiguous() for w in mean]
    variances = [0.4 * s.exp() for s in normal(2, mean)]
    return MeanField(mean, [v[:1] if alike else v for v in variances], some_coordinates(kind, mean))


def dense(q):
    """The covariance of each layer's W, row by row: (V kron U) diag(v) (V kron U)'."""
    covariances = []
    for w, v, u, o in zip(q.mean, q.variances, q.coordinates.inputs, q.coordinates.outputs):
        u, o = (torch.eye(k, dtype=w.dtype) if b is None else b for b, k in ((u, w.shape[1]), (o, len(w))))
        basis = torch.kron(o, u)
        covariances.append((basis * v.expand_as(w).reshape(-1)) @ basis.T)
    return covariances


def by_draws(q, x, y, draws, seed=5):
    """Mean error of drawn networks and its standard error."""
    generator = seeded(seed)
    errors = np.array([(forward(q.draw(generator), x).argmax(1) != y).double().mean().item() for _ in range(draws)])
    return errors.mean(), errors.std(ddof=1) / math.sqrt(draws)


# Coordinates -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_coordinates_there_and_back(kind):
    weights = tiny(0)
    coordinates = some_coordinates(kind, weights)
    entries = coordinates.of(weights)
    for w, e, back, u, v in zip(
        weights, entries, coordinates.back(entries), coordinates.inputs, coordinates.outputs, strict=True
    ):
        u, v = (torch.eye(k, dtype=w.dtype) if b is None else b for b, k in ((u, w.shape[1]), (v, len(w))))
        torch.testing.assert_close(e, v.T @ w @ u, rtol=0, atol=1e-14)
        torch.testing.assert_close(back, w, rtol=0, atol=1e-14)


# The divergence --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("alike", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_the_divergence_is_that_of_the_dense_gaussians(kind, alike):
    q, prior, lam = some_posterior(kind, alike=alike), tiny(1), [0.3, 0.7]
    expected = sum(
        gaussian_kl(w.flatten().numpy(), covariance.numpy(), w1.flatten().numpy(), value, digits=30)
        for w, covariance, w1, value in zip(q.mean, dense(q), prior, lam)
    )
    assert q.kl(prior, lam) == pytest.approx(float(expected), rel=1e-11)
    assert q.kl(prior, 0.5) == pytest.approx(q.kl(prior, [0.5, 0.5]), rel=1e-15)


@pytest.mark.parametrize("alike", [False, True])
def test_the_divergence_from_a_prior_with_a_variance_for_each_neuron(alike):
    q, prior = some_posterior("inputs", alike=alike), tiny(1)
    column = torch.tensor([[0.2], [0.4], [0.8], [1.6]], dtype=torch.float64)
    variances = [column.expand(4, 4), torch.full((2, 5), 0.7, dtype=torch.float64)]
    expected = sum(
        gaussian_kl(w.flatten().numpy(), c.numpy(), w1.flatten().numpy(), v.flatten().numpy(), digits=30)
        for w, c, w1, v in zip(q.mean, dense(q), prior, variances)
    )
    assert q.kl(prior, [column, 0.7]) == pytest.approx(float(expected), rel=1e-11)
    with pytest.raises(ValueError, match="a lam for each neuron needs outputs in no other coordinates"):
        some_posterior("outputs").kl(prior, [column, 0.7])
    with pytest.raises(ValueError, match="lam must be a positive number, or one for each of 2 layers"):
        q.kl(prior, [column - 0.2, 0.7])


@pytest.mark.parametrize("ratio", [1e-300, 1e-20, 1e-9, 1 - 1e-9, 1 + 1e-12, 3.0, 1e12])
def test_the_divergence_of_any_ratio_of_variances(ratio):
    mean = [torch.zeros(2, 3, dtype=torch.float64)]
    q = MeanField(mean, [torch.full((1, 3), 0.5 * ratio, dtype=torch.float64)])
    x = q.variances[0][0, 0].item() / 0.5 - 1
    expected = 6 / 2 * (x - math.log1p(x)) if abs(x) > 1e-3 and ratio > 1e-8 else None
    expected = 6 / 2 * (x * x / 2 - x**3 / 3) if abs(x) < 1e-3 else expected
    expected = 6 / 2 * (x - math.log(ratio)) if ratio <= 1e-8 else expected
    assert q.kl(mean, 0.5) == pytest.approx(expected, rel=1e-9)


def test_the_divergence_at_its_ends():
    mean, prior = tiny(0), tiny(1)
    same = [torch.full_like(w, 0.3) for w in mean]
    assert MeanField(mean, same).kl(mean, 0.3) == 0 < MeanField(mean, same).kl(prior, 0.3)
    none = [torch.zeros_like(w[:1]) for w in mean]
    assert MeanField(mean, none).kl(prior, 0.3) == math.inf
    single = MeanField([w.float() for w in mean], [v.float() for v in same])
    assert single.kl(prior, 0.3) == pytest.approx(MeanField(mean, same).kl(prior, 0.3), rel=1e-5)


# Drawn networks and outcomes -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["weights", "both"])
def test_drawn_networks_have_mean_and_covariance(kind):
    q, generator, draws = some_posterior(kind, alike=kind == "both"), seeded(3), 4000
    samples = [q.draw(generator) for _ in range(draws)]
    for layer, (w, covariance) in enumerate(zip(q.mean, dense(q))):
        drawn = torch.stack([sample[layer].flatten() for sample in samples])
        spread = covariance.diagonal()
        assert ((drawn.mean(0) - w.flatten()).abs() < 5 * (spread / draws).sqrt()).all()
        error = ((torch.outer(spread, spread) + covariance.square()) / draws).sqrt()
        assert ((drawn.T.cov() - covariance).abs() < 5 * error).all()


@pytest.mark.parametrize("alike", [False, True])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("kind", KINDS)
def test_a_layers_moments_are_those_of_its_dense_gaussian(kind, bias, alike):
    """W z has mean M z and covariance (I kron z') C (I kron z), which is V diag(s^2) V'."""
    q, x = some_posterior(kind, alike=alike, bias=bias), nine_examples()[0]
    w, u, v = q.mean[0], q.coordinates.inputs[0], q.coordinates.outputs[0]
    a, s = Layer(w, q.variances[0], u, v).moments(x)
    torch.testing.assert_close(a, affine(w, x))
    for row, deviation in zip(x, s.expand(-1, len(w))):
        z = torch.cat([row, row.new_ones(1)]) if bias else row
        spread = torch.kron(torch.eye(len(w), dtype=w.dtype), z)
        basis = torch.eye(len(w), dtype=w.dtype) if v is None else v
        torch.testing.assert_close(
            basis @ deviation.square().diag() @ basis.T, spread @ dense(q)[0] @ spread.T, rtol=1e-12, atol=1e-14
        )


def test_noise_along_the_outputs_coordinates():
    q, x = some_posterior("outputs"), nine_examples()[0]
    layer = Layer(q.mean[0], q.variances[0], None, q.coordinates.outputs[0])
    a, s = layer.moments(x)
    eps = torch.randn(9, 4, generator=seeded(1), dtype=torch.float64)
    torch.testing.assert_close(layer.noisy(a, s, eps), a + (s * eps) @ layer.outputs.T)


@pytest.mark.parametrize(
    "kind, sizes, alike, bias, dtype",
    [
        ("weights", (3, 4, 2), False, True, torch.float64),
        ("inputs", (3, 4, 4, 2), True, True, torch.float32),
        ("outputs", (3, 4, 2), False, True, torch.float64),
        ("both", (3, 5, 4, 2), False, True, torch.float64),
        ("both", (3, 12, 2), True, False, torch.float32),
        ("both", (3, 4, 3), False, True, torch.float64),
        ("both", (3, 2), False, True, torch.float64),
    ],
)
def test_the_tally_agrees_with_weight_sampling(kind, sizes, alike, bias, dtype):
    q = some_posterior(kind, sizes, alike, bias, dtype)
    x, y = nine_examples()
    x, y = x.to(dtype), y + (sizes[-1] - 2) * (torch.arange(9) % 2)
    slow, slow_error = by_draws(q, x, y, 3000)
    tally = q.tally(x, y, seeded(4), passes=2000)
    assert tally.outcomes[0] == 9 * 2000 and 0.1 < slow < 0.9 and slow_error < 0.01
    assert abs(1 - tally.accuracy[0] - slow) < 4 * math.hypot(slow_error, tally.stderr[0])


def test_outcomes_are_in_the_unit_interval_and_repeat():
    q, (x, y) = some_posterior(), nine_examples()
    first, second, other = (q.tally(x, y, seeded(seed), passes=3) for seed in (1, 1, 2))
    assert 0 < first.squares[0] <= first.wrong[0] < first.outcomes[0] == 27
    assert first.wrong[0] == second.wrong[0] != other.wrong[0]


def test_without_noise_it_is_the_network():
    mean, (x, y) = tiny(0), nine_examples()
    q = MeanField(mean, [torch.zeros_like(w) for w in mean], some_coordinates("both", mean))
    assert q.tally(x, y, seeded(1)).wrong[0] == (forward(mean, x).argmax(1) != y).sum()
    assert all(map(torch.equal, q.draw(seeded(1)), mean))


def test_an_isotropic_posterior_is_the_same_in_all_coordinates():
    mean, (x, y) = tiny(0), nine_examples()
    alike = [torch.full((1, w.shape[1]), 0.3, dtype=w.dtype) for w in mean]
    plain, rotated = (MeanField(mean, alike, some_coordinates(kind, mean)) for kind in ("weights", "inputs"))
    wrong = [q.tally(x, y, seeded(1), passes=3).wrong[0] for q in (plain, rotated)]
    assert wrong[1] == pytest.approx(wrong[0], rel=1e-12), "with the same noise"
    turned = MeanField(mean, alike, some_coordinates("both", mean)).tally(x, y, seeded(2), passes=2000)
    still = plain.tally(x, y, seeded(3), passes=2000)
    assert abs(turned.accuracy[0] - still.accuracy[0]) < 4 * math.hypot(turned.stderr[0], still.stderr[0])


# The paper's posteriors ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("method", posteriors.METHODS)
def test_the_papers_posteriors_are_of_this_family(method, bias, monkeypatch):
    monkeypatch.setattr(local_reparametrisation, "TOLERANCE", 0.0)
    weights, prior, (x, y) = tiny(0, (3, 5, 4, 2)), tiny(1, (3, 5, 4, 2)), nine_examples()
    if not bias:
        weights, prior = ([w[:, :-1].contiguous() for w in each] for each in (weights, prior))
    layers = [
        posteriors.layer_posterior(method, h, spectrum(h), len(w), (w - w1).square().sum().item())
        for h, w, w1 in zip(second_moments(weights, x), weights, prior)
    ]
    lam, beta = np.array([0.4, 0.05]), np.array([0.1, 0.3])
    expected = LocalReparametrisation(weights, layers, lam, beta).tally(x, y, seeded(1), passes=4)
    divergences = posteriors.kl_divergence(layers, lam, beta)
    for g in range(2):
        q = along_curvature(weights, layers, lam[g], beta[g])
        assert q.kl(prior, lam[g]) == pytest.approx(divergences[g], rel=1e-10)
        assert q.tally(x, y, seeded(1), passes=4).wrong[0] == pytest.approx(expected.wrong[g], rel=1e-9)


def test_a_basis_must_be_complete():
    layer = posteriors.LayerPosterior(np.ones(2), np.eye(3)[:, :2], 2, 1.0)
    with pytest.raises(ValueError, match="a basis must be complete"):
        along_curvature([torch.zeros(2, 3)], [layer], 0.1, 0.1)


# Another device, and what is refused -----------------------------------------------------------------------------------


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("kind", KINDS)
def test_no_tensor_is_made_on_the_wrong_device(kind, classes):
    q = some_posterior(kind, (3, 4, classes), dtype=torch.float32)
    x, y = torch.randn(64, 3, generator=seeded(1)), torch.arange(64) % classes
    there = MeanField(
        [moved(w) for w in q.mean],
        [moved(v) for v in q.variances],
        Coordinates(*([b if b is None else moved(b) for b in bases] for bases in (q.coordinates.inputs, q.coordinates.outputs))),
    )  # fmt: skip
    here = q.tally(x, y, seeded(2), passes=2)
    with FakeDevice():
        found = there.tally(moved(x), moved(y), seeded(2), passes=2)
        assert there.draw(seeded(3))[0].device == there.mean[0].device
        assert there.kl([moved(w) for w in q.mean], 0.3) == pytest.approx(q.kl(q.mean, 0.3), rel=1e-6)
    assert found.wrong[0] == pytest.approx(here.wrong[0], rel=1e-5)


def test_impossible_posteriors_are_refused():
    mean, good = tiny(0), [torch.ones_like(w) for w in tiny(0)]
    with pytest.raises(ValueError, match=r"variances of layer 2 must be \(2, 5\) or \(1, 5\), got \(2, 4\)"):
        MeanField(mean, [good[0], good[1][:, :4]])
    for bad in (-1e-9, math.nan, math.inf):
        v = [w.clone() for w in good]
        v[1][0, 2] = bad
        with pytest.raises(ValueError, match="variances of layer 2 must be finite and nonnegative"):
            MeanField(mean, v)
    with pytest.raises(ValueError, match="the weights of layer 1 must be finite"):
        MeanField([mean[0] * math.nan, mean[1]], good)
    with pytest.raises(ValueError, match="argument 2 is shorter"):
        MeanField(mean, good[:1])


@pytest.mark.parametrize("lam", [0.0, -1.0, math.nan, math.inf, [0.1], [0.1, 0.2, 0.3], [0.1, 0.0]])
def test_impossible_variances_of_the_prior_are_refused(lam):
    q = MeanField(tiny(0), [torch.ones_like(w) for w in tiny(0)])
    with pytest.raises(ValueError, match="lam must be a positive number, or one for each of 2 layers, got"):
        q.kl(tiny(1), lam)


def test_one_lam_or_one_for_each():
    assert each_layers(0.5, 3) == [0.5] * 3 and each_layers(np.array([1.0, 2.0]), 2) == [1.0, 2.0]


def test_other_shapes_and_rotated_answers_are_refused():
    q, (x, y) = some_posterior("weights"), nine_examples()
    with pytest.raises(ValueError, match=r"the prior's mean must have shape \(4, 4\), got \(5, 4\)"):
        q.kl(tiny(1, (3, 5, 2)), 0.1)
    with pytest.raises(ValueError, match="passes must be at least 1, got 0"):
        q.tally(x, y, seeded(1), passes=0)
    three = some_posterior("weights", (3, 4, 3))
    turned = MeanField(three.mean, three.variances, Coordinates([None] * 2, [None, rotation(1, 3)]))
    with pytest.raises(ValueError, match="with more than two classes the last layer's outputs must be in no other"):
        turned.tally(x, y, seeded(1))
