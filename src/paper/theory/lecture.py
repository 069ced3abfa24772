"""How a lecture's visible cell states what it has derived: what holds is shown, what does not stops the page by its name."""

import itertools
from collections.abc import Callable

import sympy as sp
from IPython.display import Markdown


class DoesNotHold(AssertionError):
    """A statement of a page is false as its cells stand; the message begins with the statement's name."""


def equation(
    name: str,
    left: sp.Expr,
    right: sp.Expr,
    *,
    simplify: Callable[[sp.Expr], sp.Expr] = sp.simplify,
    letter: str | None = None,
) -> sp.Eq:
    """left = right, shown as an equation. `simplify` brings their difference to 0 where SymPy's own does not.

    letter: LaTeX for what `left` is, shown in its place where it is too long to read.
    Raises DoesNotHold, which names the equation and what is left, when it does not.
    """
    left, right = sp.sympify(left), sp.sympify(right)
    rest = simplify(left - right)
    if rest != 0 and not (isinstance(rest, sp.MatrixBase) and rest.is_zero_matrix):
        raise DoesNotHold(f"{name} does not hold: {rest} is left over")
    return sp.Eq(left if letter is None else sp.Symbol(f"{{{letter}}}"), right, evaluate=False)


def logs(expression: sp.Expr) -> sp.Expr:
    """The expression simplified with its logarithms expanded: for arguments that are positive where SymPy cannot see it."""
    return sp.simplify(sp.expand_log(expression, force=True))


def holds(name: str, condition: bool | sp.Basic, *shown: object) -> object:
    """What `shown` is, for a cell's output, when the condition is true: an inequality, a sign, a number within its tolerance.

    Raises DoesNotHold, which names the statement, when the condition is not true; one that SymPy cannot decide is not.
    """
    if not (condition is True or condition is sp.true or (not isinstance(condition, sp.Basic) and bool(condition))):
        raise DoesNotHold(f"{name} does not hold: {condition}")
    return shown[0] if len(shown) == 1 else shown or None


def chain(name: str, *lines: sp.Expr, simplify: Callable[[sp.Expr], sp.Expr] = sp.simplify) -> Markdown:
    """A displayed chain of equations, each line equal to the next: how many there are, when all of them are.

    Raises DoesNotHold, which names the display and the first two lines that differ, when they are not.
    """
    for number, (line, following) in enumerate(itertools.pairwise(lines), start=1):
        equation(f"{name}, line {number} = line {number + 1},", line, following, simplify=simplify)
    return Markdown(f"{name}: line 1 = line 2" + "".join(f" = line {n}" for n in range(3, len(lines) + 1)))
