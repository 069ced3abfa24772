"""The ways to install beside `make`: exact versions with hashes, conda, a container."""

import os
import re
import shlex
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
import yaml
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[3]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
ENTRY = re.compile(r"([a-z0-9-]+)==(\S+)( ; [^\\]+)? ?((?: ?\\\n    --hash=sha256:[0-9a-f]{64})+)\n((?:    # .*\n)+)")
LINES = [Requirement(f"{name}=={version}{marker}") for name, version, marker, _, _ in ENTRY.findall(LOCK)]
OURS = {name for name, _, _, _, why in ENTRY.findall(LOCK) if f"{PROJECT['name']} (pyproject.toml)" in why}
EXTRAS = ("book", "test")
PYTHONS = ("3.11.7", "3.12.4", "3.13.1")
each_python = pytest.mark.parametrize("python", PYTHONS)


def target(python):
    """Linux on x86-64 with this version of Python."""
    return default_environment() | {
        "python_version": python.rpartition(".")[0], "python_full_version": python, "sys_platform": "linux",
        "platform_machine": "x86_64", "platform_system": "Linux", "os_name": "posix", "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
    }  # fmt: skip


def locked(python):
    """What the lock has for this version of Python."""
    lines = [line for line in LINES if not line.marker or line.marker.evaluate(target(python))]
    names = [line.name for line in lines]
    assert len(set(names)) == len(names), "one version of each"
    return {line.name: str(line.specifier).removeprefix("==") for line in lines}


CONTAINERFILE = (ROOT / "Containerfile").read_text(encoding="utf-8")


def wanted(lines, python, extras=("",)):
    requirements = map(Requirement, lines)
    return [
        r
        for r in requirements
        if not r.marker or any(r.marker.evaluate(target(python) | {"extra": extra}) for extra in extras)
    ]


def test_the_lock_holds_names_versions_hashes_and_who_needs_them_and_nothing_else():
    assert ENTRY.sub("", LOCK) == "" and len(LINES) > 100
    assert [line.name for line in LINES] == sorted(line.name for line in LINES)


@each_python
def test_the_lock_is_in_step_with_pyproject(python):
    extras = PROJECT["optional-dependencies"]
    assert "pacbayes-curvature[notebooks]" in extras["book"]
    lines = PROJECT["dependencies"] + [line for extra in ("notebooks", *EXTRAS) for line in extras[extra]]
    lines.remove("pacbayes-curvature[notebooks]")
    versions = locked(python)
    for requirement in wanted(lines, python):
        version = versions.get(canonicalize_name(requirement.name))
        assert version and version in requirement.specifier, (
            f"{requirement} is not in requirements.lock: run `make lock`"
        )
    assert {canonicalize_name(r.name) for r in wanted(lines, python)} == OURS, "a dependency is gone: run `make lock`"


@each_python
def test_the_lock_holds_all_that_its_packages_need(python):
    """As far as they are installed here, in the locked version."""
    checked, versions = 0, locked(python)
    for name, version in versions.items():
        try:
            installed = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            continue
        if installed.version != version:
            continue
        checked += 1
        for requirement in wanted(installed.requires or [], python):
            found = versions.get(canonicalize_name(requirement.name))
            assert found and requirement.specifier.contains(found, prereleases=True), (
                f"{name} needs {requirement}, locked: {found}"
            )
    assert checked > len(versions) / 2


def test_the_lock_is_made_by_a_target_for_what_it_says():
    made = re.search(r"^lock:.*\n((?:\t.*\n)+)", (ROOT / "Makefile").read_text(), re.MULTILINE)[1]
    assert [f"--extra {extra}" in made for extra in EXTRAS] == [True, True]
    assert (
        "--python-version 3.11 " in made
        and "--universal" in made
        and "--generate-hashes" in made
        and "-o requirements.lock" in made
    )


def test_conda_has_a_python_and_installs_the_projects_own_extras():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    python, _, pip = environment["dependencies"]
    assert python.removeprefix("python=") in PROJECT["requires-python"].replace(">=", "").split(",") and environment[
        "channels"
    ] == ["conda-forge"]
    (requirement,) = pip["pip"]  # Binder copies the project before it installs this, since it names a folder of it
    extras = re.fullmatch(r"-e \.\[(.*)\]", requirement)[1].split(",")
    assert set(EXTRAS) <= set(extras) <= set(PROJECT["optional-dependencies"])
    assert environment["name"] == PROJECT["name"]


def instructions():
    joined = re.sub(r"\\\n\s*", "", "\n".join(line for line in CONTAINERFILE.splitlines() if not line.startswith("#")))
    return [line.split(maxsplit=1) for line in joined.splitlines() if line]


def test_hadolint_finds_nothing_in_the_containerfile(tmp_path):
    hadolint = Path(sys.executable).parent / "hadolint"
    done = subprocess.run([hadolint, "--no-color", ROOT / "Containerfile"], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")
    (tmp_path / "Containerfile").write_text(CONTAINERFILE.replace("WORKDIR /pacbayes", "WORKDIR pacbayes"))
    assert "DL3000" in subprocess.run([hadolint, tmp_path / "Containerfile"], capture_output=True, text=True).stdout


def test_what_the_container_copies_is_there_and_not_ignored():
    ignored = (ROOT / ".dockerignore").read_text().split()
    for name in [name for command, rest in instructions() if command == "COPY" for name in shlex.split(rest)[:-1]]:
        assert (ROOT / name).exists() and name not in ignored
    assert {"build", ".venv"} <= set(ignored) and "data" not in ignored


def test_the_container_takes_the_locks_versions(tmp_path):
    (install,) = [rest for command, rest in instructions() if command == "RUN" and "requirements.lock" in rest]
    select, rest = install.split(" && ", 1)
    subprocess.run(["sh", "-ec", select.replace("/versions.txt", f"'{tmp_path}/versions.txt'")], cwd=ROOT, check=True)
    lines = [Requirement(line) for line in (tmp_path / "versions.txt").read_text().splitlines()]
    assert lines == LINES, "with their markers, since some packages have two versions"
    assert "-c /versions.txt" in rest
    (base,) = [rest for command, rest in instructions() if command == "FROM"]
    assert base.startswith("python:3.11-")  # the lock's


def test_the_containers_command_is_a_target_of_the_flow_on_the_cores_that_it_may_use(tmp_path):
    (command,) = [yaml.safe_load(rest) for command, rest in instructions() if command == "CMD"]
    python = tmp_path / "python"
    python.write_text('#!/bin/sh\ncase "$*" in *" cores") echo 7;; *) echo "$@";; esac\n')
    python.chmod(0o755)
    path = os.pathsep.join([str(tmp_path), os.environ["PATH"]])
    done = subprocess.run(command, env=os.environ | {"PATH": path}, capture_output=True, text=True, check=True)
    *called, target = done.stdout.split()
    assert called == "-I src/paper/environment.py run -m snakemake --cores 7".split()
    assert (ROOT / called[1]).is_file() and f"rule {target}:" in (ROOT / "Snakefile").read_text()
