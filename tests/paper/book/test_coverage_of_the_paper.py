"""Every numbered statement of the paper is displayed once, under its own number."""

import re
from collections import Counter
from pathlib import Path

CHAPTERS = Path(__file__).parents[3] / "notebooks"


def test_each_equation_is_displayed_once_under_its_number():
    text = "".join(path.read_text(encoding="utf-8") for path in CHAPTERS.glob("*.md"))
    tags = Counter(int(number) for tag in re.findall(r"\\tag\{([\d, ]+)\}", text) for number in tag.split(","))
    assert tags == Counter(range(1, 36))


def test_each_theorem_and_lemma_is_stated():
    text = "".join(path.read_text(encoding="utf-8") for path in CHAPTERS.glob("*.md"))
    titles = re.findall(r"```+\{prf:(?:theorem|lemma)\} (.*)", text)
    for name in ("Theorem 3.1", "Lemma 4.1", "Lemma 4.2", "Lemma 5.1"):
        assert any(name in title for title in titles), f"{name} is not among {titles}"
