"""What the tests of the explorer share: the tables behind it, and how they wait for it and read it."""

import numpy as np
import pandas as pd

from pacbayes_curvature import bounds
from paper.results import records

from .pages import ROOT

PAGE = "book/explorer.html"
TABLES = sorted((ROOT / "results" / "accuracy_vs_complexity").glob("*.csv"))
POINT = ["dataset", "seed", "method", "lam", "beta"]


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


def swept(found: pd.DataFrame) -> pd.DataFrame:
    """Without the posteriors that have a certificate, which were looked for by themselves."""
    return found[found["certificate"].isna()] if "certificate" in found else found


def the_same(found: pd.DataFrame, expected: pd.DataFrame):
    """The same points of the sweeps, in any order, with exactly the same numbers."""
    found = swept(found)
    columns = [*POINT, "accuracy", "accuracy_stderr", "kl", "examples", "front"]
    expected = expected.rename(columns={"pareto": "front"})[columns].sort_values(POINT, ignore_index=True)
    pd.testing.assert_frame_equal(found[columns].sort_values(POINT, ignore_index=True), expected, check_exact=True)
    assert len(expected) > 0


def kl_form(accuracy, kl, n, delta):
    """Maurer's form, for numbers or arrays."""
    return bounds.kl_inverse(1 - accuracy, (kl + np.log(2 * np.sqrt(n)) - np.log(delta)) / n)


def middle(plot, number):
    """Where a mark is on the screen, after it was scrolled there."""
    plot.scroll_into_view_if_needed()
    box = plot.locator("[role=option] > :first-child").nth(number).bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def facts(page):
    names = page.locator(".explorer-details dt").all_text_contents()
    return dict(zip(names, page.locator(".explorer-details dd").all_text_contents()))
