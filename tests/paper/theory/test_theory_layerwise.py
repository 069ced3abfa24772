"""What chapter 05 measures on networks: the fast forms against slow, dense twins. Its derivations are in test_lecture_05."""

import numpy as np
import pytest
import torch

from pacbayes_curvature import posteriors
from pacbayes_curvature.curvature.second_moments import second_moments, spectrum
from pacbayes_curvature.networks import initialise
from paper.randomness import stream
from paper.theory.layerwise import bounds as layerwise_bounds
from paper.theory.layerwise import fisher, trials
from paper.theory.layerwise import measured as layerwise_measured
from paper.theory.layerwise import sherman_morrison as sm
from paper.theory.posterior import measured_curvature as measured


def toy(seed, sizes, examples):
    generator = stream("toy network", seed)
    weights = [2 * w.double() for w in initialise(sizes, generator)]
    return (
        weights,
        torch.randn(examples, sizes[0], generator=generator, dtype=torch.float64),
        torch.arange(examples) % sizes[-1],
    )


# Eq. (10) -------------------------------------------------------------------------------------------------------------


def test_scores_are_the_rows_of_the_empirical_fisher():
    weights, x, y = toy(3, [4, 3, 3], 7)
    rows = fisher.scores(weights, x, y)
    np.testing.assert_allclose(rows.T @ rows / 7, measured.empirical_fisher(weights, x, y), rtol=1e-12, atol=1e-15)


def test_traces_when_scaled_are_traces_of_dense_matrices():
    weights, x, _ = toy(4, [4, 3, 3], 7)
    found = fisher.traces_when_scaled(weights, x, np.array([0.5, 1.0, 3.0]))
    for scale, trace in zip(found["scale"], found["trace"]):
        dense = measured.fisher([weights[0], scale * weights[1]], x)
        assert trace == pytest.approx(np.trace(dense), rel=1e-12)


def test_averaged_sampled_estimates_approach_the_fisher_and_the_empirical_one_does_not():
    weights, x, y = toy(5, [3, 3], 20)
    table = fisher.estimates(weights, x, y, seed=0, draws=(1, 400)).set_index("matrix")
    distance = table["relative distance from $F$"]
    assert distance["exact $F$"] == 0
    assert distance["sampled labels, mean of 400"] < 0.1 < distance["empirical: the data's labels"]


def test_the_mean_over_all_labels_is_the_fisher_matrix():
    """The sum over all label vectors, each with its chance, of (10) over N."""
    weights, x, _ = toy(0, [3, 2, 3], 2)
    p, mean = fisher.predictions(weights, x), 0
    for labels in np.ndindex(3, 3):
        chance = p[0, labels[0]].item() * p[1, labels[1]].item()
        mean = mean + chance * measured.empirical_fisher(weights, x, torch.tensor(labels))
    np.testing.assert_allclose(mean, measured.fisher(weights, x), rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(mean, measured.ggn(weights, x), rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("examples", [1, 2, 3])
def test_the_rank_is_that_of_the_examples_and_classes(examples):
    weights, x, _ = toy(1, [6, 3], examples)
    assert np.linalg.matrix_rank(measured.fisher(weights, x), tol=1e-10) == 2 * examples
    sampled = measured.sampled_fisher(weights, x, stream("sampled labels", 0))
    assert np.linalg.matrix_rank(sampled, tol=1e-10) <= examples


# Sherman-Morrison -----------------------------------------------------------------------------------------------------


def test_both_inverses_agree_with_numpy():
    rows = np.random.default_rng(0).normal(size=(30, 12))
    dense = np.linalg.inv(0.01 * np.eye(12) + rows.T @ rows / 30)
    for invert in (sm.recursive_inverse, sm.direct_inverse):
        np.testing.assert_allclose(invert(rows, 0.01), dense, rtol=1e-10, atol=1e-12)
        assert sm.residual(rows, 0.01, invert(rows, 0.01)) < 1e-13


def test_errors_have_a_row_for_each_alpha():
    rows = np.random.default_rng(0).normal(size=(30, 12))
    errors = sm.compare_errors(rows, np.array([1e-9, 1.0]))
    assert (
        errors["alpha"].tolist() == [1e-9, 1.0]
        and (errors["recursive"] > 0).all()
        and errors["recursive"][0] > errors["recursive"][1]
    )


def test_memory_of_the_papers_example():
    table = sm.memory({"tiny": [2, 3, 1]})
    assert table["full, GB"][0] == 20
    assert table["full, GiB"][0] == pytest.approx(18.63, abs=0.01)
    assert table["k"][1] == 3 * 3 + 4
    assert table["a block for each neuron, GB"][1] == 8 * (3 * 9 + 16) / 1e9
    assert table["one $H_l$ for each layer, GB"][1] == 8 * (9 + 16) / 1e9


# Lemma 5.1 ------------------------------------------------------------------------------------------------------------


def test_the_hessian_of_a_layers_error_is_twice_the_second_moment_and_nothing_else():
    weights, x = small_network()
    moments = second_moments(weights, x)
    gaps = layerwise_measured.exact_layer_hessians(weights, x, 2, moments)
    assert max(gaps) < 1e-12
    halved = layerwise_measured.exact_layer_hessians(weights, x, 2, [h / 2 for h in moments])  # (34) as printed
    assert min(halved) > 0.9


NETWORKS = list(trials.random_networks(seed=2, instances=60, depths=range(1, 7)))
SMALL = list(trials.random_networks(seed=3, instances=36, depths=range(1, 7), most=3))


@pytest.mark.parametrize("norm", [layerwise_bounds.frobenius, layerwise_bounds.spectral])
def test_the_telescoped_bound_lies_above_what_it_bounds(norm):
    for clean, noisy, x, activation in NETWORKS:
        outputs = [layerwise_bounds.inputs(weights, x, activation)[-1] for weights in (noisy, clean)]
        left = layerwise_bounds.root_mean_square(outputs[0] - outputs[1])
        errors = layerwise_bounds.layer_errors(clean, noisy, x, activation)
        right = layerwise_bounds.telescoped(errors, [norm(w) for w in noisy])
        assert left <= right * (1 + 1e-11)
        if len(clean) == 1:
            assert left == pytest.approx(right, rel=1e-11)


def expected_sides(change=lambda errors, means, noise: (errors, means, noise)):
    """For each small network, sqrt(E_Q[RMS^2]) exactly, and the bounds from Ebar, the means and the noise, `change`d."""
    for seed, (clean, _, x, activation) in enumerate(SMALL):
        choices = trials.choices(clean, seed)
        noise = [((w - w0).mT @ (w - w0)).mean(0)[:-1, :-1] for w, w0 in zip(choices, clean)]
        errors = trials.exact_layer_errors(choices, clean, x, activation)
        yield trials.exact_rms(choices, clean, x, activation), layerwise_bounds.bounds(*change(errors, clean, noise))


@pytest.mark.parametrize("name", layerwise_bounds.bounds([1.0], [torch.zeros(1, 2)], [torch.zeros(1, 1)]))
def test_the_expected_bounds_lie_above_the_exact_expectation(name):
    assert all(left <= bounds[name] * (1 + 1e-11) for left, bounds in expected_sides())


CHANGES = {
    "half of the errors": lambda e, w, s: ([x / 2 for x in e], w, s),
    "no noise in the norms": lambda e, w, s: (e, w, [0 * x for x in s]),
    "no mean in the norms": lambda e, w, s: (e, [0 * x for x in w], s),
}


@pytest.mark.parametrize("change", CHANGES)
def test_with_less_they_do_not(change):
    for name in ("Frobenius", "spectral", "recursive"):
        assert any(left > bounds[name] for left, bounds in expected_sides(CHANGES[change])), name


def test_the_choices_have_the_clean_weights_as_their_mean():
    for seed, (clean, *_) in enumerate(SMALL):
        for ws, w0 in zip(trials.choices(clean, seed), clean):
            torch.testing.assert_close(ws.mean(0), w0, rtol=1e-10, atol=1e-12)
            assert len(ws) == (2 if len(clean) > 4 else 3) and not torch.equal(ws[0], ws[1])


# The bounds on networks -----------------------------------------------------------------------------------------------


def small_network(seed=0, sizes=(4, 5, 3)):
    rng = np.random.default_rng(seed)
    weights = [torch.from_numpy(rng.normal(size=(o, i + 1)) / i**0.5) for i, o in zip(sizes, sizes[1:])]
    return weights, torch.from_numpy(rng.normal(size=(30, sizes[0])))


def layers_of(method, weights, moments):
    return [posteriors.layer_posterior(method, h, spectrum(h), len(w), 1.0) for h, w in zip(moments, weights)]


def test_gaussian_bounds_against_kronecker_covariances():
    weights, x = small_network()
    moments, lam, beta = second_moments(weights, x), 0.3, 0.05
    found = layerwise_bounds.gaussian_bounds(weights, moments, layers_of("layerwise", weights, moments), lam, beta)
    total = 0
    for i, (weight, moment) in enumerate(zip(weights, moments)):
        term = 0.0
        for _ in weight:  # the neurons, one by one
            term += np.trace(beta * np.linalg.inv(moment + beta / lam * np.eye(len(moment))) @ moment)
        for later, later_moment in zip(weights[i + 1 :], moments[i + 1 :]):
            covariance = beta * np.linalg.inv(later_moment + beta / lam * np.eye(len(later_moment)))
            term *= later[:, :-1].square().sum().item() + len(later) * np.trace(covariance[:-1, :-1])
        total += term**0.5
    assert found["Frobenius"] == pytest.approx(total, rel=1e-10)
    assert found["spectral"] < found["Frobenius"]


@pytest.mark.parametrize("method", ["baseline", "layerwise"])
def test_bounds_lie_above_what_is_measured(method):
    weights, x = small_network(1)
    moments = second_moments(weights, x)
    sides = layerwise_measured.two_sides(
        weights,
        moments,
        {method: layers_of(method, weights, moments)},
        np.array([1e-4, 1e-2, 1.0]),
        0.01,
        x,
        seed=0,
        draws=200,
    )
    for name in ("Frobenius", "spectral", "recursive"):
        assert (sides[name] > sides["rms"]).all()


def test_rms_draws_have_the_posterior_covariance():
    """One linear layer: E[RMS^2] = Ebar = n_out tr(Sigma H), exactly."""
    weights, x = small_network(2, sizes=(4, 3))
    moment = second_moments(weights, x)[0]
    rng = np.random.default_rng(0)
    basis, deviation = np.linalg.qr(rng.normal(size=(5, 5)))[0], rng.uniform(0.1, 2, 5)
    noise = [(torch.from_numpy(basis), torch.from_numpy(deviation))]
    squares = layerwise_measured.rms_draws(weights, noise, x, stream("test", 0), 4000) ** 2
    expected = 3 * np.trace(basis @ np.diag(deviation**2) @ basis.T @ moment)
    assert squares.mean() == pytest.approx(expected, abs=4 * squares.std() / 4000**0.5)


def test_tightness_is_one_for_one_layer_and_grows_with_depth():
    table = layerwise_measured.tightness([1, 2, 3], 8, 0.1, seed=0, instances=3, draws=100)
    medians = table.groupby(["bound", "depth"])["ratio"].median()
    for name in ("Frobenius", "spectral", "recursive"):
        assert medians[name, 1] == pytest.approx(1, abs=0.1)
        assert medians[name, 1] < medians[name, 2] < medians[name, 3]
