"""Priors from a share: each row follows from its counts, nothing that the prior has seen is counted, and what a nat buys and costs."""

import math

import pandas as pd
import pytest
import torch

from pacbayes_curvature.bounds import catoni_bound, kl_bound, pac_bayes_bound
from pacbayes_curvature.certificates import certificate, risk_from_outcomes
from pacbayes_curvature.natural import Diverged
from paper.experiments import certified
from paper.experiments.data_prior import compute, words
from paper.experiments.data_prior.compute import Half, data_prior
from paper.experiments.data_prior.table import TABLE
from paper.experiments.holdout.compute import CHOSEN, trained_on_share
from paper.networks import data
from paper.results import records


@pytest.fixture
def quick(workspace, monkeypatch):
    monkeypatch.setattr(compute, "EPOCHS", 1)
    monkeypatch.setattr(compute, "MORE", 2)
    monkeypatch.setattr(certified, "PASSES", 1)
    monkeypatch.setattr(certified, "LOOKED", 256)


def test_each_row_follows_from_its_counts(quick, monkeypatch):
    told = {}

    def row(half, found, examples, name):
        told[name] = half, *found
        return scored(half, found, examples, name)

    scored = compute.row
    monkeypatch.setattr(compute, "row", row)
    table = data_prior("digits").table
    assert list(table["method"]) == ["prior", "adam", "natural"] == list(words.NAMES)
    assert set(table.columns) == set(TABLE.all_columns)
    examples = data.load("digits")
    mean, first, rest = trained_on_share(examples, 0, 0.5, moved=True)
    assert not set(first.tolist()) & set(rest.tolist())
    for line in table.itertuples():
        counts = dict(kl=line.kl, n=line.n, priors=line.priors, looked_at=1)
        assert line.certificate == certificate(line.errors, line.outcomes, delta=0.05, delta_mc=0.01, **counts)
        risk = risk_from_outcomes(line.errors, line.outcomes, delta_mc=0.01)
        assert line.catoni == min(1, catoni_bound(risk, line.kl, line.n, 0.05 / line.priors, compute.CATONI))
        assert line.theorem_31 == pac_bayes_bound(risk, line.kl, line.n, 0.05 / line.priors)
        assert (line.n, line.outcomes) == (len(rest), 3 * len(rest)), "one pass and two more"
        half, q, kl, priors, _ = told[line.method]
        assert torch.equal(half.x, torch.from_numpy(examples.x_train)[rest]) and (kl, priors) == (line.kl, line.priors)
        assert all(map(torch.equal, half.mean, mean))
        assert min(abs(q.kl(mean, lam) - kl) for lam in compute.LAMS) < 1e-9
    assert table["kl"][0] == 0 and table["priors"].tolist() == [1, 3, 3]


def test_steps_that_diverge_are_counted_and_if_all_do_it_is_an_error(quick):
    examples = data.load("digits")
    mean = trained_on_share(examples, 0, 0.5, moved=True)[0]
    half = Half(mean, torch.from_numpy(examples.x_train)[:300], torch.from_numpy(examples.y_train)[:300], 0)

    def steps(half, start, lam, rate):
        if rate > 1 or lam < 1e-4:
            raise Diverged("too large")
        return start

    q, kl, priors, tried = compute.best(steps, (0.5, 2.0), half)
    assert kl == pytest.approx(0, abs=1e-6) and priors == 3 and tried.endswith("1 epochs; 4 diverged")
    assert float(q.variances[0][0, 0]) in map(pytest.approx, compute.LAMS[1:])
    with pytest.raises(ValueError, match="all steps diverged, at the rates 2"):
        compute.best(steps, (2.0,), half)


def test_the_error_that_a_divergence_leaves_room_for():
    """`kl_bound` there is the bound again; and none is left where the divergence alone costs more."""
    for error, kl, n in ((0.01, 0.0, 30_000), (0.01, 8.0, 30_000), (0.3, 40.0, 25_000)):
        bound = kl_bound(error, kl, n, certified.DELTA / 2)
        assert words.affordable(bound, kl, n, priors=2) == pytest.approx(error, rel=1e-9)
    assert math.isnan(words.affordable(0.01, 1000.0, 30_000))


def result(dataset, errors, kl, own, bounds):
    """Posteriors of divergence kl with so many errors among 30,000; bounds: certificate and Catoni's, of all."""
    n = 30_000
    table = pd.DataFrame({"method": list(words.NAMES), "errors": errors, "outcomes": n, "n": n, "kl": [0.0, kl, kl]})
    table[["certificate", "catoni"]] = bounds
    table = table.assign(own_holdout=own, test_error=0.01)
    return records.Result(records.Key("data_prior", dataset, 0, {}, {}, ""), table, {}, "")


LINE = records.Result(
    records.Key("holdout", "mnist2", 0, {}, {}, ""), pd.DataFrame({"share": [CHOSEN], "bound": 0.02}), {}, ""
)


def test_what_a_nat_buys_and_costs():
    bound = kl_bound(0.012, 0.0, 30_000)
    even = 30_000 * words.affordable(bound, 5.0, 30_000)
    shown = result("mnist2", [360.0, even, 350.0], 5.0, 0.013, (bound, 0.014))
    nats = words.exchange(shown)
    assert nats["bought"]["natural"] == pytest.approx(2.0), "10 errors for 5 nats"
    assert nats["bought"]["adam"] == pytest.approx(nats["due"]["adam"]) and 3 < nats["due"]["natural"] < 6
    rows = words.table([shown], [LINE])
    assert [*rows["errors a nat removed"]][::2] == ["", "2.0"] and set(rows["hold-out, four fifths"]) == {0.02}


def test_the_verdict_follows_the_rows():
    above = result("mnist2", [360.0, 358.0, 350.0], 5.0, 0.013, (0.0152, 0.0139))
    said = words.verdict([above], [LINE]).data
    assert said.startswith("On Mnist2, no posterior is certified below the hold-out bound of its prior's own mean")
    assert "0.0139 against 0.0130" in said and "each nat removed fewer errors than it costs" in said
    assert "is above the smallest of these on Mnist2." in said
    below = result("cifar2", [360.0, 100.0, 350.0], 5.0, 0.013, (0.0252, 0.0125))
    said = words.verdict([above, below], [LINE, LINE]).data
    assert "Below the hold-out bound of its prior's own mean is: the prior itself on Cifar2" in said
    assert "Of the 4 optimised posteriors, 1 earned their divergence." in said and "of these on Mnist2, Cifar2." in said
    assert words.verdict([], []).data == "On none of these data sets has it been tried."


def test_where_it_is_tried():
    assert words.tried_on(["mnist2", "mnist5", "digits"]) == ["mnist2", "digits"]
