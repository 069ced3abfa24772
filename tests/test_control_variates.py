"""Control variates: the surrogate against a dense twin, its mean against draws, and the outcomes against plain ones."""

import numpy as np
import pytest
import torch
from scipy.integrate import quad
from scipy.stats import norm

from pacbayes_curvature import control_variates, curvature, gibbs, posteriors
from pacbayes_curvature.control_variates import Controlled, cells, rectified

AXIS = np.geomspace(1e-3, 1, 4)
LAM, BETA = (values.ravel() for values in np.meshgrid(AXIS, AXIS))
ALL = np.arange(len(LAM))


@pytest.fixture(scope="module")
def problem(digits, digits_network):
    """The weights, the layers of each method, and data."""
    x, y, weights = torch.from_numpy(digits.x_train), torch.from_numpy(digits.y_train), digits_network.minimum
    moments = curvature.layerwise(weights, x)
    layers = {
        method: [
            posteriors.layer_posterior(method, h, curvature.spectrum(h), len(w), 0.0) for h, w in zip(moments, weights)
        ]
        for method in posteriors.METHODS
    }
    return weights, layers, x, y


def beta_of(method):
    return np.full(len(LAM), np.inf) if method == "baseline" else BETA


def surrogate_of(controlled, cell, x, y):
    deviation = controlled._deviations(x, cell)
    return controlled.surrogate(cell, gibbs.affine(controlled.weights[0], x), deviation, y), deviation


@pytest.mark.parametrize("mean, s", [(0.0, 1.0), (1.3, 0.4), (-2.0, 1.5), (-0.1, 3.0)])
def test_moments_of_a_rectified_gaussian(mean, s):
    def expectation(function, at=mean):
        return quad(lambda a: function(max(a, 0)) * norm.pdf(a, at, s), at - 12 * s, at + 12 * s, points=[0])[0]

    z, variance, slope = (
        v.item() for v in rectified(torch.tensor([[mean]], dtype=float), torch.tensor([[s**2]], dtype=float))
    )
    assert z == pytest.approx(expectation(lambda a: a))
    assert variance == pytest.approx(expectation(lambda a: a**2) - z**2)
    step = 1e-4
    assert slope == pytest.approx(
        (expectation(lambda a: a, mean + step) - expectation(lambda a: a, mean - step)) / (2 * step), rel=1e-6
    )


def test_without_noise_a_unit_is_rectified():
    z, variance, slope = rectified(torch.tensor([[2.0, -3.0, 0.0]]), torch.zeros(1, 1))
    for found, expected in ((z, [2, 0, 0]), (variance, [0, 0, 0]), (slope, [1, 0, 0.5])):
        np.testing.assert_allclose(found[0], expected, atol=1e-15)


@pytest.mark.parametrize("beta", [BETA, np.full(len(LAM), np.inf)])
def test_cells_hold_every_point_once_and_are_no_wider_than_told(beta):
    for width in (0.5, 1.5, 2.5, 100):
        groups = cells(LAM, beta, width)
        assert sorted(np.concatenate(groups)) == list(ALL)
        for group in groups:
            for values in (LAM[group], beta[group]):
                assert values.max() == values.min() or np.log10(values.max() / values.min()) < width
    assert [len(group) for group in cells(LAM, BETA, 2.0)] == [4, 4, 4, 4]
    assert len(cells(LAM, beta, 100)) == 1


def test_the_first_point_of_a_cell_is_its_most_central():
    axis = np.geomspace(1e-2, 1, 3)
    lam, beta = (values.ravel() for values in np.meshgrid(axis, axis))
    (group,) = cells(lam, beta, 3.0)
    assert group[0] == 4


@pytest.mark.parametrize("method", posteriors.METHODS)
def test_first_deviations_are_those_of_the_other_estimator(problem, method):
    weights, layers, x, _ = problem
    controlled = Controlled(weights, layers[method], LAM, beta_of(method))
    expected = controlled.first.deviations(x[:50], ALL[3:9])
    torch.testing.assert_close(controlled._deviations(x[:50], ALL[3:9]).T, expected, rtol=1e-4, atol=1e-6)


def test_first_deviations_of_a_low_rank(problem):
    weights, layers, x, _ = problem
    moment = curvature.layerwise(weights, x)[0]
    g, u = curvature.spectrum(moment)
    for rank in (7, 20):
        first = posteriors.layer_posterior("layerwise", moment, (g[:rank], u[:, :rank]), len(weights[0]), 0.0)
        controlled = Controlled(weights, [first, *layers["layerwise"][1:]], LAM, BETA)
        expected = controlled.first.deviations(x[:50], ALL)
        torch.testing.assert_close(controlled._deviations(x[:50], ALL).T, expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("method", posteriors.METHODS)
def test_moments_of_a_later_layer(problem, method):
    """At every point those of the other estimator; with spread inputs, against the dense covariance."""
    weights, layers, _, _ = problem
    beta = beta_of(method)
    later = Controlled(weights, layers[method], LAM, beta).later[0]
    z = torch.rand(30, len(weights[0]))
    mean, s2 = control_variates.moments(later, z, torch.zeros(30), ALL)
    _, spread = control_variates.moments(later, z, torch.full((30,), 0.7), ALL)
    basis = layers[method][1].basis
    for g in ALL:
        expected, s = later.moments(z, g)
        torch.testing.assert_close(mean, expected, rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(s2[g], s[:, 0].square(), rtol=2.1 * gibbs.TOLERANCE)
        v = posteriors.variances(layers[method][1], LAM[[g]], beta[[g]])[0]
        covariance = np.diag(v) if basis is None else basis @ np.diag(v) @ basis.T
        inputs = np.c_[z.numpy(), np.ones(30)]
        dense = np.einsum("ni,ij,nj->n", inputs, covariance, inputs) + 0.7 * np.trace(covariance)
        np.testing.assert_allclose(spread[g], dense, rtol=2.1 * gibbs.TOLERANCE)


def dense_surrogate(weights, layers, lam, beta, x, y):
    """M, delta_l, s_l and T of one example at one grid point, with dense covariances in double precision and autograd."""
    inputs, average = torch.from_numpy(np.append(x, 1.0)), 0.0
    shifts, units, nonlinear, s2 = [], [], [], []
    for weight, layer in zip(weights, layers):
        weight, v = weight.double(), posteriors.variances(layer, [lam], [beta])[0]
        covariance = torch.from_numpy(np.diag(v) if layer.basis is None else layer.basis @ np.diag(v) @ layer.basis.T)
        s2.append((inputs @ covariance @ inputs + average * covariance.trace()).detach())
        shifts.append(torch.zeros(len(weight), dtype=torch.float64, requires_grad=True))
        a = weight @ inputs + shifts[-1]
        if len(s2) == len(weights):
            break
        s = (s2[-1] + average * weight[:, :-1].square().sum(1)).sqrt().expand(len(weight))
        normal = torch.distributions.Normal(torch.zeros_like(s), s)
        below, density = normal.cdf(a), s.square() * normal.log_prob(a).exp()
        units.append(a * below + density)
        spread = ((a.square() + s.square()) * below + a * density - units[-1].square()).detach()
        nonlinear.append(spread - below.detach().square() * s.square())
        inputs, average = torch.cat([units[-1], torch.ones(1, dtype=torch.float64)]), spread.mean()
    rivals = a.detach().clone()
    rivals[y] = -torch.inf
    gap = a[y] - a[rivals.argmax()]
    deltas = torch.autograd.grad(gap, shifts[:-1], retain_graph=True)
    left = sum((g.square() * rest).sum() for g, rest in zip(torch.autograd.grad(gap, units), nonlinear))
    return gap.item(), [d.numpy() for d in deltas], [s.item() ** 0.5 for s in s2], (2 * s2[-1] + left).item()


@pytest.mark.parametrize("method", posteriors.METHODS)
def test_the_surrogate_against_a_dense_twin(problem, method, monkeypatch):
    monkeypatch.setattr(gibbs, "TOLERANCE", 0)
    weights, layers, x, y = problem
    beta, rows = beta_of(method), [0, 17, 700]
    controlled = Controlled(weights, layers[method], LAM, beta)
    for g in (1, 6, 14):
        surrogate, deviation = surrogate_of(controlled, np.array([g]), x[rows], y[rows])
        torch.testing.assert_close(surrogate.deviations[0], deviation)
        for n, row in enumerate(rows):
            gap, deltas, s, rest = dense_surrogate(weights, layers[method], LAM[g], beta[g], x[row], y[row])
            assert surrogate.gap[n].item() == pytest.approx(gap, rel=1e-3)
            assert surrogate.rest[0, n].item() == pytest.approx(rest, rel=1e-3)
            for found, expected in zip(surrogate.deltas, deltas, strict=True):
                np.testing.assert_allclose(found[n], expected, rtol=1e-3, atol=1e-4 * np.abs(expected).max())
            for found, expected in zip(surrogate.deviations, s):
                assert found[0, n].item() == pytest.approx(expected, rel=1e-3)


def test_the_points_of_a_cell_have_their_own_noise(problem):
    """s_l of each point, by its own variances at the first point's units; T in proportion to the strength of the noise."""
    weights, layers, x, y = problem
    controlled = Controlled(weights, layers["layerwise"], LAM, BETA)
    cell = ALL[5:8]
    together, deviation = surrogate_of(controlled, cell, x[:40], y[:40])
    first, _ = surrogate_of(controlled, cell[:1], x[:40], y[:40])
    torch.testing.assert_close(together.gap, first.gap)
    torch.testing.assert_close(together.rest[0], first.rest[0], rtol=1e-4, atol=0)
    torch.testing.assert_close(together.deviations[0], deviation)
    assert (together.deviations[1][1] / first.deviations[1][0] - 1).abs().min() > 0.01


@pytest.mark.parametrize("method", posteriors.METHODS)
def test_the_mean_of_q_is_e(problem, method):
    """Over 20,000 draws, for each of 12 examples at each point of a cell."""
    weights, layers, x, y = problem
    controlled = Controlled(weights, layers[method], LAM, beta_of(method))
    cell, generator = ALL[4:12], torch.Generator().manual_seed(0)
    for n in range(12):
        surrogate, _ = surrogate_of(controlled, cell, x[n : n + 1].expand(20_000, -1), y[n : n + 1].expand(20_000))
        noise = [torch.randn(20_000, len(w), generator=generator) for w in weights[:-1]]
        difference = surrogate.control(noise, 20_000).double()
        e = surrogate.expected[:, 0].double()
        error = (e * (1 - e) / 20_000).sqrt()  # of answers, 0 or 1: that of q is smaller
        assert (difference.mean(1).abs() <= 4.5 * error + 1e-6).all()
        assert ((e >= 0) & (e <= 1)).all() and e.max() > 1e-3


@pytest.mark.parametrize("method", posteriors.METHODS)
def test_with_nothing_taken_off_the_outcomes_are_the_plain_ones(problem, method, monkeypatch):
    """The same noise in the same order, whatever the passes, the points and their examples."""
    weights, layers, x, y = problem
    monkeypatch.setattr(control_variates.Surrogate, "control", lambda self, noise, n: torch.zeros(len(self.rest), n))
    monkeypatch.setattr(gibbs, "CHUNK", 200)
    examples = np.random.default_rng(0).integers(0, 900, len(LAM))
    examples[3] = 0
    plain, controlled = (
        kind(weights, layers[method], LAM, beta_of(method)).tally(
            x[:450], y[:450], torch.Generator().manual_seed(2), 2, examples
        )
        for kind in (gibbs.LocalReparametrisation, Controlled)
    )
    np.testing.assert_allclose(controlled.wrong, plain.wrong, rtol=1e-4, atol=1e-3)
    np.testing.assert_allclose(controlled.squares, plain.squares, rtol=1e-4, atol=1e-3)
    assert controlled.outcomes.tolist() == examples.tolist()


@pytest.mark.parametrize("method", posteriors.METHODS)
def test_the_same_expectation_and_less_spread(problem, method):
    """Against plain outcomes with other noise. Where answers differ, less variance at most points: of ten classes the surrogate
    knows but the strongest rival, so that with much noise it can be more."""
    weights, layers, x, y = problem
    plain, controlled = (
        kind(weights, layers[method], LAM, beta_of(method)).tally(x, y, torch.Generator().manual_seed(seed), 12)
        for seed, kind in enumerate((gibbs.LocalReparametrisation, Controlled))
    )
    error = np.hypot(plain.stderr, controlled.stderr)
    assert (np.abs(controlled.accuracy - plain.accuracy) <= 4 * error + 1e-6).all()
    open_ = (plain.accuracy > 0.2) & (plain.accuracy < 0.999)
    ratio = controlled.variance / plain.variance
    assert np.median(ratio[open_]) < 0.8 and (ratio[open_] < 0.9).mean() > 2 / 3, ratio
