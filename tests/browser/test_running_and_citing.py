"""The buttons over the notebooks, the downloads, the commands to copy and the foot of each page, as a reader meets them."""

import base64
from functools import lru_cache
from pathlib import Path

import nbformat
import pytest
from bs4 import BeautifulSoup
from pybtex.database import parse_string

from paper import digest
from paper.book import notebooks, rerun, version

from .pages import PAGES, READ, ROOT, SITE

NOTEBOOKS = [name for name in PAGES if name.startswith("notebooks/")]


def links(name: str, group: str) -> dict[str, str]:
    anchors = parsed(name).select(f".dropdown-{group}-buttons a")
    return {anchor.get_text(strip=True): anchor["href"] for anchor in anchors}


@lru_cache
def parsed(name: str) -> BeautifulSoup:
    return BeautifulSoup((SITE / name).read_text(encoding="utf-8"), "html.parser")


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_the_buttons_lead_to_the_committed_notebook(name):
    launch, path = links(name, "launch"), Path(name).with_suffix(".ipynb")
    assert launch["Binder"].startswith("https://mybinder.org/v2/") and launch["Binder"].endswith(
        f"/{version.branch()}?urlpath=lab/tree/{path}"
    )
    if "//github.com/" in version.repository():
        address = version.repository().replace("https://github.com/", "https://colab.research.google.com/github/")
        assert launch["Colab"] == f"{address}/blob/{version.branch()}/{path}"
    downloads = links(name, "download")
    committed = [path for path in (ROOT / path, (ROOT / path).with_suffix(".md")) if path.is_file()]
    for file in committed:
        assert base64.b64decode(downloads[file.suffix].partition(";base64,")[2]) == file.read_bytes()
    assert len(downloads) >= len(committed) + 1
    executed = nbformat.read((SITE / name).parent / downloads[".ipynb with outputs"], 4)
    assert any(cell.get("outputs") for cell in executed.cells)


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_no_page_shows_the_cell_that_fetches_the_package(name):
    assert "find_spec" not in parsed(name).select_one("article").get_text()


@pytest.mark.parametrize("name", READ)
def test_the_foot_names_version_date_and_code(name):
    foot = " ".join(element.get_text() for element in parsed(name).select("footer"))
    assert version.label() in foot and digest.of_modules() in foot


@pytest.mark.parametrize("suffix", [".ipynb", ".md"])
def test_a_notebook_is_saved_without_a_network(visit, tmp_path, suffix):
    page = visit("notebooks/08_all_datasets.html")
    page.locator(".dropdown-download-buttons > button").click()
    with page.expect_download() as saved:
        page.locator(".dropdown-download-buttons a", has_text=suffix).first.click()
    saved.value.save_as(tmp_path / "saved")
    assert saved.value.suggested_filename == f"08_all_datasets{suffix}"
    assert (tmp_path / "saved").read_bytes() == (ROOT / "notebooks" / f"08_all_datasets{suffix}").read_bytes()


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
    page = parsed("notebooks/rerun.html")
    for name in rerun.names():
        (command,) = [pre for pre in page.select("article pre") if f"NAME={name}\n" in pre.get_text() + "\n"]
        tables = command.find_parent("div", class_="cell_output").select("table")
        costs, parameters = [table for table in tables if table in command.find_all_next("table")][:2]
        rows = [[cell.get_text() for cell in row.select("td")] for row in costs.select("tbody tr")]
        assert [row[0] for row in rows] == list(rerun.RUNS.values())
        assert rows[0][3].endswith(" MB") and rows[0][4] == "none"
        declared = notebooks.declared(notebooks.read(ROOT / "notebooks" / f"{name}.md")).items()
        found = [[cell.get_text() for cell in row.select("td")] for row in parameters.select("tbody tr")]
        assert found == [[key, p.type.__name__, repr(p.default), p.help] for key, p in declared]


def test_a_chapters_command_can_be_copied(visit):
    page = visit("notebooks/rerun.html")
    assert page.locator("article .highlight-bash button.copybtn").count() > len(rerun.names())
