"""What becomes of the scripts that a theme writes into a page."""

from pathlib import Path

import pytest


@pytest.fixture
def strict(monkeypatch):
    monkeypatch.syspath_prepend(str(Path(__file__).parents[3] / "book" / "_ext"))
    from strict import strict

    return strict


PAGE = """<head>
    <meta charset="utf-8" />
  <script data-cfasync="false">
    document.documentElement.dataset.mode = 1;
  </script>
    <script src="a.js"></script>
    <script>DOCUMENTATION_OPTIONS.pagename = 'search';</script>
  <script type="text/x-thebe-config">{a: 1}</script>
  <script type="application/json">{"a": 1}</script>
</head>
<button onclick="window.print()" class="btn"></button>
<button onclick="toggleFullScreen()"></button>
<code>&lt;script&gt;left()&lt;/script&gt;</code>
<script>let a = "$1 \\\\1";</script>
"""


def test_scripts_become_files_in_the_same_place_and_handlers_words(strict):
    html, scripts = strict(PAGE, "../_static")
    first, last = scripts
    assert (
        scripts[first].strip() == "document.documentElement.dataset.mode = 1;"
        and scripts[last] == 'let a = "$1 \\\\1";'
    )
    assert html.splitlines() == [
        "<head>",
        '    <script src="../_static/first.js"></script>',
        '    <meta charset="utf-8" />',
        f'  <script data-cfasync="false" src="../_static/inline/{first}"></script>',
        '    <script src="a.js"></script>',
        "    ",
        '  <script type="text/x-thebe-config">{a: 1}</script>',
        '  <script type="application/json">{"a": 1}</script>',
        "</head>",
        '<button data-click="print" class="btn"></button>',
        '<button data-click="toggleFullScreen"></button>',
        "<code>&lt;script&gt;left()&lt;/script&gt;</code>",
        f'<script src="../_static/inline/{last}"></script>',
    ]


def test_the_styles_of_a_data_frame_go(strict):
    html, _ = strict(
        '<style scoped>\n th {}\n</style><table><tr style="text-align: right;"><th>a</th></tr></table>', "."
    )
    assert html == "<table><tr><th>a</th></tr></table>"


def test_the_same_script_is_the_same_file_on_every_page(strict):
    _, one = strict("<p>1</p><script>a()</script>", ".")
    _, two = strict("<p>2</p><script>a()</script>", "../..")
    assert one == two and len(one) == 1


def test_the_settings_of_mathjax_have_its_name(strict):
    """By which the PDF's document finds them."""
    _, scripts = strict("<script>window.MathJax = {}</script>", ".")
    assert [name[:8] for name in scripts] == ["mathjax-"]
