"""The benchmarks: how pairs are timed and written down, the paper's procedure, design effects, and a whole run on digits.

Peers are not needed: what compares with them is not run here.
"""

import itertools
import re

import numpy as np
import pytest
import torch
from thorough import thorough

from benchmarks import __main__ as command
from benchmarks import design_effect, pairs, peak, peers, problems, results, scaling
from benchmarks.paper_procedure import PaperProcedure
from pacbayes_curvature import networks, posteriors
from pacbayes_curvature.curvature.second_moments import second_moments, spectrum
from pacbayes_curvature.gibbs import strata
from pacbayes_curvature.gibbs.local_reparametrisation import by_weight_sampling
from paper.benchmarks import words as pages_benchmarks


def clock(*durations):
    """A clock for jobs that take these times, one after the other."""
    ticks = itertools.chain.from_iterable((0.0, duration) for duration in durations)
    return lambda: next(ticks)


def an_entry(name="a", ratio=2.0):
    return pairs.entry(name, [ratio], None, "a note")


def a_fit(**changes):
    item = {"task": "sweep", "measure": "seconds", "against": "N", "base": {}, "points": [[1, 2.0]], "exponent": 1.0}
    return item | {"stderr": 0.1} | changes


# Pairs and results ----------------------------------------------------------------------------------------------------


def test_jobs_take_turns_after_a_warm_up():
    calls = []
    times = pairs.alternate(
        lambda: calls.append("a"), lambda: calls.append("b"), rounds=3, clock=clock(1.0, 4.0, 2.0, 6.0, 3.0, 15.0)
    )
    assert calls == ["a", "b"] + ["a", "b"] * 3
    assert times.tolist() == [[1, 4], [2, 6], [3, 15]]


def test_a_warm_up_of_its_own_replaces_the_first_run():
    calls = []
    pairs.alternate(lambda: calls.append("a"), lambda: calls.append("b"), 1, warm_up=lambda: calls.append("warm"))
    assert calls == ["warm", "a", "b"]


def test_an_entry_has_the_median_and_the_spread_of_the_rounds():
    entry = pairs.entry("name", [4.0, 3.0, 5.0], 6.0, "why")
    assert entry == {"name": "name", "ratio": 4.0, "low": 3.0, "high": 5.0, "target": 6.0, "note": "why"}


def test_what_is_said_for_all_data_sets_is_the_smallest():
    least = pairs.smaller("share", [an_entry("share_a", 0.7), an_entry("share_b", 0.6)])
    assert (least["name"], least["ratio"]) == ("share", 0.6) and "share_a and share_b" in least["note"]


@pytest.mark.parametrize("ratios", [[], [0.0], [1.0, float("nan")], [float("inf")]])
def test_ratios_that_are_none_are_refused(ratios):
    with pytest.raises(ValueError, match="the ratios of x must be positive and finite"):
        pairs.entry("x", ratios, None, "")


def test_a_pair_needs_a_round():
    with pytest.raises(ValueError, match="rounds must be at least 1, got 0"):
        pairs.alternate(print, print, 0)


def test_a_part_that_is_run_again_replaces_its_own_numbers_only(tmp_path):
    path = tmp_path / "results.json"
    results.merge(path, entries=[an_entry("a"), an_entry("b")], scaling=[a_fit()], peak={"gflops": 1.0})
    results.merge(path, entries=[an_entry("b", 3.0)], scaling=[a_fit(against="width")])
    read = results.read(path)
    assert {e["name"]: e["ratio"] for e in read["entries"]} == {"a": 2.0, "b": 3.0}
    assert [item["against"] for item in read["scaling"]] == ["N", "width"] and read["peak"] == {"gflops": 1.0}


def test_each_part_has_the_environment_it_was_measured_in(tmp_path):
    path, now = tmp_path / "results.json", results.environment()
    results.merge(path, environments={"a": now, "b": now})
    other = now | {"processor_model": "Abacus"}
    results.merge(path, environments={"b": other}, entries=[an_entry()])
    assert results.read(path)["environments"] == {"a": now, "b": other}


@pytest.mark.parametrize(
    "part, items, message",
    [
        ("entries", [{"name": "a"}], "an item of entries must have name, ratio, low, high, target, note, got name"),
        ("entries", [an_entry(), an_entry()], "entries has an item twice"),
        ("speed", [], "results must have environments, entries, scaling, stages, peak"),
    ],
)
def test_results_of_another_form_are_refused(part, items, message):
    with pytest.raises(ValueError, match=message):
        results.validate(results.EMPTY | {part: items})


def test_stages_have_their_share_of_the_data_sets_time():
    timed = [("training", "mnist2", 30.0, "A"), ("sweep", "mnist2", 90.0, "B"), ("sweep", "cifar2", 5.0, "B")]
    rows = results.stages(timed)
    assert [(row["share"], row["processor"]) for row in rows] == [(0.25, "A"), (0.75, "B"), (1.0, "B")]
    results.validate(results.EMPTY | {"stages": rows})


# What is measured -----------------------------------------------------------------------------------------------------


def test_operations_are_those_of_the_products():
    a, b = torch.randn(3, 4), torch.randn(4, 5)
    assert peak.operations(lambda: (a @ b).relu()) == 2 * 3 * 4 * 5


def test_the_peak_is_that_of_the_fastest_product(monkeypatch):
    values = iter([0.0, 0, 0.5, 10, 10.25, 20, 20.5, 99])
    monkeypatch.setattr(peak.time, "perf_counter", lambda: next(values))
    assert peak.measure(10, at_least=1.0) == 2 * 10**3 / 0.25


def test_an_exponent_and_its_error_are_those_of_the_logarithms():
    sizes = np.array([1, 2, 4, 8])
    assert scaling.fit(sizes, 3.0 * sizes**2.5) == pytest.approx((2.5, 0), abs=1e-12)
    values = sizes**2.0 * np.exp([0.1, -0.1, -0.1, 0.1])
    design = np.c_[np.ones(4), np.log(sizes)]
    solution, residual, *_ = np.linalg.lstsq(design, np.log(values))
    stderr = np.sqrt(residual[0] / 2 * np.linalg.inv(design.T @ design)[1, 1])
    assert scaling.fit(sizes, values) == pytest.approx((solution[1], stderr))
    assert scaling.fit(sizes, np.full(4, 3.0)) == pytest.approx((0, 0), abs=1e-12)
    with pytest.raises(ValueError, match="at least three sizes are needed for an exponent with an error, got 2"):
        scaling.fit(sizes[:2], sizes[:2])


def test_the_paper_procedure_agrees_with_weight_sampling(digits, digits_network):
    """At points from nearly exact to nearly guessing, within four joint standard errors; and its draws spread alike."""
    x, y = torch.from_numpy(digits.x_train), torch.from_numpy(digits.y_train)
    spectra = [spectrum(h) for h in second_moments(digits_network.minimum, x)]
    layers = [posteriors.LayerPosterior(*s, len(w), 1.0) for s, w in zip(spectra, digits_network.minimum)]
    paper = PaperProcedure(digits_network.minimum, spectra, x, y, chunk=500)
    for lam, beta in ((1e-3, 1e-2), (1e-2, 1e-2), (1.0, 10.0)):
        slow, slow_error = by_weight_sampling(
            digits_network.minimum, layers, lam, beta, x, y, torch.Generator().manual_seed(1), draws=100
        )
        draws = paper.accuracies(lam, beta, torch.Generator().manual_seed(2), draws=100)
        error = draws.std(ddof=1) / 10
        assert abs(draws.mean() - slow) <= 4 * np.hypot(error, slow_error), (lam, beta)
        assert 0.6 < error / slow_error < 1.6, (lam, beta)


def test_the_paper_procedure_without_noise_is_the_network(digits, digits_network):
    x, y = torch.from_numpy(digits.x_test), torch.from_numpy(digits.y_test)
    spectra = [spectrum(h) for h in second_moments(digits_network.minimum, x)]
    exact = (networks.forward(digits_network.minimum, x).argmax(1) == y).double().mean().item()
    for chunk in (7, 1000):
        paper = PaperProcedure(digits_network.minimum, spectra, x, y, chunk)
        assert paper.accuracies(1e-14, 1.0, torch.Generator().manual_seed(0), draws=3) == pytest.approx([exact] * 3)


# Equal standard errors ------------------------------------------------------------------------------------------------


def test_a_design_effect_from_a_part_is_that_of_the_whole():
    """Answers that share a common cause: right with probability 1/2 + 0.3 t_d, t_d = +-1 drawn once a draw."""
    rng, n, m, draws = np.random.default_rng(0), 10_000, 500, 4000
    p = 0.5 + 0.3 * rng.choice([-1, 1], draws)
    answers = rng.random((draws, m)) < p[:, None]
    estimate = design_effect._design_effect(answers.mean(0), answers.mean(1), n)
    exact = (0.25 / n + 0.3**2 * (n - 1) / n) * n / 0.25
    assert estimate == pytest.approx(exact, rel=0.05)
    independent = rng.random((draws, m)) < 0.8
    assert design_effect._design_effect(independent.mean(0), independent.mean(1), n) == pytest.approx(1, abs=1.0)
    assert design_effect._design_effect(np.ones(m), np.ones(draws), n) == 1


def test_the_design_effect_of_weight_draws_is_that_of_the_paper_procedure(
    workspace, digits, digits_network, monkeypatch
):
    problem = a_problem(digits, digits_network, monkeypatch)
    g, n = 15, len(problem.y)  # the noisiest
    (psi,) = design_effect.measure(
        problem, np.array([g]), draws=200, examples=700, generator=torch.Generator().manual_seed(1)
    )
    paper = PaperProcedure(problem.weights, problem.spectra, problem.x, problem.y)
    accuracies = paper.accuracies(problem.lam[g], problem.beta[g], torch.Generator().manual_seed(2), draws=200)
    a = accuracies.mean()
    assert psi == pytest.approx(accuracies.var(ddof=1) * n / (a * (1 - a)), rel=0.4) and psi > 5


def test_the_wanted_standard_error_is_that_of_five_draws():
    """Of draws whose accuracies are a mixture: with psi = n the draws are all right or all wrong."""
    assert design_effect.standard_error(np.array([0.5]), np.array([100.0]), 100)[0] == pytest.approx(0.5 / 5**0.5)
    wrong, psi = np.array([0.1, 1e-3]), np.array([10.0, 2.0])
    expected = [(10 * 0.1 * 0.9 / 300_000) ** 0.5, (2 * 1e-3 * 0.999 / 300_000) ** 0.5]
    np.testing.assert_allclose(design_effect.standard_error(wrong, psi, 60_000), expected)


def test_where_hardly_any_answer_is_wrong_the_error_is_the_weight_of_an_example():
    for wrong in (0.0, 1e-9):
        assert design_effect.standard_error(np.array([wrong]), np.ones(1), 60_000) == 1 / 60_000


# The whole ------------------------------------------------------------------------------------------------------------


def a_problem(digits, network, monkeypatch):
    monkeypatch.setattr("paper.networks.minimum.network", lambda data, seed: network)
    return problems.load("digits", 4)


@thorough
def test_the_timed_estimate_has_the_wanted_error(workspace, digits, digits_network, monkeypatch):
    """What is timed at equal standard error: unbiased, with no more than that error in the root mean square."""
    monkeypatch.setattr(strata, "PILOT", 24)
    problem = a_problem(digits, digits_network, monkeypatch)
    sweeps = command.Sweeps(problem, rounds=1, sampled=1, peak_size=64, pilot={}, repeats=0)
    for _ in range(30):
        sweeps._full_grid()
    assert (sweeps.whole.outcomes == 30 * len(problem.y)).all()
    stderr = design_effect.standard_error(
        sweeps.whole.wrong / sweeps.whole.outcomes, np.full(problem.points, 3.0), len(problem.y)
    )
    estimates = [sweeps._to_precision(stderr)[0] for _ in range(15)]
    assert np.sqrt(np.square(sweeps._misses(estimates, stderr)).mean()) < 1.2
    assert (np.abs(np.mean(estimates, axis=0) - sweeps.whole.accuracy) < 5 * stderr / 15**0.5).all()


@thorough
def test_a_quick_run_writes_valid_results(workspace, digits_network, monkeypatch, capsys):
    monkeypatch.setattr(strata, "PILOT", 24)  # of 1,437 examples
    monkeypatch.setattr("paper.networks.minimum.network", lambda data, seed: digits_network)
    command.main(["sweeps", "monte_carlo", "inversion", "training", "scaling", "--quick"])
    written = results.read(workspace / "build" / "benchmarks" / "quick.json")
    assert set(written["environments"]) == {"sweeps", "monte_carlo", "inversion", "training", "scaling"}
    for about in written["environments"].values():
        assert {"python", "torch", "cores", "processor_model", "threads", "date"} <= set(about)
    names = {e["name"] for e in written["entries"]}
    assert {f"sweep_equal_{what}_digits" for what in ("examples", "error")} < names
    assert {"share_of_peak_digits", "share_of_peak", "paper_procedure_share_of_peak_digits"} < names
    assert {"monte_carlo_150000", "training_share_of_peak"} < names
    assert pages_benchmarks.inverse_times(written)["k"].tolist() == [80, 160]
    for e in written["entries"]:
        assert 0 < e["low"] <= e["ratio"] <= e["high"] and len(e["note"]) > 40, e
    assert {(s["task"], s["against"]) for s in written["scaling"]} == {
        *(("layerwise", axis) for axis in ("N", "width", "depth")),
        *(("sweep", axis) for axis in ("N", "width", "depth", "grid")),
        ("eigendecomposition", "width"),
    }
    assert all(value > 0 and s["stderr"] >= 0 for s in written["scaling"] for _, value in s["points"])
    assert written["peak"]["gflops"] > 0 and written["stages"] == []
    assert "share_of_peak: " in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments, message",
    [
        ("sweeps speed", "unknown part speed; valid: sweeps, "),
        ("peers", "not installed: backpack-for-pytorch, .* extra bench"),
    ],
)
def test_mistakes_stop_before_any_work(arguments, message, workspace, monkeypatch, capsys):
    monkeypatch.setattr(peers, "find_spec", lambda name: None)
    with pytest.raises(SystemExit, match="^2$"):
        command.main([*arguments.split(), "--quick"])
    assert re.search(message, capsys.readouterr().err)
    assert not (workspace / "build").exists()
