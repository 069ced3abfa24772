"""Which code a result depends on."""

import ast
import json
from functools import lru_cache
from pathlib import Path

from paper.files import sha256

SOURCES = Path(__file__).parents[1]
PACKAGES = ("pacbayes_curvature", "paper")
# These carry, check and show numbers but make none, so that mending them leaves frozen results valid.
NOT_DIGESTED = ("paper.files", "paper.digest", "paper.results")


@lru_cache
def code_digest(*modules: str) -> str:
    """Digest of these modules of the package ("paper.networks.training") and of all they import from it.

    Without arguments: of all modules. It is taken from the syntax trees without docstrings, so that a comment, a line
    break or a docstring changes nothing, and every change that could change a number changes it. It is the same on
    all Python versions in use.
    """
    if not modules:
        closure = {
            ".".join(path.relative_to(SOURCES).with_suffix("").parts)
            for package in PACKAGES
            for path in (SOURCES / package).rglob("*.py")
        }
    else:
        closure, todo = set(), list(modules)
        while todo:
            name = todo.pop()
            if name not in closure and not name.startswith(NOT_DIGESTED):
                closure.add(name)
                todo.extend(_imports(name))
    trees = [(name, _canonical(ast.parse(_path(name).read_text(encoding="utf-8")))) for name in sorted(closure)]
    return sha256(json.dumps(trees).encode())[:16]


def _path(name: str) -> Path:
    return SOURCES.joinpath(*name.split(".")).with_suffix(".py")


def _imports(name: str) -> list[str]:
    """Modules of the packages that module `name` imports: `from package import module`, `from package.module import b`."""
    found = []
    for node in ast.walk(ast.parse(_path(name).read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] in PACKAGES:
            if _path(node.module).exists():
                found.append(node.module)
            else:
                found += [
                    f"{node.module}.{alias.name}"
                    for alias in node.names
                    if _path(f"{node.module}.{alias.name}").exists()
                ]
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
