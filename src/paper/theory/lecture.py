"""How a lecture's visible cell states what it has derived: what holds is shown, what does not stops the page by its name."""

import itertools
import random
from collections.abc import Callable

import numpy as np
import sympy as sp
from IPython.display import Markdown, Math
from sympy.printing.latex import LatexPrinter

LatexPrinter.set_global_settings(ln_notation=True)  # as the text has it


class DoesNotHold(AssertionError):
    """A statement of a page is false as its cells stand; the message begins with the statement's name."""


def equation(
    name: str,
    left: sp.Expr,
    right: sp.Expr,
    *,
    where: Callable[[sp.Expr], sp.Expr] = lambda rest: rest,
    simplify: Callable[[sp.Expr], sp.Expr] = sp.simplify,
    letter: str | None = None,
) -> sp.Eq:
    """left = right, shown as an equation. `simplify` brings their difference to 0 where SymPy's own does not.

    where: puts into the difference what holds besides: a substitution, matrices written out.
    letter: LaTeX for what `left` is, shown in its place where it is too long to read.
    Raises DoesNotHold, which names the equation and what is left, when it does not.
    """
    left, right = sp.sympify(left), sp.sympify(right)
    rest = where(left - right)
    if (
        simplify in (sp.simplify, logs) and (value := _off(rest)) is not None
    ):  # another one may know more than the symbols say
        raise DoesNotHold(f"{name} does not hold: at one point the two sides differ by {value:.3g}")
    rest = simplify(rest)
    if rest != 0 and not (isinstance(rest, sp.MatrixBase) and rest.is_zero_matrix):
        raise DoesNotHold(f"{name} does not hold: {rest} is left over")
    return sp.Eq(left if letter is None else sp.Symbol(f"{{{letter}}}"), right, evaluate=False)


def lines(*equations: sp.Eq) -> Math:
    """Several equations below one another, in one display."""
    rows = (rf"{sp.latex(shown.lhs)} &= {sp.latex(shown.rhs)}" for shown in equations)
    return Math(r"\begin{aligned}" + r" \\[1ex] ".join(rows) + r"\end{aligned}")


def decimals(*values: float | sp.Expr, digits: int = 4) -> sp.Tuple:
    """Numbers side by side, each to so many significant digits."""
    return sp.Tuple(*(sp.N(value, digits) for value in values))


def logs(expression: sp.Expr) -> sp.Expr:
    """The expression simplified with its logarithms expanded: for arguments that are positive where SymPy cannot see it."""
    return sp.simplify(sp.expand_log(sp.simplify(expression), force=True))


def holds(name: str, condition: bool | sp.Basic, *shown: object) -> object:
    """What `shown` is, for a cell's output, when the condition is true: an inequality, a sign, a number within its tolerance, a sentence.

    Raises DoesNotHold, which names the statement, when the condition is not true; one that SymPy cannot decide is not.
    """
    if not (condition is True or condition is sp.true or (not isinstance(condition, sp.Basic) and bool(condition))):
        raise DoesNotHold(f"{name} does not hold: {condition}")
    shown = tuple(_readable(each) for each in shown)
    return shown[0] if len(shown) == 1 else shown or None


def _readable(shown: object) -> object:
    """A sentence as Markdown, without quotation marks; a number of numpy's as Python's."""
    return Markdown(shown) if isinstance(shown, str) else shown.item() if isinstance(shown, np.generic) else shown


def chain(name: str, *lines: sp.Expr, simplify: Callable[[sp.Expr], sp.Expr] = sp.simplify) -> Markdown:
    """A displayed chain of equations, each line equal to the next, and how many there are.

    Raises DoesNotHold, which names the display and the first two lines that differ, when they are not.
    """
    for number, (line, following) in enumerate(itertools.pairwise(lines), start=1):
        equation(f"{name}, line {number} = line {number + 1},", line, following, simplify=simplify)
    return Markdown(f"{name} holds: each of its {len(lines)} expressions equals the next.")


def _off(rest: sp.Expr) -> float | None:
    """What is not 0 at one point of positive numbers, if anything: far quicker than to find that it does not simplify.

    Real parts only: a logarithm of a negative number has any of several imaginary parts.
    """
    random_ = random.Random(0)
    point = {symbol: sp.Rational(random_.randint(3, 60), 7) for symbol in sorted(rest.free_symbols, key=str)}
    for entry in rest if isinstance(rest, sp.MatrixBase) else [rest]:
        value = sp.N(entry.subs(point), 30)
        if value.is_number and value.is_finite and abs(real := complex(value).real) > 1e-12:
            return real
    return None
