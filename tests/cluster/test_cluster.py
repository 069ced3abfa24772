"""Beyond one machine: through a cluster's queue, with jobs and snakemake itself killed on the way, the flow gives the
numbers of one process, and a job reads and writes only what its rule declares."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import psutil
import pytest
import yaml
from cluster.stand_in_cluster import JOBS, status

from pacbayes_curvature.gibbs.local_reparametrisation import LocalReparametrisation
from pacbayes_curvature.posteriors import METHODS
from paper import names
from paper.__main__ import main
from paper.networks import minimum

ROOT = Path(__file__).parents[2]
COMPUTED = [
    f"build/reproduced/{experiment}/digits-seed0.csv" for experiment in ("training_run", "accuracy_vs_complexity")
]
CHAPTER = "build/smoke/errata.ipynb"
PATIENCE = 1800  # seconds for one step, on a busy machine


def start(tree: Path) -> subprocess.Popen:
    """snakemake with the profile for Slurm, but with the stand-in's queue."""
    stand_in = f"{sys.executable} -S tests/cluster/stand_in_cluster.py"  # -S: it starts often, and needs no packages
    command = [sys.executable, "-m", "snakemake", "--profile", "profiles/slurm", "--executor", "cluster-generic"]
    command += [
        "--cluster-generic-submit-cmd",
        f"{stand_in} submit",
        "--cluster-generic-status-cmd",
        f"{stand_in} status",
    ]
    command += ["--seconds-between-status-checks", "2", "--jobs", "2", "--max-threads", "1"]
    command += ["--config", "datasets=digits", "seeds=0", "--", *COMPUTED, CHAPTER]
    environment = os.environ | {"PYTHONPATH": str(tree / "src")}
    with open(tree / "snakemake.log", "a") as log:
        return subprocess.Popen(command, cwd=tree, env=environment, stdout=log, stderr=subprocess.STDOUT)


def jobs(tree: Path) -> dict[Path, dict]:
    """Every job that was submitted: its folder, and what snakemake wrote into its script about it."""
    scripts = {
        folder: (folder / "script").read_text() for folder in (tree / JOBS).glob("*") if (folder / "pid").exists()
    }
    return {folder: json.loads(re.search("# properties = (.*)", text)[1]) for folder, text in scripts.items()}


def computing(tree: Path, rule: str) -> tuple[Path, psutil.Process] | None:
    """A job of `rule` that is in the middle of its work, and the process that does it."""
    for folder, job in jobs(tree).items():
        if job["rule"] == rule and status(folder) == "running":
            for process in psutil.Process(int((folder / "pid").read_text())).children(recursive=True):
                if "paper" in process.cmdline()[:3]:
                    return folder, process
    return None


def wait(snakemake: subprocess.Popen, condition):
    """What `condition` returns, as soon as that is something."""
    for _ in range(PATIENCE * 5):
        try:
            if found := condition():
                return found
        except psutil.NoSuchProcess:
            pass
        assert snakemake.poll() is None, "snakemake ended early"
        time.sleep(0.2)
    raise TimeoutError


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """A copy of the project in which results and a chapter went through the queue, in spite of three kills."""
    tree = tmp_path_factory.mktemp("project") / "tree"
    shutil.copytree(ROOT, tree, ignore=shutil.ignore_patterns(".*", "build", "data", "*.egg-info", "__pycache__"))
    snakemake = start(tree)
    try:
        folder, process = wait(snakemake, lambda: computing(tree, "explore"))
        process.kill()
        again = jobs(tree)[folder]["output"]
        wait(snakemake, lambda: [job["output"] for job in jobs(tree).values()].count(again) == 2)
        folder, process = wait(snakemake, lambda: computing(tree, "chunk"))
    finally:
        snakemake.kill()
        snakemake.wait()
    os.killpg(int((folder / "pid").read_text()), signal.SIGKILL)  # while nobody watches
    psutil.wait_procs([process], PATIENCE)
    assert not (tree / COMPUTED[-1]).exists() and not (folder / "exit").exists()
    assert start(tree).wait(PATIENCE) == 0, (tree / "snakemake.log").read_text()
    return tree


def numbers(folder: Path) -> dict[str, str | dict]:
    """All tables in build/, and their provenance apart from day and time."""
    paths = [path for name in ("reproduced", "sweep") for path in sorted((folder / "build" / name).rglob("*.*"))]
    found = {str(path.relative_to(folder)): path.read_text() for path in paths}
    for name, text in found.items():
        if name.endswith(".json"):
            found[name] = json.loads(text)
            for made in found[name]["made"].values():
                del made["date"], made["seconds"]
    return found


def test_killed_or_not_the_queue_gives_the_numbers_of_one_process(tree, workspace):
    for path in COMPUTED:
        main(["compute", Path(path).parent.name, "digits", "0", path])
    here, there = numbers(workspace), numbers(tree)
    assert len(here) == 2 * (len(COMPUTED) + len(METHODS) * len(names.PARTS))
    assert there == here


def test_a_chapter_runs_in_the_queue(tree):
    cells = nbformat.read(tree / CHAPTER, 4).cells
    assert all(cell.execution_count for cell in cells if cell.cell_type == "code")
    assert [job["output"] for job in jobs(tree).values() if job["rule"] == "smoke_run"] == [[CHAPTER]]


def test_every_job_books_memory_and_time(tree):
    for job in jobs(tree).values():
        assert {"mem_mb", "runtime"} <= set(job["resources"]), job["rule"]


def test_a_job_needs_and_leaves_only_what_its_rule_declares(tree, workspace, monkeypatch):
    """Each kind of job by itself in an empty folder, with its declared inputs, where no network can be trained; the last
    puts the parts together, where no part can be computed."""
    monkeypatch.setattr(minimum, "train", None)
    kinds = {job["rule"]: job for job in jobs(tree).values()}
    for rule in ("explore", "chunk", "compute"):
        shutil.rmtree(workspace / "build", ignore_errors=True)
        inputs, outputs = kinds[rule]["input"], kinds[rule]["output"]
        for path in inputs:
            (workspace / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(tree / path, workspace / path)
        times = {path: (workspace / path).stat().st_mtime_ns for path in inputs}
        if rule == "compute":
            monkeypatch.setattr(LocalReparametrisation, "tally", None)
            main(["compute", "accuracy_vs_complexity", "digits", "0", outputs[0]])
            shutil.rmtree(workspace / "build" / "results")  # a copy for the chapters on this machine
        else:
            about = kinds[rule]["wildcards"]
            main(["part", "digits", "0", about["method"], about.get("part", "explored")])
        left = {str(path.relative_to(workspace)) for path in (workspace / "build").rglob("*.*")}
        assert left == {*inputs, *outputs}, rule
        assert times == {path: (workspace / path).stat().st_mtime_ns for path in inputs}, rule


def test_a_job_of_every_kind_ran(tree):
    kinds = [job["rule"] for job in jobs(tree).values()]
    assert set(kinds) == {"train", "explore", "chunk", "compute", "smoke_run"}
    assert (
        kinds.count("explore") >= len(METHODS) + 1 and kinds.count("chunk") >= len(METHODS) * names.CHUNKS + 1
    )  # one of each was killed


def test_what_profiles_book_is_for_rules_of_the_flow():
    booked = yaml.safe_load((ROOT / "profiles" / "default" / "config.yaml").read_text())["set-resources"]
    rules = re.findall(r"^rule (\w+):", (ROOT / "Snakefile").read_text(), re.MULTILINE)
    local = re.search(r"^localrules: ([\w, ]+?) *#", (ROOT / "Snakefile").read_text(), re.MULTILINE)[1].split(", ")
    assert set(booked) == set(rules) - {*local, "reproduce"}, "local rules stay on the machine that asks"
