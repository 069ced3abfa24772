"""Pictures of the main pages, kept as artefacts of the build: build/screenshots."""

import pytest

from .pages import ROOT, settled

MAIN = ["notebooks/index", "notebooks/01_introduction", "notebooks/04_optimal_prior", "notebooks/06_feasible_vs_nonvacuous",
        "notebooks/07_accuracy_vs_complexity", "notebooks/08_all_datasets", "notebooks/claims", "notebooks/functions", "notebooks/rerun", "notebooks/data",
        "book/symbols"]  # fmt: skip
SIZES = {"wide": {"width": 1280, "height": 800}, "phone": {"width": 390, "height": 844}}
FOLDER = ROOT / "build" / "screenshots"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", MAIN)
def test_a_picture_of(visit, name, size, scheme):
    page = visit(f"{name}.html")
    page.set_viewport_size(SIZES[size])
    page.emulate_media(color_scheme=scheme)
    page.wait_for_function(f"document.documentElement.dataset.theme === '{scheme}'")
    path = FOLDER / f"{name.split('/')[-1]}-{size}-{scheme}.png"
    settled(page).screenshot(path=path, full_page=True)
    assert path.stat().st_size > 20_000  # an empty page has a few thousand bytes


def test_question_answer_and_headline_figure_are_on_the_first_screen(visit):
    page = visit("notebooks/index.html")
    page.set_viewport_size(SIZES["wide"])
    bottom = "e => e.getBoundingClientRect().bottom"
    for text in ("The question.", "The answer."):
        assert page.locator("article p", has_text=text).first.evaluate(bottom) <= 800
    images = page.locator(".tag_headline img").evaluate_all(f"images => images.map({bottom})")
    assert len(images) == 2 and all(400 < each <= 800 for each in images)
