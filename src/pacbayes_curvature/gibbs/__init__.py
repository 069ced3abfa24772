"""The error of the stochastic network: outcomes of examples, levels of an estimate, strata, a wanted precision."""
