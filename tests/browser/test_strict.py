"""The site under a strict Content-Security-Policy and below an odd path, without storage, and with hostile addresses."""

from urllib.parse import quote

import pytest
from bs4 import BeautifulSoup
from thorough import first

from .conftest import CHROMIUM
from .explorer import PAGE, told
from .pages import READ, SITE, settled
from .strict import keeping_nothing, served
from .test_search import FINISHED

MAIN = [f"notebooks/{name}.html" for name in ("index", "04_optimal_prior", "07_accuracy_vs_complexity", "functions")]


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    with served(SITE, tmp_path_factory.mktemp("server")) as address:
        yield address


@pytest.fixture
def strictly(browser, address):
    """`strictly(name)` opens a page from the strict server; whatever a policy refuses is an error on the console."""
    context = browser.new_context()
    context.set_default_timeout(120_000)
    page, complaints = context.new_page(), []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("requestfailed", lambda request: complaints.append(f"{request.url}: {request.failure}"))
    page.on("request", lambda request: request.url.startswith(address) or complaints.append(request.url))
    page.add_init_script(
        "document.addEventListener('securitypolicyviolation', e => console.error(e.violatedDirective, e.sourceFile))"
    )

    def open_page(name):
        page.goto(address + name)
        page.wait_for_load_state("load")
        return page

    yield open_page
    assert complaints == []
    context.close()


@pytest.mark.parametrize("name", READ)
def test_a_page_holds_no_script_style_or_handler_of_its_own(name):
    page = BeautifulSoup((SITE / name).read_text(encoding="utf-8"), "html.parser")
    scripts = [tag for tag in page("script") if not tag.get("src") and not tag.get("type")]
    handlers = page.find_all(lambda tag: any(attribute.startswith("on") for attribute in tag.attrs))
    assert (scripts, page("style"), page.select("[style]"), handlers) == ([], [], [], [])


@pytest.mark.parametrize("name", first(2, MAIN))
def test_a_page_under_a_strict_policy(strictly, name):
    page = settled(strictly(name))
    assert page.locator("mjx-container").count() == page.locator(".math").count()
    if page.locator("mjx-container").count():
        fonts = page.locator("mjx-mi mjx-c").first.evaluate("e => getComputedStyle(e, '::before').fontFamily")
        assert "MJX" in fonts, "MathJax's own rules count"
        hidden = page.locator("mjx-assistive-mml").first.evaluate("e => getComputedStyle(e).position")
        assert hidden == "absolute"
    heights = page.locator("svg.svg-inline--fa").evaluate_all(
        "icons => icons.map(i => i.getBoundingClientRect().height)"
    )
    assert 0 < max(heights) < 40, "the icons' own rules count"
    assert page.evaluate("() => [...document.images].filter(i => !i.complete || !i.naturalWidth).length") == 0


def test_light_and_dark_under_a_strict_policy(strictly):
    page = strictly(MAIN[0])
    seen = set()
    for _ in range(3):
        page.locator("article.bd-article, .bd-main").first.wait_for()
        page.locator(".theme-switch-button:visible").click()
        seen.add(page.evaluate("() => document.documentElement.dataset.mode"))
    assert seen == {"light", "dark", "auto"}
    while page.evaluate("() => document.documentElement.dataset.mode") != "dark":
        page.locator(".theme-switch-button:visible").click()
    page = strictly(MAIN[2])
    assert page.evaluate("() => document.documentElement.dataset.theme") == "dark", "the next page remembers"


def test_a_button_of_the_header_under_a_strict_policy(strictly):
    page = strictly(MAIN[0])
    page.evaluate("() => { window.toggleFullScreen = () => (window.full = true); }")
    page.locator("[data-click=toggleFullScreen]").click()
    assert page.evaluate("() => window.full")


def test_search_under_a_strict_policy(strictly):
    page = strictly("search.html?q=hessian")
    page.wait_for_function(FINISHED)
    page.locator("#search-results li .context").first.wait_for()  # what surrounds the word, read from the page found
    assert page.locator("#search-results li").count() > 10
    page.locator("#search-results li a").first.click()
    page.locator("article h1").wait_for()


def test_the_explorer_under_a_strict_policy(strictly):
    page = strictly(PAGE + "#explorer=1&data=mnist2")
    page.wait_for_selector(".explorer-save")
    plot = page.locator(".explorer-plot").first
    plot.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    page.locator(".explorer-details dl").wait_for()
    fills = plot.locator(".explorer-mark").evaluate_all("marks => marks.map(mark => getComputedStyle(mark).fill)")
    assert len(set(fills)) == 3, "each method has its colour"
    with page.expect_download():
        page.locator(".explorer-save").click()


def test_without_storage_everything_works(browser, tmp_path):
    """As with "block all cookies", or in a frame whose cookies are blocked: the storage throws."""
    context = browser.browser_type.launch_persistent_context(
        keeping_nothing(tmp_path), executable_path=CHROMIUM, args=["--no-sandbox"], offline=True
    )
    page, complaints = context.new_page(), []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.goto((SITE / "book" / "cite.html").as_uri())
    assert page.evaluate("() => Object.prototype.toString.call(localStorage)") == "[object Object]", "not the browser's"
    page.locator(".theme-switch-button:visible").click()
    page.goto((SITE / "search.html").as_uri() + "?q=hessian")
    page.wait_for_function(FINISHED)
    assert page.locator("#search-results li").count() > 10
    page.goto((SITE / PAGE).as_uri())
    page.wait_for_selector(".explorer-save")
    page.goto((SITE / MAIN[1]).as_uri())
    assert settled(page).locator("mjx-container").count() == page.locator(".math").count() > 0
    assert complaints == []
    context.close()


HOSTILE = [
    "<img src=x onerror='window.struck=1'>",
    "<svg onload=window.struck=1>",
    "</script><script>window.struck=1</script>",
    "javascript:window.struck=1",
    "'\"><iframe srcdoc='<script>parent.struck=1</script>'>",
    "${window.struck=1}",
    "\u202e\u0000\ufeff",
    "x" * 20_000,
]


@pytest.mark.parametrize("text", first(2, HOSTILE), ids=range(len(HOSTILE)))
def test_a_hostile_value_in_the_explorers_link_is_text(explore, text):
    coded = quote(text, safe="")
    page = explore(f"#explorer=1&{coded}=1")
    page.set_viewport_size({"width": 390, "height": 844})
    shown = page.locator(".explorer-message")
    for word in ("explorer", "data", "seed", "lam", "n", "delta", "point", coded):
        page.evaluate("fragment => { location.hash = fragment; }", f"#{word}={coded}")
        told(page)
        assert shown.is_visible() and page.locator(".explorer-panels [role=option]").count() > 0
        inside = "root => [root.querySelectorAll('img, iframe, script, a[href^=\"javascript\"]').length, window.struck]"
        assert page.locator("#explorer-page").evaluate(inside) == [0, None]
        assert page.evaluate("() => document.documentElement.scrollWidth") <= 390, "it breaks, however long"


@pytest.mark.parametrize("text", first(2, HOSTILE[:6]), ids=range(6))
def test_a_hostile_query_is_text(visit, text):
    page = visit(f"search.html?q={quote(text)}&highlight={quote(text)}")
    page.wait_for_function(FINISHED)
    assert page.evaluate("() => [document.querySelectorAll('.bd-main img').length, window.struck]") == [0, None]
    assert visit.complaints == []
