"""Figure 3 on digits, whole: its table, its fronts, and what is answered without computing."""

import numpy as np
import pytest
from frames import assert_equal

from pacbayes_curvature import bounds
from pacbayes_curvature.posteriors import METHODS
from paper.experiments.accuracy_vs_complexity import family
from paper.experiments.accuracy_vs_complexity.compute import accuracy_vs_complexity
from paper.experiments.grid import grid
from paper.results import records

IDENTITY = ["method", "point", "lam", "beta"]
pytestmark = pytest.mark.usefixtures("workspace")


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


def test_another_delta_needs_no_computing(trained, no_computing):
    usual = accuracy_vs_complexity("digits", grid_size=2).table
    no_computing()
    strict = accuracy_vs_complexity("digits", grid_size=2, delta=1e-9).table
    assert_equal(strict.drop(columns=["complexity", "pareto"]), usual.drop(columns=["complexity", "pareto"]))
    assert strict["complexity"].tolist() == [bounds.complexity(kl, 1437, 1e-9) for kl in usual["kl"]]
    assert (strict["complexity"] > usual["complexity"]).all()


def test_unknown_methods_are_refused(trained):
    with pytest.raises(ValueError, match=f"unknown method 'full'; valid: {', '.join(METHODS)}"):
        accuracy_vs_complexity("digits", methods=("diag", "full"), grid_size=2)
