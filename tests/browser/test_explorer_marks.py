"""The explorer's marks under the mouse and the keys."""

import pytest

from pacbayes_curvature.posteriors import METHODS
from paper.experiments.accuracy_vs_complexity.words import best_bounds
from paper.show import style

from .explorer import drawn, facts, frozen, middle, saved, told


def test_a_mark_says_what_it_is_under_the_mouse(explore):
    page = explore()
    tip = page.locator(".explorer-tip").first
    page.mouse.move(*middle(page.locator(".explorer-plot").first, 7))
    tip.wait_for()
    option = page.locator(f"[id='{page.locator('.explorer-plot').first.get_attribute('aria-activedescendant')}']")
    accuracy = option.get_attribute("aria-label").split("accuracy ")[1].split(",")[0]
    assert f"accuracy {accuracy}" in tip.text_content() and "kl inverse" in tip.text_content()
    page.mouse.move(5, 5)
    tip.wait_for(state="hidden")


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
    best = best_bounds([frozen("mnist2")]).iloc[2]
    shown = facts(page)
    assert shown["Method"] == style.STYLE[best["method"]][0]
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
    best = best_bounds([frozen("mnist2")])["bound"]
    assert status.get_attribute("role") == "status"
    words = [f"Mnist2 seed 0 {style.STYLE[method][0]} {bound:.3g}" for method, bound in zip(METHODS, best)]
    assert status.text_content() == f"{len(saved(page))} points. Smallest bounds: {', '.join(words)}."
    assert page.locator(".explorer-details").get_attribute("aria-live") == "polite"
