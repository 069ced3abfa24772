"""Other posteriors for the same networks and data, certified by the same function."""
