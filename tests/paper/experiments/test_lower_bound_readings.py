"""Chapter 06, what makes the difference: the sentences say what tables with known differences contain."""

import numpy as np
import pandas as pd
import pytest

from paper.experiments.lower_bound import readings
from paper.results import records

SHIFTS = {  # curve: its accuracy less that of (10) at equal complexity
    "fisher_diagonal": 0.0,
    "fisher_expectation": 0.05,
    "fisher_raised": 0.063,
    "fisher_flat": 0.07,
    "layerwise_diagonal": 0.04,
}


def result(dataset="mnist2", share=0.109, dearer=1.0, least=0.01, shifts=SHIFTS):
    """Curves with accuracy = 0.6 + 0.1 ln(10 c) + their shift and c = 0.1/sqrt(beta), so that KL is c^2 up to a factor.
    At equal beta the raised one has `dearer` times the KL. (10) begins at complexity `least`."""
    tables = []
    for curve, shift in shifts.items():
        c = np.geomspace(least if curve == "fisher_diagonal" else 0.01, 1, 9)
        beta = 0.01 / c**2 * (dearer if curve == "fisher_raised" else 1)
        tables.append(
            pd.DataFrame(
                {
                    "dataset": dataset,
                    "curve": curve,
                    "beta": beta,
                    "accuracy": 0.6 + 0.1 * np.log(10 * c) + shift,
                    "accuracy_stderr": {"fisher_diagonal": 0.003, "fisher_expectation": 0.004}.get(curve, 1.0),
                    "kl": 1000 * c**2,
                    "complexity": c,
                    "uncurved": 0,
                    "raised": share if curve == "fisher_raised" else 0.0,
                    "effective_examples": 12.0,
                    "examples": 60000,
                }
            )
        )
    return records.Result(records.Key("lower_bound", dataset, 0, {}, {}, "code"), pd.concat(tables), {}, "computed")


def test_the_changes_are_those_at_the_complexity_of_the_table():
    at = 0.1 * np.exp((0.75 - 0.64) / 0.1)  # where the layerwise curve is half of the way from 0.5 to 1
    words = readings.reasons([result()], level=0.5).data
    assert words == (
        f"- **Mnist2**: at the complexity of the table, {at:.3g}, the expectation over the labels changes the accuracy by "
        "+0.050 (standard error 0.005). Raising 11% of the $h_i$ changes it by a further +0.013, at 1.000 times the KL "
        r"of the same $\beta$. The layerwise $h$ in the place of (10) changes it by +0.040."
    )
    table = readings.explanation([result()], level=0.5).set_index("curve")
    assert table["complexity"].unique() == pytest.approx([at])
    assert table["accuracy"].tolist() == pytest.approx([0.71 + shift for shift in SHIFTS.values()])


def test_the_kl_is_compared_at_equal_beta():
    """kl = 10 / beta for the first, 10 dearer / beta for the raised."""
    words = readings.reasons([result(dearer=1.25)], level=0.5).data
    assert "at 1.250 times the KL" in words


def test_a_change_for_the_worse_has_its_sign():
    shifts = SHIFTS | {"fisher_expectation": -0.02, "fisher_raised": -0.03}
    words = readings.reasons([result(shifts=shifts)], level=0.5).data
    assert "by -0.020 (" in words and "a further -0.010" in words


def test_where_no_weight_is_raised_it_says_so():
    words = readings.reasons([result(), result("cifar2", share=0.0)], level=0.5).data.splitlines()
    assert len(words) == 2 and words[1].startswith("- **Cifar2**")
    assert "No $h_i$ is small enough to be raised." in words[1] and "Raising" not in words[1]


def test_a_curve_that_does_not_reach_is_not_compared():
    words = readings.reasons([result(least=0.9)], level=0.5).data
    assert words.endswith("one of the curves has no points on both sides.") and "nan" not in words
