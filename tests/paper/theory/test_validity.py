"""The simulation of chapter 09: valid bounds fail as seldom as they say, shortcuts more often, whatever the seed."""

import itertools
import math

import matplotlib.pyplot as plt
import numpy as np
import pytest
from scipy.stats import binom

from pacbayes_curvature.bounds import kl_bound, pac_bayes_bound
from pacbayes_curvature.certificates import holdout_bound
from paper.show.text import table as as_table
from paper.theory.validity import coins, figure, words
from paper.theory.validity.rates import interval, rates
from paper.theory.validity.trials import BOUNDS, DELTA, TRIALS, trial

DOUBT = 1e-6


@pytest.fixture(scope="module")
def first():
    return rates(seed=0)


# The promise -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", [0, 1, 77])
def test_what_is_right_holds_and_what_is_a_shortcut_does_not(seed, first):
    found = first if seed == 0 else rates(seed, datasets=1500)
    assert found["right"].sum() >= 15 and (~found["right"]).sum() >= 8
    for row in found.itertuples():
        if row.right:
            assert row.failures <= binom.ppf(1 - DOUBT, row.datasets, row.delta), (row.trial, row.way)
        else:
            beyond_doubt, _ = interval(row.failures, row.datasets, 1 - 2 * DOUBT)
            assert beyond_doubt > row.delta, (row.trial, row.way)


def test_every_shortcut_has_a_right_way_beside_it(first):
    for name, ways in first.groupby("trial"):
        assert ways["right"].any(), name
        assert set(ways["delta"]) == {TRIALS[name].delta}
    assert set(first["trial"]) == set(TRIALS)


def test_counts_repeat_and_change_with_the_seed(first):
    assert rates(seed=0).equals(first)
    some = {seed: rates(seed, datasets=300) for seed in (0, 1)}
    assert (some[0]["failures"] != some[1]["failures"]).sum() > 5
    assert (some[0]["datasets"] == 300).all()


def test_rates_have_exact_intervals(first):
    assert (first["rate"] * first["datasets"]).round().astype(int).equals(first["failures"])
    assert ((first["low"] <= first["rate"]) & (first["rate"] <= first["high"])).all()
    for failures, datasets in ((0, 50), (1, 50), (17, 4000), (50, 50)):
        low, high = interval(failures, datasets)
        assert failures == 0 or binom.sf(failures - 1, datasets, low) == pytest.approx(0.025, rel=1e-6)
        assert failures == datasets or binom.cdf(failures, datasets, high) == pytest.approx(0.025, rel=1e-6)
        assert low >= 0 and (failures or low < 1e-9) and high <= 1


# Rates that are known --------------------------------------------------------------------------------------------------


def assert_rate(first, trial, way, probability):
    """The count is one that this probability gives."""
    (row,) = first[(first["trial"] == trial) & (first["way"] == way)].itertuples()
    assert binom.ppf(DOUBT, row.datasets, probability) <= row.failures
    assert row.failures <= binom.ppf(1 - DOUBT, row.datasets, probability), (trial, way, probability)


def failing(bound, n):
    """The probability that `bound`, of the risk of one classifier on n examples, is below 1/2."""
    k = np.arange(n + 1)
    return binom.pmf(k, n, 0.5)[bound(k) < 0.5].sum()


def test_rates_that_can_be_reckoned(first):
    for name, bound in BOUNDS.items():
        alone = failing(lambda k, bound=bound: bound(k / 13, 0.0, 13, DELTA), 13)
        assert_rate(first, "fixed", name, alone)
    for name, bound in (("Theorem 3.1", pac_bayes_bound), ("kl", kl_bound)):
        for way, delta in (("no union", DELTA), ("δ / 1,000 each", DELTA / 1000)):
            alone = failing(lambda k, bound=bound, delta=delta: bound(k / 13, 0.0, 13, delta), 13)
            assert_rate(first, "chosen_lam", f"{name}, {way}", 1 - (1 - alone) ** 1000)
    for way, delta, tries in (("the first of them", DELTA, 1), ("the best, no union", DELTA, 100), ("the best, δ / 100 each", DELTA / 100, 100)):  # fmt: skip
        alone = failing(lambda k, delta=delta: holdout_bound(k, 100, delta), 100)
        assert_rate(first, "chosen_on_holdout", way, 1 - (1 - alone) ** tries)
    assert_rate(first, "fixed", "hold-out", failing(lambda k: holdout_bound(k, 100, DELTA), 100))
    for n, way in ((50, "risk and N of the rest"), (500, "risk of the rest, N of all")):
        alone = failing(lambda k, n=n: kl_bound(k / 50, 0.0, n, DELTA), 50)
        assert_rate(first, "prior_from_data", way, alone)
    assert_rate(first, "few_draws", "their mean error", 0.7**5)  # no bad network among five
    assert_rate(first, "papers", "neither", 1 - (1 - 0.7**5) ** 20)


# The problem with nothing to learn --------------------------------------------------------------------------------------


def test_histograms_are_of_independent_classifiers():
    h = coins.histograms(np.random.default_rng(0), 2000, 6, 50)
    assert h.shape == (2000, 7) and (h.sum(axis=1) == 50).all()
    expected = 50 * binom.pmf(np.arange(7), 6, 0.5)
    assert np.all(np.abs(h.mean(axis=0) - expected) < 5 * np.sqrt(expected / 2000))
    assert coins.fewest(np.array([[0, 0, 3, 1], [1, 0, 0, 0]])).tolist() == [2, 0]


@pytest.mark.parametrize("gamma", [0.0, 0.3, 2.0, 500.0])
def test_tilted_posteriors_against_all_classifiers_one_by_one(gamma):
    """Three classifiers on four examples, with every tuple of counts."""
    for counts in itertools.product(range(5), repeat=3):
        h = np.bincount(counts, minlength=5)[None]
        weights = [math.exp(-gamma * (k - min(counts))) for k in counts]
        q = [w / sum(weights) for w in weights]
        risk, kl = coins.tilted(h, gamma)
        assert risk[0] == pytest.approx(sum(w * k for w, k in zip(q, counts)) / 4, rel=1e-12, abs=1e-15)
        assert kl[0] == pytest.approx(sum(w * math.log(3 * w) for w in q if w), rel=1e-9, abs=1e-9)


# What is shown ---------------------------------------------------------------------------------------------------------


def test_the_figure_shows_every_way_with_its_rate(first):
    shown = figure.failure_rates(first)
    (axis,) = shown.axes
    assert [label.get_text() for label in axis.get_yticklabels()] == first["way"].tolist()
    rows = dict(zip(axis.get_yticks(), first.itertuples()))
    points = [line for line in axis.lines if line.get_marker() != "None"]
    assert len(points) == (first["failures"] > 0).sum()
    for line in points:
        row = rows[line.get_ydata()[0]]
        assert line.get_xdata()[0] == row.rate and line.get_marker() == figure.MARKERS[row.right]
        assert line.get_color() == figure.COLOURS[row.right]
    bars = [line for line in axis.lines if line.get_marker() == "None"]
    assert [line.get_xdata()[1] for line in bars] == first["high"].tolist()
    assert axis.get_xscale() == "log"
    plt.close(shown)


def test_the_table_holds_the_counts(first):
    shown = figure.failure_table(first)
    assert len(shown) == len(first) and shown["problem"].ne("").sum() == len(TRIALS)
    assert shown["failures"].iloc[0] == f"{first['failures'].iloc[0]:,} of 4,000"
    assert "no union" in as_table(shown).data


def test_the_sentence_follows_the_counts(first):
    text = words.summary(first).data
    right, shortcuts = first[first["right"]], first[~first["right"]]
    assert f"None of the {len(right)} ways that pay for every event failed" in text
    assert f"All {len(shortcuts)} shortcuts failed" in text
    assert f"on {shortcuts['rate'].min():.1%} to {shortcuts['rate'].max():.1%} of the data sets" in text
    nearest = right.iloc[(right["rate"] / right["delta"]).argmax()]
    assert f"{nearest['rate']:.1%} where 5% are allowed" in text and nearest["way"] in text
    worse = first.assign(low=first["low"].where(first["way"] != "kl", 0.9))
    assert f"2 of the {len(right)} ways that pay for every event failed" in words.summary(worse).data
    one = first.assign(low=first["low"].where(first.index != right.index[0], 0.9))
    assert f"One of the {len(right)} ways that pay for every event failed" in words.summary(one).data
    fine = first.assign(low=0.0)
    assert f"None of the {len(shortcuts)} shortcuts failed" in words.summary(fine).data


def test_a_trial_is_entered_under_its_name(monkeypatch):
    monkeypatch.setattr("paper.theory.validity.trials.TRIALS", {})
    from paper.theory.validity import trials

    @trial("One that never fails", 0.1)
    def never(generator, datasets):
        return [trials.Way("nothing", True, np.zeros(datasets, bool))]

    assert trials.TRIALS["never"].title == "One that never fails" and trials.TRIALS["never"].delta == 0.1
