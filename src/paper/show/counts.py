"""Counts and lists in sentences: none, one and all have words of their own."""

from collections.abc import Iterable, Sequence


def how_many(cases: Iterable[bool], what: str) -> str:
    """How many of several things, `what` in the plural, something holds for: "none of the 3 data sets", "both data sets".

    >>> [how_many([True] * k + [False] * (3 - k), "networks") for k in range(4)]
    ['none of the 3 networks', 'one of the 3 networks', '2 of the 3 networks', 'all 3 networks']
    """
    cases = list(map(bool, cases))
    n, found = len(cases), sum(cases)
    if found == n:
        return {1: f"the one of the {what}", 2: f"both {what}"}.get(n, f"all {n} {what}")
    return f"{'none' if not found else 'one' if found == 1 else found} of the {n} {what}"


def of_them(cases: Iterable[bool]) -> str:
    """`how_many` of things that were just named: "none of them", "2 of them", "all of them"."""
    cases = list(map(bool, cases))
    found = sum(cases)
    return f"{'none' if not found else 'all' if found == len(cases) else 'one' if found == 1 else found} of them"


def listed(names: Sequence[str]) -> str:
    """Names in a sentence.

    >>> listed(["Mnist2", "Mnist5", "Cifar2"])
    'Mnist2, Mnist5 and Cifar2'
    """
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last
