"""What an erratum is and how a page shows it. The chapters' modules list theirs; `all_errata` collects them."""

import math
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from IPython.display import Markdown

from paper.theory.checks import CheckFailed

SEVERITIES = {
    "wrong": "the statement is false as it stands, or its argument is",
    "missing assumption": "true under a condition that is not stated",
    "incomplete proof": "true, but the steps given do not prove it",
    "typo": "a misprint, a loose word or a wrong citation; no result is affected",
}

# Where the paper's numbered equations begin after each of its unnumbered places, so that all places have one order.
FIRST_EQUATION_AFTER = {
    "Abstract": 0, "Section 1": 1, "Section 2": 3, "Section 3": 3, "Theorem 3.1": 3, "Section 4": 5,
    "Section 4.1": 6, "Lemma 4.1": 6, "Section 4.2": 7, "Lemma 4.2": 7, "Figure 2": 7, "Section 5": 10,
    "Section 5.1": 10, "Section 5.2": 11, "Lemma 5.1": 11, "Section 6": 12, "Figure 3": 12, "Section 7": 12,
    "Appendix A": 12, "Figure 4": 12, "Appendix B": 12,
}  # fmt: skip


@dataclass(frozen=True)
class Erratum:
    """One place where the paper should read otherwise.

    place: equation or sentence, "Eq. (27)"; printed and correct: Markdown with LaTeX; severity: one of SEVERITIES;
    survives: what of the statement remains true; counterexample: computes the smallest case that shows it, returns a
    sentence with the numbers, and raises CheckFailed when it shows nothing.
    """

    place: str
    printed: str
    correct: str
    severity: str
    survives: str
    counterexample: Callable[[], str]

    def __post_init__(self) -> None:
        if self.severity not in SEVERITIES:
            raise ValueError(f"severity must be one of {', '.join(SEVERITIES)}, got {self.severity!r}")


def require_difference(printed: float, correct: float) -> None:
    """Raise CheckFailed when a counterexample's two readings agree, and so show nothing."""
    if math.isclose(printed, correct, rel_tol=1e-9) or math.isnan(printed) or math.isnan(correct):
        raise CheckFailed(f"the counterexample shows nothing: printed {printed}, correct {correct}")


def require_violation(left: float, printed: float, correct: float) -> None:
    """Raise CheckFailed unless left <= printed fails and left <= correct holds."""
    if not printed * (1 + 1e-9) < left <= correct * (1 + 1e-9):
        raise CheckFailed(
            f"the counterexample shows nothing: left {left}, printed right {printed}, correct right {correct}"
        )


def reading_order(place: str) -> float:
    """Where `place` stands in the paper: its first equation number, a little more for "after Eq. (n)", or just before
    the first equation that follows it.

    Raises ValueError for a place that names neither an equation, "(27)", nor one of FIRST_EQUATION_AFTER.
    """
    after = re.search(r"after Eq\. \((\d+)\)", place)
    if after:
        return int(after[1]) + 0.4
    named = re.search(r"(Section|Theorem|Lemma|Figure|Appendix) [\d.A-Z]*[\dA-Z]|Abstract", place)
    equation = re.search(r"\((\d+)\)", place)
    if equation and not (named and named.start() < equation.start()):
        return int(equation[1])
    if named and named[0] in FIRST_EQUATION_AFTER:
        position = list(FIRST_EQUATION_AFTER).index(named[0]) / len(FIRST_EQUATION_AFTER)
        return FIRST_EQUATION_AFTER[named[0]] - 0.5 + position / 2
    raise ValueError(f"an erratum's place must name an equation, '(27)', or a known section, got {place!r}")


def overview(errata: Iterable[Erratum]) -> Markdown:
    """A line for each erratum, numbered, with a link to its entry."""
    lines = ["| | place | severity |", "|---|---|---|"]
    for number, item in enumerate(errata, start=1):
        lines.append(f'| {number} | <a href="#erratum-{number}">{item.place}</a> | {item.severity} |')
    return Markdown("\n".join(lines))


def entries(errata: Iterable[Erratum]) -> Markdown:
    """Each erratum as a block that reads well on a narrow page; every counterexample is computed now."""
    blocks = []
    for number, item in enumerate(errata, start=1):
        blocks += [
            f'<span id="erratum-{number}"></span>**{number}. {item.place}** · {item.severity}',
            f"- *Printed:* {item.printed}\n- *Correct:* {item.correct}\n- *Survives:* {item.survives}\n"
            f"- *Smallest case:* {item.counterexample()}",
        ]
    return Markdown("\n\n".join(blocks))


def cases(errata: Iterable[Erratum]) -> Markdown:
    """The smallest case of each erratum as a list, for the chapter that explains them; every one is computed now."""
    return Markdown("\n".join(f"- **{item.place}**: {item.counterexample()}" for item in errata))


BOXES = {
    "wrong": "False as printed",
    "missing assumption": "False as printed: an assumption is missing",
    "incomplete proof": "Not proved as printed",
    "typo": "Misprint",
}


def false_as_printed(errata: Iterable[Erratum], *places: str) -> Markdown:
    """The errata of these places as boxes, for the chapter. Raises ValueError for a place that no erratum has."""
    known = {item.place: item for item in errata}
    if unknown := [place for place in places if place not in known]:
        raise ValueError(f"no erratum has the place {', '.join(unknown)}; there are: {'; '.join(known)}")
    return Markdown("\n\n".join(box(known[place]).data for place in places))


def box(*items: Erratum) -> Markdown:
    """Errata of one severity in a box of its own colour, for the chapter that explains them; counterexamples are computed now."""
    shown = [
        f"**{item.place}.** *Printed:* {item.printed} *Counterexample:* {item.counterexample()} *True:* {item.correct}"
        for item in items
    ]
    title = f":::{{admonition}} {BOXES[items[0].severity]}\n:class: false-as-printed\n"
    return Markdown(title + "\n\n".join(shown) + "\n:::")


def summary(errata: Iterable[Erratum]) -> Markdown:
    """How many errata of each severity there are, counted."""
    errata = list(errata)
    lines = ["| severity | meaning | count |", "|---|---|---|"]
    for severity, meaning in SEVERITIES.items():
        lines.append(f"| {severity} | {meaning} | {sum(item.severity == severity for item in errata)} |")
    return Markdown("\n".join([*lines, f"| all | | {len(errata)} |"]))
