"""The paper's mathematics, derived and checked: one module a chapter, formulas as functions that can be mutated."""
