"""What the parts of the repository promise each other."""

import ast
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import nbformat
import pytest
import yaml

from paper.book import notebooks, parameters

ROOT = Path(__file__).parents[3]
CHAPTERS = sorted((ROOT / "notebooks").glob("*.md"))
APPENDIX = "appendix_dataset"  # one page for each data set


def each_chapter(test):
    return pytest.mark.parametrize("source", CHAPTERS, ids=lambda path: path.stem)(test)


def test_the_notebooks_are_in_step_with_their_sources():
    expected = notebooks.paired(ROOT / "notebooks")
    found = {path.name: path.read_bytes().decode() for path in (ROOT / "notebooks").glob("*.*")}
    wrong = [name for name in {**expected, **found} if expected.get(name) != found.get(name)]
    assert not wrong, f"{', '.join(wrong)}: out of step, or without a source: run `make pair`"


@pytest.fixture
def pairs(tmp_path):
    """A copy of the notebooks and their sources, and what jupytext --sync does to it: the names of the files that it changed."""
    shutil.copytree(ROOT / "notebooks", tmp_path / "notebooks", ignore=shutil.ignore_patterns(".*"))
    shutil.copy2(ROOT / "jupytext.toml", tmp_path)

    def sync(newer):
        """After the files that end in `newer` were touched."""
        files = sorted((tmp_path / "notebooks").iterdir())
        before = {path: path.read_bytes() for path in files}
        for path in files:
            os.utime(path, (2e9, 2e9) if path.suffix == newer else (1e9, 1e9))
        sync = [sys.executable, "-m", "jupytext", "--sync", *(path for path in files if path.suffix == ".ipynb")]
        done = subprocess.run(sync, cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert sorted((tmp_path / "notebooks").glob("*.*")) == files, "jupytext made files"
        return [path.name for path in files if path.read_bytes() != before[path]]

    return tmp_path / "notebooks", sync


@pytest.mark.parametrize("newer", [".md", ".ipynb"])
def test_jupytext_changes_nothing_right_after_a_clone(pairs, newer):
    """git gives the files no order of time."""
    assert pairs[1](newer) == []


def test_an_executed_notebook_saved_over_its_own_leaves_the_source_but_for_what_was_typed(pairs):
    folder, sync = pairs
    path = folder / "02_pac_bayes_bound.ipynb"
    notebook, source = nbformat.read(path, 4), path.with_suffix(".md").read_text(encoding="utf-8")
    times = {"duration": 1.5, "end_time": "2026-01-01T00:00:00", "exception": False, "status": "completed"}
    notebook.metadata["papermill"] = times | {"parameters": {}}
    notebook.metadata["widgets"] = {"application/vnd.jupyter.widget-state+json": {}}
    notebook.metadata.language_info |= {"version": "3.12.1", "file_extension": ".py"}
    for number, cell in enumerate(notebook.cells):  # as papermill and JupyterLab leave them
        cell.metadata["papermill"] = times
        if cell.cell_type == "code":
            cell.metadata["execution"] = {"iopub.execute_input": "2026-01-01T00:00:00"}
            cell.execution_count, cell.outputs = number, [nbformat.v4.new_output("stream", text="a")]
    typed = notebook.cells[-1]
    nbformat.write(notebook, path)
    assert sync(".ipynb") == [] and path.with_suffix(".md").read_text(encoding="utf-8") == source
    typed.source += "\nprint(123)"
    nbformat.write(notebook, path)
    assert sync(".ipynb") == ["02_pac_bayes_bound.md"]
    assert path.with_suffix(".md").read_text(encoding="utf-8").replace("\nprint(123)", "", 1) == source


def test_a_page_for_a_data_set_is_the_chapter_with_its_title_and_value():
    page, template = (nbformat.read(ROOT / "notebooks" / f"{name}.ipynb", 4) for name in ("appendix_cifar5", APPENDIX))
    changed = [(a.source, b.source) for a, b in zip(template.cells, page.cells, strict=True) if a.source != b.source]
    (_, title), (_, values) = changed
    assert title.splitlines()[0] == "# Cifar5" and "dataset: str = 'cifar5'  # " in values
    assert notebooks.declared(page)["dataset"].default == "cifar5"


@each_chapter
def test_parameters_are_typed_explained_valid_and_checked(source):
    notebook = notebooks.read(source)
    declared = notebooks.declared(notebook)
    types = {name: parameter.type for name, parameter in declared.items()}
    parameters.validate(types, {name: parameter.default for name, parameter in declared.items()})
    assert all(parameter.help for parameter in declared.values())
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    for cell, following in zip(code, code[1:]):
        if "parameters" in cell.metadata.get("tags", []):
            assert len(ast.parse(cell.source).body) == len(declared), "a line must read `name: type = default  # help`"
            assert "parameters.check(globals())" in following.source


def toc_entries():
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text())
    return notebooks.files(toc)


def test_every_entry_of_the_table_of_contents_has_a_source():
    for entry in toc_entries():
        chapter = notebooks.pages(ROOT / "_toc.yml").get(entry.removeprefix("notebooks/"))
        source = f"notebooks/{chapter}" if chapter else entry
        assert (ROOT / f"{source}.md").is_file(), entry


def test_every_chapter_is_in_the_table_of_contents():
    assert {f"notebooks/{path.stem}" for path in CHAPTERS if path.stem != APPENDIX} <= set(toc_entries())


def test_every_chapter_has_a_card_on_the_first_page():
    """All but the appendices and what is about the book, of which cards have some."""
    parts = yaml.safe_load((ROOT / "_toc.yml").read_text())["parts"]
    chapters_ = [part["chapters"] for part in parts if not re.match("Appendix|About", part["caption"])]
    links = re.findall(r"^:link: (\S+)$", (ROOT / "notebooks" / "index.md").read_text(encoding="utf-8"), re.MULTILINE)
    named = {os.path.normpath(f"notebooks/{link}") for link in links}
    assert {chapter["file"] for chapters in chapters_ for chapter in chapters} <= named
    assert len(links) == len(named), "a card for each, and not two"


def test_the_flow_makes_every_page_and_runs_every_chapter_live():
    command = [sys.executable, "-m", "snakemake", "--cores", "1", "--dry-run", "--forceall", "--printshellcmds"]
    plan = subprocess.run(
        [*command, "--quiet", "host", "--", "book", "smoke"], cwd=ROOT, capture_output=True, text=True
    )
    assert plan.returncode == 0, plan.stderr
    pages = [entry for entry in toc_entries() if entry.startswith("notebooks/")]
    outputs = {f"build/executed/{page.removeprefix('notebooks/')}.ipynb" for page in pages}
    outputs |= {f"build/smoke/{path.stem}.ipynb" for path in CHAPTERS if notebooks.smoke_values(path)}
    assert outputs == set(
        re.findall(r"build/(?:executed|smoke)/\w+\.ipynb(?= -p|$)", plan.stdout + plan.stderr, re.MULTILINE)
    )


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


def test_the_data_may_be_a_link(tmp_path):
    shutil.copy2(ROOT / ".gitignore", tmp_path)
    (tmp_path / "data").symlink_to(tmp_path.parent)
    subprocess.run(["git", "init", "--quiet"], cwd=tmp_path, check=True)
    status = ["git", "status", "--porcelain", "--untracked-files=all"]
    assert subprocess.run(status, cwd=tmp_path, capture_output=True, text=True).stdout == "?? .gitignore\n"


def make(*arguments, cwd, **environment):
    # A make of its own: the flags of the one that runs these tests would come in through the environment.
    env = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}
    env |= environment
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


def test_set_up_says_in_one_line_what_it_lacks(bare):
    python = interpreter(bare / "python", 'case "$*" in --version) echo Python 3.9.2;; *) exit 1;; esac')
    done = make("test", f"PYTHON={python}", cwd=bare)
    first, *rest = done.stderr.splitlines()
    assert done.returncode != 0 and re.search("Python 3.11, .* is needed, got: Python 3.9.2", first) and len(rest) == 1
    assert not (bare / ".venv").exists()


RECORDING = """case "$*" in *version_info*) exit 0;; *environment.py" "cores) echo 7; exit 0;; esac
for each in "$@" "NAME=$NAME" "SEEDS=$SEEDS"; do printf '%s\\n' "$each"; sleep "${PAUSE:-0}"; done >> record
echo end >> record"""


def recorded(bare, *arguments, **environment):
    """What `make` has its Python do: the arguments of each call, and two of its variables."""
    (bare / "record").unlink(missing_ok=True)
    python = interpreter(bare / "a python", RECORDING)
    done = make(*arguments, f"PYTHON={python}", cwd=bare, **environment)
    assert done.returncode == 0, done.stderr
    return [call.splitlines() for call in (bare / "record").read_text().removesuffix("end\n").split("end\n")]


HOSTILE = [
    "x; touch y",
    "$(touch y)",
    "`touch y`",
    "$(shell touch y)",
    '"; touch y; "',
    "'; touch y; '",
    "x && touch y",
    "*",
    "a  b",
]


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("name", ["NAME", "ARGS", "DATASETS", "SEEDS", "EXPERIMENTS", "CORES"])
def test_no_setting_is_part_of_a_command(bare, name, text):
    targets = {"NAME": ["notebook", "costs"], "ARGS": ["notebook"], "CORES": ["book", "test"]}.get(name, ["reproduce"])
    files = {path.name for path in bare.iterdir()} | {"record", "a python"}
    for target in targets:
        calls = recorded(bare, target, f"{name}={text}")
        assert any(text in argument for call in calls for argument in call), "verbatim, in one argument"
    assert {path.name for path in bare.iterdir()} == files


@pytest.mark.parametrize("target", ["costs", "reproduce", "book", "notebook"])
def test_settings_of_the_shell_and_empty_ones_count_for_nothing(bare, target):
    own = dict.fromkeys(["NAME", "ARGS", "DATASETS", "SEEDS", "EXPERIMENTS", "CORES"], "DESKTOP-ABC")
    plain = recorded(bare, target)
    assert recorded(bare, target, **own) == recorded(bare, target, *(f"{name}=" for name in own)) == plain
    assert recorded(bare, target, **own, MAKEFLAGS="e") == plain


def test_the_number_of_cores_is_the_number_allowed_or_asked_for(bare):
    for call, number in ((recorded(bare, "book")[-1], "7"), (recorded(bare, "book", "CORES=3")[-1], "3")):
        assert call[call.index("--cores") + 1] == number


def test_targets_run_one_after_the_other(bare):
    """Each line of the record comes after a pause, in which another target would put its own."""
    assert recorded(bare, "-j8", "book", "smoke", PAUSE="0.05") == recorded(bare, "book", "smoke")


def test_the_list_of_targets_is_the_default(bare):
    assert re.search(r"make book +the book", make(cwd=bare).stdout)


def test_every_reference_is_cited():
    """That every citation has a reference is seen by Sphinx."""
    known = set(
        re.findall(r"^@\w+\{(\w+),", (ROOT / "book" / "references.bib").read_text(encoding="utf-8"), re.MULTILINE)
    )
    pages = [*CHAPTERS, *(ROOT / "book").glob("*.md")]
    cites = [re.findall(r"\{cite:[tp]\}`([^`]*)`", page.read_text(encoding="utf-8")) for page in pages]
    assert known == {key for found in cites for keys in found for key in keys.split(",")}
