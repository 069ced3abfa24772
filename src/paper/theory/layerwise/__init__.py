"""Chapter 05: Lemma 5.1 and the Fisher matrix."""
