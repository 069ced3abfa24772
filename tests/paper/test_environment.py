"""What the user's shell and home may change of a run's environment: nothing but what is kept."""

import os
from pathlib import Path

import pytest
from foreign_shell import SHELL

from paper import environment

ROOT = Path(__file__).parents[2]
PLACES = {
    "MPLCONFIGDIR",
    "IPYTHONDIR",
    *(f"JUPYTER_{what}_DIR" for what in ("CONFIG", "DATA", "RUNTIME")),
    *(f"XDG_{what}_HOME" for what in ("CACHE", "CONFIG", "DATA")),
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
    assert {name for name in made if name.endswith(("DIR", "_HOME"))} == PLACES | {"TMPDIR"}
    assert all(Path(made[name]).is_relative_to(ROOT / "build" / "cache") for name in PLACES)
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
