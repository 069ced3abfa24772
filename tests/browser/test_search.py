"""The search finds what a reader of the paper would type, from the file system and without a network."""

import pytest

FINISHED = "() => /found|not match/.test(document.querySelector('#search-results .search-summary').textContent)"
FIRST = 3  # a reader looks at a few results


@pytest.mark.parametrize(
    "query, place",
    [
        ("Lemma 4.2", "notebooks/04_optimal_prior.html#lem-42"),
        ("lemma 4.1", "notebooks/03_optimal_posterior.html#lem-41"),
        ("Theorem 3.1", "notebooks/02_pac_bayes_bound.html#thm-31"),
        ("Lemma 5.1", "notebooks/05_layerwise_curvature.html#lem-printed"),
        ("Equation 10", "notebooks/05_layerwise_curvature.html#eq-10"),
        ("Sherman-Morrison", "notebooks/05_layerwise_curvature.html#prop-sherman-morrison"),
        ("cifar10", "notebooks/appendix_cifar10.html"),
        ("local reparametrisation", "notebooks/07_accuracy_vs_complexity.html"),
        ("glossary", "book/symbols.html"),
    ],
)
def test_a_query_finds_its_place(visit, query, place):
    page = visit(f"search.html?q={query.replace(' ', '+')}")
    page.wait_for_function(FINISHED)
    found = page.locator("#search-results li > a").evaluate_all("links => links.map(a => a.href)")
    first = [link.partition("/html/")[2] for link in found[:FIRST]]
    assert any(link == place or link.startswith(place + "#") for link in first), first
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
