"""What a piece of code says, and which names it uses. Only text is read; nothing is imported."""

import ast
import json
from collections.abc import Iterable, Iterator
from functools import cache

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
# What an annotation says beyond the type: whether it declares a field of a dataclass, and of which kind.
KINDS = ("ClassVar", "InitVar", "KW_ONLY")
UNSAID = {"ctx", "kind", "type_comment", "type_params", "type_ignores"}  # and "annotation", "returns"


def parse(text: str) -> ast.Module:
    """The syntax tree without docstrings, `pass`, and the texts that a `raise` or an `assert` shows."""
    return _Strip().visit(ast.parse(text))


class _Strip(ast.NodeTransformer):
    def visit_Expr(self, node: ast.Expr) -> ast.AST | None:
        return None if isinstance(node.value, ast.Constant) else self.generic_visit(node)

    def visit_Pass(self, node: ast.Pass) -> None:
        return None

    def visit_Assert(self, node: ast.Assert) -> ast.AST:
        node.msg = None
        return self.generic_visit(node)

    def visit_Raise(self, node: ast.Raise) -> ast.AST:
        if isinstance(node.exc, ast.Call):
            node.exc.args = [value for value in node.exc.args if not _is_text(value)]
            node.exc.keywords = [keyword for keyword in node.exc.keywords if not _is_text(keyword.value)]
        return self.generic_visit(node)


def _is_text(node: ast.expr) -> bool:
    match node:
        case ast.Constant(value=str()) | ast.JoinedStr():
            return True
        case ast.BinOp(op=ast.Add() | ast.Mod(), left=left, right=right):
            return _is_text(left) or (isinstance(node.op, ast.Add) and _is_text(right))
        case ast.IfExp(body=a, orelse=b):
            return _is_text(a) and _is_text(b)
        case ast.Call(func=ast.Attribute(value=value)):  # "...".format(x), ", ".join(x)
            return _is_text(value)
    return False


def canonical(node: object, annotations: bool = False, field: bool = False) -> object:
    """A tree as nested lists without positions and empty fields, the same on every Python; with its annotations or without.

    In a class the annotation's place is kept: it declares a `field` of a dataclass. Elsewhere `x: int = 1` is `x = 1`.
    """
    if isinstance(node, list):
        inside = (item for item in node if annotations or field or not _declares_only(item))
        return [canonical(item, annotations, field) for item in inside]
    if not isinstance(node, ast.AST):
        return repr(node)
    fields = {name: value for name, value in ast.iter_fields(node) if name not in UNSAID and value not in (None, [])}
    kind = type(node).__name__
    if isinstance(node, ast.JoinedStr):
        fields["values"] = _joined(node.values)
    if not annotations:
        said = fields.pop("annotation", None)
        fields.pop("returns", None)
        if isinstance(node, ast.AnnAssign):
            fields.pop("simple")
            if field:
                fields |= {"annotation": [word for word in KINDS if word in ast.dump(said)]}
            else:
                kind, fields = "Assign", {"targets": [node.target], "value": node.value}
    field = isinstance(node, ast.ClassDef) or (field and not isinstance(node, FUNCTIONS))
    below = {name: canonical(value, annotations, field) for name, value in fields.items()}
    return [kind, [[name, value] for name, value in below.items() if value != []]]


def _declares_only(node: object) -> bool:
    return isinstance(node, ast.AnnAssign) and node.value is None


def _joined(values: list[ast.expr]) -> list[ast.expr]:
    """The parts of an f-string, texts joined: where they are cut differs between Pythons."""
    parts: list[ast.expr] = []
    for value in values:
        if isinstance(value, ast.Constant) and parts and isinstance(parts[-1], ast.Constant):
            parts[-1] = ast.Constant(parts[-1].value + value.value)
        elif not (isinstance(value, ast.Constant) and value.value == ""):
            parts.append(value)
    return parts


@cache
def text(node: ast.AST, annotations: bool = False) -> str:
    """The canonical form as text."""
    return json.dumps(canonical(node, annotations))


def bound(nodes: Iterable[ast.AST]) -> set[str]:
    """The names that statements bind in their own scope: not those bound in functions, classes or comprehensions inside."""
    names, todo = set(), list(nodes)
    while todo:
        match node := todo.pop():
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                names.add(node.name)
                continue
            case ast.Lambda():
                continue
            case ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
                todo += [inner.target for inner in ast.walk(node) if isinstance(inner, ast.NamedExpr)]
                continue
            case ast.Name(id=name, ctx=ast.Store() | ast.Del()) | ast.ExceptHandler(name=str(name)):
                names.add(name)
            case ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)) | ast.MatchMapping(rest=str(name)):
                names.add(name)
        todo += ast.iter_child_nodes(node)
    return names


def references(
    node: ast.AST, local: frozenset = frozenset(), weak: bool = False
) -> Iterator[tuple[tuple[str, ...], bool]]:
    """The names that code uses and does not bind itself, each with its attributes: ("np", "linalg", "norm").

    The second value tells whether the name stands in an annotation. `local`: names of the functions around.
    """
    if isinstance(node, FUNCTIONS):
        arguments = node.args
        every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
        every = [argument for argument in every if argument]
        for outer in [*getattr(node, "decorator_list", []), *arguments.defaults, *filter(None, arguments.kw_defaults)]:
            yield from references(outer, local, weak)
        for annotation in [*(argument.annotation for argument in every), getattr(node, "returns", None)]:
            if annotation:
                yield from references(annotation, local, True)
        body = node.body if isinstance(node.body, list) else [node.body]
        own = bound(body) | {argument.arg for argument in every}
        shared = {
            name for inner in body for each in ast.walk(inner) if isinstance(each, ast.Global) for name in each.names
        }
        for inner in body:
            yield from references(inner, (local | own) - shared, weak)
    elif isinstance(node, COMPREHENSIONS):
        yield from references(node.generators[0].iter, local, weak)
        inside = local | bound(generator.target for generator in node.generators)
        for part in ast.iter_child_nodes(node):
            yield from references(part, inside, weak)
    elif isinstance(node, ast.AnnAssign):
        yield from references(node.annotation, local, True)
        for part in filter(None, (node.target, node.value)):
            yield from references(part, local, weak)
    elif isinstance(node, (ast.Name, ast.Attribute)):
        chain, base = [], node
        while isinstance(base, ast.Attribute):
            chain.append(base.attr)
            base = base.value
        if not isinstance(base, ast.Name):
            yield from references(base, local, weak)
        elif base.id not in local:
            yield (base.id, *reversed(chain)), weak
    elif weak and isinstance(node, ast.Constant) and isinstance(node.value, str):
        try:
            yield from references(ast.parse(node.value, mode="eval"), local, True)
        except SyntaxError:  # a text, as in Literal["a b"]
            return
    else:
        for part in ast.iter_child_nodes(node):
            yield from references(part, local, weak)
