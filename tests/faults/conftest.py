"""An empty workspace in which training gives a network at once, and made-up images are the published ones."""

from dataclasses import replace
from pathlib import Path

import pytest
from fault_files import IMAGES, fingerprint, trained

from paper.book import costs
from paper.networks import minimum
from paper.networks.sources import SOURCES


@pytest.fixture(autouse=True)
def _world(workspace, no_download, monkeypatch):
    monkeypatch.setattr(minimum, "train", trained)
    monkeypatch.setattr(costs, "FROZEN", Path("costs.json"))
    monkeypatch.setitem(SOURCES, "mnist", replace(SOURCES["mnist"], fingerprint=fingerprint(IMAGES["mnist"])))
