"""Counts in sentences."""

import pytest

from paper.show.counts import few, how_many, listed, number, of_them, span


@pytest.mark.parametrize(
    "n, found, words",
    [
        (13, 13, "all 13 networks"),
        (13, 0, "none of the 13 networks"),
        (13, 1, "one of the 13 networks"),
        (13, 12, "12 of the 13 networks"),
        (2, 2, "both networks"),
        (2, 1, "one of the 2 networks"),
        (1, 1, "the one of the networks"),
        (1, 0, "none of the networks"),
    ],
)
def test_none_one_and_all_have_words_of_their_own(n, found, words):
    assert how_many([True] * found + [False] * (n - found), "networks") == words


@pytest.mark.parametrize("n, words", [(1, "a"), (2, "a and b"), (3, "a, b and c")])
def test_names_are_listed(n, words):
    assert listed(["a", "b", "c"][:n]) == words


@pytest.mark.parametrize(
    "found, words", [(0, "none of them"), (1, "one of them"), (2, "2 of them"), (3, "all of them")]
)
def test_things_that_were_named_are_not_named_again(found, words):
    assert of_them([True] * found + [False] * (3 - found)) == words


@pytest.mark.parametrize("n, words", [(0, "no epochs"), (1, "one epoch"), (2, "2 epochs"), (60_000, "60,000 epochs")])
def test_one_is_singular(n, words):
    assert number(n, "epoch", "epochs") == words


@pytest.mark.parametrize("n, words", [(0, "none"), (1, "one"), (2, "2"), (60_000, "60,000")])
def test_few_have_words(n, words):
    assert few(n) == words


def test_a_range_whose_ends_print_the_same_is_one_number():
    assert span("0.450", "0.450") == "0.450" and span("0.449", "0.450") == "0.449 to 0.450"
