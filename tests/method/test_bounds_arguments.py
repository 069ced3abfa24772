"""What the bounds take, and what they refuse."""

import math

import numpy as np
import pytest
import torch

from pacbayes_curvature.bounds import (
    catoni_bound,
    complexity,
    kl_bernoulli,
    kl_bound,
    kl_inverse,
    pac_bayes_bound,
    quadratic_bound,
)


@pytest.mark.parametrize(
    "function",
    [
        kl_bernoulli,
        kl_inverse,
        lambda x, y: complexity(x, 100, y),
        lambda x, y: pac_bayes_bound(x, y, 100),
        lambda x, y: kl_bound(x, y, 100),
        lambda x, y: quadratic_bound(x, y, 100),
        lambda x, y: catoni_bound(x, y, 100),
    ],
)
def test_numbers_lists_arrays_and_tensors_agree(function):
    x, y = [0.1, 0.2, 0.75], [0.4, 0.5, 0.8]
    array = function(np.array(x), np.array(y))
    tensor = function(torch.tensor(x, dtype=torch.float64), torch.tensor(y, dtype=torch.float64))
    assert isinstance(array, np.ndarray) and array.dtype == np.float64
    assert isinstance(tensor, torch.Tensor) and tensor.dtype == torch.float64
    numbers = [function(a, b) for a, b in zip(x, y)]
    assert all(type(number) is float for number in numbers)
    for other in (function(x, y), tensor.numpy()):
        np.testing.assert_array_equal(other, array)
    np.testing.assert_allclose(numbers, array, rtol=4e-15)  # a vectorised logarithm may round differently
    assert function(torch.tensor(x), y).dtype == torch.float32
    assert function(np.array(x, dtype=np.float32), 0.5).dtype == np.float32
    assert function(torch.tensor([0, 1]), 0.5).dtype == torch.float64


@pytest.mark.parametrize(
    "function, names",
    [
        (lambda kl, delta: complexity(kl, 10, delta), ("kl", "delta")),
        (kl_bernoulli, ("q", "p")),
        (kl_inverse, ("q", "c")),
        *((lambda *a, f=f: f(*a[:2], 10, a[2]), ("risk", "kl", "delta")) for f in (pac_bayes_bound, kl_bound, quadratic_bound, catoni_bound)),
    ],
)  # fmt: skip
def test_text_is_refused_by_its_name_and_numbers_of_two_shapes_by_all_names(function, names):
    for place, name in enumerate(names):
        with pytest.raises(ValueError, match=f"^{name} must hold real numbers of float64's range, got '0.5'"):
            function(*(("0.5" if i == place else 0.5) for i in range(len(names))))
        shapes = ", ".join(rf"'{each}': \({3 if each == name else 2},\)" for each in names)
        with pytest.raises(ValueError, match=rf"^{', '.join(names)} must have one shape .*, got \{{{shapes}\}}$"):
            function(*([0.5] * (3 if i == place else 2) for i in range(len(names))))


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: complexity(-1e-9, 10), r"kl must be nonnegative, got -1e-09"),
        (lambda: complexity([1.0, math.nan], 10), r"kl must be nonnegative, got nan"),
        (lambda: complexity(1.0, 1), r"n must be an integer of at least 2 .*, got 1"),
        (lambda: complexity(1.0, 100.0), r"n must be an integer .*, got 100\.0"),
        (lambda: complexity(1.0, True), r"n must be an integer .*, got True"),
        (lambda: complexity(1.0, 10, 0), r"delta must lie strictly between 0 and 1, got 0"),
        (lambda: complexity(1.0, 10, 1.0), r"delta must lie strictly between 0 and 1, got 1"),
        (lambda: complexity(1.0, 10, math.nan), r"delta must lie strictly between 0 and 1, got nan"),
        (
            lambda: complexity([1.0, 2.0], 10, [0.1, 0.2, 0.3]),
            r"kl, delta must have one shape .*, got \{'kl': \(2,\), 'delta': \(3,\)\}",
        ),
        (lambda: pac_bayes_bound(1.5, 1.0, 10), r"risk must lie in \[0, 1\], got 1\.5"),
        (lambda: pac_bayes_bound(0.5, -1.0, 10), r"kl must be nonnegative, got -1"),
        (lambda: pac_bayes_bound(0.5, 1.0, 0), r"n must be an integer .*, got 0"),
        (
            lambda: pac_bayes_bound([0.5] * 2, [1.0] * 3, 10),
            r"risk, kl, delta must have one shape or be single numbers, got .*",
        ),
        (lambda: kl_bound(1.5, 1.0, 10), r"risk must lie in \[0, 1\], got 1\.5"),
        (lambda: kl_bound(0.5, -1.0, 10), r"kl must be nonnegative, got -1"),
        (lambda: kl_bound(0.5, 1.0, 10, 0.0), r"delta must lie strictly between 0 and 1, got 0"),
        (
            lambda: kl_bound([0.5] * 2, [1.0] * 3, 10),
            r"risk, kl, delta must have one shape or be single numbers, got .*",
        ),
        (lambda: quadratic_bound(1.5, 1.0, 10), r"risk must lie in \[0, 1\], got 1\.5"),
        (lambda: quadratic_bound(0.5, 1.0, 7), r"n must be at least 8 for Maurer's constant, got 7"),
        (lambda: quadratic_bound(0.5, math.nan, 10), r"kl must be nonnegative, got nan"),
        (lambda: quadratic_bound(0.5, 1.0, 10, 1.0), r"delta must lie strictly between 0 and 1, got 1"),
        (
            lambda: quadratic_bound([0.5] * 2, [1.0] * 3, 10),
            r"risk, kl, delta must have one shape or be single numbers, got .*",
        ),
        (lambda: catoni_bound(-0.1, 1.0, 10), r"risk must lie in \[0, 1\], got -0\.1"),
        (lambda: catoni_bound(0.5, -1.0, 10), r"kl must be nonnegative, got -1"),
        (lambda: catoni_bound(0.5, 1.0, 1), r"n must be an integer of at least 2 .*, got 1"),
        (lambda: catoni_bound(0.5, 1.0, 10, 0.0), r"delta must lie strictly between 0 and 1, got 0"),
        (lambda: catoni_bound(0.5, 1.0, 10, grid=[]), r"grid must hold positive numbers, got \[\]"),
        (lambda: catoni_bound(0.5, 1.0, 10, grid=[1, 0]), r"grid must hold positive numbers, got \[1\.0, 0\.0\]"),
        (lambda: catoni_bound(0.5, 1.0, 10, grid=[[1.0]]), r"grid must hold positive numbers, got \[\[1\.0\]\]"),
        (lambda: catoni_bound(0.5, 1.0, 10, grid=1.0), r"grid must hold positive numbers, got 1\.0"),
        (lambda: catoni_bound(0.5, 1.0, 10, grid=["1"]), r"grid must hold real numbers .*"),
        (lambda: catoni_bound(0.5, 1.0, 10, grid=[math.inf]), r"grid must hold positive numbers, got \[inf\]"),
        (
            lambda: catoni_bound([0.5] * 2, [1.0] * 3, 10),
            r"risk, kl, delta must have one shape or be single numbers, got .*",
        ),
        (lambda: kl_bernoulli(-0.1, 0.5), r"q must lie in \[0, 1\], got -0\.1"),
        (lambda: kl_bernoulli(0.1, 1.0001), r"p must lie in \[0, 1\], got 1\.0001"),
        (lambda: kl_bernoulli(0.1, math.nan), r"p must lie in \[0, 1\], got nan"),
        (
            lambda: kl_bernoulli(np.zeros(2), np.zeros((2, 1))),
            r"q, p must have one shape .*, got \{'q': \(2,\), 'p': \(2, 1\)\}",
        ),
        (lambda: kl_inverse(2, 0.5), r"q must lie in \[0, 1\], got 2"),
        (lambda: kl_inverse(0.5, -1e-300), r"c must be nonnegative, got -1e-300"),
        (lambda: kl_inverse(0.5, math.nan), r"c must be nonnegative, got nan"),
        (lambda: kl_inverse(torch.zeros(2), torch.zeros(3)), r"q, c must have one shape or be single numbers, got .*"),
        (lambda: kl_inverse(np.array([1j]), 1.0), r"arguments must be real, got complex128"),
    ],
)
def test_refuses(call, message):
    with pytest.raises(ValueError, match=f"^{message}$"):
        call()
