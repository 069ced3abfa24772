"""What the explorer shows: points, sliders, filters, the places of marks and lines."""

import math

import numpy as np
import pandas as pd
import pytest
from thorough import first

from pacbayes_curvature import bounds
from pacbayes_curvature.posteriors import METHODS
from paper import names
from paper.experiments.accuracy_vs_complexity.figure import NEARLY
from paper.experiments.accuracy_vs_complexity.words import best_bounds
from paper.experiments.rivals import words
from paper.results import records
from paper.show import style

from .explorer import TABLES, drawn, facts, frozen, kl_form, saved, swept, the_same, told
from .pages import ROOT


def test_it_opens_on_figure_3(explore, counted):
    page = explore()
    names = ["mnist2", "cifar2"]
    the_same(saved(page), counted[counted["dataset"].isin(names) & (counted["seed"] == 0) & counted["pareto"]])
    assert page.locator(".explorer-panel figcaption").all_text_contents() == ["Mnist2", "Cifar2"]
    best = best_bounds([frozen(name) for name in names])
    rows = [row.locator("td").all_text_contents() for row in page.locator(".explorer-best-table tbody tr").all()]
    assert [(row[0], int(row[1]), row[2]) for row in rows] == [
        (style.title(r.dataset), r.seed, style.STYLE[r.method][0]) for r in best.itertuples()
    ]
    for row, r in zip(rows, best.to_dict("records")):
        shown = [float(text) for text in (row[3], *row[5:8], row[9])]
        assert shown == pytest.approx(
            [r[name] for name in ("lam", "accuracy", "complexity", "bound", "chance")], rel=5e-3
        )
        assert (row[4] == "none") if math.isinf(r["beta"]) else float(row[4]) == pytest.approx(r["beta"], rel=5e-3)
    assert page.locator(".explorer-panels .explorer-best").count() == len(best)


@pytest.mark.parametrize(
    "n, delta", first(2, [(None, 0.05), (2, 0.5), (None, 1e-12), (1_000, 0.05), (10**6, 0.001), (10**12, 0.999)])
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
        assert set(rows["chance"]) == {1 - 1 / names.classes(name)}
    for by, column in ("theorem", "theorem_3_1"), ("klForm", "kl_inverse"):
        page.locator(f"input[name=best][value={by}]").check()
        drawn(page)
        points = swept(table)
        least = points.loc[points.groupby(["dataset", "method"], sort=False)[column].idxmin()]
        cells = page.locator(".explorer-best-table tbody tr").evaluate_all(
            "rows => rows.map(r => [r.cells[5].textContent, r.cells[6].textContent])"
        )
        assert [float(c) for row in cells for c in row] == pytest.approx(
            least[["accuracy", "complexity"]].to_numpy().ravel(), rel=2e-3
        )


def test_stale_results_are_called_so(explore):
    page = explore()
    results = [result for path in TABLES for result in records.read_all(path)]
    stale = {style.title(result.key.dataset) for result in results if records.why_stale(result)}
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
    first(3, [
        ("n", "1", "N must be a whole number from 2 to 10¹²; got “1”."),
        ("delta", "1", "δ must lie strictly between 0 and 1; got “1”."),
        ("n", "<b>many</b>", "got “<b>many</b>”."),
        ("n", "2.5", "N must be a whole number"),
        ("delta", "-0.1", "δ must lie strictly"),
        ("delta", "", "δ must lie strictly"),
    ]),
)  # fmt: skip
def test_a_wrong_number_is_refused_beside_its_field(explore, name, text, message):
    page = explore()
    before = saved(page)
    field = page.locator(f"input[name={name}]")
    field.fill(text)
    field.press("Tab")
    problem = page.locator(".explorer-problem:visible")
    assert message in problem.text_content() and field.get_attribute("aria-invalid") == "true"
    pd.testing.assert_frame_equal(saved(page), before)


def choose(page, name, where):
    """A value some way along a list, and what it leaves; an infinite beta passes."""
    options = page.locator(f"select[name={name}] option").evaluate_all("options => options.map(o => o.value)")
    value = options[int(where * len(options))]
    page.locator(f"select[name={name}]").select_option(value)
    column, end = name.split("-")
    return lambda t: (t[column] >= float(value)) if end == "from" else (t[column] <= float(value))


# What is done; which points that leaves, None if `choose` says so; the choice that the page starts with and that is changed by it.
FILTERS = [
    (lambda page: page.get_by_label("Mnist10", exact=True).check(), lambda t: t["dataset"].isin(["mnist2", "cifar2", "mnist10"]), "dataset"),
    (lambda page: page.get_by_label("Diag Hessian", exact=True).uncheck(), lambda t: t["method"] != "diag", None),
    (lambda page: choose(page, "lam-from", 0.6), None, None),
    (lambda page: page.get_by_label("all that were counted").check(), lambda t: t["pareto"] | ~t["pareto"], "pareto"),
    (lambda page: page.get_by_label("Mnist2", exact=True).uncheck(), lambda t: t["dataset"] == "cifar2", "dataset"),
    (lambda page: page.locator("input[name=seeds]").nth(1).check(), lambda t: t["seed"].isin(sorted(set(t["seed"]))[:2]), "seed"),
    (lambda page: choose(page, "lam-to", 0.4), None, None),
    (lambda page: choose(page, "beta-from", 0.6), None, None),
]  # fmt: skip


@pytest.mark.parametrize("number", first(4, range(len(FILTERS))))
def test_a_filter_leaves_the_points_that_it_says(explore, counted, number):
    page = explore()
    act, keep, changed = FILTERS[number]
    keep = act(page) if keep is None else (act(page), keep)[1]
    start = {
        "dataset": counted["dataset"].isin(["mnist2", "cifar2"]),
        "seed": counted["seed"] == 0,
        "pareto": counted["pareto"],
    }
    mask = keep(counted)
    for choice in start.keys() - {changed}:
        mask &= start[choice]
    found = saved(page)
    the_same(found, counted[mask])
    assert len(found) != (start["dataset"] & start["seed"] & start["pareto"]).sum(), "the filter does something"


def test_a_range_cannot_cross_itself(explore):
    page = explore()
    choose(page, "lam-to", 0.3)
    choose(page, "lam-from", 0.7)
    drawn(page)
    start, end = (page.locator(f"select[name=lam-{end}]").input_value() for end in ("from", "to"))
    assert start == end


def test_no_point_is_said_not_hidden(explore):
    page = explore()
    for method in METHODS:
        page.get_by_label(style.STYLE[method][0], exact=True).uncheck()
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
    """One mark for each point below the axis's end, which is that of the figures, at its accuracy and complexity to a fraction
    of a pixel, and the three lines where each bound just says something."""
    n, delta, chance = 1_000_000, 0.001, 0.8
    page = explore(f"#explorer=1&data=cifar5&seed=0&points=front&n={n}&delta={delta}&axis={axis}")
    table = saved(page).sort_values("complexity")
    x, y = np.array(page.locator(".explorer-panels [role=option]").evaluate_all(PLACES)).T
    nearly = table[table["accuracy"] >= 1 - (1 - NEARLY) * chance]
    one = min(1, math.sqrt(table["examples"].iloc[0] / n))  # where 1 is, when there are more examples than there were
    below = table[table["complexity"] <= max(1.05 * one, 1.1 * nearly["complexity"].min())]
    table = below if axis == "linear" else table
    assert len(table) == len(x) > 30
    (sx, ox) = np.polyfit(table["accuracy"].sort_values(), np.sort(x), 1)
    (sy, oy) = np.polyfit(height(table["complexity"]), -np.sort(-y), 1)
    assert sx > 0 > sy
    wanted = np.c_[sx * table["accuracy"] + ox, sy * height(table["complexity"]) + oy]
    apart = np.abs(wanted[:, None] - np.c_[x, y]).max(2)  # of each point and each mark
    assert apart.min(0).max() <= 0.02 and apart.min(1).max() <= 0.02

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


TICKS = "texts => texts.map(text => Number(text.textContent)).filter(Number.isFinite)"


def test_the_axes_follow_n(explore):
    """A hundred times the examples: complexities are a tenth, and so is their axis; all that was seen still is."""
    counts, tops = [], []
    for n in ("own", 100 * 60_000):
        page = explore(f"#explorer=1&data=mnist2&points=front&n={n}")
        tops.append(max(page.locator(".explorer-plot text[text-anchor=end]").evaluate_all(TICKS)))
        counts.append(page.locator(".explorer-panels [role=option]").count())
    assert tops[1] == pytest.approx(tops[0] / 10, rel=0.25) and counts[1] >= 0.95 * counts[0]


def test_figure_2s_curves_are_shown_when_asked_for(explore):
    page = explore("#explorer=1&data=mnist2&seed=0&curves=yes")
    result = records.read(ROOT / "results" / "lower_bound" / "mnist2.csv", 0)
    labels = page.locator(".explorer-panels [role=option]").evaluate_all("marks => marks.map(m => m.ariaLabel)")
    for curve, title in (
        ("fisher_diagonal", "Lemma 4.2, (10)"),
        ("layerwise_diagonal", "Lemma 4.2, layerwise"),
        ("block_prior", "Blocks"),
    ):
        rows = result.table[result.table["curve"] == curve]
        shown = [label for label in labels if label.startswith(f"{title}, seed 0")]
        assert 0.5 * len(rows) < len(shown) <= len(rows) and all("no bound" in label for label in shown)
    assert not set(saved(page)["method"]) & set(result.table["curve"]), "curves are no points of the download"
    page.get_by_role("group", name="Figure 2’s curves").get_by_label("none").check()
    drawn(page)
    assert not [
        label
        for label in page.locator(".explorer-panels [role=option]").evaluate_all("marks => marks.map(m => m.ariaLabel)")
        if "Lemma" in label
    ]


def test_the_rivals_are_shown_when_asked_for(explore):
    """Each once, by its name, with the examples that it counts and its certificate; a selected one leads to its run."""
    page = explore("#explorer=1&data=mnist2&seed=0&rivals=yes")
    rows = records.read(ROOT / "results" / "rivals" / "mnist2.csv", 0).table
    found = saved(page).merge(rows, on=["dataset", "seed", "method"], suffixes=("", "_frozen"))
    assert len(found) == len(rows) > 0
    assert (found["certificate"] == found["certificate_frozen"]).all() and (found["n"] == found["n_frozen"]).all()
    assert np.allclose(found["accuracy"], 1 - found["errors"] / found["outcomes"], rtol=1e-15)
    assert np.allclose(found["complexity"], [bounds.complexity(kl, n) for kl, n in zip(found["kl"], found["n"])])
    for row in found.itertuples():
        mark = page.locator(f".explorer-panels [role=option][aria-label^='{words.name(row.method)}, seed 0']")
        assert mark.count() == 1 and f"{row.n:,} examples counted" in mark.get_attribute("aria-label")
    page.get_by_role("group", name="Rivals of chapter 10").get_by_label("none").check()
    drawn(page)
    assert "rival" not in page.locator(".explorer-legends").inner_text() and not set(saved(page)["method"]) & set(
        rows["method"]
    )
    method = rows["method"].iloc[0]
    page = explore(f"#explorer=1&data=mnist2&seed=0&rivals=yes&point=mnist2:0:{method}:null:null")
    assert facts(page)["Method"] == words.name(method) and "β" not in facts(page)
    page.get_by_role("link", name="files, day, time and code").click()
    assert page.url.endswith("notebooks/data.html#run-rivals")
    page.wait_for_selector("#run-rivals", state="attached")  # the address changes before the page is there
    assert page.locator("#run-rivals").count() == 1


@pytest.mark.parametrize("later", first(1, ["&curves=no&rivals=no", "&rivals=no"]))
def test_a_link_from_before_a_choice_means_none(explore, later):
    page = explore()
    link = page.get_by_label("Link to this view").input_value()
    assert link.endswith(later)
    assert explore("#" + link.partition("#")[2].removesuffix(later)).locator(".explorer-message").is_hidden()


def test_certificates_and_test_errors_stand_beside_the_bounds(explore):
    """Every posterior with a certificate is a point, and its certificate is in the row of its method."""
    page = explore()
    table = saved(page)
    heads = page.locator(".explorer-best-table th").all_text_contents()
    rows = [row.locator("td").all_text_contents() for row in page.locator(".explorer-best-table tbody tr").all()]
    for name in ("mnist2", "cifar2"):
        frozen_ones = records.read(ROOT / "results" / "certificates" / f"{name}.csv", 0).table
        for each in frozen_ones[frozen_ones["method"].isin(METHODS)].itertuples():
            found = table[(table["dataset"] == name) & (table["certificate"] == each.certificate)]
            found = found[found["method"] == each.method]
            assert len(found) == 1 and found["lam"].item() == each.lam and found["test_error"].item() == each.test_error
            shown = [row for row in rows if row[0] == style.title(name) and row[2] == style.STYLE[each.method][0]]
            assert float(shown[0][heads.index("certificate")]) == pytest.approx(each.certificate, rel=1e-3)
    for row in rows:
        assert 0 < float(row[heads.index("test error")]) < 1
    mark = page.locator(".explorer-panels [role=option][aria-label*=certificate]").first
    mark.scroll_into_view_if_needed()
    mark.click(force=True)
    page.locator(".explorer-details dl").wait_for()
    assert "Test error" in facts(page)


def test_the_selected_point_stands_beside_the_figure(explore):
    page = explore()
    page.set_viewport_size({"width": 1400, "height": 900})
    drawn(page)
    panels, details = page.locator(".explorer-panels").bounding_box(), page.locator(".explorer-details").bounding_box()
    assert details["x"] >= panels["x"] + panels["width"] and details["y"] < panels["y"] + panels["height"]
