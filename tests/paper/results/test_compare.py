"""Two tables of an experiment: what a recomputation may change is accepted, all else is found and named."""

import re

import numpy as np
import pandas as pd
import pytest
from verify_tables import like, measured, run

from paper import experiments
from paper.networks import training
from paper.networks.training import recipe_for
from paper.results.compare import Comparison, Seeds, compare
from paper.results.table import Table, Within, count, number

TABLES = experiments.tables()
FIGURE_3 = TABLES["accuracy_vs_complexity"]


@pytest.fixture(scope="module")
def table(digits, digits_network):
    return measured(digits, digits_network)


@pytest.fixture(scope="module")
def of_another_seed(digits):
    return measured(digits, training.train(digits, 1, recipe_for("digits")))


def against(fresh, frozen, seeds=None, about=FIGURE_3, of="digits"):
    return compare(fresh, frozen, about, seeds if seeds is None else Seeds(of, list(seeds)))


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
    comparison = against(of_another_seed, table, [table])
    assert comparison == Comparison(False, "another network, and 1 frozen do not tell the spread over seeds")


@pytest.mark.parametrize(
    "column, factor", [("kl", 1.002), ("complexity", 1.002), ("accuracy", 0.9), ("accuracy", np.nan)]
)
def test_one_altered_number_is_found_and_named(table, column, factor):
    row = int(table.query("method == 'diag' and accuracy > 0.9").index[3])
    altered = changed(table, row, **{column: table.loc[row, column] * factor})
    point = table.loc[row, "point"]
    comparison = against(table, altered)
    assert not comparison.good
    assert f"1 rows differ in {column}, the first: method diag, point {point}: " in comparison.words


def test_a_missing_an_added_and_a_doubled_row_are_named(table):
    short, name = table.drop(index=7), f"method diag, point {table.loc[7, 'point']}"
    assert against(short, table).words == f"1 rows are missing from the fresh table, the first: {name}"
    assert against(table, short).words == f"1 rows are not in the frozen table, the first: {name}"
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
        == "1 rows differ in status, the first: factor width, value 2.0, method diag: not fitted, frozen fitted"
    )
    assert "1 rows differ in bound" in against(changed(frozen, 2, bound=0.5), frozen, about=about).words
    assert "1 rows differ in examples" in against(changed(frozen, 1, examples=np.nan), frozen, about=about).words


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


FACTORS = (0.96, 0.98, 1.0, 1.02, 1.04)


def test_another_network_is_held_against_the_spread_over_seeds(table):
    seeds = [like(table, factor, -0.01 * k) for k, factor in enumerate(FACTORS)]
    inside, outside = like(table, 1.07, -0.03), like(table, 1.4, -0.03)
    assert against(inside, table, seeds) == Comparison(
        True, "another network than the frozen one, within the spread of 5 seeds"
    )
    comparison = against(outside, table, seeds)
    assert not comparison.good and "outside of the spread over seeds: 35 rows differ in kl" in comparison.words
    assert not against(inside, table, seeds[:2]).good
    assert not against(inside, table).good, "the frozen network"


def test_a_row_whose_spread_is_small_by_chance_is_held_against_the_columns(table):
    seeds = [like(table, factor) for factor in FACTORS]
    seeds = [changed(part, 7, kl=table.loc[7, "kl"]) for part in seeds]
    assert against(like(table, 1.05), table, seeds).good
    comparison = against(changed(like(table, 1.05), 7, kl=table.loc[7, "kl"] * 1.4), table, seeds)
    assert "outside of the spread over seeds: 1 rows differ in kl" in comparison.words


def test_another_network_of_a_single_seed_is_held_against_the_spread_of_another_data_set(table):
    """Relative for the KL, whose size differs between data sets, and absolute for the accuracy."""
    seeds = [like(table, 100 * factor, -0.01 * k) for k, factor in enumerate(FACTORS)]
    s_kl, s_accuracy = np.std(FACTORS, ddof=1), 0.01 * np.std(range(5), ddof=1)
    for share in (0.9, 1.1):
        far = share * 8 * np.sqrt(2)
        for fresh, column in (
            (like(table, 1 + far * s_kl), "kl"),
            (like(table, 1, -far * s_accuracy), "accuracy"),
        ):
            answer = against(fresh, table, seeds, of="another")
            if share < 1:
                words = "another network than the frozen one, within the spread of 5 seeds of another"
                assert answer == Comparison(True, words)
            else:
                assert not answer.good and f"rows differ in {column}, the first" in answer.words


TRAINING = TABLES["training_run"]


def test_training_curves():
    seeds = [run(20 + k, 1 + 0.05 * k, 0.97 + 0.002 * k) for k in range(5)]
    assert against(run(20, 1.01), run(20), about=TRAINING).good
    assert not against(run(20, 1.1), run(20), about=TRAINING).good
    comparison = against(run(21), run(20), about=TRAINING)
    assert not comparison.good and "1 rows are not in the frozen table, the first: epoch 21" in comparison.words
    assert against(run(21, 1.1), run(20), seeds, TRAINING).good, "another course, like that of another seed"
    assert against(run(21, 1.1), run(20), seeds, TRAINING, of="another").good
    assert not against(run(21, 1.1), run(20), about=TRAINING).good
    for of in ("digits", "another"):
        comparison = against(run(21, 1.1, 0.9), run(20), seeds, TRAINING, of)
        assert not comparison.good
        assert "differ in test_accuracy, the first: row at the end: 0.9, frozen 0.97" in comparison.words


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
    assert "rows differ in quantity" in compare(renamed, frozen, about).words


def test_a_table_that_has_other_seeds_itself_tells_the_spread():
    about = TABLES["sensitivity"]
    frozen = pd.DataFrame(1.0, index=range(5), columns=list(about.all_columns))
    frozen = frozen.assign(
        dataset="mnist2", factor=["default", "seed", "seed", "width", "width"], value=[0.0, 1.0, 2.0, 0.5, 2.0],
        method="diag", status="fitted", squared_distance=[100.0, 99.0, 101.0, 50.0, 200.0],
    )  # fmt: skip
    within = Seeds("the table itself", about.by_seed(frozen))
    assert [len(table) for table in within.tables] == [1, 1, 1]
    for share in (0.9, 1.2):  # of what 8 standard deviations of 1% and the column's own tolerance of 0.1% allow
        fresh = frozen.assign(squared_distance=frozen["squared_distance"] * (1 + share * 0.08 * np.sqrt(2)))
        answer = compare(fresh, frozen, about, within)
        assert answer.good == (share < 1), answer
    assert "5 rows differ in squared_distance" in answer.words
