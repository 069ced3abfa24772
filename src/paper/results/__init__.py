"""Frozen results: tables with their provenance, how two of them are compared, and the data package."""
