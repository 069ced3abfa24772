"""The buttons over a notebook page: Binder and Colab open the committed notebook, the downloads are part of the site."""

import shutil
from pathlib import Path

from sphinx.application import Sphinx

from pacbayes_curvature import data, edition

DOWNLOADS = {  # suffix: what the button says, icon
    ".ipynb": ("Notebook to run, without outputs", "fas fa-code"),
    ".md": ("Source of the notebook", "fas fa-file"),
}


def notebook(page: str) -> str:
    """The notebook that a page is made from, both as paths without suffix: several pages may come from one notebook."""
    return "notebooks/appendix_dataset" if page.removeprefix("notebooks/appendix_") in data.NAMES else page


def _settings(app: Sphinx, config) -> None:
    options = config.html_theme_options
    options["repository_url"], options["repository_branch"] = edition.repository(), edition.branch()
    if "//github.com/" not in edition.repository():
        options["launch_buttons"].pop("colab_url", None)  # it opens repositories on GitHub only
        if "gitlab" not in edition.repository():
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
            "url": context["pathto"](f"{source}{suffix}", resource=True),
            "text": suffix,
            "icon": icon,
            "tooltip": words,
            "label": f"download{suffix.replace('.', '-')}-button",
        }
        for suffix, (words, icon) in DOWNLOADS.items()
    ] + [executed, *others]


def _copy_notebooks(app: Sphinx, exception: Exception | None) -> None:
    if exception is None and app.builder.format == "html":
        for path in sorted((edition.ROOT / "notebooks").glob("*.*")):
            if path.suffix in DOWNLOADS:
                shutil.copy2(path, Path(app.outdir, "notebooks"))


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("config-inited", _settings)
    app.connect("html-page-context", _buttons, priority=900)  # after the theme has made the buttons
    app.connect("build-finished", _copy_notebooks)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
