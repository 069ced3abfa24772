"""The workflows of the public forge call what this repository has, with no more rights than they need."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from paper import names

ROOT = Path(__file__).parents[3]
TEXTS = {path.stem: path.read_text(encoding="utf-8") for path in sorted((ROOT / ".github" / "workflows").glob("*.yml"))}
WORKFLOWS = {name: yaml.safe_load(text) for name, text in TEXTS.items()}
TRIGGERS = True  # YAML 1.1 reads the key `on` so
each_workflow = pytest.mark.parametrize("name", WORKFLOWS)


def jobs(name):
    return WORKFLOWS[name]["jobs"]


def steps(name):
    return [step for job in jobs(name).values() for step in job.get("steps", [])]


def commands(name):
    return [line for step in steps(name) for line in step.get("run", "").splitlines()]


def valid(path):
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.github-workflows", str(path)]
    return subprocess.run(command, capture_output=True, text=True)


def test_the_workflows_are_valid(tmp_path):
    for name in WORKFLOWS:
        done = valid(ROOT / ".github" / "workflows" / f"{name}.yml")
        assert done.returncode == 0, f"{name}: {done.stdout}{done.stderr}"
    broken = tmp_path / "broken.yml"
    broken.write_text(TEXTS["links"].replace("runs-on:", "run-on:"))
    assert valid(broken).returncode == 1


def test_there_is_a_workflow_for_each_occasion():
    assert set(WORKFLOWS) == {"advisories", "check", "links", "pages", "publish", "reproduce"}
    assert {"push", "pull_request", "workflow_call"} == set(WORKFLOWS["check"][TRIGGERS])
    assert WORKFLOWS["publish"][TRIGGERS] == {"push": {"tags": ["v*"]}}
    assert all("schedule" in WORKFLOWS[name][TRIGGERS] for name in ("advisories", "links", "pages", "reproduce"))


def test_a_change_is_checked_by_the_script_that_checks_it_here():
    assert {".ci/run", ".ci/rest"} <= {line.split()[0] for line in commands("check")}
    assert {job["uses"] for job in jobs("publish").values() if "uses" in job} == {
        "./.github/workflows/check.yml", "./.github/workflows/links.yml",
    }  # fmt: skip
    assert "check" in jobs("publish")["pages"]["needs"], "only what passed is published"


def test_what_the_other_targets_leave_out_is_tried_beside_them():
    rest = (ROOT / ".ci" / "rest").read_text(encoding="utf-8")
    assert set(re.findall(r"make (\S+)$", rest, re.MULTILINE)) == {"live", "test-thorough", "browser-thorough"}


@each_workflow
def test_every_target_and_script_that_a_workflow_calls_exists(name):
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    called = {target for line in commands(name) for target in re.findall(r"^make ([a-z-]+)", line)}
    assert called <= targets, f"Makefile has no target {', '.join(sorted(called - targets))}"
    for script in {line.split()[0] for line in commands(name) if line.startswith(".")}:
        assert (ROOT / script).is_file() and (ROOT / script).stat().st_mode & 0o111, f"{script} is no program"
    for job in jobs(name).values():
        if job.get("uses", "").startswith("./"):
            assert TRIGGERS in (called := yaml.safe_load((ROOT / job["uses"]).read_text())), job["uses"]
            assert "workflow_call" in called[TRIGGERS]


@each_workflow
def test_a_workflow_does_the_work_by_targets_and_scripts(name):
    """So that it cannot do otherwise than .ci/run and `make` here."""
    allowed = re.compile(
        r"make |\.ci/(run|rest|weekly)|mkdir -p build$|grep |gh release create |echo \"matrix=\$\(python3 -c '[^']*paper\.names[^']*'\)\""
    )
    assert [line for line in commands(name) if not allowed.match(line)] == []


@each_workflow
def test_actions_are_pinned_by_commit_with_their_release(name):
    uses = re.findall(r"uses: (.*)", TEXTS[name])
    assert [use for use in uses if not re.fullmatch(r"\./\S+|actions/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", use)] == []
    pins = {use.partition("@")[0]: use for text in TEXTS.values() for use in re.findall(r"uses: (actions.*)", text)}
    assert {use.partition("@")[0]: use for use in uses if use.startswith("actions")}.items() <= pins.items()


@each_workflow
def test_rights_are_least(name):
    assert WORKFLOWS[name]["permissions"] == {"contents": "read"}
    given = {job: rights for job, body in jobs(name).items() if (rights := body.get("permissions"))}
    publish = {"pages": {"pages": "write", "id-token": "write"}, "release": {"contents": "write"}}
    assert given == (publish if name == "publish" else {})
    for step in steps(name):
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False


@each_workflow
def test_every_secret_is_explained_and_none_gets_into_a_command(name):
    assert "secrets." not in TEXTS[name], "explain it in the workflow's first comment, and allow it here"
    about = TEXTS[name].partition("name:")[0]
    assert "token is the only secret" in " ".join(about.replace("#", "").split())
    assert [line for line in commands(name) if "${{" in line] == [], "an expression is text of a command: use env"
    for variable in re.findall(r"vars\.(\w+)", TEXTS[name]):
        assert variable in TEXTS["check"].partition("name:")[0]


@each_workflow
def test_a_run_ends_and_does_not_meet_another_one(name):
    assert WORKFLOWS[name]["concurrency"]["group"].startswith(name)
    for job in jobs(name).values():
        if "uses" not in job:
            assert job["timeout-minutes"] <= 360 and re.fullmatch(r"ubuntu-\d\d\.04", job["runs-on"])


def test_logs_and_screenshots_are_kept_of_a_failed_run_too():
    kept = [step for step in steps("check") if step.get("if") == "always()"]
    assert {"build/ci.log", ".snakemake/log"} <= set(kept[0]["with"]["path"].split())
    assert any(step.get("with", {}).get("path") == "build/html" for step in steps("check"))


def test_the_scheduled_reproduction_computes_what_is_frozen():
    """By names.py, which the workflow runs before any package is installed."""
    (command,) = [line for line in commands("reproduce") if "paper.names" in line]
    code = re.search(r"\$\(python3 -c '(.*)'\)", command)[1]
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run(
        [sys.executable, "-S", "-c", code], capture_output=True, text=True, env=environment, check=True
    )
    rows = json.loads(done.stdout)["include"]
    computed = {(experiment, row["dataset"]) for row in rows for experiment in row["experiments"].split()}
    assert computed == {(experiment, dataset) for experiment, dataset, seed in names.frozen() if seed == 0}
    assert {row["dataset"]: row["source"] for row in rows} == {
        name: names.source(name) for _, name, _ in names.frozen()
    }
    assert [line.split()[1] for line in commands("reproduce") if line.startswith("make")] == ["reproduce", "verify"]
    seeds = WORKFLOWS["reproduce"][TRIGGERS]["workflow_dispatch"]["inputs"]["seeds"]["default"]
    assert seeds == "0" and f"inputs.seeds || '{seeds}'" in TEXTS["reproduce"]
