"""Figures 3 and 4: the sweep over the grid of (lam, beta)."""
