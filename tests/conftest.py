"""Shared by all tests: one thread, so that runs compare; digits and its network, made once; places to write to."""

import gc
import os
from dataclasses import replace

os.environ["OMP_NUM_THREADS"] = "1"  # before numpy and torch are imported

import pytest
import torch

from paper.experiments.accuracy_vs_complexity import parts
from paper.networks import data, minimum, originals, readers, training
from paper.results import records

torch.set_num_threads(1)


def pytest_collection_finish():
    """What was imported stays: the garbage collector need not look through it again and again."""
    gc.freeze()
    gc.set_threshold(100_000, 20, 100)


@pytest.fixture(scope="session")
def digits():
    return data.load("digits")


@pytest.fixture(scope="session")
def digits_network(digits):
    return training.train(digits, 0, training.recipe_for("digits"))


@pytest.fixture
def workspace(tmp_path, monkeypatch):
    """An empty folder in place of the project's: results/, build/ and data/ are looked up and written there."""
    monkeypatch.setattr(records, "FROZEN", tmp_path / "results")
    monkeypatch.setattr(records, "COMPUTED", tmp_path / "build" / "results")
    monkeypatch.setattr(readers, "PROJECT", tmp_path)
    monkeypatch.setattr(minimum, "NETWORKS", tmp_path / "build" / "networks")
    monkeypatch.setattr(parts, "FOLDER", tmp_path / "build" / "sweep")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PACBAYES_DATA", raising=False)
    return tmp_path


@pytest.fixture
def no_download(tmp_path, monkeypatch):
    """Nothing can be fetched, as without a network."""
    nowhere = (tmp_path / "no-network").as_uri()
    for name, original in originals.ORIGINALS.items():
        files = tuple((f"{nowhere}/{mirrors[0].rpartition('/')[2]}",) for mirrors in original.addresses)
        monkeypatch.setitem(originals.ORIGINALS, name, replace(original, addresses=files))


@pytest.fixture
def trained(digits_network, monkeypatch, workspace):
    """Training gives the digits network at once. The list has the data set and seed of each time it was called for."""
    calls = []

    def train(dataset, seed, recipe):
        calls.append((dataset.name, seed))
        return replace(digits_network, record=dict(digits_network.record))

    monkeypatch.setattr(minimum, "train", train)
    return calls
