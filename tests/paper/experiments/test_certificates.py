"""Certificates of the paper's posteriors, and the hold-out bound: on digits."""

from dataclasses import replace

import matplotlib.pyplot as plt
import mpmath as mp
import numpy as np
import pytest
import torch
from dense_reference import bernoulli_kl
from small_networks import seeded

from pacbayes_curvature.bounds import complexity
from paper.experiments import certified
from paper.experiments.certificates import compute, figure, words
from paper.experiments.certificates.compute import certificates
from paper.experiments.holdout import words as holdout_words
from paper.experiments.holdout.compute import CHOSEN, holdout, trained_on_share
from paper.networks import share

METHODS = ("baseline", "layerwise")


@pytest.fixture
def result(trained, monkeypatch):
    monkeypatch.setattr(certified, "PASSES", 2)
    return certificates("digits", methods=METHODS)


def exact(row):
    """The certificate of a row by 40 digits: two inversions of kl by bisection."""
    with mp.workdps(40):

        def inverse(q, c):
            low, high = mp.mpf(q), mp.mpf(1)
            for _ in range(130):
                middle = (low + high) / 2
                low, high = (middle, high) if bernoulli_kl(mp.mpf(q), middle) < c else (low, middle)
            return low

        m, n = int(row.outcomes), int(row.n)
        risk = inverse(mp.mpf(row.errors) / m, mp.log(row.looked_at / mp.mpf(0.01)) / m)
        return float(inverse(risk, (mp.mpf(row.kl) + mp.log(2 * mp.sqrt(n) * row.priors / mp.mpf(0.05))) / n))


def test_each_certificate_follows_from_its_row_by_high_precision(result):
    assert list(result.table["method"]) == list(METHODS)
    for row in result.table.itertuples():
        assert exact(row) <= row.certificate <= exact(row) * (1 + 1e-9)
        assert row.n == 1500 or row.n > 1000
        assert row.outcomes == 2 * row.n and row.priors == len(certified.PRIORS) and row.lam in certified.PRIORS
        assert row.papers == pytest.approx(row.errors / row.outcomes + complexity(row.kl, row.n))
        assert row.papers < row.theorem_31 and row.certificate <= row.theorem_31
        assert row.drawn_certificate > row.certificate, "five outcomes say less than thousands"
    assert result.table["certificate"].is_monotonic_decreasing, "layerwise is not worse than the baseline"


def test_the_search_finds_the_least_value():
    lam, beta = certified.search(lambda lam, beta: (np.log(lam / 0.02)) ** 2 + (np.log(beta / 300.0)) ** 2)
    assert lam == pytest.approx(0.02, rel=0.05) and beta == pytest.approx(300, rel=0.08) and lam in certified.PRIORS
    for betas in (certified.BETAS, certified.BETAS[-1:]):
        lam, beta = certified.search(lambda lam, beta: np.log(lam) ** 2 + 1 / beta, betas)
        assert lam == pytest.approx(1, rel=0.05) and beta == np.inf


def test_where_the_prior_is_best_all_methods_have_its_certificate(trained, monkeypatch):
    """The baseline is the beta = inf of the others, and scored by the same noise: so none is worse for lack of a point."""
    monkeypatch.setattr(compute, "estimate", lambda risk, kl, n, priors: kl)
    table = certificates("digits", fresh=True).table
    assert (table["beta"] == np.inf).all() and table["lam"].nunique() == 1
    for column in ("kl", "errors", "certificate"):
        assert table[column].to_numpy() == pytest.approx(table[column].iloc[0], rel=1e-6), "but for rounding"


def test_a_split_has_no_common_example_and_loses_none():
    first, rest = share.split(101, 0.8, 3)
    assert len(first) == 81 and sorted([*first.tolist(), *rest.tolist()]) == list(range(101))
    assert not torch.equal(first, share.split(101, 0.8, 4)[0])
    with pytest.raises(ValueError, match="must leave some on both sides, got 1.0"):
        share.split(10, 1.0, 0)


def test_moved_images_are_moved_as_a_whole():
    images = torch.arange(2 * 5 * 5 * 3, dtype=torch.float32).reshape(2, 5, 5, 3)
    seen = set()
    for seed in range(30):
        moved = share.moved(images.reshape(2, -1), 5, seeded(seed)).reshape(2, 5, 5, 3)
        steps = [
            (down, right)
            for down in range(-2, 3)
            for right in range(-2, 3)
            if torch.equal(moved[:, 2, 2], images[:, 2 + down, 2 + right])
        ]
        seen.add(steps[0])
        rows, columns = ((torch.arange(5) + step).clamp(0, 4) for step in steps[0])
        assert torch.equal(moved, images[:, rows][:, :, columns])
    assert len(seen) > 10


def test_training_on_a_share_does_not_see_the_rest(digits):
    weights, first, rest = trained_on_share(digits, 0, 0.5)
    changed = digits.x_train.copy()
    changed[rest.numpy()] = 7.0
    other, _, _ = trained_on_share(type(digits)(**{**vars(digits), "x_train": changed}), 0, 0.5)
    assert all(torch.equal(a, b) for a, b in zip(weights, other))
    x, y = torch.from_numpy(digits.x_train)[first], torch.from_numpy(digits.y_train)[first]
    assert certified.error_rate(weights, x, y) < 0.01


def test_the_yardstick_counts_errors_on_what_was_held_back(workspace):
    result = holdout("digits")
    assert holdout_words.chosen(result) == result.table.set_index("share")["bound"][CHOSEN]
    for row in result.table.itertuples():
        assert row.train_examples == round(row.share * (row.train_examples + row.n))
        below = float(mp.fsum(mp.binomial(row.n, i) * mp.mpf(row.bound) ** i * (1 - mp.mpf(row.bound)) ** (row.n - i) for i in range(row.errors + 1)))  # fmt: skip
        assert below == pytest.approx(0.05, rel=1e-6)
    assert "wrong answers" in holdout_words.table([result])


def test_the_chapter_shows_what_the_results_hold(result, workspace):
    yardstick = holdout("digits")
    axis = figure.certificates([result], [yardstick]).axes[0]
    shown = {float(line.get_xdata()[0]) for line in axis.lines if len(line.get_xdata()) == 1}
    assert set(result.table["certificate"]) | set(result.table["test_error"]) <= shown
    plt.close("all")
    assert len(words.table([result])) == len(METHODS)
    assert "lower everywhere" in words.verdict([result], [yardstick]).data
    ledger = words.ledger(result, "layerwise").data
    assert "0.05" in ledger and "0.01" in ledger and "1,000 values" in ledger and "**0.06**" in ledger
    assert words.outcomes_against_draws([result]).data


def test_the_spread_is_that_of_the_networks(result):
    again = replace(result, table=result.table.assign(seed=1, certificate=result.table["certificate"] + 0.02))
    for row, (_, own) in zip(words.over_seeds([result, again]).itertuples(), result.table.iterrows(), strict=True):
        mean = own["certificate"] + 0.01
        assert row.certificate == f"{mean:.3f}\N{NO-BREAK SPACE}±\N{NO-BREAK SPACE}{0.02 / 2**0.5:.3f}"
        assert row.networks == 2 and row.largest == own["certificate"] + 0.02
    assert words.over_seeds([result])["certificate"].tolist() == [
        f"{value:.3f}" for value in result.table["certificate"]
    ]
    near = replace(result, table=result.table.assign(seed=1, certificate=result.table["certificate"] + 1e-4))
    assert all(
        line.endswith("± 0.00007".replace(" ", "\N{NO-BREAK SPACE}"))
        for line in words.over_seeds([result, near])["certificate"]
    )
