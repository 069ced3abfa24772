"""Chromium, and pages opened as a reader opens them: from the file system, with the network cut."""

import shutil

import pytest
from playwright.sync_api import sync_playwright

from .pages import SITE

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


@pytest.fixture(scope="session")
def browser():
    assert CHROMIUM, "no chromium, chromium-browser or google-chrome on the PATH: install one of them"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def visit(browser):
    """`visit(name)` opens a page of the site; `visit.complaints` collects what went wrong on it."""
    context = browser.new_context(offline=True)
    page = context.new_page()
    complaints = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: complaints.append(request.url) if request.url.startswith("http") else None)
    page.on("requestfailed", lambda request: complaints.append(f"{request.url}: {request.failure}"))

    def open_page(name):
        page.goto((SITE / name.partition("?")[0]).as_uri() + "".join(name.partition("?")[1:]))
        page.wait_for_load_state("load")
        return page

    open_page.complaints = complaints
    yield open_page
    context.close()
