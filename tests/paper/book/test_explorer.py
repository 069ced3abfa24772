"""What the explorer shows is what the results hold: the export of the points, and where the page has it."""

import csv
import importlib.util
import io
import json
import math
import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sphinx.application import Sphinx
from sphinx.util.docutils import docutils_namespace

from pacbayes_curvature import posteriors
from paper.book import points
from paper.experiments.accuracy_vs_complexity import family
from paper.experiments.accuracy_vs_complexity.figure import NEARLY
from paper.experiments.rivals import words
from paper.networks import data
from paper.results import records
from paper.results.records import Key, Result
from paper.show import style

ROOT, FROZEN = records.ROOT, records.FROZEN
STATIC = ROOT / "book" / "_static"
TABLES = sorted((FROZEN / "accuracy_vs_complexity").glob("*.csv"))
KEY = Key("accuracy_vs_complexity", "mnist2", 0, {"passes": 1}, data.fingerprint("mnist2"), "c0de")
MADE = {"date": "2026-01-02", "seconds": 1.5, "versions": {}, "machine": {}}
POINTS = pd.DataFrame(
    {
        "method": ["baseline", "diag", "layerwise", "layerwise"],
        "lam": [1e-5, 0.1, 0.1, 0.1],
        "beta": [math.inf, 0.5, 0.5, 1.25893],
        "accuracy": [1 / 3, 0.1 + 0.2, 1.0, 0.75],
        "accuracy_stderr": [0.1, 0.1, 0.0, 0.1],
        "kl": [5249180.418317713, 5e-324, 1e300, 7.0],
        "examples": 60,
        "evaluated": [60, 60, 60, 10],
        "complexity": 0.5,
        "pareto": [True, False, True, False],
    }
)


@pytest.fixture(scope="module")
def explorer():
    spec = importlib.util.spec_from_file_location("explorer", ROOT / "book" / "_ext" / "explorer.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def put(folder, *seeds, table=POINTS, **changed):
    """Write a table of made-up points, the same for each seed, as records would."""
    key = replace(KEY, **changed)
    results = []
    for seed in seeds or (0,):
        rows = table.assign(dataset=key.dataset, seed=seed)[["dataset", "seed", *table.columns]]
        results.append(Result(replace(key, seed=seed), rows, MADE, "computed"))
    records.write(*results, path=folder / key.experiment / f"{key.dataset}.csv")
    return folder


def loaded(explorer, folder):
    """What the page reads: the script, without what surrounds its JSON."""
    script = explorer.script(points.frozen(folder))
    start = "(window.Explorer = window.Explorer || {}).data = "
    assert script.startswith(start) and script.endswith(";\n") and script.isascii()

    def refuse(text):
        raise ValueError(f"{text} is not JSON")

    return json.loads(script[len(start) : -2], parse_constant=refuse)


# The export -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", TABLES, ids=lambda path: path.stem)
def test_every_counted_point_is_exported_to_the_last_bit(explorer, path):
    """Against the text of the tables, read by Python's own csv and float."""
    exported = loaded(explorer, FROZEN)
    assert exported["columns"] == [
        "method",
        "lam",
        "beta",
        "accuracy",
        "stderr",
        "kl",
        "front",
        "testError",
        "certificate",
    ]
    found = {
        (network["seed"], *row[:2], math.inf if row[2] is None else row[2]): row[3:]
        for network in exported["networks"]
        if network["dataset"] == path.stem
        for row in network["points"]
        if row[-1] is None  # no certificate
    }
    rows = csv.DictReader(path.read_text(encoding="utf-8").splitlines())
    counted, expected = [row for row in rows if row["evaluated"] == row["examples"]], {}
    seeds = {row["seed"] for row in counted}
    members = len(family.TARGETS) + 2  # and the best, and the noise
    assert len(counted) == len(seeds) * len(posteriors.METHODS) * members
    for row in counted:
        key = (int(row["seed"]), row["method"], float(row["lam"]), float(row["beta"]))
        numbers = [float(row[name]) for name in ("accuracy", "accuracy_stderr", "kl")]
        test_error = float(row["test_error"]) if row.get("test_error") else None
        # a posterior of several names is one point: the first counts
        expected.setdefault(key, [*numbers, {"True": True, "False": False}[row["pareto"]], test_error, None])
    assert found == expected


def test_what_is_said_of_the_points(explorer, tmp_path):
    put(put(tmp_path, 0, 3), dataset="cifar10", data=data.fingerprint("cifar10"))
    exported = loaded(explorer, tmp_path)
    networks = exported.pop("networks")
    assert [(network["dataset"], network["seed"], network["computed"]) for network in networks] == [
        ("mnist2", 0, "2026-01-02"), ("mnist2", 3, "2026-01-02"), ("cifar10", 0, "2026-01-02"),
    ]  # fmt: skip
    assert all(len(network["points"]) == 3 for network in networks), "the point that was only explored is left out"
    for part in ("floors", "rivals"):
        assert {network["seed"]: network[part] for network in networks} == {0: [], 3: []}
    for part in ("columns", "floor_columns", "curves", "rival_columns", "rival_groups"):
        del exported[part]
    names = ("name", "title", "colour", "marker", "diagonal")
    assert exported == {
        "methods": [dict(zip(names, (m, *style.STYLE[m], m != "layerwise"))) for m in posteriors.METHODS],
        "datasets": [
            {"name": "mnist2", "title": "Mnist2", "classes": 2, "examples": 60},
            {"name": "cifar10", "title": "Cifar10", "classes": 10, "examples": 60},
        ],
        "rivals": [],
        "seeds": [0, 3],
        "lam": [1e-5, 0.1],
        "beta": [0.5],
        "delta": 0.05,
        "nearly": NEARLY,
    }


def test_the_rivals_are_exported_with_the_examples_that_they_count(explorer):
    exported = loaded(explorer, FROZEN)
    named = {rival["name"]: rival for rival in exported["rivals"]}
    markers = {group["name"]: group["marker"] for group in exported["rival_groups"]}
    assert not set(markers.values()) & {method["marker"] for method in exported["methods"]}
    for network in exported["networks"]:
        result = records.read(FROZEN / "rivals" / f"{network['dataset']}.csv", network["seed"])
        found = [dict(zip(exported["rival_columns"], row)) for row in network["rivals"]]
        assert len(found) == (0 if result is None else len(result.table))
        for row, frozen in zip(found, [] if result is None else result.table.to_dict("records")):
            assert row == {
                "method": frozen["method"], "accuracy": 1 - frozen["errors"] / frozen["outcomes"], "kl": frozen["kl"],
                "examples": frozen["n"], "testError": frozen["test_error"], "certificate": frozen["certificate"],
            }  # fmt: skip
            assert named[row["method"]]["marker"] == markers[words.group(row["method"])]


def test_stale_results_are_called_so(explorer, tmp_path):
    (network,) = loaded(explorer, put(tmp_path))["networks"]
    assert "its code digest is c0de" in network["stale"]
    assert all(n["stale"] == records.why_stale(records.read(FROZEN / KEY.experiment / f"{n['dataset']}.csv", n["seed"]))
               for n in loaded(explorer, FROZEN)["networks"])  # fmt: skip


@pytest.mark.parametrize(
    "column, value",
    [("accuracy", np.nan), ("kl", np.inf), ("lam", np.inf), ("accuracy_stderr", np.nan), ("beta", np.nan)],
)
def test_a_number_that_is_none_is_refused(explorer, tmp_path, column, value):
    table = POINTS.copy()
    table.loc[1, column] = value
    with pytest.raises(ValueError, match=r"mnist2: a point without finite numbers: \['diag'"):
        points.frozen(put(tmp_path, table=table))


def test_an_infinite_beta_is_that_of_the_baseline_whatever_the_method(explorer, tmp_path):
    (network,) = loaded(explorer, put(tmp_path, table=POINTS.assign(beta=math.inf)))["networks"]
    assert [row[2] for row in network["points"]] == [None] * 3


def test_the_test_error_is_there_where_it_was_measured(explorer, tmp_path):
    (network,) = loaded(explorer, put(tmp_path, table=POINTS.assign(test_error=[0.25, np.nan, 0.5, 0.1])))["networks"]
    assert [row[7] for row in network["points"]] == [0.25, None, 0.5]


CERTIFICATES = pd.DataFrame(
    {
        "method": ["diag", "a rival's"], "lam": [0.2, 1.0], "beta": [0.7, 1.0], "kl": [30.0, 3.0], "errors": [15.0, 1.0],
        "outcomes": [60, 60], "certificate": [0.4, 0.3], "test_error": [0.35, 0.2],
    }
)  # fmt: skip


def test_a_posterior_with_a_certificate_is_a_point_of_its_own(explorer, tmp_path):
    """Its accuracy is that of the fresh outcomes; what is of none of the sweep's methods is no point here."""
    put(put(tmp_path, 0, 1), 0, table=CERTIFICATES, experiment="certificates")
    first, second = loaded(explorer, tmp_path)["networks"]
    assert first["points"][3:] == [["diag", 0.2, 0.7, 0.75, None, 30.0, False, 0.35, 0.4]]
    assert len(second["points"]) == 3 and all(row[-1] is None for row in second["points"])


def test_the_curves_of_figure_2_are_exported_along_beta(explorer):
    exported = loaded(explorer, FROZEN)
    assert exported["floor_columns"] == ["method", "beta", "accuracy", "stderr", "kl"]
    curves = [curve["name"] for curve in exported["curves"]]
    for network in exported["networks"]:
        result = records.read(FROZEN / "lower_bound" / f"{network['dataset']}.csv", network["seed"])
        expected = []
        for name in sorted(curves):
            rows = result.table[result.table["curve"] == name] if result else pd.DataFrame(columns=["relative_beta"])
            expected += (
                rows.sort_values("relative_beta")
                .get(["curve", "beta", "accuracy", "accuracy_stderr", "kl"], rows)
                .to_numpy()
                .tolist()
            )
        assert network["floors"] == expected
    assert any(network["floors"] for network in exported["networks"])


def test_an_altered_table_is_refused(explorer, tmp_path):
    path = put(tmp_path) / "accuracy_vs_complexity" / "mnist2.csv"
    path.write_text(path.read_text().replace("7.0", "8.0"))
    with pytest.raises(ValueError, match="does not match its checksum"):
        points.frozen(tmp_path)


def test_a_folder_without_results_is_refused(explorer, tmp_path):
    with pytest.raises(ValueError, match="no results of accuracy_vs_complexity in .*run `make reproduce`"):
        points.frozen(tmp_path)


# The page -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def source(monkeypatch, tmp_path):
    """A book of two pages, one with the explorer, and made-up results."""
    monkeypatch.syspath_prepend(ROOT / "book" / "_ext")
    folder = tmp_path / "source"
    put(folder / "results")
    shutil.copytree(STATIC, folder / "_static")
    (folder / "conf.py").write_text("extensions = ['myst_parser', 'explorer']\nhtml_static_path = ['_static']\n")
    (folder / "book").mkdir()
    (folder / "index.md").write_text(
        "# Book\n\n```{toctree}\nbook/page\nnotebooks/07_accuracy_vs_complexity\nnotebooks/08_all_datasets\n```\n"
    )
    (folder / "book" / "page.md").write_text("# Explorer\n\n```{explorer}\n```\n")
    (folder / "notebooks").mkdir()
    for name in ("07_accuracy_vs_complexity", "08_all_datasets"):
        (folder / "notebooks" / f"{name}.md").write_text("# Chapter\n\n## What we find\n")
    return folder


def built(source, builder):
    out, warnings = source.parent / builder, io.StringIO()
    with docutils_namespace():
        Sphinx(source, source, out, out / ".doctrees", builder, status=None, warning=warnings).build()
    assert warnings.getvalue() == ""
    return out


def test_the_page_has_the_scripts_in_their_order_and_other_pages_have_none(source, explorer):
    out = built(source, "html")
    page = (out / "book" / "page.html").read_text(encoding="utf-8")
    places = [page.index(f"_static/explorer/{name}.js?v=") for name in ("data", *explorer.SCRIPTS)]
    assert places == sorted(places) and "_static/explorer/explorer.css?v=" in page
    assert page.count('id="explorer-page"') == 1 and page.count("<noscript>") == 1
    assert 'href="../notebooks/07_accuracy_vs_complexity.html#what-we-find"' in page
    assert "_static/explorer/" not in (out / "index.html").read_text(encoding="utf-8")
    written = (out / "_static" / "explorer" / "data.js").read_text(encoding="utf-8")
    assert written == explorer.script(points.frozen(source / "results"))


def test_a_book_of_one_page_has_a_sentence_instead(source):
    out = built(source, "singlehtml")
    page = (out / "index.html").read_text(encoding="utf-8")
    assert "on paper there is nothing to move" in page
    assert "explorer-page" not in page and "explorer/data.js" not in page


def test_the_scripts_are_the_files(explorer):
    assert {f"{name}.js" for name in explorer.SCRIPTS} | {"explorer.css"} == {
        path.name for path in (STATIC / "explorer").iterdir()
    }
