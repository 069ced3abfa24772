"""The sweep in parts: explored on some examples, counted on all of them a chunk at a time, put together."""

import re

import numpy as np
import pandas as pd
import pytest
import torch

from pacbayes_curvature import pareto, posteriors
from pacbayes_curvature.bounds import complexity
from pacbayes_curvature.curvature import second_moments
from pacbayes_curvature.gibbs import local_reparametrisation
from pacbayes_curvature.gibbs.level import Level
from paper import names
from paper.__main__ import main
from paper.experiments import grid
from paper.experiments.accuracy_vs_complexity import family, parts
from paper.experiments.accuracy_vs_complexity.compute import accuracy_vs_complexity
from paper.networks.minimum import Minimum, posterior
from paper.randomness import stream

pytestmark = pytest.mark.usefixtures("trained")
SIZE = 6


@pytest.fixture
def exploring(monkeypatch):
    """Digits is explored too, on 400 of its 1,437 examples."""
    monkeypatch.setattr(parts, "EXPLORED", 400)
    monkeypatch.setattr(parts, "CORRECTED", 80)


def test_a_small_training_set_is_explored_whole():
    table = accuracy_vs_complexity("digits", grid_size=SIZE).table
    assert (table["evaluated"] == table["examples"]).all()
    assert table["test_error"].isna().tolist() == table["point"].str.startswith("grid").tolist()


def test_the_counts_are_those_of_the_chunks_by_themselves(digits, digits_network):
    """Each chunk with its own noise, as any process would make it; the test set too."""
    x, y = torch.from_numpy(digits.x_train), torch.from_numpy(digits.y_train)
    table = accuracy_vs_complexity("digits", methods=("diag",), grid_size=SIZE).table
    table = table[grid.members(table)]
    layers = [
        posteriors.LayerPosterior(h.diagonal(), None, len(w), 0.0)
        for h, w in zip(second_moments.second_moments(digits_network.minimum, x), digits_network.minimum)
    ]
    classifiers = local_reparametrisation.LocalReparametrisation(
        digits_network.minimum, layers, table["lam"].to_numpy(), table["beta"].to_numpy()
    )
    whole = 0
    for chunk, (start, end) in enumerate([(0, 359), (359, 718), (718, 1077), (1077, 1437)]):
        tally = classifiers.tally(x[start:end], y[start:end], stream(f"gibbs, chunk{chunk}", 0))
        whole = tally + whole if chunk else tally
    np.testing.assert_allclose(table["accuracy"], whole.accuracy, rtol=1e-9)
    np.testing.assert_allclose(table["accuracy_stderr"], whole.stderr, rtol=1e-9)
    test = classifiers.tally(torch.from_numpy(digits.x_test), torch.from_numpy(digits.y_test), stream("gibbs, test", 0))
    np.testing.assert_allclose(table["test_error"], 1 - test.accuracy, rtol=1e-9)
    np.testing.assert_allclose(table["test_error_stderr"], test.stderr, rtol=1e-9)


def test_only_members_are_evaluated_whole_and_only_they_are_on_the_front(exploring):
    table = accuracy_vs_complexity("digits", grid_size=SIZE).table
    whole = grid.members(table)
    assert set(table["evaluated"][~whole]) == {400} and set(table["evaluated"][whole]) == {1437}
    assert not table.loc[~whole, "pareto"].any()
    for _, rows in table[whole].groupby("method"):
        mine = rows["accuracy"].to_numpy(), rows["complexity"].to_numpy()
        assert rows["pareto"].tolist() == pareto.front(*mine).tolist() and rows["pareto"].sum() > 0.8 * len(rows)
    # Outcomes in [0, 1] have at most the variance of answers with the same mean.
    answers = np.sqrt(table["accuracy"] * (1 - table["accuracy"]) / table["evaluated"])[whole]
    assert (table["accuracy_stderr"][whole] <= answers * 1.001 + 1e-9).all()


def test_the_front_has_the_accuracies_it_was_asked_for(exploring):
    """As the members are expected to have them, so they have them, up to the exploration's error; each method has all."""
    table = accuracy_vs_complexity("digits", grid_size=20).table
    rows = table[table["point"].str.startswith("front")]
    way, wanted = (rows["accuracy"] - 0.1) / 0.9, rows["point"].str.removeprefix("front ").astype(float)
    assert sorted(wanted[rows["method"] == "diag"]) == list(family.TARGETS)
    assert np.abs(way - wanted).max() < 0.05


def test_no_point_of_a_grid_beats_the_front():
    """Of digits the grid is known as exactly as the members are: a finer one, which took no part in the choice."""
    table = accuracy_vs_complexity("digits", grid_size=20).table
    minimum = Minimum("digits", 0)
    for method, rows in table[grid.members(table)].groupby("method"):
        rows = rows[rows["pareto"]].sort_values("accuracy")
        fine = parts.explored(minimum, method, 40, 1)
        fine = fine[~grid.members(fine)]
        kl = posteriors.kl_divergence(posterior(minimum, method), fine["lam"].to_numpy(), fine["beta"].to_numpy())
        height, inside = complexity(kl, 1437), fine["accuracy"].between(0.2, 0.99).to_numpy()
        needed = pareto.interpolated_complexity(rows["accuracy"], rows["complexity"], fine["accuracy"]).complexity
        assert (height[inside] > 0.97 * needed[inside]).all() and inside.sum() > 5, method


def test_with_infinite_beta_every_method_is_the_baseline():
    """The same rows but for rounding, so that no method is worse than the baseline for lack of a point."""
    table = accuracy_vs_complexity("digits", grid_size=SIZE).table
    table = table[np.isinf(table["beta"]) & ~grid.members(table)].set_index(["lam", "method"])
    for name in ("accuracy", "kl", "complexity"):
        values = table[name].unstack()
        assert len(values) == SIZE
        for method in ("diag", "layerwise"):
            np.testing.assert_allclose(values[method], values["baseline"], rtol=1e-5)


def test_members_accuracy_does_not_depend_on_the_exploration(exploring, monkeypatch):
    """Unbiased: the noise of the counts is the same, whatever the exploration saw; a member chosen by both has one number."""
    first = accuracy_vs_complexity("digits", methods=("baseline",), grid_size=SIZE, fresh=True).table
    for path in parts.FOLDER.glob("*"):
        path.unlink()
    monkeypatch.setattr(parts, "EXPLORED", 320)
    second = accuracy_vs_complexity("digits", methods=("baseline",), grid_size=SIZE, fresh=True).table
    both = first[grid.members(first)].merge(second[grid.members(second)], on=["lam", "beta"])
    assert len(both) > 1
    np.testing.assert_allclose(both["accuracy_x"], both["accuracy_y"], rtol=1e-4)
    explored = [table.loc[~grid.members(table), "accuracy"].mean() for table in (first, second)]
    assert explored[0] != explored[1]


def test_a_part_is_computed_once_and_by_whom_does_not_matter(exploring, monkeypatch, capsys):
    monkeypatch.setattr("paper.__main__.GRID_SIZE", SIZE)
    for part in names.PARTS:
        for method in posteriors.METHODS:
            main(["part", "digits", "0", method, part])
    assert "sweep of digits, seed 0, diag, explored: 69 points" in capsys.readouterr().out
    files = {path.name: path.read_bytes() for path in parts.FOLDER.glob("*")}
    assert len(files) == 2 * len(posteriors.METHODS) * 6 and "digits-seed0-diag-grid6-passes1-chunk3.csv" in files
    with monkeypatch.context() as nothing_can_be_computed:
        nothing_can_be_computed.setattr(local_reparametrisation.LocalReparametrisation, "tally", None)
        together = accuracy_vs_complexity("digits", grid_size=SIZE, fresh=True).table
    assert {path.name: path.read_bytes() for path in parts.FOLDER.glob("*")} == files
    chosen = len(family.TARGETS) + 2
    assert len(together) == SIZE + SIZE * (SIZE + 1) * (len(posteriors.METHODS) - 1) + chosen * len(posteriors.METHODS)


def test_a_part_of_other_code_is_computed_anew(exploring, monkeypatch):
    minimum = Minimum("digits", 0)
    before = parts.explored(minimum, "diag", SIZE, 1)
    path = parts.path("digits", 0, "diag", "explored", SIZE, 1)
    made = path.read_bytes()
    monkeypatch.setattr("paper.digest.digest", lambda *roots, **of: "other")
    path.write_bytes(made.replace(b",400\n", b",401\n"))
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
    parts.explored(minimum, "diag", 10, 1)
    total = {kind: sum(n for name, n in looked if name == kind) for kind, _ in looked}
    assert total == {"Coarse": 110 * 96, "Correction": 110 * 24}
    looked.clear()
    for chunk in range(parts.CHUNKS):
        parts.counted(minimum, "diag", 10, 1, f"chunk{chunk}")
    assert sum(n for _, n in looked) == 1437 * (len(family.TARGETS) + 2)
