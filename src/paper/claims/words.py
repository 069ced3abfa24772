"""How a page shows the claims: a count, an index, and one block for each claim that reads well on a narrow screen."""

import re
from collections.abc import Iterable
from html import escape
from itertools import groupby

from IPython.display import HTML, Markdown

from paper.claims.schema import Claim, Reading
from paper.claims.verdicts import Judged, Judgement
from paper.show.counts import few, number

# The sign is decoration beside the word, which a screen reader reads alone.
WORDS = {
    "reproduced": ("✔", "reproduced"),
    "partly": ("◐", "partly reproduced"),
    "not": ("✘", "not reproduced"),
    "not settled": ("?", "not settled"),
}


def summary(judged: Iterable[Judged]) -> Markdown:
    """How many claims have each verdict, how often another reading changes it, and what the chapters add to the verdicts."""
    judged = list(judged)
    of, apart = counted(judged), [item for item in judged if item.claim.by_construction]
    counts = {word: sum(item.main.verdict == verdict for item in of) for verdict, (_, word) in WORDS.items()}
    listed = ", ".join(f"**{count} {word}**" for word, count in counts.items() if count)
    groups = len({item.claim.group for item in of})
    of_groups = f" about {groups} questions, those of the abstract first" if groups > 1 else ""
    parts = [f"Of {number(len(of), 'claim', 'claims')}{of_groups}: {listed}."]
    parts += [f"Not counted is *{_title(item.claim)}*: {item.claim.by_construction}" for item in apart]
    text = " ".join([*parts, _other_readings(of)]).strip()
    added = [item for item in judged if item.claim.qualified]
    if added:
        text += "\n\nThe chapters qualify some of the verdicts:\n\n" + "\n".join(map(_qualified_item, added))
    return Markdown(text)


def counted(judged: Iterable[Judged]) -> list[Judged]:
    """The claims that our networks could have failed: those that do not hold by construction."""
    return [item for item in judged if not item.claim.by_construction]


def borne_out(judged: Iterable[Judged]) -> str:
    """How many of the counted claims our results bear out, in whole sentences."""
    verdicts = [item.main.verdict for item in counted(judged)]
    counts = [verdicts.count(verdict) for verdict in WORDS]
    claims = number(len(verdicts), "claim", "claims")
    first = f"It makes {claims} about its experiments that results can settle."
    others = [] if counts[2] == len(verdicts) else _others(*counts[2:])
    return " ".join([first, _full_and_in_part(len(verdicts), *counts[:2]), *others])


def _full_and_in_part(n: int, reproduced: int, partly: int) -> str:
    if reproduced == n:
        return "Ours bear out all of them."
    if not reproduced:
        return (
            f"Ours bear out none of them in full, but {few(partly)} in part."
            if partly
            else "Ours bear out none of them."
        )
    more = f", and {few(partly)} more in part" if partly else ""
    return f"Ours bear out {few(reproduced)} in full{more}."


def _others(no: int, left_open: int) -> list[str]:
    refused = "One they do not bear out." if no == 1 else f"They do not bear out {no}."
    return [*([refused] if no else []), *([f"They leave {few(left_open)} open."] if left_open else [])]


def index(judged: Iterable[Judged]) -> HTML:
    """The claims by question, each with its verdict and a link to its block."""
    lists = []
    for question, items in _groups(judged):
        links = "".join(
            f'<li>{_verdict(item.main)}: <a href="#claim-{item.claim.id}">{_title(item.claim)}</a></li>'
            for item in items
        )
        lists.append(f"<p><strong>{escape(question)}</strong></p><ul>{links}</ul>")
    return HTML("".join(lists))


def entries(judged: Iterable[Judged]) -> HTML:
    """By question, a block for each claim: the paper's words, the verdict and what was measured; folded, the readings and tolerances."""
    return HTML(
        "".join(
            (f"<h3>{escape(question)}</h3>" if question else "") + "".join(map(_entry, items))
            for question, items in _groups(judged)
        )
    )


def _groups(judged: Iterable[Judged]) -> list[tuple[str, list[Judged]]]:
    """The claims of each group, which stand together."""
    return [(question, list(items)) for question, items in groupby(judged, lambda item: item.claim.group)]


def _other_readings(of: list[Judged]) -> str:
    """How many claims can be read in several ways, and whether that changes the verdict."""
    several = [item for item in of if item.others]
    if not several:
        return ""
    settled = [item for item in several if "not settled" not in {j.verdict for j in (item.main, *item.others)}]
    differ = sum(any(other.verdict != item.main.verdict for other in item.others) for item in settled)
    read = "One can" if len(several) == 1 else f"{len(several)} can"
    have = {0: "none of these has", 1: "one of these has"}.get(len(settled), f"{len(settled)} of these have")
    known = "" if len(settled) == len(several) else f"; {have} a verdict on every reading"
    changes = {0: "no other reading changes the verdict", 1: "for one another reading gives another verdict"}
    return f"{read} be read in more than one way{known}; {changes.get(differ, f'for {differ} another reading gives another verdict')}."


def _qualified_item(item: Judged) -> str:
    claim, added = item.claim, item.claim.qualified
    return f"- *{_title(claim)}*, {WORDS[item.main.verdict][1]}. {item.main.sentence} {added.words} ({{doc}}`{added.chapter}`)"


def _entry(item: Judged) -> str:
    claim, main = item.claim, item.main
    quotes = "".join(
        f"<blockquote><p>{escape(words)}</p><p><cite>{escape(place)}</cite></p></blockquote>"
        for words, place in claim.quotes
    )
    facts = [("Verdict", _verdict(main, claim)), *_facts(main)]
    if added := claim.qualified:
        facts.insert(2, ("But", f'{escape(added.words)} <a href="{added.chapter}.html">See the chapter.</a>'))
    if claim.by_construction:
        facts.insert(2, ("Not counted", escape(claim.by_construction)))
    shown = facts.index(("Reading", escape(main.reading.text)))
    for place, other in enumerate(item.others, start=1):
        name = "Read otherwise" if len(item.others) == 1 else f"Read otherwise ({place})"
        tolerance = (
            "" if other.reading.tolerance == main.reading.tolerance else f" Tolerance: {_tolerance(other.reading)}"
        )
        facts.append((name, f"{escape(other.reading.text)}{tolerance} {_verdict(other)}. {escape(other.sentence)}"))
    rows = [f"<dt>{name}</dt><dd>{text}</dd>" for name, text in facts]
    return (
        f'<section class="claim" id="claim-{claim.id}"><h4>{_title(claim)}</h4>{quotes}<dl>{"".join(rows[:shown])}</dl>'
        f"<details><summary>How it is read and judged</summary><dl>{''.join(rows[shown:])}</dl></details></section>"
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
