"""Columns that tables of several experiments have: what they mean, whatever their part in a comparison."""

import inspect

from pacbayes_curvature.bounds import complexity
from pacbayes_curvature.posteriors import POSTERIORS
from paper.results.table import count, number, one_of, share

DELTA = inspect.signature(complexity).parameters["delta"].default

_CURVATURES = ", ".join(
    f"{name} ({inspect.getdoc(method.curvature).splitlines()[0].rstrip('.')})" for name, method in POSTERIORS.items()
)
METHOD = one_of(POSTERIORS, f"posterior, by the curvature that it takes: {_CURVATURES}")
LAM = number("variance of every weight under the prior N(mu_1, lam I)")
BETA = number("weight of the KL: the posterior covariance is beta (H + (beta/lam) I)^-1; inf for the baseline")
ACCURACY = share("right answers of the stochastic network on training examples, by local reparametrisation")
ACCURACY_STDERR = number("standard error of accuracy")
KL = number("KL(Q||P), of the posterior from the prior", "nats")
EXAMPLES = count("N, the training examples of the data set", "examples", minimum=2)
EVALUATED = count("training examples that accuracy rests on", "examples", minimum=1)
COMPLEXITY = number(f"sqrt((KL + ln(2 (N - 1)/delta)) / (2 N)) of Theorem 3.1, delta = {DELTA}")
