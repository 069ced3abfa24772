"""Training without rounded sums: each part against its law, a step against torch's, and the same bits under other processors' code."""

import math
import os
import subprocess
import sys
from fractions import Fraction

import pytest
import torch
from torch.nn.functional import cross_entropy

from pacbayes_curvature.networks import forward, initialise
from paper.experiments.training_run.compute import checksum
from paper.networks import exact
from paper.networks.exact import Descent, bits_of, on_grid, one_cycle

SIZES = [20, 12, 8, 3]


def numbers(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.mark.parametrize("terms", [1, 2, 3, 512, 784, 3072, 4096, 4097])
def test_so_many_products_fit_into_a_float64(terms):
    bits = bits_of(terms)
    assert terms * 2 ** (2 * bits) <= 2**53 < terms * 2 ** (2 * (bits + 1)), "and no bit is wasted"


def test_numbers_on_a_grid_are_near_and_few():
    a = numbers(50, 40) * 3
    unit = 2.0 ** (math.frexp(a.abs().max().item())[1] - 12)
    rounded = on_grid(a, 12)
    assert torch.equal(rounded / unit, (a / unit).round()) and (rounded - a).abs().max() <= unit / 2
    assert torch.equal(on_grid(rounded, 12), rounded)
    assert torch.equal(on_grid(-a, 12), -rounded)
    assert torch.equal(on_grid(torch.zeros(3, dtype=torch.float64), 12), torch.zeros(3, dtype=torch.float64))


def test_products_of_numbers_on_a_grid_are_those_of_fractions_in_any_order():
    bits = bits_of(3072)
    a, b = on_grid(numbers(2, 3072), bits), on_grid(numbers(3072, 2, seed=1), bits)
    product, order = a @ b, torch.randperm(3072, generator=torch.Generator().manual_seed(2))
    exactly = [
        [sum(Fraction(x) * Fraction(y) for x, y in zip(row, column)) for column in b.T.tolist()] for row in a.tolist()
    ]
    assert product.tolist() == [[float(value) for value in row] for row in exactly]
    assert all(
        Fraction(value) == wanted
        for values, row in zip(product.tolist(), exactly)
        for value, wanted in zip(values, row)
    )
    assert torch.equal(a[:, order] @ b[order], product)
    rough = numbers(2, 3072), numbers(3072, 2, seed=1)
    assert not torch.equal(rough[0][:, order] @ rough[1][order], rough[0] @ rough[1]), (
        "which is not so without the grid"
    )


def test_the_exponential():
    x = -numbers(2000).abs() * 30
    assert ((exact.exp(x) - x.exp()).abs() <= 1e-14 * x.exp()).all()
    edges = torch.tensor([0.0, -1e-300, -700.0, -701.0, -math.inf], dtype=torch.float64)
    assert exact.exp(edges).tolist() == pytest.approx([1, 1, math.exp(-700), 0, 0], rel=1e-13, abs=0)


def test_a_step_is_that_of_autograd():
    initial = initialise(SIZES, torch.Generator().manual_seed(0))
    x, y = numbers(30, 20).float(), torch.arange(30) % 3
    descent, plain = Descent(initial, 30, 0.9), [w.double().requires_grad_() for w in initial]
    sgd = torch.optim.SGD(plain, lr=0.1, momentum=0.9)
    for _ in range(5):
        loss, right = descent.step(descent.inputs(x), y, 0.1)
        sgd.zero_grad()
        logits = forward(plain, x.double())
        wanted = cross_entropy(logits, y)
        wanted.backward()
        sgd.step()
        assert loss == pytest.approx(wanted.item(), rel=1e-5) and right == (logits.argmax(1) == y).sum()
    for found, wanted, start in zip(descent.weights(), plain, initial):
        assert (found - wanted).abs().max() < 1e-5 < 1e-2 < (wanted - start).abs().max()
    assert torch.allclose(descent.logits(descent.inputs(x)), forward(plain, x.double()), atol=1e-4)


def test_the_rate_goes_up_and_down_along_lines_and_stays():
    rates = [one_cycle(step, 100, 0.5, 0.02) for step in range(140)]
    assert rates[0] == 0.02 and max(rates) == rates[30] == pytest.approx(0.5) and set(rates[100:]) == {0.02}
    assert all(a < b for a, b in zip(rates[:31], rates[1:31])) and all(
        a > b for a, b in zip(rates[30:100], rates[31:101])
    )
    assert rates[65] == pytest.approx((0.5 + 0.02) / 2)


TRAIN = """
import torch
from paper.experiments.training_run.compute import checksum
from paper.networks import data, training
torch.set_num_threads(2)
print(torch.backends.cpu.get_cpu_capability(), checksum(training.train(data.load("digits"), 0, training.recipe_for("digits"))))
"""
DIGITS = "76b02a6032b466a56999148f53b6fe893186dcb166dcc349c19afd7f322dcce3"


def test_the_network_is_the_one_that_other_machines_have(digits_network):
    """On whatever machine this runs. Another number here is another network: every frozen result would be of another one, too."""
    assert checksum(digits_network) == DIGITS


def test_so_it_is_with_other_instructions_and_threads():
    without_avx = {"ATEN_CPU_CAPABILITY": "default", "MKL_ENABLE_INSTRUCTIONS": "SSE4_2"}
    run = subprocess.run(
        [sys.executable, "-c", TRAIN], capture_output=True, text=True, check=True, env=os.environ | without_avx
    )
    assert run.stdout.split() == ["DEFAULT", DIGITS]
