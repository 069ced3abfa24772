"""What a lecture's cells state: what holds is shown, what does not stops the page by its name."""

import pytest
import sympy as sp

from paper.theory.lecture import DoesNotHold, chain

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
