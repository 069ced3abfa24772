"""The figures that a reader moves: their mathematics, by mouse, keyboard and finger, and their stills."""

import re

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from thorough import first

from pacbayes_curvature.bounds import pac_bayes_bound
from pacbayes_curvature.gaussians import kl_divergence, optimal_posterior, optimal_prior_and_posterior
from paper.show.movable import KINDS

from .explorer import drawn
from .movable_page import HESSIAN, MEAN, PRIOR_MEAN, frozen, write

ELLIPSE, PYTHAGORAS, ALONG, FIGURE_3, FIGURE_2 = range(5)
NUMBER = r"-?\d+(?:\.\d+)?(?:e[-+]\d+)?"


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    return write(tmp_path_factory.mktemp("movable"))


@pytest.fixture
def page(browser, written):
    context = browser.new_context(offline=True, viewport={"width": 900, "height": 900})
    context.set_default_timeout(120_000)  # a busy machine is slow, not wrong
    page, complaints = context.new_page(), []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(written[0].as_uri())
    page.wait_for_function("() => document.querySelectorAll('.movable[data-started]').length === 5")
    drawn(page)
    yield page
    assert complaints == []
    context.close()


def movable(page, number):
    return page.locator(".movable").nth(number)


def words(page, number):
    drawn(page)
    return movable(page, number).locator(".movable-words").text_content()


def numbers(text):
    return [float(found) for found in re.findall(NUMBER, text)]


def move(page, number, label, steps):
    """By the keyboard: some steps of a slider."""
    slider = movable(page, number).get_by_role("slider", name=label)
    slider.focus()
    for _ in range(abs(steps)):
        page.keyboard.press("ArrowRight" if steps > 0 else "ArrowLeft")
    drawn(page)
    return float(movable(page, number).locator(f"output[for={slider.get_attribute('id')}]").text_content())


def test_lemma_41_is_the_packages(page):
    rng = np.random.default_rng(3)
    for _ in range(20):
        root, mean, prior_mean = rng.normal(size=(2, 2)), rng.normal(size=2), rng.normal(size=2)
        hessian, lam, beta = root @ root.T, *np.exp(rng.normal(size=2))
        given = {"hessian": hessian.tolist(), "mean": mean.tolist(), "prior_mean": prior_mean.tolist()}
        found = page.evaluate("given => Movable.lemma41(...given)", [given, lam, beta])
        covariance = optimal_posterior(hessian, lam, beta)
        np.testing.assert_allclose(found["covariance"], covariance[[0, 0, 1], [0, 1, 1]], rtol=1e-9, atol=1e-12)
        assert found["kl"] == pytest.approx(kl_divergence(mean, covariance, prior_mean, lam), rel=1e-9)
        assert found["loss"] == pytest.approx(np.trace(hessian @ covariance) / 2, rel=1e-9)


def test_lemma_42_is_the_packages(page):
    rng = np.random.default_rng(4)
    for h, displacement, beta in np.exp(2 * rng.normal(size=(30, 3))):
        found = page.evaluate("given => Movable.lemma42(...given)", [h, displacement, beta])
        pair = optimal_prior_and_posterior(h, displacement, beta)
        expected = [pair.posterior_variance, pair.prior_variance, pair.expected_loss, pair.kl]
        assert list(found.values()) == pytest.approx(expected, rel=1e-9)


def test_the_ellipse_follows_the_sliders(page):
    covariance = optimal_posterior(np.array(HESSIAN), 1.0, 1.0)
    shown = numbers(words(page, ELLIPSE).partition("=")[2])
    assert shown[:4] == pytest.approx(covariance.ravel(), abs=1e-3)
    assert shown[4:7] == pytest.approx([10**-0.5, 2**-0.5, 1], rel=1e-3)
    lam, beta = move(page, ELLIPSE, "λ, variance", 20), move(page, ELLIPSE, "β, price", -30)
    assert lam > 1 > beta
    covariance = optimal_posterior(np.array(HESSIAN), lam, beta)
    text = words(page, ELLIPSE)
    assert numbers(text.partition("=")[2])[:4] == pytest.approx(covariance.ravel(), rel=0.02)
    kl = kl_divergence(np.array(MEAN), covariance, np.array(PRIOR_MEAN), lam)
    assert float(re.search(rf"KL ({NUMBER})", text)[1]) == pytest.approx(kl, rel=0.01)
    radii = [float(movable(page, ELLIPSE).locator(".movable-posterior").get_attribute(name)) for name in ("rx", "ry")]
    assert radii[1] / radii[0] == pytest.approx(np.sqrt(np.divide(*np.linalg.eigvalsh(covariance)[::-1])), rel=0.01)
    movable(page, ELLIPSE).get_by_role("button", name="Back to the start").click()
    assert numbers(words(page, ELLIPSE).partition("=")[2]) == pytest.approx(shown)


def test_the_triangle_is_a_right_one_of_the_three_lengths(page):
    for label, steps in ((None, 0), ("Δ", -40), ("h, curvature", 35), ("β, price", 20)):
        if label:
            move(page, PYTHAGORAS, label, steps)
        prior, posterior, square = numbers(words(page, PYTHAGORAS))[:3]
        assert prior == pytest.approx(posterior + square, rel=1e-3)
        sides = (
            movable(page, PYTHAGORAS)
            .locator(".movable-side")
            .evaluate_all(
                "lines => lines.map(l => Math.hypot(l.x2.baseVal.value - l.x1.baseVal.value, l.y2.baseVal.value - l.y1.baseVal.value))"
            )
        )
        assert np.square(sides) / sides[0] ** 2 == pytest.approx(
            np.array([square, posterior, prior]) / square, rel=2e-3
        )
        assert sides[2] ** 2 == pytest.approx(sides[0] ** 2 + sides[1] ** 2, rel=1e-6), "one unit on both axes"


@pytest.mark.parametrize("direction", ["to the initial weights", "the steepest", "equal noise", "noise of Lemma 4.1"])
def test_the_loss_along_a_line_is_the_measured_one(page, written, direction):
    table = written[1][direction]
    figure = movable(page, ALONG)
    figure.get_by_label(direction).check()
    move(page, ALONG, "how far", 7)
    t, model, real = numbers(words(page, ALONG))[:3]
    loss = float(table.set_index("distance")["loss"][0.0])
    assert real == pytest.approx(np.interp(t, table["distance"], table["loss"]) - loss, rel=0.02)
    assert model == pytest.approx(table.attrs["slope"] * t + table.attrs["curvature"] * t**2 / 2, rel=0.02)
    near = np.interp(t, table["distance"], table["error"])
    assert float(re.search(rf"here on ({NUMBER})%", words(page, ALONG))[1]) == pytest.approx(100 * near, abs=0.5)
    figure.get_by_role("slider", name="how far").fill("0")
    figure.get_by_role("slider", name="where").fill("120")  # so near that no ReLU switches on the way
    t, model, real = numbers(words(page, ALONG))[:3]
    assert real == pytest.approx(model, rel=0.05), "close by, the loss is its quadratic"


@pytest.mark.parametrize("number", [FIGURE_3, FIGURE_2])
def test_the_fronts_points_are_the_results(page, number):
    """Every mark by the keyboard; each says lam, beta, the bound and, where it was measured, the test error."""
    plot = movable(page, number).locator(".explorer-plot").first
    labels = plot.locator("[role=option]").evaluate_all("marks => marks.map(mark => mark.getAttribute('aria-label'))")
    sweep, _ = frozen("accuracy_vs_complexity")
    front = sweep.table[sweep.table["pareto"]]
    bounds = [label for label in labels if "Theorem 3.1" in label]
    curves = [label for label in labels if label.startswith(("Lemma 4.2", "Blocks"))]
    assert 0.8 * len(front) < len(bounds) <= len(front) and bool(curves) == (number == FIGURE_2)
    assert all("no bound" in label for label in curves) and len(bounds) + len(curves) == len(labels)
    for label in bounds[::7]:
        accuracy, theorem = (float(re.search(rf"{name} ({NUMBER})", label)[1]) for name in ("accuracy", "Theorem 3.1"))
        lam = float(re.search(rf"λ ({NUMBER})", label)[1])
        near = front[np.isclose(front["lam"], lam, rtol=0.01) & np.isclose(front["accuracy"], accuracy, atol=1e-4)]
        bound = pac_bayes_bound(
            1 - near["accuracy"].to_numpy(), near["kl"].to_numpy(), int(near["examples"].iloc[0]), 0.05
        )
        assert np.isclose(bound, theorem, rtol=1e-3).any()
        assert ("test error" in label) == ("test_error" in front)
    plot.focus()
    page.keyboard.press("ArrowRight")
    tip = movable(page, number).locator(".explorer-tip").first
    tip.wait_for()
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    assert "λ" in tip.text_content() and "accuracy" in tip.text_content()
    page.keyboard.press("Enter")
    assert movable(page, number).locator(".explorer-details dt").all_text_contents()[:2] == ["Data set", "Method"]
    regions = movable(page, number).locator(".explorer-panels :is(.explorer-feasible, .explorer-useful)").count()
    assert regions == (4 if number == FIGURE_2 else 0)
    tested = movable(page, number).locator(".explorer-panels .explorer-tested").count()
    methods = sweep.table["method"].nunique()
    assert tested == (methods * 2 if number == FIGURE_3 else 0), (
        "a front on the test set for each method of both panels"
    )


def test_on_paper_and_without_javascript_there_is_the_still(page, browser, written):
    shown = "images => images.map(image => image.getBoundingClientRect().width > 0)"
    assert page.locator("figure > img").evaluate_all(shown) == [False] * 5
    page.emulate_media(media="print")
    assert page.locator("figure > img").evaluate_all(shown) == [True] * 5
    assert page.locator(".movable").evaluate_all(shown) == [False] * 5
    context = browser.new_context(java_script_enabled=False, offline=True)
    plain = context.new_page()
    plain.goto(written[0].as_uri())
    for number in range(5):
        assert (
            plain.locator("figure > img").nth(number).is_visible() and plain.locator(".movable").nth(number).is_hidden()
        )
    context.close()


def test_each_stands_in_its_figure_above_the_caption(page):
    order = "figures => figures.map(figure => [...figure.children].map(child => child.tagName))"
    assert page.locator("figure.movable-figure").evaluate_all(order) == [["IMG", "DIV", "FIGCAPTION"]] * 5
    kinds = page.locator(".movable").evaluate_all("places => places.map(place => place.dataset.movable)")
    assert set(kinds) == set(KINDS)


def test_a_phone_and_a_finger(browser, written):
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True, offline=True)
    context.set_default_timeout(120_000)
    page = context.new_page()
    page.goto(written[0].as_uri())
    page.wait_for_function("() => document.querySelectorAll('.movable[data-started]').length === 5")
    drawn(page)
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 390
    for part in (".movable-plot", ".movable-slider input", ".explorer-plot", ".movable-controls:visible"):
        for box in (element.bounding_box() for element in page.locator(part).all()):
            assert 0 <= box["x"] and box["x"] + box["width"] <= 390 and box["height"] >= 24, part
    before = words(page, ELLIPSE)
    slider = movable(page, ELLIPSE).get_by_role("slider", name="β, price")
    slider.scroll_into_view_if_needed()
    box = slider.bounding_box()
    page.touchscreen.tap(box["x"] + 0.8 * box["width"], box["y"] + box["height"] / 2)
    drawn(page)
    assert words(page, ELLIPSE) != before
    context.close()


@pytest.mark.parametrize("scheme", first(1, ["light", "dark"]))
def test_it_is_accessible(page, scheme):
    page.evaluate("scheme => { document.documentElement.dataset.theme = scheme; }", scheme)
    found = Axe().run(page, options={"preload": False}).response["violations"]
    assert [
        (fault["id"], fault["nodes"][0]["html"]) for fault in found if fault["impact"] in ("serious", "critical")
    ] == []
    pictures = page.locator(".movable-plot").evaluate_all(
        "plots => plots.map(p => [p.getAttribute('role'), p.getAttribute('aria-label').length])"
    )
    assert len(pictures) == 3 and all(role == "img" and length > 100 for role, length in pictures)
