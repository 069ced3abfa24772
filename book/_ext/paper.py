"""What the book needs beyond Jupyter Book: numbers from results, a parameter table, a footer, offline mathematics."""

import importlib.util
import json
import re
import shutil
import sys
from pathlib import Path

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective, SphinxRole

from pacbayes_curvature import __version__, chapters, provenance

LOG = logging.getLogger(__name__)
MATHJAX = ("tex-chtml-full.js", "output/chtml/fonts/woff-v2")  # one bundle and its fonts, of many in the package

FONT_PRELOAD = re.compile(r'<link rel="preload" as="font"[^>]*>\n?')


class Number(SphinxRole):
    """{num}`key:.3f` quotes results/numbers.json; an unknown key is a warning, and so an error of the build."""

    def run(self):
        key, _, form = self.text.partition(":")
        try:
            numbers = json.loads(Path(self.env.srcdir, "results", "numbers.json").read_text(encoding="utf-8"))
            text = format(numbers[key], form)
        except (OSError, KeyError, ValueError) as error:
            LOG.warning("results/numbers.json has no %r: %r", self.text, error, location=self.get_location())
            text = "??"
        return [nodes.inline(text, text, classes=["number"])], []


class ChapterParameters(SphinxDirective):
    """A table for each chapter: the parameters as its notebook declares them."""

    def run(self):
        lines = []
        for source in sorted(_repository(self.env.srcdir).glob("notebooks/*.md")):
            declared = chapters.declared(chapters.read(source))
            lines += [f"**`{source.stem}`**" + ("" if declared else " has no parameters."), ""]
            if not declared:
                continue
            lines += ["```{list-table}", ":header-rows: 1", ":widths: auto", ""]
            lines += ["* - Parameter", "  - Type", "  - Default", "  - Meaning"]
            for name, parameter in declared.items():
                lines += [f"* - `{name}`", f"  - {parameter.type.__name__}", f"  - `{parameter.default!r}`"]
                lines += [f"  - {parameter.help}"]
            lines += ["```", ""]
        container = nodes.container()
        self.state.nested_parse(StringList(lines, self.get_source_info()[0]), self.content_offset, container)
        return container.children


def _repository(srcdir: str | Path) -> Path:
    return Path(srcdir).parent.parent


def _only_in_build(srcdir: str | Path) -> None:
    """The pages of the book are executed notebooks, which exist in build/source only."""
    if Path(srcdir).parts[-2:] != ("build", "source"):
        # Not an exception: Jupyter Book would bury it in two tracebacks.
        sys.exit("The book is built by `make book`, which executes the notebooks first; see README.md.")


def _footer(app: Sphinx, config) -> None:
    config.html_theme_options["extra_footer"] = (
        f"<p>Version {__version__}, code <code>{provenance.code_digest()}</code>. "
        "Text and figures CC BY 4.0, code MIT.</p>"
    )


def _copy_mathjax(app: Sphinx, exception: Exception | None) -> None:
    if exception is None and app.builder.format == "html":
        package = Path(importlib.util.find_spec("sphinx-mathjax-offline").origin).parent / "static" / "mathjax"
        for name in MATHJAX:
            source, target = package / name, Path(app.outdir, "_static", "mathjax", name)
            target.parent.mkdir(parents=True, exist_ok=True)
            (shutil.copytree if source.is_dir() else shutil.copy2)(source, target)


def _drop_repeated_scripts(app: Sphinx, pagename, templatename, context, doctree) -> None:
    """Sphinx 7.4 with sphinx-thebe declares its inline constants twice: a console error on every page."""
    seen, scripts = set(), context.get("script_files", [])
    for script in list(scripts):
        body = getattr(script, "attributes", {}).get("body")
        if body and body in seen:
            scripts.remove(script)
        seen.add(body)


def _drop_font_preloads(app: Sphinx, exception: Exception | None) -> None:
    """A page opened from the file system may not preload fonts: three console errors. Without them it loads them later."""
    if exception is None and app.builder.format == "html":
        for page in Path(app.outdir).rglob("*.html"):
            page.write_text(FONT_PRELOAD.sub("", page.read_text(encoding="utf-8")), encoding="utf-8")


def setup(app: Sphinx) -> dict[str, bool]:
    _only_in_build(app.srcdir)
    app.add_role("num", Number())
    app.add_directive("chapter-parameters", ChapterParameters)
    app.config.mathjax_path = "mathjax/tex-chtml-full.js"
    app.connect("config-inited", _footer)
    # The search quotes the pages it finds, which it may not read when it was opened from the file system.
    app.add_js_file(
        None, body='DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = location.protocol !== "file:"', priority=300
    )
    app.connect("build-finished", _copy_mathjax)
    app.connect("build-finished", _drop_font_preloads)
    app.connect("html-page-context", _drop_repeated_scripts, priority=900)  # after the extensions that add scripts
    return {"parallel_read_safe": True, "parallel_write_safe": True}
