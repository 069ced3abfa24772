"""The sweep of a full grid by our estimator against the paper's procedure, and both against the machine's peak."""

from functools import partial

import numpy as np
import torch

from pacbayes_curvature import gibbs

from . import design_effect, peak
from .design_effect import DRAWS
from .pairs import Job, alternate, entry, seconds
from .paper_procedure import PaperProcedure
from .problems import Problem


class Sweeps:
    """The pairs of one problem. `sampled`: grid points a round on which the paper's side is timed, and scaled to the grid.

    Its cost does not depend on the point; the notes of the entries say by how much the times of the points differ.
    `pilot`: nodes, draws and examples of `design_effect.over_the_grid`.
    """

    def __init__(self, problem: Problem, rounds: int, sampled: int, peak_size: int, pilot: dict[str, int]):
        self.problem, self.rounds, self.sampled, self.peak_size, self.pilot = problem, rounds, sampled, peak_size, pilot
        self.generator = torch.Generator().manual_seed(1)
        self.choose = np.random.default_rng(1)
        self.paper = PaperProcedure(problem.weights, problem.spectra, problem.x, problem.y)
        self.paper_seconds: list[float] = []  # of every grid point that was timed
        self.peaks: list[float] = []
        self.right = np.zeros(problem.points)  # over all full passes
        self.passes = 0

    def run(self) -> list[dict]:
        """All entries of this problem; prints how far it is."""
        self.say("tuning the paper's procedure")
        middle = self.problem.points // 2
        chunk = self.paper.tune(self.problem.lam[middle], self.problem.beta[middle], self.generator)
        self.say(f"equal examples, {self.rounds} rounds; the paper's procedure in chunks of {chunk}")
        equal_examples = self._against_paper(self._full_grid)
        self.say("design effect of weight draws over the grid")
        psi = design_effect.over_the_grid(self.problem, **self.pilot, generator=self.generator)
        # Jeffreys' estimate, since 0 wrong answers in a few passes are no proof of 0 probability.
        outcomes = self.passes * len(self.problem.y)
        wrong = (outcomes - self.right + 0.5) / (outcomes + 1)
        counts = design_effect.needed(wrong, psi, len(self.problem.y), resolution=1)
        strict = design_effect.needed(wrong, psi, len(self.problem.y), resolution=0)
        self.say(f"equal standard error: {counts.mean() / len(self.problem.y):.3g} passes a point")
        equal_error = self._against_paper(partial(self.estimate, counts))
        return [
            self._equal_examples(equal_examples),
            self._equal_error(equal_error, counts, psi),
            self._equal_error_strict(equal_examples, strict),
            *self._shares(equal_examples),
        ]

    def estimate(self, counts: np.ndarray) -> np.ndarray:
        """The accuracy at every grid point from counts (G,) independent outcomes: passes over all examples, then a part."""
        p, right = self.problem, np.zeros(self.problem.points)
        for done in range(0, int(counts.max()), len(p.y)):
            left = np.minimum(counts - done, len(p.y))
            points = np.flatnonzero(left > 0)
            accuracy, _ = gibbs.by_local_reparametrisation(
                p.weights, p.layers, p.lam[points], p.beta[points], p.x, p.y, self.generator, examples=left[points]
            )
            right[points] += accuracy * left[points]
        return right / counts

    def say(self, what: str) -> None:
        print(f"[sweeps] {self.problem.name}: {what}", flush=True)

    def _full_grid(self) -> None:
        self.right += self.estimate(np.full(self.problem.points, len(self.problem.y))) * len(self.problem.y)
        self.passes += 1

    def _paper_points(self) -> None:
        for g in self.choose.choice(self.problem.points, self.sampled, replace=False):
            lam, beta = self.problem.lam[g], self.problem.beta[g]
            self.paper_seconds.append(seconds(partial(self.paper.accuracies, lam, beta, self.generator, DRAWS)))
        self.peaks.append(peak.measure(self.peak_size))

    def _against_paper(self, ours: Job) -> np.ndarray:
        """Seconds of our sweep and of the paper's over the whole grid: (rounds, 2)."""
        before = len(self.paper_seconds)
        warm = np.full(self.problem.points, min(2 * gibbs.CHUNK, len(self.problem.y)))
        times = alternate(ours, self._paper_points, self.rounds, warm_up=partial(self.estimate, warm))
        times[:, 1] = np.reshape(self.paper_seconds[before:], (-1, self.sampled)).mean(1) * self.problem.points
        return times

    def _equal_examples(self, times: np.ndarray) -> dict:
        target = {"mnist2": 6.0, "cifar2": 14.0}.get(self.problem.name)
        spread = np.std(self.paper_seconds) / np.mean(self.paper_seconds)
        return entry(
            f"sweep_equal_examples_{self.problem.name}", times[:, 1] / times[:, 0], target,
            f"{self._grid()}: our one pass, {_mean(times[:, 0])}, against {DRAWS} weight draws, {_mean(times[:, 1])}, both "
            f"over the same {len(self.problem.y):,} examples at every point. The paper's side is timed at {self.sampled} random "
            f"points a round and scaled to the grid; the times of single points have a relative standard deviation of {spread:.1%}.",
        )  # fmt: skip

    def _equal_error(self, times: np.ndarray, counts: np.ndarray, psi: np.ndarray) -> dict:
        n, pilot = len(self.problem.y), self.pilot
        return entry(
            f"sweep_equal_error_{self.problem.name}", times[:, 1] / times[:, 0], 40.0 if targeted(self.problem.name) else None,
            f"{self._grid()}: every point gets as many examples as its standard error needs to equal that of {DRAWS} weight "
            f"draws over all {n:,} examples, or 1/N, the weight of one training example, where that of the draws is less. On "
            f"average that is {counts.mean() / n:.3g} passes (median {np.median(counts) / n:.3g}, largest "
            f"{counts.max() / n:.3g}); ours {_mean(times[:, 0])}, theirs {_mean(times[:, 1])}. One draw of the weights has "
            f"{np.median(psi):.3g} times the variance of independent answers in the median over the grid ({psi.min():.3g} to "
            f"{psi.max():.3g}), measured at {pilot['nodes']} x {pilot['nodes']} points with {pilot['draws']} draws over "
            f"{min(pilot['examples'], n):,} examples and interpolated. "
            "Near 100% accuracy the answers of one draw are nearly independent, so that five passes of ours are worth what five "
            "draws are: such points take most of our time.",
        )  # fmt: skip

    def _equal_error_strict(self, times: np.ndarray, counts: np.ndarray) -> dict:
        passes = counts.mean() / len(self.problem.y)
        return entry(
            f"sweep_equal_error_below_one_example_{self.problem.name}", times[:, 1] / times[:, 0] / passes, None,
            f"As sweep_equal_error_{self.problem.name}, but with equal standard errors also where these are below the weight of "
            f"one training example, at points where hardly any answer or none is wrong: {passes:.3g} passes a point on average. "
            f"Computed from sweep_equal_examples_{self.problem.name}, not timed. For information.",
        )  # fmt: skip

    def _shares(self, times: np.ndarray) -> list[dict]:
        """The share of the peak of both sides; operations are counted on one chunk, since they are proportional to N."""
        name, n = self.problem.name, len(self.problem.y)
        some = min(gibbs.CHUNK, n)
        ours = peak.operations(partial(self.estimate, np.full(self.problem.points, some))) * n / some
        middle = self.problem.lam[self.problem.points // 2], self.problem.beta[self.problem.points // 2]
        paper = peak.operations(partial(self.paper.accuracies, *middle, self.generator, DRAWS))
        by_round = np.array(self.peaks[: len(times)])
        grids = paper * self.problem.points
        return [
            entry(
                f"share_of_peak_{name}", ours / times[:, 0] / by_round, 0.5 if targeted(name) else None,
                f"{ours / 1e12:.3g} x 10^12 floating point operations in the matrix products of our pass over the grid, over its "
                "time, over the peak measured in the same round. The rest is noise, squares and square roots.",
            ),
            entry(
                f"paper_procedure_share_of_peak_{name}", grids / times[:, 1] / by_round, 0.65 if targeted(name) else None,
                f"{grids / 1e12:.3g} x 10^12 operations in the products of the paper's procedure over the grid, over its time, over "
                "the peak measured in the same round: how well the side that we are measured against is tuned.",
            ),
        ]  # fmt: skip

    def _grid(self) -> str:
        size = round(self.problem.points**0.5)
        return f"{size} x {size} grid of the layerwise method"


def targeted(name: str) -> bool:
    """Whether the targets are for this data set: the quick run is on another."""
    return name in ("mnist2", "cifar2")


def _mean(times: np.ndarray) -> str:
    return f"{times.mean():.3g} s"
