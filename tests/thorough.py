"""Tests that take long or are one more of their kind: `make test-thorough` and `make browser-thorough`, called by .ci/rest."""

from collections.abc import Sequence

import pytest

thorough = pytest.mark.thorough


def first(number: int, cases: Sequence) -> list:
    """The cases of a parametrised test, of which those after the first ones are thorough."""
    return [
        case if place < number else pytest.param(*(case if isinstance(case, tuple) else (case,)), marks=thorough)
        for place, case in enumerate(cases)
    ]
