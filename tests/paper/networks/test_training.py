"""Training, and the random streams that it draws from."""

import io
import itertools
import json
import sys
from dataclasses import asdict, replace

import pytest
import torch

from pacbayes_curvature.networks import forward, initialise
from paper.networks import training
from paper.networks.sources import widths
from paper.networks.training import NotInterpolating, accuracy, recipe_for, train
from paper.randomness import stream


@pytest.fixture(scope="module")
def few(digits):
    """The first 100 digits: fitted in a moment."""
    return replace(digits, x_train=digits.x_train[:100], y_train=digits.y_train[:100])


def test_digits_are_fitted_and_the_course_is_recorded(digits, digits_network):
    assert accuracy(digits_network.minimum, torch.from_numpy(digits.x_train), torch.from_numpy(digits.y_train)) == 1
    record = digits_network.record
    assert (record["dataset"], record["seed"]) == ("digits", "0")
    assert json.loads(record["recipe"]) == asdict(recipe_for("digits"))
    history = json.loads(record["history"])
    columns = ["epoch", "learning_rate", "loss", "running_accuracy", "train_accuracy", "test_accuracy"]
    assert all(list(row) == columns for row in history)
    assert [row["epoch"] for row in history] == list(range(1, len(history) + 1))
    assert all(row["train_accuracy"] is None for row in history[:-1]) and history[-1]["train_accuracy"] == 1
    assert max(row["learning_rate"] for row in history) <= recipe_for("digits").learning_rate
    assert history[-1]["loss"] < history[0]["loss"] / 10
    test = accuracy(digits_network.minimum, torch.from_numpy(digits.x_test), torch.from_numpy(digits.y_test))
    assert history[-1]["test_accuracy"] == test > 0.9


def test_the_initialisation_is_kept(digits_network):
    drawn = initialise(widths("digits"), stream("initialisation", 0))
    assert all(map(torch.equal, digits_network.initial, drawn))
    assert all(distance > 0 for distance in digits_network.squared_distances())


def test_a_seed_decides_everything(few):
    first, again, other = (train(few, seed, recipe_for("digits")) for seed in (3, 3, 4))
    assert all(map(torch.equal, first.initial + first.minimum, again.initial + again.minimum))
    assert first.record["history"] == again.record["history"]
    assert not any(map(torch.equal, first.initial + first.minimum, other.initial + other.minimum))


def test_the_seed_decides_the_order_of_the_examples(few, monkeypatch):
    start = initialise(widths("digits"), stream("initialisation", 0))
    monkeypatch.setattr(training, "initialise", lambda *arguments: start)
    first, again, other = (train(few, seed, recipe_for("digits")) for seed in (3, 3, 4))
    assert all(map(torch.equal, first.minimum, again.minimum))
    assert not any(map(torch.equal, first.minimum, other.minimum))


def test_width_and_scale_of_the_initialisation_follow_the_recipe(few):
    usual = train(few, 0, recipe_for("digits"))
    scaled = train(few, 0, replace(recipe_for("digits"), initial_scale=2.0))
    assert all(torch.equal(2 * w, w2) for w, w2 in zip(usual.initial, scaled.initial))
    narrow = train(few, 0, replace(recipe_for("digits"), width=0.25))
    assert [tuple(w.shape) for w in narrow.minimum] == [(25, 65), (25, 26), (10, 26)]


def test_training_goes_on_after_the_first_fit_and_ends_fitted(few):
    recipe = recipe_for("digits")
    first, later = (
        json.loads(train(few, 0, replace(recipe, extra_epochs=extra)).record["history"]) for extra in (0, 7)
    )
    assert later[: len(first)] == first and len(later) >= len(first) + 7
    assert later[-1]["train_accuracy"] == 1
    assert all(row["train_accuracy"] != 1 for row in later[len(first) + 6 : -1]), "the first fit from the 7th on"
    with pytest.raises(NotInterpolating, match="1 is needed, and 100 more epochs; the recipe"):
        train(few, 0, replace(recipe, extra_epochs=100, most_epochs=len(first) + 99))


def test_too_few_epochs_fail_loudly(few):
    message = r"digits, seed 0: training accuracy 0\.\d+ after 1 epochs, 1 is needed; the recipe was Recipe\(learning_"
    with pytest.raises(NotInterpolating, match=message):
        train(few, 0, replace(recipe_for("digits"), most_epochs=1))


@pytest.mark.parametrize("terminal", [True, False])
def test_progress_is_shown_on_a_terminal_only(few, monkeypatch, terminal):
    stderr = io.StringIO()
    stderr.isatty = lambda: terminal
    monkeypatch.setattr(sys, "stderr", stderr)
    train(few, 0, recipe_for("digits"))
    assert ("training digits" in stderr.getvalue()) == terminal


def test_accuracy_is_the_share_of_right_answers(digits, digits_network, monkeypatch):
    monkeypatch.setattr(training, "EVALUATION_CHUNK", 7)
    x, y = torch.from_numpy(digits.x_test[:30]), torch.from_numpy(digits.y_test[:30])
    right = 0
    for n in range(30):
        logits = forward(digits_network.initial, x[n : n + 1])[0].tolist()
        right += logits.index(max(logits)) == y[n].item()
    assert 0 < right < 30 and accuracy(digits_network.initial, x, y) == right / 30


def test_unknown_dataset_has_no_recipe():
    with pytest.raises(ValueError, match="unknown dataset 'mnist11'; valid: mnist2, "):
        recipe_for("mnist11")


def test_streams_repeat_and_differ_by_purpose_and_seed():
    names = list(itertools.product(("initialisation", "shuffling", "gibbs"), (0, 1, 10)))
    draws = {name: tuple(torch.randn(4, generator=stream(*name)).tolist()) for name in names}
    assert len(set(draws.values())) == len(names)
    assert all(tuple(torch.randn(4, generator=stream(*name)).tolist()) == draws[name] for name in names)


def test_negative_seed_is_refused():
    with pytest.raises(ValueError, match="a seed must be at least 0, got -1"):
        stream("gibbs", -1)


def test_one_wrong_answer_anywhere_is_no_fit(digits, digits_network, monkeypatch):
    monkeypatch.setattr(training, "FIT_CHUNK", 100)
    x, y = torch.from_numpy(digits.x_train), torch.from_numpy(digits.y_train)
    assert training.fits(digits_network.minimum, x, y)
    for place in (0, 777, len(y) - 1):
        wrong = y.clone()
        wrong[place] = (wrong[place] + 1) % 10
        assert not training.fits(digits_network.minimum, x, wrong)
