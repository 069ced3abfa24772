"""What the book needs beyond Jupyter Book: a footer, offline mathematics."""

import importlib.util
import re
import shutil
import sys
from pathlib import Path

from sphinx.application import Sphinx

from paper import digest
from paper.book import version

MATHJAX = ("tex-chtml-full.js", "output/chtml/fonts/woff-v2")  # one bundle and its fonts, of many in the package

FONT_PRELOAD = re.compile(r'<link rel="preload" as="font"[^>]*>\n?')


def _only_in_build(srcdir: str | Path) -> None:
    """The pages of the book are executed notebooks, which exist in build/source only."""
    if Path(srcdir).parts[-2:] != ("build", "source"):
        # Not an exception: Jupyter Book would bury it in two tracebacks.
        sys.exit("The book is built by `make book`, which executes the notebooks first; see README.md.")


def _footer(app: Sphinx, config) -> None:
    config.html_theme_options["extra_footer"] = (
        f"<p>{version.label()}, code <code>{digest.of_modules()}</code>. Text and figures CC BY 4.0, code MIT.</p>"
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


def _bibliography_is_a_list(app: Sphinx, pagename, templatename, context, doctree) -> None:
    """The entries of a list must be its items: docutils gives them a role that ARIA has given up."""
    if "body" in context:
        context["body"] = context["body"].replace('role="doc-biblioentry"', 'role="listitem"')


def _drop_font_preloads(app: Sphinx, exception: Exception | None) -> None:
    """A page opened from the file system may not preload fonts: three console errors. Without them it loads them later."""
    if exception is None and app.builder.format == "html":
        for page in Path(app.outdir).rglob("*.html"):
            page.write_text(FONT_PRELOAD.sub("", page.read_text(encoding="utf-8")), encoding="utf-8")


def setup(app: Sphinx) -> dict[str, bool]:
    _only_in_build(app.srcdir)
    app.config.mathjax_path = "mathjax/tex-chtml-full.js"
    app.connect("config-inited", _footer)
    # The search quotes the pages it finds, which it may not read when it was opened from the file system.
    app.add_js_file(
        None, body='DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = location.protocol !== "file:"', priority=300
    )
    app.connect("build-finished", _copy_mathjax)
    app.connect("build-finished", _drop_font_preloads)
    app.connect("html-page-context", _bibliography_is_a_list)
    app.connect("html-page-context", _drop_repeated_scripts, priority=900)  # after the extensions that add scripts
    return {"parallel_read_safe": True, "parallel_write_safe": True}
