"""What a check of an equation is, and how a page shows it: the identity that simplifies to zero, not only "true"."""

from collections.abc import Iterable
from dataclasses import dataclass

import sympy as sp
from IPython.display import Markdown

LONG = 120  # characters of LaTeX; a longer identity does not fit into the table


class CheckFailed(AssertionError):
    """An equation does not hold; a page that shows it fails, and so does the book."""


@dataclass(frozen=True)
class Check:
    """One equation or inequality, and what came out.

    equation: its number, "6" or "Theorem 3.1"; statement: what it says, in Markdown with LaTeX; scope: exactly what was
    checked ("symbolic, any k", "symbolic, k = 2", "50 digits, 20 random instances, k = 6, seed 0"); expression: what
    must be zero, before it is simplified, None for a numerical check; residual: what is left of it, an expression or a
    number; tolerance: the largest residual that counts as zero, 0 for a symbolic check.
    """

    equation: str
    statement: str
    scope: str
    expression: sp.Expr | None
    residual: sp.Expr | float
    tolerance: float = 0.0

    @property
    def holds(self) -> bool:
        """Whether the residual is 0 (symbolic) or at most the tolerance (numerical); never for NaN."""
        if self.expression is not None:
            return self.residual == 0
        return bool(abs(self.residual) <= self.tolerance)  # False for NaN


def identity(equation: str, statement: str, scope: str, left: sp.Expr, right: sp.Expr) -> Check:
    """The check that left - right simplifies to 0."""
    expression = sp.Add(left, -sp.sympify(right), evaluate=False)  # else equal sides would be shown as 0 = 0
    return Check(equation, statement, scope, expression, sp.simplify(sp.expand(expression.doit())))


def closeness(equation: str, statement: str, scope: str, differences: Iterable[float], tolerance: float) -> Check:
    """The check that the largest absolute difference over all instances is at most `tolerance`; none is a failure."""
    worst = max((abs(float(difference)) for difference in differences), default=float("nan"))
    return Check(equation, statement, scope, None, worst, tolerance)


def inequality(equation: str, statement: str, scope: str, margins: Iterable[float], tolerance: float = 0.0) -> Check:
    """The check that every margin (right side minus left side) is at least -tolerance; none is a failure."""
    worst = min((float(margin) for margin in margins), default=float("nan"))
    return Check(equation, statement, scope, None, max(0.0, -worst) if worst == worst else worst, tolerance)


def confirm(*checks: Check) -> Markdown:
    """Show the checks as a table, long identities folded below it; raises CheckFailed for the first that fails."""
    for check in checks:
        if not check.holds:
            raise CheckFailed(f"({check.equation}) {check.statement}: {check.residual} is left, checked: {check.scope}")
    lines = ["| equation | what it says | what was checked | what is left |", "|---|---|---|---|"]
    long = []
    for check in checks:
        lines.append(f"| {check.equation} | {check.statement} | {check.scope} | {_left(check)} |")
        if check.expression is not None and len(sp.latex(check.expression)) >= LONG:
            long += [f"({check.equation}) {check.statement}:", "", f"$$\n{sp.latex(check.expression)} = 0\n$$", ""]
    if long:
        lines += [
            "",
            '<details class="screen-only"><summary>The long identities in full</summary>',
            "",
            *long,
            "</details>",
        ]
    return Markdown("\n".join(lines))


def _left(check: Check) -> str:
    if check.expression is None:
        return f"{check.residual:.1e} (at most {check.tolerance:.0e})".replace(
            "-", "\u2011"
        )  # a hyphen at which no line breaks
    shown = sp.latex(check.expression)
    return f"${shown} = 0$" if len(shown) < LONG else f"$0$, from {sp.count_ops(check.expression)} operations, below"
