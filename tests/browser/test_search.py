"""The search finds what a reader of the paper would type, from the file system and without a network."""

import re

import pytest
from thorough import first

from .pages import SITE
from .strict import served

FINISHED = "() => /found|not match/.test(document.querySelector('#search-results .search-summary').textContent)"
FIRST = 3  # a reader looks at a few results


@pytest.mark.parametrize(
    "query, place",
    first(5, [
        ("Lemma 4.2", "notebooks/04_optimal_prior.html#lem-42"),
        ("lemma 4.1", "notebooks/03_optimal_posterior.html#lem-41"),
        ("Theorem 3.1", "notebooks/02_pac_bayes_bound.html#thm-31"),
        ("Lemma 5.1", "notebooks/05_layerwise_curvature.html#lem-printed"),
        ("Equation 10", "notebooks/05_layerwise_curvature.html#eq-10"),
        ("Sherman-Morrison", "notebooks/05_layerwise_curvature.html#prop-sherman-morrison"),
        ("Figure 2", "notebooks/06_feasible_vs_nonvacuous.html"),
        ("figure 3", "notebooks/07_accuracy_vs_complexity.html"),
        ("Figure 4", "notebooks/08_all_datasets.html"),
        ("kl inverse", "notebooks/02_pac_bayes_bound.html#prop-inverse"),
        ("cifar10", "notebooks/appendix_cifar10.html"),
        ("local reparametrisation", "notebooks/09_certificates.html"),
        ("glossary", "book/symbols.html"),
    ]),
)  # fmt: skip
def test_a_query_finds_its_place(visit, query, place):
    page = visit(f"search.html?q={query.replace(' ', '+')}")
    page.wait_for_function(FINISHED)
    found = page.locator("#search-results li > a").evaluate_all("links => links.map(a => a.href)")
    found = [link.partition("/html/")[2] for link in found[:FIRST]]
    assert any(link == place or link.startswith(place + "#") for link in found), found
    assert visit.complaints == []


def test_a_number_is_a_word(visit):
    """Without our splitter "4.2" would be dropped, and every page with a lemma found."""
    pages = {}
    for query in ("Lemma", "Lemma 4.2", "Lemma 7.9"):
        page = visit(f"search.html?q={query.replace(' ', '+')}")
        page.wait_for_function(FINISHED)
        links = page.locator("#search-results li > a").evaluate_all("links => links.map(a => a.href.split('#')[0])")
        pages[query] = set(links)
    assert pages["Lemma 7.9"] == set() < pages["Lemma 4.2"] < pages["Lemma"]


@pytest.mark.parametrize(
    "tex, words",
    [
        (r"\(\frac\beta{2N}\,\mathrm{KL}(Q\|P)\)", "β/2N KL(Q‖P)"),
        (r"\[\begin{split}\sqrt{\frac{c}{2N}}\end{split}\]", "√(c/2N)"),
        (r"\(\mathcal N(\mu_0, \Sigma_0)\)", "N(μ_0, Σ_0)"),
        (r"\(\{p \in [q,1] : \mathrm{kl}(q\|p) \le c\}\)", "{p ∈ [q,1] : kl(q‖p) ≤ c}"),
        (r"\(\tfrac12\operatorname{tr}(H\Sigma)\)", "1/2 tr(HΣ)"),
        ("no formula", "no formula"),
    ],
)
def test_a_formula_in_plain_letters(visit, tex, words):
    assert visit("search.html").evaluate("tex => Search.plain(tex)", tex) == words


@pytest.mark.parametrize("query", first(1, ["beta", "posterior", "kl inverse", "lambda"]))
def test_a_quotation_has_no_latex(browser, tmp_path, query):
    """From a server, since a page opened from the file system may not read the pages that it quotes."""
    with served(SITE, tmp_path) as address:
        page = browser.new_page()
        page.set_default_timeout(120_000)
        page.goto(f"{address}search.html?q={query.replace(' ', '+')}")
        page.wait_for_function(FINISHED)
        page.locator("#search-results .context").first.wait_for()
        text = page.locator("#search-results").text_content()
        assert page.locator("#search-results .context").count() > 3
        assert re.findall(r"\\[a-zA-Z(\[]+|\$", text) == []
        page.close()
