"""What the package offers, read from its sources as text, so that a page of functions costs no import: modules, public
functions, docstrings, and which of the paper's statements each names."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache

from paper.digest import PACKAGE

EQUATION = re.compile(r"(?<![\w)])\((\d\d?)\)(?:-\((\d\d?)\))?")
NAMED = re.compile(r"\b(Theorem|Lemma|Figure)s?\s+(\d(?:\.\d)?)(?!\.?\d)(?:\s+and\s+(\d(?:\.\d)?)(?!\.?\d))?")
STATEMENTS = (  # of the paper; the theorems of others have other numbers
    "Theorem 3.1", "Lemma 4.1", "Lemma 4.2", "Lemma 5.1", *(f"({n})" for n in range(1, 36)), *(f"Figure {n}" for n in range(1, 5))
)  # fmt: skip


@dataclass(frozen=True)
class Function:
    """A public function, class or method, or, with an empty name, a module: what a reader sees of it, and its first line."""

    module: str
    name: str
    signature: str
    docstring: str
    line: int

    @property
    def full(self) -> str:
        return f"{self.module}.{self.name}".rstrip(".")


@lru_cache
def modules() -> tuple[str, ...]:
    """The public modules of the package, such as "bounds" and "derivations.fisher"."""
    names = (".".join(path.relative_to(PACKAGE).with_suffix("").parts) for path in PACKAGE.rglob("*.py"))
    return tuple(sorted(name for name in names if not name.split(".")[-1].startswith("_")))


@lru_cache
def code(module: str) -> str:
    return PACKAGE.joinpath(*module.split(".")).with_suffix(".py").read_text(encoding="utf-8")


@lru_cache
def contents(module: str) -> tuple[Function, ...]:
    """The module itself, then its public functions and classes, each class followed by its public methods."""
    tree = ast.parse(code(module))
    found = [Function(module, "", "", ast.get_docstring(tree) or "", 1)]
    for node in _public(tree):
        found.append(Function(module, node.name, _signature(node), ast.get_docstring(node) or "", node.lineno))
        if isinstance(node, ast.ClassDef):
            for method in _public(node):
                name = f"{node.name}.{method.name}"
                found.append(Function(module, name, _signature(method), ast.get_docstring(method) or "", method.lineno))
    return tuple(found)


@lru_cache
def constants(module: str) -> tuple[str, ...]:
    """The names that a module assigns in capitals, as a rule that others may use."""
    assigned = [node.targets[0] for node in ast.parse(code(module)).body if isinstance(node, ast.Assign)]
    return tuple(target.id for target in assigned if isinstance(target, ast.Name) and target.id.isupper())


def expand(patterns: str) -> tuple[list[str], list[str]]:
    """The modules that a text of names and patterns such as "plots*" lists, in its order, and those that match nothing."""
    listed, unknown = [], []
    for pattern in patterns.split():
        found = [name for name in modules() if fnmatchcase(name, pattern)]
        listed += [name for name in found if name not in listed]
        unknown += [] if found else [pattern]
    return listed, unknown


@lru_cache
def statements() -> dict[str, list[Function]]:
    """The paper's numbered statements, "Lemma 4.1" or "(7)", in its order, and the functions whose docstrings name them."""
    found = {}
    for module in modules():
        for function in contents(module):
            for label in dict.fromkeys(_labels(function.docstring)):
                found.setdefault(label, []).append(function)
    return {label: found[label] for label in STATEMENTS if label in found}


def listed_under(page: str) -> list[tuple[str, str]]:
    """For each directive `functions` in the text of a page: the heading that it stands under, and its content."""
    return re.findall(r"^## ([^\n]+)\n(?:(?!^## ).)*?^```\{functions\}\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)


def first_sentence(docstring: str) -> str:
    paragraph = " ".join(docstring.partition("\n\n")[0].split())
    return re.split(r"(?<!\bEq)(?<!\bEqs)\. ", paragraph)[0].rstrip(".") + "."


def _public(node: ast.Module | ast.ClassDef) -> Iterator[ast.FunctionDef | ast.ClassDef]:
    for child in node.body:
        if isinstance(child, (ast.FunctionDef, ast.ClassDef)) and not child.name.startswith("_"):
            yield child


def _signature(node: ast.FunctionDef | ast.ClassDef) -> str:
    if isinstance(node, ast.ClassDef):
        return f"class {node.name}"
    if any(ast.unparse(decorator).endswith("property") for decorator in node.decorator_list):
        return node.name
    returns = f" -> {ast.unparse(node.returns)}" if node.returns else ""
    return f"{node.name}({ast.unparse(node.args)}){returns}"


def _labels(docstring: str) -> Iterator[str]:
    for first, last in EQUATION.findall(docstring):
        yield from (f"({number})" for number in range(int(first), int(last or first) + 1))
    for kind, first, second in NAMED.findall(docstring):
        yield from (f"{kind} {number}" for number in (first, second) if number)
