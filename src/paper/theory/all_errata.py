"""The errata of all chapters in one list. A module of its own, since the chapters' modules import `errata`."""

from paper.theory.bound import errata as pac_bayes_bound
from paper.theory.errata import Erratum, reading_order
from paper.theory.layerwise import errata as layerwise_errata
from paper.theory.layerwise import fisher_errata
from paper.theory.posterior import errata as optimal_posterior
from paper.theory.prior import errata as optimal_prior

MODULES = (pac_bayes_bound, optimal_posterior, optimal_prior, fisher_errata, layerwise_errata)


def collected() -> list[Erratum]:
    """All errata, in the paper's order."""
    return sorted((item for module in MODULES for item in module.ERRATA), key=lambda item: reading_order(item.place))
