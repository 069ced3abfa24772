"""The two estimators of the stochastic network's accuracy: against each other on a trained network, and against exact
values where there are any."""

import numpy as np
import pytest
import torch
from scipy.stats import norm

from pacbayes_curvature import networks, posteriors
from pacbayes_curvature.curvature.second_moments import low_rank, second_moments, spectrum
from pacbayes_curvature.gibbs import local_reparametrisation
from pacbayes_curvature.gibbs.local_reparametrisation import (
    LocalReparametrisation,
    by_local_reparametrisation,
    by_weight_sampling,
)

POINTS = [(1e-3, 1e-2), (1e-2, 1e-2), (1e-1, 1e-2), (1e-2, 1e-1), (1.0, 10.0)]


def layers_of(method, network, x):
    moments = second_moments(network.minimum, x)
    return [
        posteriors.layer_posterior(method, h, spectrum(h), len(w), d)
        for h, w, d in zip(moments, network.minimum, network.squared_distances())
    ]


@pytest.mark.parametrize("method", posteriors.METHODS)
def test_estimators_agree_on_a_trained_network(digits, digits_network, method):
    """At five grid points from nearly exact to nearly guessing, within four joint standard errors."""
    x, y = torch.from_numpy(digits.x_train), torch.from_numpy(digits.y_train)
    layers = layers_of(method, digits_network, x)
    lam, beta = map(np.array, zip(*POINTS))
    fast, fast_error = by_local_reparametrisation(
        digits_network.minimum, layers, lam, beta, x, y, torch.Generator().manual_seed(1), passes=20
    )
    generator = torch.Generator().manual_seed(2)
    slow, slow_error = np.array(
        [by_weight_sampling(digits_network.minimum, layers, l, b, x, y, generator, draws=100) for l, b in POINTS]
    ).T
    assert fast.max() > 0.9 and fast.min() < 0.6, "the points should span the range"
    assert (np.abs(fast - slow) <= 4 * np.hypot(fast_error, slow_error)).all(), (fast, slow, fast_error, slow_error)


@pytest.mark.parametrize("method", posteriors.METHODS)
def test_one_layer_has_a_closed_form(method):
    """Two classes, one layer: the logits' difference is N(d, 2 s^2), so the accuracy is the mean of Phi(d / (s sqrt 2)).

    No noise is left to draw: the estimate is exact, and its standard error is the spread of the examples.
    """
    generator = torch.Generator().manual_seed(3)
    x, y = torch.randn(400, 6, generator=generator), torch.randint(2, (400,), generator=generator)
    weights = [torch.randn(2, 7, generator=generator)]
    h = second_moments(weights, x)[0]
    layers = [posteriors.layer_posterior(method, h, spectrum(h), 2, 1.0)]
    z = np.c_[x.numpy(), np.ones(400)].astype(float)
    for lam, beta in ((0.1, 0.1), (2.0, 0.01)):
        layer = layers[0]
        basis = np.eye(7) if layer.basis is None else layer.basis
        variance = ((z @ basis) ** 2 * posteriors.variances(layer, [lam], [beta])[0]).sum(1)
        logits = z @ weights[0].double().numpy().T
        margin = np.where(y.numpy() == 1, 1, -1) * (logits[:, 1] - logits[:, 0])
        exact = norm.cdf(margin / np.sqrt(2 * variance))
        accuracy, error = by_local_reparametrisation(
            weights, layers, np.array([lam]), np.array([beta]), x, y, torch.Generator().manual_seed(4), passes=2
        )
        assert accuracy[0] == pytest.approx(exact.mean(), abs=1e-6)
        assert error[0] == pytest.approx(np.sqrt(np.var(np.r_[exact, exact], ddof=1) / 800), rel=1e-4)


def test_a_grid_point_does_not_depend_on_its_neighbours(digits, digits_network):
    x, y = torch.from_numpy(digits.x_train), torch.from_numpy(digits.y_train)
    layers = layers_of("layerwise", digits_network, x)
    lam, beta = map(np.array, zip(*POINTS))

    def run(lam, beta):
        return by_local_reparametrisation(
            digits_network.minimum, layers, lam, beta, x, y, torch.Generator().manual_seed(1)
        )[0]

    alone = np.concatenate([run(lam[i : i + 1], beta[i : i + 1]) for i in range(len(lam))])
    np.testing.assert_allclose(run(lam, beta), alone, rtol=1e-4)  # a product of other shape may round otherwise


def test_each_point_is_evaluated_on_its_own_number_of_examples(digits, digits_network):
    """As if the data ended there, whatever the other points get."""
    x, y = torch.from_numpy(digits.x_train), torch.from_numpy(digits.y_train)
    layers = layers_of("layerwise", digits_network, x)
    lam, beta = map(np.array, zip(*POINTS))
    examples = np.array([1437, 1, 700, 1025, 1024])

    classifiers = LocalReparametrisation(digits_network.minimum, layers, lam, beta)

    def run(examples):
        return classifiers.tally(x, y, torch.Generator().manual_seed(1), examples=examples)

    tally = run(examples)
    assert tally.outcomes.tolist() == examples.tolist()
    assert tally.wrong[0] == pytest.approx(run(np.full(5, 1437)).wrong[0], rel=1e-4)
    assert tally.wrong[4] == pytest.approx(run(np.full(5, 1024)).wrong[4], rel=1e-4)
    with_none = run(np.array([1437, 0, 1, 1, 1]))
    assert with_none.wrong[1] == with_none.squares[1] == with_none.outcomes[1] == 0
    with pytest.raises(ValueError, match="a number from 0 to 1437 for each of the 5 grid points"):
        run(np.array([1437, -1, 1, 1, 1]))
    with pytest.raises(ValueError, match="from 0 to 1437"):
        run(np.array([1438, 1, 1, 1, 1]))


def test_several_passes_share_the_first_layer(digits, digits_network, monkeypatch):
    """Each point has its own number of outcomes, whole passes first; the inputs are rotated once, whatever their number."""
    x, y = torch.from_numpy(digits.x_train), torch.from_numpy(digits.y_train)
    lam, beta = map(np.array, zip(*POINTS))
    classifiers = LocalReparametrisation(digits_network.minimum, layers_of("layerwise", digits_network, x), lam, beta)
    rotated, first = [], classifiers.first.deviations
    monkeypatch.setattr(classifiers.first, "deviations", lambda z, points: rotated.append(len(z)) or first(z, points))
    noisy = 2  # not so little noise that wrong answers are rare: then standard errors are estimated well
    examples = np.array([2000, 1437 + 1024, 40 * 1437, 3, 1])
    tally = classifiers.tally(x, y, torch.Generator().manual_seed(1), passes=40, examples=examples)
    assert tally.outcomes.tolist() == examples.tolist() and rotated == [1024, 413]
    runs = [classifiers.tally(x, y, torch.Generator().manual_seed(seed)) for seed in range(40)]
    mean, error = np.mean([run.accuracy for run in runs], 0), (np.mean([run.stderr**2 for run in runs], 0) / 40) ** 0.5
    assert abs(tally.accuracy[noisy] - mean[noisy]) <= 4 * np.hypot(tally.stderr[noisy], error[noisy])
    assert tally.stderr[noisy] == pytest.approx(error[noisy], rel=0.1)
    with pytest.raises(ValueError, match="a number from 0 to 2874 for each of the 5 grid points"):
        classifiers.tally(x, y, torch.Generator(), passes=2, examples=np.full(5, 2875))


def test_the_standard_error_is_that_of_repetitions(digits, digits_network):
    """The spread of 200 independent passes is no more than reported, and not much less where the examples are alike."""
    x, y = torch.from_numpy(digits.x_train)[:300], torch.from_numpy(digits.y_train)[:300]
    lam, beta = map(np.array, zip(*POINTS))
    classifiers = LocalReparametrisation(digits_network.minimum, layers_of("layerwise", digits_network, x), lam, beta)
    runs = [classifiers.tally(x, y, torch.Generator().manual_seed(seed)) for seed in range(200)]
    spread = np.std([run.accuracy for run in runs], axis=0, ddof=1)
    reported = np.sqrt(np.mean([run.stderr**2 for run in runs], axis=0))
    assert (spread <= 1.15 * reported).all() and (spread >= 0.2 * reported).all(), (spread, reported)
    bernoulli = np.sqrt(np.mean([run.accuracy * (1 - run.accuracy) / 300 for run in runs], axis=0))
    assert (spread[:3] < 0.9 * bernoulli[:3]).all(), "less than that of answers"


# What the layers after the first leave out ----------------------------------------------------------------------------


@pytest.mark.parametrize("lam, beta", [*POINTS, (1e-5, 10.0), (10.0, 1e-5), (0.3, 0.02)])
@pytest.mark.parametrize("tolerance", [0.0, 0.005, 0.1])
def test_the_variances_error_is_within_its_tolerance(digits, digits_network, lam, beta, tolerance, monkeypatch):
    """s^2 of each example against the dense z' Sigma z, with Sigma = beta (H + (beta / lam) I)^-1 inverted."""
    monkeypatch.setattr(local_reparametrisation, "TOLERANCE", tolerance)
    x = torch.from_numpy(digits.x_train)
    layer, weight = layers_of("layerwise", digits_network, x)[1], digits_network.minimum[1]
    z = torch.relu(networks.affine(digits_network.minimum[0], x))
    one = local_reparametrisation._Deeper(weight, layer, np.array([lam]), np.array([beta]))
    mean, s = one.moments(z, 0)
    np.testing.assert_allclose(mean, networks.affine(weight, z), rtol=1e-4, atol=1e-4)
    h = layer.basis * layer.curvature @ layer.basis.T
    sigma = beta * np.linalg.inv(h + beta / lam * np.eye(len(h)))
    augmented = np.c_[z.double().numpy(), np.ones(len(z))]
    exact = ((augmented @ sigma) * augmented).sum(1)
    assert (np.abs(s.double().numpy()[:, 0] ** 2 / exact - 1) <= tolerance + 1e-3).all()
    assert tolerance > 0 or one.rank[0] >= (layer.curvature > 0).sum()


def test_what_is_left_out_changes_no_accuracy(digits, digits_network, monkeypatch):
    """With the same noise, against all of U'(z, 1): less than a tenth of the standard error, at 36 grid points."""
    x, y = torch.from_numpy(digits.x_train), torch.from_numpy(digits.y_train)
    layers = layers_of("layerwise", digits_network, x)
    lam, beta = (values.ravel() for values in np.meshgrid(np.geomspace(1e-4, 1, 6), np.geomspace(1e-3, 10, 6)))

    def run():
        return by_local_reparametrisation(
            digits_network.minimum, layers, lam, beta, x, y, torch.Generator().manual_seed(1), passes=3
        )

    accuracy, error = run()
    monkeypatch.setattr(local_reparametrisation, "TOLERANCE", 0.0)
    exact, _ = run()
    assert (
        0 < np.abs(accuracy - exact).max() <= 0.5 * error.max()
        and np.abs(accuracy - exact).mean() <= 0.1 * error.mean()
    )


@pytest.mark.parametrize("lam, beta", POINTS)
def test_estimators_agree_for_a_low_rank_posterior(digits, digits_network, lam, beta):
    x, y = torch.from_numpy(digits.x_train), torch.from_numpy(digits.y_train)
    layers = [
        posteriors.LayerPosterior(values, vectors, len(w), d)
        for (values, vectors, _), w, d in zip(
            low_rank(digits_network.minimum, x, 8, torch.Generator().manual_seed(0)),
            digits_network.minimum,
            digits_network.squared_distances(),
        )
    ]
    assert all(layer.low_rank for layer in layers)
    fast, fast_error = by_local_reparametrisation(
        digits_network.minimum,
        layers,
        np.array([lam]),
        np.array([beta]),
        x,
        y,
        torch.Generator().manual_seed(1),
        passes=20,
    )
    slow, slow_error = by_weight_sampling(
        digits_network.minimum, layers, lam, beta, x, y, torch.Generator().manual_seed(2), draws=100
    )
    assert abs(fast[0] - slow) <= 4 * np.hypot(fast_error[0], slow_error)


def test_vanishing_noise_is_the_deterministic_network(digits, digits_network):
    x, y = torch.from_numpy(digits.x_train), torch.from_numpy(digits.y_train)
    layers = layers_of("layerwise", digits_network, x)
    accuracy, error = by_local_reparametrisation(
        digits_network.minimum, layers, np.array([1e-12]), np.array([1.0]), x, y, torch.Generator().manual_seed(1)
    )
    assert accuracy[0] == 1 and error[0] == 0


def test_too_few_draws_are_refused(digits, digits_network):
    x, y = torch.from_numpy(digits.x_train), torch.from_numpy(digits.y_train)
    layers = layers_of("baseline", digits_network, x)
    with pytest.raises(ValueError, match="draws must be at least 2, got 1"):
        by_weight_sampling(digits_network.minimum, layers, 0.1, 1.0, x, y, torch.Generator(), draws=1)
    with pytest.raises(ValueError, match="passes must be at least 1, got 0"):
        by_local_reparametrisation(
            digits_network.minimum, layers, np.array([0.1]), np.array([1.0]), x, y, torch.Generator(), passes=0
        )
