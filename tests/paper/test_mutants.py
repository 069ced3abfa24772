"""Whether the tests notice when the code of the bounds is changed: what `make mutants` found, and how it is written down."""

import tomllib
from pathlib import Path

import pytest
import survivors

ROOT = Path(__file__).parents[2]
METHOD = ROOT / "src" / "pacbayes_curvature"
SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["mutmut"]
MODULES = [
    path.relative_to(METHOD).with_suffix("").as_posix()
    for pattern in SETTINGS["only_mutate"]
    for path in sorted(ROOT.glob(pattern))
    if path.name != "__init__.py"
]
FOUND = survivors.read()


def test_the_modules_of_the_settings_were_tried():
    assert sorted(FOUND) == sorted(MODULES)


@pytest.mark.parametrize("module", FOUND)
def test_nine_in_ten_mutants_are_noticed_and_the_others_have_a_reason(module):
    entry = FOUND[module]
    assert entry["killed"] >= 0.9 * entry["mutants"] and entry["killed"] + len(entry["survivors"]) == entry["mutants"]
    assert [each for each in entry["survivors"] if each["reason"] in ("", survivors.NEW)] == []


@pytest.mark.parametrize("module", FOUND)
def test_a_survivor_is_a_change_of_a_line_that_is_there(module):
    """Else the code has changed, and `make mutants` has not been run since."""
    lines = {line.strip() for line in (METHOD / f"{module}.py").read_text(encoding="utf-8").splitlines()}
    was = {line[2:] for each in FOUND[module]["survivors"] for line in each["change"] if line[0] == "-"}
    assert was - lines == set()


DIFF = "--- a.py\n+++ a.py\n@@ -1,3 +1,3 @@\n def f(x):\n-    return x < 1\n+    return x <= 1\n"


def test_a_reason_stays_with_its_change():
    said = ["- return x < 1", "+ return x <= 1"]
    assert survivors.change(DIFF) == said
    found = {"b": [("f", "killed", []), ("f", "timeout", []), ("f", "survived", said), ("g", "no tests", said)]}
    first = survivors.tally(found, {})
    assert first["b"]["mutants"] == 4 and first["b"]["killed"] == 2
    assert first["b"]["survivors"] == [
        {"function": name, "change": said, "reason": survivors.NEW} for name in ("f", "g")
    ]
    first["b"]["survivors"][0]["reason"] = "the same for whole numbers"
    again = survivors.tally(found, first)
    assert [each["reason"] for each in again["b"]["survivors"]] == ["the same for whole numbers", survivors.NEW]
    assert survivors.tally({"b": found["b"][:2]}, again)["b"]["survivors"] == []


def test_a_module_that_was_not_tried_to_its_end_keeps_its_entry():
    before = {"c": {"mutants": 1, "killed": 1, "survivors": []}}
    assert survivors.tally({"c": [("f", "killed", []), ("f", "not checked", [])]}, before) == before
    assert list(survivors.tally({"b": []}, before)) == ["b", "c"]
