"""Chapter 04: Lemma 4.2 and the floors."""
