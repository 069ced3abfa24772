"""What a lecture's cells state: what holds is shown, what does not stops the page by its name."""

import numpy as np
import pytest
import sympy as sp
from IPython.display import Markdown

from paper.theory.lecture import DoesNotHold, chain, holds

x = sp.Symbol("x")


def test_a_chain_whose_lines_are_equal_says_how_many_there_are():
    assert (
        chain("(1)", (x + 1) ** 2, x**2 + 2 * x + 1, x * (x + 2) + 1).data
        == "(1) holds: each of its 3 expressions equals the next."
    )


def test_a_chain_stops_at_the_first_two_lines_that_differ():
    with pytest.raises(
        DoesNotHold, match=r"\(1\), line 2 = line 3, does not hold: at one point the two sides differ by 1"
    ):
        chain("(1)", x + x, 2 * x, 2 * x - 1, x)


def test_what_holds_is_shown_as_a_reader_reads_it():
    (sentence, number) = holds("(2)", x.is_real is None, "A sentence.", np.float64(0.5))
    assert isinstance(sentence, Markdown) and sentence.data == "A sentence."
    assert type(number) is float and number == 0.5
    assert holds("(2)", sp.true, x < 1) == (x < 1) and holds("(2)", True) is None


@pytest.mark.parametrize("condition", [False, sp.false, x < 1, np.bool_(False), 0])
def test_what_does_not_hold_or_cannot_be_decided_stops_by_its_name(condition):
    with pytest.raises(DoesNotHold, match=r"\(2\) does not hold"):
        holds("(2)", condition, "A sentence.")
