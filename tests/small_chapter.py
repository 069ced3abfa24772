"""How a small chapter begins that a test runs."""

HEAD = """---
kernelspec:
  display_name: Python 3
  language: python
  name: python3
---

# A chapter
"""
