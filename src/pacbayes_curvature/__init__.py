"""PAC-Bayes bounds for ReLU networks of one's own, from the curvature of the loss.

    prior = from_module(module)                                          # before training: mu_1
    network = from_module(trained)                                       # after it: mu_0
    moments = second_moments(network, x)                                 # the layerwise curvature
    q = gibbs_classifier("layerwise", network, prior, moments, lam, beta)
    risk = q.risk(x, y, generator=generator, stderr=1e-3)
    pac_bayes_bound(risk.mean, q.kl, risk.examples), kl_bound(risk.mean, q.kl, risk.examples)

The names here are the door. The rooms behind it hold what works on whole grids of posteriors: `curvature`, `posteriors`,
`gibbs`, `floors`, `descent`, `pareto`, `gaussians`, `bounds`, `networks`.
"""

from importlib.metadata import version

from pacbayes_curvature.bounds import complexity, kl_bernoulli, kl_bound, kl_inverse, pac_bayes_bound
from pacbayes_curvature.curvature.fisher import fisher_diagonal
from pacbayes_curvature.curvature.second_moments import second_moments
from pacbayes_curvature.gaussians import kl_divergence, optimal_posterior, optimal_prior_and_posterior
from pacbayes_curvature.gibbs.classifier import GibbsClassifier, gibbs_classifier
from pacbayes_curvature.networks import from_module

__version__ = version("pacbayes-curvature")
__all__ = [
    "GibbsClassifier",
    "complexity",
    "fisher_diagonal",
    "from_module",
    "gibbs_classifier",
    "kl_bernoulli",
    "kl_bound",
    "kl_divergence",
    "kl_inverse",
    "optimal_posterior",
    "optimal_prior_and_posterior",
    "pac_bayes_bound",
    "second_moments",
]
