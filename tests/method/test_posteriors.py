"""The closed forms over the grid, held against Lemma 4.1 with dense matrices, neuron by neuron."""

import re
from dataclasses import FrozenInstanceError

import numpy as np
import pytest

from pacbayes_curvature import gaussians, posteriors
from pacbayes_curvature.curvature.second_moments import spectrum

LAM, BETA = np.array([1e-3, 0.2, 5.0, 0.2]), np.array([0.5, 1e-3, 2.0, np.inf])


def layer(seed, k=4, neurons=3):
    rng = np.random.default_rng(seed)
    root = rng.normal(size=(k, k))
    return root @ root.T / k, rng.normal(size=(neurons, k))


def hessian(method, h):
    return {"baseline": 0 * h, "diag": np.diag(np.diag(h)), "layerwise": h}[method]


@pytest.mark.parametrize("method", posteriors.METHODS)
def test_against_dense_lemma_4_1(method):
    moments, displacements = zip(*(layer(seed) for seed in range(2)))
    layers = [
        posteriors.layer_posterior(method, h, spectrum(h), len(d), (d**2).sum()) for h, d in zip(moments, displacements)
    ]
    kl = posteriors.kl_divergence(layers, LAM, BETA)
    loss = posteriors.expected_quadratic_loss(layers, LAM, BETA)
    for g, (lam, beta) in enumerate(zip(LAM, BETA)):
        dense_kl = dense_loss = 0.0
        for h, d, post in zip(moments, displacements, layers):
            k = len(h)
            curved = hessian(method, h) if np.isfinite(beta) else 0 * h
            sigma = gaussians.optimal_posterior(curved, lam, min(beta, 1.0) if np.isinf(beta) else beta)
            sigma = sigma if np.ndim(sigma) == 2 else sigma * np.eye(k)
            basis = np.eye(k) if post.basis is None else post.basis
            v = posteriors.variances(post, LAM, BETA)[g]
            np.testing.assert_allclose(basis * v @ basis.T, sigma, rtol=1e-9, atol=1e-15)
            for neuron in d:
                dense_kl += gaussians.kl_divergence(neuron, sigma, np.zeros(k), lam)
                dense_loss += np.trace(hessian(method, h) @ sigma) / 2
        np.testing.assert_allclose(kl[g], dense_kl, rtol=1e-9)
        np.testing.assert_allclose(loss[g], dense_loss, rtol=1e-9)


def test_kl_falls_and_loss_rises_with_beta():
    h, d = layer(5)
    for method in ("diag", "layerwise"):
        layers = [posteriors.layer_posterior(method, h, spectrum(h), len(d), (d**2).sum())]
        beta = np.geomspace(1e-4, 1e4, 60)
        assert (np.diff(posteriors.kl_divergence(layers, np.full(60, 0.3), beta)) < 0).all()
        assert (np.diff(posteriors.expected_quadratic_loss(layers, np.full(60, 0.3), beta)) > 0).all()


def test_baseline_is_the_end_of_every_beta_curve():
    h, d = layer(6)
    base, full = (
        [posteriors.layer_posterior(method, h, spectrum(h), len(d), (d**2).sum())]
        for method in ("baseline", "layerwise")
    )
    np.testing.assert_allclose(
        posteriors.kl_divergence(full, [0.3], [1e12]), posteriors.kl_divergence(base, [0.3], [np.inf]), rtol=1e-9
    )
    np.testing.assert_allclose(posteriors.kl_divergence(base, [0.3], [1.0]), (d**2).sum() / 0.6)


@pytest.mark.parametrize(
    ("lam", "beta", "message"),
    [
        ([0.0], [1.0], "lam must be positive, got 0.0"),
        ([1.0], [-2.0], "beta must be positive, got -2.0"),
        ([1.0, -1.0, -2.0], [1.0, 1.0, 0.0], "lam must be positive, got -1.0"),
        ([np.nan], [1.0], "lam must be positive, got nan"),
        ([1.0], [np.nan], "beta must be positive, got nan"),
        ([1.0, np.inf], [1.0, 1.0], "lam must be finite, got inf"),
        ([1.0, 2.0], [1.0], "one beta for each lam is needed, got 2 lam and 1 beta"),
        (["1"], [1.0], "lam must hold real numbers of float64's range, got ['1']"),
        ([1.0], ["1"], "beta must hold real numbers of float64's range, got ['1']"),
    ],
)
def test_bad_grids_are_refused(lam, beta, message):
    h, d = layer(7)
    post = posteriors.layer_posterior("diag", h, spectrum(h), len(d), 1.0)
    for function, given in (
        (posteriors.variances, post),
        (posteriors.kl_divergence, [post]),
        (posteriors.expected_quadratic_loss, [post]),
    ):
        with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
            function(given, lam, beta)


def test_a_grid_of_any_shape_counts_as_its_points_one_after_another():
    post = posteriors.LayerPosterior(np.array([2.0, 0.0, 1.0]), None, 3, 1.5)
    square = LAM.reshape(2, 2), BETA.reshape(2, 2)
    assert posteriors.variances(post, LAM, BETA).shape == (4, 3)
    assert posteriors.kl_divergence([post], *square).tolist() == posteriors.kl_divergence([post], LAM, BETA).tolist()
    np.testing.assert_array_equal(posteriors.variances(post, *square), posteriors.variances(post, LAM, BETA))


def test_layers_add_and_no_layers_cost_nothing():
    one, other = (
        posteriors.LayerPosterior(np.array(g), None, n, d) for g, n, d in (([2.0, 0.0], 3, 1.5), ([1.0], 2, 0.5))
    )
    for function in (posteriors.kl_divergence, posteriors.expected_quadratic_loss):
        assert function([], LAM, BETA).tolist() == [0, 0, 0, 0]
        parts = function([one], LAM, BETA) + function([other], LAM, BETA)
        np.testing.assert_allclose(function([one, other], LAM, BETA), parts, rtol=1e-14)


def test_unknown_method_lists_the_valid_ones():
    h, d = layer(8)
    message = f"unknown method 'full'; valid: {', '.join(posteriors.METHODS)}"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        posteriors.layer_posterior("full", h, spectrum(h), len(d), 1.0)


def test_a_new_posterior_is_entered_under_its_functions_name(monkeypatch):
    monkeypatch.setattr(posteriors, "POSTERIORS", {})

    @posteriors.posterior("Twice", colour="#000000", marker="x")
    def twice(moment, spectrum):
        return 2 * np.diag(moment), None

    @posteriors.posterior("Half", colour="#FFFFFF", marker="+", eigenvectors=True)
    def half(moment, spectrum):
        return spectrum[0] / 2, spectrum[1]

    assert posteriors.POSTERIORS == {
        "twice": posteriors.Posterior("Twice", "#000000", "x", twice, False),
        "half": posteriors.Posterior("Half", "#FFFFFF", "+", half, True),
    }
    h, _ = layer(11)
    made = posteriors.layer_posterior("half", h, spectrum(h), 3, 1.5)
    assert (made.neurons, made.squared_distance) == (3, 1.5)
    np.testing.assert_array_equal(made.curvature, spectrum(h)[0] / 2)
    np.testing.assert_array_equal(made.basis, spectrum(h)[1])


def test_no_two_posteriors_look_the_same_in_a_figure():
    for look in ("title", "colour", "marker"):
        looks = [getattr(method, look) for method in posteriors.POSTERIORS.values()]
        assert len(set(looks)) == len(looks), looks


def test_the_papers_three_are_as_its_figures_call_them():
    """Okabe and Ito's blue, vermilion and green, which colour-blind readers tell apart."""
    shown = {name: (entry.title, entry.colour, entry.marker) for name, entry in posteriors.POSTERIORS.items()}
    assert shown["baseline"] == ("Baseline", "#0072B2", "o")
    assert shown["diag"] == ("Diag Hessian", "#D55E00", "s")
    assert shown["layerwise"] == ("Full L Hessian", "#009E73", "^")


def test_only_what_needs_eigenvectors_asks_for_them():
    assert [name for name, entry in posteriors.POSTERIORS.items() if entry.eigenvectors] == ["layerwise"]
    h, d = layer(9)
    for method in ("baseline", "diag"):
        assert posteriors.layer_posterior(method, h, None, len(d), 1.0).basis is None


def test_an_entry_and_a_posterior_are_not_changed():
    h, d = layer(10)
    post = posteriors.layer_posterior("diag", h, None, len(d), 1.0)
    for frozen, name in ((post, "neurons"), (posteriors.entry("diag"), "title")):
        with pytest.raises(FrozenInstanceError):
            setattr(frozen, name, 1)
    first = h[0, 0]
    h[0, 0] += 1  # nor with the moment that it was made from
    assert post.curvature[0] == first


def test_low_rank_is_a_basis_with_fewer_columns_than_rows():
    basis = np.eye(4)
    assert [posteriors.LayerPosterior(np.ones(r), basis[:, :r], 1, 0.0).low_rank for r in (4, 3)] == [False, True]
    assert not posteriors.LayerPosterior(np.ones(4), None, 1, 0.0).low_rank
