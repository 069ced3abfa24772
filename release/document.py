"""The pages of the built site as one HTML document for paper, with a title page and a table of contents.

The site's numbers of figures, equations and theorems stay. What needs a screen goes: folded code, buttons, scripts. A link
between pages becomes one within the document; a link to a file of the site becomes plain text, since it would name a place
on this machine.
"""

import copy
import html
import os
import posixpath
import re
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

import yaml
from bs4 import BeautifulSoup, Tag

HEADINGS = ["h1", "h2", "h3", "h4", "h5", "h6"]
# Folded on the site, or of no use on paper.
SCREEN_ONLY = (
    "a.headerlink, a:has(> .viewcode-link), details.above-input, details.below-input, script, style, button, input, select, "
    ".toctree-wrapper, .sd-summary-state-marker, .explorer, span.screen-only"
)


@dataclass
class Entry:
    """A line of the table of contents: the heading as HTML, its id in the document, and the entries below it."""

    title: str
    id: str
    below: list["Entry"] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The title as plain text; mathematics stays as it is written."""
        return " ".join(re.sub(r"\\[()]", "", BeautifulSoup(self.title, "lxml").get_text()).split())


@dataclass(frozen=True)
class Document:
    html: str
    contents: list[Entry]


def parts(toc: dict) -> list[tuple[str, list[str]]]:
    """The pages of _toc.yml in order, below the caption of their part; the root page's caption is empty."""

    def files(entries: list[dict]) -> list[str]:
        found = []
        for entry in entries:
            found += [entry["file"]] if "file" in entry else []
            found += files(entry.get("sections", []))
        return found

    return [("", [toc["root"]]), *((part["caption"], files(part["chapters"])) for part in toc["parts"])]


def assemble(site: Path, toc: Path, front: str, fonts: Path, base: Path) -> Document:
    """All pages of `toc` from the built `site`, after the HTML `front`; paths of files are relative to the folder `base`.

    Raises FileNotFoundError when the site lacks a page.
    """
    sections, contents = [], []
    book = parts(yaml.safe_load(toc.read_text(encoding="utf-8")))
    known = {name for _, names in book for name in names}
    root = os.path.relpath(site, base)
    for number, (caption, names) in enumerate(book):
        entries = contents
        if caption:
            part = Entry(html.escape(caption), f"part-{number}")
            contents.append(part)
            entries = part.below
        for name in names:
            path = site / f"{name}.html"
            if not path.is_file():
                raise FileNotFoundError(f"the site has no page {name}.html: run `make book`")
            article = _article(path, name, known, root, below=bool(caption))
            entry = Entry(_inner(article.find(HEADINGS)), page_id(name))
            entry.below = [Entry(_inner(h), h["id"]) for h in article.find_all("h3" if caption else "h2")]
            heading = f'<h1 class="part" id="{part.id}">{part.title}</h1>' if caption and name == names[0] else ""
            sections.append(f'<section class="chapter" id="{entry.id}">{heading}{article.decode_contents()}</section>')
            entries.append(entry)
    first = BeautifulSoup((site / f"{book[0][1][0]}.html").read_text(encoding="utf-8"), "lxml")
    head = _head(first, posixpath.join(root, posixpath.dirname(book[0][1][0])))
    pages = [chapter for entry in contents for chapter in ([entry] if entry.id.startswith("page") else entry.below)]
    return Document(
        f'<!DOCTYPE html><html lang="en" data-theme="light" data-mode="light"><head><meta charset="utf-8">{head}'
        f"<style>{_typeface(fonts)}{_running_heads(pages)}</style></head><body><main class='bd-main'>"
        f"<article class='bd-article book'>{front}{_contents(contents)}{''.join(sections)}</article></main></body></html>",
        contents,
    )


def _article(path: Path, name: str, known: set[str], root: str, below: bool) -> Tag:
    """The page's text, ready for the document: `below` a part, whose heading is the level above, or not."""
    article = BeautifulSoup(path.read_text(encoding="utf-8"), "lxml").select_one("article.bd-article")
    for cell in article.select(
        ".tag_hide-cell"
    ):  # folded as a whole: its figure is for paper, too, and the rest is on the site
        figures = [figure.extract() for figure in cell.select("figure, img:not(figure img)")]
        note = BeautifulSoup('<p class="elsewhere">The calculation is on the site.</p>', "lxml").p
        cell.replace_with(*figures or [note])
    for element in article.select(SCREEN_ONLY):
        element.decompose()
    for element in article.select("noscript"):
        element.unwrap()
    for element in article.select("details"):
        element["open"] = ""
    for element in article.select("details.screen-only"):
        note = BeautifulSoup(f'<p class="elsewhere">{element.summary.get_text()}: on the site.</p>', "lxml").p
        element.replace_with(note)
    for element in article.find_all(id=True):
        element["id"] = page_id(name, element["id"])
    for section in article.select(
        "section[id]"
    ):  # a section may begin at the end of a page, and its heading on the next
        if heading := section.find(HEADINGS, recursive=False):
            heading["id"] = section.attrs.pop("id")
    for image in article.select("img"):
        image["src"] = posixpath.normpath(posixpath.join(root, posixpath.dirname(name), image["src"]))
        image.attrs.pop("loading", None)
    for link in article.select("a[href]"):
        _redirect(link, name, known)
    if below:
        for heading in article.find_all(HEADINGS[:5]):
            heading.name = f"h{int(heading.name[1]) + 1}"
    return article


def _redirect(link: Tag, name: str, known: set[str]) -> None:
    href = urlsplit(link["href"])
    if href.scheme in ("http", "https", "mailto"):
        return
    path = (
        posixpath.normpath(posixpath.join(posixpath.dirname(name), unquote(href.path))) if href.path else f"{name}.html"
    )
    target = path.removesuffix(".html")
    if href.scheme or not path.endswith(".html") or target not in known:
        link.name = "span"
        link.attrs = {"class": link.get("class", [])}
    else:
        link["href"] = "#" + page_id(target, unquote(href.fragment))


def page_id(name: str, fragment: str = "") -> str:
    """A page's id in the document, or that of one of its places. Ids are unique on their page only, so the page's name comes before them."""
    return "page-" + re.sub(r"\W+", "-", name) + (f"--{fragment}" if fragment else "")


def _inner(heading: Tag) -> str:
    """A heading's content without ids, for the table of contents."""
    clone = copy.copy(heading)
    for element in clone.find_all(True):
        element.attrs.pop("id", None)
        if element.name == "a":
            element.unwrap()
    return clone.decode_contents().strip()


def _head(page: BeautifulSoup, folder: str) -> str:
    """The style sheets and the set-up of MathJax, as the site has them."""
    kept = page.head.select("link[rel=stylesheet]")
    kept += [s for s in page.head.select("script") if "mathjax" in s.get("src", "")]
    for element in kept:
        for name in {"href", "src"} & set(element.attrs):
            element[name] = posixpath.normpath(posixpath.join(folder, element[name]))
    return "".join(map(str, kept))


def _typeface(fonts: Path) -> str:
    """Fonts that come with matplotlib, so that the pages break at the same places on every machine."""
    faces = [
        ("Text", "STIXGeneral", ""), ("Text", "STIXGeneralItalic", "font-style: italic"),
        ("Text", "STIXGeneralBol", "font-weight: bold"), ("Text", "STIXGeneralBolIta", "font-weight: bold; font-style: italic"),
        ("Code", "DejaVuSansMono", ""), ("Code", "DejaVuSansMono-Bold", "font-weight: bold"),
        ("Code", "DejaVuSansMono-Oblique", "font-style: italic"),
        ("Code", "DejaVuSansMono-BoldOblique", "font-weight: bold; font-style: italic"),
    ]  # fmt: skip
    return "".join(
        f'@font-face {{ font-family: "Book {family}"; src: url("{(fonts / name).with_suffix(".ttf").as_uri()}"); {style} }}'
        for family, name, style in faces
    )


def _running_heads(pages: list[Entry]) -> str:
    """A page style for each chapter, which has its title at the top."""
    rules = []
    for number, entry in enumerate(pages[1:]):  # the first is the book's own page, named on the left of every page
        title = entry.text.replace("\\", "\\\\").replace('"', '\\"').replace("<", "\\3c ")
        rules.append(f'@page c{number} {{ @top-right {{ content: "{title}" }} }} #{entry.id} {{ page: c{number} }}')
    return "".join(rules)


def _contents(entries: list[Entry]) -> str:
    """The table of contents; the numbers of the pages are filled in when they are known."""

    def lines(entries: list[Entry]) -> str:
        items = (
            f'<li><a href="#{e.id}"><span>{e.title}</span><span class="dots"></span><span class="number"></span></a>'
            f"{lines(e.below) if e.below else ''}</li>"
            for e in entries
        )
        return f"<ul>{''.join(items)}</ul>"

    return f'<nav class="table-of-contents"><p class="heading">Contents</p>{lines(entries)}</nav>'
