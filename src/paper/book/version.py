"""Which edition of the book this is: version, date, commit; and where its repository lies."""

import os
import re
import subprocess
from functools import lru_cache
from pathlib import Path

import yaml

from pacbayes_curvature import __version__

ROOT = Path(__file__).resolve().parents[3]
TAG = f"v{__version__}"
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
    """Version and date, in words: the release's, or the commit's where git knows one. Never the time of the build."""
    commit = _git("log", "-1", "--format=%H %cs")
    if released() or not commit:
        return f"Version {__version__} of {citation()['date-released']}"
    digest, day = commit.split()
    return f"Version {__version__}, commit {digest[:10]} of {day}{' with local changes' if _changed() else ''}"


def _changed() -> bool:
    return bool(_git("status", "--porcelain", "--untracked-files=no"))


def _git(*arguments: str) -> str:
    """What git says about the project's own repository, "" where there is none."""
    try:
        # A copy of the project within another repository is no part of that one.
        if _output("rev-parse", "--show-prefix"):
            return ""
        return _output(*arguments)
    except (OSError, subprocess.CalledProcessError):
        return ""


def _output(*arguments: str) -> str:
    done = subprocess.run(["git", "-C", ROOT, *arguments], capture_output=True, text=True, check=True)
    return done.stdout.strip()
