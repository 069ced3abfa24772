"""Figure 1, measured."""
