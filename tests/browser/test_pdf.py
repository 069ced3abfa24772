"""The book's PDF as a reader meets it: outline, contents, figures, fonts, margins, links, metadata."""

import multiprocessing
import re
import subprocess
import sys
from functools import lru_cache

import pikepdf
import pypdfium2
import pytest
import yaml
from bs4 import BeautifulSoup

from paper.book import version
from release import archive, document, pdf

ROOT = version.ROOT
SITE = ROOT / "build" / "html"
PDF = ROOT / "build" / f"{archive.NAME}.pdf"
MM = 72 / 25.4
NUMBERS = "figcaption .caption-number"
BOOK = document.parts(yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8")))
PAGES = [name for _, names in BOOK for name in names]


@pytest.fixture(scope="module")
def book():
    with pikepdf.open(PDF) as opened:
        yield opened


@lru_cache
def drawn() -> pypdfium2.PdfDocument:
    return pypdfium2.PdfDocument(PDF)


@lru_cache
def texts() -> list[str]:
    return [page.get_textpage().get_text_range() for page in drawn()]


@lru_cache
def articles() -> dict[str, BeautifulSoup]:
    pages = {name: BeautifulSoup((SITE / f"{name}.html").read_text(encoding="utf-8"), "lxml") for name in PAGES}
    return {name: page.select_one("article.bd-article") for name, page in pages.items()}


def title(name: str) -> str:
    heading = articles()[name].h1
    return " ".join(re.sub(r"\\[()]", "", heading.get_text().removesuffix("#")).split())


def page_of(book, target) -> int:
    return next(number for number, page in enumerate(book.pages) if page.objgen == target.objgen)


def test_the_outline_has_every_part_and_page_of_the_book(book):
    with book.open_outline() as outline:
        found = [(item.title, [below.title for below in item.children]) for item in outline.root]
        first = [below.title for below in outline.root[0].children]
    sections = [document.Entry(str(h), "").text.removesuffix("#") for h in articles()[PAGES[0]].select("h2")]
    expected = [
        (title(PAGES[0]), sections),
        *((caption, [title(name) for name in names]) for caption, names in BOOK[1:]),
    ]
    assert first == sections and found == expected


def test_the_contents_give_the_page_of_each_heading(book):
    first = page_of(book, book.Root.Dests["/" + document.page_id(PAGES[0])][0])
    seen = 0
    for number in range(1, first):
        text, links = drawn()[number].get_textpage(), {}
        for link in book.pages[number].Annots:
            box = [float(side) for side in link.Rect]
            if box[3] - box[1] > 4:  # a link at the end of a page has a sliver without letters there
                links.setdefault(str(link.Dest), []).append(box)
        letters = [(text.get_charbox(i), text.get_text_range(i, 1).strip()) for i in range(text.count_chars())]
        for target, boxes in links.items():
            # By hand, since PDFium takes lines of dots and numbers for columns of letters.
            line = [
                (left, letter)
                for (left, bottom, right, top), letter in letters
                if any(
                    x1 - 7 * MM <= (left + right) / 2 <= x1 and y0 <= (bottom + top) / 2 <= y1
                    for _, y0, x1, y1 in boxes
                )
            ]
            assert (
                int("".join(letter for _, letter in sorted(line))) == page_of(book, book.Root.Dests[target][0]) + 1
            ), target
            seen += 1
    with book.open_outline() as outline:
        assert seen == sum(1 for _ in walk(outline.root)) > len(PAGES)


def walk(items):
    for item in items:
        yield item
        yield from walk(item.children)


def test_every_heading_stands_where_the_outline_says(book):
    with book.open_outline() as outline:
        for item in walk(outline.root):
            number = page_of(book, item.to_dictionary_object(book).Dest[0])
            words = re.sub(r"\\\w+|[^\w ]", " ", item.title).split()
            assert words and words[0] in texts()[number], (item.title, number + 1)


def test_each_page_of_a_chapter_says_its_number_and_the_book(book):
    first = page_of(book, book.Root.Dests["/" + document.page_id(PAGES[0])][0])
    for number, text in enumerate(texts()[first:], start=first + 1):
        assert "PAC-Bayes bounds from the curvature of the loss" in text, number
        assert re.search(rf"(?m)^{number}\s*$", text), number


def test_no_page_is_nearly_empty_and_their_number_is_that_of_a_book():
    assert 100 <= len(texts()) <= 450
    bare = [number for number, text in enumerate(texts(), start=1) if len(text) < 120]  # the head alone is 70
    assert bare == []


def test_nothing_is_left_of_the_source():
    raw = re.compile(r".*(?:\$\$|\\\(|\\\[|\\begin\{|\\frac|\\mathrm|```|\?\?|Show code).*")
    code = "".join("".join(pre.get_text().split()) for article in articles().values() for pre in article.select("pre"))
    lines = (match[0] for text in texts() for match in raw.finditer(text))
    assert [line for line in lines if "".join(line.split()) not in code] == []


def test_every_figure_of_the_site_is_there_with_its_number_and_alternative_text(book):
    figures = [item for item in structure(book.Root.StructTreeRoot) if item.get("/S") == "/Figure" and item.get("/Alt")]
    images = [image["alt"] for article in articles().values() for image in article.select("img")]
    assert sorted(str(item.Alt) for item in figures) == sorted(images) and len(images) > 40
    numbers = [n.get_text().strip() for a in articles().values() for n in a.select(NUMBERS)]
    text = "\n".join(texts())
    assert len(numbers) > 40 and [n for n in numbers if not re.search(rf"{re.escape(n)}\b", text)] == []


def structure(item):
    """The elements below `item` of the tree of tags."""
    todo = [item]
    while todo:
        item = todo.pop()
        kids = item.get("/K", [])
        kids = kids if isinstance(kids, pikepdf.Array) else [kids]
        below = [kid for kid in kids if isinstance(kid, pikepdf.Dictionary) and ("/S" in kid or "/K" in kid)]
        yield from below
        todo += below


def test_all_fonts_are_embedded(book):
    fonts = {font.objgen: font for page in book.pages for font in page.Resources.get("/Font", {}).values()}
    assert len(fonts) > 5
    for font in fonts.values():
        if font.Subtype != "/Type3":  # whose glyphs are drawings in the file
            descriptor = font.get("/DescendantFonts", [font])[0].FontDescriptor
            assert "/FontFile2" in descriptor or "/FontFile3" in descriptor, font.BaseFont


def test_nothing_reaches_into_the_margins():
    """Seen, not read: the boxes that a PDF gives for the parts of large brackets are not where their ink is."""
    scale = 1.5
    side, edge = (
        round((20 * MM - 2) * scale),
        round(8 * MM * scale),
    )  # the margins of print.css; above and below are its lines
    marked = []
    for number, page in enumerate(drawn(), start=1):
        assert [round(size) for size in page.get_size()] == [595, 842]
        ink = page.render(scale=scale, grayscale=True).to_numpy().squeeze() < 200
        assert ink.any()
        if ink[:, :side].any() or ink[:, -side:].any() or ink[:edge].any() or ink[-edge:].any():
            marked.append(number)
    assert marked == []


def test_links_lead_to_places_in_the_book_or_to_the_web(book):
    places, inside, outside = set(book.Root.Dests.keys()), 0, set()
    for page in book.pages:
        for link in page.get("/Annots", []):
            if "/Dest" in link:
                assert str(link.Dest) in places
                inside += 1
            else:
                outside.add(str(link.A.URI))
    # The pages with the package's code are on the site only.
    targets = [link["href"] for article in articles().values() for link in article.select("a.internal[href]")]
    linked = sum("_modules/" not in target for target in targets)
    assert inside > 0.8 * linked > 200
    assert [uri for uri in outside if not re.match(r"https?://", uri)] == []


def test_metadata(book):
    about = version.citation()
    with book.open_metadata() as meta:
        assert meta["dc:title"] == about["title"] and meta["dc:creator"] == [a["name"] for a in about["authors"]]
        assert meta["xmp:CreateDate"].startswith(about["date-released"])
    assert str(book.docinfo["/Title"]) == about["title"]
    assert str(book.docinfo["/CreationDate"]).startswith("D:" + about["date-released"].replace("-", ""))
    assert book.Root.Lang == "en" and book.Root.MarkInfo.Marked and book.Root.PageMode == "/UseOutlines"
    assert version.label() in " ".join(texts()[0].split())


def in_a_process(function, *arguments):
    """Playwright allows one loop a thread, and the other tests' browser has that of this one."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply_async(function, arguments).get(timeout=500)


def test_a_formula_that_cannot_be_read_is_refused(tmp_path):
    page = tmp_path / "page.html"
    long = "+".join(f"x_{{{n}}}" for n in range(200))
    script = (SITE / "_static" / "mathjax" / "tex-chtml-full.js").as_uri()
    page.write_text(
        f"<script src='{script}'></script><article class='book' style='width:170mm'><div class='chapter' id='c'>\\[{long}\\]"
    )
    with pytest.raises(pdf.Refused, match=r"too wide for the page at 0.55 of its size: c: x0\+x1"):
        in_a_process(pdf._printed, pdf.chromium(), page, [])
    page.write_text(page.read_text() + "<img src='gone.png'>")
    with pytest.raises(pdf.Refused, match=r"not found: file:.*gone\.png"):
        in_a_process(pdf._printed, pdf.chromium(), page, [])


def test_without_a_browser_or_a_site_nothing_is_begun(tmp_path, monkeypatch):
    with pytest.raises(pdf.Refused, match="no site at .*nowhere: run `make book`"):
        pdf.make(tmp_path / "nowhere", tmp_path / "book.pdf", ROOT)
    monkeypatch.setenv("PATH", str(tmp_path))
    done = subprocess.run([sys.executable, "-m", "release.pdf", "--check"], cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (2, "")
    assert (
        done.stderr == "make pdf: none of chromium, chromium-browser, google-chrome is on the PATH: install Chromium\n"
    )
    assert list(tmp_path.iterdir()) == []
