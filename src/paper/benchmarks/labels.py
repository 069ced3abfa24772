"""What the entries of benchmarks/results.json, and the parts that it was measured in, are called on the page."""

import re

from paper import names
from paper.show.style import title

ENTRIES = {
    "sweep_equal_examples": "Sweep at equal examples",
    "sweep_equal_error": "Sweep at equal standard error",
    "monte_carlo": "Monte Carlo term",
    "descent_vs_plain": "Optimising a bound",
    "fisher_diagonal_vs_backpack": "Diagonal of (10) against BackPACK",
    "layerwise_vs_peer": "All $H_l$ against curvlinops",
    "direct_inverse_vs_recursive": "Direct inverse against row by row",
    "share_of_peak": "Our sweep",
    "paper_procedure_share_of_peak": "The paper's procedure",
    "training_share_of_peak": "Training",
}
PARTS = {
    "sweeps": "the sweep",
    "monte_carlo": "the Monte Carlo term",
    "descent": "optimising a bound",
    "peers": "the libraries",
    "inversion": "the inverse",
    "training": "training",
    "scaling": "the growth of time and memory",
    "stages": "the stages of a reproduction",
}
SYMBOLS = {"H_l": "$H_l$", "lam": r"$\lambda$", "beta": r"$\beta$"} | {name: title(name) for name in names.DATASETS}
_ENTRY = re.compile(rf"\b({'|'.join(ENTRIES)})(?:_(?:(\d+)|k(\d+)|({'|'.join(names.DATASETS)})))?\b")
_SYMBOL = re.compile(rf"\b({'|'.join(SYMBOLS)})\b")


def entry(name: str) -> str:
    """An entry's name for readers: share_of_peak_mnist2 is "Our sweep (Mnist2)". Raises ValueError for one that has none."""
    if not (found := _ENTRY.fullmatch(name)):
        raise ValueError(f"no label for the entry {name!r}; there are labels for {', '.join(ENTRIES)}")
    return _label(found)


def spelt_out(note: str) -> str:
    """A note in Markdown, with the entries in it by their names for readers, the data sets by theirs, and symbols."""
    parts, end = [], 0
    for found in _ENTRY.finditer(note):
        parts += [_symbols(note[end : found.start()]), f"*{_label(found)}*"]
        end = found.end()
    return "".join([*parts, _symbols(note[end:])])


def _label(found: re.Match) -> str:
    label, draws, size, dataset = found.groups()
    detail = f"{int(draws):,} draws" if draws else f"$k = {size}$" if size else title(dataset) if dataset else ""
    return f"{ENTRIES[label]} ({detail})" if detail else ENTRIES[label]


def _symbols(text: str) -> str:
    return _SYMBOL.sub(lambda found: SYMBOLS[found[0]], text)
