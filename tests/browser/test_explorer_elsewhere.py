"""The explorer as a download, on a small screen, on paper, without JavaScript, in the dark."""

import csv
from pathlib import Path

import numpy as np
import pytest

from pacbayes_curvature.posteriors import METHODS

from .explorer import PAGE, facts, middle
from .pages import SITE


def test_the_download_is_the_table(explore):
    page = explore("#explorer=1&data=cifar2&seed=0,1&points=all&n=1000")
    page.get_by_text("All these points as a table").click()
    page.locator(".explorer-rows table").wait_for()
    with page.expect_download() as download:
        page.locator(".explorer-save").click()
    header, *lines = csv.reader(Path(download.value.path()).read_text(encoding="utf-8").splitlines())
    rows = page.locator(".explorer-rows tbody tr").evaluate_all(
        "rows => rows.map(r => [...r.cells].map(c => c.textContent))"
    )
    assert len(rows) == len(lines) > 100 and len(header) == len(rows[0])
    words = {"True": "yes", "False": "no", "inf": "∞", "": "–"}
    for line, row in zip(lines, rows):
        for name, exact, shown in zip(header, line, row):
            if exact in words or name in ("dataset", "method"):
                assert shown == words.get(exact, exact)
            else:
                assert float(shown) == pytest.approx(
                    float(exact), rel=0.05 if name == "accuracy_stderr" else 5e-6, abs=0
                ), name


def test_it_fits_a_phone_and_answers_a_finger(browser):
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True, offline=True)
    page = context.new_page()
    page.goto((SITE / PAGE).as_uri() + "#explorer=1&data=mnist2,cifar10&seed=0,1&points=all")
    page.get_by_text("Filters", exact=True).tap()
    page.get_by_text("All these points as a table").tap()
    page.locator(".explorer-rows table").wait_for()
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 390
    for part in (".explorer-plot", ".explorer-slider", ".explorer-filters", ".explorer-scroll"):
        for box in (element.bounding_box() for element in page.locator(part).all()):
            assert 0 <= box["x"] and box["x"] + box["width"] <= 390, part
    page.touchscreen.tap(*middle(page.locator(".explorer-plot").first, 20))
    page.locator(".explorer-details dl").wait_for()
    assert facts(page)["Data set"].startswith("Mnist2, seed")
    context.close()


def test_without_javascript_it_leads_to_the_downloads(browser):
    context = browser.new_context(java_script_enabled=False, offline=True)
    page = context.new_page()
    page.goto((SITE / PAGE).as_uri())
    links = page.locator("noscript a")
    assert links.all_text_contents() == ["chapter 07", "chapter 08"]
    for link in links.all():
        path, _, anchor = link.get_attribute("href").partition("#")
        text = (SITE / "book" / path).resolve().read_text(encoding="utf-8")
        assert f'id="{anchor}"' in text and 'download="accuracy_vs_complexity-' in text
    context.close()


def test_on_paper_it_is_a_sentence(explore):
    page = explore()
    assert page.locator(".explorer-paper").is_hidden()
    page.emulate_media(media="print")
    assert page.locator("#explorer-page").is_hidden() and page.locator(".explorer-paper").is_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_and_marks_stand_out(explore, scheme):
    """WCAG 2: 4.5 to 1 for text, 3 to 1 for what is drawn, on the colour of the page."""
    page = explore()
    page.emulate_media(color_scheme=scheme)
    page.evaluate("scheme => { document.documentElement.dataset.theme = scheme; }", scheme)
    page.locator(".explorer-plot").first.focus()
    page.keyboard.press("ArrowRight")
    style = (
        "(element, name) => { const canvas = document.createElement('canvas').getContext('2d');"
        "  canvas.fillStyle = getComputedStyle(element)[name]; canvas.fillRect(0, 0, 1, 1);"
        "  return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3); }"
    )

    def luminance(colour):
        parts = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in np.array(colour) / 255]
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]

    def colour(selector, name, number=0):
        return page.locator(selector).nth(number).evaluate(f"element => ({style})(element, '{name}')")

    ground = luminance(colour("body", "backgroundColor"))
    wanted = [
        (".explorer-plot text", "fill", 0, 4.5),
        (".explorer-count", "color", 0, 4.5),
        (".explorer-tip", "color", 0, 4.5),
    ]
    wanted += [(".explorer-legend .explorer-mark", "fill", i, 3) for i in range(len(METHODS))]
    wanted += [
        (f".explorer-panels {name}", "stroke", 0, 3) for name in (".explorer-one", ".explorer-best", ".explorer-halo")
    ]
    for selector, name, number, least in wanted:
        light, dark = sorted((luminance(colour(selector, name, number)), ground), reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= least, (selector, number)


def test_nothing_moves_by_itself(explore):
    page = explore()
    page.locator("input[name=n-slider]").focus()
    page.keyboard.press("ArrowRight")
    moving = "() => document.getAnimations().filter(a => a.effect.target.closest('#explorer-page')).length"
    assert page.evaluate(moving) == 0
