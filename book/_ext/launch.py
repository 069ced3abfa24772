"""The buttons over a notebook page: Binder and Colab open the committed notebook, the downloads are part of the page, since a
link to a file next to it saves nothing when the book was opened from the file system: a browser shows the file instead."""

import base64
import re
from pathlib import Path

from sphinx.application import Sphinx

from paper import names
from paper.book import version

DOWNLOADS = {  # suffix: type, what the button says, icon
    ".ipynb": ("application/x-ipynb+json", "Notebook to run, without outputs", "fas fa-code"),
    ".md": ("text/markdown", "Source of the notebook", "fas fa-file"),
}
# The theme opens downloads in a new tab.
OPENS = re.compile(r'(<a href="data:[^,"]*;name=([^;"]*);[^"]*") target="_blank"')


def notebook(page: str) -> str:
    """The notebook that a page is made from, both as paths without suffix: several pages may come from one notebook."""
    return "notebooks/appendix_dataset" if page.removeprefix("notebooks/appendix_") in names.DATASETS else page


def _settings(app: Sphinx, config) -> None:
    options = config.html_theme_options
    options["repository_url"], options["repository_branch"] = version.repository(), version.branch()
    if "//github.com/" not in version.repository():
        options["launch_buttons"].pop("colab_url", None)  # it opens repositories on GitHub only
        if "gitlab" not in version.repository():
            options["repository_provider"] = "github"  # the theme must know one; Binder takes the address as it is


def _buttons(app: Sphinx, page: str, template: str, context: dict, doctree) -> None:
    if context.get("page_source_suffix") != ".ipynb":
        return
    groups = {group.get("label"): group["buttons"] for group in context["header_buttons"] if "buttons" in group}
    source = notebook(page)
    for button in groups.get("launch-buttons", []):
        button["url"] = button["url"].replace(f"{page}.ipynb", f"{source}.ipynb")
        button["tooltip"] = f"Open the notebook on {button['text']}"
    executed, *others = groups["download-buttons"]  # the page's source for Sphinx is the executed notebook
    executed |= {"text": ".ipynb with outputs", "tooltip": "Notebook as executed for this page"}
    groups["download-buttons"][:] = [
        {
            "type": "link",
            "url": _embedded(version.ROOT / f"{source}{suffix}", kind),
            "text": suffix,
            "icon": icon,
            "tooltip": words,
            "label": f"download{suffix.replace('.', '-')}-button",
        }
        for suffix, (kind, words, icon) in DOWNLOADS.items()
    ] + [executed, *others]


def _embedded(path: Path, kind: str) -> str:
    return f"data:{kind};name={path.name};base64,{base64.b64encode(path.read_bytes()).decode()}"


def _save_downloads(app: Sphinx, exception: Exception | None) -> None:
    if exception is None and app.builder.format == "html":
        for page in Path(app.outdir, "notebooks").glob("*.html"):
            page.write_text(OPENS.sub(r'\1 download="\2"', page.read_text(encoding="utf-8")), encoding="utf-8")


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("config-inited", _settings)
    app.connect("html-page-context", _buttons, priority=900)  # after the theme has made the buttons
    app.connect("build-finished", _save_downloads)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
