"""Each layer's curvature at the minimum."""
