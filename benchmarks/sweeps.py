"""The sweep of a full grid by our estimator against the paper's procedure, and both against the machine's peak."""

from functools import partial

import numpy as np
import torch

from pacbayes_curvature.gibbs import local_reparametrisation, precision
from pacbayes_curvature.gibbs.local_reparametrisation import LocalReparametrisation
from pacbayes_curvature.gibbs.outcomes import Tally

from . import design_effect, peak
from .design_effect import DRAWS
from .pairs import Job, alternate, entry, seconds
from .paper_procedure import PaperProcedure
from .problems import Problem


class Sweeps:
    """The pairs of one problem. `sampled`: grid points a round on which the paper's side is timed, and scaled to the grid.

    Its cost does not depend on the point; the notes of the entries say by how much the times of the points differ.
    `pilot`: nodes, draws and examples of `design_effect.over_the_grid`; `repeats`: estimates beyond the timed ones, for the
    spread of what equal standard error promises.
    """

    def __init__(
        self, problem: Problem, rounds: int, sampled: int, peak_size: int, pilot: dict[str, int], repeats: int
    ):
        self.problem, self.rounds, self.sampled, self.peak_size, self.pilot = problem, rounds, sampled, peak_size, pilot
        self.repeats = repeats
        self.generator = torch.Generator().manual_seed(1)
        self.choose = np.random.default_rng(1)
        self.paper = PaperProcedure(problem.weights, problem.spectra, problem.x, problem.y)
        self.paper_seconds: list[float] = []  # of every grid point that was timed
        self.peaks: list[float] = []
        self.whole: Tally | None = None  # of all full passes

    def run(self) -> list[dict]:
        """All entries of this problem; prints how far it is."""
        p = self.problem
        self.say("tuning the paper's procedure")
        middle = p.points // 2
        chunk = self.paper.tune(p.lam[middle], p.beta[middle], self.generator)
        self.say(f"equal examples, {self.rounds} rounds; the paper's procedure in chunks of {chunk}")
        equal_examples = self._against_paper(self._full_grid)
        self.say("design effect of weight draws over the grid")
        psi = design_effect.over_the_grid(p, **self.pilot, generator=self.generator)
        stderr = design_effect.standard_error(self.whole.wrong / self.whole.outcomes, psi, len(p.y))
        self.say(f"equal standard error, {self.rounds} rounds")
        estimates = []
        equal_error = self._against_paper(lambda: estimates.append(self._to_precision(stderr)))
        examples = np.mean([estimate[1] for estimate in estimates], axis=0) / len(p.y)  # (2, G), in passes
        return [
            self._equal_examples(equal_examples),
            self._equal_error(equal_error, stderr, psi, self._misses([e[0] for e in estimates], stderr), examples),
            *self._shares(equal_examples),
        ]

    def _classifiers(self) -> LocalReparametrisation:
        return LocalReparametrisation(self.problem.weights, self.problem.layers, self.problem.lam, self.problem.beta)

    def _to_precision(self, stderr: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The accuracy at every grid point with this standard error and the examples of each level: all work, from the strata on."""
        p = self.problem
        accuracy, _, examples = precision.to_precision(
            p.weights, p.layers, p.lam, p.beta, p.x, p.y, stderr, self.generator
        )
        return accuracy, examples

    def _misses(self, timed: list[np.ndarray], stderr: np.ndarray) -> np.ndarray:
        """The standard deviation of repeated estimates over the wanted standard error: (G,)."""
        self.say(f"{self.repeats} more estimates, for their spread")
        estimates = timed + [self._to_precision(stderr)[0] for _ in range(self.repeats)]
        return np.std(estimates, axis=0, ddof=1) / stderr

    def say(self, what: str) -> None:
        print(f"[sweeps] {self.problem.name}: {what}", flush=True)

    def _full_grid(self) -> None:
        tally = self._classifiers().tally(self.problem.x, self.problem.y, self.generator)
        self.whole = tally + self.whole if self.whole else tally

    def _paper_points(self) -> None:
        for g in self.choose.choice(self.problem.points, self.sampled, replace=False):
            lam, beta = self.problem.lam[g], self.problem.beta[g]
            self.paper_seconds.append(seconds(partial(self.paper.accuracies, lam, beta, self.generator, DRAWS)))
        self.peaks.append(peak.measure(self.peak_size))

    def _some(self, examples: int) -> None:
        self._classifiers().tally(self.problem.x[:examples], self.problem.y[:examples], self.generator)

    def _against_paper(self, ours: Job) -> np.ndarray:
        """Seconds of our sweep and of the paper's over the whole grid: (rounds, 2)."""
        before = len(self.paper_seconds)
        times = alternate(
            ours, self._paper_points, self.rounds, warm_up=partial(self._some, 2 * local_reparametrisation.CHUNK)
        )
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

    def _equal_error(
        self, times: np.ndarray, stderr: np.ndarray, psi: np.ndarray, misses: np.ndarray, passes: np.ndarray
    ) -> dict:
        n, pilot = len(self.problem.y), self.pilot
        return entry(
            f"sweep_equal_error_{self.problem.name}", times[:, 1] / times[:, 0], 40.0 if targeted(self.problem.name) else None,
            f"{self._grid()}: at every point the standard error of {DRAWS} weight draws over all {n:,} examples, or 1/N, the "
            f"weight of one training example, where that of the draws is less. Ours, {_mean(times[:, 0])} from the strata on, "
            f"looks at as many examples of each stratum as a pilot that is then forgotten plans: on the coarse level {passes[0].mean():.2g} N "
            f"a point in the mean, {passes[0].max():.2g} N at most, for the correction {passes[1].mean():.2g} N in the mean; "
            f"theirs, {_mean(times[:, 1])}. The standard deviation of {self.rounds + self.repeats} estimates of ours is "
            f"{np.sqrt(np.square(misses).mean()):.2f} times the wanted error (root mean square over the grid; median "
            f"{np.median(misses):.2f}, largest {misses.max():.1f}). The wanted error is {np.median(stderr):.2g} in the median "
            f"({stderr.min():.2g} to {stderr.max():.2g}). One draw of the weights has {np.median(psi):.3g} times the variance of "
            f"independent answers in the median over the grid ({psi.min():.3g} to {psi.max():.3g}), measured at "
            f"{pilot['nodes']} x {pilot['nodes']} points with {pilot['draws']} draws over {min(pilot['examples'], n):,} "
            "examples and interpolated.",
        )  # fmt: skip

    def _shares(self, times: np.ndarray) -> list[dict]:
        """The share of the peak of both sides; operations are counted on one chunk, since they are proportional to N."""
        name, n = self.problem.name, len(self.problem.y)
        some = min(local_reparametrisation.CHUNK, n)
        ours = peak.operations(partial(self._some, some)) * n / some
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
