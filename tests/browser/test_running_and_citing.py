"""The buttons over the notebooks, the downloads, the commands to copy and the foot of each page, as a reader meets them."""

import base64
from functools import lru_cache
from pathlib import Path

import nbformat
import pytest
from bs4 import BeautifulSoup
from pybtex.database import parse_string

from paper import digest
from paper.book import chapters, version

from .pages import PAGES, ROOT, SITE

NOTEBOOKS = [name for name in PAGES if name.startswith("notebooks/")]


def source(name: str) -> Path:
    """The committed notebook of a page."""
    path = ROOT / Path(name).with_suffix(".ipynb")
    return path if path.exists() else ROOT / "notebooks" / "appendix_dataset.ipynb"


def links(name: str, group: str) -> dict[str, str]:
    anchors = parsed(name).select(f".dropdown-{group}-buttons a")
    return {anchor.get_text(strip=True): anchor["href"] for anchor in anchors}


@lru_cache
def parsed(name: str) -> BeautifulSoup:
    return BeautifulSoup((SITE / name).read_text(encoding="utf-8"), "html.parser")


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_the_buttons_lead_to_the_committed_notebook(name):
    launch, path = links(name, "launch"), source(name).relative_to(ROOT)
    assert launch["Binder"].startswith("https://mybinder.org/v2/") and launch["Binder"].endswith(
        f"/{version.branch()}?urlpath=lab/tree/{path}"
    )
    if "//github.com/" in version.repository():
        address = version.repository().replace("https://github.com/", "https://colab.research.google.com/github/")
        assert launch["Colab"] == f"{address}/blob/{version.branch()}/{path}"
    downloads = links(name, "download")
    for suffix in (".ipynb", ".md"):
        assert (
            base64.b64decode(downloads[suffix].partition(";base64,")[2])
            == source(name).with_suffix(suffix).read_bytes()
        )
    executed = nbformat.read((SITE / name).parent / downloads[".ipynb with outputs"], 4)
    assert any(cell.get("outputs") for cell in executed.cells)


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_no_page_shows_the_cell_that_fetches_the_package(name):
    assert "find_spec" not in parsed(name).select_one("article").get_text()


@pytest.mark.parametrize("name", [name for name in PAGES if name != "index.html"])
def test_the_foot_names_version_date_and_code(name):
    foot = " ".join(element.get_text() for element in parsed(name).select("footer"))
    assert version.label() in foot and digest.of_modules() in foot


@pytest.mark.parametrize("suffix", [".ipynb", ".md"])
def test_a_notebook_is_saved_without_a_network(visit, tmp_path, suffix):
    page = visit("notebooks/appendix_cifar2.html")
    page.locator(".dropdown-download-buttons > button").click()
    with page.expect_download() as saved:
        page.locator(".dropdown-download-buttons a", has_text=suffix).first.click()
    saved.value.save_as(tmp_path / "saved")
    assert saved.value.suggested_filename == f"appendix_dataset{suffix}"
    assert (tmp_path / "saved").read_bytes() == (ROOT / "notebooks" / f"appendix_dataset{suffix}").read_bytes()


def test_bibtex_is_copied_and_can_be_read(visit):
    page = visit("book/cite.html")
    blocks = page.locator(".highlight-bibtex")
    assert blocks.count() == page.locator(".highlight-bibtex button.copybtn").count() == 5
    entries = [
        entry
        for block in blocks.all()
        for entry in parse_string(block.locator("pre").text_content(), "bibtex").entries.values()
    ]
    assert entries[0].fields["title"] == f"{{{version.citation()['title']}}}" and entries[1].fields["year"] == "2020"
    figures = page.locator("article li a code")
    assert figures.count() > 20 and all(text.startswith("fig-") for text in figures.all_text_contents())


def test_every_chapter_has_commands_costs_and_parameters():
    page = parsed("book/rerun.html")
    for path in sorted((ROOT / "notebooks").glob("*.md")):
        (command,) = [
            pre for pre in page.select("section section section pre") if f"NAME={path.stem}" in pre.get_text()
        ]
        section = command.find_parent("section")
        costs, *parameters = section.select("table")
        rows = [
            [cell.get_text() for cell in row.select("td")]
            for table in (costs, *parameters)
            for row in table.select("tbody tr")
        ]
        assert rows[0][0] == "as in the book" and rows[0][3].endswith(" MB") and rows[0][4] == "none"
        declared = chapters.declared(chapters.read(path)).items()
        expected = [[name, p.type.__name__, repr(p.default), p.help] for name, p in declared]
        assert rows[len(rows) - len(expected) :] == expected


def test_a_chapters_command_can_be_copied(visit):
    page = visit("book/rerun.html")
    assert page.locator("#rerun-07-accuracy-vs-complexity button.copybtn").count() == 1
