"""A reader's own data: the certificates against other ways to the same numbers, and how they are shown."""

import math
from dataclasses import replace

import mpmath
import numpy as np
import pytest
import torch
from own_examples import PLAN, N, X, Y, saved
from small_networks import seeded

from paper.experiments.own_data import compute, examples, figure, words
from paper.experiments.own_data.network import train


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Everything that the chapter computes, on one small file."""
    own = examples.load(saved(tmp_path_factory.mktemp("own"), x=X, y=Y), 3)
    network = compute.trained(own, PLAN)
    found = compute.search(own, PLAN, network)
    chosen = compute.best(own, PLAN, network, found)
    q, lam, objective = compute.optimised(own, PLAN)
    chosen[compute.OPTIMISED] = q, lam
    rows = [compute.certified(own, PLAN, name, *posterior) for name, posterior in chosen.items()]
    return own, network, found, chosen, objective, rows


def test_a_row_has_all_that_its_certificate_follows_from(run):
    *_, rows = run
    assert [row["posterior"] for row in rows] == list(compute.ROWS)
    for row in rows:
        assert row["n"] == N and row["outcomes"] == 334 * N and row["error"] == row["errors"] / row["outcomes"]
        with mpmath.workdps(30):
            risk = inverse(row["errors"] / row["outcomes"], mpmath.log(4 / mpmath.mpf(0.01)) / row["outcomes"])
            budget = row["kl"] + mpmath.log(2 * mpmath.sqrt(N) * 24**2 / mpmath.mpf(0.04))
            assert row["certificate"] == pytest.approx(float(inverse(risk, budget / N)), rel=1e-9)


def inverse(q, c):
    """sup { p : kl(q||p) <= c }, by bisection in mpmath."""
    low, high = mpmath.mpf(q), mpmath.mpf(1)
    for _ in range(90):
        p = (low + high) / 2
        kl = (q * mpmath.log(q / p) if q else 0) + (1 - q) * mpmath.log((1 - q) / (1 - p))
        low, high = (p, high) if kl <= c else (low, p)
    return high


def test_the_grid_is_the_priors_that_are_paid_for(run):
    *_, chosen, _, _ = run
    lams = [lam for _, lam in chosen.values()]
    assert all(len(lam) == compute.LAYERS and set(lam) <= set(compute.GRID) for lam in lams)
    assert len(compute.GRID) ** compute.LAYERS == compute.PRIORS


def test_the_search_expects_what_is_certified(run):
    """But for the noise of both, and the certificate's part for it."""
    _, _, found, _, _, rows = run
    for row in rows[:3]:
        best = found[found["method"] == row["posterior"]].nsmallest(1, "expected").iloc[0]
        assert row["kl"] == pytest.approx(best["kl"], rel=1e-4)
        assert row["certificate"] == pytest.approx(best["expected"], abs=0.05)


def test_the_chosen_are_the_best_of_the_grid(run):
    """Another point's certificate, by the same outcomes' noise, is not much smaller."""
    own, network, found, _, _, rows = run
    for row in rows[:3]:
        others = found[found["method"] == row["posterior"]].sort_values("expected").iloc[[5, 15]]
        for _, other in others.iterrows():
            only = found[(found["lam"] == other["lam"]) & (found["beta"] == other["beta"])]
            q, lam = compute.best(own, PLAN, network, only)[row["posterior"]]
            assert compute.certified(own, PLAN, row["posterior"], q, lam)["certificate"] > row["certificate"] - 0.02


def test_the_descent_descends_below_its_start(run):
    *_, objective, rows = run
    assert objective[-1] < objective[0] - 0.05 and rows[-1]["certificate"] < 2 / 3


def test_a_lam_moved_to_the_grid_moves_the_variances(run):
    """So that the variances' part of the KL is that of the descent."""
    own, _, _, chosen, _, _ = run
    q, lam = chosen[compute.OPTIMISED]
    mean_only = sum(
        ((w - w1).double().square().sum() / l).item() for w, w1, l in zip(q.mean, compute.initial(own, PLAN), lam)
    )
    ratios = [v / l for v, l in zip(q.variances, lam)]
    rest = sum((r.double() - 1 - r.double().log()).sum().item() for r in ratios)
    assert q.kl(compute.initial(own, PLAN), lam) == pytest.approx((mean_only + rest) / 2, rel=1e-6)
    assert 0 < rest < 3 * N


def test_the_noise_of_a_certificate_is_its_own(own):
    """The purpose of each stream occurs once: what chose a posterior does not score it."""
    seen, stream = [], compute.stream

    def recorded(purpose, seed):
        seen.append(purpose)
        return stream(purpose, seed)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compute, "stream", recorded)
        network = compute.trained(own, PLAN)
        chosen = compute.best(own, PLAN, network, compute.search(own, PLAN, network))
        chosen["optimised"] = compute.optimised(own, replace(PLAN, descent_epochs=1))[:2]
        choosing = set(seen)
        seen.clear()
        for name, posterior in chosen.items():
            compute.certified(own, PLAN, name, *posterior)
    scoring = [purpose for purpose in seen if purpose != "initialisation"]
    assert len(set(scoring)) == 4 and not set(scoring) & choosing


def test_tables_and_sentences_have_the_numbers(run):
    import pandas as pd

    own, network, found, chosen, _, rows = run
    rows, hold = pd.DataFrame(rows), compute.holdout(own, PLAN)
    table = words.certificates(rows, hold)
    assert table["certificate"].tolist() == [*rows["certificate"], hold["bound"]] and table.iloc[-1, 0] == "Hold-out"
    said = words.verdict(rows, hold, PLAN, 2 / 3).data
    assert f"{rows['certificate'].min():.4f}" in said and f"{hold['bound']:.4f}" in said and "confidence 0.95" in said
    assert "No posterior is certified as better than guessing" in words.verdict(rows, hold, PLAN, 0.001).data
    assert words.events(PLAN)["probability at most"].iloc[:2].sum() == pytest.approx(PLAN.delta)
    assert "no training example is answered wrong" in words.trained(network, PLAN).data
    assert "`epochs = 1`" in words.trained(train(compute.initial(own, PLAN), own.x, own.y, 1, seeded(0)), replace(PLAN, epochs=1)).data  # fmt: skip
    facts = words.data(replace(own, x=torch.cat([own.x[:-1], own.x[:1]]))).set_index("")["value"]
    assert facts["inputs that repeat an earlier one"] == "1" and facts["examples"] == "600"
    assert words.posteriors(chosen, found)["posterior"].tolist() == [
        "Baseline",
        "Diag Hessian",
        "Full L Hessian",
        "Optimised",
    ]
    assert math.isnan(words.posteriors(chosen, found)["beta"].iloc[-1])


def test_figures_draw_what_was_found(run):
    import matplotlib.pyplot as plt
    import pandas as pd

    own, network, found, _, objective, rows = run
    rows, hold = pd.DataFrame(rows), compute.holdout(own, PLAN)
    drawn = figure.certificates(rows, hold, 2 / 3).axes[0]
    ends = [line.get_xdata() for line in drawn.lines if len(line.get_xdata()) == 2 and line.get_linestyle() == "-"]
    expected = [*zip(rows["error"], rows["certificate"]), (hold["error"], hold["bound"])]
    np.testing.assert_allclose(ends, expected)
    left, right = figure.search(found, objective, 2 / 3).axes
    np.testing.assert_allclose(left.lines[2].get_ydata(), found[found["method"] == "layerwise"].groupby("lam")["expected"].min())  # fmt: skip
    assert right.lines[0].get_ydata().tolist() == objective
    np.testing.assert_allclose(figure.training(network).axes[1].lines[0].get_ydata(), network.history["error"])
    plt.close("all")
