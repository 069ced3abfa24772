"""What the user's shell, home and folder may change of a run: nothing."""

import fcntl
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from paper import environment

ROOT = Path(__file__).parents[2]
FILE = "src/paper/environment.py"
SHELL = {
    "MPLBACKEND": "Agg",
    "MATPLOTLIBRC": "/nowhere",
    "PYTHONPATH": "/nowhere",
    "PYTHONHOME": "/nowhere",
    "PYTHONSTARTUP": "/nowhere",
    "PYTHONWARNINGS": "error",
    "PIP_USER": "1",
    "PIP_TARGET": "/nowhere",
    "PIP_REQUIRE_VIRTUALENV": "1",
    "SNAKEMAKE_PROFILE": "slurm",
    "JUPYTER_PATH": "/nowhere",
    "JUPYTER_PREFER_ENV_PATH": "0",
    "IPYTHONDIR": "/nowhere",
    "MKL_VERBOSE": "1",
    "KMP_AFFINITY": "verbose",
    "OMP_NUM_THREADS": "",
    "OMP_DISPLAY_ENV": "TRUE",
    "TQDM_DISABLE": "1",
    "COLUMNS": "20",
    "LC_ALL": "C",
    "LANGUAGE": "de",
    "GIT_DIR": "/nowhere",
    "BASH_ENV": "/nowhere",
    "NAME": "DESKTOP-ABC",
}


def test_nothing_that_configures_a_tool_is_left_and_the_machine_is():
    kept = {
        "HOME": str(ROOT),
        "TMPDIR": "/t",
        "LD_LIBRARY_PATH": "/l",
        "https_proxy": "http://p",
        "PIP_INDEX_URL": "https://i.example.org",
        "PIP_CERT": "/c",
        "PACBAYES_DATA": "/d",
        "USER": "a",
    }
    made = environment.own(SHELL | kept | {"PATH": "/bin"}, "/p/python")
    plain = environment.own(kept | {"PATH": "/bin"}, "/p/python")
    assert made == plain and kept.items() <= made.items() and made["PATH"] == f"/p{os.pathsep}/bin"
    assert environment.own(made, "/p/python") == made, "entered twice, it is the same"
    places = [made[name] for name in made if name.endswith(("DIR", "_HOME")) and name != "TMPDIR"]
    assert len(places) >= 7 and all(Path(place).is_relative_to(ROOT / "build" / "cache") for place in places)
    assert made["PYTHONPATH"] == str(ROOT / "src")


@pytest.mark.parametrize("home", [None, "", "/nonexistent"])
def test_a_home_that_is_not_there_is_in_the_cache(home, monkeypatch):
    monkeypatch.setattr(os.path, "expanduser", lambda path: "/nonexistent")
    made = environment.own({} if home is None else {"HOME": home})
    assert made["HOME"] == str(ROOT / "build" / "cache") and made["USER"]


@pytest.mark.parametrize(
    "given, threads",
    [("3", "3"), ("2,1", "2"), ("", None), ("0", None), ("abc", None), ("-1", None), ("\u0663", None), ("1_0", None)],
)
def test_threads_are_a_number_or_as_many_as_cores(given, threads):
    assert environment.own({"OMP_NUM_THREADS": given})["OMP_NUM_THREADS"] == (threads or str(environment.cores()))


def test_pip_finds_its_index_where_the_user_has_it_and_installs_into_the_environment():
    users = {"XDG_CONFIG_HOME": "/c", "PIP_CONFIG_FILE": "/f"}
    made = environment.of_set_up(SHELL | users)
    assert users.items() <= made.items() and made["PIP_USER"] == "0" and "PIP_TARGET" not in made
    assert "XDG_CACHE_HOME" not in made, "pip's cache stays where it is"
    assert "PYTHONPATH" not in made, "or pip finds this folder's package installed"


# How many cores ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "groups, files, number",
    [
        ("0::/", {"cpu.max": "max 100000"}, 8),
        ("0::/", {"cpu.max": "200000 100000"}, 2),
        ("0::/", {"cpu.max": "250000 100000"}, 2),
        ("0::/", {"cpu.max": "50000 100000"}, 1),
        ("0::/a/b", {"a/cpu.max": "300000 100000", "a/b/cpu.max": "max 100000"}, 3),
        ("0::/a/b", {"a/cpu.max": "300000 100000", "a/b/cpu.max": "100000 100000"}, 1),
        ("4:cpu,cpuacct:/a", {"cpu/a/cpu.cfs_quota_us": "400000", "cpu/a/cpu.cfs_period_us": "100000"}, 4),
        ("4:cpu,cpuacct:/a", {"cpu/a/cpu.cfs_quota_us": "-1", "cpu/a/cpu.cfs_period_us": "100000"}, 8),
        ("4:memory:/a", {"cpu.max": "100000 100000"}, 8),
        ("0::/", {"cpu.max": "nonsense"}, 8),
        ("", {}, 8),
    ],
)
def test_a_quota_bounds_the_number_of_cores(tmp_path, groups, files, number):
    (tmp_path / "of").write_text(groups)
    for name, text in files.items():
        path = tmp_path / "groups" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    assert environment.cores(8, tmp_path / "groups", tmp_path / "of") == number
    assert environment.cores(8, tmp_path / "nowhere", tmp_path / "nowhere") == 8


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="no affinity on this system")
def test_a_processor_mask_bounds_the_number_of_cores():
    one = min(os.sched_getaffinity(0))
    code = f"import os; os.sched_setaffinity(0, [{one}]); os.execv({sys.executable!r}, ['python', '-I', {FILE!r}, 'cores'])"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True).stdout == "1\n"


# One at a time -------------------------------------------------------------------------------------------------------

HOLD = """
import sys, time
from pathlib import Path
from paper import environment
with environment.locked(Path(sys.argv[1]), "waiting"):
    print("held", flush=True)
    time.sleep(float(sys.argv[2]))
"""


def test_a_lock_is_waited_for_and_ends_with_its_process(tmp_path):
    command, path = [sys.executable, "-c", HOLD, tmp_path / "lock"], tmp_path / "lock"
    first = subprocess.Popen([*command, "600"], stdout=subprocess.PIPE, text=True)
    assert first.stdout.readline() == "held\n"
    second = subprocess.Popen([*command, "0"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert second.stderr.readline() == "waiting\n" and second.poll() is None
    first.send_signal(signal.SIGKILL)
    assert second.communicate()[0] == "held\n" and second.returncode == 0
    first.communicate()
    assert path.exists()


def test_without_locks_it_goes_on(tmp_path, monkeypatch):
    def none(*arguments):
        raise OSError(37, "No locks available")

    monkeypatch.setattr(fcntl, "flock", none)
    os.close(environment.hold(tmp_path / "lock", "waiting"))


def test_a_run_of_the_flow_waits_for_another_one_and_its_own_jobs_do_not(tmp_path):
    tree = tmp_path / "tree"
    shutil.copytree(ROOT, tree, ignore=shutil.ignore_patterns(".*", "build", "data", "*.egg-info", "__pycache__"))
    shown = {name: value for name, value in os.environ.items() if name != "PACBAYES_FLOW"} | {
        "PYTHONPATH": str(tree / "src")
    }
    command = [sys.executable, "-m", "snakemake", "--cores", "1", "--list-rules"]

    def start(**more):
        return subprocess.Popen(
            command, cwd=tree, env=shown | more, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    held = environment.hold(tree / ".snakemake" / "book.lock", "")
    waiting = start()
    assert any("Another run of the book is at work in this folder" in line for line in waiting.stderr)
    job = start(PACBAYES_FLOW="book")
    assert "page" in job.communicate()[0] and job.returncode == 0
    assert waiting.poll() is None
    os.close(held)
    assert "page" in waiting.communicate()[0] and waiting.returncode == 0


# Set-up --------------------------------------------------------------------------------------------------------------


VERSION = f"{sys.version_info.major}.{sys.version_info.minor}\n"


@pytest.fixture
def bare(tmp_path, monkeypatch):
    """A project without .venv, whose set-up is recorded in place of being run; a stamp's second line is the Python's version."""
    for name in environment.MARKS:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.mkdir() if "/" in name else path.write_text("[project]")
    calls = []

    def run(command, **options):
        calls.append(command[1:])
        if "venv" in command:
            made = Path(options["cwd"], ".venv")
            shutil.rmtree(made, ignore_errors=True)
            (made / "bin").mkdir(parents=True)
            (made / "bin" / "python").symlink_to(sys.executable)
        return subprocess.CompletedProcess(command, int("broken" in os.environ), stdout=VERSION)

    monkeypatch.setattr(environment, "project", lambda: tmp_path)
    monkeypatch.setattr(subprocess, "run", run)

    def steps():
        found = [" ".join(map(str, call)) for call in calls]
        calls.clear()
        return [re.sub(r"-m pip install -q -e ", "", call) for call in found if "version_info" not in call]

    return tmp_path, steps


ANEW = ["-m venv --clear .venv", ".[book,test]"]


def test_a_set_up_is_made_once_and_brought_up_to_date(bare, capsys):
    root, steps = bare
    environment.set_up()
    assert steps() == ANEW and "Setting up .venv" in capsys.readouterr().out
    environment.set_up()
    assert steps() == [] and capsys.readouterr().out == ""
    environment.set_up("dev")
    assert steps() == [".[book,test,dev]"]
    (root / "pyproject.toml").write_text("[project]\nname = 'other'")
    os.utime(root / "pyproject.toml", (0, 0))
    environment.set_up()
    assert steps() == [".[book,test]"], "its content counts, and not its date"
    environment.set_up("dev")
    assert steps() == [".[book,test,dev]"]


def test_a_copied_or_moved_folder_is_set_up_anew(bare, monkeypatch):
    root, steps = bare
    environment.set_up("dev")
    steps()
    copy = root / "copy"
    shutil.copytree(root, copy, symlinks=True, ignore=shutil.ignore_patterns("copy"))
    monkeypatch.setattr(environment, "project", lambda: copy)
    environment.set_up()
    assert steps() == ANEW


@pytest.mark.parametrize("stamp", [None, "", "half\n"])
def test_an_interrupted_set_up_is_made_anew(bare, stamp):
    root, steps = bare
    environment.set_up()
    steps()
    path = root / ".venv" / ".installed"
    path.unlink() if stamp is None else path.write_text(stamp)
    environment.set_up()
    assert steps() == ANEW


def test_another_python_counts_where_it_is_named(bare):
    root, steps = bare
    environment.set_up()
    stamp = root / ".venv" / ".installed"
    stamp.write_text(re.sub(r"\n3\.\d+\n", "\n3.8\n", stamp.read_text()))
    steps()
    environment.set_up()
    assert steps() == []
    environment.set_up(this_python=True)
    assert steps() == ANEW


def test_a_python_that_is_gone_counts(bare):
    root, steps = bare
    environment.set_up()
    shutil.rmtree(root / ".venv" / "bin")
    steps()
    environment.set_up()
    assert steps() == ANEW


def test_set_up_says_in_one_line_what_it_lacks(bare, monkeypatch):
    monkeypatch.setenv("broken", "1")
    with pytest.raises(environment.Refused, match=r"^the virtual environment .venv could not be made"):
        environment.set_up()
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == "ensurepip" else object())
    with pytest.raises(environment.Refused, match="lacks the module venv or ensurepip.*python3-venv"):
        environment.set_up()
    assert not (bare[0] / ".venv" / ".installed").exists()


# What is run ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def copy(tmp_path):
    """A copy of the code in a folder whose name is not ASCII."""
    folder = tmp_path / "ma caf\u00e9's copy"
    shutil.copytree(ROOT / "src", folder / "src", ignore=shutil.ignore_patterns("*.egg-info", "__pycache__"))
    shutil.copy2(ROOT / "pyproject.toml", folder)
    return folder


def test_the_code_that_runs_is_this_folders_in_any_shell(copy, tmp_path):
    decoy = tmp_path / "decoy"
    for name in ("paper", "numpy"):
        (decoy / name).mkdir(parents=True)
        (decoy / name / "__init__.py").write_text("raise SystemExit('another')")
    code = "import numpy, paper, pacbayes_curvature as p, sys; print(paper.__file__, p.__file__, sys.flags.utf8_mode, sep='|')"
    shell = os.environ | SHELL | {"PYTHONPATH": str(decoy), "HOME": "/nonexistent"}
    done = subprocess.run([sys.executable, "-I", FILE, "run", "-c", code], cwd=copy, env=shell, capture_output=True)
    paper, method, utf8 = done.stdout.decode().strip().split("|")
    assert {Path(paper).parents[1], Path(method).parents[1]} == {copy / "src"} and utf8 == "1" and done.stderr == b""


def test_outside_a_checkout_it_says_so(copy):
    (copy / "pyproject.toml").unlink()
    done = subprocess.run([sys.executable, "-I", FILE, "run", "-c", "1"], cwd=copy, capture_output=True, text=True)
    assert done.returncode == 2 and re.fullmatch(r".*environment.py is in no checkout of the book.*\n", done.stderr)


CHAPTER = """---
kernelspec:
  display_name: Python 3
  language: python
  name: python3
---

# A chapter

```{code-cell} ipython3
import matplotlib.pyplot as plt
import numpy as np
from paper.show import style
style.use_style()
```

```{code-cell} ipython3
---
mystnb:
  figure:
    name: fig-a
---
plt.plot(np.arange(3), marker="o")
plt.xlabel("$x$");
```
"""
RC = "text.usetex: True\nlines.markeredgecolor: black\nmathtext.fontset: cm\n"
IPYTHON = "c.InlineBackend.print_figure_kwargs = {'bbox_inches': None}\n"


@pytest.mark.parametrize("how", ["by make", "by papermill"])
def test_a_figure_is_the_same_in_every_shell(tmp_path, how):
    """Also by papermill's own command, where the chapter sees to backend and style itself."""
    (tmp_path / "a.md").write_text(CHAPTER)
    foreign = tmp_path / "kernels" / "python3" / "kernel.json"
    ipython = tmp_path / "ipython" / "profile_default"
    home = tmp_path / "home" / ".config" / "matplotlib"
    for folder in (foreign.parent, ipython, home):
        folder.mkdir(parents=True)
    foreign.write_text('{"argv": ["/bin/false", "{connection_file}"], "display_name": "x", "language": "python"}')
    (ipython / "ipython_kernel_config.py").write_text(IPYTHON)
    (home / "matplotlibrc").write_text(RC)
    shell = os.environ | {
        "MPLBACKEND": "Agg",
        "HOME": str(tmp_path / "home"),
        "IPYTHONDIR": str(ipython.parent),
    }
    if how == "by make":
        shell |= SHELL | {"JUPYTER_PATH": str(tmp_path), "IPYTHONDIR": str(ipython.parent)}
        runner = [sys.executable, "-I", FILE, "run", "-m", "paper.book.chapters", "run", tmp_path / "a.md"]
    else:
        path = os.pathsep.join(filter(None, [str(ROOT / "src"), os.environ.get("PYTHONPATH")]))
        shell |= {"PYTHONPATH": path, "XDG_CONFIG_HOME": str(home.parent)}
        convert = [sys.executable, "-m", "jupytext", "--to", "ipynb", tmp_path / "a.md"]
        subprocess.run(convert, check=True, capture_output=True)
        runner = [sys.executable, "-m", "papermill", "--no-progress-bar", tmp_path / "a.ipynb"]
    figures = []
    for name, given in (
        ("usual", dict(os.environ) if how == "by make" else shell | {"MPLBACKEND": ""}),
        ("other", shell),
    ):
        done = subprocess.run(
            [*runner, tmp_path / f"{name}.ipynb"], cwd=ROOT, env=given, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        (output,) = nbformat.read(tmp_path / f"{name}.ipynb", 4).cells[-1].outputs
        figures.append(output.data["image/svg+xml"])
    assert figures[0] == figures[1]
