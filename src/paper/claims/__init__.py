"""The paper's sentences about its experiments, and the verdict that the frozen results give on each."""
