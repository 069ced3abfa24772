"""Chapter 03: Lemma 4.1."""
