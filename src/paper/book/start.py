"""What the first cell of a notebook runs, by its path: this checkout's code comes first, with the libraries that it needs.

The libraries are taken as they are there, and only what is missing is installed: exact versions would replace Colab's
torch, which takes minutes and some GB, and its numpy, which asks for a restart. Frozen results are recognised by the code's
digest and are the same under all versions. What is computed live then differs by rounding at most; for exact versions
there are requirements.lock and the container. Only the standard library is used: it is run before anything is installed.
"""

import importlib
import importlib.metadata
import re
import subprocess
import sys
from pathlib import Path

HOME = next(folder for folder in Path(__file__).resolve().parents if (folder / "pyproject.toml").is_file())
NAME = "pacbayes-curvature"


def missing(names: list[str]) -> list[str]:
    """Those of the distributions that are not installed."""
    return [name for name in names if not list(importlib.metadata.distributions(name=name))]


def needed(lines: list[str]) -> list[str]:
    """The distributions named in requirements, of the method itself and of the extra `notebooks`."""
    parts = [line.partition(";") for line in lines]
    return sorted({re.match(r"[\w.-]+", own)[0] for own, _, marker in parts if not marker or "notebooks" in marker})


def main() -> None:
    """Have Python find this checkout's code before any other, install what is missing, and say which code it is."""
    sys.path.insert(0, str(HOME / "src"))
    install = [sys.executable, "-m", "pip", "install", "--quiet"]
    if missing([NAME]):
        subprocess.run([*install, "--no-deps", "--ignore-requires-python", "--editable", str(HOME)], check=True)
        importlib.invalidate_caches()
    if lacks := missing(needed(importlib.metadata.requires(NAME) or [])):
        print(f"Installing into {sys.prefix}: {', '.join(lacks)}")
        subprocess.run([*install, *lacks], check=True)
        importlib.invalidate_caches()
    print(f"The book's code: {HOME}")


if __name__ == "__main__":
    main()
