"""A reader's own data: what is refused, in which words; and the certificates, against other ways to the same numbers."""

import math
import zipfile
from dataclasses import replace

import mpmath
import numpy as np
import pytest
import torch
from scipy.stats import binom
from small_networks import seeded

from paper.experiments.own_data import compute, examples, figure, words
from paper.experiments.own_data.network import train
from paper.networks.training import accuracy

PLAN = compute.Plan(seed=0, width=8, delta=0.05, share=0.8, epochs=30, descent_epochs=60)
N = 600


def arrays(n=N, classes=3, seed=0):
    """Clusters of pixels as bytes, of shape (n, 3, 2)."""
    rng = np.random.default_rng(seed)
    y = rng.integers(classes, size=n)
    centres = rng.integers(60, 200, size=(classes, 3, 2))
    return np.clip(centres[y] + rng.normal(0, 20, size=(n, 3, 2)), 0, 255).astype(np.uint8), y


def saved(tmp_path, **content):
    path = tmp_path / "own.npz"
    np.savez(path, **content)
    return str(path)


@pytest.fixture
def own(tmp_path):
    x, y = arrays()
    return examples.load(saved(tmp_path, x=x, y=y), 3)


# The file --------------------------------------------------------------------------------------------------------------


def test_bytes_are_divided_by_255_and_images_flattened(own):
    x, y = arrays()
    np.testing.assert_allclose(own.x, x.reshape(N, 6) / 255, rtol=1e-6)
    assert own.x.dtype == torch.float32 and own.y.tolist() == y.tolist() and own.y.dtype == torch.int64
    assert own.scale == "divided by 255, the largest of uint8"


@pytest.mark.parametrize(
    "kind, factor", [(np.int16, 1 / 32767), (np.uint16, 1 / 65535), (np.float64, 1.0), (np.float16, 1.0), (bool, 1.0)]
)
def test_the_scale_of_each_type_is_fixed(tmp_path, kind, factor):
    rng = np.random.default_rng(0)
    x = rng.integers(2, size=(N, 4)).astype(kind) if factor == 1 else (rng.random((N, 4)) / factor).astype(kind)
    loaded = examples.load(saved(tmp_path, x=x, y=np.arange(N) % 2), 2)
    np.testing.assert_allclose(loaded.x, x.astype(np.float64) * factor, rtol=1e-6)


def test_an_examples_scale_does_not_depend_on_the_others(tmp_path):
    x, y = arrays()
    other = np.concatenate([x[:1], 255 - x[1:]])
    first, second = (examples.load(saved(tmp_path, x=some, y=y), 3).x[0] for some in (x, other))
    assert torch.equal(first, second)


def test_digits_are_the_demonstration():
    own = examples.load("", 10)
    assert (
        own.x.shape == (1797, 64) and 0 <= own.x.min() and own.x.max() == 1 and own.y.unique().tolist() == [*range(10)]
    )


@pytest.mark.parametrize("kind", [np.float32, bool, np.uint8])
def test_whole_labels_of_any_type_are_taken(tmp_path, kind):
    y = (np.arange(N) % 2).astype(kind)
    assert examples.load(saved(tmp_path, x=arrays()[0], y=y), 2).y.tolist() == y.tolist()


X, Y = arrays()
GAUSS = np.random.default_rng(0).normal(3, 7, size=(N, 5))
SPOILT = GAUSS / 10
SPOILT = np.where(np.arange(N)[:, None] == 7, np.nan, SPOILT)


@pytest.mark.parametrize(
    "content, message",
    [
        (dict(x=X), "must hold the arrays x and y; y missing, found: x"),
        (dict(images=X, labels=Y), "x and y missing, found: images, labels"),
        (dict(x=X, y=Y[:-1]), r"y must have one label for each of the 600 rows of x, got the shape \(599,\)"),
        (dict(x=X, y=np.eye(3)[Y]), r"got the shape \(600, 3\)"),
        (dict(x=Y, y=Y), r"x must have the shape \(N, ...\), one row for each example, got \(600,\)"),
        (dict(x=X[:0], y=Y[:0]), r"x must have the shape .* got \(0, 3, 2\)"),
        (dict(x=X.astype(object), y=Y), "x must be an array of numbers: Object arrays cannot be loaded"),
        (dict(x=X, y=Y.astype(object)), "y must be an array of numbers: Object arrays"),
        (dict(x=X, y=Y.astype(str)), "y must be an array of numbers, got <U"),
        (dict(x=X.astype(complex), y=Y), "x must be an array of numbers, got complex128"),
        (dict(x=SPOILT, y=Y), "x must be finite, got NaN or infinity in 1 of 600 rows"),
        (
            dict(x=X * 1e3, y=Y),
            r"x has numbers up to \d+e?\+?\d*, more than 100; divide it by a number fixed beforehand",
        ),
        (
            dict(x=X.astype(np.int64), y=Y),
            r"whole numbers up to \d+ in the type int64, .* divided by 9223372036854775807",
        ),
        (dict(x=X // 200, y=Y), "whole numbers up to 1 in the type uint8"),
        (dict(x=np.zeros((N, 5001), np.uint8), y=Y), "each row of x has 5001 numbers, more than the 5000"),
        (
            dict(x=(GAUSS - GAUSS.mean(0)) / GAUSS.std(0), y=Y),
            "x has mean 0 and deviation 1: it was normalised by these",
        ),
        (dict(x=(GAUSS - GAUSS.mean(0)) / GAUSS.std(0, ddof=1), y=Y), "it was normalised by these very examples"),
        (dict(x=((GAUSS - GAUSS.mean()) / GAUSS.std()).astype(np.float32), y=Y), "it was normalised by these"),
        (dict(x=np.c_[(GAUSS - GAUSS.mean(0)) / GAUSS.std(0), np.zeros(N)], y=Y), "it was normalised by these"),
        (dict(x=X, y=Y + 0.5), "labels must be whole numbers, got [012].5"),
        (dict(x=X, y=np.where(Y == 1, np.nan, Y)), "labels must be whole numbers, got nan"),
        (dict(x=X, y=Y + 1), "labels must be from 0 to 2, as the parameter classes = 3 says, got 1 to 3"),
        (dict(x=X, y=Y - 1), "labels must be from 0 to 2, .* got -1 to 1"),
        (dict(x=X, y=0 * Y + 2), "all labels are 2: one class leaves nothing to learn"),
    ],
)
def test_what_cannot_be_certified_is_refused(tmp_path, content, message):
    with pytest.raises(ValueError, match=message) as refusal:
        examples.load(saved(tmp_path, **content), 3)
    assert "\n" not in str(refusal.value)


def test_signs_are_no_normalised_inputs(tmp_path):
    signs = np.tile([[1.0, -1.0], [-1.0, 1.0]], (N // 2, 1))
    assert examples.load(saved(tmp_path, x=signs, y=np.arange(N) % 2), 2).scale == "as given"


@pytest.mark.parametrize(
    "write, message",
    [
        (lambda path: None, "cannot be read: No such file"),
        (lambda path: path.mkdir(), "cannot be read: Is a directory"),
        (lambda path: path.write_text("x,y"), "is no .npz file; save one by numpy.savez"),
        (lambda path: path.write_bytes(b""), "is no .npz file"),
        (lambda path: np.save(path.open("wb"), X), "is no .npz file"),
    ],
)
def test_what_is_no_npz_is_refused(tmp_path, write, message):
    path = tmp_path / "own.npz"
    write(path)
    with pytest.raises(ValueError, match=message):
        examples.load(str(path), 3)


def test_an_archive_of_other_files_is_refused(tmp_path):
    path = tmp_path / "own.npz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("x", "text")
        archive.writestr("y", "text")
    with pytest.raises(ValueError, match="x must be an array of numbers, got a file of another kind"):
        examples.load(str(path), 3)


def test_a_damaged_archive_is_refused(tmp_path):
    path = tmp_path / "own.npz"
    np.savez(path, x=X, y=Y)
    content = bytearray(path.read_bytes())
    content[200:260] = bytes(60)
    path.write_bytes(content)
    with pytest.raises(ValueError, match="is damaged"):
        examples.load(str(path), 3)


# Too few ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "n, share, message",
    [
        (5, 0.8, "5 examples are too few: without an error and with KL = 0 the certificate would be 1.000"),
        (10, 0.8, r"10 examples are too few: .* would be 0.\d+, and guessing errs on 0.667"),
        (200, 0.995, "share = 0.995 leaves 1 of 200 examples for the hold-out bound and 199 for its training: too few, .* 0.950"),
        (200, 0.001, "leaves 200 of 200 examples for the hold-out bound and 0 for its training"),
    ],
)  # fmt: skip
def test_too_few_examples_are_refused(own, n, share, message):
    some = replace(own, x=own.x[:n], y=own.y[:n])
    with pytest.raises(ValueError, match=message):
        compute.require_enough(some, replace(PLAN, share=share))


def test_enough_are_not(own):
    compute.require_enough(own, PLAN)


# Training --------------------------------------------------------------------------------------------------------------


def test_training_stops_when_no_example_is_wrong(own):
    found = compute.trained(own, PLAN)
    wrong = found.history["error"].to_numpy()
    assert wrong[-1] == 0 and (wrong[:-1] > 0).all() and len(wrong) < PLAN.epochs
    assert accuracy(found.weights, own.x, own.y) == 1
    assert all(map(torch.equal, found.weights, compute.trained(own, PLAN).weights)), "the same from one seed"


def test_training_that_diverges_says_so():
    x, y = 90 * torch.randn(200, 5, generator=seeded(0)), torch.arange(200) % 2
    initial = [100 * torch.randn(20, 6, generator=seeded(1)), 100 * torch.randn(2, 21, generator=seeded(2))]
    with pytest.raises(ValueError, match=r"training diverged in epoch \d+: the inputs, up to .* are too large"):
        train(initial, x, y, 50, seeded(3))


# Certificates ----------------------------------------------------------------------------------------------------------


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


# Hold-out --------------------------------------------------------------------------------------------------------------


def test_the_hold_out_bound_is_the_binomial_tail_of_a_network_that_has_not_seen_the_rest(own):
    hold = compute.holdout(own, PLAN)
    assert hold["trained"] == 480 and hold["n"] == 120
    assert binom.cdf(hold["errors"], 120, hold["bound"]) == pytest.approx(PLAN.delta, rel=1e-6)
    first, rest = compute._split(own, PLAN)
    assert sorted([*first.tolist(), *rest.tolist()]) == [*range(N)]
    spoilt = own.y.clone()
    spoilt[rest] = (spoilt[rest] + 1) % 3
    other = compute.holdout(replace(own, y=spoilt), PLAN)
    assert other["training_error"] == hold["training_error"] and other["errors"] >= 120 - hold["errors"]


# Shown -----------------------------------------------------------------------------------------------------------------


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
