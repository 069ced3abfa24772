"""Where and in which environment set-up, chapters and results run: made here from this folder, and not inherited.

    python3 -I src/paper/environment.py set-up [EXTRA]      .venv, as pyproject.toml wants it, with the packages of an extra
    python3 -I src/paper/environment.py run ARGUMENT ...    .venv's Python with these arguments
    python3 -I src/paper/environment.py cores               how many cores this process may use

Of the user's variables those are kept that say where things are on this machine (`KEPT`): programs, libraries, the network,
the data. What configures Python, pip, Jupyter, IPython, matplotlib, Snakemake, git or a library's threads is not, and their
folders are in build/cache. So the same comes out in a shell that was set up for something else, and with a home that cannot
be written. `make` starts everything through this file, the Snakefile enters the same environment, and so does the kernel of
each chapter. Only the standard library is used: there is no .venv before `set-up`.
"""

import argparse
import contextlib
import hashlib
import importlib.util
import locale
import math
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

try:
    import fcntl
except ImportError:  # no Unix: no locks
    fcntl = None

KEPT = re.compile(
    r"PATH|HOME|USER|LOGNAME|SHELL|TERM|TMPDIR|TEMP|TMP|SYSTEMROOT|CI|PACBAYES_\w+|GITHUB_\w+"
    r"|(LD|DYLD|NIX|GUIX|SSL|CURL|REQUESTS|PLAYWRIGHT|UV)_\w+|\w+_proxy|\w+_PROXY"  # libraries and the network
    r"|PIP_(CONFIG_FILE|(EXTRA_)?INDEX_URL|NO_INDEX|FIND_LINKS|TRUSTED_HOST|(CLIENT_)?CERT|PROXY|(DEFAULT_)?TIMEOUT|RETRIES"
    r"|CACHE_DIR|NO_CACHE_DIR|KEYRING_PROVIDER)"  # where packages come from, and not where they go
    r"|GIT_CONFIG_\w+"  # whom git trusts, and not which repository it looks at
    r"|(SLURM|SBATCH|KUBE\w*|AWS)_?\w*|SNAKEMAKE_STORAGE_\w+"  # a cluster's queue and store
)
LOCALES = ("C.UTF-8", "en_US.UTF-8", "C")
INLINE = "module://matplotlib_inline.backend_inline"  # puts figures into the outputs of a notebook's cells
PYTHONS = ((3, 11), (3, 14))  # from, below
MARKS = ("pyproject.toml", "src/paper")


class Refused(Exception):
    """It cannot be done as things stand; the message says why, in one line."""


def project(start: Path | str = __file__) -> Path:
    """The project's folder: the innermost one around `start` that holds pyproject.toml and src/paper. Raises Refused without one."""
    for folder in Path(start).resolve().parents:
        if all((folder / mark).exists() for mark in MARKS):
            return folder
    raise Refused(
        f"{start} is in no checkout of the book: `paper` runs from a clone, `pip install .` installs the method alone"
    )


def own(given: Mapping[str, str], python: Path | str = sys.executable) -> dict[str, str]:
    """The environment for what this project runs, made of what is kept of the `given` one, and of what is set here.

    python: whose programs are found first. A number of threads, OMP_NUM_THREADS, is kept where it is one; else there are as
    many as cores.
    """
    root, programs = project(), str(Path(python).parent)
    cache = root / "build" / "cache"
    made = {name: value for name, value in given.items() if KEPT.fullmatch(name)}
    others = [folder for folder in (made.get("PATH") or os.defpath).split(os.pathsep) if folder != programs]
    made["PATH"] = os.pathsep.join([programs, *others])
    if not os.path.isdir(made.get("HOME") or os.path.expanduser("~")):
        made["HOME"] = str(cache)
    for name in ("USER", "LOGNAME"):  # else looked up, and a container's user may have no name
        made[name] = made.get(name) or "user"
    threads = re.match(r"[1-9][0-9]{0,3}(?=,|$)", given.get("OMP_NUM_THREADS", ""))
    return made | {
        "PYTHONPATH": str(root / "src"),
        "PYTHONNOUSERSITE": "1",
        "PYTHONUTF8": "1",
        "LC_ALL": _locale(),
        "OMP_NUM_THREADS": threads[0] if threads else str(cores()),
        "MPLBACKEND": "Agg",
        "MPLCONFIGDIR": str(cache / "matplotlib"),
        "IPYTHONDIR": str(cache / "ipython"),
        "JUPYTER_CONFIG_DIR": str(cache / "jupyter"),
        "JUPYTER_DATA_DIR": str(cache / "jupyter"),
        "JUPYTER_RUNTIME_DIR": str(cache / "jupyter" / "runtime"),
        "XDG_CACHE_HOME": str(cache),
        "XDG_CONFIG_HOME": str(cache / "config"),
        "XDG_DATA_HOME": str(cache / "data"),
    }


def of_kernel(given: Mapping[str, str]) -> dict[str, str]:
    """The environment of a chapter's kernel: its figures go into the notebook."""
    return own(given) | {"MPLBACKEND": INLINE}


def of_set_up(given: Mapping[str, str]) -> dict[str, str]:
    """The environment of pip, which finds its index and its cache where the user has them, and installs into .venv."""
    users = {name: given[name] for name in ("XDG_CONFIG_HOME", "XDG_CACHE_HOME") if given.get(name)}
    made = own(given)
    for name in (
        "XDG_CONFIG_HOME",
        "XDG_CACHE_HOME",
        "PYTHONPATH",
    ):  # on which pip would find this folder's package installed
        del made[name]
    return made | users | {"PIP_USER": "0", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}


def enter() -> None:
    """Have this process, and those that it starts, run in the project's own environment."""
    made = own(os.environ)
    os.environ.clear()
    os.environ.update(made)


def cores(
    affinity: int | None = None, cgroups: Path = Path("/sys/fs/cgroup"), of: Path = Path("/proc/self/cgroup")
) -> int:
    """The number of cores that this process may use: those it may run on, and no more than its control groups' quota, rounded
    down; at least 1. affinity: of the processor mask; cgroups, of: where Linux says the quotas, and of which groups one is."""
    if affinity is None:
        affinity = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min([affinity, *map(math.floor, _quotas(cgroups, of))]))


def _quotas(cgroups: Path, of: Path) -> Iterator[float]:
    """The quotas in cores of the groups of both versions, and of those around them."""
    lines = of.read_text(errors="replace").splitlines() if of.exists() else []
    for _, controllers, path in (line.split(":", 2) for line in lines if line.count(":") >= 2):
        first = "cpu" in controllers.split(",")
        if controllers and not first:
            continue
        top = cgroups / "cpu" if first else cgroups
        group = top / path.strip("/")
        for folder in [group, *group.parents]:
            with contextlib.suppress(OSError, ValueError, ZeroDivisionError):
                if first:
                    limit, period = ((folder / f"cpu.cfs_{name}_us").read_text() for name in ("quota", "period"))
                else:
                    limit, period = (folder / "cpu.max").read_text().split()
                if float(limit) > 0:  # -1, and the word "max", are no limit
                    yield float(limit) / float(period)
            if folder == top:
                break


def hold(path: Path, waiting: str) -> int:
    """Take the lock on a file, which ends with this process however it ends, or when what is returned, its descriptor, is closed.

    Where another process holds it, say so and wait. Where there are no locks (no Unix, some network file systems), go on without.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    if take(handle) is False:
        print(waiting, file=sys.stderr, flush=True)
        with contextlib.suppress(OSError):
            fcntl.flock(handle, fcntl.LOCK_EX)
    return handle


def take(handle: int) -> bool | None:
    """Take the lock on an open file, until it is closed; whether that went, None where there are no locks."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except (OSError, AttributeError):
        return None
    return True


@contextlib.contextmanager
def locked(path: Path, waiting: str) -> Iterator[None]:
    """Hold the lock on a file meanwhile."""
    handle = hold(path, waiting)
    try:
        yield
    finally:
        os.close(handle)


def set_up(extra: str = "", this_python: bool = False) -> None:
    """Make .venv, or bring it up to date, where it is not as pyproject.toml has it; with an extra, install its packages too.

    Its stamp holds the folder and the Python that it was made in and by: a folder that was copied or moved is set up anew,
    since the programs in .venv name the old one. So it is after an interrupted set-up, which leaves packages that look
    installed, and, with `this_python`, where .venv was made by another version of Python. Raises Refused where that fails.
    """
    root, version = project(), ".".join(map(str, sys.version_info[:2]))
    if not PYTHONS[0] <= sys.version_info < PYTHONS[1]:
        raise Refused(
            f"Python 3.11, 3.12 or 3.13 is needed, got: Python {version}. Name another: make PYTHON=python3.12 ..."
        )
    stamps = [root / ".venv" / f".installed{suffix}" for suffix in ("", *([f"-{extra}"] if extra else []))]
    wanted = hashlib.sha256((root / "pyproject.toml").read_bytes()).hexdigest()

    def made(stamp: Path) -> str | None:
        return _made(stamp, root, version if this_python else None)

    def lacking() -> list[Path]:
        return [stamp for stamp in stamps if made(stamp) != wanted]

    if not lacking():
        return
    with locked(root / "pyproject.toml", "Another set-up of .venv is at work; waiting for it."):
        if not (lacks := lacking()):
            return
        if stamps[0] in lacks:
            print("Setting up .venv: a few minutes, once.", flush=True)
            if made(stamps[0]) is None:
                _virtual_environment(root)
                lacks = stamps
        python, environment = root / ".venv" / "bin" / "python", of_set_up(os.environ)
        for stamp in lacks:
            stamp.unlink(missing_ok=True)
        # Together with the others, so that pip finds versions that suit all of them.
        # Each module is compiled when it is first used: a few thousand, not all fifteen.
        extras = ",".join(["book", "test", *([extra] if extra else [])])
        install = [python, "-m", "pip", "install", "-q", "--no-compile", "-e", f".[{extras}]"]
        if subprocess.run(install, cwd=root, env=environment).returncode:
            raise Refused("pip could not install the packages, see above; the next `make` goes on from here")
        base = subprocess.run(
            [python, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"], capture_output=True, text=True
        )
        for stamp in lacks:
            stamp.write_text(f"{root}\n{base.stdout.strip()}\n{wanted}\n", encoding="utf-8")


def _made(stamp: Path, root: Path, version: str | None) -> str | None:
    """Which pyproject.toml the packages are of; None where they are not of this folder, or not of this version of Python."""
    try:
        folder, made_by, of = stamp.read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError):
        return None
    usable = (
        folder == str(root) and version in (None, made_by) and os.access(root / ".venv" / "bin" / "python", os.X_OK)
    )
    return of if usable else None


def _virtual_environment(root: Path) -> None:
    if not all(map(importlib.util.find_spec, ("venv", "ensurepip"))):
        raise Refused(
            f"{sys.executable} lacks the module venv or ensurepip. On Debian and Ubuntu install the package python3-venv."
        )
    if subprocess.run(
        [sys.executable, "-m", "venv", "--clear", ".venv"], cwd=root, env=of_set_up(os.environ)
    ).returncode:
        raise Refused("the virtual environment .venv could not be made, see above")


def run(arguments: list[str]) -> None:
    """Become .venv's Python, or this one where there is no .venv, in the project's environment."""
    root = project()
    python = root / ".venv" / "bin" / "python"
    python = str(python) if os.access(python, os.X_OK) else sys.executable
    os.execve(python, [python, *arguments], own(os.environ, python))


def _locale() -> str:
    """A locale of this machine with UTF-8, else C, in which Python uses UTF-8 all the same."""
    before = locale.setlocale(locale.LC_CTYPE)
    for name in LOCALES:
        with contextlib.suppress(locale.Error):
            locale.setlocale(locale.LC_CTYPE, name)
            locale.setlocale(locale.LC_CTYPE, before)
            return name
    return "C"


def main() -> None:
    """The command line."""
    if sys.argv[1:2] == ["run"]:  # not by argparse, which would read the options of what is run
        run(sys.argv[2:])
    parser = argparse.ArgumentParser(prog="python -I src/paper/environment.py", description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    making = commands.add_parser("set-up", help="make .venv or bring it up to date")
    making.add_argument("extra", nargs="?", default="", help="an extra of pyproject.toml to install as well")
    making.add_argument(
        "--this-python", action="store_true", help="anew if .venv was made by another version of Python"
    )
    commands.add_parser("cores", help="print how many cores may be used")
    commands.add_parser("run", help="run .venv's Python")
    given = parser.parse_args()
    if given.command == "cores":
        print(cores())
    else:
        set_up(given.extra, given.this_python)


if __name__ == "__main__":
    try:
        main()
    except Refused as error:
        print(error, file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)
