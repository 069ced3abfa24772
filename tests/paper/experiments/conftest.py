"""Shared by the tests of the experiments."""

import pytest
from own_examples import X, Y, saved

from paper.experiments.own_data import examples
from paper.networks import data


@pytest.fixture
def no_computing(monkeypatch):
    """From the call on, whoever loads data fails."""

    def load(name):
        raise AssertionError(f"{name} was loaded: the answer was to come from a record")

    return lambda: monkeypatch.setattr(data, "load", load)


@pytest.fixture
def own(tmp_path):
    """The small file's examples."""
    return examples.load(saved(tmp_path, x=X, y=Y), 3)
