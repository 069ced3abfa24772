"""What importing a module does beyond binding names: which statements may change something else."""

import ast
from collections.abc import Iterator
from pathlib import Path

from paper.digest.sources import Module, Place, Sources, Statement
from paper.digest.syntax import DEFINITIONS, references, text

# Decorators and base classes that do nothing but what they say: they enter nothing anywhere and read no annotations,
# except that a dataclass and a NamedTuple take them as the declaration of a field. Python's errors are the same.
UNDERSTOOD = {
    *("property", "staticmethod", "classmethod", "object", "dict", "list", "tuple", "str", "int", "float"),
    *(
        "dataclasses.dataclass",
        "functools.cached_property",
        "functools.cache",
        "functools.lru_cache",
        "functools.wraps",
    ),
    *("contextlib.contextmanager", "torch.no_grad", "torch.inference_mode", "abc.abstractmethod", "abc.ABC"),
    *("typing.NamedTuple", "typing.Protocol", "typing.Generic", "typing.overload", "enum.Enum", "enum.StrEnum"),
    *("torch.nn.Module", "torch.autograd.Function", "torch.autograd.function.once_differentiable"),
}
ERRORS = ("Error", "Exception", "Warning")
ACCESSORS = ("setter", "getter", "deleter")  # @x.setter, of a property x
# Builtins whose call does more than return; methods of ours that run when an object is made.
ACTING = {"exec", "eval", "setattr", "delattr", "__import__", "open", "next"}
MAKING = {"__init__", "__new__", "__post_init__", "__set_name__", "__init_subclass__", "__setattr__"}
SHOWN = ("title", "colour", "marker")  # what an entry of a registry looks like in figures


class Code(Sources):
    """The modules, and the effects of their statements."""

    def __init__(self, folder: Path, packages: tuple[str, ...], without: tuple[str, ...] = ()):
        super().__init__(folder, packages, without)
        self._effects: dict[Statement, bool | Place] = {}
        self._texts: dict[Statement, str] = {}

    def effect(self, module: Module, statement: Statement) -> bool | Place:
        """Whether a statement may change anything but the names that it binds; if all that it does is to enter a function
        under its name into a dictionary of ours, that dictionary."""
        if statement not in self._effects:
            nothing = statement.is_import or statement.is_main
            self._effects[statement] = not nothing and self._effect(module, statement, statement.node)
        return self._effects[statement]

    def anywhere(self, module: Module, statement: Statement) -> bool:
        """Whether it is no matter where a statement stands in its module: a function that takes nothing from it at once."""
        node = statement.node
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) or self.effect(module, statement):
            return False
        at_once = [*node.decorator_list, *node.args.defaults, *filter(None, node.args.kw_defaults)]
        taken = any(place.module for each in at_once for place in self._means(module, statement, each))
        return not taken and all(len(module.bindings[name]) == 1 for name in statement.names)

    def text(self, module: Module, statement: Statement) -> str:
        """The canonical text of a statement: of a registry's entry without what it looks like, and of what may read its own
        annotations with them."""
        if statement not in self._texts:
            entry = isinstance(self.effect(module, statement), Place)
            node = self._without_looks(module, statement) if entry else statement.node
            self._texts[statement] = text(node, self._reads_annotations(module, statement))
        return self._texts[statement]

    def _reads_annotations(self, module: Module, statement: Statement) -> bool:
        """Whether a decorator or a base class may: one that is not understood."""
        if self.effect(module, statement) is True:
            return True
        for base in statement.node.bases if isinstance(statement.node, ast.ClassDef) else []:
            ours = [place for place in self._means(module, statement, base) if place.module]
            above = [self._definition(place) for place in ours]
            if any(
                found is None or (found is not statement and self._reads_annotations(of, found)) for of, found in above
            ):
                return True
            if not ours and not self._understood(module, statement, base):
                return True
        return False

    def _without_looks(self, module: Module, statement: Statement) -> ast.stmt:
        """The definition without the arguments SHOWN of the decorator that enters it into a registry."""
        fields = dict(ast.iter_fields(statement.node))
        fields["decorator_list"] = [self._plain(module, statement, each) for each in fields["decorator_list"]]
        return type(statement.node)(**fields)

    def _plain(self, module: Module, statement: Statement, decorator: ast.expr) -> ast.expr:
        if not isinstance(self._decorated(module, statement, decorator), Place):
            return decorator
        (place,) = self._means(module, statement, decorator.func)
        names = [each.arg for each in self.module(place.module).bindings[place.name][0].node.args.args]
        names += [""] * len(decorator.args)
        arguments = [ast.Constant(...) if name in SHOWN else each for name, each in zip(names, decorator.args)]
        return ast.Call(decorator.func, arguments, [each for each in decorator.keywords if each.arg not in SHOWN])

    def _effect(self, module: Module, statement: Statement, node: ast.stmt) -> bool | Place:
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            return False
        if isinstance(node, DEFINITIONS):
            effects = [self._decorated(module, statement, each) for each in node.decorator_list]
            if isinstance(node, ast.ClassDef):
                effects += [
                    bool(node.keywords),
                    *(self._hears_of_subclasses(module, statement, each) for each in node.bases),
                ]
                effects += [bool(self._effect(module, statement, each)) for each in node.body]
            else:
                defaults = [*node.args.defaults, *filter(None, node.args.kw_defaults)]
                effects += [self._acts(module, statement, each) for each in defaults]
            found = [effect for effect in effects if effect]
            return found[0] if len(found) == 1 else bool(found)
        if isinstance(node, (ast.Assign, ast.AnnAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            plain = not any(isinstance(each, (ast.Attribute, ast.Subscript)) for t in targets for each in ast.walk(t))
            return not plain or (node.value is not None and self._acts(module, statement, node.value))
        return True

    def _decorated(self, module: Module, statement: Statement, decorator: ast.expr) -> bool | Place:
        call = isinstance(decorator, ast.Call)
        if call and any(self._acts(module, statement, each) for each in decorator.args):
            return True
        callee = decorator.func if call else decorator
        if (isinstance(callee, ast.Attribute) and callee.attr in ACCESSORS) or self._understood(
            module, statement, callee
        ):
            return False
        places = self._means(module, statement, callee)
        if len(places) != 1 or (isinstance(callee, ast.Attribute) and callee.attr != next(iter(places)).name):
            return True  # @f.register is not @f
        effect = self._registry(next(iter(places)))
        return effect if call or not isinstance(effect, Place) else True

    def _understood(self, module: Module, statement: Statement, callee: ast.expr) -> bool:
        callee = callee.value if isinstance(callee, ast.Subscript) else callee
        if isinstance(callee, ast.Name) and not self.lookup(module, statement, (callee.id,)):
            return callee.id in UNDERSTOOD or callee.id.endswith(ERRORS)
        places = self._means(module, statement, callee)
        return bool(places) and all(not place.module and place.name in UNDERSTOOD for place in places)

    def _means(self, module: Module, statement: Statement, node: ast.AST) -> set[Place]:
        return {place for path, _ in references(node) for place in self.lookup(module, statement, path)}

    def _registry(self, place: Place) -> bool | Place:
        """Whether decorating by this function of ours may change anything; the dictionary if it enters a name there.

        Understood is one that uses nothing of ours but a single dictionary, as in `ENTRIES[function.__name__] = ...`, and
        classes that run no code of their own when an object is made.
        """
        module, statement = self._definition(place)
        if not isinstance(statement and statement.node, ast.FunctionDef):
            return True
        nodes, uses = list(ast.walk(statement.node)), {path for path, weak in statement.uses if not weak}
        bases, mentioned = [], [node.id for node in nodes if isinstance(node, ast.Name)]
        for node in nodes:
            match node:
                case ast.Subscript(value=ast.Name(id=name), slice=ast.Attribute(attr="__name__"), ctx=ast.Store()):
                    bases.append(name)
                case ast.Subscript(ctx=ast.Store()) | ast.Attribute(ctx=ast.Store()) | ast.AugAssign() | ast.Expr():
                    return True
                case ast.Global() | ast.Nonlocal() | ast.Import() | ast.ImportFrom() | ast.Delete():
                    return True
        if len(set(bases)) > 1 or any((name,) not in uses or mentioned.count(name) > len(bases) for name in bases):
            return True
        places = {place for name in bases for place in self.lookup(module, statement, (name,))}
        used = {place for path in uses for place in self.lookup(module, statement, path) if place.module}
        if not all(self._is_inert(place) for place in used - places):
            return True
        for registry in places:
            dictionary = self._definition(registry)[1]
            if not isinstance(getattr(dictionary and dictionary.node, "value", None), ast.Dict):
                return True
        return places.pop() if len(places) == 1 else bool(places)

    def _definition(self, place: Place) -> tuple[Module | None, Statement | None]:
        """The one statement that binds a name of ours, None for a library's, a module, or several."""
        module = self.module(place.module) if place.module else None
        found = module.bindings.get(place.name, []) if module else []
        return module, found[0] if len(found) == 1 else None

    def _is_inert(self, place: Place) -> bool:
        """Whether it is a class of ours whose objects are made without code of ours: most dataclasses."""
        module, statement = self._definition(place)
        if not isinstance(statement and statement.node, ast.ClassDef) or statement.node.keywords:
            return False
        named = [*statement.node.bases, *(getattr(each, "func", each) for each in statement.node.decorator_list)]
        methods = {each.name for each in statement.node.body if isinstance(each, DEFINITIONS)}
        return not methods & MAKING and all(self._understood(module, statement, each) for each in named)

    def _acts(self, module: Module, statement: Statement, value: ast.expr) -> bool:
        """Whether computing a value may change something: it calls a function or a method of ours, or hands anything of ours to
        a library's function, or a function to a builtin. What only libraries compute from constants changes nothing."""
        for call in _calls(value):
            builtin = isinstance(call.func, ast.Name) and not self.lookup(module, statement, (call.func.id,))
            if builtin and call.func.id in ACTING:
                return True
            if any(place.module and not self._is_inert(place) for place in self._means(module, statement, call.func)):
                return True
            for part in [*call.args, *(keyword.value for keyword in call.keywords)]:
                for path, _ in references(part):
                    for place in self.lookup(module, statement, path):
                        node = getattr(self._definition(place)[1], "node", None)
                        variable = isinstance(node, (ast.Assign, ast.AnnAssign)) and path[-1] == place.name
                        if place.module and not self._is_inert(place) and not (builtin and variable):
                            return True
        return False

    def _hears_of_subclasses(self, module: Module, statement: Statement, base: ast.expr) -> bool:
        """Whether a base class of ours has a metaclass or __init_subclass__."""
        for place in self._means(module, statement, base):
            other = self.module(place.module) if place.module else None
            for binding in other.bindings.get(place.name, []) if other else []:
                if not isinstance(binding.node, ast.ClassDef) or binding.node.keywords:
                    return True
                if any(getattr(each, "name", "") == "__init_subclass__" for each in binding.node.body):
                    return True
                if binding is not statement and any(
                    self._hears_of_subclasses(other, binding, each) for each in binding.node.bases
                ):
                    return True
        return False


def _calls(value: ast.expr) -> Iterator[ast.Call]:
    """The calls that computing a value makes: those in a lambda only where it is handed to another call."""
    todo = [value]
    while todo:
        node = todo.pop()
        if isinstance(node, ast.Call):
            yield from (each for each in ast.walk(node) if isinstance(each, ast.Call))
        elif not isinstance(node, ast.Lambda):
            todo += ast.iter_child_nodes(node)
