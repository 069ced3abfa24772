"""The Gibbs classifier and its outcomes: whatever comes in is refused or has a divergence and a risk."""

import numpy as np
import pytest
import torch
from hostile import NO_NUMBERS, anything, outcome, positive
from hypothesis import given
from hypothesis import strategies as st
from small_networks import nine_examples, seeded, tiny

from pacbayes_curvature import gibbs_classifier, second_moments
from pacbayes_curvature.gibbs.moments import with_weight_variances
from pacbayes_curvature.gibbs.outcomes import Tally, wrong_probability

X, Y = nine_examples()
NETWORK, PRIOR = tiny(1), tiny(2)
MOMENTS = second_moments(NETWORK, X)
METHODS = st.sampled_from(["baseline", "diag", "layerwise"])
finite = st.floats(-1e300, 1e300)


def made(method="layerwise", weights=NETWORK, prior=PRIOR, moments=MOMENTS, lam=0.1, beta=1.0):
    return outcome(gibbs_classifier, method, weights, prior, moments, lam, beta)


@given(METHODS, anything, anything)
def test_whatever_lam_and_beta_are_refused_or_have_a_divergence(method, lam, beta):
    found = made(method, lam=lam, beta=beta)
    assert found is not None or not (1e-100 < lam < 1e100 and 1e-100 < beta < 1e100)
    assert found is None or (lam > 0 and beta > 0 and found.kl >= 0)


@given(METHODS, positive, st.lists(st.one_of(anything), min_size=3, max_size=3))
def test_whatever_inputs_are_refused_or_have_a_risk(method, beta, row):
    q = made(method, lam=0.1, beta=beta)
    x = torch.cat([X, torch.tensor([list(map(float, row))], dtype=torch.float64)])
    found = q and outcome(q.risk, x, torch.cat([Y, Y[:1]]), generator=seeded(0))
    assert found is not None or beta < 1e-100 or beta > 1e100 or not (np.abs(row) < 1e100).all()
    assert found is None or (0 <= found.mean <= 1 and found.outcomes == 10 and 0 <= found.stderr <= 1)


@given(anything, anything)
def test_whatever_passes_and_stderr_are_refused_or_obeyed(passes, stderr):
    passes = min(passes, 5)
    stderr = max(stderr, 0.1) if 1e-90 < stderr else stderr  # some ten passes
    found = outcome(made().risk, X, Y, generator=seeded(0), passes=passes, stderr=stderr)
    assert (found is not None) == (type(passes) is int and passes >= 1 and (stderr == np.inf or stderr >= 0.1))
    assert found is None or (found.examples == 9 and found.outcomes >= 9 * passes)


@pytest.mark.parametrize("kind", NO_NUMBERS)
def test_what_is_no_number_is_refused(kind):
    bad = NO_NUMBERS[kind]
    assert made(lam=bad) is None and made(beta=bad) is None
    assert made(moments=[bad, MOMENTS[1]]) is None
    assert made(weights=[bad, NETWORK[1]]) is None and made(prior=[bad, PRIOR[1]]) is None
    assert outcome(made().risk, X, Y, generator=seeded(0), stderr=bad) is None or bad is None
    if not isinstance(bad, torch.Tensor):
        assert outcome(made().risk, [(bad, Y)], generator=seeded(0)) is None
        assert outcome(made().risk, X, bad, generator=seeded(0)) is None


def changed(entries, value):
    h = MOMENTS[0].copy()
    h[entries] = value
    return [h, MOMENTS[1]]


@pytest.mark.parametrize(
    "change, message",
    [
        ({"moments": changed((0, 0), np.nan)}, "the moment of layer 1 must be finite and symmetric"),
        ({"moments": changed((0, 1), 5.0)}, "the moment of layer 1 must be finite and symmetric"),
        ({"moments": changed((0, 0), -1.0)}, "no negative diagonal, got -1 in layer 1"),
        ({"weights": [], "prior": [], "moments": []}, "a network must be a list of matrices"),
        ({"weights": [w.numpy() for w in NETWORK]}, "a network must be a list of matrices"),
        ({"weights": [w[0] for w in NETWORK]}, "a network must be a list of matrices"),
        ({"lam": 1e200, "beta": 1e-200}, r"must be a number in float64's range, got 1e\+200 / 1e-200"),
        ({"lam": np.inf}, "lam must be finite, got inf"),
        ({"lam": [0.1]}, r"lam and beta must be single numbers, got shapes \(1,\)"),
    ],
)
@pytest.mark.parametrize("method", ["diag", "layerwise"])
def test_what_has_no_posterior_is_refused(method, change, message):
    given_ = {"weights": NETWORK, "prior": PRIOR, "moments": MOMENTS, "lam": 0.1, "beta": 1.0} | change
    with pytest.raises(ValueError, match=message):
        gibbs_classifier(method, **given_)


@pytest.mark.parametrize("method", ["diag", "layerwise"])
def test_a_diagonal_that_rounding_made_negative_counts_as_zero(method):
    x = X * torch.tensor([1.0, 1.0, 0.0])
    h = second_moments(NETWORK, x)
    least = h[0].copy()
    least[2, 2] = -1e-7 * least.max()
    zero, below = (made(method, moments=[first, h[1]], lam=1.0, beta=1e-3) for first in (h[0], least))
    assert below.kl == pytest.approx(zero.kl, rel=1e-6)
    assert np.all(below.layers[0].curvature >= 0) and h[0][2, 2] == 0 > least[2, 2]


def test_arrays_are_taken_as_tensors_are():
    x, y = X.numpy(), Y.numpy()
    expected = made().risk(X, Y, generator=seeded(3))
    for given_ in ((x, y), (X, y.tolist()), ([(x, y)], None), ([(x[::-1][::-1], Y)], None)):
        assert made().risk(*given_, generator=seeded(3)) == expected
    assert outcome(made().risk, [X], generator=seeded(3)) is None
    assert outcome(made().risk, X, Y.bool(), generator=seeded(3)) is None
    assert outcome(made().risk, X * 1j, Y, generator=seeded(3)) is None
    assert outcome(made().risk, torch.tensor(1.0), Y, generator=seeded(3)) is None
    assert outcome(made().risk, X * 1e308, Y, generator=seeded(3)) is None


@given(st.lists(st.lists(finite, min_size=3, max_size=3), min_size=1), st.sampled_from([0.0, 1e-300, 1e-3, 1.0, 1e150]))
def test_a_wrong_answer_has_a_probability(rows, deviation):
    mean = torch.tensor(rows, dtype=torch.float64) / 1e290
    n = len(mean)
    y, uniform = torch.zeros(n, dtype=torch.int64), torch.rand(n, generator=seeded(0), dtype=torch.float64)
    s = torch.full((n, 1), deviation, dtype=torch.float64)
    for classes in (2, 3):
        p = wrong_probability(mean[:, :classes], s, y, uniform)
        assert bool(((p >= 0) & (p <= 1)).all())
    a, b = (wrong_probability(mean[:, :2], s, label) for label in (y, 1 - y))
    torch.testing.assert_close(a + b, torch.ones_like(a), rtol=0, atol=1e-12)  # two classes: one of the two is right


@given(st.lists(st.floats(0, 1), min_size=1))
def test_sums_of_outcomes_have_a_variance(values):
    tally = Tally(np.array([sum(values)]), np.array([sum(v * v for v in values)]), np.array([len(values)]))
    expected = np.var(values, ddof=1) if len(values) > 1 else np.nan
    np.testing.assert_allclose(tally.variance, [expected], rtol=1e-6, atol=1e-14)
    assert -1e-12 <= tally.accuracy[0] <= 1 + 1e-12
    double = tally + tally
    assert double.outcomes[0] == 2 * len(values) and double.accuracy[0] == pytest.approx(tally.accuracy[0])


@given(anything)
def test_variances_of_weights_are_refused_or_have_outcomes(value):
    v = [np.full((1, *w.shape), float(value)) for w in NETWORK]
    level = outcome(with_weight_variances, NETWORK, v)
    assert (level is not None) == bool(0 <= value < np.inf)
    if level is not None and value < 1e100:
        assert 0 <= level.tally(X, Y, seeded(0)).wrong[0] <= 9
