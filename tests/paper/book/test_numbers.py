"""The numbers that pages quote are those of the results, and words that depend on the outcome follow it."""

from types import SimpleNamespace

import numpy as np
import pytest
from sweep_results import METHODS, result

from paper.book import numbers
from paper.claims import schema
from paper.experiments.accuracy_vs_complexity.words import best_bounds, complexity_at
from paper.results import records


def seeds(count=3, accuracy=None):
    """One result a seed, whose points differ. With `accuracy`, a test chooses the outcome: all points have it and a
    complexity of 0.1, but for a perfect one of each method, which is too complex to say anything."""
    found = [result("mnist2") for _ in range(count)]
    for seed, r in enumerate(found):
        r.table["complexity"] *= 1 + seed
        perfect = r.table.groupby("method")["complexity"].idxmax()
        if accuracy is not None:
            r.table["accuracy"], r.table["complexity"] = accuracy, 0.1
            r.table.loc[perfect, "complexity"] = 5.0
        r.table.loc[perfect, "accuracy"] = 1.0
    return found


def test_a_bound_is_the_mean_of_the_smallest_over_the_seeds():
    found = numbers.of_dataset(seeds())
    for method in METHODS:
        sums = [best_bounds([r]).set_index("method").loc[method, "bound"] for r in seeds()]
        assert found[f"{method}.bound"] == pytest.approx(np.mean(sums))
        assert found[f"{method}.std"] == pytest.approx(np.std(sums, ddof=1)) and found[f"{method}.std"] > 0
        assert (found[f"{method}.min"], found[f"{method}.max"]) == (min(sums), max(sums))
    assert (found["seeds"], found["examples"], found["chance"]) == (3, 60, 0.5)


def test_a_ratio_is_a_geometric_mean_over_seeds_and_levels():
    found = numbers.of_dataset(seeds())
    ratios = np.concatenate([complexity_at([r])["layerwise / baseline"] for r in seeds()])
    assert found["layerwise.ratio"] == pytest.approx(np.prod(ratios) ** (1 / len(ratios)))
    assert "baseline.ratio" not in found


@pytest.mark.parametrize("accuracy, answer, useful", [(0.9, "yes", "9 of 9"), (0.2, "no", "0 of 9")])
def test_the_answer_is_the_outcome(accuracy, answer, useful):
    found = numbers.of_dataset(seeds(accuracy=accuracy))
    assert (found["answer"], found["useful"]) == (answer, useful)


def test_a_mixed_outcome_is_no_yes_and_no_no():
    mixed = [*seeds(2, 0.9), *seeds(1, 0.2)]
    found = numbers.of_dataset(mixed)
    assert (found["answer"], found["useful"]) == ("in part", "6 of 9")


def test_a_bound_at_chance_is_not_below_it():
    assert numbers.of_dataset(seeds(accuracy=0.6))["answer"] == "no"  # 0.4 + 0.1 = 0.5


def test_every_claim_is_counted_under_its_verdict():
    verdicts = ["reproduced", "reproduced", "partly", "not", "not settled", "not settled", "not settled"]
    judged = [SimpleNamespace(main=SimpleNamespace(verdict=verdict)) for verdict in verdicts]
    assert numbers.of_claims(judged) == {
        "claims": 7, "claims.reproduced": 2, "claims.partly": 1, "claims.not": 1, "claims.open": 3
    }  # fmt: skip


def test_missing_results_are_no_numbers(workspace):
    with pytest.raises(ValueError, match="accuracy_vs_complexity of mnist2 is not frozen"):
        numbers.frozen("mnist2")


def test_stale_results_are_named(monkeypatch):
    monkeypatch.setattr(
        numbers, "why_stale", lambda result: "its code is another" if result.key.dataset == "cifar2" else ""
    )
    assert numbers.stale() == "accuracy_vs_complexity of cifar2: its code is another"
    assert numbers.warning().data.startswith(":::{warning}\nStale results. accuracy_vs_complexity of cifar2: ")
    monkeypatch.setattr(numbers, "why_stale", lambda result: "")
    assert numbers.stale() == "" and numbers.warning() is None


def test_the_named_numbers_are_of_the_frozen_results():
    found = numbers.named()
    for dataset in numbers.DATASETS:
        results = records.read_all(records.FROZEN / "accuracy_vs_complexity" / f"{dataset}.csv")
        assert found[f"{dataset}.seeds"] == len(results) and found[f"{dataset}.examples"] >= 50000
        assert found[f"{dataset}.layerwise.bound"] == numbers.of_dataset(results)["layerwise.bound"]
    assert found["claims"] == len(schema.read())
    assert found["claims"] == sum(found[f"claims.{verdict}"] for verdict in ("reproduced", "partly", "not", "open"))
