"""The modules of the packages as text: what their statements bind, import and do, and what a dotted name means."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import NamedTuple

from paper.digest.syntax import DEFINITIONS, bound, parse, references

Dotted = tuple[str, ...]

# Where these are used, any name of the module may be meant,
OF_ITS_MODULE = {"globals", "locals", "eval", "exec"}
# or any name of any module,
OF_ALL = (
    "importlib.import_module",
    "importlib.util",
    "importlib.machinery",
    "pkgutil",
    "runpy",
    "sys.modules",
    "gc",
    "builtins",
)
OF_ALL_NAMES = {"__import__", "__subclasses__", "__globals__"}
# or the text of the modules may be read back: annotations and docstrings.
READ_BACK = ("inspect", "pydoc", "typing.get_type_hints", "dataclasses.fields")
READ_BACK_NAMES = {"__annotations__", "__doc__"}


class Place(NamedTuple):
    """What a name means: a name of a module of ours, a module of ours (name ""), or a library's (module "")."""

    module: str
    name: str

    def __str__(self) -> str:
        return f"{self.module}:{self.name}"

    def is_in(self, names: tuple[str, ...]) -> bool:
        """Whether it is one of these, of a library, or below one."""
        return not self.module and f"{self.name}.".startswith(tuple(f"{name}." for name in names))


@dataclass(eq=False)
class Statement:
    """A statement at the top of a module. names: those it binds there; imports: what each imported name means, also those
    imported inside functions; loads: modules that it imports; uses: see `references`."""

    node: ast.stmt
    names: set[str]
    imports: dict[str, list[Dotted]]
    loads: list[Dotted]

    @cached_property
    def uses(self) -> list[tuple[Dotted, bool]]:
        """The dotted names that the statement uses, each with whether only an annotation does."""
        body = self.node.body if isinstance(self.node, ast.ClassDef) else []
        attributes = [alias.asname or alias.name for each in body if hasattr(each, "names") for alias in each.names]
        return list(dict.fromkeys([*references(self.node), *(((name,), False) for name in attributes)]))

    @cached_property
    def looks_up_its_module(self) -> bool:
        """Whether it may use any name of its module."""
        calls = [each for each in ast.walk(self.node) if isinstance(each, ast.Call) and isinstance(each.func, ast.Name)]
        return any(each.func.id in ("vars", "dir") and not each.args for each in calls) or any(
            path[0] in OF_ITS_MODULE for path, _ in self.uses
        )

    @cached_property
    def mentions(self) -> set[str]:
        """All names and attributes that it uses."""
        return {getattr(each, "attr", getattr(each, "id", "")) for each in ast.walk(self.node)}

    @property
    def is_import(self) -> bool:
        """Whether the statement is an import."""
        return isinstance(self.node, (ast.Import, ast.ImportFrom))

    @property
    def is_main(self) -> bool:
        """`if __name__ == "__main__":`, which does nothing in a module that is imported."""
        main = isinstance(self.node, ast.If) and not self.node.orelse
        return main and ast.unparse(self.node.test) == "__name__ == '__main__'"


@dataclass(eq=False)
class Module:
    """statements in their order; bindings: the statements that bind a name; stars: modules all of whose names are imported;
    text: as it is in the file."""

    name: str
    text: str
    statements: list[Statement]
    stars: list[Dotted]
    bindings: dict[str, list[Statement]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for statement in self.statements:
            for name in statement.names:
                self.bindings.setdefault(name, []).append(statement)


@cache
def read(name: str, text: str, is_package: bool) -> Module:
    """The module `name` with this text."""
    statements, stars = [], []
    for node in parse(text).body:
        imports, loads = {}, []
        inside = [each for each in ast.walk(node) if isinstance(each, (ast.Import, ast.ImportFrom))]
        for alias, target, load in (found for each in inside for found in _imported(each, name, is_package)):
            loads.append(load)
            if alias == "*":
                stars.append(target)
            else:
                imports.setdefault(alias, []).append(target)
        names = bound([node]) | {name for each in ast.walk(node) if isinstance(each, ast.Global) for name in each.names}
        if not isinstance(node, DEFINITIONS):
            names |= imports.keys()
        statements.append(Statement(node, names, imports, loads))
    return Module(name, text, statements, stars)


def _imported(node: ast.Import | ast.ImportFrom, module: str, is_package: bool) -> Iterator[tuple[str, Dotted, Dotted]]:
    """Each name that an import binds, what it means, and the module that is loaded for it."""
    for alias in node.names:
        if isinstance(node, ast.Import):
            path = tuple(alias.name.split("."))
            yield alias.asname or path[0], path if alias.asname else path[:1], path
        else:
            base = tuple(node.module.split(".")) if node.module else ()
            if node.level:
                here = tuple(module.split("."))
                base = here[: len(here) - node.level + is_package] + base
            if alias.name == "*":
                yield "*", base, base
            else:
                yield alias.asname or alias.name, (*base, alias.name), (*base, alias.name)


class Sources:
    """The packages below a folder, each module read once; those `without` are like a library's."""

    def __init__(self, folder: Path, packages: tuple[str, ...], without: tuple[str, ...] = ()):
        self.folder, self.packages, self.without = folder, packages, without
        self._everything: list[str] = []
        self._modules: dict[str, Module | None] = {}
        self._meanings: dict[Statement, list] = {}

    def module(self, name: str) -> Module | None:
        """The module, None where there is none or it is left out."""
        if name not in self._modules:
            path = self.folder.joinpath(*name.split("."))
            files = [file for file in (path / "__init__.py", path.with_suffix(".py")) if file.is_file()]
            left_out = any(f"{name}.".startswith(f"{other}.") for other in self.without)
            known = files and not left_out and name.split(".")[0] in self.packages
            made = read(name, files[0].read_text(encoding="utf-8"), files[0].stem == "__init__") if known else None
            self._modules[name] = made or (Module(name, "", [], []) if path.is_dir() and not left_out else None)
        return self._modules[name]

    def everything(self) -> list[str]:
        """The names of all modules, those `without` among them."""
        if not self._everything:
            paths = [
                path.relative_to(self.folder) for name in self.packages for path in (self.folder / name).rglob("*.py")
            ]
            parts = (path.parent.parts if path.stem == "__init__" else path.with_suffix("").parts for path in paths)
            self._everything = sorted(map(".".join, parts))
        return self._everything

    def find(self, path: Dotted, seen: frozenset = frozenset()) -> set[Place]:
        """What an absolute dotted name means, through all re-exports; a whole module where that cannot be told."""
        if path[0] not in self.packages or path in seen:
            return {Place("", ".".join(path))}
        places, name = set(), path[0]
        for i, part in enumerate(path[1:], start=1):
            module, below = self.module(name), self.module(f"{name}.{part}")
            if module is None:  # left out
                return places | {Place("", ".".join(path))}
            places |= self.lookup(module, None, path[i:], seen | {path})
            if below is None and any(f"{name}.{part}.".startswith(f"{other}.") for other in self.without):
                return places | {Place("", ".".join(path))}
            if below is None:
                return places or {Place(name, "")}
            name = f"{name}.{part}"
        return places | {Place(name, "")}

    def lookup(
        self, module: Module, statement: Statement | None, path: Dotted, seen: frozenset = frozenset()
    ) -> set[Place]:
        """What a dotted name means inside a module, in `statement`; nothing for a name that the module does not bind."""
        name, *rest = path
        targets = list(statement.imports.get(name, [])) if statement else []
        places = set()
        for binding in module.bindings.get(name, []):
            if name in binding.imports and not isinstance(binding.node, DEFINITIONS):
                targets += binding.imports[name]
            if not binding.is_import:
                places.add(Place(module.name, name))
        if not targets and not places:
            for star in module.stars:
                other = self.module(".".join(star))
                if star[0] not in self.packages:
                    places.add(Place("", ".".join((*star, *path))))
                elif other and star not in seen:
                    places |= self.lookup(other, None, path, seen | {star})
                    places |= {Place(other.name, "__all__")} if places and "__all__" in other.bindings else set()
        for target in targets:
            places |= self.find((*target, *rest), seen)
        return places

    def meanings(self, module: Module, statement: Statement) -> list[tuple[str, bool, set[Place]]]:
        """Each name that a statement uses, whether in an annotation, and what it means; nothing for builtins."""
        if statement not in self._meanings:
            self._meanings[statement] = [
                (".".join(path), weak, self.lookup(module, statement, path)) for path, weak in statement.uses
            ]
        return self._meanings[statement]
