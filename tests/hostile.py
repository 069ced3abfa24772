"""Hostile arguments by hypothesis: numbers of the whole range of float32 and float64 in every kind that is taken, and what is no number.

Few examples from a fixed seed; `make test-hostile` has many, others in each run (PACBAYES_HYPOTHESIS=thorough).
"""

import os
import re
import warnings
from decimal import Decimal

import numpy as np
import pandas as pd
import torch
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st

COMMON = {
    "deadline": None,
    "database": None,
    "suppress_health_check": [HealthCheck.too_slow, HealthCheck.filter_too_much],
}
settings.register_profile("few", max_examples=20, derandomize=True, **COMMON)
settings.register_profile("thorough", max_examples=1000, print_blob=True, **COMMON)
settings.register_profile("unshrunk", settings.get_profile("few"), phases=[Phase.generate])  # fails at once
settings.load_profile(os.environ.get("PACBAYES_HYPOTHESIS", "few"))

TINY, LARGE = 2.0**-1022, np.finfo(float).max  # the least normal number and the largest one
# floats() alone is seldom far from 1, or at an end.
EXTREMES = [
    0.0,
    -0.0,
    5e-324,
    1e-310,
    TINY,
    1e-45,
    2.0**-126,
    1.0,
    3.4e38,
    1e300,
    LARGE,
    -1.0,
    -1e-12,
    np.inf,
    -np.inf,
    np.nan,
]
PROBABILITIES = [0.0, 5e-324, TINY, 1e-18, 0.5, np.nextafter(0.5, 1), 1 - 2**-24, np.nextafter(1, 0), 1.0]
anything = st.one_of(st.floats(), st.floats(width=32), st.sampled_from(EXTREMES), st.integers(-3, 10**6), st.booleans())
probability = st.one_of(st.floats(0, 1), st.sampled_from(PROBABILITIES), st.floats(-40, 0).map(lambda e: 10.0**e))
inside = probability.filter(lambda p: 0 < p < 1)
positive = st.one_of(
    st.floats(-307, 308).map(lambda e: 10.0**e), st.floats(TINY, LARGE), st.sampled_from([TINY, 1.0, LARGE])
)
nonnegative = st.one_of(st.just(0.0), st.just(5e-324), positive)
examples = st.one_of(st.integers(8, 1000), st.floats(1, 18.9).map(lambda e: int(10**e)))  # N, up to int64's end

KINDS = {
    "list": list,
    "float64": np.array,
    "float32": lambda values: np.array(values, np.float32),
    "backwards": lambda values: np.array(values[::-1])[::-1],
    "read-only": lambda values: np.broadcast_to(np.array(values), (len(values),)),
    "pandas": pd.Series,
    "tensor": lambda values: torch.tensor(values, dtype=torch.float64),
    "tensor32": lambda values: torch.tensor(values, dtype=torch.float32),
}
NARROW = ("float32", "tensor32")

# What no function of numbers may take for numbers.
NO_NUMBERS = {
    "text": ["0.1"],
    "a word": ["a"],
    "text without a list": "0.1",
    "bytes": b"0.1",
    "complex": 0.5 + 0j,
    "complex in a list": [0.5 + 1j],
    "complex array": np.array([0.5 + 1j]),
    "complex tensor": torch.tensor([0.5 + 1j]),
    "none": None,
    "a dictionary": {"a": 0.5},
    "a set": {0.5},
    "lists of different lengths": [[0.5], [0.5, 0.5]],
    "beyond float64": 10**400,
    "masked": np.ma.array([0.5, 0.25], mask=[False, True]),
    "the masked number": np.ma.masked,
    "missing in pandas": pd.Series([0.5, None], dtype="Float64"),
    "categories of text": pd.Series(["0.5"], dtype="category"),
    "dates": np.array(["1970-01-01"], "datetime64[D]"),
    "durations": np.array([0], "timedelta64[D]"),
    "records": np.zeros(2, [("a", float)]),
    "on no device": torch.full((2,), 0.5, device="meta"),
    "sparse": torch.eye(2).to_sparse(),
}
# Not usual, and as good as any other.
NUMBERS = {
    "0-d": np.array(0.5),
    "of numpy": np.float32(0.5),
    "half": np.float16(0.5),
    "long": np.longdouble(0.5),
    "bfloat16": torch.tensor(0.5, dtype=torch.bfloat16),
    "decimal": Decimal("0.5"),
    "objects": np.array([0.5, 0.5], object),
    "masked nowhere": np.ma.array([0.5, 0.5]),
    "pandas": pd.Series([0.5, 0.5], dtype="float32"),
    "a table": pd.DataFrame({"a": [0.5], "b": [0.5]}).loc[0],
    "tensors in a list": [torch.tensor(0.5), torch.tensor(0.5)],
    "gradient": torch.tensor([0.5, 0.5], requires_grad=True),
}

# What numpy, torch and Python say where nobody has looked at an argument.
FOREIGN = re.compile(
    r"could not|cannot|setting an array|the truth value|not enough values|too many values|operands|only one element",
    re.I,
)


@st.composite
def vectors(draw, *elements, least=0, most=4):
    """One vector for each strategy of `elements`, of one length, all of one kind; and the kind."""
    size, kind = draw(st.integers(least, most)), draw(st.sampled_from(sorted(KINDS)))
    lists = [draw(st.lists(each.map(float), min_size=size, max_size=size)) for each in elements]
    with np.errstate(over="ignore"):
        return *(KINDS[kind](values) for values in lists), kind


def outcome(function, *arguments, **named):
    """The result, or None where it is refused by a ValueError that says what is wrong. No warning either way."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            return function(*arguments, **named)
        except ValueError as error:
            if FOREIGN.match(str(error)):
                raise
            return None


def plain(values):
    """Any result as a float64 array."""
    return np.asarray(values.detach() if isinstance(values, torch.Tensor) else values, float)
