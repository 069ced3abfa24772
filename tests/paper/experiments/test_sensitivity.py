"""The experiment on what the answer depends on: variants, failures, draws."""

import json
import math
from dataclasses import asdict, replace

import numpy as np
import pandas as pd
import pytest
import torch

from pacbayes_curvature import bounds, posteriors
from pacbayes_curvature.gibbs import local_reparametrisation
from paper.experiments.grid import PAPERS_METHODS, grid
from paper.experiments.sensitivity import compute
from paper.experiments.sensitivity.compute import sensitivity
from paper.networks import data, store
from paper.networks.minimum import Minimum, posterior
from paper.networks.training import NotInterpolating, Recipe, recipe_for
from paper.randomness import stream
from paper.results import records

DEFAULT = Recipe(learning_rate=0.1, final_rate=0.02, batch_size=64, cycle_epochs=20, most_epochs=200)


pytestmark = pytest.mark.usefixtures("workspace")


@pytest.fixture
def trained(digits_network, monkeypatch):
    """Training gives the same network at once, another initialisation scale excepted, with which it fails."""
    calls = []

    def train(dataset, seed, recipe):
        calls.append((seed, recipe))
        if recipe.initial_scale == 2:
            raise NotInterpolating("digits: training accuracy 0.9")
        return replace(digits_network, record=digits_network.record | {"recipe": json.dumps(asdict(recipe))})

    monkeypatch.setattr(compute, "train", train)
    monkeypatch.setattr("paper.networks.minimum.train", train)
    return calls


@pytest.fixture
def minimum(digits, digits_network):
    minimum = Minimum("digits", 0)
    minimum.data, minimum.network = digits, digits_network
    return minimum


@pytest.fixture
def result(trained, monkeypatch):
    """Two factors, of which one has a variant that misses 100%."""
    monkeypatch.setattr(compute, "DRAWS", (2, 3))
    return sensitivity("digits", factors=("batch_size", "initial_scale"), grid_size=3)


def test_variants_differ_from_the_default_in_one_factor():
    found = list(compute.variants(5, DEFAULT, tuple(compute.CHANGES)))
    assert [(factor, value) for factor, value, _, _ in found] == [
        ("seed", 6), ("seed", 7),
        ("batch_size", 16), ("batch_size", 256),
        ("learning_rate", 0.05), ("learning_rate", 0.2),
        ("initial_scale", 0.5), ("initial_scale", 2),
        ("width", 1 / 3), ("width", 2),
        ("extra_epochs", 10), ("extra_epochs", 30),
    ]  # fmt: skip
    for factor, value, seed, recipe in found:
        changed = {name: new for name, new in asdict(recipe).items() if new != asdict(DEFAULT)[name]}
        if factor == "seed":
            assert (seed, changed) == (value, {})
        elif factor == "learning_rate":
            assert (seed, changed) == (5, {"learning_rate": value, "final_rate": value / 5})
        else:
            assert (seed, changed) == (5, {factor: value}) and type(changed[factor]) is type(asdict(DEFAULT)[factor])


def test_the_search_steps_from_a_point_to_its_neighbours():
    centre = pd.DataFrame({"method": ["diag"], "lam": [0.5], "beta": [3.0]}, index=[7])
    points = compute.neighbours(centre, math.log(2))
    expected = [(lam, beta) for lam in (0.25, 0.5, 1) for beta in (1.5, 3, 6)]
    np.testing.assert_allclose(points[["lam", "beta"]], expected, rtol=1e-12)
    assert set(points["method"]) == {"diag"}
    alone = compute.neighbours(centre.assign(beta=math.inf), math.log(2))
    np.testing.assert_allclose(alone["lam"], [0.25, 0.5, 1], rtol=1e-12)
    assert np.isinf(alone["beta"]).all()


def test_every_row_is_what_its_columns_say(digits, digits_network, minimum):
    table = compute.smallest_bounds(minimum, 4, 0.05)
    assert table["method"].tolist() == list(PAPERS_METHODS) and set(table["examples"]) == {len(digits.y_train)}
    x, y = torch.from_numpy(digits.x_train), torch.from_numpy(digits.y_train)
    trace, z = 0, x.double()
    for weight in digits_network.minimum:
        z1 = torch.cat([z, torch.ones(len(z), 1)], dim=1)
        trace += len(weight) * (z1**2).sum() / len(z)
        z = (z1 @ weight.double().T).relu()
    np.testing.assert_allclose(table["trace"], float(trace), rtol=1e-5)
    distance = sum(((a - b).double() ** 2).sum() for a, b in zip(digits_network.minimum, digits_network.initial))
    np.testing.assert_allclose(table["squared_distance"], float(distance), rtol=1e-6)
    for row in table.itertuples():
        layers = posterior(minimum, row.method)
        assert row.kl == posteriors.kl_divergence(layers, [row.lam], [row.beta])[0]
        if row.method == "baseline":
            assert row.kl == pytest.approx(row.squared_distance / row.lam / 2, rel=1e-9) and np.isinf(row.beta)
        assert row.complexity == bounds.complexity(row.kl, len(y), 0.05)
        assert row.bound == 1 - row.accuracy + row.complexity
        draws, spread = local_reparametrisation.by_weight_sampling(
            digits_network.minimum, layers, row.lam, row.beta, x, y, stream("test", 0), 40
        )
        assert abs(row.accuracy - draws) < 4 * np.hypot(spread, row.accuracy_stderr)
    assert (table["epochs"] == len(json.loads(digits_network.record["history"]))).all()


def test_no_point_of_the_coarse_grid_is_better(digits, digits_network, minimum):
    table = compute.smallest_bounds(minimum, 4, 0.05).set_index("method")
    x, y = torch.from_numpy(digits.x_train), torch.from_numpy(digits.y_train)
    better = 0
    for method in PAPERS_METHODS:
        points, layers = grid(method, 4), posterior(minimum, method)
        lam, beta = points["lam"].to_numpy(), points["beta"].to_numpy()
        accuracy, _ = local_reparametrisation.by_local_reparametrisation(
            digits_network.minimum, layers, lam, beta, x, y, stream("test", 1)
        )
        coarse = 1 - accuracy + bounds.complexity(posteriors.kl_divergence(layers, lam, beta), len(y), 0.05)
        assert table.loc[method, "bound"] < coarse.min() + 4 * table.loc[method, "accuracy_stderr"]
        better += table.loc[method, "bound"] < coarse.min() - 4 * table.loc[method, "accuracy_stderr"]
    assert better, "the finer search finds something"


def test_the_choice_is_made_on_few_examples_and_the_number_comes_from_all(minimum, monkeypatch):
    seen = []
    estimate = local_reparametrisation.by_local_reparametrisation

    def spy(weights, layers, lam, beta, x, y, generator, label=""):
        seen.append((len(lam), len(x), generator.initial_seed()))
        return estimate(weights, layers, lam, beta, x, y, generator, label=label)

    monkeypatch.setattr(compute, "by_local_reparametrisation", spy)
    monkeypatch.setattr(compute, "EXPLORED", 100)
    compute.smallest_bounds(minimum, 3, 0.05)
    halved = compute.HALVINGS
    assert [n for _, n, _ in seen] == 3 * [100, *halved * [100], 1437]
    assert [points for points, _, _ in seen][:: halved + 2] == [3, 12, 12], (
        "three values of lam, and of beta with infinity"
    )
    assert [points for points, _, _ in seen][halved + 1 :: halved + 2] == [1, 1, 1]
    exploring, evaluating = {s for _, n, s in seen if n == 100}, {s for _, n, s in seen if n == 1437}
    assert len(exploring) == len(evaluating) == 1, "the same noise for all methods"
    assert exploring != evaluating, "independent of the choice"


def test_weight_draws_are_at_the_default_networks_points(minimum):
    default = compute.smallest_bounds(minimum, 3, 0.05).assign(factor="default", value=0)
    table = compute.drawn(minimum, default, 0.05)
    assert table["value"].tolist() == [2] * 3 + [5] * 3 + [20] * 3 and set(table["factor"]) == {"draws"}
    for draws, rows in table.groupby("value"):
        for (_, row), (_, at) in zip(rows.iterrows(), default.iterrows()):
            same = ["method", "lam", "beta", "kl", "complexity", "epochs", "squared_distance"]
            assert row[same].tolist() == at[same].tolist()
            expected = local_reparametrisation.by_weight_sampling(
                minimum.network.minimum, posterior(minimum, row["method"]), row["lam"], row["beta"], minimum.x, minimum.y,
                stream(f"{draws} weight draws", 0), draws,
            )  # fmt: skip
            assert (row["accuracy"], row["accuracy_stderr"]) == expected
            assert row["bound"] == 1 - row["accuracy"] + row["complexity"]


def test_each_variant_is_trained_as_it_says_and_a_missed_fit_is_a_row(trained, result):
    recipe = recipe_for("digits")
    changes = {"batch_size": 16}, {"batch_size": 256}, {"initial_scale": 0.5}
    variants = [replace(recipe, **change) for change in changes]
    assert trained == [(0, recipe), *((0, variant) for variant in variants), (0, replace(recipe, initial_scale=2.0))]
    counts = result.table.groupby(["factor", "value", "status"], sort=False).size().to_dict()
    assert counts == {
        ("default", 0, "fitted"): 3, ("draws", 2, "fitted"): 3, ("draws", 3, "fitted"): 3,
        ("batch_size", 16, "fitted"): 3, ("batch_size", 256, "fitted"): 3,
        ("initial_scale", 0.5, "fitted"): 3, ("initial_scale", 2, "not fitted"): 3,
    }  # fmt: skip
    missed = result.table["status"] == "not fitted"
    numbers = ["squared_distance", "trace", "lam", "beta", "accuracy", "kl", "complexity", "bound"]
    assert result.table.loc[missed, numbers].isna().all(axis=None) and result.table[~missed].notna().all(axis=None)
    assert set(result.table.loc[missed, "epochs"]) == {recipe.most_epochs}


def test_other_networks_leave_the_default_networks_file_alone(trained, result, workspace):
    stored = sorted(path.name for path in (workspace / "build" / "networks").iterdir())
    assert stored == ["digits-seed0.safetensors"]
    record = store.load(workspace / "build" / "networks" / stored[0]).record
    assert json.loads(record["recipe"]) == asdict(recipe_for("digits"))
    sensitivity("digits", factors=("seed",), grid_size=2)
    assert [call for call in trained if call[0] in (1, 2)] == [(1, recipe_for("digits")), (2, recipe_for("digits"))]
    assert len(list((workspace / "build" / "networks").iterdir())) == 3


def test_fewer_factors_come_from_the_record(result, trained, monkeypatch):
    trained.clear()
    part = sensitivity("digits", factors=("batch_size",), grid_size=3)
    expected = result.table[result.table["factor"] != "initial_scale"].reset_index(drop=True)
    pd.testing.assert_frame_equal(part.table, expected, check_exact=True)
    assert trained == []
    records.freeze(result)
    assert sensitivity("digits", factors=("batch_size",), grid_size=3).state == "frozen"

    def load(name):
        raise AssertionError(f"{name} was loaded")

    monkeypatch.setattr(data, "load", load)
    with pytest.raises(AssertionError, match="digits was loaded"):
        sensitivity("digits", factors=("width",), grid_size=3)


def test_mistakes_are_refused_before_any_work(trained):
    with pytest.raises(ValueError, match="unknown factor 'depth'; valid: seed, batch_size, "):
        sensitivity("digits", factors=("width", "depth"))
    with pytest.raises(ValueError, match="unknown dataset 'mnist11'; valid: mnist2, "):
        sensitivity("mnist11")
    assert trained == []
