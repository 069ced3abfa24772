"""Chapter 03, which derives Eqs. (5), (6) and (12)-(14) and Lemma 4.1 in its own cells: here are its errata, figures and
what is measured on networks."""
