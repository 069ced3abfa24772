"""Which edition of the book this is: version, date, commit; and where its repository lies."""

import os
import re
import subprocess
import sys
from functools import lru_cache
from importlib.metadata import version

import yaml

from paper import environment, files

ROOT = files.PROJECT
# Not from the package, which imports torch: each start of a chapter would wait for it.
VERSION = version("pacbayes-curvature")
TAG = f"v{VERSION}"
# https://host/owner/name.git, ssh://git@host:22/owner/name, git@host:owner/name: a forge, and never a path on this machine
FORGE = re.compile(
    r"(?:(?:https|ssh)://(?:[^@/]+@)?|[^@/:]+@)([\w-]+(?:\.[\w-]+)+)(?::\d+/|[:/])([\w.-]+(?:/[\w.-]+?)+?)(?:\.git)?/?"
)


def planned() -> str:
    """The address in _config.yml, `repository.url`."""
    return yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))["repository"]["url"].rstrip("/")


def repository() -> str:
    """The repository's address: what the forge's CI says, else git's remote `origin` if it is on a forge, else `planned`."""
    server, name = os.environ.get("GITHUB_SERVER_URL"), os.environ.get("GITHUB_REPOSITORY")
    if server and name:
        return f"{server}/{name}"
    if found := FORGE.fullmatch(_git("remote", "get-url", "origin")):
        return f"https://{found[1]}/{found[2]}"
    return planned()


def released() -> bool:
    """Whether what is checked out is this version as it was tagged."""
    return TAG in _git("tag", "--points-at", "HEAD").split() and not _changed()


def branch() -> str:
    """What links into the repository point at: the version's tag for a released build, else main."""
    return TAG if released() else "main"


@lru_cache
def citation() -> dict:
    """CITATION.cff, the one place of the authors and the date of the version."""
    return yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))


def label() -> str:
    """Version and date, in words: the release's, or the commit's where git knows one, else that it is unknown, and why. Never the
    time of the build."""
    commit = _git("-c", "log.showSignature=false", "log", "-1", "--format=%H %cs")
    if not commit:
        return f"Version {VERSION}, commit unknown: {_silence()}"
    if released():
        return f"Version {VERSION} of {citation()['date-released']}"
    digest, day = commit.split()
    return f"Version {VERSION}, commit {digest[:10]} of {day}{' with local changes' if _changed() else ''}"


def _changed() -> bool:
    return bool(_git("status", "--porcelain", "--untracked-files=no"))


def _git(*arguments: str) -> str:
    """What git says about the project's own repository, "" where it says nothing."""
    return "" if _silence() else _output(*arguments).stdout.strip()


def _silence() -> str:
    """Why git knows nothing of the project, "" if it does."""
    try:
        done = _output("rev-parse", "--show-prefix")
        if done.returncode:
            return _reason(done.stderr)
        # A copy of the project within another repository is no part of that one.
        if done.stdout.strip():
            return "no git repository of its own"
        return _reason(head.stderr) if (head := _output("rev-parse", "--verify", "HEAD")).returncode else ""
    except OSError:
        return "git is not installed"


@lru_cache
def _reason(complaint: str) -> str:
    """git's own complaint goes to standard error, once; here are its usual ones in a few words."""
    if "not a git repository" in complaint:
        return "no git repository"
    print(f"git: {complaint.strip()}", file=sys.stderr)
    return "git refuses a folder of another owner" if "dubious ownership" in complaint else "git gave no answer"


def _output(*arguments: str) -> subprocess.CompletedProcess:
    """Of the repository in the project's folder, whichever one the variables name that git sets for its hooks."""
    given = environment.own(os.environ) | {"LC_ALL": "C"}
    return subprocess.run(["git", "-C", ROOT, *arguments], env=given, capture_output=True, text=True)
