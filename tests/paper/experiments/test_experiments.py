"""The experiments on digits: whole, from the data to the table, and what they answer without data."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from frames import assert_equal

from paper.experiments.accuracy_vs_complexity.compute import accuracy_vs_complexity
from paper.experiments.curvature_spectra.compute import curvature_spectra
from paper.experiments.training_run.compute import checksum, training_run
from paper.networks import data, minimum, store
from paper.networks.training import recipe_for
from paper.results import records

pytestmark = pytest.mark.usefixtures("workspace")


def load_nothing(name):
    raise FileNotFoundError(f"no data for {name}")


def test_spectra_are_those_of_the_second_moments(digits, digits_network, trained):
    table = curvature_spectra("digits").table
    z = torch.from_numpy(digits.x_train).double()
    for layer, (w, w0) in enumerate(zip(digits_network.minimum, digits_network.initial), start=1):
        rows = table[table["layer"] == layer]
        augmented = torch.cat([z, torch.ones(len(z), 1)], dim=1)
        h = (augmented.T @ augmented / len(z)).numpy()
        tolerance = {"rtol": 1e-4, "atol": 1e-5 * np.trace(h)}
        np.testing.assert_allclose(rows["eigenvalue"], np.linalg.eigvalsh(h)[::-1], **tolerance)
        np.testing.assert_allclose(rows["diagonal"], np.sort(h.diagonal())[::-1], **tolerance)
        np.testing.assert_allclose(rows["squared_distance"], ((w.double() - w0.double()) ** 2).sum(), rtol=1e-12)
        assert rows["index"].tolist() == list(range(1, len(h) + 1)) and set(rows["neurons"]) == {len(w)}
        z = (augmented @ w.double().T).relu()


def test_the_training_run_is_the_networks_history(digits_network, trained):
    table = training_run("digits").table
    history = pd.DataFrame(json.loads(digits_network.record["history"]))
    history["network"] = [None] * (len(history) - 1) + [checksum(digits_network)]
    assert_equal(table, history.assign(dataset="digits", seed=0)[["dataset", "seed", *history.columns]])


def test_a_network_is_trained_once(digits, digits_network, trained, workspace):
    for experiment in (training_run, curvature_spectra):
        experiment("digits")
    assert trained == [("digits", 0)]
    stored = store.load(workspace / "build" / "networks" / "digits-seed0.safetensors")
    assert all(map(torch.equal, stored.initial + stored.minimum, digits_network.initial + digits_network.minimum))
    training_run("digits", fresh=True)
    assert len(trained) == 2
    training_run("digits", seed=1)
    assert trained[2:] == [("digits", 1)]


@pytest.mark.parametrize("change", ["code", "recipe", "data"])
def test_a_network_of_another_origin_is_trained_anew(change, digits, trained, monkeypatch):
    minimum.network(digits, 0)
    if change == "code":
        monkeypatch.setattr("paper.digest.digest", lambda *roots, **of: "other")
    elif change == "recipe":
        other = replace(recipe_for("digits"), batch_size=32)
        monkeypatch.setattr(minimum, "recipe_for", lambda name: other)
    else:
        digits = replace(digits, fingerprint=digits.fingerprint | {"train": "other"})
    minimum.network(digits, 0)
    minimum.network(digits, 0)
    assert len(trained) == 2


EACH = {
    "training_run": training_run,
    "curvature_spectra": curvature_spectra,
    "accuracy_vs_complexity": lambda *args, **options: accuracy_vs_complexity(*args, grid_size=2, **options),
}
each = pytest.mark.parametrize("experiment", EACH.values(), ids=EACH)


@each
def test_a_second_run_gives_the_same(experiment, trained):
    assert_equal(experiment("digits", fresh=True).table, experiment("digits", fresh=True).table)


@each
def test_without_data_and_without_a_record_the_error_is_the_datas(experiment, no_download):
    with pytest.raises(FileNotFoundError, match="cifar10 not found: .*The book itself needs no data"):
        experiment("cifar2")


@each
def test_without_data_a_frozen_result_of_other_code_is_stale(experiment, trained, monkeypatch, no_computing):
    current = experiment("digits")
    records.freeze(current)
    no_computing()
    assert experiment("digits").state == "frozen"
    monkeypatch.setattr("paper.digest.digest", lambda *roots, **of: "other")
    monkeypatch.setattr(data, "load", load_nothing)
    stale = experiment("digits")
    assert stale.state == "stale" and stale.key == current.key
    assert_equal(stale.table, current.table)


@each
def test_unknown_datasets_are_refused(experiment):
    with pytest.raises(ValueError, match="unknown dataset 'mnist11'; valid: mnist2, "):
        experiment("mnist11")
