"""A reader's own data, as a small file: clusters of pixels of three classes, and a plan that takes seconds."""

import numpy as np

from paper.experiments.own_data import compute

PLAN = compute.Plan(seed=0, width=8, delta=0.05, share=0.8, epochs=30, descent_epochs=60)
N = 600


def arrays(n=N, classes=3, seed=0):
    """Clusters of pixels as bytes, of shape (n, 3, 2)."""
    rng = np.random.default_rng(seed)
    y = rng.integers(classes, size=n)
    centres = rng.integers(60, 200, size=(classes, 3, 2))
    return np.clip(centres[y] + rng.normal(0, 20, size=(n, 3, 2)), 0, 255).astype(np.uint8), y


X, Y = arrays()


def saved(tmp_path, **content):
    path = tmp_path / "own.npz"
    np.savez(path, **content)
    return str(path)
