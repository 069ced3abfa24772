"""Curvatures of the loss at the minimum: layerwise, and the diagonal of the Fisher matrix."""
