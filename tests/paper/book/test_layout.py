"""What the parts of the repository promise each other."""

import ast
import importlib.util
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import nbformat
import papermill
import pytest
import yaml

from paper import names
from paper.book import chapters, parameters

ROOT = Path(__file__).parents[3]
CHAPTERS = sorted((ROOT / "notebooks").glob("*.md"))
APPENDIX = "appendix_dataset"  # one page for each data set


def each_chapter(test):
    return pytest.mark.parametrize("source", CHAPTERS, ids=lambda path: path.stem)(test)


@each_chapter
def test_the_notebook_is_in_step_with_its_source(source):
    pair = source.with_suffix(".ipynb")
    expected = nbformat.writes(chapters.read(source)) + "\n"
    assert pair.exists() and pair.read_text(encoding="utf-8") == expected, (
        f"{pair.name} is out of step: run `make pair`"
    )


def test_every_notebook_has_a_source():
    assert {path.stem for path in (ROOT / "notebooks").glob("*.ipynb")} <= {path.stem for path in CHAPTERS}


@each_chapter
def test_parameters_are_typed_explained_valid_and_checked(source):
    notebook = chapters.read(source)
    declared = chapters.declared(notebook)
    types = {name: parameter.type for name, parameter in declared.items()}
    parameters.validate(types, {name: parameter.default for name, parameter in declared.items()})
    assert all(parameter.help for parameter in declared.values())
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    for cell, following in zip(code, code[1:]):
        if "parameters" in cell.metadata.get("tags", []):
            assert len(ast.parse(cell.source).body) == len(declared), "a line must read `name: type = default  # help`"
            assert "parameters.check(globals())" in following.source


@each_chapter
def test_papermill_documents_the_same_parameters(source):
    inspected = papermill.inspect_notebook(str(source.with_suffix(".ipynb")))
    assert {name: (p["inferred_type_name"], p["help"]) for name, p in inspected.items()} == {
        name: (parameter.type.__name__, parameter.help)
        for name, parameter in chapters.declared(chapters.read(source)).items()
    }


def toc_entries():
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text())
    return [toc["root"], *(chapter["file"] for part in toc["parts"] for chapter in part["chapters"])]


def test_every_entry_of_the_table_of_contents_has_a_source():
    for entry in toc_entries():
        name = entry.removeprefix("notebooks/appendix_")
        source = f"notebooks/{APPENDIX}" if name in names.DATASETS else entry
        assert (ROOT / f"{source}.md").is_file(), entry


def test_every_chapter_is_in_the_table_of_contents():
    assert {f"notebooks/{path.stem}" for path in CHAPTERS if path.stem != APPENDIX} <= set(toc_entries())


def test_the_flow_makes_every_page_and_runs_every_chapter_live():
    command = [sys.executable, "-m", "snakemake", "--cores", "1", "--dry-run", "--forceall", "--printshellcmds"]
    plan = subprocess.run(
        [*command, "--quiet", "host", "--", "book", "smoke"], cwd=ROOT, capture_output=True, text=True
    )
    assert plan.returncode == 0, plan.stderr
    pages = [entry for entry in toc_entries() if entry.startswith("notebooks/")]
    outputs = [f"build/source/{page}.ipynb" for page in pages] + [f"build/smoke/{path.stem}.ipynb" for path in CHAPTERS]
    assert [output for output in outputs if output not in plan.stdout + plan.stderr] == []


def test_conda_installs_the_projects_own_extras():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    (pip,) = [entry["pip"] for entry in environment["dependencies"] if isinstance(entry, dict)]
    extras = re.fullmatch(r"-e \.\[(.*)\]", pip[0])[1].split(",")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert {"book", "test"} <= set(extras) <= set(project["optional-dependencies"])


def test_no_file_names_a_place_on_somebodys_machine():
    folders = ("book", "notebooks", "profiles", "results", "src", "tests", "benchmarks", "release")
    files = [path for folder in folders for path in (ROOT / folder).rglob("*") if path.is_file()]
    files += [path for path in ROOT.iterdir() if path.suffix in (".md", ".yml", ".toml")]
    files += [ROOT / "Makefile", ROOT / "Snakefile"]
    place = re.compile(r"(?<![\w.])/(?:home|root|Users|work|tmp|private)/\w|\.\./shared")
    found = [
        f"{path.relative_to(ROOT)}: {match[0]}"
        for path in files
        if not {"__pycache__"} & set(path.parts) and not path.match("*.egg-info/*")
        for match in [place.search(path.read_text(encoding="utf-8", errors="ignore"))]
        if match
    ]
    assert found == []


def make(*arguments, cwd):
    # A make of its own: the flags of the one that runs these tests would come in through the environment.
    env = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}
    return subprocess.run(["make", *arguments], cwd=cwd, env=env, capture_output=True, text=True)


@pytest.fixture
def bare(tmp_path):
    """A folder with no environment yet."""
    for name in ("Makefile", "pyproject.toml"):
        (tmp_path / name).write_text((ROOT / name).read_text())
    return tmp_path


def interpreter(path, body):
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return path


@pytest.mark.parametrize(
    "body, message",
    [
        (
            'case "$*" in --version) echo Python 3.9.2;; *) exit 1;; esac',
            r"Python 3.11, .* is needed, got: Python 3.9.2",
        ),
        ('case "$*" in *ensurepip*) exit 1;; esac', "lacks the module venv or ensurepip"),
    ],
)
def test_set_up_says_in_one_line_what_it_lacks(bare, body, message):
    done = make("test", f"PYTHON={interpreter(bare / 'python', body)}", cwd=bare)
    first, *rest = done.stderr.splitlines()
    assert done.returncode != 0 and re.search(message, first) and len(rest) == 1
    assert not (bare / ".venv").exists()


def test_an_interrupted_set_up_is_made_anew(bare):
    stray = bare / ".venv" / "stray"
    stray.parent.mkdir()
    stray.touch()
    make("test", f"PYTHON={sys.executable}", "BIN=false", cwd=bare)
    assert not stray.exists() and not (bare / ".venv" / ".installed").exists()


def test_the_list_of_targets_is_the_default(bare):
    assert re.search(r"make book +the book", make(cwd=bare).stdout)


def test_the_book_is_refused_outside_its_build_folder(capsys):
    spec = importlib.util.spec_from_file_location("paper", ROOT / "book" / "_ext" / "paper.py")
    paper = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(paper)
    with pytest.raises(SystemExit, match="make book"):
        paper.setup(type("Sphinx", (), {"srcdir": ROOT})())


def test_every_reference_is_cited():
    """That every citation has a reference is seen by Sphinx."""
    known = set(
        re.findall(r"^@\w+\{(\w+),", (ROOT / "book" / "references.bib").read_text(encoding="utf-8"), re.MULTILINE)
    )
    pages = [*CHAPTERS, *(ROOT / "book").glob("*.md")]
    cites = [re.findall(r"\{cite:[tp]\}`([^`]*)`", page.read_text(encoding="utf-8")) for page in pages]
    assert known == {key for found in cites for keys in found for key in keys.split(",")}
