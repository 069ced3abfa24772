"""PAC-Bayes bounds for ReLU networks of one's own, from the curvature of the loss.

    prior = from_module(module)                                          # before training: mu_1
    network = from_module(trained)                                       # after it: mu_0
    moments = second_moments(network, x)                                 # the layerwise curvature
    q = gibbs_classifier("layerwise", network, prior, moments, lam, beta)
    risk = q.risk(x, y, generator=generator, passes=5)
    certificate(risk.errors, risk.outcomes, q.kl, risk.examples)         # above Q's risk with probability 0.94
    holdout_bound(errors, n)                                             # above one network's, from n other examples

The names here are the door. The rooms behind it hold what works on whole grids of posteriors: `curvature`, `posteriors`,
`gibbs`, `mean_field`, `descent`, `floors`, `pareto`, `gaussians`, `bounds`, `certificates`, `networks`.
"""

from importlib.metadata import version

from pacbayes_curvature.bounds import complexity, kl_bernoulli, kl_bound, kl_inverse, pac_bayes_bound
from pacbayes_curvature.certificates import certificate, holdout_bound, risk_from_outcomes
from pacbayes_curvature.curvature.fisher import fisher_diagonal
from pacbayes_curvature.curvature.second_moments import second_moments
from pacbayes_curvature.gaussians import kl_divergence, optimal_posterior, optimal_prior_and_posterior
from pacbayes_curvature.gibbs.classifier import GibbsClassifier, gibbs_classifier
from pacbayes_curvature.networks import from_module

__version__ = version("pacbayes-curvature")
__all__ = [
    "GibbsClassifier",
    "certificate",
    "complexity",
    "fisher_diagonal",
    "from_module",
    "gibbs_classifier",
    "holdout_bound",
    "kl_bernoulli",
    "kl_bound",
    "kl_divergence",
    "kl_inverse",
    "optimal_posterior",
    "optimal_prior_and_posterior",
    "pac_bayes_bound",
    "risk_from_outcomes",
    "second_moments",
]
