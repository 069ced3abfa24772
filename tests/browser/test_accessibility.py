"""No page has a serious fault that axe-core knows: names, roles, order of headings, contrast in the light and in the dark."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from thorough import first

from .pages import LISTINGS, READ, settled

MAIN = [f"notebooks/{name}.html" for name in ("index", "07_accuracy_vs_complexity", "your_own_network")]
axe = Axe()


def faults(page, rules=None) -> list[str]:
    """The serious and critical violations, one line each with the first element that has it.

    A formula is a letter here: MathJax sets each glyph as an element of its own, empty but for a style, in the colour of the
    text around it, so there is nothing to find in them, and they are nine tenths of a page's elements.
    """
    page.evaluate(
        "() => document.querySelectorAll('mjx-container').forEach("
        "  formula => { formula.replaceChildren('x'); formula.style.overflow = 'visible'; })"
    )
    options = {"runOnly": {"type": "rule", "values": rules}} if rules else {}
    found = axe.run(page, options=options).response["violations"]
    return [
        f"{fault['impact']} {fault['id']}, {len(fault['nodes'])} times: {fault['nodes'][0]['html']}"
        for fault in found
        if fault["impact"] in ("serious", "critical")
    ]


@pytest.mark.parametrize("name", first(1, MAIN))
def test_a_main_page(visit, name):
    looked_at(visit, name)


@pytest.mark.parametrize("name", sorted(set(READ) - set(MAIN)))
def test_one_of_all_pages(visit, name):
    """Apart, since it takes minutes: `make browser-test` leaves them out, `make accessibility` does not."""
    looked_at(visit, name)


@pytest.mark.parametrize("name", LISTINGS)
def test_a_listing_of_code(visit, name):
    """Apart, since they are many and alike: `make browser-test` leaves them out, `make accessibility` does not."""
    looked_at(visit, name)


def looked_at(visit, name):
    """Its headings are in order, its images say what they show, and axe-core finds nothing. The dark changes colours only."""
    page = settled(visit(name))
    headings = page.locator("article :is(h1, h2, h3, h4, h5, h6), .bd-search-container h1")
    levels = headings.evaluate_all("found => found.map(heading => +heading.tagName[1])")
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(below - above <= 1 for above, below in zip(levels, levels[1:])), levels
    alts = page.evaluate("() => [...document.querySelectorAll('article img')].map(i => i.alt)")
    assert [alt for alt in alts if len(alt.split()) < 5] == []
    page.emulate_media(reduced_motion="reduce")  # or buttons are still on their way from one colour to the other
    light = faults(page)
    page.emulate_media(color_scheme="dark")
    page.wait_for_function("document.documentElement.dataset.theme === 'dark'")
    assert (light, faults(page, ["color-contrast", "link-in-text-block"])) == ([], [])


def test_a_fault_is_seen(visit):
    """What the tests above rest on: a text in pale grey, and an image without a description."""
    page = visit("notebooks/rerun.html")
    page.evaluate("() => document.querySelector('article p').style.color = '#bbb'")
    page.evaluate("() => document.querySelector('article').append(new Image(9, 9))")
    assert [line.split(",")[0] for line in faults(page)] == ["serious color-contrast", "critical image-alt"]


def test_the_keyboard_skips_to_the_text_and_shows_where_it_is(visit):
    page = visit("notebooks/index.html")
    page.keyboard.press("Tab")
    assert "main content" in page.evaluate("() => document.activeElement.textContent")
    page.keyboard.press("Enter")
    assert page.url.endswith("#main-content")
    for _ in range(8):  # the buttons of the header, then the links of the text
        page.keyboard.press("Tab")
        assert page.evaluate("() => getComputedStyle(document.activeElement).outlineStyle") == "solid"
    assert page.evaluate("() => document.activeElement.tagName") == "A", "formulas are no stops"


def test_what_scrolls_sideways_can_be_scrolled_with_the_keyboard(visit):
    page = visit("notebooks/07_accuracy_vs_complexity.html")
    page.set_viewport_size({"width": 390, "height": 844})
    table = page.locator(".pst-scrollable-table-container[tabindex], .cell_output[tabindex]").first
    table.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("() => document.activeElement.scrollLeft > 0")


@pytest.mark.parametrize("name", first(1, ["02_pac_bayes_bound", "04_optimal_prior"]))
def test_a_formula_wider_than_its_text_is_a_box_that_scrolls(visit, name):
    """On a wide page there is none, on a phone none of them is cut off; and one is a stop for the keyboard."""
    page = settled(visit(f"notebooks/{name}.html"))
    page.set_viewport_size({"width": 1280, "height": 900})
    page.wait_for_function("() => !document.querySelector('span.math.wide')")
    page.set_viewport_size({"width": 320, "height": 844})
    page.wait_for_function("() => document.querySelector('span.math.wide[tabindex]')")
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 320
    page.evaluate(
        "() => [...document.querySelectorAll('span.math.wide[tabindex]')].find(wide => wide.checkVisibility()).focus()"
    )
    page.keyboard.press("ArrowRight")
    page.wait_for_function("() => document.activeElement.scrollLeft > 0")
