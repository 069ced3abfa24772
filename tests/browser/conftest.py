"""Chromium, and pages opened as a reader opens them: from the file system, with the network cut."""

import re
import shutil

import pandas as pd
import pytest
from playwright.sync_api import sync_playwright

from .explorer import PAGE, POINT, TABLES
from .pages import SITE

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
WITHOUT_A_SCREEN = shutil.which("chromium-headless-shell")  # the same engine without windows: a sixth faster


@pytest.fixture(scope="session")
def browser():
    assert CHROMIUM, "no chromium, chromium-browser or google-chrome on the PATH: install one of them"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=WITHOUT_A_SCREEN or CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
        )  # there is none, and its stand-in is slow
        yield browser
        browser.close()


@pytest.fixture
def visit(browser):
    """`visit(name)` opens a page of the site; `visit.complaints` collects what went wrong on it."""
    context = browser.new_context(offline=True)
    context.set_default_timeout(120_000)  # a busy machine is slow, not wrong
    page = context.new_page()
    complaints = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: complaints.append(request.url) if request.url.startswith("http") else None)
    page.on("requestfailed", lambda request: complaints.append(f"{request.url}: {request.failure}"))

    def open_page(name):
        path = re.match("[^?#]*", name)[0]
        if "#" in name:
            page.goto("about:blank")  # so that it is a visit, not a move on the same page
        page.goto((SITE / path).as_uri() + name[len(path) :])
        page.wait_for_load_state("load")
        return page

    open_page.complaints = complaints
    yield open_page
    context.close()


@pytest.fixture
def explore(visit):
    """`explore(fragment)` opens the explorer there; at the end nothing may have gone wrong on it."""

    def open_explorer(fragment=""):
        page = visit(PAGE + fragment)
        page.wait_for_selector(".explorer-save")
        return page

    yield open_explorer
    # Going on to the next address cuts off what is still loading; a file that is missing has another word.
    assert [complaint for complaint in visit.complaints if "ERR_ABORTED" not in complaint] == []


@pytest.fixture(scope="session")
def counted():
    """The points of results/ that were evaluated on the whole training set."""
    table = pd.concat(pd.read_csv(path) for path in TABLES)
    return table[table["evaluated"] == table["examples"]].drop_duplicates(POINT)  # one of several names is one point
