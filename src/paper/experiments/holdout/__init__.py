"""The bound that needs no PAC-Bayes: train on a share, count errors on the rest."""
