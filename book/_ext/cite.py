"""BibTeX for the book, its results, its figures and the paper, made from CITATION.cff, the data package and references.bib."""

from functools import cache
from pathlib import Path

from docutils import nodes
from pybtex.database import parse_file
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

from paper import experiments
from paper.book import version
from paper.results.package import read

LOG = logging.getLogger(__name__)
KEY = "pacbayes-curvature"
PAPER = "anonymous2020"


def bibtex(what: str, source: Path) -> str:
    """BibTeX for `what`: "book", "paper", "results", one table "results/FOLDER/NAME.csv", or one figure "PAGE#fig-NAME".

    `source` is the folder that the book is built from. Raises ValueError for anything else.
    """
    if what == "paper":
        entry = parse_file(source / "book" / "references.bib").entries[PAPER]
        people = " and ".join(str(person) for person in entry.persons["author"])
        return _text(entry.type, PAPER, {"author": people, **entry.fields})
    about = version.citation()
    if what == "book":
        return _ours(KEY, about["title"], about["date-released"], f"Version {version.VERSION}")
    page, _, figure = what.partition("#")
    if figure:
        note = f"Figure {figure} of version {version.VERSION}"
        return _ours(f"{KEY}-{figure}", about["title"], about["date-released"], note, f"{page}.ipynb")
    package = _package(source / "results")
    if what == "results":
        note = f"Data package {package['name']}, version {package['version']}"
        return _ours(f"{KEY}-results", package["title"], package["created"], note, "results")
    for table in package["resources"]:
        if what == f"results/{table['path']}":
            note = f"Version {package['version']}, {table['hash'].replace(':', ' ')}"
            title = f"{table['title']}. {package['title']}"
            return _ours(f"{KEY}-{table['name']}", title, package["created"], note, what)
    raise ValueError(f"no BibTeX for {what!r}; valid: book, paper, results, results/FOLDER/NAME.csv, PAGE#fig-NAME")


@cache
def _package(folder: Path) -> dict:
    return read(folder, experiments.tables())


def _ours(key: str, title: str, date: str, note: str, path: str = "") -> str:
    address = version.repository() + (f"/tree/{version.branch()}/{path}" if path else "")
    fields = {
        "author": " and ".join(f"{{{author['name']}}}" for author in version.citation()["authors"]),
        "title": f"{{{title}}}",
        "year": date[:4],
        "month": str(int(date[5:7])),
        "note": note,
        "howpublished": f"\\url{{{address}}}",
    }
    return _text("misc", key, fields)


def _text(kind: str, key: str, fields: dict[str, str]) -> str:
    # By hand, since pybtex writes a_b as a\_b, in addresses too.
    lines = [f"  {name} = {{{value}}}," for name, value in fields.items()]
    return "\n".join([f"@{kind}{{{key},", *lines, "}"])


class Bibtex(SphinxDirective):
    """```{bibtex} WHAT```: a code block with the entry, see `bibtex`."""

    required_arguments = 1

    def run(self):
        try:
            text = bibtex(self.arguments[0], Path(self.env.srcdir))
        except ValueError as error:
            LOG.warning("%s", error, location=self.get_location())
            return []
        figure = self.arguments[0].partition("#")[2]
        return [nodes.literal_block(text, text, language="bibtex", figure=figure)]


class figures(nodes.General, nodes.Element):
    """Stands for the list of figures until all pages are read."""


class Figures(SphinxDirective):
    """```{figures}```: every figure of the book that has a name, with the page that it is on."""

    def run(self):
        return [figures()]


class ListFigures(SphinxPostTransform):
    default_priority = 5

    def run(self, **kwargs):
        found = _figures(self.env)
        for block in self.document.findall(lambda node: isinstance(node, nodes.literal_block) and node.get("figure")):
            if block["figure"] not in found:
                LOG.warning("the book has no figure %s", block["figure"], location=block)
        for place in list(self.document.findall(figures)):
            items = nodes.bullet_list()
            for name, page in sorted(found.items(), key=lambda item: (item[1], item[0])):
                uri = self.app.builder.get_relative_uri(self.env.docname, page)
                link = nodes.reference("", "", nodes.literal("", name), internal=True, refuri=f"{uri}#{name}")
                chapter = nodes.Text(f", {self.env.titles[page].astext()}")
                items += nodes.list_item("", nodes.paragraph("", "", link, chapter))
            place.replace_self(items)


def _figures(env: BuildEnvironment) -> dict[str, str]:
    labels = env.get_domain("std").anonlabels
    return {name: page for name, (page, _) in labels.items() if name.startswith("fig-")}


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_node(figures)
    app.add_directive("bibtex", Bibtex)
    app.add_directive("figures", Figures)
    app.add_post_transform(ListFigures)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
