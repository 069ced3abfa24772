"""Chapter 02: Theorem 3.1."""
