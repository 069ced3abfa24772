"""Figure 2: the optimal pairs of Lemma 4.2."""
