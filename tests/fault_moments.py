"""Faults at a moment of a run: it is killed, the disk is full, its folder cannot be written. Each in a process of its own."""

import errno
import os
import resource
import select
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from paper import files

EVENTS = {"open", "os.chmod", "os.mkdir", "os.remove", "os.rename", "os.rmdir", "tempfile.mkdtemp"}
Prepare = Callable[[], object]


@dataclass(frozen=True)
class Ended:
    """How a process ended. killed: by a signal; error: what its command would say in one line, "" if it went well; events: how often
    it turned to the files of its folder."""

    killed: bool
    error: str
    events: int


class Child:
    """`run` in a process of its own, after `prepare` in it."""

    def __init__(self, run: Callable[[], object], prepare: Prepare = lambda: None, kill_at: int = 0):
        sys.stdout.flush()
        read, write = os.pipe()
        self.pid, self._answer = os.fork(), os.fdopen(read, encoding="utf-8")
        if self.pid == 0:
            _child(run, prepare, kill_at, write)
        os.close(write)

    def wait(self, seconds: float) -> None:
        """Wait so long, or until it has ended."""
        select.select([self._answer], [], [], seconds)

    def ended(self) -> Ended:
        """Wait until it has ended."""
        events, _, error = self._answer.read().partition(" ")
        self._answer.close()
        _, status = os.waitpid(self.pid, 0)
        return Ended(os.WIFSIGNALED(status), error, int(events or 0))


def _child(run: Callable[[], object], prepare: Prepare, kill_at: int, answer: int) -> None:
    events, error, folder = 0, "", os.getcwd()

    def count(event: str, arguments: tuple) -> None:
        nonlocal events
        if event in EVENTS and isinstance(arguments[0], str | os.PathLike) and folder in os.path.abspath(arguments[0]):
            events += 1
            if events == kill_at:
                os.kill(os.getpid(), signal.SIGKILL)

    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        prepare()
        sys.addaudithook(count)
        run()
    except (ValueError, OSError) as reason:
        error = str(reason)
    except BaseException as reason:  # nothing may go on in a second pytest
        error = f"not an error for users: {reason!r}"
    os.write(answer, f"{events} {error}".encode())
    os._exit(0)


def killed_at_an_event(run: Callable[[], object], rng: Random, events: int) -> Ended:
    """Killed before one of the times at which it turns to the file system."""
    return Child(run, kill_at=rng.randint(1, events)).ended()


def killed_at_a_time(run: Callable[[], object], rng: Random, seconds: float) -> Ended:
    """Killed some time after its start."""
    child = Child(run)
    child.wait(rng.uniform(0, seconds))
    os.kill(child.pid, signal.SIGKILL)  # which is no harm to one that has ended and was not yet asked
    return child.ended()


def small_disk(rng: Random) -> Prepare:
    """No file may be larger than some bytes: writing ends in the middle of one."""
    most = rng.choice([0, 1, 10, 100, 300, 1000])
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (most, resource.RLIM_INFINITY))


def full_disk(rng: Random) -> Prepare:
    """There is no room for another file, from some file on."""
    return _failing("mkdtemp", rng, errno.ENOSPC, errno.EDQUOT)


def read_only(rng: Random) -> Prepare:
    """The folder cannot be written. Not by its mode, which does not bind the user root."""
    return _failing("mkdtemp", rng, errno.EROFS, errno.EACCES)


def failing_move(rng: Random) -> Prepare:
    """What was written cannot be put in its place."""
    return _failing("replace", rng, errno.ENOSPC, errno.EIO, errno.EACCES)


def _failing(name: str, rng: Random, *numbers: int) -> Prepare:
    """From one of the first calls on, `files` gets the system's error from a function of os or tempfile."""
    number, left = rng.choice(numbers), rng.choice([0, 0, 1, 2])
    module = files.tempfile if name == "mkdtemp" else files.os
    works = getattr(module, name)

    def fails(*arguments, **more):
        nonlocal left
        left -= 1
        if left >= 0:
            return works(*arguments, **more)
        raise OSError(number, os.strerror(number), *map(str, arguments[:1]))

    return lambda: setattr(module, name, fails)
