"""The page of the package's functions: their docstrings and their code, a map of the modules, an index of the paper's
statements, and a link to a function from every mention in code font, `module.function`."""

import re
from pathlib import Path

from docutils import nodes
from package_index import Function, code, constants, contents, expand, first_sentence, listed_under, modules, statements
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

LOG = logging.getLogger(__name__)
PAGE = "book/api"
CODE = "code"  # the folder of the pages that show the modules' code
# `bounds.complexity(kl, n)`, but not `claims.yml`
MENTION = re.compile(r"(?:pacbayes_curvature\.)?((?:\w+\.)*(\w+)\.(?!(?:yml|json|csv|md|ipynb|py|npz)$)\w+)(?:\(.*\))?")


class Functions(SphinxDirective):
    """A section for each module that the content lists: what it is, and its public functions with their docstrings."""

    has_content = True

    def run(self):
        listed, unknown = expand(" ".join(self.content))
        for pattern in unknown:
            LOG.warning("the package has no public module %s", pattern, location=self.get_location())
        return [self._section(module) for module in listed]

    def _section(self, module: str) -> nodes.section:
        about, *functions = contents(module)
        section = nodes.section("", nodes.title(module, module), ids=[_id(about)])
        section += [nodes.paragraph("", "", _to_code(about)), _docstring(about.docstring)]
        for function in functions:
            name = nodes.strong("", "", nodes.literal(function.name, function.name))
            title = nodes.paragraph("", "", name, nodes.Text(" "), _to_code(function))
            text = f"{function.signature}\n\n{function.docstring}"
            section += nodes.container("", title, _docstring(text), ids=[_id(function)])
        return section


class ModuleMap(SphinxDirective):
    """The modules in the order of this page, which is read for it, each with the first sentence of its docstring."""

    def run(self):
        shown = []
        for heading, patterns in listed_under(Path(self.env.doc2path(PAGE)).read_text(encoding="utf-8")):
            shown.append(nodes.paragraph("", "", nodes.strong("", heading)))
            shown.append(items := nodes.bullet_list())
            for module in expand(patterns)[0]:
                about = contents(module)[0]
                words = nodes.Text(f": {first_sentence(about.docstring)}")
                items += nodes.list_item("", nodes.paragraph("", "", _link(about), words))
        return shown


class Statements(SphinxDirective):
    """The paper's statements, each with the functions whose docstrings name it."""

    def run(self):
        items = nodes.bullet_list()
        for label, functions in statements().items():
            line = nodes.paragraph("", "", nodes.strong("", label))
            for number, function in enumerate(functions):
                line += [nodes.Text(", " if number else ": "), _link(function)]
            items += nodes.list_item("", line)
        return [items]


class LinkMentions(SphinxPostTransform):
    """Turn `module.function` in code font into a link to its docstring, `experiments.module` into one to the module."""

    default_priority = 50

    def run(self, **kwargs):
        if self.env.docname == PAGE:
            return
        for literal in list(self.document.findall(nodes.literal)):
            found = MENTION.fullmatch(literal.astext())
            if not found or isinstance(literal.parent, nodes.reference):
                continue
            target = mentioned(found[1])
            if target:
                uri = f"{self.app.builder.get_relative_uri(self.env.docname, PAGE)}#{_id(target)}"
                reference = nodes.reference("", "", internal=True, refuri=uri)
                literal.replace_self(reference)
                reference += literal
            elif found[2] in {module.split(".")[-1] for module in modules()}:
                LOG.warning("the package has no public function %s", found[1], location=literal)


def mentioned(name: str) -> Function | None:
    """What a text such as "bounds.complexity" or "layerwise_bounds.inputs" means; a constant means its module."""
    for module in sorted(modules(), key=lambda module: module.count(".")):  # a chapter's module yields to the package's
        for function in contents(module):
            if f".{function.full}".endswith(f".{name}"):
                return function
        if any(f".{module}.{constant}".endswith(f".{name}") for constant in constants(module)):
            return contents(module)[0]
    return None


def code_pages(app: Sphinx):
    """A page for each module with its code, every line with an anchor."""
    for module in modules():
        formatter = HtmlFormatter(linenos="inline", lineanchors="line", cssclass="highlight")
        back = f'<p><a href="../{PAGE}.html#{_id(contents(module)[0])}">Its functions</a></p>'
        body = f"<h1>{module}</h1>\n{back}\n{highlight(code(module), PythonLexer(), formatter)}"
        yield f"{CODE}/{module}", {"title": module, "body": body}, "page.html"


def _id(function: Function) -> str:
    return nodes.make_id(f"api-{function.full}")


def _link(function: Function) -> nodes.reference:
    return nodes.reference("", "", nodes.literal("", function.full), internal=True, refuri=f"#{_id(function)}")


def _docstring(text: str) -> nodes.literal_block:
    return nodes.literal_block(text, text, language="none", classes=["docstring"])


def _to_code(function: Function) -> addnodes.only:
    uri = f"../{CODE}/{function.module}.html#line-{function.line}"
    reference = nodes.reference("", "", nodes.Text("code"), internal=True, refuri=uri)
    return addnodes.only("", reference, expr="builder_html")  # the builder of one long page makes no pages of code


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_directive("functions", Functions)
    app.add_directive("module-map", ModuleMap)
    app.add_directive("statements", Statements)
    app.add_post_transform(LinkMentions)
    app.connect("html-collect-pages", code_pages)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
