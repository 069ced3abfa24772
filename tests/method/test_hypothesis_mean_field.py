"""Mean-field posteriors and their descent: whatever comes in is refused, or has a divergence, draws and outcomes."""

import mpmath as mp
import numpy as np
import pytest
import torch
from dense_reference import exact
from hostile import TINY, anything, outcome, positive
from hypothesis import given
from hypothesis import strategies as st
from small_networks import nine_examples, normal, seeded, tiny

from pacbayes_curvature.descent import Descent, bits, error, optimise, quadratic, theorem_31, variational
from pacbayes_curvature.mean_field import Coordinates, MeanField, each_layers
from pacbayes_curvature.natural import NaturalDescent, optimise_naturally

X, Y = nine_examples()
NETWORK, PRIOR = tiny(1), tiny(2)
scale = st.floats(-100, 100).map(lambda e: 10.0**e)
lams = st.floats(-37, 38).map(lambda e: 10.0**e)  # looked at in float32


def posterior(variance, network=NETWORK):
    return MeanField(network, [torch.full(w.shape, float(variance), dtype=w.dtype) for w in network])


@given(st.lists(st.tuples(st.floats(-1e100, 1e100), scale, lams), min_size=1, max_size=4))
def test_the_divergence_to_all_digits(layers):
    mean = [torch.tensor([[m]], dtype=torch.float64) for m, _, _ in layers]
    variances = [torch.tensor([[v]], dtype=torch.float64) for _, v, _ in layers]
    lam = [l for *_, l in layers]
    found = MeanField(mean, variances).kl([torch.zeros_like(m) for m in mean], lam)
    with mp.workdps(700):
        ratios = [exact(v) / exact(l) for _, v, l in layers]
        squares = [exact(m) ** 2 / exact(l) for m, _, l in layers]
        true = mp.fsum([r - 1 - mp.log(r) for r in ratios] + squares) / 2
        # v / lam is rounded once: of neighbours the divergence is that of the rounded ratio
        rounded = mp.fsum(abs(r - 1) for r in ratios) * 2.0**-52
        assert found >= 0 and abs(exact(found) - true) <= 4e-14 * true + rounded
    assert MeanField(mean, variances).kl(mean, [1.0] * len(mean)) >= 0


@given(anything, anything)
def test_whatever_variance_and_lam_are_refused_or_have_a_divergence(variance, lam):
    q = outcome(posterior, variance)
    assert (q is not None) == bool(0 <= variance < np.inf)
    legal = 0 < float(torch.tensor(float(lam), dtype=torch.float32)) < np.inf
    found = q and outcome(q.kl, PRIOR, lam)
    assert q is None or (found is not None) == legal
    assert found is None or found >= 0
    found = outcome(each_layers, lam, 2)
    assert (found is not None) == legal and (found is None or found == [lam, lam])


@given(st.floats(0, 1e100), st.integers(1, 3), st.integers(0, 50))
def test_draws_and_outcomes_are_finite_and_alike_with_one_seed(variance, passes, seed):
    q = posterior(variance)
    tally = q.tally(X, Y, seeded(seed), passes)
    assert tally.outcomes[0] == 9 * passes and 0 <= tally.wrong[0] <= 9 * passes
    assert tally.wrong[0] == q.tally(X, Y, seeded(seed), passes).wrong[0]
    for w, mean in zip(q.draw(seeded(seed)), q.mean):
        assert bool(w.isfinite().all()) and (variance > 0 or torch.equal(w, mean))
    bases = [torch.linalg.qr(torch.randn(len(w.T), len(w.T), generator=seeded(l), dtype=w.dtype)).Q for l, w in enumerate(NETWORK)]  # fmt: skip
    there = Coordinates(bases, [None, None])
    for w, back in zip(NETWORK, there.back(there.of(NETWORK))):
        torch.testing.assert_close(w, back)


@pytest.mark.parametrize(
    "mean, variances, message",
    [
        (NETWORK, [w[:1, :1] for w in NETWORK], r"variances of layer 1 must be \(4, 4\) or \(1, 4\), got \(1, 1\)"),
        (NETWORK, [-w.abs() for w in NETWORK], "variances of layer 1 must be finite and nonnegative"),
        ([w / 0 for w in NETWORK], [w.abs() for w in NETWORK], "the weights of layer 1 must be finite"),
        (NETWORK, [w.abs() for w in NETWORK[:1]], "zip"),
    ],
)
def test_what_is_no_posterior_is_refused(mean, variances, message):
    with pytest.raises(ValueError, match=message):
        MeanField(mean, variances)


@given(anything, anything)
def test_objectives_and_descents_refuse_what_they_cannot_use(n, delta):
    legal = type(n) is int and n >= 2 and 0 < delta < 1
    for objective in (theorem_31, quadratic):
        found = outcome(objective, n, delta)
        assert (found is not None) == bool(legal)
        assert found is None or float(found(torch.tensor(0.25).double(), torch.tensor(3.0).double())) >= 0.25
    found = outcome(variational, 9, delta)
    assert (found is not None) == bool(delta > 0)
    for descent in (Descent, NaturalDescent):  # what is not whole, NaN too, the descents themselves refuse
        assert (outcome(descent, n) is None) == bool(n < 1)
    assert (outcome(NaturalDescent, 1, 1, delta) is not None) == bool(0 < delta <= 1)


@pytest.mark.parametrize("run, descent", [(optimise, Descent), (optimise_naturally, NaturalDescent)])
@pytest.mark.parametrize("settings", [{"epochs": np.nan}, {"epochs": 2.5}, {"epochs": 1, "batch_size": np.nan}, {"epochs": 1, "batch_size": 2.5}])  # fmt: skip
def test_numbers_that_are_not_whole_stop_a_descent_before_its_first_step(run, descent, settings):
    def loss(*_):
        raise AssertionError("a step was taken")

    with pytest.raises(TypeError):
        run(posterior(0.1), PRIOR, 0.1, X, Y, theorem_31(9), descent(**settings), seeded(0), loss)


@given(st.sampled_from([TINY, 1e-6, 1.0, 1e3]), st.sampled_from([bits, error]), st.integers(0, 9))
def test_a_descent_ends_in_a_posterior_or_says_why_not(variance, loss, seed):
    start = posterior(variance)
    found = outcome(optimise, start, PRIOR, 0.1, X, Y, theorem_31(9), Descent(2, batch_size=4), seeded(seed), loss=loss)
    assert found is not None or variance == TINY
    if found is not None:
        assert found.posterior.kl(PRIOR, found.lam) >= 0 and np.isfinite(found.objective).all() and len(found.path) == 2
        np.testing.assert_allclose(found.lam, 0.1)


@given(
    st.sampled_from([TINY, 1e-6, 0.1, 1e3]), st.sampled_from([bits, error]), st.sampled_from([0.1, 1e-30, 0.0, -1.0])
)
def test_natural_steps_end_in_a_posterior_or_say_why_not(variance, loss, lam):
    steps = NaturalDescent(2, batch_size=4)
    found = outcome(optimise_naturally, posterior(variance), PRIOR, lam, X, Y, theorem_31(9), steps, seeded(0), loss)
    assert lam > 0 or found is None
    assert found is not None or not variance == lam == 0.1
    assert found is None or found.kl(PRIOR, lam) >= 0


@given(positive)
def test_normal_noise_has_the_weights_own_type(rate):
    for dtype in (torch.float32, torch.float64):
        weights = [w.to(dtype) for w in NETWORK]
        q = posterior(1e-3, weights)
        assert {w.dtype for w in q.draw(seeded(0))} == {dtype}
        assert all(torch.equal(w, e) for w, e in zip(normal(0, weights, 0.0), [w * 0 for w in weights]))
    assert outcome(q.kl, PRIOR, [rate]) is None and outcome(q.kl, PRIOR, [rate, -rate]) is None
