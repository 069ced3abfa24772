"""What the method would cost on larger networks: sizes against torchvision's networks, times against laws made up here."""

import numpy as np
import pytest
import torch

from paper.benchmarks import extrapolate


def a_fit(task, against, exponent, stderr=0.0, points=((1, 0.5), (10, 2.0)), base=None):
    points = [list(point) for point in points]
    fit = {"task": task, "measure": "seconds", "against": against, "base": base or {}, "points": points}
    return fit | {"exponent": exponent, "stderr": stderr}


@pytest.fixture
def models():
    """torchvision's networks. Imported here, since it takes seconds in every process that collects the tests."""
    from torchvision import models

    return models


def torchvisions(build):
    """[(k, n_out, P)] of every convolution and linear layer of a torchvision network, in the order they run."""
    with torch.device("meta"):
        net = build(weights=None)
        seen = []
        for module in net.modules():
            if isinstance(module, (torch.nn.Conv2d, torch.nn.Linear)):
                module.register_forward_hook(
                    lambda m, i, o: seen.append((m.weight[0].numel() + 1, len(m.weight), o[0, 0].numel()))
                )
        net.eval()(torch.empty(1, 3, 224, 224))
    return seen


def test_vgg16_is_torchvisions(models):
    layers = extrapolate.vgg16()
    assert [(l.inputs, l.neurons, l.positions) for l in layers] == torchvisions(models.vgg16)
    with torch.device("meta"):
        assert extrapolate.weights(layers) == sum(p.numel() for p in models.vgg16(weights=None).parameters())


def test_resnet50_is_torchvisions_with_the_papers_strides(models):
    """torchvision halves in the 3 x 3 convolution of a block, the paper in the 1 x 1 before it: the rest is the same."""
    ours = sorted((l.inputs, l.neurons) for l in extrapolate.resnet50())
    theirs = torchvisions(models.resnet50)
    assert ours == sorted((k, n) for k, n, _ in theirs)
    assert extrapolate.multiplications(extrapolate.resnet50()) == pytest.approx(3.8e9, rel=0.02)  # Table 1 of the paper
    reductions = {f"conv{block}_1a" for block in (3, 4, 5)}
    as_torchvision = sum(
        (4 if l.name in reductions else 1) * l.positions * (l.inputs - 1) * l.neurons for l in extrapolate.resnet50()
    )
    assert as_torchvision == sum(p * (k - 1) * n for k, n, p in theirs)


def test_memory_is_that_of_the_arrays():
    layers = extrapolate.fully_connected([784, 300, 300, 2])
    assert [(l.inputs, l.neurons) for l in layers] == [(785, 300), (301, 300), (301, 2)]
    assert extrapolate.moment_bytes(layers) == sum(np.zeros((k, k)).nbytes for k in (785, 301, 301))
    sketches = [np.zeros((k, min(k, 320))).nbytes for k in (785, 301, 301)]
    assert extrapolate.low_rank_bytes(layers, 300) == 2 * sum(sketches)


def test_an_extrapolation_is_the_product_of_the_laws():
    ratios = np.array([[2.0, 3.0], [4.0, 1.0]])
    value, error = extrapolate.extrapolate(10.0, [1.5, 2.0], [0.0, 0.0], ratios)
    assert value == pytest.approx(10 * (2**1.5 * 3**2 + 4**1.5)) and error == 0


def test_the_error_of_an_extrapolation_is_that_of_shifted_exponents():
    ratios, stderrs, step = np.array([[2.0, 3.0], [4.0, 5.0]]), np.array([0.02, 0.03]), 1e-6
    exponents = np.array([1.5, 2.0])
    value, error = extrapolate.extrapolate(10.0, exponents, stderrs, ratios)
    shifted = [extrapolate.extrapolate(10.0, exponents + step * unit, stderrs, ratios)[0] for unit in np.eye(2)]
    assert error == pytest.approx(np.hypot(*(stderrs * (np.array(shifted) - value) / step)), rel=1e-4)


def test_times_of_networks_that_follow_the_laws():
    """Made-up tasks with known costs: c N k^2 for each H_l, c k^3 for each eigendecomposition, c G N depth k^2 for the sweep."""

    def moments(n, k):
        return 2e-12 * n * k**2

    base = {"N": 1000, "width": 100, "depth": 2, "grid": 16}
    scaling = [
        a_fit("layerwise", "N", 1.0, points=[(n, 3 * moments(n, 100)) for n in (500, 2000)], base=base),
        a_fit("layerwise", "width", 2.0, points=[(k, 3 * moments(1000, k)) for k in (50, 200)], base=base),
        a_fit("eigendecomposition", "width", 3.0, points=[(k, 1e-9 * k**3) for k in (10, 100)]),
    ]
    layers = [extrapolate.Layer("a", 577, 64, 50), extrapolate.Layer("b", 1001, 10)]
    assert extrapolate.curvature_seconds(layers, 7, scaling)[0] == pytest.approx(moments(350, 577) + moments(7, 1001))
    assert extrapolate.eigendecomposition_seconds(layers, scaling)[0] == pytest.approx(1e-9 * (577**3 + 1001**3))

    def cost(N, width, depth, grid):
        return 1e-12 * grid * N * depth * width**2

    scaling = [
        a_fit("sweep", axis, exponent, points=[(size, cost(**base | {axis: size})) for size in (50, 200)], base=base)
        for axis, exponent in (("N", 1), ("width", 2), ("depth", 1), ("grid", 1))
    ]
    assert extrapolate.sweep_seconds(4096, 3, 60_000, 400, scaling)[0] == pytest.approx(cost(60_000, 4096, 3, 400))


def test_weight_draws_are_forward_passes():
    layers = extrapolate.fully_connected([10, 20, 3])
    assert extrapolate.weight_draw_seconds(layers, 7, 400, 5, rate=100.0) == 2 * (10 * 20 + 20 * 3) * 7 * 400 * 5 / 100


def test_a_law_starts_at_the_largest_size_measured():
    law = extrapolate.law([a_fit("sweep", "N", 1.1, 0.2, points=[(10, 2.0), (1, 0.5)])], "sweep", "N")
    assert (law.size, law.value, law.exponent, law.stderr) == (10, 2.0, 1.1, 0.2)


def test_a_law_that_was_not_measured_is_asked_for():
    with pytest.raises(ValueError, match="no seconds of sweep against N; run `make bench`"):
        extrapolate.law([a_fit("layerwise", "N", 1.0)], "sweep", "N")
