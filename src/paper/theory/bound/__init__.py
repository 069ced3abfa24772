"""Chapter 02, which derives Theorem 3.1 and Eqs. (1)-(4) in its own cells: here are its errata, figures and numbers."""
