"""The data sets, the paper's networks, their training, and the files they are kept in."""
