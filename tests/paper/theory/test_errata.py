"""The errata: every counterexample shows something, and nothing when the correct reading is the printed one."""

import inspect
import re

import numpy as np
import pytest

from paper.theory import all_errata, errata
from paper.theory.checks import CheckFailed
from paper.theory.errata import Erratum
from paper.theory.layerwise import errata as layerwise_errata
from paper.theory.layerwise import fisher_errata

COLLECTED = all_errata.collected()
by_place = pytest.mark.parametrize("item", COLLECTED, ids=lambda item: item.place)


@by_place
def test_every_counterexample_computes_a_sentence_with_numbers(item):
    text = item.counterexample()
    assert re.search(r"\d", text) and text.endswith(".")
    assert not re.search(r"\bnan\b", text)


@by_place
def test_every_text_can_stand_in_a_list_and_balances_its_mathematics(item):
    for text in (item.place, item.printed, item.correct, item.survives, item.counterexample()):
        assert text.strip() and "\n" not in text
        assert text.count("$") % 2 == 0


def test_places_are_unique_and_in_order():
    places = [item.place for item in COLLECTED]
    assert len(set(places)) == len(places)
    assert [errata.reading_order(place) for place in places] == sorted(map(errata.reading_order, places))


def test_reading_order():
    in_order = [
        "Abstract",
        "Eq. (1)",
        "Section 1, after Eq. (2)",
        "Section 3, layers",
        "Theorem 3.1",
        "Eq. (4)",
        "Eq. (5), line 3",
        "Lemma 4.1",
        "Eqs. (6), (12)",
    ]
    in_order += [
        "Lemma 4.2",
        "Eq. (9)",
        "Section 5.1, GGN",
        "Eq. (10)",
        "Lemma 5.1, the loss of (4)",
        "Eqs. (11), (31)",
        "Section 6",
        "Eq. (27)",
    ]
    assert sorted(in_order, key=errata.reading_order) == in_order
    with pytest.raises(ValueError, match="must name an equation"):
        errata.reading_order("somewhere")


# The printed reading of each of chapter 05's counterexamples, put in the place of the correct one.
PRINTED = [
    (fisher_errata.missing_mean, lambda total, n: total),
    (fisher_errata.split_matters, lambda q: 1 / q**2),
    (fisher_errata.no_minimum, lambda p: 0.1),  # a curvature that does not depend on where training stops
    (layerwise_errata.normalisation, lambda norm, n: norm),
    (layerwise_errata.own_outputs, lambda bound, start: bound),
    (layerwise_errata.perturbed_norms, lambda clean, noisy: clean),
    (layerwise_errata.dependent_layers, lambda error, second: error**0.5 * layerwise_errata.MEAN_ABSOLUTE_NORMAL),
    (layerwise_errata.dropped_constant, lambda start, quadratic: quadratic),
    (layerwise_errata.transposed, lambda z: z),
    (layerwise_errata.factor_two, lambda z: z**2),
    (layerwise_errata.undefined_constant, lambda factor: factor**2),
    (layerwise_errata.one_example_too_many, lambda listed: listed),
    (layerwise_errata.not_a_mean, lambda errors: float(np.sqrt(np.mean(errors**2)))),
]


@pytest.mark.parametrize("counterexample, printed", PRINTED, ids=lambda value: getattr(value, "__name__", ""))
def test_a_counterexample_with_the_printed_reading_fails(counterexample, printed):
    with pytest.raises((CheckFailed, ValueError)):
        counterexample(printed)


def test_layer_by_layer_optimisation_shows_nothing_against_itself():
    joint = layerwise_errata.last_layer_first
    with pytest.raises(CheckFailed, match="as good as"):
        joint(lambda s1, s2: 1 + layerwise_errata.two_layer_objective((s1, s2)))


def test_every_counterexample_of_chapter_05_is_tested_so():
    tested = {function for function, _ in PRINTED} | {layerwise_errata.last_layer_first}
    assert tested == {item.counterexample for item in [*fisher_errata.ERRATA, *layerwise_errata.ERRATA]}
    assert all(inspect.signature(function).parameters for function in tested)


def test_page_shows_every_erratum_once_and_counts_them():
    overview, entries, summary = (show(COLLECTED).data for show in (errata.overview, errata.entries, errata.summary))
    for number, item in enumerate(COLLECTED, start=1):
        assert f'href="#erratum-{number}"' in overview
        assert entries.count(f'id="erratum-{number}"') == 1
        assert item.counterexample() in entries
    counts = [int(line.split("|")[-2]) for line in summary.splitlines()[2:]]
    assert sum(counts[:-1]) == counts[-1] == len(COLLECTED)


def test_what_is_false_as_printed_stands_in_a_box_of_its_own():
    places = [item.place for item in COLLECTED[:2]]
    boxes = errata.false_as_printed(COLLECTED, *places).data
    assert boxes.count(":class: false-as-printed") == 2
    for item in COLLECTED[:2]:
        assert all(part in boxes for part in (item.place, item.printed, item.correct, item.counterexample()))
    with pytest.raises(ValueError, match=r"no erratum has the place Eq\. \(99\)"):
        errata.false_as_printed(COLLECTED, "Eq. (99)")


def test_severity_is_checked():
    with pytest.raises(ValueError, match="severity must be one of"):
        Erratum("Eq. (1)", "a", "b", "bad", "c", lambda: "1.")


def test_differences_and_violations():
    errata.require_difference(1, 2)
    errata.require_violation(2, 1, 3)
    for left, printed, correct in ((1, 2, 3), (2, 1, 1), (1, 1, 1)):
        with pytest.raises(CheckFailed, match="shows nothing"):
            errata.require_violation(left, printed, correct)
    for value in (1.0, float("nan")):
        with pytest.raises(CheckFailed, match="shows nothing"):
            errata.require_difference(1.0, value)
