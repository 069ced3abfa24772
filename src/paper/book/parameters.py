"""The parameters of the chapters: which values are valid, and the check before any work.

papermill accepts unknown names and wrong types without a word. So `make notebook` calls `validate` before it starts a
kernel, and the first cell of every chapter calls `check`, which serves papermill by hand and edits in Jupyter.
"""

import ast
import re
import sys
from collections.abc import Callable, Iterable, Mapping, MutableMapping
from dataclasses import dataclass

from paper.names import DATASETS, MOST, seed, shown, whole

TYPES = {"int": int, "float": float, "bool": bool, "str": str}


@dataclass(frozen=True)
class Rule:
    """`holds(value)` says whether a value of the declared type is valid, `words` completes "must be ..."."""

    words: str
    holds: Callable[[object], bool]


def _some_of(valid: tuple[str, ...]) -> Rule:
    def holds(text):
        chosen = text.split(",")
        return set(chosen) <= set(valid) and len(set(chosen)) == len(chosen)

    return Rule(f"one or more of {', '.join(valid)}, each once, separated by commas without spaces", holds)


def _from(least: int, most: int) -> Rule:
    return Rule(f"from {least} to {most}", lambda value: least <= value <= most)


def _seeds(text: str) -> bool:
    try:
        some = [seed(word) for word in text.split(",")]
    except ValueError:
        return False
    return len(set(some)) == len(some)


# What a parameter of this name means is the same in all chapters; a name without a rule is checked for its type only.
RULES = {
    "dataset": _some_of(DATASETS),
    "grid_size": _from(2, 200),
    "seed": _from(0, MOST),
    "seeds": Rule(
        f"whole numbers from 0 to {MOST} in plain digits, each once, separated by commas without spaces", _seeds
    ),
    "cores": _from(1, 1024),
    "runs": _from(1, 10_000),
    "epochs": _from(1, 10_000),
    "passes": _from(1, 10_000),
    "draws": _from(2, 10**9),
    "delta": Rule("between 0 and 1, both excluded", lambda value: 0 < value < 1),
    "beta": Rule("positive", lambda value: value > 0),
    "examples": _from(2, 10**9),
    "dimension": _from(2, 40),
    "digits": _from(20, 1000),
    "instances": _from(1, 10**6),
    "depth": _from(1, 12),
    "weights": _from(8, 10**9),
    "pairs": _from(1, 10**6),
    "classes": _from(2, 1000),
    "width": _from(1, 2000),
    "share": Rule("between 0 and 1, both excluded", lambda value: 0 < value < 1),
    "descent_epochs": _from(1, 10**6),
    "problems": _from(100, 10**6),
    "hidden": _from(1, 30),
}
FLOAT = re.compile(r"[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]{1,3})?|[-+]?(inf|nan)")


def read(declared: Mapping[str, type], texts: Mapping[str, str]) -> dict[str, object]:
    """Values from a command line by their declared types; a text that does not read as its type stays a text.

    Numbers are in plain ASCII digits: not what Python takes too, such as 1_0 and the digits of other scripts.
    """
    return {name: _read(declared.get(name, str), text) for name, text in texts.items()}


def validate(declared: Mapping[str, type], given: Mapping[str, object]) -> None:
    """Raise ValueError with all that is wrong with the `given` values and what is valid instead, in one line."""
    problems = [problem for name, value in given.items() if (problem := _problem(declared, name, value))]
    if problems:
        raise ValueError("; ".join(problems))


def check(namespace: MutableMapping[str, object]) -> None:
    """`validate` for a running notebook: call it as `parameters.check(globals())` after the parameters cell.

    Declared are the annotated variables; given are their values and whatever papermill injected. Other variables do not
    count, so that the cell can be run again at any time. papermill reads "-p seeds 0" as a number: where a text is declared,
    a whole number becomes its text.
    """
    declared = {name: kind for name, kind in namespace.get("__annotations__", {}).items() if kind in TYPES.values()}
    given = {**declared, **dict.fromkeys(_injected(namespace.get("In", ())))}
    for name, kind in declared.items():
        if kind is str and type(namespace.get(name)) is int:
            namespace[name] = str(namespace[name])
    validate(declared, {name: namespace[name] for name in given if name in namespace})


def _read(kind: type, text: str) -> object:
    if kind is bool:
        return {"true": True, "false": False}.get(text.lower(), text)
    if kind is float:
        return float(text) if FLOAT.fullmatch(text) else text
    try:
        return whole(text) if kind is int else text
    except ValueError:
        return text


def _problem(declared: Mapping[str, type], name: str, value: object) -> str | None:
    if name not in declared:
        valid = ", ".join(f"{known} ({kind.__name__})" for known, kind in declared.items())
        return f"unknown parameter {shown(name)}; valid: {valid or 'none, this chapter has no parameters'}"
    kind, rule = declared[name], _rule(name)
    # An integer is a fine value for a float; True is no integer here, although Python takes it for one.
    if type(value) is not kind and not (kind is float and type(value) is int):
        return f"{name} must be of type {kind.__name__}, got {shown(value)}" + (
            f"; valid: {rule.words}" if rule else ""
        )
    if kind is float and not abs(value) <= sys.float_info.max:  # also of whole numbers, which may be larger
        return f"{name} must be finite, got {shown(value)}"
    if rule and not rule.holds(value):
        return f"{name} must be {rule.words}, got {shown(value)}"
    return None


def _rule(name: str) -> Rule | None:
    if name == "methods":
        from pacbayes_curvature.posteriors import METHODS  # here, since it imports torch

        return _some_of(METHODS)
    return RULES.get(name)


def _injected(history: Iterable[str]) -> list[str]:
    """Names assigned in the cell that papermill puts behind the parameters cell; it starts with "# Parameters"."""
    cells = [source for source in history if source.startswith("# Parameters\n")]
    return [
        target.id
        for source in cells
        for statement in ast.parse(source).body
        if isinstance(statement, ast.Assign)
        for target in statement.targets
    ]
