import re
import subprocess
import sys

import nbformat
import papermill
import pytest

from paper.book import chapters, notebooks

HEADER = """---
jupytext:
  text_representation:
    extension: .md
    format_name: myst
kernelspec:
  display_name: Python 3
  language: python
  name: python3
---

# A chapter

```{{code-cell}} ipython3
:tags: [parameters]

seed: int = 0  # of the noise
dataset: str = "digits"  # données, à choisir
delta: float = 0.05
```

```{{code-cell}} ipython3
from paper.book import parameters

parameters.check(globals())
```

```{{code-cell}} ipython3
{work}
```
"""


@pytest.fixture
def chapter(tmp_path):
    """`chapter(work)` writes a chapter whose last cell is `work`."""

    def write(work="print(seed, dataset)"):
        path = tmp_path / "notebooks" / "01_demo.md"
        path.parent.mkdir(exist_ok=True)
        path.write_text(HEADER.format(work=work), encoding="utf-8")
        return path

    return write


def run(*arguments, cwd):
    command = [sys.executable, "-m", "paper.book.chapters", *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True)


def test_parameters_are_declared_with_type_default_and_help(chapter):
    assert notebooks.declared(notebooks.read(chapter())) == {
        "seed": notebooks.Parameter(int, 0, "of the noise"),
        "dataset": notebooks.Parameter(str, "digits", "données, à choisir"),
        "delta": notebooks.Parameter(float, 0.05, ""),
    }


def test_values_stand_in_place_of_the_defaults(chapter):
    notebook = notebooks.with_values(notebooks.read(chapter()), {"dataset": "it's", "seed": 12})
    assert "seed: int = 12  # of the noise" in notebook.cells[2].source
    assert """dataset: str = "it's"  # données, à choisir""" in notebook.cells[2].source
    assert notebook.cells[2].source.endswith("\ndelta: float = 0.05")


def test_a_page_can_have_a_title_of_its_own(chapter):
    source = chapter()
    source.write_text(source.read_text(encoding="utf-8").replace("# A chapter", "# A chapter\n\nIts summary."))
    assert notebooks.with_title(notebooks.read(source), "Mnist2").cells[0].source == "# Mnist2\n\nIts summary."


def test_two_runs_are_identical_and_name_no_place_or_time(chapter, tmp_path):
    source = chapter("import matplotlib.pyplot as plt\nplt.plot([seed, 1])\nplt.show()")
    outputs = [tmp_path / "first" / "out.ipynb", tmp_path / "second" / "out.ipynb"]
    for output in outputs:
        chapters.run(source, output, {"seed": "3"})
    first, second = (output.read_text(encoding="utf-8") for output in outputs)
    assert first == second
    assert "image/png" in first and "seed: int = 3" in first
    assert "papermill" not in first and "iopub" not in first and str(tmp_path) not in first
    nbformat.validate(nbformat.reads(first, 4))


def test_the_notebook_runs_like_its_source(chapter, tmp_path):
    source = chapter()
    notebooks.pair(source.parent)
    chapters.run(source, tmp_path / "md.ipynb", {})
    chapters.run(source.with_suffix(".ipynb"), tmp_path / "ipynb.ipynb", {})
    assert (tmp_path / "md.ipynb").read_bytes() == (tmp_path / "ipynb.ipynb").read_bytes()


def test_the_default_output_is_under_build_and_is_printed(chapter, tmp_path):
    chapter()
    done = run("run", "notebooks/01_demo.md", "-p", "seed", "7", cwd=tmp_path)
    assert done.returncode == 0 and "build/notebooks/01_demo.ipynb" in done.stdout
    assert "7 digits" in (tmp_path / "build" / "notebooks" / "01_demo.ipynb").read_text()


@pytest.mark.parametrize(
    "name, value, message",
    [
        ("nosuch", "1", "unknown parameter 'nosuch'; valid: seed (int), dataset (str), delta (float)"),
        ("seed", "x", "seed must be of type int, got 'x'"),
        ("dataset", "mnist11", "dataset must be one or more of mnist2"),
    ],
)
def test_bad_parameters_stop_before_any_work(chapter, tmp_path, monkeypatch, name, value, message):
    chapter("open('worked', 'w')")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(notebooks.Refused, match=f"^01_demo: {re.escape(message)}[^\n]*$"):
        refused(monkeypatch, "-p", name, value)
    assert not (tmp_path / "worked").exists() and not (tmp_path / "build").exists()


def refused(monkeypatch, *options):
    """The command line by itself, without the seconds that an interpreter of its own needs. What it says to Refused, an unknown chapter shows."""
    monkeypatch.setattr(sys, "argv", ["chapters", "run", "notebooks/01_demo.md", *options])
    chapters.main()


def test_an_unknown_chapter_is_answered_with_the_chapters(chapter, tmp_path):
    chapter()
    done = run("run", "notebooks/77_nothing.md", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr == "no chapter notebooks/77_nothing.md; the chapters are: 01_demo\n"


def test_a_failing_cell_is_shown_and_the_old_output_stays(chapter, tmp_path):
    chapter("1 / seed")
    (tmp_path / "out.ipynb").write_text("old")
    done = run("run", "notebooks/01_demo.md", "out.ipynb", cwd=tmp_path)
    assert done.returncode == 1
    assert "----> 1 1 / seed" in done.stderr and "\x1b" not in done.stderr
    assert done.stderr.endswith("notebooks/01_demo.md: cell 4 failed, ZeroDivisionError: division by zero\n")
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["out.ipynb"]
    assert (tmp_path / "out.ipynb").read_text() == "old"


@pytest.mark.parametrize(
    "work, reason", [("raise SystemExit", "SystemExit"), ("import os; os._exit(1)", "kernel died")]
)
def test_a_chapter_that_ends_early_has_failed(chapter, tmp_path, work, reason):
    with pytest.raises(chapters.Failed, match=reason):
        chapters.run(chapter(work), tmp_path / "out.ipynb", {})
    assert not (tmp_path / "out.ipynb").exists()


PROMISE = """```{{code-cell}} ipython3
---
mystnb:
  {what}:
    name: fig-a
---
{work}
```
"""


@pytest.mark.parametrize("what", ["figure", "image"])
def test_a_promised_figure_that_is_not_there_is_refused_and_the_old_page_stays(chapter, tmp_path, what):
    source, output = chapter(), tmp_path / "out.ipynb"
    text, plot = source.read_text(encoding="utf-8"), "import matplotlib.pyplot as plt\nplt.plot([1, 2])"
    source.write_text(f"{text}\n{PROMISE.format(what=what, work=plot)}", encoding="utf-8")
    chapters.run(source, output, {})
    kept = output.read_bytes()
    source.write_text(f"{text}\n{PROMISE.format(what=what, work=plot + '; plt.close()')}", encoding="utf-8")
    with pytest.raises(chapters.Failed, match="01_demo.md: cell 5 promises a figure and shows none$"):
        chapters.run(source, output, {})
    assert output.read_bytes() == kept


@pytest.mark.parametrize(
    "work",
    [
        "import sys\nprint('careful', file=sys.stderr)",
        "import os\nos.write(2, b'careful')",
        "import warnings\nwarnings.warn('careful')",
    ],
)
def test_a_page_with_standard_error_is_refused(chapter, tmp_path, work):
    with pytest.raises(chapters.Failed, match="01_demo.md: cell 4 wrote to standard error: .*careful"):
        chapters.run(chapter(f"{work}\nimport time; time.sleep(0.5)"), tmp_path / "out.ipynb", {})
    assert not (tmp_path / "out.ipynb").exists()


def test_options_come_in_one_text(chapter, tmp_path, monkeypatch):
    chapter("print(dataset, seed)")
    done = run("run", "notebooks/01_demo.md", "--options=-p seed 7 -p dataset 'digits'", cwd=tmp_path)
    assert done.returncode == 0 and "digits 7" in (tmp_path / "build" / "notebooks" / "01_demo.ipynb").read_text()
    for options, message in (("-p seed 'x", "cannot be read: No closing quotation"), ("-p seed 1_0", "got '1_0'")):
        monkeypatch.chdir(tmp_path)
        with pytest.raises(notebooks.Refused, match=re.escape(message)):
            refused(monkeypatch, f"--options={options}")


def test_a_chapter_starts_without_torch():
    """Which takes a second or more; the chapter's kernel imports it where the chapter needs it."""
    code = (
        "import sys, paper.book.chapters, paper.book.costs; print({'torch', 'scipy', 'matplotlib'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


def test_the_kernel_is_the_python_that_runs_this(chapter, tmp_path, monkeypatch):
    """Not what Jupyter finds under the name."""
    other = tmp_path / "kernels" / "python3" / "kernel.json"
    other.parent.mkdir(parents=True)
    other.write_text('{"argv": ["/bin/false", "{connection_file}"], "display_name": "x", "language": "python"}')
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    chapters.run(chapter("import sys\nprint(sys.executable)"), tmp_path / "out.ipynb", {})
    assert sys.executable in (tmp_path / "out.ipynb").read_text(encoding="utf-8")


def test_papermill_by_hand_stops_before_any_work_too(chapter, tmp_path):
    worked = tmp_path / "worked"
    chapter(f"open({str(worked)!r}, 'w')")
    notebooks.pair(tmp_path / "notebooks")
    notebook = str(tmp_path / "notebooks" / "01_demo.ipynb")
    with pytest.raises(papermill.PapermillExecutionError, match="unknown parameter 'nosuch'"):
        papermill.execute_notebook(notebook, None, {"nosuch": 1}, progress_bar=False)
    assert not worked.exists()
    papermill.execute_notebook(notebook, None, {"seed": 1}, progress_bar=False)
    assert worked.exists()


def test_a_type_that_cannot_be_checked_is_refused(chapter):
    source = chapter()
    source.write_text(source.read_text(encoding="utf-8").replace("seed: int", "seed: complex"), encoding="utf-8")
    with pytest.raises(notebooks.Refused, match="parameter seed must be of type int, float, bool, str, got complex"):
        notebooks.declared(notebooks.read(source))
