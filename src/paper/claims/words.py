"""How a page shows the claims: a count, an index, and one block for each claim that reads well on a narrow screen."""

import re
from collections.abc import Iterable
from html import escape

from IPython.display import HTML, Markdown

from paper.claims.schema import Claim, Reading
from paper.claims.verdicts import Judged, Judgement

# The sign is decoration beside the word, which a screen reader reads alone.
WORDS = {
    "reproduced": ("✔", "reproduced"),
    "partly": ("◐", "partly reproduced"),
    "not": ("✘", "not reproduced"),
    "not settled": ("?", "not settled"),
}


def summary(judged: Iterable[Judged]) -> Markdown:
    """How many claims there are and how many have each verdict, and how often another reading changes it."""
    judged = list(judged)
    counts = {verdict: sum(item.main.verdict == verdict for item in judged) for verdict in WORDS}
    listed = ", ".join(f"**{count} {WORDS[verdict][1]}**" for verdict, count in counts.items())
    several = [item for item in judged if item.others]
    settled = [item for item in several if "not settled" not in {j.verdict for j in (item.main, *item.others)}]
    differ = sum(any(other.verdict != item.main.verdict for other in item.others) for item in settled)
    return Markdown(
        f"Of {len(judged)} claims: {listed}. {len(several)} of them can be read in more than one way; "
        f"{len(settled)} of these have a verdict on every reading, and for {differ} another reading gives "
        "another verdict."
    )


def index(judged: Iterable[Judged]) -> HTML:
    """The claims by verdict, each with a link to its block."""
    judged, lists = list(judged), []
    for verdict, (_, word) in WORDS.items():
        if chosen := [item.claim for item in judged if item.main.verdict == verdict]:
            links = "".join(f'<li><a href="#claim-{claim.id}">{_title(claim)}</a></li>' for claim in chosen)
            lists.append(f"<p><strong>{word.capitalize()}</strong></p><ul>{links}</ul>")
    return HTML("".join(lists))


def entries(judged: Iterable[Judged]) -> HTML:
    """A block for each claim: the paper's words, the verdict and what was measured; folded, the readings and tolerances."""
    return HTML("".join(_entry(item) for item in judged))


def _entry(item: Judged) -> str:
    claim, main = item.claim, item.main
    quotes = "".join(
        f"<blockquote><p>{escape(words)}</p><p><cite>{escape(place)}</cite></p></blockquote>"
        for words, place in claim.quotes
    )
    facts = [("Verdict", _verdict(main, claim)), *_facts(main)]
    for number, other in enumerate(item.others, start=1):
        name = "Read otherwise" if len(item.others) == 1 else f"Read otherwise ({number})"
        tolerance = (
            "" if other.reading.tolerance == main.reading.tolerance else f" Tolerance: {_tolerance(other.reading)}"
        )
        facts.append((name, f"{escape(other.reading.text)}{tolerance} {_verdict(other)}. {escape(other.sentence)}"))
    rows = [f"<dt>{name}</dt><dd>{text}</dd>" for name, text in facts]
    return (
        f'<section class="claim" id="claim-{claim.id}"><h3>{_title(claim)}</h3>{quotes}<dl>{"".join(rows[:2])}</dl>'
        f"<details><summary>How it is read and judged</summary><dl>{''.join(rows[2:])}</dl></details></section>"
    )


def _facts(judgement: Judgement) -> list[tuple[str, str]]:
    reading, settled = judgement.reading, judgement.value is not None
    used = {}
    for result in judgement.results:
        seeds = used.setdefault(result.key.experiment, {}).setdefault(result.key.dataset.capitalize(), [])
        seeds.append(result.key.seed)
    sources = "; ".join(
        f"<code>{experiment}</code> of "
        + ", ".join(f"{dataset} ({_seeds(seeds)})" for dataset, seeds in datasets.items())
        for experiment, datasets in used.items()
    )
    return [
        ("Measured" if settled else "Why not settled", escape(judgement.sentence)),
        ("Reading", escape(reading.text)),
        ("Tolerance", _tolerance(reading)),
        *([("Settled by", sources)] if settled else []),
    ]


def _verdict(judgement: Judgement, claim: Claim | None = None) -> str:
    sign, word = WORDS[judgement.verdict]
    meaning = (
        f", which means: {escape(claim.verdicts[judgement.verdict])}"
        if claim and judgement.verdict in claim.verdicts
        else ""
    )
    return f'<span aria-hidden="true">{sign}</span> <strong>{word}</strong>{meaning}'


def _tolerance(reading: Reading) -> str:
    numbers = ", ".join(f"{name} {value:g}" for name, value in reading.tolerance.numbers.items())
    return f"{escape(reading.tolerance.reason)} <small>({escape(numbers)})</small>"


def _title(claim: Claim) -> str:
    words = claim.id.replace("-", " ").capitalize().replace("non vacuous", "non-vacuous")
    return escape(re.sub(r"\b(mnist|cifar)", lambda match: match[0].capitalize(), words))


def _seeds(seeds: list[int]) -> str:
    seeds = sorted(seeds)
    if len(seeds) > 2 and seeds == list(range(seeds[0], seeds[-1] + 1)):
        return f"seeds {seeds[0]} to {seeds[-1]}"
    return f"seed{'s' if len(seeds) > 1 else ''} {', '.join(map(str, seeds))}"
