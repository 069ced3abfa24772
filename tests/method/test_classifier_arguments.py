"""What the Gibbs classifier takes, of any type that fits, and what it refuses, in one line each."""

import math

import numpy as np
import pytest
import torch
from small_networks import seeded
from small_stack import classifier, examples, stack

from pacbayes_curvature import from_module, gibbs_classifier, posteriors
from pacbayes_curvature.curvature.second_moments import second_moments

METHODS = posteriors.METHODS


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
