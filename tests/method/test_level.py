"""A level's sums: which outcomes count, of which examples, with which noise. By a level whose outcomes are known."""

import io
import sys

import numpy as np
import pytest
import torch
from small_networks import seeded
from small_posteriors import layers_of, network

from pacbayes_curvature.gibbs import level
from pacbayes_curvature.gibbs.level import Level, noise
from pacbayes_curvature.gibbs.local_reparametrisation import by_local_reparametrisation

WEIGHTS = [torch.zeros(4, 3), torch.zeros(5, 5), torch.zeros(2, 6)]


class Known(Level):
    """The outcome of an example is its input, whose label is its number; `seen` holds (grid point, number), `asked` the chunks."""

    def __init__(self, points):
        super().__init__(WEIGHTS, points)
        self.seen, self.asked = [], []

    def shared(self, x, points):
        self.asked.append((len(x), points.tolist()))
        return x

    def outcomes(self, shared, y, noise, points, count):
        assert len(y) == len(noise.uniform) == count.max() <= len(shared)
        for g, m in zip(points, count):
            if m:
                self.seen += [(g, number) for number in y[:m].tolist()]
                yield g, shared[:m, 0]


def data(n, value=None):
    x = torch.rand(n, 1, generator=seeded(0)) if value is None else torch.full((n, 1), value)
    return x, torch.arange(n)


@pytest.mark.parametrize("wanted", [[30, 0, 13, 7, 20], [3, 1, 0, 2, 2], [0, 0, 0, 0, 0], None])
def test_the_first_examples_count_pass_after_pass(wanted, monkeypatch):
    """Example i counts in pass p where a point's number is larger than 10 p + i: a chunk has 4 of 10 examples."""
    monkeypatch.setattr(level, "CHUNK", 4)
    (x, y), known = data(10), Known(5)
    tally = known.tally(x, y, seeded(0), 3, wanted and np.array(wanted))
    wanted = wanted or [30] * 5
    expected = [(g, i) for g in range(5) for p in range(3) for i in range(10) if wanted[g] > 10 * p + i]
    assert sorted(known.seen) == sorted(expected) and tally.outcomes.tolist() == wanted
    outcomes = x[:, 0].double().numpy()
    for g in range(5):
        counted = outcomes[[i for point, i in expected if point == g]]
        assert tally.wrong[g] == pytest.approx(counted.sum(), rel=1e-12)
        assert tally.squares[g] == pytest.approx(np.square(counted).sum(), rel=1e-6)
    for first, (examples, points) in zip(range(0, 10, 4), known.asked):
        needed = [point for point in range(5) if wanted[point] > first]
        assert points == needed and examples == min(4, 10 - first, max(wanted) - first)
    assert len(known.asked) == min(3, -(-max(wanted) // 4)), "no chunk that nobody asked for"


def test_once_over_all_where_nothing_is_said():
    known = Known(2)
    assert known.tally(*data(2500), seeded(0)).outcomes.tolist() == [2500, 2500]
    assert [examples for examples, _ in known.asked] == [1024, 1024, 452]


def test_sums_have_the_digits_of_float64():
    """Of a million outcomes in float32, whose sum has more digits than float32."""
    tally = Known(1).tally(*data(2**20, 0.3), seeded(0))
    outcome = torch.tensor(0.3)
    assert tally.wrong[0] == outcome.double().item() * 2**20
    assert tally.squares[0] == outcome.square().double().item() * 2**20


def test_all_passes_of_a_chunk_have_their_own_noise():
    drawn = []

    class Noisy(Known):
        def outcomes(self, shared, y, noise, points, count):
            drawn.append(noise.uniform.tolist())
            return super().outcomes(shared, y, noise, points, count)

    Noisy(1).tally(*data(3), seeded(5), passes=2)
    generator = seeded(5)
    assert drawn == [noise(WEIGHTS, 3, generator).uniform.tolist() for _ in range(2)]
    assert drawn[0] != drawn[1]


@pytest.mark.parametrize("kind", [torch.float32, torch.float64])
def test_noise_is_drawn_layer_by_layer_where_the_generator_is(kind):
    weights = [w.to(kind) for w in WEIGHTS]
    with torch.device("meta"):  # wherever else tensors are made
        found = noise(weights, 7, seeded(1))
    generator = seeded(1)
    expected = [torch.randn(7, width, generator=generator, dtype=kind) for width in (4, 5)]
    assert len(found.normal) == 2 and all(map(torch.equal, found.normal, expected))
    assert torch.equal(found.uniform, torch.rand(7, generator=generator, dtype=kind))


@pytest.mark.parametrize("passes", [0, -3])
def test_no_pass_is_refused(passes):
    with pytest.raises(ValueError, match=f"^passes must be at least 1, got {passes}$"):
        Known(1).tally(*data(3), seeded(0), passes)


@pytest.mark.parametrize("examples", [[7, 0], [-1, 0], [3], [3, 3, 3], [[3, 3]]])
def test_numbers_of_examples_that_there_are_not(examples):
    with pytest.raises(ValueError, match="^examples must hold a number from 0 to 6 for each of the 2 grid points$"):
        Known(2).tally(*data(3), seeded(0), 2, np.array(examples))


def errors_shown_on(monkeypatch, terminal):
    out = io.StringIO()
    out.isatty = lambda: terminal
    monkeypatch.setattr(sys, "stderr", out)
    return out


@pytest.mark.parametrize("terminal", [True, False])
def test_a_terminal_is_told_how_far_it_is(terminal, monkeypatch):
    out = errors_shown_on(monkeypatch, terminal)
    Known(1).tally(*data(3000), seeded(0), label="the sums")
    assert (out.getvalue().startswith("\rthe sums: ") and "chunk/s]" in out.getvalue()) == terminal
    assert terminal or out.getvalue() == ""


@pytest.mark.parametrize("label, shown", [(["three passes"], "\rthree passes:   0%|"), ([], "\r  0%|")])
def test_what_is_under_way_has_the_name_it_was_given(label, shown, monkeypatch):
    weights, x, y = network((4, 3, 2))
    given = weights, layers_of("diag", weights, x), np.ones(1), np.ones(1), x, y, seeded(0), 3, *label
    out = errors_shown_on(monkeypatch, True)
    by_local_reparametrisation(*given)
    assert out.getvalue().startswith(shown)
