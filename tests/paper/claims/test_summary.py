"""The box on top of a chapter says what its results say."""

from dataclasses import replace

import numpy as np
import pytest
from IPython.display import Markdown
from sweep_results import result

from paper.claims import summary
from paper.claims.verdicts import Judgement
from paper.experiments.accuracy_vs_complexity.words import verdicts


def swept(baseline, diag, layerwise, dataset="mnist2"):
    """A result whose methods have one perfect point each, of these complexities."""
    r = result(dataset)
    complexity = {"baseline": baseline, "diag": diag, "layerwise": layerwise}
    r.table["accuracy"], r.table["complexity"] = 1.0, r.table["method"].map(complexity)
    return r


def test_a_summary_is_a_box_of_three_parts():
    text = summary.summary("It says.", "\n- found", "They differ.").data
    assert text.startswith(":::{admonition} Summary\n:class: summary\n") and text.endswith("\n:::")
    places = [
        text.index(part) for part in ("**The paper.** It says.", "**What we find.**", "**Where the two differ.** They")
    ]
    assert places == sorted(places)
    assert "\n- found" in text


def test_bounds_are_counted_against_both_lines():
    text = summary.differences([swept(0.4, 0.6, 1.2)])
    assert "below 1 for 2 of the 3 methods" in text and "below the error of guessing for one of them" in text


@pytest.mark.parametrize(
    "complexities, sums, heights",
    [
        ((0.4, 0.3, 0.2), "Each refinement has the smaller sum.", True),
        ((0.4, 0.4, 0.2), "Not every refinement has the smaller sum.", False),
        ((0.4, 0.3, 0.35), "Not every refinement has the smaller sum.", False),
    ],
)
def test_the_order_holds_only_if_every_step_is_down(complexities, sums, heights):
    text = summary.differences([swept(*complexities)])
    assert sums in text and ("Not at each of the accuracies" in text) != heights


def test_data_sets_are_judged_one_by_one():
    text = summary.differences([swept(0.4, 0.3, 0.2), swept(0.2, 0.3, 0.4, "cifar10")])
    assert "each refinement has the smaller sum on Mnist2, but not on Cifar10. " in text
    assert text.endswith("the smaller complexity on one of the 2 data sets.")


def test_sums_that_say_nothing_are_not_compared():
    good, vacuous, other = swept(0.4, 0.3, 0.2), swept(0.6, 0.45, 0.4), swept(0.6, 0.45, 0.4, "cifar2")
    assert "Not all sums are below it" in summary.differences([vacuous])
    assert "No sum is below it" in summary.differences([swept(1.2, 1.1, 1.0)])
    assert "On Mnist2, where all methods are below it, each refinement has the" in summary.differences([good, other])
    assert "On none of the data sets" in summary.differences([vacuous, other])


def test_methods_that_were_not_run_are_not_judged():
    r = swept(0.4, 0.3, 0.2)
    r = replace(r, table=r.table[r.table["method"] != "diag"])
    assert summary.differences([r]).endswith("compared, each refinement of the curvature has the smaller complexity.")
    assert not summary.ordered({"baseline": 0.2, "layerwise": np.nan})


def test_the_box_of_a_sweep_has_the_verdicts_of_its_tables():
    results = [swept(0.4, 0.3, 0.2)]
    assert verdicts(results).data in summary.of_sweep(results).data


@pytest.mark.parametrize("verdict, word", [("partly", "partly reproduced"), ("not settled", "not settled")])
def test_the_box_of_all_data_sets_says_how_the_claim_on_harder_ones_is_judged(verdict, word):
    judgement = Judgement(None, verdict, None, "Larger in 5 of 12 pairs.")
    text = summary.of_all([swept(0.4, 0.3, 0.2)], judgement).data
    assert text.endswith(f"That harder data sets gain more is judged *{word}*. Larger in 5 of 12 pairs.\n:::")


def test_that_claim_is_there():
    reading = summary.on_harder_data().reading
    assert reading.measure == "harder_more" and len(reading.arguments["pairs"]) > 3


@pytest.mark.parametrize(
    "dataset, says",
    [("mnist5", "All Mnist bounds are non-vacuous;"), ("cifar2", "All Cifar"), ("digits", "other data")],
)
def test_the_box_of_a_data_set_quotes_the_paper_on_its_kind(dataset, says, monkeypatch):
    monkeypatch.setattr(summary, "dataset_facts", lambda name, spectra: Markdown(f"{name}."))
    text = summary.of_dataset(dataset, None, swept(0.4, 0.3, 0.2)).data
    paper = text[text.index("**The paper.**") : text.index("**What we find.**")]
    assert says in paper and ("Cifar" in paper) == (dataset != "mnist5") and "consistent" not in paper
