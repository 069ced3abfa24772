"""Priors whose mean has seen a share of the examples, and what a posterior adds to them."""
