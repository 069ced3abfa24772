"""The trials: in each, data sets are drawn, and for each way to make a bound it is counted how often the bound is below the risk.

A way that is `right` pays for all that it does and fails with probability delta at most. The others are shortcuts; every problem is
made so that its shortcut fails more often, to show what is paid for, and not how often it would on other data.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from pacbayes_curvature.bounds import catoni_bound, kl_bound, pac_bayes_bound, quadratic_bound
from pacbayes_curvature.certificates import holdout_bound, risk_from_outcomes
from paper.theory.validity.coins import RISK, fewest, histograms, tilted

DELTA, DELTA_MC = 0.05, 0.01
BOUNDS = {"Theorem 3.1": pac_bayes_bound, "kl": kl_bound, "quadratic": quadratic_bound, "Catoni": catoni_bound}
DRAWS = 5  # networks, as in the paper


@dataclass(frozen=True)
class Way:
    """A way to make a bound: its name, whether it is right, and on which data sets its bound was below the risk, (datasets,)."""

    name: str
    right: bool
    failed: np.ndarray


@dataclass(frozen=True)
class Trial:
    """title; delta: with which probability a right way may fail; ways: from a generator and a number of data sets."""

    title: str
    delta: float
    ways: Callable[[np.random.Generator, int], list[Way]]


TRIALS: dict[str, Trial] = {}


def trial(title: str, delta: float = DELTA) -> Callable:
    """Enter the decorated function into TRIALS under its own name."""

    def enter(ways: Callable) -> Callable:
        TRIALS[ways.__name__] = Trial(title, delta, ways)
        return ways

    return enter


@trial("One posterior, fixed in advance")
def fixed(generator: np.random.Generator, datasets: int) -> list[Way]:
    """Q = P, one classifier, on 13 examples; the hold-out bound on 100."""
    few, many = (generator.binomial(n, RISK, datasets) for n in (13, 100))
    ways = [Way(name, True, bound(few / 13, 0.0, 13, DELTA) < RISK) for name, bound in BOUNDS.items()]
    return [*ways, Way("hold-out", True, holdout_bound(many, 100, DELTA) < RISK)]


@trial("All posteriors at once")
def at_once(generator: np.random.Generator, datasets: int) -> list[Way]:
    """A failure is a bound below the risk for any of 13 posteriors, from the prior to the one best classifier of a million."""
    h = histograms(generator, datasets, 100, 10**6)
    risk, kl = np.stack([tilted(h, gamma) for gamma in (0.0, *np.geomspace(0.03, 30, 12))], axis=2)
    return [Way(name, True, (bound(risk, kl, 100, DELTA) < RISK).any(axis=1)) for name, bound in BOUNDS.items()]


@trial("The best of 1,000 values of λ")
def chosen_lam(generator: np.random.Generator, datasets: int) -> list[Way]:
    """Each value has a prior of its own, here one classifier, and Q = P. 13 examples."""
    priors, n = 1000, 13
    risk = fewest(histograms(generator, datasets, n, priors)) / n
    bounds = {name: BOUNDS[name] for name in ("Theorem 3.1", "kl")}
    paid = [Way(f"{name}, δ / 1,000 each", True, bound(risk, 0.0, n, DELTA / priors) < RISK) for name, bound in bounds.items()]  # fmt: skip
    return paid + [Way(f"{name}, no union", False, bound(risk, 0.0, n, DELTA) < RISK) for name, bound in bounds.items()]


@trial("Five drawn networks for the risk", DELTA + DELTA_MC)
def few_draws(generator: np.random.Generator, datasets: int) -> list[Way]:
    """Q = P: a good network with probability 0.7, a bad one with 0.3. 200 examples."""
    problem = _GoodAndBad(generator, datasets, 200)
    estimate = problem.drawn() / DRAWS
    sure = risk_from_outcomes(problem.drawn(), DRAWS, delta_mc=DELTA_MC)
    local = risk_from_outcomes(problem.local(), DRAWS * problem.n, delta_mc=DELTA_MC)
    return [
        Way(f"{DRAWS} outcomes, their δ paid", True, problem.fails(sure)),
        Way(f"{DRAWS} N outcomes, their δ paid", True, problem.fails(local)),
        Way("their mean error", False, problem.fails(estimate)),
    ]


@trial("The paper's quantity", DELTA + DELTA_MC)
def papers(generator: np.random.Generator, datasets: int) -> list[Way]:
    """The least of 20 values of lam, each with a posterior as in the trial before, its risk from five drawn networks."""
    values = 20
    problem = _GoodAndBad(generator, (datasets, values), 200)
    drawn = problem.drawn()
    sure = risk_from_outcomes(drawn, DRAWS, delta_mc=DELTA_MC, looked_at=values)
    return [
        Way("both paid for", True, problem.fails(sure, DELTA / values).any(axis=1)),
        Way("neither", False, problem.fails(drawn / DRAWS).any(axis=1)),
    ]


@trial("A prior from nine tenths of the data")
def prior_from_data(generator: np.random.Generator, datasets: int) -> list[Way]:
    """Q = P, the best of a million classifiers on 450 of 500 examples."""
    first, rest = 450, 50
    n = first + rest
    seen = fewest(histograms(generator, datasets, first, 10**6))
    new = generator.binomial(rest, RISK, datasets)
    return [
        Way("risk and N of the rest", True, kl_bound(new / rest, 0.0, rest, DELTA) < RISK),
        Way("risk of the rest, N of all", False, kl_bound(new / rest, 0.0, n, DELTA) < RISK),
        Way("risk and N of all", False, kl_bound((seen + new) / n, 0.0, n, DELTA) < RISK),
    ]


@trial("The least of 1,000 estimates", DELTA_MC)
def reused_noise(generator: np.random.Generator, datasets: int) -> list[Way]:
    """1,000 posteriors with the empirical Gibbs risk 0.3, and 200 outcomes of each. A failure: the estimate is below 0.3."""
    risk, outcomes, looked_at = 0.3, 200, 1000
    least = generator.binomial(outcomes, risk, (datasets, looked_at)).min(axis=1)
    fresh = generator.binomial(outcomes, risk, datasets)

    def fails(errors: np.ndarray, **looked: int) -> np.ndarray:
        return risk_from_outcomes(errors, outcomes, delta_mc=DELTA_MC, **looked) < risk

    return [
        Way("fresh noise", True, fails(fresh)),
        Way("the same noise, union over 1,000", True, fails(least, looked_at=looked_at)),
        Way("the same noise", False, fails(least)),
    ]


@trial("KL from before the last step")
def stale_kl(generator: np.random.Generator, datasets: int) -> list[Way]:
    """A descent to the best of a million classifiers, Q ~ exp(-gamma k): its last step takes gamma from 1/2 to 1. 100 examples."""
    h = histograms(generator, datasets, 100, 10**6)
    (_, before), (risk, kl) = tilted(h, 0.5), tilted(h, 1.0)
    return [
        Way("KL of the posterior", True, kl_bound(risk, kl, 100, DELTA) < RISK),
        Way("KL before its last step", False, kl_bound(risk, before, 100, DELTA) < RISK),
    ]


@trial("The best of 100 on the hold-out set")
def chosen_on_holdout(generator: np.random.Generator, datasets: int) -> list[Way]:
    """100 classifiers, compared on 100 examples."""
    classifiers, n = 100, 100
    errors = generator.binomial(n, RISK, (datasets, classifiers))
    return [
        Way("the first of them", True, holdout_bound(errors[:, 0], n, DELTA) < RISK),
        Way("the best, δ / 100 each", True, holdout_bound(errors.min(axis=1), n, DELTA / classifiers) < RISK),
        Way("the best, no union", False, holdout_bound(errors.min(axis=1), n, DELTA) < RISK),
    ]


class _GoodAndBad:
    """A good network errs on an example with probability 0.02, a bad one with 0.9, independently; Q = P has 0.3 of the bad one.

    risk: of Q, the probability of an error; bad_only, good_only, both (shape): how many of the n examples these networks err on.
    """

    share, good, bad = 0.3, 0.02, 0.9
    risk = (1 - share) * good + share * bad

    def __init__(self, generator: np.random.Generator, shape: int | tuple[int, int], n: int):
        self.generator, self.n = generator, n
        kinds = [self.bad * (1 - self.good), self.good * (1 - self.bad), self.good * self.bad]
        counts = generator.multinomial(n, [*kinds, 1 - sum(kinds)], size=shape)
        self.bad_only, self.good_only, self.both = counts[..., 0], counts[..., 1], counts[..., 2]
        self.bad_drawn = generator.binomial(DRAWS, self.share, self.both.shape)

    def drawn(self) -> np.ndarray:
        """The sum of the error rates of the DRAWS drawn networks."""
        bad, good = self.bad_drawn * self.bad_only, (DRAWS - self.bad_drawn) * self.good_only
        return (bad + good) / self.n + DRAWS * (self.both / self.n)

    def local(self) -> np.ndarray:
        """The sum of DRAWS N outcomes: a network drawn anew for each answer."""
        bad = self.generator.binomial(DRAWS * self.bad_only, self.share)
        return bad + self.generator.binomial(DRAWS * self.good_only, 1 - self.share) + DRAWS * self.both

    def fails(self, risk: np.ndarray, delta: float = DELTA) -> np.ndarray:
        """Whether Theorem 3.1's bound from this estimate of the empirical risk is below the risk. KL = 0."""
        return pac_bayes_bound(np.clip(risk, 0, 1), 0.0, self.n, delta) < self.risk
