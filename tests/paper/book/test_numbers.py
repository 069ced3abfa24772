"""The numbers that pages quote are those of the results, and words that depend on the outcome follow it."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from sweep_results import METHODS, result

from paper.book import numbers
from paper.claims import schema
from paper.experiments.accuracy_vs_complexity.words import complexity_at
from paper.experiments.quadratic.words import rate
from paper.results import records


def seeds(count=3):
    """One sweep a seed, whose points differ."""
    found = [result("mnist2") for _ in range(count)]
    for seed, r in enumerate(found):
        r.table["complexity"] *= 1 + seed
    return found


def certified(count=3, certificate=0.2):
    """One table of certificates a seed; those of layerwise are a tenth lower, and all rise a hundredth from seed to seed."""
    key = SimpleNamespace(dataset="mnist2")
    tables = [
        pd.DataFrame(
            {
                "method": METHODS,
                "n": 60,
                "certificate": [certificate + 0.01 * seed - 0.1 * (method == "layerwise") for method in METHODS],
                "test_error": 0.05,
            }
        )
        for seed in range(count)
    ]
    return [SimpleNamespace(key=key, table=table) for table in tables]


def test_a_certificate_is_the_mean_over_the_seeds():
    found = numbers.of_certificates(certified())
    assert found["layerwise.certificate"] == pytest.approx(0.11) and found["baseline.certificate"] == pytest.approx(
        0.21
    )
    assert found["layerwise.std"] == pytest.approx(0.01) and found["diag.test_error"] == pytest.approx(0.05)
    assert (found["seeds"], found["examples"], found["chance"]) == (3, 60, 0.5)


def test_a_ratio_is_a_geometric_mean_over_seeds_and_levels():
    found = numbers.of_sweeps(seeds())
    ratios = np.concatenate([complexity_at([r])["layerwise / baseline"].dropna() for r in seeds()])
    assert found["layerwise.ratio"] == pytest.approx(np.prod(ratios) ** (1 / len(ratios)))
    assert "baseline.ratio" not in found


@pytest.mark.parametrize(
    "certificate, answer, useful",
    [
        (0.3, "yes", "all 9 certificates"),
        (0.9, "no", "none of the 9 certificates"),
        (0.55, "in part", "3 of the 9 certificates"),
    ],
)
def test_the_answer_is_the_outcome(certificate, answer, useful):
    found = numbers.of_certificates(certified(certificate=certificate))
    assert (found["answer"], found["useful"]) == (answer, useful)


def test_a_certificate_at_chance_is_not_below_it():
    assert numbers.of_certificates(certified(count=1, certificate=0.6))["useful"] == "none of the 3 certificates"
    assert numbers.of_certificates(certified(count=1, certificate=0.59))["useful"] == "one of the 3 certificates"


def test_the_smallest_certificate_of_the_rivals_is_of_those_whose_prior_has_seen_nothing():
    table = pd.DataFrame(
        {
            "method": ["error_weights", "error_curvature", "few_neurons", "prior_mean"],
            "prior_share": [0, 0, 0, 0.5],
            "certificate": [0.16, 0.13, 0.1, 0.02],
        }
    )
    yardstick = SimpleNamespace(table=pd.DataFrame({"share": [0.5, 0.8], "bound": [0.02, 0.01]}))
    found = numbers.of_rivals([SimpleNamespace(table=table)], [yardstick])
    assert found == {"optimised": 0.1, "weights": 0.16, "curvature": 0.13, "holdout": 0.01}


def test_how_far_the_quadratic_is_off_and_what_its_choice_is_worth():
    columns = ["method", "kl", "predicted", "layerwise", "measured", "error"]
    rows = [
        ["baseline", 100, 1.0, 10, 50, 0.2],
        ["baseline", 200, 0.5, 5, 10, 0.12],
        ["layerwise", 100, 1.0, 10, 50, 0.2],
        ["layerwise", 150, 0.4, 2, 5, 0.05],
    ]
    found = numbers.of_quadratic(
        SimpleNamespace(key=SimpleNamespace(dataset="mnist2"), table=pd.DataFrame(rows, columns=columns))
    )
    assert found == {"quadratic.off": 35, "quadratic.plain": 0.12, "quadratic.shaped": "0.050"}


@pytest.mark.parametrize(
    "error, words", [(0.0, "less than 0.001"), (0.00099, "less than 0.001"), (0.001, "0.001"), (0.0754, "0.075")]
)
def test_an_error_that_few_examples_do_not_show_is_not_said_to_be_0(error, words):
    assert rate(error) == words


def test_missing_results_are_no_numbers(workspace):
    with pytest.raises(ValueError, match="accuracy_vs_complexity of mnist2 is not frozen"):
        numbers.frozen("mnist2")


def test_stale_results_are_named(monkeypatch):
    monkeypatch.setattr(
        numbers,
        "why_stale",
        lambda result: "its code is another" if result.key[:2] == ("accuracy_vs_complexity", "cifar2") else "",
    )
    monkeypatch.setattr(numbers, "frozen", lambda dataset, experiment: [SimpleNamespace(key=(experiment, dataset))])
    assert numbers.stale() == "accuracy_vs_complexity of cifar2: its code is another"
    assert numbers.warning().data.startswith(":::{warning}\nStale results. accuracy_vs_complexity of cifar2: ")
    monkeypatch.setattr(numbers, "why_stale", lambda result: "")
    assert numbers.stale() == "" and numbers.warning() is None


def test_the_named_numbers_are_of_the_frozen_results():
    found = numbers.named()
    for dataset in numbers.DATASETS:
        results = records.read_all(records.FROZEN / "certificates" / f"{dataset}.csv")
        assert found[f"{dataset}.seeds"] == len(results) and found[f"{dataset}.examples"] >= 50000
        assert found[f"{dataset}.layerwise.certificate"] == numbers.of_certificates(results)["layerwise.certificate"]
        assert found[f"{dataset}.quadratic.off"] > 10, "the first page says that it is far off"
        shaped = float(found[f"{dataset}.quadratic.shaped"].removeprefix("less than "))
        assert shaped < found[f"{dataset}.quadratic.plain"], "and that its shape helps"
    counted = [claim for claim in schema.read() if not claim.by_construction]
    assert found["claims"].startswith(f"It makes {len(counted)} claims about its experiments that results can settle. ")
