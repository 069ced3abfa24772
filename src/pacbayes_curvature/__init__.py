"""PAC-Bayes bounds for deep neural networks from the curvature of the loss: the code behind the book.

The modules stand in the order of the data's way; each imports only from those before it:
data, networks, training, curvature, posteriors, gaussians, gibbs, bounds, pareto, records, experiments, plots.
"""

from importlib.metadata import version

__version__ = version("pacbayes-curvature")
