"""Other posteriors for the same networks and data, certified by the same function.

Each module below enters its own into RIVALS: all of them, and in this order, whichever is imported first.
"""

from paper.experiments.rivals import around_minimum, code, optimised, shares

__all__ = ["around_minimum", "code", "optimised", "shares"]
