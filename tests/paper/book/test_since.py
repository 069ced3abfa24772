"""The page "What happened since": each of its numbers is that of the results, and each work that it names is cited."""

import re
from pathlib import Path

import pandas as pd
import pytest

from paper.book import since
from paper.experiments.lower_bound import words
from paper.results import records

PAGE = (Path(__file__).parents[3] / "notebooks" / "since.md").read_text(encoding="utf-8")
FROZEN = records.FROZEN


@pytest.fixture(scope="module")
def named():
    return since.named()


def test_every_number_of_the_page_has_a_value(named):
    quoted = set(re.findall(r"\{glue:text\}`([\w.]+)", PAGE))
    assert len(quoted) > 20 and quoted <= set(named)


def test_no_number_of_ours_is_typed():
    """Digits with a point stand only in names: of lemmas, in links, and in what the page quotes from an abstract."""
    body = re.sub(r"```\{code-cell\}.*?\n```", "", PAGE.partition("# What happened since")[2], flags=re.DOTALL)
    assert re.findall(r"(?<![\w.])\d+\.\d+", re.sub(r"(Lemma|Figures?) [\d.]+|:[.,\d]*f", "", body)) == []


def test_the_optimised_posterior_is_that_of_the_results(named):
    table = pd.read_csv(FROZEN / "two_minima" / "mnist2.csv").query("seed == 0").set_index("quantity")["value"]
    assert (named["moved.before"], named["moved.after"]) == (table["bound_original"], table["bound_optimised"])
    assert (named["moved.kl_before"], named["moved.kl_after"]) == (table["kl_original"], table["kl_optimised"])


@pytest.mark.parametrize("dataset", ["mnist2", "cifar2"])
def test_a_floor_is_the_smallest_sum_of_a_curve_in_each_seed(named, dataset):
    results = records.read_all(FROZEN / "lower_bound" / f"{dataset}.csv")
    for name, curve in (("floor", "layerwise_diagonal"), ("blocks", "block_prior")):
        sums = []
        for result in results:
            points = result.table[result.table["curve"] == curve]
            sums.append((1 - points["accuracy"] + points["complexity"]).min())
        assert named[f"{dataset}.{name}.least"] == pytest.approx(min(sums), abs=2e-3)
        assert named[f"{dataset}.{name}.most"] == pytest.approx(max(sums), abs=2e-3)
        assert named[f"{dataset}.{name}.least"] < named[f"{dataset}.{name}.most"]
    assert named[f"{dataset}.floor.seeds"] == len(results) == len(words.meetings(results)) / 3


def test_the_inputs_second_moment_has_a_small_effective_rank(named):
    table = pd.read_csv(FROZEN / "curvature_spectra" / "mnist2.csv").query("seed == 0 and layer == 1")
    g = table["eigenvalue"]
    assert named["mnist2.inputs"] == len(g) == 785
    assert named["mnist2.rank"] == pytest.approx(g.sum() ** 2 / (g**2).sum())


def test_what_is_missing_is_said(monkeypatch):
    monkeypatch.setattr(records, "read_all", lambda path: [])
    with pytest.raises(ValueError, match="two_minima of mnist2 is not frozen"):
        since._frozen("two_minima", "mnist2")
