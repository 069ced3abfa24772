"""Two tables of an experiment: what a recomputation may change is accepted, all else is found and named."""

import re

import numpy as np
import pandas as pd
import pytest
from verify_tables import measured, run

from paper import experiments
from paper.networks import training
from paper.networks.training import recipe_for
from paper.results.compare import Comparison, compare
from paper.results.table import Table, Within, count, number

TABLES = experiments.tables()
FIGURE_3 = TABLES["accuracy_vs_complexity"]


@pytest.fixture(scope="module")
def table(digits, digits_network):
    return measured(digits, digits_network)


@pytest.fixture(scope="module")
def of_another_seed(digits):
    return measured(digits, training.train(digits, 1, recipe_for("digits")))


def against(fresh, frozen, about=FIGURE_3):
    return compare(fresh, frozen, about)


def changed(table, row, **values):
    table = table.copy()
    for column, value in values.items():
        table[column] = table[column].where(table.index != row, value)
    return table


def test_the_same_table_agrees(table):
    assert against(table, table) == Comparison(True, "accuracy equal, test_error equal, kl equal, complexity equal")


@pytest.mark.parametrize("noise", range(1, 9))
def test_another_noise_seed_agrees(digits, digits_network, table, noise):
    other = measured(digits, digits_network, noise)
    assert (other["accuracy"] != table["accuracy"]).sum() >= 8, "so that the test can fail"
    comparison = against(other, table)
    assert comparison.good and "kl equal" in comparison.words and "accuracy within 0.0" in comparison.words


def test_rounding_agrees(table):
    factor = 1 + 1e-6 * np.random.default_rng(0).standard_normal(len(table))
    comparison = against(table.assign(kl=table["kl"] * factor), table)
    assert comparison.good and re.search("kl within [1-4]e-06 of itself", comparison.words)


def test_another_training_seed_does_not_agree(of_another_seed, table):
    comparison = against(of_another_seed, table)
    assert not comparison.good and "rows differ in " in comparison.words


@pytest.mark.parametrize(
    "column, factor", [("kl", 1.002), ("complexity", 1.002), ("accuracy", 0.9), ("accuracy", np.nan)]
)
def test_one_altered_number_is_found_and_named(table, column, factor):
    row = int(table.query("method == 'diag' and accuracy > 0.9").index[3])
    altered = changed(table, row, **{column: table.loc[row, column] * factor})
    point = table.loc[row, "point"]
    comparison = against(table, altered)
    assert not comparison.good
    assert f"1 row differs in {column}, the first: method diag, point {point}: " in comparison.words


def test_a_missing_an_added_and_a_doubled_row_are_named(table):
    short, name = table.drop(index=7), f"method diag, point {table.loc[7, 'point']}"
    assert against(short, table).words == f"1 row is missing from the fresh table, the first: {name}"
    assert against(table, short).words == f"1 row is not in the frozen table, the first: {name}"
    assert against(pd.concat([table, table.loc[[7]]]), table).words == "some rows are there more than once"


def test_another_number_of_examples_is_named(table):
    comparison = against(table, table.assign(examples=1436))
    assert not comparison.good and "35 rows differ in examples, the first: method baseline" in comparison.words
    assert "1437, frozen 1436" in comparison.words


def test_words_and_gaps_compare_too():
    """A variant that could not be trained has no numbers, in the frozen table and in the fresh one."""
    about = TABLES["sensitivity"]
    frozen = pd.DataFrame(1.0, index=range(3), columns=list(about.all_columns))
    frozen = frozen.assign(
        factor="width", value=[1.0, 2.0, 3.0], method="diag", status=["fitted", "fitted", "not fitted"]
    )
    frozen.loc[2, ["bound", "examples", "kl"]] = np.nan
    assert against(frozen, frozen, about=about).good
    comparison = against(changed(frozen, 1, status="not fitted"), frozen, about=about)
    assert (
        comparison.words
        == "1 row differs in status, the first: factor width, value 2.0, method diag: not fitted, frozen fitted"
    )
    assert "1 row differs in bound" in against(changed(frozen, 2, bound=0.5), frozen, about=about).words
    assert "1 row differs in examples" in against(changed(frozen, 1, examples=np.nan), frozen, about=about).words


def test_a_column_without_a_tolerance_is_named(table):
    assert against(table.assign(more=1), table).words == "the fresh table has columns without a tolerance: more"
    assert against(table, table.drop(columns="kl")).words == "the frozen table has no column kl"


def test_rows_on_fewer_examples_agree_within_their_own_errors(table):
    row = int(table.query("method == 'diag' and accuracy > 0.9").index[3])
    moved = table.loc[row, "accuracy"] - 0.05
    explored = {"accuracy": moved, "accuracy_stderr": 0.02, "evaluated": 100}
    assert against(changed(table, row, **explored), table).good
    assert not against(
        changed(table, row, **explored | {"accuracy_stderr": table.loc[row, "accuracy_stderr"]}), table
    ).good


TRAINING = TABLES["training_run"]


def test_training_curves():
    assert against(run(20, 1.01), run(20), TRAINING).good
    assert not against(run(20, 1.1), run(20), TRAINING).good
    comparison = against(run(21), run(20), TRAINING)
    assert comparison == Comparison(False, "1 row is not in the frozen table, the first: epoch 21")


def test_another_network_is_told_by_its_checksum():
    another = run(20).replace({"network": {"0" * 64: "1" * 64}})
    comparison = against(another, run(20), TRAINING)
    assert comparison == Comparison(
        False, f"1 row differs in network, the first: epoch 20: {'1' * 64}, frozen {'0' * 64}"
    )


def test_every_kind_of_tolerance():
    frozen = pd.DataFrame({"row": range(4), "x": [0.0, 10, 100, -100], "x_stderr": 3.0, "dataset": "digits", "seed": 0})
    tolerance = 2 * np.sqrt(18) + np.array([0, 1, 10, 10]) + 1 + 0.5
    x = number("x").within(Within(errors=2, relative=0.1, of_largest=0.01, absolute=0.5))
    columns = {"row": count("row").key(), "x": x, "x_stderr": number("its error").ignored()}
    about = Table(test_every_kind_of_tolerance, "figure", columns)
    for factor in (0.999, 1.001):
        for sign in (1, -1):
            fresh = frozen.assign(x=frozen["x"] + sign * factor * tolerance)
            assert against(fresh, frozen, about=about).good == (factor < 1)


def test_a_chosen_member_may_move_by_steps_and_its_numbers_no_more_than_it():
    """On another processor; an infinite beta has not moved."""
    columns = {name: [0.1, 0.1] for name in ("lam", "beta", "kl")} | {"row": [0, 1], "dataset": "digits", "seed": 0}
    frozen = pd.DataFrame(columns).assign(beta=[0.5, np.inf])
    about = Table(test_every_kind_of_tolerance, "figure", {
        "row": count("row").key(), "lam": number("x").ignored(), "beta": number("x").ignored(), "kl": number("x").within(Within(moved=0.05)),
    })  # fmt: skip
    for lam, kl, good in (
        (1, 1.001, False),
        (1.02, 1.019, True),
        (1.02, 1.021, False),
        (1 / 1.02, 1.019, True),
        (1 / 1.02, 1.021, False),
        (1.5, 1.049, True),
        (1.5, 1.051, False),
    ):
        assert against(frozen.assign(lam=0.1 * lam, kl=0.1 * kl), frozen, about).good == good


@pytest.mark.parametrize(
    "point, accuracy, complexity, good",
    [
        ("best", -0.1, -0.1, True),
        ("best", 0.1, 0.1, True),
        ("best", -0.1, 0.0, False),
        ("best", -0.1, 0.1, False),
        ("best", -0.1, -0.04, False),
        ("front 0.5", -0.1, -0.1, False),
    ],
)
def test_the_member_of_the_smallest_bound_is_compared_by_its_bound(table, point, accuracy, complexity, good):
    """It may lie elsewhere on a flat front: less accurate by what it is less complex, where lam or beta has moved."""
    row = int(table.query("method == 'diag'").index[3])
    frozen = changed(table, row, point=point, complexity=1.0, kl=100.0, accuracy=0.8)
    moved = {"lam": frozen.loc[row, "lam"] * 1.2, "complexity": 1 + complexity, "accuracy": 0.8 + accuracy}
    assert against(changed(frozen, row, **moved), frozen).good == good
    assert not against(changed(frozen, row, **moved | {"lam": frozen.loc[row, "lam"]}), frozen).good


def test_points_of_the_plane_are_compared_in_their_order():
    """Their coordinates follow the network, so that on another processor they differ in the last digits."""
    about, nan = TABLES["two_minima"], float("nan")
    columns = [
        "part",
        "quantity",
        "epoch",
        "along",
        "across",
        *(c for c in about.within if c not in ("along", "across")),
    ]
    frozen = pd.DataFrame([["fact", "lam", nan, nan, nan, 0.3], ["path", nan, 0, 1.0, 0.0, 0.9]], columns=columns[:6])
    plane = pd.DataFrame(
        {"part": "plane", "along": [0.1, 0.1, 7.0], "across": [0.2, 0.4, 0.2], "loss": [0.5, 0.6, 0.7]}
    )
    frozen = pd.concat([frozen, plane]).reindex(columns=columns).reset_index(drop=True).assign(dataset="mnist2", seed=0)
    fresh = frozen.assign(along=frozen["along"] * (1 + 1e-6), across=frozen["across"] + 1e-7)
    assert compare(fresh, frozen, about).good
    swapped = frozen.iloc[[0, 1, 3, 2, 4]].reset_index(drop=True)
    for wrong in (frozen.assign(along=frozen["along"] * 1.2), swapped, frozen.iloc[:-1]):
        assert not compare(wrong, frozen, about).good
    renamed = frozen.replace({"quantity": {"lam": "bound"}})
    assert "row differs in quantity" in compare(renamed, frozen, about).words
