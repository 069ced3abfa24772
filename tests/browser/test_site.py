"""The built book as a reader meets it: in Chromium, from the file system, with the network cut."""

import re
from functools import lru_cache
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
import yaml
from bs4 import BeautifulSoup

from paper.book import notebooks

from .pages import LISTINGS, PAGES, READ, ROOT, SITE, settled


def test_every_entry_of_the_table_of_contents_has_a_page():
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text())
    entries = notebooks.files(toc)
    assert {f"{entry}.html" for entry in entries} | {"index.html", "search.html"} <= set(PAGES)


def test_the_index_opens_the_book(visit):
    page = visit("index.html")
    page.wait_for_url("**/notebooks/index.html")
    assert page.locator("article h1").count() == 1


@pytest.mark.parametrize("name", READ)
def test_page(visit, name):
    sound(visit, name)


@pytest.mark.parametrize("name", LISTINGS)
def test_a_listing_of_code(visit, name):
    sound(visit, name)


@pytest.mark.parametrize("name", READ)
def test_a_page_has_one_fold_at_a_time_and_its_provenance_is_closed(name):
    page = BeautifulSoup((SITE / name).read_text(encoding="utf-8"), "html.parser")
    cells = page.select("div.cell")
    assert [cell for cell in cells if len(cell.select("details.hide")) > 1] == []
    followed = page.select("div.cell.tag_hide-input:has(> details) + div.cell.tag_hide-input:has(> details)")
    assert followed == [], "cells in a row share one"
    for provenance in page.select("details.provenance"):
        assert not provenance.has_attr("open") and not provenance.find_parent(class_="cell").select("details.hide")
    assert len(page.select(".tag_parameters details.hide:not([open])")) == len(page.select(".tag_parameters")) <= 1


def sound(visit, name):
    page = settled(visit(name))
    if page.locator(".math").count():
        unrendered = (
            "() => [...document.querySelectorAll('.math')].filter(e => !e.querySelector('mjx-container')).length"
        )
        assert page.evaluate(unrendered) == 0
        assert page.locator("mjx-merror").count() == 0
    prose = page.evaluate(
        "() => { const copy = document.body.cloneNode(true);"
        "  copy.querySelectorAll('pre, code, script, style, mjx-container').forEach(e => e.remove());"
        "  return copy.textContent; }"
    )
    assert not re.findall(r".*(?:\$\$|\\\(|\\\[|\\begin\{|```|\?\?|\| *-+ *\|).*", prose)
    broken = "() => [...document.images].filter(i => !i.complete || !i.naturalWidth).map(i => i.src)"
    assert page.evaluate(broken) == []
    links = page.evaluate("() => [...document.querySelectorAll('a[href]')].map(a => a.href)")
    assert [link for link in links if link.startswith("file:") and not _exists(link)] == []
    hidden = (  # at 1280 pixels only tables with formulas may have to be scrolled
        "() => [...document.querySelectorAll('.bd-article table')].filter(t => !t.querySelector('mjx-container') &&"
        "  t.getBoundingClientRect().width > t.parentElement.clientWidth + 1).map(t => t.rows[0].textContent)"
    )
    assert page.evaluate(hidden) == []
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 390, "wider than a phone"
    cut_off = (  # to the right a formula scrolls; what lies to the left of its column cannot be reached
        "() => [...document.querySelectorAll('div.math mjx-math')].filter(e =>"
        "  e.getBoundingClientRect().left < e.closest('div.math').getBoundingClientRect().left - 1).length"
    )
    assert page.evaluate(cut_off) == 0
    assert visit.complaints == []


def test_search_finds_a_chapter(visit):
    page = visit("search.html?q=complexity")
    result = page.locator("#search-results a", has_text="complexity").first
    result.wait_for()
    assert _exists(result.evaluate("a => a.href"))
    assert visit.complaints == []


def _exists(link: str) -> bool:
    parts = urlsplit(link)
    path = Path(unquote(parts.path))
    return path.is_file() and (
        not parts.fragment or path.suffix != ".html" or unquote(parts.fragment) in _anchors(path)
    )


@lru_cache
def _anchors(path: Path) -> set[str]:
    return set(re.findall(r'\b(?:id|name)="([^"]+)"', path.read_text(encoding="utf-8")))


def test_a_table_of_rivals_is_sorted_by_its_heads(visit):
    page = visit("notebooks/10_rivals.html")
    table = page.locator(".tag_sortable table").first

    def column(number):
        cells = table.locator(f"tbody tr td:nth-child({number})").all_text_contents()
        return [float(cell.replace(",", "")) for cell in cells if cell[0].isdigit()]

    first = table.locator("tbody tr").all_text_contents()
    assert column(2) == sorted(column(2)), "as the page has it: the smallest certificate first"
    head = table.get_by_role("columnheader", name="KL (nats)")
    head.get_by_role("button").press("Enter")
    assert column(5) == sorted(column(5)) and head.get_attribute("aria-sort") == "ascending"
    head.get_by_role("button").click()
    assert column(5) == sorted(column(5), reverse=True) and head.get_attribute("aria-sort") == "descending"
    own = table.get_by_role("columnheader", name="hold-out bound of the prior")
    own.get_by_role("button").click()
    cells = table.locator("tbody tr td:nth-child(8)").all_text_contents()
    assert [cell[0].isdigit() for cell in cells] == sorted((cell[0].isdigit() for cell in cells), reverse=True)
    assert head.get_attribute("aria-sort") is None, "one column at a time"
    table.get_by_role("columnheader", name="certificate", exact=True).get_by_role("button").click()
    assert table.locator("tbody tr").all_text_contents() == first
    links = table.locator("tbody tr td:first-child a").evaluate_all("all => all.map(a => a.href)")
    assert len(links) == len(first) and all("book_functions.html#" in link for link in links)
    assert visit.complaints == []
