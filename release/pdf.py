"""Prints the built site as one PDF by Chromium.

    python -m release.pdf build/html build/pacbayes-curvature-VERSION.pdf
    python -m release.pdf --check      only says whether a Chromium is there

Chromium lays the document out twice: the first time tells on which page each heading falls, the second has these numbers in
its table of contents. Then outline, metadata and dates are written, so that the same site gives the same bytes.
"""

import argparse
import datetime
import faulthandler
import html
import io
import re
import shutil
import sys
import tempfile
from pathlib import Path

import pikepdf
import yaml
from matplotlib import get_data_path

from paper.book import version
from paper.files import atomic

from . import document

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
LONGEST = 1800  # seconds, after which a browser that does not answer is given up
SMALLEST = 0.55  # of its size, to which a formula or a table is reduced to fit the column
# Formulas are set, every font is loaded, and then all is laid out anew: what is laid out in between keeps places to a fraction
# of a pixel, which can depend on the order in which the fonts came.
SETTLE = """async () => {
  await MathJax.startup.promise;
  await Promise.all([...document.fonts].map(font => font.load()));
  document.body.style.display = 'none';
  document.body.getBoundingClientRect();
  document.body.style.display = '';
}"""
# What is wider than its column is made smaller; what still is too wide afterwards is returned.
FIT = """() => {
  const widest = element => Math.max(...[element, ...element.querySelectorAll('mjx-math, pre, code')]
    .map(e => e.getBoundingClientRect().right)) - element.getBoundingClientRect().left;
  const room = element => element.parentElement.getBoundingClientRect().width;
  const wide = [];
  for (const element of document.querySelectorAll('mjx-container[display="true"], .book table, .book pre')) {
    let zoom = 1;
    for (let round = 0; round < 4 && widest(element) > room(element) + 0.5; round++) {
      zoom = Math.floor(zoom * 990 * room(element) / widest(element)) / 1000;
      element.style.zoom = zoom;
    }
    if (zoom < SMALLEST || widest(element) > room(element) + 0.5) {
      wide.push(`${element.closest('.chapter')?.id}: ${element.textContent.trim().slice(0, 60)} (${zoom.toFixed(2)})`);
    }
  }
  return wide;
}""".replace("SMALLEST", str(SMALLEST))
NUMBER = """numbers => document.querySelectorAll('.table-of-contents a').forEach(a => {
  a.querySelector('.number').textContent = numbers[a.getAttribute('href').slice(1)];
})"""


class Refused(Exception):
    """The PDF cannot be made; the message says why, in one line."""


def chromium() -> str:
    """The path of the system's Chromium. Raises Refused when there is none."""
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        raise Refused(f"none of {', '.join(BROWSERS)} is on the PATH: install Chromium")
    return found


def make(site: Path, output: Path, root: Path) -> None:
    """Print the `site` of the project in `root`. Raises Refused, before any work, without a browser or a site."""
    browser = chromium()
    if not site.is_dir():
        raise Refused(f"no site at {site}: run `make book`")
    config = yaml.safe_load((root / "_config.yml").read_text(encoding="utf-8"))
    fonts = Path(get_data_path(), "fonts", "ttf")
    with atomic(output) as part, tempfile.TemporaryDirectory(dir=output.parent, prefix=".print-") as folder:
        front = _front(config["title"])
        book = document.assemble(site, root / "_toc.yml", front, fonts, Path(folder))
        page = Path(folder, "book.html")
        page.write_text(book.html, encoding="utf-8")
        _finish(_printed(browser, page, book.contents), part, book.contents, config["title"])


def _front(paper: str) -> str:
    template = Path(__file__).with_name("front.html").read_text(encoding="utf-8")
    title = version.citation()["title"].partition(":")[0]
    values = {"title": title, "paper": paper, "author": ", ".join(_authors()), "edition": version.label()}
    return re.sub(r"\{(\w+)\}", lambda match: html.escape(values[match[1]]), template)


def _printed(browser: str, page: Path, contents: list[document.Entry]) -> bytes:
    # Here, so that the mere check for a browser does not need it.
    from playwright.sync_api import sync_playwright

    failed = []
    with sync_playwright() as playwright:
        chrome = playwright.chromium.launch(executable_path=browser, args=["--no-sandbox"])
        try:
            tab = chrome.new_context(offline=True).new_page()
            tab.set_default_timeout(300_000)  # MathJax sets some thousand formulas
            tab.on("requestfailed", lambda request: failed.append(request.url))
            tab.emulate_media(media="print", color_scheme="light")
            tab.goto(page.resolve().as_uri())
            tab.evaluate(SETTLE)
            wide = tab.evaluate(FIT)
            if failed or wide:
                what = "not found" if failed else f"too wide for the page at {SMALLEST} of its size"
                raise Refused(f"{what}: {'; '.join(failed or wide)}")
            options = {"prefer_css_page_size": True, "print_background": True, "tagged": True}
            # Numbers of three digits take the room that the true ones will need.
            tab.evaluate(NUMBER, {entry.id: "000" for entry in _flat(contents)})
            numbers = {name: number + 1 for name, (number, *_) in _places(tab.pdf(**options)).items()}
            tab.evaluate(NUMBER, numbers)
            final = tab.pdf(**options)
        finally:
            chrome.close()
    if moved := [name for name, (number, *_) in _places(final).items() if numbers[name] != number + 1]:
        raise Refused(f"the numbers in the table of contents moved headings to other pages: {', '.join(moved)}")
    return final


def _flat(entries: list[document.Entry]) -> list[document.Entry]:
    return [entry for one in entries for entry in (one, *_flat(one.below))]


def _places(data: bytes) -> dict[str, tuple[int, float, float]]:
    """Page index, left and top of each id that a link of the document leads to."""
    with pikepdf.open(io.BytesIO(data)) as pdf:
        index = {page.objgen: number for number, page in enumerate(pdf.pages)}
        return {
            name.removeprefix("/"): (index[place[0].objgen], float(place[2]), float(place[3]))
            for name, place in pdf.Root.Dests.items()
        }


def _authors() -> list[str]:
    return [author["name"] for author in version.citation()["authors"]]


def _finish(data: bytes, output: Path, contents: list[document.Entry], paper: str) -> None:
    places = _places(data)

    def item(entry: document.Entry) -> pikepdf.OutlineItem:
        number, left, top = places[entry.id]
        made = pikepdf.OutlineItem(entry.text, number, "XYZ", left=left, top=top)
        made.children.extend(map(item, entry.below))
        made.is_closed = True
        return made

    with pikepdf.open(io.BytesIO(data)) as pdf:
        with pdf.open_outline() as outline:
            outline.root.extend(map(item, contents))
        stamp = datetime.datetime.fromisoformat(version.citation()["date-released"] + "T00:00:00+00:00")
        for name in list(pdf.docinfo):
            del pdf.docinfo[name]
        pdf.docinfo["/CreationDate"] = pdf.docinfo["/ModDate"] = pikepdf.String(f"{stamp:D:%Y%m%d%H%M%S}Z")
        with pdf.open_metadata(set_pikepdf_as_editor=False) as meta:
            meta["dc:title"] = version.citation()["title"]
            meta["dc:creator"] = _authors()
            meta["dc:language"] = {"en"}
            meta["dc:description"] = f'Reproducible edition of "{paper}", version {version.VERSION}'
            meta["dc:rights"] = "CC BY 4.0; code MIT"
            meta["xmp:CreateDate"] = meta["xmp:ModifyDate"] = stamp.isoformat()
        pdf.Root.Lang = pikepdf.String("en")
        pdf.Root.PageMode = pikepdf.Name.UseOutlines
        pdf.Root.ViewerPreferences = pikepdf.Dictionary(DisplayDocTitle=True)
        pdf.save(output, deterministic_id=True, object_stream_mode=pikepdf.ObjectStreamMode.generate)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m release.pdf", description=__doc__.splitlines()[0])
    parser.add_argument("site", type=Path, nargs="?", help="the built site, build/html")
    parser.add_argument("output", type=Path, nargs="?")
    parser.add_argument("--check", action="store_true", help="only say whether a Chromium is there")
    given = parser.parse_args()
    try:
        if given.check:
            chromium()
        elif given.output is None:
            parser.error("site and output are needed")
        else:
            faulthandler.dump_traceback_later(LONGEST, exit=True)
            make(given.site, given.output, Path())
    except (Refused, OSError) as error:
        print(f"make pdf: {error}", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
