"""The data package says what is in results/: every table, every column, and how each was produced."""

import hashlib
import json
import shutil
from dataclasses import replace

import frictionless
import numpy as np
import pandas as pd
import pytest

from pacbayes_curvature import __version__, posteriors
from paper import experiments
from paper.__main__ import freeze
from paper.book import package as page
from paper.networks import data
from paper.results import records
from paper.results.package import LICENCE, descriptor
from paper.results.records import Key, Result

ROOT, FROZEN, TABLES = records.ROOT, records.FROZEN, experiments.tables()
EPOCHS = pd.DataFrame(
    {
        "epoch": [1, 2],
        "learning_rate": [0.01, 0.1],
        "loss": [0.7, 1e-9],
        "running_accuracy": [0.5, 1.0],
        "train_accuracy": [np.nan, 1.0],
        "test_accuracy": [0.4, 0.875],
        "network": [None, "0" * 64],
    }
)
MADE = {"date": "2026-01-02", "seconds": 1.5, "versions": {"python": "3.11"}, "machine": {"cores": 2}}
KEY = Key("training_run", "mnist2", 0, {"passes": 1}, data.fingerprint("mnist2"), "c0de")


def put(folder, table, *seeds, **changed):
    """Write a table of made-up numbers, the same for each seed, as records would: the path."""
    key = replace(KEY, **changed)
    results = []
    for seed in seeds or (0,):
        rows = table.assign(dataset=key.dataset, seed=seed)
        rows = rows[["dataset", "seed", *table.columns]]
        results.append(Result(replace(key, seed=seed), rows, MADE | {"date": f"2026-01-0{seed + 2}"}, "computed"))
    path = folder / key.experiment / f"{key.dataset}.csv"
    records.write(*results, path=path)
    return path


@pytest.fixture
def results(tmp_path):
    """A folder of made-up results: training with two seeds, and a sweep whose beta is infinite."""
    put(tmp_path, EPOCHS, 0, 1)
    points = pd.DataFrame(
        {"method": ["baseline", "diag"], "point": "best", "lam": 0.1, "beta": [np.inf, 0.5], "pareto": [False, True]}
    )
    put(tmp_path, points, experiment="accuracy_vs_complexity", dataset="digits", data=data.fingerprint("digits"))
    return tmp_path


def fields(package, number):
    return {field["name"]: field for field in package["resources"][number]["schema"]["fields"]}


def problems(path):
    """What frictionless has against the package at `path`, as types of errors."""
    report = frictionless.validate(str(path))
    return {kind for _, kind in report.flatten(["title", "type"])}


def save(folder):
    path = folder / "datapackage.json"
    path.write_text(json.dumps(descriptor(folder, TABLES)), encoding="utf-8")
    return path


# The descriptor -------------------------------------------------------------------------------------------------------


def test_the_package_as_a_whole(results):
    package = descriptor(results, TABLES)
    assert package["profile"] == "tabular-data-package"
    assert package["name"] == "pacbayes-curvature-results"
    assert package["version"] == __version__
    assert package["created"] == "2026-01-03T00:00:00Z", "the day of the newest result"
    sweep, training = package["resources"]
    assert (sweep["name"], training["name"]) == ("accuracy_vs_complexity-digits", "training_run-mnist2")
    assert package["sources"] == sweep["sources"] + training["sources"]


def test_a_source_is_named_once(results):
    put(results, EPOCHS, dataset="mnist5")
    fingerprints = [source["fingerprint"] for source in descriptor(results, TABLES)["sources"]]
    assert fingerprints == [data.fingerprint("digits"), data.fingerprint("mnist2")]


def test_a_resource_names_its_file_its_key_and_how_it_was_produced(results):
    resource = descriptor(results, TABLES)["resources"][1]
    text = (results / resource["path"]).read_bytes()
    schema = resource.pop("schema")
    assert schema["primaryKey"] == ["dataset", "seed", "epoch"] and schema["missingValues"] == [""]
    assert [field["name"] for field in schema["fields"]] == ["dataset", "seed", *EPOCHS]
    (source,) = resource.pop("sources")
    assert "MNIST" in source["title"] and source["path"].startswith("http") and source["fingerprint"] == KEY.data
    assert resource == {
        "profile": "tabular-data-resource",
        "name": "training_run-mnist2",
        "title": "Training, Mnist2",
        "description": "The course of the training, a row for each epoch.",
        "path": "training_run/mnist2.csv",
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "hash": f"sha256:{hashlib.sha256(text).hexdigest()}",
        "bytes": len(text),
        "produced": {
            "command": 'make reproduce DATASETS="mnist2" SEEDS="0 1" EXPERIMENTS="training_run"',
            "function": "paper.experiments.training_run.compute.training_run",
            "code": "c0de",
            "parameters": {"passes": 1},
            "seeds": [{"seed": 0, **MADE}, {"seed": 1, **MADE, "date": "2026-01-03"}],
        },
    }


def test_a_field_has_type_unit_meaning_and_constraints(results):
    sweep, training = (fields(descriptor(results, TABLES), number) for number in (0, 1))
    assert training["loss"]["type"] == "number" and training["loss"]["unit"] == "nats"
    assert training["loss"]["description"].endswith("[nats]")
    assert training["loss"]["constraints"] == {"required": True, "minimum": 0}
    assert training["test_accuracy"]["constraints"] == {"required": True, "minimum": 0, "maximum": 1}
    assert training["train_accuracy"]["constraints"] == {"minimum": 0, "maximum": 1}, "it may be empty"
    assert "; empty unless all are" in training["train_accuracy"]["description"]
    assert training["epoch"]["type"] == "integer" and training["epoch"]["unit"] == "none"
    assert sweep["method"]["constraints"] == {"required": True, "enum": list(posteriors.METHODS)}
    assert sweep["pareto"]["type"] == "boolean"


def test_it_depends_on_the_files_only(results, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "results"
    shutil.copytree(results, elsewhere)
    assert descriptor(elsewhere, TABLES) == descriptor(results, TABLES)


def test_the_licence_is_that_of_the_text():
    text = (ROOT / "LICENSE-text").read_text(encoding="utf-8")
    assert LICENCE["path"] in text and "results/" in text


# Refusals -------------------------------------------------------------------------------------------------------------


def test_an_unknown_column_is_named(results):
    put(results, EPOCHS.assign(mood=1.0))
    with pytest.raises(
        ValueError, match="column 'mood' of training_run is unknown: describe it in the experiment's table.py"
    ):
        descriptor(results, TABLES)


def test_a_column_of_another_experiment_is_unknown(results):
    put(results, EPOCHS.assign(curve="block_prior"))
    with pytest.raises(ValueError, match="column 'curve' of training_run is unknown"):
        descriptor(results, TABLES)


def test_an_unknown_experiment_is_refused(results):
    put(results, EPOCHS, experiment="figure_9")
    with pytest.raises(ValueError, match="unknown experiment 'figure_9'; valid: training_run, "):
        descriptor(results, TABLES)


def test_an_altered_table_is_refused(results):
    path = results / "training_run" / "mnist2.csv"
    path.write_text(path.read_text().replace("0.875", "0.975"))
    with pytest.raises(ValueError, match="does not match its checksum"):
        descriptor(results, TABLES)


def test_a_table_without_provenance_is_refused(results):
    (results / "training_run" / "mnist2.json").unlink()
    with pytest.raises(ValueError, match="mnist2.json is missing"):
        descriptor(results, TABLES)


def test_an_empty_folder_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match="no results in .*run `make reproduce`"):
        descriptor(tmp_path, TABLES)


# What frictionless finds ----------------------------------------------------------------------------------------------


def test_the_package_of_sound_results_is_valid(results):
    assert problems(save(results)) == set()


@pytest.mark.parametrize(
    "changed, problem",
    [
        ({"loss": [0.7, -1e-9]}, "constraint-error"),
        ({"running_accuracy": [0.5, 1.5]}, "constraint-error"),
        ({"test_accuracy": [0.4, np.nan]}, "constraint-error"),
        ({"learning_rate": ["fast", 0.1]}, "type-error"),
        ({"epoch": [2, 2]}, "primary-key"),
    ],
)
def test_a_table_that_breaks_its_schema_is_not_valid(results, changed, problem):
    put(results, EPOCHS.assign(**changed))
    assert problems(save(results)) == {problem}


def test_a_table_altered_afterwards_is_not_valid(results):
    path, table = save(results), results / "training_run" / "mnist2.csv"
    table.write_text(table.read_text().replace("0.875", "0.865"))
    assert problems(path) == {"hash-count"}


# The committed results ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", sorted(FROZEN.glob("*/*.csv")), ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_the_columns_of_the_committed_results_are_those_that_are_described(path):
    assert set(pd.read_csv(path, nrows=0)) == set(TABLES[path.parent.name].all_columns)


FREEZE = ".venv/bin/python -m paper freeze"  # which needs no results computed afresh


def test_the_committed_package_is_that_of_the_committed_results():
    path = FROZEN / "datapackage.json"
    assert path.is_file(), f"results/datapackage.json is missing: run `{FREEZE}`"
    committed = json.loads(path.read_text(encoding="utf-8"))
    present = descriptor(FROZEN, TABLES)
    for was, now in zip(committed["resources"], present["resources"]):
        for part in now:
            assert was[part] == now[part], f"{part} of {now['path']} is out of date: run `{FREEZE}`"
    assert committed == present, f"results/datapackage.json is out of date: run `{FREEZE}`"
    tables = {resource["path"]: resource for resource in committed["resources"]}
    assert set(tables) == {str(path.relative_to(FROZEN)) for path in FROZEN.glob("*/*.csv")}
    for name, resource in tables.items():
        text = (FROZEN / name).read_bytes()
        assert (resource["hash"], resource["bytes"]) == (f"sha256:{hashlib.sha256(text).hexdigest()}", len(text)), name
    assert problems(path) == set()


def test_freezing_ends_by_writing_the_package(workspace, tmp_path_factory):
    computed = put(tmp_path_factory.mktemp("computed"), EPOCHS)
    freeze([computed])
    frozen = workspace / "results"
    assert json.loads((frozen / "datapackage.json").read_text()) == descriptor(frozen, TABLES)


# The page -------------------------------------------------------------------------------------------------------------


def test_the_page_shows_every_column_once_and_every_file(results, monkeypatch):
    put(results, EPOCHS, dataset="mnist5")
    save(results)
    monkeypatch.setattr(records, "FROZEN", results)
    text = page.sections().data
    for resource in json.loads((results / "datapackage.json").read_text())["resources"]:
        assert text.count(f"<../results/{resource['path']}>") == 1
        for field in resource["schema"]["fields"]:
            assert f"`{field['name']}`" in text
    assert text.count("mean cross-entropy of the epoch") == 1, "tables of one experiment share their columns"
    assert "| nats |" in text and "[nats]" not in text
