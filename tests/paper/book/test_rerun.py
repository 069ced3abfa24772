"""The page "Re-run a chapter" and the buttons over the notebooks: what they say is measured, and lead to what is committed."""

import importlib
import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from paper import names
from paper.book import chapters, costs, version

ROOT = Path(__file__).parents[3]
SOURCES = sorted((ROOT / "notebooks").glob("*.md"))
CHAPTER = """---
kernelspec:
  display_name: Python 3
  language: python
  name: python3
---

# A chapter

```{code-cell} ipython3
:tags: [parameters]

size: int = 1  # of what it takes, in MB
asks: bool = False  # for a data set
```

```{code-cell} ipython3
import os, time
from pathlib import Path
from pacbayes_curvature import records
taken = bytearray(size * 2**20)
taken[::4096] = b"x" * len(taken[::4096])
assert len(records.frozen_results()) > 0 and not (records.ROOT / "build").exists()
time.sleep(1)
if asks:
    Path(os.environ["PACBAYES_DATA"]).mkdir()
```
"""


@pytest.fixture(scope="module")
def extensions():
    """The extensions `launch` and `rerun`, imported as Sphinx imports them."""
    sys.path.insert(0, str(ROOT / "book" / "_ext"))
    yield importlib.import_module("launch"), importlib.import_module("rerun")
    sys.path.remove(str(ROOT / "book" / "_ext"))


def pages():
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text())
    entries = [chapter["file"] for part in toc["parts"] for chapter in part["chapters"]]
    return [entry for entry in entries if entry.startswith("notebooks/")]


def test_every_chapter_was_measured():
    measured = costs.read()
    assert {f"notebooks/{page}" for page in measured["book"]} == set(pages()), "run `make costs`"
    assert set(measured["smoke"]) == {path.stem for path in SOURCES}, "run `make costs`"
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


def test_time_memory_and_data_are_those_of_the_run(chapter, tmp_path):
    small, large = tmp_path / "small.json", tmp_path / "large.json"
    # From the command line, as the Snakefile does: Linux counts a process's memory from that of the one that started it.
    measure = [sys.executable, "-m", "paper.book.costs", "measure", chapter]
    subprocess.run([*measure, small], check=True)
    subprocess.run([*measure, large, "-p", "size", "1800", "-p", "asks", "true"], check=True)
    small, large = json.loads(small.read_text()), json.loads(large.read_text())
    assert 100 < small["megabytes"] < 1000 and 1800 < large["megabytes"] < 2400
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


def test_every_page_leads_to_a_committed_notebook(extensions):
    launch, _ = extensions
    for page in pages():
        for suffix in launch.DOWNLOADS:
            assert (ROOT / f"{launch.notebook(page)}{suffix}").is_file(), page
    assert {launch.notebook(page) for page in pages()} == {f"notebooks/{path.stem}" for path in SOURCES}


@pytest.mark.parametrize(
    "address, colab, provider",
    [
        ("https://github.com/a/b", True, None),
        ("https://gitlab.com/a/b", False, None),
        ("https://forge.example.org/a/b", False, "github"),
    ],
)
def test_colab_is_offered_where_it_can_open_the_repository(extensions, monkeypatch, address, colab, provider):
    launch, _ = extensions
    monkeypatch.setattr(version, "repository", lambda: address)
    monkeypatch.setattr(version, "branch", lambda: "v9")
    buttons = yaml.safe_load((ROOT / "_config.yml").read_text())["launch_buttons"]
    config = type("Config", (), {"html_theme_options": {"launch_buttons": buttons}})
    launch._settings(None, config)
    options = config.html_theme_options
    assert (options["repository_url"], options["repository_branch"]) == (address, "v9")
    assert ("colab_url" in options["launch_buttons"]) == colab and "binderhub_url" in options["launch_buttons"]
    assert options.get("repository_provider") == provider


def test_data_are_named_from_the_notebook_and_what_is_frozen(extensions):
    _, rerun = extensions
    frozen = {
        name: {path.stem for path in (ROOT / "results" / name).glob("*.csv")}
        for name in ("two_minima", "accuracy_vs_complexity")
    }
    source = ROOT / "notebooks" / "01_introduction.md"
    assert rerun._experiments(source.stem) == set(frozen)
    words = rerun._data(source.stem, chapters.declared(chapters.read(source)))
    both = [name for name in names.DATASETS if name in frozen["two_minima"] & frozen["accuracy_vs_complexity"]]
    assert both and f"answer for {', '.join(both)}, with" in words
    assert rerun._data("errata", {}) == ""


def test_every_chapter_has_a_title_and_a_command_that_runs(extensions):
    _, rerun = extensions
    for source in SOURCES:
        assert rerun._title(source.stem)
        assert set(chapters.smoke_values(source)) == set(chapters.SMOKE) & set(chapters.declared(chapters.read(source)))
