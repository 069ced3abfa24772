"""Certificates of the paper's three posteriors."""
