"""Counts and lists in sentences: none, one and all have words of their own."""

from collections.abc import Iterable, Sequence


def how_many(cases: Iterable[bool], what: str) -> str:
    """How many of several things, `what` in the plural, something holds for: "none of the 3 data sets", "both data sets".

    >>> [how_many([True] * k + [False] * (3 - k), "networks") for k in range(4)]
    ['none of the 3 networks', 'one of the 3 networks', '2 of the 3 networks', 'all 3 networks']
    """
    cases = list(map(bool, cases))
    n, found = len(cases), sum(cases)
    if n == 1 and not found:
        return f"none of the {what}"
    if found == n:
        return {1: f"the one of the {what}", 2: f"both {what}"}.get(n, f"all {n} {what}")
    return f"{few(found)} of the {n} {what}"


def of_them(cases: Iterable[bool]) -> str:
    """`how_many` of things that were just named: "none of them", "2 of them", "all of them"."""
    cases = list(map(bool, cases))
    found = sum(cases)
    return f"{'all' if cases and found == len(cases) else few(found)} of them"


def few(n: int) -> str:
    """A count before "of": "none", "one", "2", "60,000"."""
    return {0: "none", 1: "one"}.get(n, f"{n:,}")


def number(n: int, one: str, more: str) -> str:
    """So many things of a kind, in the singular or in the plural.

    >>> [number(n, "epoch", "epochs") for n in (0, 1, 2, 60_000)]
    ['no epochs', 'one epoch', '2 epochs', '60,000 epochs']
    """
    return f"one {one}" if n == 1 else f"{n:,} {more}" if n else f"no {more}"


def span(low: str, high: str) -> str:
    """A range as it is printed, and one number where both ends print the same.

    >>> span(f"{0.449:.2f}", f"{0.451:.2f}"), span(f"{0.449:.3f}", f"{0.451:.3f}")
    ('0.45', '0.449 to 0.451')
    """
    return low if low == high else f"{low} to {high}"


def listed(names: Sequence[str]) -> str:
    """Names in a sentence.

    >>> listed(["Mnist2", "Mnist5", "Cifar2"])
    'Mnist2, Mnist5 and Cifar2'
    """
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last
