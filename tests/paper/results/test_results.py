"""The committed results: there, whole, and the present code's answer to the question that the book asks."""

import pandas as pd
import pytest

from pacbayes_curvature.posteriors import METHODS
from paper import experiments, names
from paper.networks import data
from paper.results import records

FROZEN = records.FROZEN
TABLES = [(experiment, dataset) for experiment, datasets in names.EXPERIMENTS.items() for dataset in datasets]
each = pytest.mark.parametrize("experiment, dataset", TABLES, ids=lambda name: name)


def test_the_tables_are_those_of_the_list_each_with_its_provenance():
    files = [path for path in FROZEN.glob("*/*") if path.is_file()]
    expected = {(*table, suffix) for table in TABLES for suffix in (".csv", ".json")}
    assert {(path.parent.name, path.stem, path.suffix) for path in files} == expected


@each
def test_a_frozen_result_is_current(experiment, dataset, workspace, monkeypatch):
    """Without data, the experiment at its defaults is answered by the frozen table, which passes its checksum."""

    def load(name):
        raise FileNotFoundError(f"results/{experiment}/{dataset}.csv is missing or is not that of the present code")

    frozen = records.read_all(FROZEN / experiment / f"{dataset}.csv")
    monkeypatch.setattr(records, "FROZEN", FROZEN)
    monkeypatch.setattr(data, "load", load)
    assert [result.key.seed for result in frozen] == list(names.EXPERIMENTS[experiment][dataset])
    for seed in names.EXPERIMENTS[experiment][dataset]:
        answer = experiments.find(experiment)(dataset, seed)
        assert answer.state == "frozen", f"{experiment} of {dataset}, seed {seed}, is stale: run `make reproduce`"
        stored = next(result for result in frozen if result.key.seed == seed)
        assert (answer.key, stored.key.data) == (stored.key, data.fingerprint(dataset))
        # The answer's bounds are computed anew, and a logarithm's last digit is the processor's.
        pd.testing.assert_frame_equal(answer.table, stored.table, rtol=1e-12, atol=0)


@pytest.mark.parametrize("dataset", names.FROZEN)
def test_figures_3_and_4_has_the_full_grid(dataset):
    result = records.read(FROZEN / "accuracy_vs_complexity" / f"{dataset}.csv", 0)
    assert result is not None, f"results/accuracy_vs_complexity/{dataset}.csv has no seed 0"
    grid = result.table[result.table["point"].str.startswith("grid")]
    assert grid["method"].value_counts().to_dict() == {m: 20 if m == "baseline" else 420 for m in METHODS}
    n = 60000 if dataset.startswith("mnist") else 50000
    assert set(result.table["examples"]) == {n} and set(result.table.loc[result.table["pareto"], "evaluated"]) == {n}
    chance = 1 / names.classes(dataset)
    for _, front in result.table[result.table["pareto"]].groupby("method"):
        assert front["accuracy"].min() < chance + 0.1, "one end of each front is near guessing"
        assert front["accuracy"].max() > 0.995, "the other near 100%"
