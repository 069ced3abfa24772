"""The pages of the built book."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
SITE = ROOT / "build" / "html"
PAGES = sorted(str(path.relative_to(SITE)) for path in SITE.rglob("*.html") if "_static" not in path.parts)

LISTINGS = [
    name for name in PAGES if name.startswith("_modules/")
]  # many and alike: `make accessibility` looks at them
READ = [name for name in PAGES if name not in LISTINGS and name != "index.html"]  # the root only redirects


def settled(page):
    """The page when its mathematics is set."""
    if page.locator(".math").count():
        page.wait_for_function("window.MathJax && MathJax.startup && MathJax.startup.promise")
        page.evaluate("() => MathJax.startup.promise")
    return page
