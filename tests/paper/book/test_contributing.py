"""What CONTRIBUTING.md and CHANGELOG.md say is so."""

import datetime
import re
import tomllib
from itertools import pairwise
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
GUIDE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
CHANGELOG = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
CODE = [code for code in re.findall(r"`([^`\n]+)`", GUIDE) if not re.search("NAME|SOURCE", code)]


def find(name):
    """The file that CONTRIBUTING.md calls `name`: from the root or from src."""
    return next((path for path in (ROOT / name, ROOT / "src" / name) if path.exists()), None)


def test_every_file_that_the_guide_names_exists():
    names = {
        code
        for code in CODE
        if re.fullmatch(r"[\w./*-]*(?:/|\.(?:py|md|yml|toml|json))|Snakefile|Makefile|\.ci/(run|weekly)", code)
    }
    assert {"Snakefile", "tests/paper/results/test_results.py", "paper/names.py"} <= names
    rooms = {f"{path.name}/" for path in (ROOT / "src" / "paper").iterdir()}  # in the list of rooms, by their names
    folder = {"compute.py", "table.py", "figure.py", "words.py"}  # of an experiment
    made = {"build/html/notebooks/functions.html", "data/"}
    assert {name for name in names - made - rooms - folder if not find(name)} == set()


def test_every_target_that_the_guide_names_exists():
    targets = set(re.findall(r"^([a-z-]+):", MAKEFILE, re.MULTILINE))
    named = set(re.findall(r"(?:^|`)make ([a-z-]+)", GUIDE, re.MULTILINE))
    assert {"reproduce", "freeze", "lint"} <= named <= targets


def test_every_list_is_where_the_guide_says():
    places = re.findall(r"((?:`\w+`(?:, | and )?)+) (?:in|of)\s+`([\w./]+\.py)`", GUIDE)
    named = {(name, file) for names, file in places for name in re.findall(r"\w+", names.replace(" and ", " "))}
    assert {("DATASETS", "paper/names.py"), ("EXPERIMENTS", "paper/names.py")} <= named
    lacking = [
        f"{file}: {name}"
        for name, file in named
        if not re.search(rf"\b{name}\b", find(file).read_text(encoding="utf-8"))
    ]
    assert lacking == []


def test_the_changelog_is_in_step_with_the_version():
    headings = re.findall(r"^## (.*)", CHANGELOG, re.MULTILINE)
    releases = [re.fullmatch(r"\[(\d+\.\d+\.\d+)\] - (\d{4}-\d\d-\d\d|unreleased)", heading) for heading in headings]
    assert all(releases), f"a section is headed `## [X.Y.Z] - YYYY-MM-DD` or `- unreleased`, got {headings}"
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    assert releases[0][1] == version, "the newest section of CHANGELOG.md and pyproject.toml name different versions"
    for newer, older in pairwise(releases):
        assert tuple(map(int, newer[1].split("."))) > tuple(map(int, older[1].split(".")))
        assert older[2] != "unreleased" and newer[2] >= older[2]  # letters sort behind digits
    for release in releases:
        if release[2] != "unreleased":
            assert datetime.date.fromisoformat(release[2]) <= datetime.date.today()
    kinds = set(re.findall(r"^### (.*)", CHANGELOG, re.MULTILINE))
    assert kinds <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}


@pytest.mark.parametrize("tool", ["ruff-check", "ruff-format", "import-linter", "zizmor", "pair"])
def test_the_hooks_are_those_of_make_lint_and_use_the_pinned_versions(tool):
    hooks = (ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8")
    entry = re.search(rf"id: {tool}\n.*\n +entry: (\S+)\n? ?(?:.*)\n +language: system", hooks)
    assert entry and entry[1].startswith(".venv/bin/")
    assert "pre_commit run --all-files" in MAKEFILE
    assert "make lint" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")
