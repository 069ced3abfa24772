import datetime
import importlib
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from pybtex.database import parse_file, parse_string

from paper.book import version

ROOT = Path(__file__).parents[3]
CFF = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
ABOUT = yaml.safe_load(CFF)
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
TABLE = "results/accuracy_vs_complexity/mnist2.csv"


@pytest.fixture(scope="module")
def cite():
    sys.path.insert(0, str(ROOT / "book" / "_ext"))
    yield importlib.import_module("cite")
    sys.path.remove(str(ROOT / "book" / "_ext"))


def valid(path):
    command = [Path(sys.executable).parent / "check-jsonschema", "--builtin-schema", "vendor.citation-file-format"]
    done = subprocess.run([*command, "--default-filetype", "yaml", path], capture_output=True, text=True)
    return done.returncode == 0, done.stdout


def test_citation_cff_is_valid_and_the_check_would_see_if_not(tmp_path):
    good, said = valid(ROOT / "CITATION.cff")
    assert good, said
    for number, (old, new) in enumerate(
        [
            ("cff-version: 1.2.0", ""),
            ("type: unpublished", "type: rumour"),
            (ABOUT["date-released"], ABOUT["date-released"][2:]),
        ]
    ):
        assert old in CFF
        bad = tmp_path / f"{number}.cff"
        bad.write_text(CFF.replace(old, new), encoding="utf-8")
        assert not valid(bad)[0], new


def test_citation_cff_is_in_step_with_the_project():
    assert ABOUT["version"] == PROJECT["version"], "CITATION.cff and pyproject.toml differ in the version"
    assert ABOUT["repository-code"] == version.planned(), "CITATION.cff and _config.yml differ in the address"
    assert ABOUT["license"] == PROJECT["license"], "and a text, since Zenodo takes no list"
    assert (ROOT / "README.md").read_text(encoding="utf-8").startswith(f"# {ABOUT['title']}\n")
    assert datetime.date.fromisoformat(ABOUT["date-released"])
    (author,) = ABOUT["authors"]
    config = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    assert author["name"].lower() == config["author"]


def test_a_date_in_the_changelog_is_that_of_citation_cff():
    changelog = ROOT / "CHANGELOG.md"
    text = changelog.read_text(encoding="utf-8") if changelog.exists() else ""
    found = re.findall(rf"^## \[{re.escape(ABOUT['version'])}\] - (\S+)", text, re.MULTILINE)
    assert set(found) <= {"unreleased", ABOUT["date-released"]}, "CHANGELOG.md and CITATION.cff differ in the date"


def test_the_paper_is_the_one_of_the_bibliography():
    (paper,) = ABOUT["references"]
    fields = parse_file(ROOT / "book" / "references.bib").entries["anonymous2020"]
    assert [str(person) for person in fields.persons["author"]] == [author["name"] for author in paper["authors"]]
    assert re.sub("[{}]", "", fields.fields["title"]) == paper["title"]
    assert (fields.fields["note"], fields.fields["year"]) == (paper["notes"], str(paper["year"]))


@pytest.mark.parametrize("what", ["book", "paper", "results", TABLE, "notebooks/errata#fig-any"])
def test_bibtex_can_be_read_back(cite, what):
    ((key, entry),) = parse_string(cite.bibtex(what, ROOT), "bibtex").entries.items()
    assert re.fullmatch("[a-zA-Z0-9_-]+", key)
    assert [str(person) for person in entry.persons["author"]] == [
        "Anonymous" if what == "paper" else "{The authors of the reproducible edition}"
    ]
    assert {"title", "year", "note"} <= set(entry.fields)
    if what != "paper":
        assert PROJECT["version"] in entry.fields["note"] and entry.fields["howpublished"].startswith(r"\url{https://")


def test_a_table_is_cited_by_its_checksum_and_a_figure_by_its_name(cite):
    package = json.loads((ROOT / "results" / "datapackage.json").read_text())
    (table,) = [table for table in package["resources"] if f"results/{table['path']}" == TABLE]
    assert table["hash"].removeprefix("sha256:") in cite.bibtex(TABLE, ROOT) and f"/{TABLE}" in cite.bibtex(TABLE, ROOT)
    figure = cite.bibtex("notebooks/errata#fig-any", ROOT)
    assert "Figure fig-any" in figure and "/notebooks/errata.ipynb" in figure


def test_an_unknown_thing_is_refused(cite):
    with pytest.raises(ValueError, match=r"no BibTeX for 'results/none.csv'; valid: book, paper, results, "):
        cite.bibtex("results/none.csv", ROOT)
