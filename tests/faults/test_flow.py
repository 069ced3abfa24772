"""The same through the whole flow, by the commands that users type: a page and a result that are damaged or killed on the way."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from random import Random

import fault_damage as damage
import pytest

pytestmark = pytest.mark.thorough
ROOT = Path(__file__).parents[2]
SEED = os.environ.get("PACBAYES_FAULTS", "0")
PAGE, OTHER = "build/executed/tiny.ipynb", "build/executed/small.ipynb"
TABLE = "build/reproduced/training_run/digits-seed0.csv"
NETWORK = "build/networks/digits-seed0.safetensors"
FROZEN = "results/holdout/mnist2"
CHAPTER = f"""---
jupytext: {{text_representation: {{extension: .md, format_name: myst}}}}
kernelspec: {{name: python3, display_name: Python 3, language: python}}
---

# Tiny

```{{code-cell}} ipython3
from paper.results import records
print(records.read(records.FROZEN / "{FROZEN.removeprefix("results/")}.csv", 0).table["train_examples"].iloc[0] * NUMBER)
```
"""


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """A copy of the project with two tiny chapters, executed, and a result on digits, computed."""
    tree = tmp_path_factory.mktemp("project") / "tree"
    ignored = shutil.ignore_patterns(".*", "build", "data", "*.egg-info", "__pycache__", "notebooks")
    shutil.copytree(ROOT, tree, ignore=ignored)
    (tree / "notebooks").mkdir()
    for number, name in enumerate(("tiny", "small"), start=1):
        (tree / "notebooks" / f"{name}.md").write_text(CHAPTER.replace("NUMBER", str(number)))
    pages(tree), results(tree)
    return tree


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "snakemake", "--cores", "1", *arguments]


def ran(tree: Path, arguments: list[str], good: bool = True) -> str:
    environment = os.environ | {"PYTHONPATH": str(tree / "src")}
    done = subprocess.run(arguments, cwd=tree, env=environment, capture_output=True, text=True)
    assert (done.returncode == 0) == good, done.stdout + done.stderr
    return done.stdout + done.stderr


PAGES = command(PAGE, OTHER)
RESULTS = command("reproduce", "--config", "datasets=digits", "seeds=0", "experiments=training_run")


def pages(tree: Path) -> str:
    return ran(tree, PAGES)


def results(tree: Path) -> str:
    return ran(tree, RESULTS)


def numbers(tree: Path) -> list:
    """The pages and the result, recorded times aside."""
    about = json.loads((tree / TABLE).with_suffix(".json").read_text())
    return [(tree / path).read_bytes() for path in (PAGE, OTHER, TABLE)] + [about | {"made": []}]


def hit(tree: Path, name: str, how: damage.Damage, other: str = "") -> None:
    path = tree / name
    content = path.read_bytes()
    date = path.stat()
    path.write_bytes(how(content, (tree / (other or name)).read_bytes(), Random(f"{SEED} {name} {how.__name__}")))
    os.utime(path, ns=(date.st_atime_ns, date.st_mtime_ns))  # a disk's fault leaves the date


def test_damaged_pages_are_executed_again(tree):
    expected = numbers(tree)
    hit(tree, PAGE, damage.digit)
    hit(tree, OTHER, damage.truncate)
    said = pages(tree)
    assert all(f"Made again: {path}, since {path} is not as it was made" in said for path in (PAGE, OTHER))
    assert numbers(tree) == expected
    assert "Made again" not in pages(tree)


def test_a_damaged_result_is_computed_again(tree):
    expected = numbers(tree)
    hit(tree, TABLE.replace(".csv", ".json"), damage.truncate)
    hit(tree, NETWORK, damage.flip)
    said = results(tree)
    assert f"Made again: {TABLE}, since" in said
    assert numbers(tree) == expected
    hit(tree, TABLE, damage.digit)
    assert f"Made again: {TABLE}, since" in results(tree)
    assert numbers(tree) == expected


@pytest.mark.parametrize("number", range(3))
@pytest.mark.parametrize(
    "arguments, gone", [(PAGES, (PAGE, OTHER)), (RESULTS, (TABLE, NETWORK))], ids=["book", "reproduce"]
)
def test_a_killed_run_goes_on(tree, arguments, gone, number):
    expected = numbers(tree)
    for path in gone:
        (tree / path).unlink()
    started = subprocess.Popen(
        arguments, cwd=tree, env=os.environ | {"PYTHONPATH": str(tree / "src")}, start_new_session=True,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    time.sleep(Random(f"{SEED} {gone} {number}").uniform(1, 15))
    os.killpg(started.pid, signal.SIGKILL)
    started.wait()
    ran(tree, arguments)
    assert numbers(tree) == expected


def test_no_page_shows_a_damaged_frozen_result(tree):
    for suffix, how in ((".csv", damage.digit), (".json", damage.cut_between_lines)):
        path = (tree / FROZEN).with_suffix(suffix)
        content = path.read_bytes()
        hit(tree, f"{FROZEN}{suffix}", how)
        (tree / PAGE).unlink(missing_ok=True)
        said = ran(tree, PAGES, good=False)
        assert path.name in said and "Restore it with git" in said and not (tree / PAGE).exists()
        path.write_bytes(content)
    pages(tree)
