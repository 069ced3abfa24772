"""The parameters of the chapters: which values are valid, and the check before any work.

papermill accepts unknown names and wrong types without a word. So `make notebook` calls `validate` before it starts a
kernel, and the first cell of every chapter calls `check`, which serves papermill by hand and edits in Jupyter.
"""

import ast
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from paper.names import DATASETS

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


# What a parameter of this name means is the same in all chapters; a name without a rule is checked for its type only.
RULES = {
    "dataset": _some_of(DATASETS),
    "grid_size": Rule("from 2 to 200", lambda value: 2 <= value <= 200),
    "seed": Rule("0 or more", lambda value: value >= 0),
    "seeds": Rule(
        "numbers of 0 or more, each once, separated by commas without spaces",
        lambda text: all(map(str.isdecimal, some := text.split(","))) and len(set(some)) == len(some),
    ),
    "cores": Rule("1 or more", lambda value: value >= 1),
    "runs": Rule("1 or more", lambda value: value >= 1),
    "epochs": Rule("1 or more", lambda value: value >= 1),
    "passes": Rule("1 or more", lambda value: value >= 1),
    "draws": Rule("2 or more", lambda value: value >= 2),
    "delta": Rule("between 0 and 1, both excluded", lambda value: 0 < value < 1),
    "beta": Rule("positive", lambda value: value > 0),
    "examples": Rule("2 or more", lambda value: value >= 2),
    "dimension": Rule("from 2 to 40", lambda value: 2 <= value <= 40),
    "digits": Rule("from 20 to 1000", lambda value: 20 <= value <= 1000),
    "instances": Rule("1 or more", lambda value: value >= 1),
    "depth": Rule("from 1 to 12", lambda value: 1 <= value <= 12),
    "weights": Rule("8 or more", lambda value: value >= 8),
    "pairs": Rule("1 or more", lambda value: value >= 1),
    "classes": Rule("2 or more", lambda value: value >= 2),
    "width": Rule("from 1 to 2000", lambda value: 1 <= value <= 2000),
    "share": Rule("between 0 and 1, both excluded", lambda value: 0 < value < 1),
    "descent_epochs": Rule("1 or more", lambda value: value >= 1),
    "hidden": Rule("from 1 to 30", lambda value: 1 <= value <= 30),
}


def read(declared: Mapping[str, type], texts: Mapping[str, str]) -> dict[str, object]:
    """Values from a command line by their declared types; a text that does not read as its type stays a text."""
    return {name: _read(declared.get(name, str), text) for name, text in texts.items()}


def validate(declared: Mapping[str, type], given: Mapping[str, object]) -> None:
    """Raise ValueError with all that is wrong with the `given` values and what is valid instead, in one line."""
    problems = [problem for name, value in given.items() if (problem := _problem(declared, name, value))]
    if problems:
        raise ValueError("; ".join(problems))


def check(namespace: Mapping[str, object]) -> None:
    """`validate` for a running notebook: call it as `parameters.check(globals())` after the parameters cell.

    Declared are the annotated variables; given are their values and whatever papermill injected. Other variables do not
    count, so that the cell can be run again at any time.
    """
    declared = {name: kind for name, kind in namespace.get("__annotations__", {}).items() if kind in TYPES.values()}
    given = {**declared, **dict.fromkeys(_injected(namespace.get("In", ())))}
    validate(declared, {name: namespace[name] for name in given if name in namespace})


def _read(kind: type, text: str) -> object:
    if kind is bool:
        return {"true": True, "false": False}.get(text.lower(), text)
    try:
        return kind(text)
    except ValueError:
        return text


def _problem(declared: Mapping[str, type], name: str, value: object) -> str | None:
    if name not in declared:
        valid = ", ".join(f"{known} ({kind.__name__})" for known, kind in declared.items())
        return f"unknown parameter {name!r}; valid: {valid or 'none, this chapter has no parameters'}"
    kind, rule = declared[name], _rule(name)
    # An integer is a fine value for a float; True is no integer here, although Python takes it for one.
    if type(value) is not kind and not (kind is float and type(value) is int):
        return f"{name} must be of type {kind.__name__}, got {value!r}" + (f"; valid: {rule.words}" if rule else "")
    if kind is float and not math.isfinite(value):
        return f"{name} must be finite, got {value!r}"
    if rule and not rule.holds(value):
        return f"{name} must be {rule.words}, got {value!r}"
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
