"""The experiments on digits: whole, from the data to the table, and what they answer without computing."""

import json
import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch

from pacbayes_curvature import bounds, posteriors
from pacbayes_curvature.posteriors import METHODS
from paper import digest
from paper.__main__ import main, time_left
from paper.experiments.accuracy_vs_complexity import compute, family, parts
from paper.experiments.accuracy_vs_complexity.compute import accuracy_vs_complexity
from paper.experiments.curvature_spectra.compute import curvature_spectra
from paper.experiments.grid import grid
from paper.experiments.training_run.compute import training_run
from paper.networks import data, minimum, store
from paper.networks.training import recipe_for
from paper.results import records

IDENTITY = ["method", "point", "lam", "beta"]

pytestmark = pytest.mark.usefixtures("workspace")


@pytest.fixture
def trained(digits_network, monkeypatch):
    """Training, which is slow, gives what it gave before. The list has an item for each time it was called for."""
    calls = []

    def train(dataset, seed, recipe):
        calls.append((dataset.name, seed))
        return replace(digits_network, record=dict(digits_network.record))

    monkeypatch.setattr(minimum, "train", train)
    return calls


@pytest.fixture
def no_computing(monkeypatch):
    """From the call on, whoever loads data fails."""

    def load(name):
        raise AssertionError(f"{name} was loaded: the answer was to come from a record")

    return lambda: monkeypatch.setattr(data, "load", load)


def load_nothing(name):
    raise FileNotFoundError(f"no data for {name}")


def assert_equal(a, b):
    pd.testing.assert_frame_equal(a.reset_index(drop=True), b.reset_index(drop=True), check_exact=True)


# Figure 3 -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method, points", [("baseline", 4), ("diag", 20), ("layerwise", 20)])
def test_a_grid_contains_those_whose_size_divides_its_own(method, points):
    grids = {size: grid(method, size) for size in (2, 4, 5, 10, 20)}
    sets = {size: set(grid[IDENTITY].itertuples(index=False, name=None)) for size, grid in grids.items()}
    assert len(sets[4]) == len(grids[4]) == points and sets[2] < sets[4] < sets[20] and sets[5] < sets[10] < sets[20]
    assert (grids[4]["lam"] > 0).all() and np.isinf(grids[4]["beta"]).sum() == 4


def test_every_method_and_grid_point_with_its_columns(digits, trained):
    table = accuracy_vs_complexity("digits", grid_size=4).table
    named = "dataset seed method point lam beta accuracy accuracy_stderr kl complexity pareto".split()
    chosen = len(family.TARGETS) + 2
    assert set(named) <= set(table.columns) and len(table) == 4 + 20 * (len(METHODS) - 1) + chosen * len(METHODS)
    tested = ["test_error", "test_error_stderr"]
    assert not table.drop(columns=tested).isna().any(axis=None) and not table.duplicated(["method", "point"]).any()

    assert set(table["dataset"]) == {"digits"} and set(table["seed"]) == {0} and set(table["examples"]) == {1437}
    assert table["accuracy"].between(0, 1).all() and (table["kl"] > 0).all()
    for _, row in table.iterrows():
        assert row["complexity"] == bounds.complexity(row["kl"], len(digits.y_train), 0.05)
        answers = np.sqrt(row["accuracy"] * (1 - row["accuracy"]) / len(digits.y_train))
        assert 0 <= row["accuracy_stderr"] <= 1.001 * answers + 1e-9, "outcomes in [0, 1] vary no more than answers"
    for _, rows in table.groupby("method"):
        assert rows["accuracy"].max() > 0.99 and rows["accuracy"].min() < 0.7, "the grid spans the range"
    members = table[table["test_error"].notna()]
    assert (
        members["test_error"].between(0, 1).all()
        and np.corrcoef(members["accuracy"], members["test_error"])[0, 1] < -0.9
    )


def test_the_front_is_that_of_each_method(trained):
    table = accuracy_vs_complexity("digits", grid_size=4).table
    for _, rows in table[table["test_error"].notna()].groupby("method"):
        points = list(zip(rows["accuracy"], rows["complexity"]))
        for (a, c), on_front in zip(points, rows["pareto"]):
            beaten = any(a2 >= a and c2 <= c and (a2, c2) != (a, c) for a2, c2 in points)
            assert on_front == (not beaten)


def test_a_nested_grid_and_fewer_methods_come_from_the_record(trained, no_computing):
    whole = accuracy_vs_complexity("digits", grid_size=4)
    alone = accuracy_vs_complexity("digits", grid_size=2, fresh=True)
    records.write(whole, path=whole.key.path())
    no_computing()
    part = accuracy_vs_complexity("digits", grid_size=2)
    chosen = len(family.TARGETS) + 2
    assert part.state == "computed" and len(part.table) == 2 + 6 * (len(METHODS) - 1) + chosen * len(METHODS)
    in_whole = part.table[IDENTITY].merge(whole.table, on=IDENTITY)
    assert_equal(part.table[part.table["test_error"].notna()], whole.table[whole.table["test_error"].notna()])
    computed = ["accuracy", "accuracy_stderr", "kl", "complexity"]
    assert_equal(part.table[IDENTITY + computed], in_whole[IDENTITY + computed])
    ours, own = (table[table["test_error"].isna()] for table in (part.table, alone.table))
    assert_equal(ours[IDENTITY + ["kl", "complexity"]], own[IDENTITY + ["kl", "complexity"]])
    np.testing.assert_allclose(ours["accuracy"], own["accuracy"], atol=2 / 1437)
    one = accuracy_vs_complexity("digits", methods=("diag",), grid_size=4)
    assert_equal(one.table, whole.table[whole.table["method"] == "diag"])
    with pytest.raises(AssertionError, match="digits was loaded"):
        accuracy_vs_complexity("digits", grid_size=3)


class TestAFourthPosterior:
    """The frozen rows of the others stay valid, and only what is missing is computed."""

    @pytest.fixture(autouse=True)
    def counting(self, trained, monkeypatch):
        """self.computed: the methods whose layers were asked for."""
        self.computed, around = set(), minimum.posterior
        for module in (compute, parts):
            monkeypatch.setattr(module, "posterior", lambda *which: self.computed.add(which[1]) or around(*which))

    @pytest.fixture
    def four(self, monkeypatch):
        """The names of the posteriors, when one more has been added."""
        monkeypatch.setattr(posteriors, "POSTERIORS", dict(posteriors.POSTERIORS))

        @posteriors.posterior("Twice", colour="#000000", marker="x")
        def twice(moment, spectrum):
            return 2 * np.diag(moment), None

        return tuple(posteriors.POSTERIORS)

    def test_only_its_rows_are_computed(self, four, workspace):
        three = accuracy_vs_complexity("digits", grid_size=2)
        records.freeze(three)
        three.key.path().unlink()
        for path in parts.FOLDER.glob("*"):
            path.unlink()
        self.computed.clear()
        found = accuracy_vs_complexity("digits", methods=four, grid_size=2)
        assert self.computed == {"twice"} and found.state == "computed"
        assert found.table["method"].unique().tolist() == [*METHODS, "twice"]
        assert_equal(found.table[found.table["method"] != "twice"], three.table)
        assert records.why_stale(three) == "" and set(found.key.code) == set(four)
        self.computed.clear()
        assert_equal(accuracy_vs_complexity("digits", methods=four, grid_size=2).table, found.table)
        assert accuracy_vs_complexity("digits", grid_size=2).state == "frozen" and not self.computed
        records.freeze(found)
        assert accuracy_vs_complexity("digits", methods=four, grid_size=2).state == "frozen"

    def test_nor_do_other_points_or_another_grid_come_from_what_is_kept(self, four):
        records.freeze(accuracy_vs_complexity("digits", methods=("baseline",), grid_size=4))
        records.freeze(accuracy_vs_complexity("digits", methods=("baseline", "diag"), grid_size=2))
        self.computed.clear()
        accuracy_vs_complexity("digits", methods=four, grid_size=4)
        assert self.computed == set(four)

    def test_of_a_changed_one_only_its_rows_are_computed_again(self, monkeypatch):
        before = accuracy_vs_complexity("digits", grid_size=2)
        records.freeze(before)
        of_experiment = digest.of_experiment
        monkeypatch.setattr(
            digest, "of_experiment", lambda name, method=None, function="": (
                "other" if method == "diag" else of_experiment(name, method, function)
            ),
        )  # fmt: skip
        assert records.why_stale(before) == (
            f"its code digest for diag is {before.key.code['diag']}, the present code's is other"
        )
        self.computed.clear()
        after = accuracy_vs_complexity("digits", grid_size=2)
        assert self.computed == {"diag"} and after.key.code == before.key.code | {"diag": "other"}
        kept = [table[table["method"] != "diag"] for table in (after.table, before.table)]
        assert_equal(*kept)


def test_another_delta_needs_no_computing(trained, no_computing):
    usual = accuracy_vs_complexity("digits", grid_size=2).table
    no_computing()
    strict = accuracy_vs_complexity("digits", grid_size=2, delta=1e-9).table
    assert_equal(strict.drop(columns=["complexity", "pareto"]), usual.drop(columns=["complexity", "pareto"]))
    assert strict["complexity"].tolist() == [bounds.complexity(kl, 1437, 1e-9) for kl in usual["kl"]]
    assert (strict["complexity"] > usual["complexity"]).all()


# The others -----------------------------------------------------------------------------------------------------------


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


# All ------------------------------------------------------------------------------------------------------------------

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


def test_unknown_methods_are_refused(trained):
    with pytest.raises(ValueError, match=f"unknown method 'full'; valid: {', '.join(METHODS)}"):
        accuracy_vs_complexity("digits", methods=("diag", "full"), grid_size=2)


# make reproduce -------------------------------------------------------------------------------------------------------


def test_reproduce_trains_computes_and_freezes(workspace, digits_network, no_computing, capsys):
    outputs = [str(workspace / f"{name}.csv") for name in ("training_run", "curvature_spectra")]
    for output, name in zip(outputs, ("training_run", "curvature_spectra")):
        main(["compute", name, "digits", "0", output])
    assert "curvature_spectra of digits, seed 0: 267 rows in" in capsys.readouterr().out
    main(["freeze", *outputs])
    no_computing()
    found = [training_run("digits"), curvature_spectra("digits")]
    assert [result.state for result in found] == ["frozen", "frozen"]
    assert found[0].table["loss"].tolist() == [row["loss"] for row in json.loads(digits_network.record["history"])]
    with pytest.raises(AssertionError, match="digits was loaded"):
        main(["compute", "training_run", "digits", "0", outputs[0]])


def test_every_line_of_progress_says_how_much_is_left(workspace, digits_network, no_computing, capsys):
    """By what the frozen results took: the same one, else the mean of the experiment's, else nothing."""
    path = workspace / "results" / "training_run" / "digits.csv"
    results = [
        records.Result(
            records.Key("training_run", "digits", seed, {}, {}, ""), pd.DataFrame({"seed": [seed]}), {"seconds": t}, ""
        )
        for seed, t in ((0, 100.0), (1, 200.0))
    ]
    path.parent.mkdir(parents=True)
    records.write(*results, path=path)
    plan = [("training_run", "digits", 1), ("training_run", "mnist2", 7), ("lower_bound", "digits", 0)]
    assert time_left(plan, workspace) == 200 + 150
    done = workspace / "training_run" / "mnist2-seed7.json"
    done.parent.mkdir()
    done.touch()
    assert time_left(plan, workspace) == 200
    folder = workspace / "build" / "reproduced"
    folder.mkdir(parents=True)
    (folder / "plan.txt").write_text("training_run digits 0\ntraining_run digits 1\n")
    main(["compute", "training_run", "digits", "0", str(folder / "training_run" / "digits-seed0.csv")])
    assert "; about 3 core-minutes left" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments, message",
    [
        ("compute figure_9 digits 0 out.csv", "invalid choice: 'figure_9' .*accuracy_vs_complexity"),
        ("compute training_run mnist11 0 out.csv", "invalid choice: 'mnist11' .*mnist2"),
        (
            "compute training_run digits first out.csv",
            "a seed is a whole number from 0 to 4294967295 in plain digits, got 'first'",
        ),
        (
            "compute training_run digits -1 out.csv",
            "a seed is a whole number from 0 to 4294967295 in plain digits, got '-1'|-1",
        ),
        ("compute training_run digits 0", "required: output"),
        ("freeze absent.csv", "error: no result at absent.csv"),
        ("", "required: command"),
    ],
)
def test_reproduce_refuses_mistakes_with_exit_code_2(arguments, message, capsys, workspace):
    with pytest.raises(SystemExit, match="^2$"):
        main(arguments.split())
    capture = capsys.readouterr()
    assert capture.out == "" and re.search(message, capture.err)
    assert not list(workspace.glob("*.csv")) and not (workspace / "results").exists()
