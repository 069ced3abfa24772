"""The work that the fast paths do, counted and not timed: products and their sizes, examples, memory."""

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import FlopCounterMode

from pacbayes_curvature import networks, posteriors
from pacbayes_curvature.curvature import fisher
from pacbayes_curvature.curvature.second_moments import low_rank, second_moments, spectrum
from pacbayes_curvature.gibbs import local_reparametrisation, outcomes, two_levels
from pacbayes_curvature.gibbs.local_reparametrisation import LocalReparametrisation, by_local_reparametrisation, leading

WIDTHS = (40, 30, 20, 3)
LAM, BETA = (values.ravel() for values in np.meshgrid(np.geomspace(1e-3, 1, 4), np.geomspace(1e-3, 1, 3)))


class Operations(TorchDispatchMode):
    """Every operation by name, and the largest tensor that one of them made."""

    def __init__(self):
        super().__init__()
        self.names, self.largest = [], 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        out = function(*args, **(kwargs or {}))
        self.names.append(function.overloadpacket.__name__)
        if isinstance(out, torch.Tensor) and not out._is_view():
            self.largest = max(self.largest, out.numel())
        return out

    def products(self):
        return sum(name in ("addmm", "mm", "bmm") for name in self.names)


@pytest.fixture
def net():
    generator = torch.Generator().manual_seed(0)
    weights = networks.initialise(list(WIDTHS), generator)
    return weights, torch.randn(3000, WIDTHS[0], generator=generator), torch.randint(3, (3000,), generator=generator)


def layers_of(method, weights, x):
    moments = second_moments(weights, x)
    return [posteriors.layer_posterior(method, h, spectrum(h), len(w), 1.0) for h, w in zip(moments, weights)]


def expected_flops(method, weights, x, n):
    """2 a b c for each (a, b)(b, c): the first layer's means, and its variances at all points at once; then, for each
    point, the means and as many leading directions as its tolerance needs, in one product."""
    points, layers = len(LAM), layers_of(method, weights, x[:500])
    d = WIDTHS[0]
    total = 2 * n * d * WIDTHS[1] + 2 * n * points * (d + (method == "layerwise"))
    if method == "layerwise":
        total += 2 * n * d * (d + 1)
    for layer, n_in, n_out in zip(layers[1:], WIDTHS[1:], WIDTHS[2:]):
        rho = LAM / BETA
        directions = (
            [sum(r * g > 2 * local_reparametrisation.TOLERANCE for g in layer.curvature) for r in rho]
            if method == "layerwise"
            else [0] * points
        )
        total += sum(2 * n * n_in * (n_out + r) for r in directions)
    return total


@pytest.mark.parametrize("method", posteriors.METHODS)
def test_the_estimator_multiplies_no_more_than_it_needs(method, net):
    weights, x, y = net
    layers = layers_of(method, weights, x[:500])
    with FlopCounterMode(display=False) as counter:
        by_local_reparametrisation(weights, layers, LAM, BETA, x, y, torch.Generator().manual_seed(1))
    assert counter.get_total_flops() == expected_flops(method, weights, x, len(x))


def test_few_directions_are_needed_where_the_noise_is_flat(net):
    """The count above is not simply all directions: at small lam / beta it is none of them."""
    weights, x, _ = net
    layer = layers_of("layerwise", weights, x)[1]
    rank = leading(layer.curvature, LAM, BETA)
    assert rank.min() < 0.5 * len(layer.curvature) < rank.max() == len(layer.curvature)


@pytest.mark.parametrize("method, first", [("baseline", 2), ("diag", 2), ("layerwise", 3)])
def test_products_for_each_chunk(method, first, net):
    """For each chunk: the first layer's for all points together, then one for each point and later layer."""
    weights, x, y = net
    layers = layers_of(method, weights, x[:500])
    with Operations() as operations:
        by_local_reparametrisation(weights, layers, LAM, BETA, x, y, torch.Generator().manual_seed(1))
    chunks = -(-len(x) // local_reparametrisation.CHUNK)
    assert operations.products() == chunks * (first + 2 * len(LAM))
    # Once a layer, to lay its directions below its weights; never to append a column to the examples.
    assert operations.names.count("cat") == (2 if method == "layerwise" else 0)


def test_work_ends_with_the_examples_of_a_point(net):
    weights, x, y = net
    layers, examples = layers_of("diag", weights, x[:500]), np.full(len(LAM), 100)
    examples[5] = 3000
    counts = []
    for few in (examples, np.full(len(LAM), 3000)):
        with FlopCounterMode(display=False) as counter:
            LocalReparametrisation(weights, layers, LAM, BETA).tally(
                x, y, torch.Generator().manual_seed(1), examples=few
            )
        counts.append(counter.get_total_flops())
    assert counts[0] < 0.35 * counts[1]


@pytest.mark.parametrize("kind", [LocalReparametrisation, two_levels.Coarse, two_levels.Correction])
@pytest.mark.parametrize("method", posteriors.METHODS)
def test_memory_is_that_of_a_chunk_whatever_the_number_of_examples(method, kind, net):
    weights, x, y = net
    layers = layers_of(method, weights, x[:500])
    largest = []
    for copies in (1, 2):
        data = x.repeat(copies, 1), y.repeat(copies)
        with Operations() as operations:
            kind(weights, layers, LAM, BETA).tally(*data, torch.Generator().manual_seed(1))
        largest.append(operations.largest)
    # The two levels hold the logits of all points, in so many slices each.
    widest = max(2 * max(WIDTHS) + 1, len(LAM) * WIDTHS[-1] * outcomes.SLICES * (kind is not LocalReparametrisation))
    assert largest[0] == largest[1] <= local_reparametrisation.CHUNK * widest


def test_curvature_in_one_pass_and_memory_of_a_chunk(net, monkeypatch):
    monkeypatch.setattr("pacbayes_curvature.curvature.second_moments.CHUNK", 500)
    monkeypatch.setattr(fisher, "DRAWN_CHUNK", 500)
    weights, x, _ = net
    passes = {
        "layerwise": lambda x: second_moments(weights, x),
        "low_rank": lambda x: low_rank(weights, x, 5, torch.Generator().manual_seed(0)),
        "fisher_diagonal": lambda x: fisher.fisher_diagonal(weights, x, torch.Generator().manual_seed(0)),
    }
    forward = 2 * sum(a * b for a, b in zip(WIDTHS, WIDTHS[1:]))
    more = {  # flops for each example beyond the forward pass, at most
        "layerwise": 2 * sum(a * a for a in WIDTHS[:-1]),
        "low_rank": 2 * sum(2 * (a + 1) * 25 for a in WIDTHS[:-1]),
        # The squares' products, and the backward pass down to the first layer's outputs: no per-example gradients.
        "fisher_diagonal": 2 * forward - 2 * WIDTHS[0] * WIDTHS[1],
    }
    for name, run in passes.items():
        largest, flops = [], []
        for data in (x, x.repeat(2, 1)):
            with Operations() as operations:
                run(data)
            with FlopCounterMode(display=False) as counter:
                run(data)
            largest.append(operations.largest)
            flops.append(counter.get_total_flops())
        assert largest[0] == largest[1] <= 500 * max(WIDTHS), name
        assert flops[1] - flops[0] <= (forward + more[name]) * len(x), name


def test_blocks_save_almost_half_of_a_wide_layers_products(monkeypatch):
    weights, x = networks.initialise([400, 2], torch.Generator().manual_seed(0)), torch.ones(100, 400)
    flops = []
    for block in (400, 25):
        monkeypatch.setattr("pacbayes_curvature.curvature.second_moments.BLOCK", block)
        with FlopCounterMode(display=False) as counter:
            second_moments(weights, x)
        flops.append(counter.get_total_flops() - 2 * 100 * 400 * 2)
    assert flops[1] < 0.54 * flops[0]
