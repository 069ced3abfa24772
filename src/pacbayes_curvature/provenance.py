"""Where a result comes from: the digest of the code that made it, the versions and the machine."""

import ast
import json
import os
import platform
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path

from .storage import sha256

PACKAGE = Path(__file__).parent
LIBRARIES = ("torch", "numpy", "scipy", "pandas")
# These carry, check and show numbers but make none, so that mending them leaves frozen results valid.
NOT_DIGESTED = ("storage", "provenance", "records", "reproduce", "parameters", "chapters", "pages", "plots")


@lru_cache
def code_digest(*modules: str) -> str:
    """Digest of these modules of the package ("gibbs", "experiments.training_run") and of all they import from it.

    Without arguments: of all modules. It is taken from the syntax trees without docstrings, so that a comment, a line
    break or a docstring changes nothing, and every change that could change a number changes it. It is the same on
    all Python versions in use.
    """
    if not modules:
        closure = {".".join(path.relative_to(PACKAGE).with_suffix("").parts) for path in PACKAGE.rglob("*.py")}
    else:
        closure, todo = set(), list(modules)
        while todo:
            name = todo.pop()
            if name not in closure and name not in NOT_DIGESTED:
                closure.add(name)
                todo.extend(_imports(name))
    trees = [(name, _canonical(ast.parse(_path(name).read_text(encoding="utf-8")))) for name in sorted(closure)]
    return sha256(json.dumps(trees).encode())[:16]


def versions() -> dict[str, str]:
    """Versions of Python, of this package and of the libraries that a number can depend on."""
    return {"python": platform.python_version()} | {name: version(name) for name in ("pacbayes-curvature", *LIBRARIES)}


def machine() -> dict[str, str | int]:
    """The kind of machine: the processor's architecture and model, the operating system, the number of cores.

    With another model sums may be rounded otherwise, which training turns into another network.
    """
    return {
        "processor": platform.machine(),
        "processor_model": _model(),
        "system": platform.system(),
        "cores": os.cpu_count(),
    }


def _model() -> str:
    """The processor's name and widest vectors where the system tells, else what Python knows."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text(encoding="utf-8").splitlines() if cpuinfo.exists() else []
    fields = dict(
        map(str.strip, line.split(":", 1)) for line in reversed(lines) if ":" in line
    )  # the first processor's
    vectors = [name.upper() for name in ("avx512f", "avx2") if name in fields.get("flags", "").split()]
    return ", ".join([fields.get("model name", platform.processor()), *vectors[:1]])


def _path(name: str) -> Path:
    return PACKAGE.joinpath(*name.split(".")).with_suffix(".py")


def _imports(name: str) -> list[str]:
    """Modules of the package that module `name` imports: `from . import a`, `from .a import b`, `from ..a import b`."""
    found = []
    for node in ast.walk(ast.parse(_path(name).read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = name.split(".")[: -node.level]
            stems = [node.module] if node.module else [alias.name for alias in node.names]
            found += [".".join([*base, stem]) for stem in stems]
    return found


def _canonical(node: object) -> object:
    """A syntax tree as nested lists, without positions, docstrings and empty fields (newer Pythons add some)."""
    if isinstance(node, list):
        return [_canonical(item) for item in node]
    if not isinstance(node, ast.AST):
        return repr(node)
    fields = dict(ast.iter_fields(node))
    if (
        isinstance(node, (ast.Module, ast.FunctionDef, ast.ClassDef))
        and ast.get_docstring(node, clean=False) is not None
    ):
        fields["body"] = fields["body"][1:]
    if isinstance(node, ast.JoinedStr):  # Python 3.12 ends some format specifications with an empty constant
        fields["values"] = [value for value in node.values if getattr(value, "value", None) != ""]
    return [type(node).__name__, [[key, _canonical(value)] for key, value in fields.items() if value not in (None, [])]]
