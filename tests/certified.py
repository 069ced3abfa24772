"""What a certified inverse of the Bernoulli KL is: never below the true one, and close above it."""

import math

import numpy as np
from dense_reference import bernoulli_kl

ULPS = 14  # what kl_inverse may lie above the true value, in units in the last place
EXTREME_Q = [0.0, 5e-324, 1e-300, 1e-18, 1e-3, 0.1, 0.5, np.nextafter(0.5, 1), 0.9, 1 - 1e-12, np.nextafter(1, 0), 1.0]
EXTREME_C = [0.0, 5e-324, 1e-310, 1e-300, 1e-40, 1e-18, 1e-6, 0.01, math.log(2), 3.0, 50.0, 1e4, math.inf]


def digits_for(p):
    """Enough for 1 - p and for the cancellation between kl's two terms, for q <= p."""
    return 80 - min(0, math.floor(math.log10(p or 1)))


def random_grid(seed, size):
    rng = np.random.default_rng(seed)
    q = np.concatenate([rng.uniform(0, 1, size), 10 ** rng.uniform(-16, 0, size), 1 - 10 ** rng.uniform(-14, 0, size)])
    return q, 10 ** rng.uniform(-18, 1.5, len(q))


def assert_certified(q, c, p):
    """q <= p <= 1, kl(q||p) >= c, and some ulps lower it would not be: decided in exact enough arithmetic."""
    digits = digits_for(p)
    assert q <= p <= 1
    assert p == 1 or bernoulli_kl(q, p, digits) >= c, (q, c, p)
    if 0 < c < 1e-300:
        return  # kl underflows; only the side that a certificate needs is promised to the last place
    lower = p
    for _ in range(ULPS):
        lower = np.nextafter(lower, 0)
    assert lower <= q or bernoulli_kl(q, lower, digits) <= c, (q, c, p)
