"""Pages without scripts of their own, for servers whose Content-Security-Policy is `default-src 'self'`.

The theme, Sphinx and MathJax write short scripts and handlers of clicks into every page, and pandas styles into its tables. Once the pages are there, each such
script becomes a file in _static/inline, named after what it holds, in the same place among the others; and a handler becomes a
word that _static/clicks.js knows. Before all of them goes _static/first.js. What the theme leaves without a name gets one.
"""

import hashlib
import os
import re
from pathlib import Path

from sphinx.application import Sphinx

SCRIPT = re.compile(r"<script(?P<attributes>(?: data-cfasync=\"false\")?)>(?P<body>.*?)</script>", re.DOTALL)
UNUSED = re.compile(
    r"\s*(DOCUMENTATION_OPTIONS\.pagename = '[^']*';|kernelName = '[^']*')?\s*"
)  # for what this book hasn't
HANDLER = re.compile(r'<button onclick="(?:window\.)?(\w+)\(\)"')  # print(), toggleFullScreen()
PANDAS = re.compile(
    r'<style scoped>.*?</style>|(?<=<tr) style="text-align: (?:left|right);"', re.DOTALL
)  # the theme styles its tables
TOGGLE = '<summary><span class="toctree-toggle"'  # the theme's, without a name
HEAD = "<head>\n"


def strict(html: str, static: str) -> tuple[str, dict[str, str]]:
    """A page without inline scripts, and the scripts: name of the file in `static`/inline, text."""
    scripts = {}

    def outside(found: re.Match) -> str:
        body = found["body"]
        if UNUSED.fullmatch(body):
            return ""
        kind = "mathjax-" if "window.MathJax" in body else ""  # by which release/ finds the settings
        name = f"{kind}{hashlib.sha256(body.encode()).hexdigest()[:12]}.js"
        scripts[name] = body
        return f'<script{found["attributes"]} src="{static}/inline/{name}"></script>'

    html = html.replace(TOGGLE, TOGGLE.replace("<summary>", '<summary aria-label="Pages below">'))
    html = HANDLER.sub(r'<button data-click="\1"', SCRIPT.sub(outside, PANDAS.sub("", html)))
    return html.replace(HEAD, f'{HEAD}    <script src="{static}/first.js"></script>\n', 1), scripts


def _all_pages(app: Sphinx, exception: Exception | None) -> None:
    if exception is not None or app.builder.name not in ("html", "dirhtml"):
        return
    out = Path(app.outdir)
    (out / "_static" / "inline").mkdir(parents=True, exist_ok=True)
    for page in out.rglob("*.html"):
        if "_static" in page.relative_to(out).parts:
            continue
        static = Path(os.path.relpath(out / "_static", page.parent)).as_posix()
        html, scripts = strict(page.read_text(encoding="utf-8"), static)
        page.write_text(html, encoding="utf-8")
        for name, body in scripts.items():
            (out / "_static" / "inline" / name).write_text(body, encoding="utf-8")


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_js_file("clicks.js")
    app.connect("build-finished", _all_pages, priority=900)  # after those that change pages, too
    return {"parallel_read_safe": True, "parallel_write_safe": True}
