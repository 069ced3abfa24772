"""The page "Re-run a chapter" and the buttons over the notebooks: what they say is measured, and lead to what is committed."""

import importlib
import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from small_chapter import HEAD
from thorough import thorough

from paper import names as listed
from paper.book import costs, notebooks, rerun, version

ROOT = Path(__file__).parents[3]
SOURCES = sorted((ROOT / "notebooks").glob("*.md"))
CHAPTER = (
    HEAD
    + """
```{code-cell} ipython3
:tags: [parameters]

size: int = 1  # of what it takes, in MB
asks: bool = False  # for a data set
```

```{code-cell} ipython3
import os, time
from pathlib import Path
from paper.results import records
taken = bytearray(size * 2**20)
taken[::4096] = b"x" * len(taken[::4096])
assert len(records.frozen_results()) > 0 and not (records.ROOT / "build").exists()
time.sleep(1)
if asks:
    Path(os.environ["PACBAYES_DATA"]).mkdir()
```
"""
)


@pytest.fixture(scope="module")
def launch():
    """The extension `launch`, imported as Sphinx imports it."""
    sys.path.insert(0, str(ROOT / "book" / "_ext"))
    yield importlib.import_module("launch")
    sys.path.remove(str(ROOT / "book" / "_ext"))


def test_every_chapter_was_measured():
    measured, names = costs.read(), set(rerun.names())
    pages = {page for page, chapter in notebooks.pages(ROOT / "_toc.yml").items() if chapter in names}
    assert set(measured["book"]) == pages, "run `make costs`"
    assert set(measured["smoke"]) == names, "run `make costs`"
    for record in [record for profile in costs.PROFILES for record in measured[profile].values()]:
        assert 1 < record["processor_seconds"] and 1 < record["seconds"] and 100 < record["megabytes"] < 16000
        assert set(record["machine"]) == {"processor", "processor_model", "system", "cores"}
        assert record["data"] is False, "the book and the smoke run need no data"


@pytest.fixture
def chapter(tmp_path):
    path = tmp_path / "notebooks" / "01_demo.md"
    path.parent.mkdir()
    path.write_text(CHAPTER)
    return path


@thorough
def test_time_memory_and_data_are_those_of_the_run(chapter, tmp_path):
    small, large = tmp_path / "small.json", tmp_path / "large.json"
    # From the command line, as the Snakefile does: Linux counts a process's memory from that of the one that started it.
    measure = [sys.executable, "-m", "paper.book.costs", "measure", chapter]
    subprocess.run([*measure, small], check=True)
    subprocess.run([*measure, large, "-p", "size", "900", "-p", "asks", "true"], check=True)
    small, large = json.loads(small.read_text()), json.loads(large.read_text())
    assert 100 < small["megabytes"] < 1000
    assert 900 < large["megabytes"] < 900 + 1.1 * small["megabytes"], "what is taken, and what the small run takes"
    assert small["seconds"] > 1 and 0.3 < small["processor_seconds"]
    assert (small["data"], large["data"]) == (False, True)


def test_a_failed_run_leaves_no_record(chapter, tmp_path):
    command = [
        sys.executable,
        "-m",
        "paper.book.costs",
        "measure",
        chapter,
        tmp_path / "record.json",
        "-p",
        "nosuch",
        "1",
    ]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 1 and "unknown parameter 'nosuch'" in done.stderr and "Traceback" not in done.stderr
    assert not (tmp_path / "record.json").exists()


def test_freezing_keeps_what_was_not_measured_again(tmp_path, monkeypatch):
    monkeypatch.setattr(costs, "FROZEN", tmp_path / "costs.json")
    for profile, page, seconds in (("book", "a", 1), ("smoke", "a", 2), ("smoke", "b", 3)):
        path = tmp_path / "first" / profile / f"{page}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"seconds": seconds}))
    costs.freeze(tmp_path / "first")
    again = tmp_path / "second" / "smoke" / "b.json"
    again.parent.mkdir(parents=True)
    again.write_text(json.dumps({"seconds": 9}))
    costs.freeze(tmp_path / "second")
    assert costs.read() == {"book": {"a": {"seconds": 1}}, "smoke": {"a": {"seconds": 2}, "b": {"seconds": 9}}}


def test_every_page_leads_to_a_committed_notebook():
    for page, chapter in notebooks.pages(ROOT / "_toc.yml").items():
        assert (ROOT / "notebooks" / f"{page}.ipynb").is_file() and (ROOT / "notebooks" / f"{chapter}.md").is_file(), (
            page
        )


@pytest.mark.parametrize(
    "address, colab, provider",
    [
        ("https://github.com/a/b", True, None),
        ("https://gitlab.com/a/b", False, None),
        ("https://forge.example.org/a/b", False, "github"),
    ],
)
def test_colab_is_offered_where_it_can_open_the_repository(launch, monkeypatch, address, colab, provider):
    monkeypatch.setattr(version, "repository", lambda: address)
    monkeypatch.setattr(version, "branch", lambda: "v9")
    buttons = yaml.safe_load((ROOT / "_config.yml").read_text())["launch_buttons"]
    config = type("Config", (), {"html_theme_options": {"launch_buttons": buttons}})
    launch._settings(None, config)
    options = config.html_theme_options
    assert (options["repository_url"], options["repository_branch"]) == (address, "v9")
    assert ("colab_url" in options["launch_buttons"]) == colab and "binderhub_url" in options["launch_buttons"]
    assert options.get("repository_provider") == provider


def test_data_are_named_from_the_notebook_and_what_is_frozen():
    both = [
        name
        for name in listed.DATASETS
        if all((ROOT / "results" / each / f"{name}.csv").is_file() for each in ("two_minima", "accuracy_vs_complexity"))
    ]
    assert both and f"answer for {', '.join(both)}, with" in rerun.data_sets("01_introduction")
    assert rerun.data_sets("benchmarks") == ""


def test_the_experiments_of_a_notebook_are_those_it_imports():
    source = """from paper.experiments.lower_bound.compute import EXPLAINED_BY, lower_bound
from paper.experiments.two_minima.compute import two_minima
from paper.experiments.sensitivity.compute import FACTORS
from paper.experiments.training_run import figure"""
    assert rerun.experiments(source) == {"lower_bound", "two_minima"}


def test_every_chapter_with_parameters_has_a_section():
    text, names = rerun.sections().data, rerun.names()
    assert set(names) == {path.stem for path in SOURCES if "[parameters]" in path.read_text(encoding="utf-8")}
    for name in names:
        assert f"make notebook NAME={name}\n" in text and f"(rerun-{name.replace('_', '-')})=\n" in text
    assert "`grid_size` | int | `20` | values of lam, and of beta; divisors of 20 are frozen |" in text
    assert "Pages: {doc}`appendix_mnist2 <appendix_mnist2>`, {doc}`appendix_mnist5" in text


def test_a_chapter_that_was_not_measured_has_no_costs(monkeypatch):
    monkeypatch.setattr(costs, "read", lambda: {"book": {}, "smoke": {}})
    assert "| as in the book | – | – | – | none |" in rerun.sections().data
