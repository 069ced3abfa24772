"""Which code a number depends on: the definitions that an experiment reaches, not the modules they stand in.

A definition is a statement at the top of a module. From the root on, every name that a definition uses is followed to what
binds it: through aliases, re-exports and imports inside functions, at any depth. A class counts as a whole, so that no
method has to be looked up: an object of a class exists only where reached code has made it, and so has named the class.
What an annotation names is reached too. A name of a library counts by what it means: `from numpy import sum` is not
`from math import sum`.

Importing a module runs it. So in every module that is imported on the way the statements count that may change more than the
names they bind: `TABLE["x"] = 1`, `module.RATE = 2`, `X += 1`, a call by itself, `if`, `for` and `try`, a decorator that is
not understood, an assignment that calls a function of ours. One kind is understood: a function entered into a dictionary
under its name by a decorator of ours, such as `posteriors.posterior`, counts where the dictionary is reached. `of` tells
which entries are asked for; without it all of them count. What an entry looks like in figures (`effects.SHOWN`) does not
count.

Not counted: comments, docstrings, layout, the order of functions, annotations, the texts of a `raise` or `assert`. That an
annotation declares a field counts, and all annotations do where a decorator or base class that is not understood may read them.

What cannot be told falls back to more, never to nothing: a module used as a value (`getattr(bounds, name)`), an attribute that
it does not bind, `globals()`, `eval`, `exec`: to that module; `importlib`, `sys.modules`, `__subclasses__`: to all modules;
`inspect`, `__doc__`, `__annotations__`: to the files as they are. Taken for granted: a library's function looks up no code of
ours by its name, and changes nothing of ours where all it is given at the top of a module are constants.
"""

import ast
import json
from collections.abc import Iterable, Mapping
from functools import cache

from paper.digest.effects import Code
from paper.digest.sources import OF_ALL, OF_ALL_NAMES, READ_BACK, READ_BACK_NAMES, Module, Place, Statement
from paper.digest.syntax import DEFINITIONS
from paper.files import PROJECT, sha256

PACKAGES = ("pacbayes_curvature", "paper")
# These carry, check and show numbers but make none, so that mending them leaves frozen results valid. What reads the data is
# checked by the data's fingerprint, which is in a result's key. What `paper.names` says of a
# data set and of the sweep's parts is in a result's parameters, so that a name more makes nothing stale.
READING = ("paper.networks.readers", "paper.networks.originals")
NOT_DIGESTED = ("paper.environment", "paper.files", "paper.digest", "paper.results", "paper.names", *READING)
PRESENT = Code(PROJECT / "src", PACKAGES, NOT_DIGESTED)
WHOLE = Code(PROJECT / "src", PACKAGES)
POSTERIORS = "pacbayes_curvature.posteriors.POSTERIORS"


def digest(*roots: str, of: Mapping[str, Iterable[str]] | None = None, code: Code = PRESENT) -> str:
    """Digest of all that the definitions `roots`, "paper.networks.training.train", reach; 16 hexadecimal digits.

    of: for a registry, "pacbayes_curvature.posteriors.POSTERIORS", the entries that are asked for; it is no matter if there
    are no such ones. The same on all Python versions in use. Raises LookupError for a root that is not there.
    """
    return _digest(code, roots, tuple(sorted((name, tuple(sorted(names))) for name, names in (of or {}).items())))


@cache
def _digest(code: Code, roots: tuple[str, ...], of: tuple) -> str:
    return Closure(code, roots, dict(of)).digest()


def of_experiment(name: str, method: str | None = None, function: str = "") -> str:
    """Digest of the experiment `name` for one posterior, or for all; of another `function` of its folder, if it is given."""
    of = {} if method is None else {POSTERIORS: (method,)}
    return digest(f"paper.experiments.{name}.{function or f'compute.{name}'}", of=of)


def of_modules(*modules: str) -> str:
    """Digest of these modules, whole, and of what they reach; without arguments, of all modules."""
    return digest(*(modules or WHOLE.everything()), code=WHOLE)


class Closure:
    """What `roots` reach.

    places: the names; modules: those that are imported on the way; statements: the definitions, each with its text and what
    its names mean. Raises LookupError for a root that is not there.
    """

    def __init__(self, code: Code, roots: Iterable[str], of: Mapping[str, tuple[str, ...]] | None = None):
        self.code, self.of = code, of or {}
        self.places: set[Place] = set()
        self.modules: dict[str, Module] = {}
        self.statements: dict[Statement, tuple[str, list]] = {}
        self._reads_back = False
        self._aliases: set[Place] = set()
        self._entries: dict[Statement, tuple[Module, Place]] = {}
        self._todo: list[tuple[Module, Statement]] = []
        for root in roots:
            found = code.find(tuple(root.split(".")))
            if not any(place == Place(root, "") or (place.module and place.name) for place in found):
                raise LookupError(f"{root} is not defined")
            self._reach(found)
        while self._todo or self._enter():
            module, statement = self._todo.pop()
            if statement not in self.statements:
                self._follow(module, statement)

    def digest(self) -> str:
        """Of each module its functions, in any order, and its other statements in theirs."""
        content = []
        for name, module in sorted(self.modules.items()):
            mine = [each for each in module.statements if each in self.statements]
            ordered = [each for each in mine if not self.code.anywhere(module, each)]
            free = sorted(set(mine) - set(ordered), key=lambda each: each.node.name)
            content += [(name, self.statements[each]) for each in free + ordered]
        if self._reads_back:
            content += [(name, module.text) for name, module in sorted(self.modules.items())]
        return sha256(json.dumps(content).encode())[:16]

    def _reach(self, places: Iterable[Place], weak: bool = False) -> None:
        """Reach what a name means. Weakly, from an annotation: only classes, also through aliases such as `Pair = tuple[A, B]`."""
        for place in places:
            module = self.code.module(place.module) if place.module else None
            if module is None or place in self.places:
                continue
            statements = module.bindings.get(place.name, []) if place.name else module.statements
            if weak and not any(isinstance(each.node, ast.ClassDef) for each in statements):
                if place not in self._aliases:
                    self._aliases.add(place)
                    for each in statements:
                        if isinstance(each.node, (ast.Assign, ast.AnnAssign)):
                            self._reach((p for _, _, means in self.code.meanings(module, each) for p in means), weak)
                continue
            self.places.add(place)
            self._import(module.name)
            self._todo += [(module, each) for each in statements if not each.is_import]
            if not place.name:
                self._reach(p for name in module.bindings for p in self.code.lookup(module, None, (name,)))
                self._reach(Place(name, "") for name in self.code.everything() if name.startswith(f"{module.name}."))

    def _import(self, name: str) -> None:
        """The module, those around it and those that it imports are run."""
        while name:
            module = self.code.module(name)
            if module and name not in self.modules:
                self.modules[name] = module
                for each in module.statements:
                    if not isinstance(each.node, DEFINITIONS):
                        self._load(each)
                    effect = self.code.effect(module, each)
                    if isinstance(effect, Place):
                        self._entries[each] = module, effect
                    elif effect:
                        self._todo.append((module, each))
            name = name.rpartition(".")[0]

    def _load(self, statement: Statement) -> None:
        for path in statement.loads:
            if path[0] in self.code.packages:  # the last part may be a name in the module before it
                self._import(".".join(path if self.code.module(".".join(path)) else path[:-1]))

    def _enter(self) -> bool:
        """Take the entries of the registries that are reached; whether there are any to follow."""
        for each, (module, registry) in list(self._entries.items()):
            wanted = self.of.get(f"{registry.module}.{registry.name}")
            if registry in self.places and (wanted is None or each.node.name in wanted):
                del self._entries[each]
                self._todo.append((module, each))
        return bool(self._todo)

    def _follow(self, module: Module, statement: Statement) -> None:
        meanings = self.code.meanings(module, statement)
        means = sorted((name, sorted(map(str, places))) for name, weak, places in meanings if places and not weak)
        self.statements[statement] = self.code.text(module, statement), means
        self._load(statement)
        for _, weak, places in meanings:
            self._reach(places, weak)
        if statement.looks_up_its_module:
            self._reach({Place(module.name, "")})
        used = {place for _, _, places in meanings for place in places}
        bare = used & {Place("", "importlib"), Place("", "sys")}  # handed on, or asked for an attribute by its name
        if bare or statement.mentions & OF_ALL_NAMES or any(place.is_in(OF_ALL) for place in used):
            self._reach(Place(name, "") for name in self.code.everything())
        self._reads_back |= bool(statement.mentions & READ_BACK_NAMES) or any(p.is_in(READ_BACK) for p in used)
