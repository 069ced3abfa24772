"""What the page on benchmarks says and draws, from results made up here."""

import json
import re

import matplotlib.pyplot as plt
import pytest

from paper import names
from paper.benchmarks import expected, labels
from paper.benchmarks import figure as plots_benchmarks
from paper.benchmarks import words as pages_benchmarks
from paper.files import sealed
from paper.show import text

SIZES = {
    "layerwise": ("N", "width", "depth"),
    "sweep": ("N", "width", "depth", "grid"),
    "eigendecomposition": ("width",),
}
BASE = {"N": 1000, "width": 100, "depth": 2, "grid": 16}


def entry(name, ratio, target, note="A note."):
    return {"name": name, "ratio": ratio, "low": 0.9 * ratio, "high": 1.2 * ratio, "target": target, "note": note}


@pytest.fixture
def results():
    return {
        "environments": {
            part: {"date": "2020-01-02", "processor_model": model, "processor": "x", "system": "y", "threads": 2}
            | {"cores": 4, "python": "3", "torch": "2", "numpy": "1"}
            for part, model in (("sweeps", "Abacus"), ("monte_carlo", "Abacus"), ("descent", "Pascaline"))
        },
        "entries": [
            entry("sweep_equal_examples_mnist2", 7.0, 6.0),
            entry("sweep_equal_error_mnist2", 3.0, 40.0, "The reason."),
            entry("share_of_peak", 0.55, 0.5),
            entry("training_share_of_peak", 0.3, None),
        ],
        "scaling": [
            {
                "task": task,
                "measure": measure,
                "against": size,
                "base": BASE,
                "points": [[64, 1.0], [128, 3.0], [256, 9.0]],
            }
            | {"exponent": 1.58, "stderr": 0.04}
            for task, sizes in SIZES.items()
            for size in sizes
            for measure in ("seconds", "megabytes")
        ],
        "stages": [
            {
                "stage": stage,
                "dataset": dataset,
                "seconds": seconds,
                "share": 0.5,
                "processor": f"Make of {dataset[:5]}",
            }
            for dataset, seconds in (("mnist2", 18.0), ("cifar2", 36.0), ("cifar10", 72.0))
            for stage in ("training", "sweep")
        ],
        "peak": {"gflops": 200.0, "low": 190.0, "high": 210.0, "size": 8, "threads": 2},
    }


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def test_a_missed_target_is_said_with_its_reason(results):
    text = pages_benchmarks.verdict(results).data
    assert text.startswith("2 of the 3 targets are met.\nMissed:\n")
    assert "- **Sweep at equal standard error (Mnist2)**: 3 instead of 40. The reason." in text
    assert "equal examples" not in text and "Training" not in text
    results["entries"][1]["ratio"] = 40.0
    assert pages_benchmarks.verdict(results).data == "All 3 targets are met."


def test_the_table_says_what_was_met(results):
    entries = pages_benchmarks.pairs(results) + pages_benchmarks.shares(results)
    table = pages_benchmarks.entries_table(entries).set_index("name")
    assert table["result"].to_dict() == {
        "Sweep at equal examples (Mnist2)": "met", "Sweep at equal standard error (Mnist2)": "missed", "Our sweep": "met", "Training": "",
    }  # fmt: skip
    assert table["target"].iloc[1] == "40" and table["target"].iloc[3] == "none"


def test_pairs_and_shares_are_all_entries(results):
    pairs, shares = pages_benchmarks.pairs(results), pages_benchmarks.shares(results)
    assert [e["ratio"] for e in pairs + shares] == [e["ratio"] for e in results["entries"]] and len(shares) == 2


def test_times_of_the_inverses_come_from_their_entries(results):
    results["entries"] += [
        entry(f"direct_inverse_vs_recursive_k{k}", ratio, None) for k, ratio in ((50, 10.0), (800, 20.0))
    ]
    times = pages_benchmarks.inverse_times(results)
    assert times.to_dict("list") == {"k": [50, 800], "ratio": [10.0, 20.0], "low": [9.0, 18.0], "high": [12.0, 24.0]}


def test_core_hours_are_the_seconds_of_the_common_stages_times_the_seeds(results):
    results["stages"].append({"stage": "sensitivity", "dataset": "mnist2", "seconds": 500.0, "share": 0.9})
    table = expected.core_hours(results, 100).set_index("dataset")
    assert table.loc["Mnist2", "core-hours"] == pytest.approx(100 * 2 * 18 / 3600)
    assert table.loc["Cifar10", "core-hours"] == pytest.approx(100 * 2 * 72 / 3600)
    assert table["timed as"].to_dict() == {
        "Mnist2": "Mnist2", "Mnist5": "Mnist2", "Mnist10": "Mnist2",
        "Cifar2": "Cifar2", "Cifar5": "Cifar10", "Cifar10": "Cifar10",
    }  # fmt: skip


def test_more_cores_help_until_one_network_is_the_longest(results):
    total = expected.core_hours(results, 100)["core-hours"].sum()
    text = expected.core_hours_facts(results, 100, 8).data
    assert f"about {total:.3g} core-hours" in text and f"On 8 cores that is {total / 8:.3g} hours" in text
    assert f"that is {2 * 72 / 3600:.3g} hours" in expected.core_hours_facts(results, 1, 10**6).data


@pytest.mark.parametrize(
    "runs, cores, message", [(0, 1, "seeds must be at least 1"), (1, 0, "cores must be at least 1")]
)
def test_no_seeds_and_no_cores_are_refused(runs, cores, message, results):
    with pytest.raises(ValueError, match=message):
        expected.core_hours_facts(results, runs, cores)


def test_the_stages_say_where_they_were_timed(results):
    assert "on Make of cifar and Make of mnist." in pages_benchmarks.stages_facts(results).data


def test_without_stage_times_nothing_is_expected(results):
    results["stages"] = []
    assert "not timed" in pages_benchmarks.stages(results).data
    assert "no expectation" in expected.core_hours_facts(results, 100, 64).data


def test_tables_of_larger_networks(results):
    wider = expected.wider(results, widths=(256, 1024))
    assert wider["memory of all $H_l$ (GB)"].tolist() == pytest.approx([8 * 3 * 257**2 / 1e9, 8 * 3 * 1025**2 / 1e9])
    imagenet = expected.imagenet(results).set_index("network")
    assert imagenet["largest k"].to_dict() == {"VGG-16": 25089, "ResNet-50": 4609}
    assert "VGG-16: 1 block of 25089 inputs (first `fc1`): 5 GB" in expected.largest_blocks(results).data


def test_the_ratios_figure_has_a_row_an_entry_and_a_bar_a_target(results):
    (axis,) = plots_benchmarks.ratios(results["entries"]).axes
    assert [label.get_text() for label in axis.get_yticklabels()] == [e["name"] for e in results["entries"]]
    (dots,) = (line for line in axis.lines if line.get_marker() == "o")
    (targets,) = (line for line in axis.lines if line.get_label() == "target")
    assert dots.get_xdata().tolist() == [7.0, 3.0, 0.55, 0.3]
    assert targets.get_xdata()[:3].tolist() == [6.0, 40.0, 0.5] and axis.get_xscale() == "log"


def test_the_fitted_line_has_the_exponent(results):
    figure = plots_benchmarks.scaling(results["scaling"])
    axis = figure.axes[0]
    x, y = axis.lines[1].get_data()
    assert (y[-1] / y[0]) == pytest.approx((x[-1] / x[0]) ** 1.58)
    assert [axis.get_xlabel() for axis in figure.axes[::2]] == list(plots_benchmarks.SIZES.values())


def test_the_stages_figure_adds_up_to_the_total(results):
    (axis,) = plots_benchmarks.stages(results["stages"]).axes
    ends = {bar.get_y(): bar.get_x() + bar.get_width() for bar in axis.patches}
    assert sorted(ends.values()) == [36.0, 72.0, 144.0]


def test_results_that_are_not_there_are_asked_for(tmp_path, results):
    with pytest.raises(FileNotFoundError, match="no benchmark results at .*; run `make bench`"):
        pages_benchmarks.load(tmp_path / "results.json")
    (tmp_path / "results.json").write_text(json.dumps(sealed(results)))
    assert pages_benchmarks.load(tmp_path / "results.json") == results
    said = pages_benchmarks.environments(results).data
    assert "- The sweep and the Monte Carlo term: on 2020-01-02 on Abacus" in said
    assert "- Optimising a bound: on 2020-01-02 on Pascaline" in said
    assert "200 × 10⁹" in said and "200 × 10⁹" not in pages_benchmarks.environments(results | {"peak": {}}).data


@pytest.mark.parametrize(
    "name, label",
    [
        ("monte_carlo_150000", "Monte Carlo term (150,000 draws)"),
        ("direct_inverse_vs_recursive_k50", "Direct inverse against row by row ($k = 50$)"),
        ("paper_procedure_share_of_peak_cifar2", "The paper's procedure (Cifar2)"),
        ("share_of_peak_digits", "Our sweep (Digits)"),
        ("layerwise_vs_peer", "All $H_l$ against curvlinops"),
    ],
)
def test_entries_have_names_for_readers(name, label):
    assert labels.entry(name) == label
    assert labels.spelt_out(f"The smaller of {name} and that on mnist5, at lam = 1.") == (
        f"The smaller of *{label}* and that on Mnist5, at $\\lambda$ = 1."
    )


@pytest.mark.parametrize("name", ["share_a", "share_of_peak_k", "sweep_equal_error_imagenet"])
def test_an_entry_without_a_name_is_refused(name):
    with pytest.raises(ValueError, match=f"no label for the entry '{name}'; there are labels for sweep_equal_examples"):
        labels.entry(name)


def test_the_page_has_no_identifiers():
    """Of the committed results: the names on the figures' axes, the tables, and all sentences."""
    results = pages_benchmarks.load()
    entries = pages_benchmarks.pairs(results) + pages_benchmarks.shares(results)
    tables = [pages_benchmarks.entries_table(entries), pages_benchmarks.exponents(results)]
    tables += [
        expected.wider(results),
        expected.imagenet(results),
        expected.core_hours(results, 2),
    ]
    sentences = (
        pages_benchmarks.verdict,
        pages_benchmarks.environments,
        pages_benchmarks.notes,
        pages_benchmarks.stages_facts,
    )
    shown = "\n".join([*(text.table(table).data for table in tables), *(words(results).data for words in sentences)])
    for known in ("x86_64", "$\\beta$"):  # a processor, a symbol
        shown = shown.replace(known, "")
    assert re.findall(rf"\b(?:[a-z0-9]+_[a-z0-9_]+|{'|'.join(names.DATASETS)}|lam|beta)\b", shown) == []
