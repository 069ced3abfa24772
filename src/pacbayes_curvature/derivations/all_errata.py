"""The errata of all chapters in one list. A module of its own, since the chapters' modules import `errata`."""

from . import fisher_errata, layerwise_errata, optimal_posterior, optimal_prior, pac_bayes_bound
from .errata import Erratum, reading_order

MODULES = (pac_bayes_bound, optimal_posterior, optimal_prior, fisher_errata, layerwise_errata)


def collected() -> list[Erratum]:
    """All errata, in the paper's order."""
    return sorted((item for module in MODULES for item in module.ERRATA), key=lambda item: reading_order(item.place))
