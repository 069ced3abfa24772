"""What the two packages offer, read from their sources: modules, public functions, and which of the paper's statements each
docstring names."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from IPython.display import Markdown

from paper.book.version import ROOT

SOURCES = ROOT / "src"
EQUATION = re.compile(r"(?<![\w)])\((\d\d?)\)(?:-\((\d\d?)\))?")
NAMED = re.compile(r"\b(Theorem|Lemma|Figure)s?\s+(\d(?:\.\d)?)(?!\.?\d)(?:\s+and\s+(\d(?:\.\d)?)(?!\.?\d))?")
STATEMENTS = (  # of the paper; the theorems of others have other numbers
    "Theorem 3.1", "Lemma 4.1", "Lemma 4.2", "Lemma 5.1", *(f"({n})" for n in range(1, 36)), *(f"Figure {n}" for n in range(1, 5))
)  # fmt: skip


@dataclass(frozen=True)
class Function:
    """A public function, class or method; with an empty name, the module itself."""

    module: str
    name: str
    docstring: str

    @property
    def full(self) -> str:
        """The name with that of its module."""
        return f"{self.module}.{self.name}".rstrip(".")


@lru_cache
def modules(within: str) -> tuple[str, ...]:
    """The public modules that have something to show within a package such as "pacbayes_curvature" or "paper.show", in the
    order of their names; the module itself if it is one."""
    place = SOURCES.joinpath(*within.split("."))
    paths = sorted(place.rglob("*.py")) if place.is_dir() else [place.with_suffix(".py")]
    names = [".".join(path.relative_to(SOURCES).with_suffix("").parts).removesuffix(".__init__") for path in paths]
    return tuple(name for name in names if not name.split(".")[-1].startswith("_") and source(name).strip())


@lru_cache
def source(module: str) -> str:
    """The module's text. Raises FileNotFoundError when there is none."""
    place = SOURCES.joinpath(*module.split("."))
    return (place / "__init__.py" if place.is_dir() else place.with_suffix(".py")).read_text(encoding="utf-8")


@lru_cache
def contents(module: str) -> tuple[Function, ...]:
    """The module itself, then its public functions and classes, each class followed by its public methods."""
    tree = ast.parse(source(module))
    found = [Function(module, "", ast.get_docstring(tree) or "")]
    for node in _public(tree):
        found.append(Function(module, node.name, ast.get_docstring(node) or ""))
        if isinstance(node, ast.ClassDef):
            found += [
                Function(module, f"{node.name}.{method.name}", ast.get_docstring(method) or "")
                for method in _public(node)
            ]
    return tuple(found)


@lru_cache
def statements() -> dict[str, list[Function]]:
    """The paper's numbered statements by their labels, in its order, and the functions whose docstrings name them."""
    found: dict[str, list[Function]] = {}
    for module in (*modules("pacbayes_curvature"), *modules("paper")):
        for function in contents(module):
            for label in dict.fromkeys(labels(function.docstring)):
                found.setdefault(label, []).append(function)
    return {label: found[label] for label in STATEMENTS if label in found}


def labels(docstring: str) -> Iterator[str]:
    """The statements that a docstring names."""
    for first, last in EQUATION.findall(docstring):
        yield from (f"({number})" for number in range(int(first), int(last or first) + 1))
    for kind, first, second in NAMED.findall(docstring):
        yield from (f"{kind} {number}" for number in (first, second) if number)


def index() -> Markdown:
    """`statements` as a list, first the method's functions, then the book's, each with a link to its docstring."""
    lines = [f"- **{label}**: {', '.join(map(_link, functions))}" for label, functions in statements().items()]
    return Markdown("\n".join(lines))


def listing(*within: str) -> Markdown:
    """The docstrings of all that is public in these modules and packages, by Sphinx's autodoc."""
    parts = [
        f".. rubric:: {module}\n   :heading-level: 3\n\n.. automodule:: {module}\n"
        for package in within
        for module in modules(package)
    ]
    return Markdown("```{eval-rst}\n" + "\n".join(parts) + "```")


def _public(node: ast.Module | ast.ClassDef) -> Iterator[ast.FunctionDef | ast.ClassDef]:
    for child in node.body:
        if isinstance(child, (ast.FunctionDef, ast.ClassDef)) and not child.name.startswith("_"):
            yield child


def _link(function: Function) -> str:
    role = "obj" if function.name else "mod"
    return f"{{py:{role}}}`{function.full.removeprefix('pacbayes_curvature.')} <{function.full}>`"
