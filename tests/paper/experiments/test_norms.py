"""Bounds from norms: closed forms on small networks, laws, and the table on digits."""

import numpy as np
import pytest
import torch
from small_networks import seeded

from pacbayes_curvature.networks import forward
from paper.experiments.norms import words
from paper.experiments.norms.compute import BOUNDS, bartlett, golowich, homogeneous, margins, neyshabur, norms

SIZES = [(4, 3 + 1), (5, 4 + 1), (2, 5 + 1)]


@pytest.fixture
def weights():
    return [torch.randn(size, generator=seeded(0), dtype=torch.float64) for size in SIZES]


X = torch.randn(20, 3, generator=seeded(1), dtype=torch.float64)
ONE = torch.cat([X, torch.ones(20, 1)], dim=1)


def test_the_homogeneous_network_has_the_same_outputs(weights):
    z = ONE
    for layer in homogeneous(weights)[:-1]:
        z = (z @ layer.T).relu()
    torch.testing.assert_close(z @ weights[-1].T, forward(weights, X))


def test_margins_are_those_of_each_example(weights):
    y = torch.arange(20) % 2
    outputs = forward(weights, X)
    each = [float(o[t] - max(v for i, v in enumerate(o) if i != t)) for o, t in zip(outputs, y)]
    np.testing.assert_allclose(margins(weights, X, y), each)


def test_one_layer_has_the_closed_form():
    """A = diag(3, 4) from 0: spectral norm 4, Frobenius 5, sum of the rows' norms 7."""
    a, zero = [torch.diag(torch.tensor([3.0, 4.0]))], [torch.zeros(2, 2)]
    x = torch.tensor([[3.0, 4.0], [0.0, 1.0]])
    assert float(bartlett(a, zero, x)) == pytest.approx(26**0.5 / 2 * 4 * (7 / 4))
    assert float(neyshabur(a, zero, x)) == pytest.approx(5 * 1 * (2 / 2) ** 0.5 * 4 * (25 / 16) ** 0.5)
    assert float(golowich(a, zero, x)) == pytest.approx(5 * (1 / 2) ** 0.5 * 5)


@pytest.mark.parametrize("bound", BOUNDS)
def test_a_term_over_its_margin_does_not_mind_the_outputs_scale(bound, weights):
    """Norms and margin grow alike."""
    initial = [w + 0.1 for w in weights]
    scaled, initial_scaled = ([*ws[:-1], 7 * ws[-1]] for ws in (weights, initial))
    y = torch.zeros(20, dtype=torch.int64)
    terms = [
        BOUNDS[bound](homogeneous(w), homogeneous(w0), ONE) / margins(w, X, y).median().abs()
        for w, w0 in ((weights, initial), (scaled, initial_scaled))
    ]
    assert float(terms[0]) == pytest.approx(float(terms[1]))


def test_bartletts_is_zero_at_the_reference_and_all_shrink_with_the_examples(weights):
    same = homogeneous(weights)
    assert float(bartlett(same, same, ONE)) == 0
    zero = [torch.zeros_like(w) for w in same]
    for bound in BOUNDS.values():
        assert float(bound(same, zero, ONE.repeat(4, 1))) == pytest.approx(float(bound(same, zero, ONE)) / 2)


def test_a_row_for_each_bound_and_a_sentence_with_their_range(trained):
    result = norms("digits")
    assert list(result.table["bound"]) == [*BOUNDS] == [*words.NAMES]
    assert (result.table["term"] > 1).all() and result.table["margin"].gt(0).all()
    table = words.table([result])
    assert table.shape == (1, 5) and table["data set"].tolist() == ["Digits"]
    least, most = result.table["term"].min(), result.table["term"].max()
    assert f"between {least:,.0f} and {most:,.0f}," in words.verdict([result]).data
    low = type(result)(result.key, result.table.assign(term=0.1), result.made, result.state)
    assert "might prove" in words.verdict([low]).data
