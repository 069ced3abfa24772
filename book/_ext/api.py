"""The package's public functions: a directive that shows their docstrings, and a link to it from every mention in code
font, `module.function`. The sources are read as text, so that a page of functions costs no import."""

import ast
import re
from functools import lru_cache

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

from pacbayes_curvature.provenance import PACKAGE

LOG = logging.getLogger(__name__)
PAGE = "book/api"
MENTION = re.compile(r"(?:pacbayes_curvature\.)?(?:derivations\.)?(\w+)\.(\w+)(?:\(.*\))?")


@lru_cache
def _definitions(module: str) -> list[tuple[str, str, str]]:
    """Name, signature and docstring of each public function and class of `module` ("derivations.fisher")."""
    tree = ast.parse(PACKAGE.joinpath(*module.split(".")).with_suffix(".py").read_text(encoding="utf-8"))
    return [
        (node.name, _signature(node), ast.get_docstring(node) or "")
        for node in tree.body
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and not node.name.startswith("_")
    ]


def _signature(node: ast.FunctionDef | ast.ClassDef) -> str:
    if isinstance(node, ast.ClassDef):
        return f"class {node.name}"
    returns = f" -> {ast.unparse(node.returns)}" if node.returns else ""
    return f"{node.name}({ast.unparse(node.args)}){returns}"


def _id(module: str, name: str) -> str:
    return nodes.make_id(f"api-{module.split('.')[-1]}-{name}")


class Functions(SphinxDirective):
    """```{functions} bounds```: the public functions of a module, with their docstrings as they are written."""

    required_arguments = 1

    def run(self):
        module = self.arguments[0]
        shown = []
        for name, signature, docstring in _definitions(module):
            self.env.api_functions[module.split(".")[-1], name] = _id(module, name)
            title = nodes.paragraph("", "", nodes.strong("", "", nodes.literal(name, name)))
            text = f"{signature}\n\n{docstring}"
            block = nodes.literal_block(text, text, language="none", classes=["docstring"])
            shown.append(nodes.container("", title, block, ids=[_id(module, name)]))
        return shown


class LinkMentions(SphinxPostTransform):
    """Turn `module.function` in code font into a link to its docstring."""

    default_priority = 50

    def run(self, **kwargs):
        if self.env.docname == PAGE:
            return
        for literal in list(self.document.findall(nodes.literal)):
            found = MENTION.fullmatch(literal.astext())
            if not found or found[1] not in {module for module, _ in self.env.api_functions}:
                continue
            target = self.env.api_functions.get(found.groups())
            if target is None:
                LOG.warning("%s has no public function %s", *found.groups(), location=literal)
            elif not isinstance(literal.parent, nodes.reference):
                uri = f"{self.app.builder.get_relative_uri(self.env.docname, PAGE)}#{target}"
                reference = nodes.reference("", "", internal=True, refuri=uri)
                literal.replace_self(reference)
                reference += literal


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_directive("functions", Functions)
    app.add_post_transform(LinkMentions)
    app.connect("env-before-read-docs", lambda app, env, names: setattr(env, "api_functions", {}))  # builds are clean
    return {"parallel_read_safe": False, "parallel_write_safe": True}
