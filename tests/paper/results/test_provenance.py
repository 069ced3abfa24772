"""What is recorded beside a result."""

import os

import torch

from paper.results import provenance


def test_versions_and_machine_are_those_of_this_run():
    assert provenance.versions()["torch"] == torch.__version__.split("+")[0]
    assert {"python", "pacbayes-curvature", "torch", "numpy", "scipy", "pandas"} == set(provenance.versions())
    assert provenance.machine()["cores"] == os.cpu_count()
