"""The explorer's links: what they restore, and what is said of a bad one."""

import numpy as np
import pandas as pd
import pytest
from thorough import first

from .explorer import PAGE, drawn, facts, saved, the_same, told
from .pages import SITE


def ranges(counted):
    """(lam from, to, beta from, to): in the middle of the values that there are."""
    values = [sorted(counted[name][np.isfinite(counted[name])].unique()) for name in ("lam", "beta")]
    return [axis[k] for axis in values for k in (len(axis) // 3, -3)]


def a_link(counted):
    """Every choice other than the page starts with."""
    lam_from, lam_to, beta_from, beta_to = ranges(counted)
    seed = counted.loc[counted["dataset"] == "mnist2", "seed"].max()
    rows = counted[(counted["dataset"] == "mnist2") & (counted["seed"] == seed) & (counted["method"] == "diag")]
    row = rows[rows["lam"].between(lam_from, lam_to) & rows["beta"].between(beta_from, beta_to)].iloc[0]
    return (
        f"#explorer=1&data=mnist2,cifar10&seed=0,{seed}&method=diag,layerwise&lam={lam_from}..{lam_to}"
        f"&beta={beta_from}..{beta_to}&points=all&n=123456&delta=1e-12&best=kl&axis=log"
        f"&point=mnist2:{seed}:diag:{row['lam']}:{row['beta']}&curves=yes&rivals=yes"
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
    lam_from, lam_to, beta_from, beta_to = ranges(counted)
    keep &= counted["lam"].between(lam_from, lam_to)
    keep &= counted["beta"].between(beta_from, beta_to) | np.isinf(counted["beta"])  # of the baseline's kind
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
    ("#explorer=1&data=mnist11", "data = “mnist11”: there is no mnist11; there are mnist2, "),
    ("#explorer=1&data=mnist2,mnist11", "there is no mnist11"),
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


@pytest.mark.parametrize("fragment, message", first(4, BAD))
def test_a_bad_link_is_explained_and_the_page_works(explore, fragment, message):
    page = explore(fragment)
    shown = page.locator(".explorer-message")
    assert shown.is_visible() and message in shown.text_content()
    assert page.locator(".explorer-panels [role=option]").count() > 0 and len(saved(page)) > 0
    shown.get_by_role("button", name="Close").click()
    assert shown.is_hidden()


def test_a_half_good_link_keeps_the_good_half(explore):
    page = explore("#explorer=1&data=mnist5,mnist11&n=77&delta=7")
    table = saved(page)
    assert set(table["dataset"]) == {"mnist5"} and set(table["n"]) == {77} and set(table["delta"]) == {0.05}


def test_a_heading_is_no_bad_link(explore):
    assert explore("#how-to-read-it").locator(".explorer-message").is_hidden()
