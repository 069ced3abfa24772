"""A run is killed, its disk is full, its folder cannot be written, or another run is at work: the next one has the same numbers.

Only a frozen result that was just being written may be refused afterwards, by name and with what helps.
"""

import json
import os
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random

import pytest
from fault_files import (
    book,
    committed,
    course,
    digits,
    emptied,
    frozen,
    near,
    networks,
    outcome,
    reproduced,
    shown,
    site,
    spectrum,
    sweep,
    verified,
)
from fault_moments import Child, failing_move, full_disk, killed_at_a_time, killed_at_an_event, read_only, small_disk

from benchmarks import results as benchmark_results
from paper.book import costs
from paper.experiments.accuracy_vs_complexity.compute import accuracy_vs_complexity
from paper.files import REMEDIES

SEED = os.environ.get("PACBAYES_FAULTS", "0")
KILLS, FULL = 6, 3
DISKS = {each.__name__: each for each in (small_disk, full_disk, read_only, failing_move)}


@dataclass(frozen=True)
class Action:
    """prepare: what is there before; run: the command that the fault hits; read: what is shown of what it has made."""

    prepare: Callable[[], object]
    run: Callable[[], object]
    read: Callable[[], object]


def nothing() -> None:
    """Nothing is there before."""


def frozen_once() -> None:
    reproduced(0)
    frozen()


def unpacked() -> None:
    site()
    for path in Path("build").glob("*.zip"):
        path.unlink()


def measured() -> None:
    committed()
    for profile in costs.PROFILES:
        path = Path("build", "costs", profile, "one.json")
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps({"seconds": 1.5}))


def benchmark() -> dict:
    entry = {"name": "one", "ratio": 2.0, "low": 1.0, "high": 3.0, "target": None, "note": ""}
    return benchmark_results.merge(Path("benchmarks.json"), entries=[entry])


def points() -> None:
    accuracy_vs_complexity("digits", methods=("baseline",), grid_size=3, minimum=near())


ACTIONS = {
    "training": Action(nothing, networks, course),
    "curvature": Action(nothing, spectrum, spectrum),
    "sweep": Action(nothing, points, sweep),
    "reproduce": Action(frozen, reproduced, verified),
    "freeze": Action(frozen_once, frozen, shown),
    "notebook, site and PDF": Action(nothing, site, book),
    "archive": Action(unpacked, book, book),
    "costs": Action(measured, lambda: costs.freeze(Path("build", "costs")), lambda: costs.read()),
    "benchmarks": Action(committed, benchmark, lambda: benchmark_results.read(Path("benchmarks.json"))),
}


@cache
def sound(name: str) -> tuple[object, int, float]:
    """What an action ends with, how often it turns to the file system, and its seconds. It leaves the workspace empty."""
    digits(), near()  # not in every child anew
    about = ACTIONS[name]
    about.prepare()
    started = time.perf_counter()
    child = Child(about.run).ended()
    seconds = time.perf_counter() - started
    assert (child.killed, child.error) == (False, "")
    found = about.read()
    emptied()
    return found, child.events, seconds


def goes_on(name: str) -> None:
    """The next run ends with what an undisturbed one does, and nothing of the disturbed one is left."""
    about, (expected, *_) = ACTIONS[name], sound(name)
    about.run()
    assert about.read() == expected
    assert [path for path in Path().rglob(".*") if ".part-" in path.name] == []


@pytest.mark.parametrize(
    "name, number",
    [
        pytest.param(
            name, number, marks=[pytest.mark.thorough] if number else []
        )  # the first of each is in `make test`
        for name in ACTIONS
        for number in range(KILLS)
    ],
)
def test_killed(name, number):
    _, events, seconds = sound(name)
    rng, about = Random(f"{SEED} kill {name} {number}"), ACTIONS[name]
    about.prepare()
    if number % 3:
        ended = killed_at_a_time(about.run, rng, seconds)
    else:
        ended = killed_at_an_event(about.run, rng, events)
        assert ended.killed
    _, refused = outcome(lambda: goes_on(name))
    assert refused is None or (name == "freeze" and "results/" in refused and "with git" in refused), refused


@pytest.mark.parametrize(
    "name, disk, number",
    [
        pytest.param(
            name, disk, number, marks=[] if number == 0 and (place - row) % len(DISKS) == 0 else [pytest.mark.thorough]
        )
        for row, name in enumerate(ACTIONS)
        for place, disk in enumerate(DISKS)
        for number in range(FULL)
    ],
)
def test_not_written(name, disk, number):
    sound(name)
    about = ACTIONS[name]
    about.prepare()
    ended = Child(about.run, DISKS[disk](Random(f"{SEED} {disk} {name} {number}"))).ended()
    assert re.fullmatch(
        rf"\S+ could not be written \(.*\): ({'|'.join(REMEDIES.values())}) and run it again|", ended.error
    ), ended.error
    goes_on(name)


@pytest.mark.parametrize("name", ACTIONS)
def test_two_at_once(name):
    sound(name)
    about = ACTIONS[name]
    about.prepare()
    both = [Child(about.run), Child(about.run)]
    assert [child.ended().error for child in both] == ["", ""]
    goes_on(name)
