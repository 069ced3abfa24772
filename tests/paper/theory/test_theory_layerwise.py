"""Chapter 05: every check holds, and fails for a mutated formula; the fast forms against slow, dense twins."""

import numpy as np
import pytest
import sympy as sp
import torch

from pacbayes_curvature import posteriors
from pacbayes_curvature.curvature.second_moments import second_moments, spectrum
from paper.randomness import stream
from paper.theory.layerwise import bounds as layerwise_bounds
from paper.theory.layerwise import fisher
from paper.theory.layerwise import lemma as layerwise_curvature
from paper.theory.layerwise import measured as layerwise_measured
from paper.theory.layerwise import optima as layerwise_optima
from paper.theory.layerwise import sherman_morrison as sm
from paper.theory.posterior import measured_curvature as measured

CHECKS = [
    fisher.curvature_checks,
    fisher.sampled_label_checks,
    fisher.rank_checks,
    fisher.one_example_checks,
    fisher.interpolation_checks,
    sm.identity_checks,
    sm.recursion_checks,
    layerwise_curvature.layer_error_checks,
    layerwise_curvature.block_checks,
    layerwise_curvature.pathwise_checks,
    layerwise_curvature.expectation_checks,
    layerwise_curvature.constant_checks,
    layerwise_optima.layer_optimum_checks,
    layerwise_optima.joint_optimum_checks,
]


def holds(checks):
    return all(check.holds for check in checks)


@pytest.mark.parametrize("checks", CHECKS, ids=lambda function: function.__name__)
def test_every_check_holds(checks):
    for check in checks():
        assert check.holds, (check.statement, check.residual)


@pytest.mark.parametrize("seed", [1, 2])
def test_numerical_checks_hold_for_other_seeds(seed):
    assert holds(fisher.sampled_label_checks(seed=seed))
    assert holds(fisher.rank_checks(seed=seed))
    assert holds(fisher.interpolation_checks(seed=seed))
    assert holds(sm.recursion_checks(seed=seed, dimension=4, instances=5))
    assert holds(layerwise_curvature.block_checks(seed=seed))
    assert holds(layerwise_curvature.pathwise_checks(seed=seed, instances=180))
    assert holds(layerwise_curvature.expectation_checks(seed=seed, instances=60))
    assert holds(layerwise_optima.layer_optimum_checks(seed=seed, dimension=3, instances=5))


# Eq. (10) -------------------------------------------------------------------------------------------------------------

CURVATURE_MUTATIONS = {
    "sign of pp'": {"inner": lambda p: sp.diag(*p) + p * p.T},
    "diag(p) alone": {"inner": lambda p: sp.diag(*p)},
    "factor 2": {"inner": lambda p: 2 * fisher.inner_hessian(p)},
    "p^2 on the diagonal": {"inner": lambda p: sp.diag(*[x**2 for x in p]) - p * p.T},
    "score without p": {"score": lambda p, y: fisher.label_score(p, y) + p},
    "score doubled": {"score": lambda p, y: 2 * fisher.label_score(p, y)},
    "second term dropped": {"second": lambda S, r, v, a: (v.T * S * v)[0]},
    "second term's sign": {"second": lambda S, r, v, a: (v.T * S * v - r.T * a)[0]},
}


@pytest.mark.parametrize("mutation", CURVATURE_MUTATIONS)
def test_mutated_curvature_is_caught(mutation):
    assert not holds(fisher.curvature_checks(**CURVATURE_MUTATIONS[mutation], classes=(2,)))


SAMPLING_MUTATIONS = {
    "sum for mean": {"estimate": lambda w, x, y: len(x) * measured.empirical_fisher(w, x, y)},
    "1/(N - 1)": {"estimate": lambda w, x, y: len(x) / (len(x) - 1) * measured.empirical_fisher(w, x, y)},
    "uniform labels": {"drawn_from": lambda w, x: torch.full((len(x), 3), 1 / 3)},
    "the data's labels": {"drawn_from": lambda w, x: torch.eye(3)[torch.arange(len(x)) % 3]},
}


@pytest.mark.parametrize("mutation", SAMPLING_MUTATIONS)
def test_mutated_sampling_is_caught(mutation):
    assert not holds(fisher.sampled_label_checks(**SAMPLING_MUTATIONS[mutation]))


def test_mutated_smallest_cases_are_caught():
    assert not holds(fisher.one_example_checks(eigenvalues=lambda w, p: (1 - p, 2 * w**2 * p * (1 - p) + (1 - p))))
    assert not holds(fisher.one_example_checks(eigenvalues=lambda w, p: (1 - p, w**2 * p * (1 - p) - (1 - p))))
    assert not holds(fisher.one_example_checks(empirical=lambda p: p * (1 - p)))  # the Fisher matrix itself


def test_mutated_rank_and_margin_bounds_are_caught():
    assert not holds(fisher.rank_checks(largest=lambda n, k: n * (k - 1) - 1))
    assert not holds(fisher.rank_checks(largest=lambda n, k: n * k))  # a bound, but not attained
    assert not holds(fisher.interpolation_checks(bound=lambda k, m: (k - 1) * np.exp(-m)))
    assert not holds(fisher.interpolation_checks(bound=lambda k, m: 2 * (k - 1) * np.exp(-2 * m)))


def test_scores_are_the_rows_of_the_empirical_fisher():
    weights, x, y = fisher._toy(3, [4, 3, 3], 7)
    rows = fisher.scores(weights, x, y)
    np.testing.assert_allclose(rows.T @ rows / 7, measured.empirical_fisher(weights, x, y), rtol=1e-12, atol=1e-15)


def test_traces_when_scaled_are_traces_of_dense_matrices():
    weights, x, _ = fisher._toy(4, [4, 3, 3], 7)
    found = fisher.traces_when_scaled(weights, x, np.array([0.5, 1.0, 3.0]))
    for scale, trace in zip(found["scale"], found["trace"]):
        dense = measured.fisher([weights[0], scale * weights[1]], x)
        assert trace == pytest.approx(np.trace(dense), rel=1e-12)


def test_averaged_sampled_estimates_approach_the_fisher_and_the_empirical_one_does_not():
    weights, x, y = fisher._toy(5, [3, 3], 20)
    table = fisher.estimates(weights, x, y, seed=0, draws=(1, 400)).set_index("matrix")
    distance = table["relative distance from $F$"]
    assert distance["exact $F$"] == 0
    assert distance["sampled labels, mean of 400"] < 0.1 < distance["empirical: the data's labels"]


# Sherman-Morrison -----------------------------------------------------------------------------------------------------

UPDATE_MUTATIONS = {
    "sign": lambda B, g, w: B + B * g * (B * g).T * (w / (1 + w * (g.T * B * g)[0])),
    "sign below": lambda B, g, w: B - B * g * (B * g).T * (w / (1 - w * (g.T * B * g)[0])),
    "weight below missing": lambda B, g, w: B - B * g * (B * g).T * (w / (1 + (g.T * B * g)[0])),
    "weight above missing": lambda B, g, w: B - B * g * (B * g).T / (1 + w * (g.T * B * g)[0]),
    "one B too few": lambda B, g, w: B - B * g * g.T * (w / (1 + w * (g.T * B * g)[0])),
}


@pytest.mark.parametrize("mutation", UPDATE_MUTATIONS)
def test_mutated_update_is_caught(mutation):
    assert not holds(sm.identity_checks(update=UPDATE_MUTATIONS[mutation]))
    assert not holds(sm.recursion_checks(update=UPDATE_MUTATIONS[mutation], dimension=3, instances=4))


def test_mutated_determinant_is_caught():
    assert not holds(sm.identity_checks(determinant=lambda B, g, w: 1 + (g.T * B * g)[0]))
    assert not holds(sm.identity_checks(determinant=lambda B, g, w: 1 - w * (g.T * B * g)[0]))


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


def test_mutated_derivatives_are_caught():
    checks = layerwise_curvature.layer_error_checks
    assert not holds(checks(gradient=lambda W, Z, T: layerwise_curvature.layer_gradient(W, Z, T) / 2))
    assert not holds(checks(gradient=lambda W, Z, T: (T - W * Z) * Z.T))
    assert not holds(checks(gradient=lambda W, Z, T: (W * Z + T) * Z.T))
    assert not holds(checks(hessian=lambda W, Z: layerwise_curvature.layer_hessian(W, Z) / 2))  # (34) as printed
    assert not holds(checks(hessian=lambda W, Z: 2 * layerwise_curvature.layer_hessian(W, Z)))
    assert not holds(checks(hessian=lambda W, Z: sp.kronecker_product(Z * Z.T, sp.eye(W.rows))))  # order of the factors
    assert not holds(checks(hessian=lambda W, Z: sp.kronecker_product(sp.ones(W.rows), Z * Z.T)))  # not block diagonal


def test_mutated_moments_are_caught():
    def mutated(change):
        return lambda weights, x: [change(h) for h in second_moments(weights, x)]

    assert not holds(layerwise_curvature.block_checks(moments=mutated(lambda h: 2 * h)))
    assert not holds(layerwise_curvature.block_checks(moments=mutated(lambda h: h - np.outer(h[-1], h[-1]) / 2)))
    assert not holds(layerwise_curvature.block_checks(moments=mutated(lambda h: np.diag(np.diag(h)))))


def shorter_products(errors, norms):
    """Products over k > l + 1."""
    roots = [error**0.5 for error in errors]
    return sum(root * np.prod(norms[i + 2 :]) for i, root in enumerate(roots))


PATHWISE_MUTATIONS = {
    "norms of the original weights": {"weights_of_norms": lambda clean, noisy: clean},
    "norms of the change": {"weights_of_norms": lambda clean, noisy: [w - w0 for w, w0 in zip(noisy, clean)]},
    "without 1/sqrt N": {"loss": lambda d: d.norm().item()},
    "mean square": {"loss": lambda d: d.square().sum().item() / len(d)},
    "last layer missing": {"bound": lambda e, n: layerwise_bounds.telescoped([*e[:-1], 0.0], n)},
    "first layer missing": {"bound": lambda e, n: layerwise_bounds.telescoped([0.0, *e[1:]], n)},
    "products too short": {"bound": shorter_products},
    "half the errors": {"bound": lambda e, n: layerwise_bounds.telescoped([x / 2 for x in e], n)},
    "root of the sum": {"bound": lambda e, n: sum(x * np.prod(n[i + 1 :]) ** 2 for i, x in enumerate(e)) ** 0.5},
    "sign in the split": {"parts": lambda W, w, Z, z: (W * (Z - z), (W + w) * z)},
    "split at the perturbed input": {"parts": lambda W, w, Z, z: (W * (Z - z), (W - w) * Z)},
}


@pytest.mark.parametrize("mutation", PATHWISE_MUTATIONS)
def test_mutated_step_of_eq_32_is_caught(mutation):
    assert not holds(layerwise_curvature.pathwise_checks(**PATHWISE_MUTATIONS[mutation]))


def mutated_bounds(errors=lambda e: e, means=lambda w: w, noise=lambda s: s):
    return lambda e, w, s: layerwise_bounds.bounds([errors(x) for x in e], [means(x) for x in w], [noise(x) for x in s])


BOUND_MUTATIONS = {
    "half of Ebar": mutated_bounds(errors=lambda e: e / 2),
    "no noise in the norms": mutated_bounds(noise=lambda s: 0 * s),
    "half of the noise": mutated_bounds(noise=lambda s: s / 2),
    "no mean in the norms": mutated_bounds(means=lambda w: 0 * w),
    "the smallest eigenvalue": lambda e, w, s: {
        "spectral": layerwise_bounds.expected(
            e, [torch.linalg.eigvalsh(m[:, :-1].T @ m[:, :-1] + n)[0].clamp(min=0).item() for m, n in zip(w, s)]
        )
    },
    "recursive without the cross term": lambda e, w, s: {
        "recursive": sum(
            x * np.prod([layerwise_bounds.spectral(m) ** 2 for m in w[i + 1 :]]) for i, x in enumerate(e)
        ) ** 0.5
    },
}  # fmt: skip


@pytest.mark.parametrize("mutation", BOUND_MUTATIONS)
def test_mutated_corrected_bound_is_caught(mutation):
    assert not holds(layerwise_curvature.expectation_checks(bounds=BOUND_MUTATIONS[mutation]))


def test_mutated_constants_and_optima_are_caught():
    assert not holds(layerwise_curvature.constant_checks(constant=lambda c: c**2))
    assert not holds(layerwise_curvature.constant_checks(constant=lambda c: 2 * c))
    mutations = {
        "factor 2": lambda b, e, c: b * e**0.5 / c,
        "no root": lambda b, e, c: 2 * b * e / c,
        "C above": lambda b, e, c: 2 * b * e**0.5 * c,
        "beta itself": lambda b, e, c: b,
    }
    for name, own in mutations.items():
        assert not holds(layerwise_optima.layer_optimum_checks(own=own, dimension=3, instances=4)), name
    for variance in (
        lambda h, a, b, beta, lam: beta / (2 * a * h + beta / lam),  # C_l held constant
        lambda h, a, b, beta, lam: beta / (a * h + b + beta / lam),
        lambda h, a, b, beta, lam: beta / (2 * a * h + 2 * b + lam / beta),
    ):
        assert not holds(layerwise_optima.joint_optimum_checks(variance=variance))


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
