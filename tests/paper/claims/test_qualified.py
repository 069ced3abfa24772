"""What claims.yml says of the chapters' findings holds for the frozen results."""

import re
from pathlib import Path

import pandas as pd
import pytest

from paper import names
from paper.claims import schema
from paper.results import records

NOTEBOOKS = Path(__file__).parents[3] / "notebooks"
CLAIMS = {claim.id: claim for claim in schema.read() if claim.qualified}


def results(experiment, dataset):
    return pd.read_csv(records.FROZEN / experiment / f"{dataset}.csv")


def chance(dataset):
    return 1 - 1 / names.classes(dataset)


def smallest_sums(dataset, curve):
    """One for each seed."""
    table = results("lower_bound", dataset).query("curve == @curve")
    return (1 - table["accuracy"] + table["complexity"]).groupby(table["seed"]).min()


def facts(name):
    table = results("two_minima", "mnist2")
    return table[table["quantity"] == name].set_index("seed")["value"]


def with_blocks_no_case_is_hard():
    assert all((smallest_sums(dataset, "block_prior") < chance(dataset)).all() for dataset in names.FROZEN)


def with_some_seeds_the_regions_meet():
    meets = smallest_sums("mnist2", "fisher_diagonal") < 0.5
    assert meets.any() and not meets.all()
    assert (smallest_sums("mnist2", "layerwise_diagonal") < 0.5).all()


def the_certificates_are_below_chance():
    table = results("certificates", "mnist2")
    assert set(table["method"]) == {"baseline", "diag", "layerwise"} and (table["certificate"] < 0.5).all()


def the_loss_is_larger_and_no_barrier_is_there():
    original, optimised = facts("mean_loss_original"), facts("mean_loss_optimised")
    assert (optimised > original).all() and (facts("barrier_loss") <= 0.01 * optimised).all()


def other_diagonal_pairs_lie_below():
    best = results("accuracy_vs_complexity", "mnist2").query("evaluated == examples and method == 'baseline'")
    sums = (1 - best["accuracy"] + best["complexity"]).groupby(best["seed"]).min()
    assert (sums < smallest_sums("mnist2", "fisher_diagonal")).all()


def blocks_are_far_below_chance():
    assert (smallest_sums("cifar2", "block_prior") < 0.25).all()
    assert (smallest_sums("mnist2", "block_prior") < 0.25).all()
    assert (smallest_sums("cifar2", "layerwise_diagonal") > 0.5).all()


HOLDS = {
    "easy-and-hard-cases": with_blocks_no_case_is_hard,
    "regions-meet-on-mnist2": with_some_seeds_the_regions_meet,
    "mnist-bounds-non-vacuous": the_certificates_are_below_chance,
    "optimisation-finds-another-minimum": the_loss_is_larger_and_no_barrier_is_there,
    "lower-bound-is-below": other_diagonal_pairs_lie_below,
    "layerwise-crosses-lower-bound": lambda: None,  # a statement about Lemma 4.2
    "prohibitive-distance": blocks_are_far_below_chance,
}


def test_each_has_its_check():
    assert set(HOLDS) == set(CLAIMS)


@pytest.mark.parametrize("name", HOLDS)
def test_the_words_hold(name):
    HOLDS[name]()


def test_each_names_a_chapter_of_the_book():
    assert all((NOTEBOOKS / f"{claim.qualified.chapter}.md").is_file() for claim in CLAIMS.values())


def test_the_claims_of_the_abstract_come_first():
    abstract = [any(place == "abstract" for _, place in claim.quotes) for claim in schema.read()]
    groups = [claim.group for claim in schema.read()]
    of_abstract = {group for group, is_ in zip(groups, abstract) if is_}
    first = list(dict.fromkeys(groups))[: len(of_abstract)]
    assert set(first) == of_abstract


def test_no_number_of_ours_is_typed_into_a_qualification():
    words = " ".join(claim.qualified.words for claim in CLAIMS.values())
    assert re.findall(r"\d+\.\d+|\d{2,}", re.sub(r"Lemma [\d.]+|\(10\)", "", words)) == []
