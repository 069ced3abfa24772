"""The explorer's numbers in the browser against the package's."""

import math
from functools import cache

import numpy as np
import pytest
from certified import EXTREME_C, EXTREME_Q, assert_certified, random_grid
from thorough import first

from pacbayes_curvature import bounds

from .explorer import PAGE, kl_form
from .pages import ROOT, SITE


@cache
def instances():
    """accuracy, kl, n, delta: random ones, then every combination of extremes."""
    rng = np.random.default_rng(0)
    size = 1500
    accuracy = np.concatenate([rng.uniform(0, 1, size), 1 - 10 ** rng.uniform(-16, 0, size)])
    kl = 10 ** rng.uniform(-20, 13, len(accuracy))
    n = np.rint(10 ** rng.uniform(math.log10(2), 12, len(accuracy))).astype(int)
    delta = np.where(
        rng.random(len(accuracy)) < 0.5, 10 ** rng.uniform(-12, -1, len(accuracy)), rng.uniform(0, 1, len(accuracy))
    )
    extremes = [
        (a, k, m, d)
        for a in (0.0, 5e-324, 0.5, 1 - 2**-53, 1.0)
        for k in (0.0, 5e-324, 1e-300, 1e-9, 3.0, 1e9, 1e300, math.inf)
        for m in (2, 3, 7, 60_000, 10**12)
        for d in (1e-300, 1e-12, 0.05, 1 - 2**-53)
    ]
    return [*zip(accuracy.tolist(), kl.tolist(), n.tolist(), delta.tolist()), *extremes]


@cache
def bounds_of_instances():
    """The package's complexity, Theorem 3.1 and kl form of each, a number at a time as the page's."""
    rows = instances()
    return [
        [bounds.complexity(kl, n, d) for _, kl, n, d in rows],
        [bounds.pac_bayes_bound(1 - a, kl, n, d) for a, kl, n, d in rows],
        kl_form(*np.transpose(rows)),
    ]


def compare_bounds(page):
    names = ("complexity", "theorem", "klForm")
    found = page.evaluate(
        "rows => rows.map(([a, kl, n, d]) => { const b = Explorer.bounds;"
        "  return [b.complexity(kl, n, d), b.theorem(a, kl, n, d), b.klForm(a, kl, n, d)]; })",
        instances(),
    )
    for name, ours, theirs in zip(names, np.transpose(found), bounds_of_instances()):
        np.testing.assert_allclose(ours, theirs, rtol=1e-14, err_msg=name)


def compare_inverse(page):
    q, c = random_grid(seed=2, size=100)
    extremes = [(a, b) for a in EXTREME_Q for b in EXTREME_C]
    pairs = [*zip(q.tolist(), c.tolist()), *((float(a), float(b)) for a, b in extremes)]
    found = page.evaluate("pairs => pairs.map(([q, c]) => Explorer.bounds.klInverse(q, c))", pairs)
    for (q, c), p in zip(pairs, found, strict=True):
        assert_certified(q, c, p)
    np.testing.assert_allclose(found, bounds.kl_inverse(*np.transpose(pairs)), rtol=1e-14)


def compare_line(page):
    """Where the kl form equals the error of guessing."""
    levels = np.linspace(0, 1, 41).tolist()
    rows = [(a, 1 - 1 / c, n, d) for a in levels for c in (2, 5, 10) for n in (50, 60_000) for d in (1e-12, 0.05)]
    height = np.array(page.evaluate("rows => rows.map(row => Explorer.bounds.klFormVacuous(...row))", rows))
    a, chance, n, d = np.transpose(rows)
    seen = ~np.isnan(height)
    assert 100 < seen.sum() < len(rows)
    kl = 2 * n * height**2 - np.log(2 * (n - 1) / d)
    np.testing.assert_allclose(kl_form(a[seen], kl[seen].clip(0), n[seen], d[seen]), chance[seen], rtol=1e-9)
    assert np.all((1 - a >= chance) | (kl_form(a, np.zeros_like(a), n, d) > chance), where=~seen)


COMPARISONS = (compare_bounds, compare_line, compare_inverse)
SOURCE = (ROOT / "book" / "_static" / "explorer" / "bounds.js").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def page(browser):
    """The explorer, opened once: nothing here is done on it but arithmetic."""
    page = browser.new_page()
    page.goto((SITE / PAGE).as_uri())
    page.wait_for_selector(".explorer-save")
    yield page
    page.close()


@pytest.mark.parametrize("compare", COMPARISONS, ids=lambda compare: compare.__name__)
def test_the_browsers_bounds_are_the_packages(page, compare):
    compare(page)


@pytest.mark.parametrize(
    "line, wrong",
    first(4, [
        ("Math.log(2 * (n - 1))", "Math.log(2 * n)"),
        ("Math.log(2 * Math.sqrt(n))", "Math.log(2 * (n - 1))"),
        ("return fromBits(high);", "return fromBits(low);"),
        ("* (1 - 10 * ROUNDING)", "* (1 + 10 * ROUNDING)"),
        ("while (high - low > 1n)", "while (high - low > 256n)"),
        ("<= 0.5) {", "<= 0) {"),
        ("(2 * k + 3)", "(2 * k + 1)"),
        ("kl >= 0 ? complexity(kl, n, delta) : NaN", "complexity(Math.abs(kl), n, delta)"),
        ("1 - accuracy >= chance", "accuracy >= chance"),
    ]),
)  # fmt: skip
def test_the_comparison_finds_a_mistake(page, line, wrong):
    assert SOURCE.count(line) == 1
    page.evaluate(SOURCE.replace(line, wrong))

    def compare_all():
        for compare in COMPARISONS:
            compare(page)

    try:
        with pytest.raises(AssertionError):
            compare_all()
    finally:
        page.evaluate(SOURCE)


@pytest.mark.parametrize(
    "call, message",
    [
        ("complexity(-1, 10, 0.1)", "kl must be nonnegative, got -1"),
        ("complexity(NaN, 10, 0.1)", "kl must be nonnegative, got NaN"),
        ("complexity(1, 1, 0.1)", "n must be an integer of at least 2, got 1"),
        ("complexity(1, 2.5, 0.1)", "n must be an integer of at least 2, got 2.5"),
        ("klForm(0.5, 1, 10, 1)", "delta must lie strictly between 0 and 1, got 1"),
        ("klInverse(1.5, 1)", r"q must lie in \[0, 1\], got 1.5"),
        ("klInverse(0.5, NaN)", "c must be nonnegative, got NaN"),
    ],
)
def test_what_is_no_bound_is_refused(page, call, message):
    with pytest.raises(Exception, match=message):
        page.evaluate(f"() => Explorer.bounds.{call}")
