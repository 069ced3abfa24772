"""The sweep in parts: explored on some examples, counted on all of them a chunk at a time, put together."""

import re

import numpy as np
import pandas as pd
import pytest
import torch

from pacbayes_curvature import pareto, posteriors
from pacbayes_curvature.curvature import second_moments
from pacbayes_curvature.gibbs import local_reparametrisation
from pacbayes_curvature.gibbs.level import Level
from paper.__main__ import main
from paper.experiments import grid
from paper.experiments.accuracy_vs_complexity import parts
from paper.experiments.accuracy_vs_complexity.compute import accuracy_vs_complexity
from paper.networks.minimum import Minimum
from paper.randomness import stream
from paper.results import records

pytestmark = pytest.mark.usefixtures("workspace")
SIZE = 6


@pytest.fixture(autouse=True)
def trained(digits_network, monkeypatch):
    monkeypatch.setattr("paper.networks.minimum.train", lambda dataset, seed, recipe: digits_network)


@pytest.fixture
def exploring(monkeypatch):
    """Digits is explored too, on 400 of its 1,437 examples, with a resolution that so few can tell."""
    monkeypatch.setattr(parts, "EXPLORED", 400)
    monkeypatch.setattr(pareto, "RESOLUTION", 0.01)


def test_a_small_training_set_is_not_explored(monkeypatch):
    table = accuracy_vs_complexity("digits", grid_size=SIZE).table
    assert (table["evaluated"] == table["examples"]).all()


def test_the_counts_are_those_of_the_chunks_by_themselves(digits, digits_network):
    """Each chunk with its own noise, as any process would make it."""
    x, y = torch.from_numpy(digits.x_train), torch.from_numpy(digits.y_train)
    table = accuracy_vs_complexity("digits", methods=("diag",), grid_size=SIZE).table
    layers = [
        posteriors.LayerPosterior(h.diagonal(), None, len(w), 0.0)
        for h, w in zip(second_moments.second_moments(digits_network.minimum, x), digits_network.minimum)
    ]
    whole = 0
    for chunk, (start, end) in enumerate([(0, 359), (359, 718), (718, 1077), (1077, 1437)]):
        classifiers = local_reparametrisation.LocalReparametrisation(
            digits_network.minimum, layers, table["lam"].to_numpy(), table["beta"].to_numpy()
        )
        tally = classifiers.tally(x[start:end], y[start:end], stream(f"gibbs, chunk {chunk}", 0))
        whole = tally + whole if chunk else tally
    np.testing.assert_allclose(table["accuracy"], whole.accuracy, rtol=1e-9)
    np.testing.assert_allclose(table["accuracy_stderr"], whole.stderr, rtol=1e-9)


def test_only_contenders_are_evaluated_whole_and_only_they_are_on_the_front(exploring):
    table = accuracy_vs_complexity("digits", grid_size=SIZE).table
    whole = table["evaluated"] == table["examples"]
    assert set(table["evaluated"]) == {400, 1437} and not table.loc[~whole, "pareto"].any()
    assert whole.sum() < 0.7 * len(table)
    for _, rows in table[whole].groupby("method"):
        mine = rows["accuracy"].to_numpy(), rows["complexity"].to_numpy()
        assert rows["pareto"].tolist() == pareto.front(*mine).tolist() and rows["pareto"].sum() > 2
    # Outcomes in [0, 1] have at most the variance of answers with the same mean.
    answers = np.sqrt(table["accuracy"] * (1 - table["accuracy"]) / table["evaluated"])[whole]
    assert (table["accuracy_stderr"][whole] <= answers * 1.001 + 1e-9).all()


def test_the_front_is_found_although_few_points_are_evaluated_whole(exploring, monkeypatch):
    """At every accuracy, the least complexity is that of the sweep that evaluates everything, up to the noise."""
    few = accuracy_vs_complexity("digits", grid_size=SIZE, fresh=True).table
    monkeypatch.setattr(parts, "EXPLORED", 10_000)
    for path in parts.FOLDER.glob("*"):
        path.unlink()
    all_ = accuracy_vs_complexity("digits", grid_size=SIZE, fresh=True).table
    both = few.merge(all_, on=["method", "lam", "beta"], suffixes=("", "_all"))
    whole = both["evaluated"] == 1437
    # The same noise for the same chunk: contenders have the very numbers that the full sweep gives them.
    np.testing.assert_allclose(both["accuracy"][whole], both["accuracy_all"][whole], rtol=1e-4)
    for method, rows in both.groupby("method"):
        for _, point in rows[rows["pareto_all"] & rows["accuracy_all"].between(0.15, 0.999)].iterrows():
            cheaper = rows[(rows["evaluated"] == 1437) & (rows["complexity"] <= point["complexity"])]
            assert cheaper["accuracy"].max() >= point["accuracy_all"] - 0.03, method


def test_contenders_accuracy_does_not_depend_on_the_exploration(exploring, monkeypatch):
    """Unbiased: the noise of the counts is the same, whatever the exploration saw and chose."""
    first = accuracy_vs_complexity("digits", methods=("layerwise",), grid_size=SIZE, fresh=True).table
    for path in parts.FOLDER.glob("*"):
        path.unlink()
    monkeypatch.setattr(parts, "EXPLORED", 300)
    second = accuracy_vs_complexity("digits", methods=("layerwise",), grid_size=SIZE, fresh=True).table
    both = first.merge(second, on=["lam", "beta"])
    both = both[(both["evaluated_x"] == 1437) & (both["evaluated_y"] == 1437)]
    assert len(both) > 5
    np.testing.assert_allclose(both["accuracy_x"], both["accuracy_y"], rtol=1e-4)
    # Grids with no point in common with the other's exploration noise.
    explored = [table.loc[table["evaluated"] < 1437, "accuracy"].mean() for table in (first, second)]
    assert explored[0] != explored[1]


@pytest.mark.parametrize("size", [1, 2, 3])
def test_the_front_of_a_contained_grid_is_evaluated_whole(exploring, size):
    accuracy_vs_complexity("digits", grid_size=SIZE)
    result = records.read(next(iter((records.COMPUTED / "accuracy_vs_complexity").glob("*.csv"))), 0)
    for method in posteriors.METHODS:
        inside = grid.grid(method, size).merge(result.table, on=["method", "lam", "beta"])
        assert len(inside) == size if method == "baseline" else size**2
        seen = parts.explored(Minimum("digits", 0), method, SIZE, 1).merge(inside, on=["lam", "beta"])
        few = pareto.contenders(
            *(seen[name].to_numpy() for name in ("accuracy_x", "accuracy_stderr_x", "complexity")), chance=0.1
        )
        assert (seen.loc[few, "evaluated_y"] == 1437).all()


def test_a_part_is_computed_once_and_by_whom_does_not_matter(exploring, monkeypatch, capsys):
    monkeypatch.setattr("paper.__main__.GRID_SIZE", SIZE)
    for part in ("explored", "chunk0", "chunk1", "chunk2", "chunk3"):
        for method in posteriors.METHODS:
            main(["part", "digits", "0", method, part])
    assert "sweep of digits, seed 0, diag, explored: 36 points" in capsys.readouterr().out
    files = {path.name: path.read_bytes() for path in parts.FOLDER.glob("*")}
    assert len(files) == 2 * len(posteriors.METHODS) * 5 and "digits-seed0-diag-grid6-passes1-chunk3.csv" in files
    with monkeypatch.context() as nothing_can_be_computed:
        nothing_can_be_computed.setattr(local_reparametrisation.LocalReparametrisation, "tally", None)
        together = accuracy_vs_complexity("digits", grid_size=SIZE, fresh=True).table
    assert {path.name: path.read_bytes() for path in parts.FOLDER.glob("*")} == files
    assert len(together) == SIZE + SIZE**2 * (len(posteriors.METHODS) - 1)


def test_a_part_of_other_code_is_computed_anew(exploring, monkeypatch):
    minimum = Minimum("digits", 0)
    before = parts.explored(minimum, "diag", SIZE, 1)
    path = parts.path("digits", 0, "diag", "explored", SIZE, 1)
    made = path.read_bytes()
    monkeypatch.setattr("paper.digest.digest", lambda *roots, **of: "other")
    path.write_bytes(made.replace(b",400,", b",401,"))
    with pytest.raises(AssertionError):
        pd.testing.assert_frame_equal(pd.read_csv(path).drop(columns=["dataset", "seed"]), before)
    pd.testing.assert_frame_equal(parts.explored(minimum, "diag", SIZE, 1), before)


@pytest.mark.parametrize(
    "arguments, message",
    [
        ("part digits 0 full explored", "invalid choice: 'full' .*baseline"),
        ("part digits 0 diag chunk4", "invalid choice: 'chunk4' .*chunk3"),
        ("part digits 0 diag", "required: name"),
    ],
)
def test_mistakes_are_refused(arguments, message, capsys):
    with pytest.raises(SystemExit, match="^2$"):
        main(arguments.split())
    assert re.search(message, capsys.readouterr().err)


def test_a_sweep_looks_at_few_examples(digits, digits_network, workspace, monkeypatch):
    """Most points of a grid are only explored, on equally many examples of each stratum."""
    looked, whole = [], Level.tally

    def count(self, x, y, generator, passes=1, examples=None, label=""):
        looked.append(
            (type(self).__name__, self.points * len(x) * passes if examples is None else int(np.sum(examples)))
        )
        return whole(self, x, y, generator, passes, examples, label)

    minimum = Minimum("digits", 0)
    minimum.__dict__ |= {"data": digits, "network": digits_network}
    monkeypatch.setattr(parts, "EXPLORED", 96)
    monkeypatch.setattr(parts, "CORRECTED", 24)
    monkeypatch.setattr(Level, "tally", count)
    explored = parts.explored(minimum, "diag", 10, 1)
    total = {kind: sum(n for name, n in looked if name == kind) for kind, _ in looked}
    assert total == {"Coarse": 100 * 96, "Correction": 100 * 24}
    looked.clear()
    for chunk in range(parts.CHUNKS):
        parts.counted(minimum, "diag", 10, 1, chunk)
    assert sum(n for _, n in looked) == 1437 * explored["contender"].sum() < 1437 * 70
