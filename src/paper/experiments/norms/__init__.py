"""Bounds from norms of the weights."""
