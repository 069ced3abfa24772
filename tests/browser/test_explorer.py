"""The explorer in Chromium: its numbers against Python's, its filters, marks, keys, links and downloads."""

import csv
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from test_bounds import EXTREME_C, EXTREME_Q, assert_certified, random_grid

from pacbayes_curvature import bounds, data, pages, plots, records, staleness
from pacbayes_curvature.posteriors import METHODS

from .pages import ROOT, SITE

PAGE = "book/explorer.html"
TABLES = sorted((ROOT / "results" / "accuracy_vs_complexity").glob("*.csv"))
POINT = ["dataset", "seed", "method", "lam", "beta"]


@pytest.fixture
def explore(visit):
    """`explore(fragment)` opens the explorer there; at the end nothing may have gone wrong on it."""

    def open_explorer(fragment=""):
        page = visit(PAGE)
        if fragment:
            page.goto("about:blank")  # so that the next is a visit, not a move on the same page
            page.goto((SITE / PAGE).as_uri() + fragment)
        page.wait_for_selector(".explorer-save")
        return page

    yield open_explorer
    # Going on to the next address cuts off what is still loading; a file that is missing has another word.
    assert [complaint for complaint in visit.complaints if "ERR_ABORTED" not in complaint] == []


@pytest.fixture(scope="module")
def counted():
    """The points of results/ that were evaluated on the whole training set."""
    table = pd.concat(pd.read_csv(path) for path in TABLES)
    return table[table["evaluated"] == table["examples"]]


def frozen(dataset):
    return records.read(ROOT / "results" / "accuracy_vs_complexity" / f"{dataset}.csv", 0)


def drawn(page):
    """Wait until the page shows what was done last: it draws in the next frame."""
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")


def told(page):
    """Wait until the address and the sentence for screen readers have followed, which they do after a pause."""
    drawn(page)
    page.evaluate("() => new Promise(done => setTimeout(done, 350))")


def saved(page) -> pd.DataFrame:
    """What the button downloads."""
    drawn(page)
    with page.expect_download() as download:
        page.locator(".explorer-save").click()
    assert download.value.suggested_filename == "explorer-points.csv"
    return pd.read_csv(download.value.path())


def the_same(found: pd.DataFrame, expected: pd.DataFrame):
    """The same points, in any order, with exactly the same numbers."""
    columns = [*POINT, "accuracy", "accuracy_stderr", "kl", "examples", "front"]
    expected = expected.rename(columns={"pareto": "front"})[columns].sort_values(POINT, ignore_index=True)
    pd.testing.assert_frame_equal(found[columns].sort_values(POINT, ignore_index=True), expected, check_exact=True)
    assert len(expected) > 0


def kl_form(accuracy, kl, n, delta):
    """Maurer's form, for numbers or arrays."""
    return bounds.kl_inverse(1 - accuracy, (kl + np.log(2 * np.sqrt(n)) - np.log(delta)) / n)


# The mathematics ------------------------------------------------------------------------------------------------------


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


def compare_bounds(page):
    rows = instances()
    names = ("complexity", "theorem", "klForm")
    found = page.evaluate(
        "rows => rows.map(([a, kl, n, d]) => { const b = Explorer.bounds;"
        "  return [b.complexity(kl, n, d), b.theorem(a, kl, n, d), b.klForm(a, kl, n, d)]; })",
        rows,
    )
    expected = [
        [bounds.complexity(kl, n, d) for _, kl, n, d in rows],
        [bounds.pac_bayes_bound(1 - a, kl, n, d) for a, kl, n, d in rows],
        kl_form(*np.transpose(rows)),
    ]
    for name, ours, theirs in zip(names, np.transpose(found), expected):
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


@pytest.mark.parametrize("compare", COMPARISONS, ids=lambda compare: compare.__name__)
def test_the_browsers_bounds_are_the_packages(explore, compare):
    compare(explore())


@pytest.mark.parametrize(
    "line, wrong",
    [
        ("Math.log(2 * (n - 1))", "Math.log(2 * n)"),
        ("Math.log(2 * Math.sqrt(n))", "Math.log(2 * (n - 1))"),
        ("return fromBits(high);", "return fromBits(low);"),
        ("* (1 - 10 * ROUNDING)", "* (1 + 10 * ROUNDING)"),
        ("while (high - low > 1n)", "while (high - low > 256n)"),
        ("<= 0.5) {", "<= 0) {"),
        ("(2 * k + 3)", "(2 * k + 1)"),
        ("kl >= 0 ? complexity(kl, n, delta) : NaN", "complexity(Math.abs(kl), n, delta)"),
        ("1 - accuracy >= chance", "accuracy >= chance"),
    ],
)
def test_the_comparison_finds_a_mistake(explore, line, wrong):
    page = explore()
    source = (ROOT / "book" / "_static" / "explorer" / "bounds.js").read_text(encoding="utf-8")
    assert source.count(line) == 1
    page.evaluate(source.replace(line, wrong))

    def compare_all():
        for compare in COMPARISONS:
            compare(page)

    with pytest.raises(AssertionError):
        compare_all()


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
def test_what_is_no_bound_is_refused(explore, call, message):
    with pytest.raises(Exception, match=message):
        explore().evaluate(f"() => Explorer.bounds.{call}")


# What is shown --------------------------------------------------------------------------------------------------------


def test_it_opens_on_figure_3(explore, counted):
    page = explore()
    names = ["mnist2", "cifar2"]
    the_same(saved(page), counted[counted["dataset"].isin(names) & (counted["seed"] == 0) & counted["pareto"]])
    assert page.locator(".explorer-panel figcaption").all_text_contents() == ["Mnist2", "Cifar2"]
    best = pages.best_bounds([frozen(name) for name in names])
    rows = [row.locator("td").all_text_contents() for row in page.locator(".explorer-best-table tbody tr").all()]
    assert [(row[0], int(row[1]), row[2]) for row in rows] == [
        (plots.title(r.dataset), r.seed, plots.STYLE[r.method][0]) for r in best.itertuples()
    ]
    for row, r in zip(rows, best.to_dict("records")):
        shown = [float(text) for text in (row[3], *row[5:8], row[9])]
        assert shown == pytest.approx(
            [r[name] for name in ("lam", "accuracy", "complexity", "bound", "chance")], rel=5e-3
        )
        assert (row[4] == "none") if r["method"] == "baseline" else float(row[4]) == pytest.approx(r["beta"], rel=5e-3)
    assert page.locator(".explorer-panels .explorer-best").count() == len(best)


@pytest.mark.parametrize(
    "n, delta", [(None, 0.05), (None, 1e-12), (2, 0.5), (1_000, 0.05), (10**6, 0.001), (10**12, 0.999)]
)
def test_the_sliders_numbers_are_the_packages(explore, n, delta):
    page = explore()
    if n:
        page.locator("input[name=n]").fill(f"{n:,}")
        page.keyboard.press("Enter")
    page.locator("input[name=delta]").fill(repr(delta))
    page.keyboard.press("Enter")
    table = saved(page)
    assert set(table["n"]) == ({n} if n else {50_000, 60_000}) and set(table["delta"]) == {delta}
    for name, rows in table.groupby("dataset"):
        a, kl, m = rows["accuracy"].to_numpy(), rows["kl"].to_numpy(), n or int(rows["examples"].iloc[0])
        np.testing.assert_allclose(rows["complexity"], bounds.complexity(kl, m, delta), rtol=1e-14)
        np.testing.assert_allclose(rows["theorem_3_1"], bounds.pac_bayes_bound(1 - a, kl, m, delta), rtol=1e-14)
        np.testing.assert_allclose(rows["kl_inverse"], kl_form(a, kl, m, delta), rtol=1e-14)
        assert set(rows["chance"]) == {1 - 1 / data.split_name(name)[1]}
    for by, column in ("theorem", "theorem_3_1"), ("klForm", "kl_inverse"):
        page.locator(f"input[name=best][value={by}]").check()
        drawn(page)
        least = table.loc[table.groupby(["dataset", "method"], sort=False)[column].idxmin()]
        cells = page.locator(".explorer-best-table tbody tr").evaluate_all(
            "rows => rows.map(r => [r.cells[5].textContent, r.cells[6].textContent])"
        )
        assert [float(c) for row in cells for c in row] == pytest.approx(
            least[["accuracy", "complexity"]].to_numpy().ravel(), rel=2e-3
        )


def test_stale_results_are_called_so(explore):
    page = explore()
    results = [result for path in TABLES for result in records.read_all(path)]
    stale = {plots.title(result.key.dataset) for result in results if staleness.why_stale(result)}
    notes = page.locator(".explorer-stale").all_text_contents()
    assert {name for note in notes for name in note.rstrip(".").rpartition(": ")[2].split(", ")} == stale


def test_another_n_is_called_a_what_if(explore):
    page = explore()
    note = page.locator(".explorer-what-if")
    assert note.is_hidden()
    page.locator("input[name=n-slider]").focus()
    page.keyboard.press("ArrowRight")
    note.wait_for()
    assert "What if: with N = " in note.text_content() and "Mnist2 60,000, Cifar2 50,000" in note.text_content()
    page.get_by_label("each data set’s own").check()
    note.wait_for(state="hidden")
    assert page.locator("input[name=n]").input_value() == "60,000 / 50,000"


@pytest.mark.parametrize(
    "name, text, message",
    [
        ("n", "1", "N must be a whole number from 2 to 10¹²; got “1”."),
        ("n", "2.5", "N must be a whole number"),
        ("n", "<b>many</b>", "got “<b>many</b>”."),
        ("delta", "1", "δ must lie strictly between 0 and 1; got “1”."),
        ("delta", "-0.1", "δ must lie strictly"),
        ("delta", "", "δ must lie strictly"),
    ],
)
def test_a_wrong_number_is_refused_beside_its_field(explore, name, text, message):
    page = explore()
    before = saved(page)
    field = page.locator(f"input[name={name}]")
    field.fill(text)
    field.press("Tab")
    problem = page.locator(".explorer-problem:visible")
    assert message in problem.text_content() and field.get_attribute("aria-invalid") == "true"
    pd.testing.assert_frame_equal(saved(page), before)


FILTERS = [
    (lambda page: page.get_by_label("Mnist10", exact=True).check(), lambda t: t["dataset"].isin(["mnist2", "cifar2", "mnist10"])),
    (lambda page: page.get_by_label("Mnist2", exact=True).uncheck(), lambda t: t["dataset"] == "cifar2"),
    (lambda page: page.get_by_label("Diag Hessian", exact=True).uncheck(), lambda t: t["method"] != "diag"),
    (lambda page: page.locator("input[name=seeds]").nth(1).check(), lambda t: t["seed"].isin(sorted(set(t["seed"]))[:2])),
    (lambda page: page.get_by_label("λ from").select_option("0.0199526"), lambda t: t["lam"] >= 0.0199526),
    (lambda page: page.get_by_label("λ to").select_option("0.00125893"), lambda t: t["lam"] <= 0.00125893),
    (lambda page: page.get_by_label("β (the baseline has none) from").select_option("0.1"), None),
    (lambda page: page.get_by_label("all that were counted").check(), lambda t: t["pareto"] | ~t["pareto"]),
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(FILTERS)))
def test_a_filter_leaves_the_points_that_it_says(explore, counted, number):
    page = explore()
    act, keep = FILTERS[number]
    if keep is None:
        value = page.locator("select[name=beta-from] option").nth(12).get_attribute("value")
        page.locator("select[name=beta-from]").select_option(value)
        keep = lambda t: t["beta"] >= float(value)  # noqa: E731 - the baseline's is infinite
    else:
        act(page)
    parts = {  # what the page starts with, for what the filter says nothing about
        0: ("seed", "pareto"), 1: ("seed", "pareto"), 3: ("dataset", "pareto"), 7: ("dataset", "seed"),
    }.get(number, ("dataset", "seed", "pareto"))  # fmt: skip
    mask = keep(counted)
    mask &= counted["dataset"].isin(["mnist2", "cifar2"]) if "dataset" in parts else True
    mask &= (counted["seed"] == 0) if "seed" in parts else True
    mask &= counted["pareto"] if "pareto" in parts else True
    found, start = (
        saved(page),
        counted["dataset"].isin(["mnist2", "cifar2"]) & (counted["seed"] == 0) & counted["pareto"],
    )
    the_same(found, counted[mask])
    assert len(found) != start.sum(), "the filter does something"


def test_a_range_cannot_cross_itself(explore):
    page = explore()
    page.get_by_label("λ to").select_option("0.00125893")
    page.get_by_label("λ from").select_option("0.0199526")
    drawn(page)
    assert [page.get_by_label(f"λ {end}").input_value() for end in ("from", "to")] == ["0.0199526"] * 2


def test_no_point_is_said_not_hidden(explore):
    page = explore()
    for method in METHODS:
        page.get_by_label(plots.STYLE[method][0], exact=True).uncheck()
    told(page)
    assert page.locator(".explorer-count").all_text_contents() == ["No point passes the filters."] * 2
    assert page.locator(".explorer-status").text_content() == "No point passes the filters."
    assert page.locator(".explorer-save").is_disabled()
    for name in ("Mnist2", "Cifar2"):
        page.get_by_label(name, exact=True).uncheck()
    page.get_by_text("Choose a data set.").wait_for()


PLACES = "marks => marks.map(m => [...m.getAttribute('transform').match(/[-\\d.]+/g)].map(Number))"


@pytest.mark.parametrize("axis, height", [("linear", lambda c: c), ("log", np.log)])
def test_marks_and_lines_are_where_they_belong(explore, axis, height):
    """One mark for each point below the axis's end, at its accuracy and complexity to a fraction of a pixel, and the three
    lines where each bound just says something."""
    n, delta, chance = 1_000_000, 0.001, 0.8
    page = explore(f"#explorer=1&data=cifar5&seed=0&points=front&n={n}&delta={delta}&axis={axis}")
    table = saved(page).sort_values(["accuracy", "complexity"])
    marks = np.array(page.locator(".explorer-panels [role=option]").evaluate_all(PLACES))
    x, y = marks[np.lexsort((-marks[:, 1], marks[:, 0]))].T
    table = table[table["complexity"] <= table["complexity"].sort_values().iloc[len(marks) - 1]]
    assert len(table) == len(marks) > 50
    (sx, ox), (sy, oy) = np.polyfit(table["accuracy"], x, 1), np.polyfit(height(table["complexity"]), y, 1)
    assert sx > 0 > sy
    np.testing.assert_allclose(sx * table["accuracy"] + ox, x, atol=0.02)
    np.testing.assert_allclose(sy * height(table["complexity"]) + oy, y, atol=0.02)

    def line(name):
        path = page.locator(f".explorer-panels .explorer-{name}").get_attribute("d")
        x, y = np.array([pair.split(",") for pair in path.replace("L", "M").split("M")[1:]], float).T
        assert len(x) > 100
        return (x - ox) / sx, (y - oy) / sy

    for name, expected in ("one", lambda a: a), ("chance", lambda a: a - 1 + chance):
        a, c = line(name)
        inside = expected(a) > 0.01
        np.testing.assert_allclose(c[inside], height(expected(a[inside])), atol=0.01)
    a, c = line("kl-chance")
    c = c if axis == "linear" else np.exp(c)
    kl = 2 * n * c**2 - math.log(2 * (n - 1) / delta)
    inside = kl > 0
    np.testing.assert_allclose(kl_form(a[inside].clip(0, 1), kl[inside], n, delta), chance, rtol=0.005)


# Marks and keys -------------------------------------------------------------------------------------------------------


def middle(plot, number):
    """Where a mark is on the screen, after it was scrolled there."""
    plot.scroll_into_view_if_needed()
    box = plot.locator("[role=option] > :first-child").nth(number).bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def test_a_mark_says_what_it_is_under_the_mouse(explore):
    page = explore()
    tip = page.locator(".explorer-tip").first
    page.mouse.move(*middle(page.locator(".explorer-plot").first, 7))
    tip.wait_for()
    option = page.locator(f"[id='{page.locator('.explorer-plot').first.get_attribute('aria-activedescendant')}']")
    accuracy = option.get_attribute("aria-label").split("accuracy ")[1].split(",")[0]
    assert f"accuracy {accuracy}" in tip.text_content() and "kl inverse:" in tip.text_content()
    page.mouse.move(5, 5)
    tip.wait_for(state="hidden")


def facts(page):
    names = page.locator(".explorer-details dt").all_text_contents()
    return dict(zip(names, page.locator(".explorer-details dd").all_text_contents()))


def test_the_arrow_keys_reach_every_point_and_enter_selects(explore):
    page = explore()
    plot = page.locator(".explorer-plot").first
    plot.focus()
    options = plot.locator("[role=option]").evaluate_all("marks => marks.map(m => m.id)")
    reached = set()
    for _ in METHODS:
        page.keyboard.press("Home")
        while (here := plot.get_attribute("aria-activedescendant")) not in reached:
            reached.add(here)
            page.keyboard.press("ArrowRight")
        page.keyboard.press("ArrowUp")
    assert reached == set(options)
    page.keyboard.press("End")
    page.keyboard.press("ArrowLeft")
    here = plot.get_attribute("aria-activedescendant")
    page.keyboard.press("Enter")
    page.locator(".explorer-details dl").wait_for()
    chosen = plot.locator("[aria-selected=true]")
    assert chosen.count() == 1 and chosen.get_attribute("id") == here
    label = chosen.get_attribute("aria-label")
    assert label.startswith(facts(page)["Method"]) and facts(page)["Data set"] == "Mnist2, seed 0"
    page.keyboard.press("Escape")
    drawn(page)
    assert plot.locator("[aria-selected=true]").count() == 0 and facts(page) == {}
    assert plot.evaluate("plot => document.activeElement === plot")


def test_a_click_shows_the_point_in_full(explore):
    page = explore()
    page.locator(".explorer-best-table button").nth(2).click()
    page.locator(".explorer-details dl").wait_for()
    best = pages.best_bounds([frozen("mnist2")]).iloc[2]
    shown = facts(page)
    assert shown["Method"] == plots.STYLE[best["method"]][0]
    assert float(shown["λ"]) == best["lam"] and float(shown["β"]) == best["beta"]
    assert float(shown["Complexity"]) == pytest.approx(best["complexity"], rel=1e-5)
    assert float(shown["Theorem 3.1"].split(":")[0]) == pytest.approx(best["bound"], rel=1e-5)
    assert shown["Theorem 3.1"].endswith("better than guessing")
    page.mouse.click(*middle(page.locator(".explorer-plot").nth(1), 30))
    drawn(page)
    assert facts(page)["Data set"] == "Cifar2, seed 0"


def test_focus_and_choice_survive_a_new_drawing(explore):
    page = explore()
    page.locator(".explorer-plot").first.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    page.locator(".explorer-details dl").wait_for()
    before = facts(page)
    page.evaluate(
        "() => { const n = document.querySelector('[name=n-slider]'); n.value = 100; n.dispatchEvent(new Event('input')); }"
    )
    drawn(page)
    after = facts(page)
    assert after["λ"] == before["λ"] and after["Complexity"] != before["Complexity"]
    assert page.evaluate("() => document.activeElement.classList.contains('explorer-plot')")


def test_those_who_listen_are_told(explore):
    page = explore()
    status = page.locator(".explorer-status")
    page.get_by_label("Cifar2", exact=True).uncheck()
    told(page)
    best = pages.best_bounds([frozen("mnist2")])["bound"]
    assert status.get_attribute("role") == "status"
    words = [f"Mnist2 seed 0 {plots.STYLE[method][0]} {bound:.3g}" for method, bound in zip(METHODS, best)]
    assert status.text_content() == f"{len(saved(page))} points. Smallest bounds: {', '.join(words)}."
    assert page.locator(".explorer-details").get_attribute("aria-live") == "polite"


# Links ----------------------------------------------------------------------------------------------------------------


def a_link(counted):
    """Every choice other than the page starts with."""
    seed = counted.loc[counted["dataset"] == "mnist2", "seed"].max()
    rows = counted[(counted["dataset"] == "mnist2") & (counted["seed"] == seed) & (counted["method"] == "diag")]
    row = rows[rows["lam"].between(0.00125893, 1.25893) & rows["beta"].between(0.01, 5.01187)].iloc[0]
    return (
        f"#explorer=1&data=mnist2,cifar10&seed=0,{seed}&method=diag,layerwise&lam=0.00125893..1.25893&beta=0.01..5.01187"
        f"&points=all&n=123456&delta=1e-12&best=kl&axis=log&point=mnist2:{seed}:diag:{row['lam']}:{row['beta']}"
    )


def the_link(page):
    drawn(page)
    return page.get_by_label("Link to this view").input_value()


def test_a_link_restores_everything(explore, counted):
    fragment = a_link(counted)
    page = explore(fragment)
    assert page.locator(".explorer-message").is_hidden()
    assert the_link(page) == (SITE / PAGE).as_uri() + fragment
    table, shown = saved(page), facts(page)
    seed = counted.loc[counted["dataset"] == "mnist2", "seed"].max()
    assert shown["Data set"] == f"Mnist2, seed {seed}" and shown["N and δ"] == "123,456 and 1e-12"
    keep = (
        counted["dataset"].isin(["mnist2", "cifar10"])
        & counted["seed"].isin([0, seed])
        & (counted["method"] != "baseline")
    )
    keep &= counted["lam"].between(0.00125893, 1.25893) & counted["beta"].between(0.01, 5.01187)
    the_same(table, counted[keep])
    assert (
        page.locator("input[name=axis][value=log]").is_checked()
        and page.locator("input[name=best][value=klForm]").is_checked()
    )


def test_what_the_reader_does_is_in_the_link_and_the_address(explore):
    page = explore()
    start = the_link(page)
    page.get_by_label("Cifar10", exact=True).check()
    page.get_by_label("logarithmic").check()
    page.locator("input[name=delta]").fill("0.001")
    page.keyboard.press("Enter")
    page.locator(".explorer-best-table button").first.click()
    told(page)
    link, table, shown = the_link(page), saved(page), facts(page)
    assert page.url == link != start
    page.goto("about:blank")
    page.goto(link)
    page.wait_for_selector(".explorer-details dl")
    pd.testing.assert_frame_equal(saved(page), table)
    assert facts(page) == shown and the_link(page) == link
    page.get_by_role("button", name="Back to the start").click()
    assert the_link(page) == start


def test_a_link_followed_on_the_page_itself_is_obeyed(explore, counted):
    page = explore()
    page.evaluate("fragment => { location.hash = fragment; }", a_link(counted))
    page.wait_for_selector(".explorer-details dl")
    assert the_link(page).endswith(a_link(counted))


BAD = [
    ("#explorer=1&data=mnist3", "data = “mnist3”: there is no mnist3; there are mnist2, "),
    ("#explorer=1&data=mnist2,mnist3", "there is no mnist3"),
    ("#explorer=1&seed=0,99", "there is no 99"),
    ("#explorer=1&lam=5..1", "lam = “5..1”: two values of the grid are needed"),
    ("#explorer=1&beta=nonsense", "beta = “nonsense”"),
    ("#explorer=1&n=1", "n = “1”: N must be a whole number from 2 to 10¹²."),
    ("#explorer=1&n=1e400", "N must be a whole number"),
    ("#explorer=1&delta=1", "delta = “1”: δ must lie strictly between 0 and 1."),
    ("#explorer=1&best=worst", "one of theorem, kl is needed"),
    ("#explorer=1&axis=constructor", "one of linear, log is needed"),
    ("#explorer=1&point=mnist2:0:diag:7:7", "there is no such point"),
    ("#explorer=1&wings=2", "“wings” is no choice of this page."),
    ("#explorer=1&n=5&n=6", "n is there twice; the first counts."),
    ("#explorer=0&n=5", "The link is of version “0” of this page, which is at version 1."),
    ("#explorer=1&n=%E0%A4%A", "n: “%E0%A4%A” is damaged."),
    ("#explorer=1&data=%3Cimg%20src=x%20onerror=alert(1)%3E", "there is no <img src=x onerror=alert(1)>"),
    ("#explorer=1", "It does not say: data, seed, method,"),
    ("#no-such-heading", "“#no-such-heading” is neither a view nor a place on this page."),
    ("#&&==", "is no choice of this page."),
    ("#explorer=1&__proto__=1", "“__proto__” is no choice"),
]


@pytest.mark.parametrize("fragment, message", BAD)
def test_a_bad_link_is_explained_and_the_page_works(explore, fragment, message):
    page = explore(fragment)
    shown = page.locator(".explorer-message")
    assert shown.is_visible() and message in shown.text_content()
    assert page.locator(".explorer-panels [role=option]").count() > 0 and len(saved(page)) > 0
    shown.get_by_role("button", name="Close").click()
    assert shown.is_hidden()


def test_a_half_good_link_keeps_the_good_half(explore):
    page = explore("#explorer=1&data=mnist5,mnist3&n=77&delta=7")
    table = saved(page)
    assert set(table["dataset"]) == {"mnist5"} and set(table["n"]) == {77} and set(table["delta"]) == {0.05}


def test_a_heading_is_no_bad_link(explore):
    assert explore("#how-to-read-it").locator(".explorer-message").is_hidden()


# Downloads, small screens, paper --------------------------------------------------------------------------------------


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
    words = {"True": "yes", "False": "no", "inf": "∞"}
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
