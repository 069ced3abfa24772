"""The set-up of .venv: made once, brought up to date, and made anew where it cannot be trusted."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from paper import environment

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
        return [re.sub(r"-m pip install -q --no-compile -e ", "", call) for call in found if "version_info" not in call]

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


def test_a_first_set_up_with_an_extra_is_one(bare):
    _, steps = bare
    environment.set_up("dev")
    assert steps() == [ANEW[0], ".[book,test,dev]"]
    environment.set_up()
    environment.set_up("dev")
    assert steps() == []


def test_an_interrupted_set_up_of_an_extra_leaves_the_others(bare, monkeypatch):
    _, steps = bare
    environment.set_up()
    monkeypatch.setenv("broken", "1")
    with pytest.raises(environment.Refused, match="pip could not install"):
        environment.set_up("dev")
    monkeypatch.delenv("broken")
    steps()
    environment.set_up()
    assert steps() == []
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
