"""What the chapters show beside figures: tables of best points, download links, and each page's provenance."""

import base64
import math

import numpy as np
import pandas as pd
from IPython.display import HTML, Markdown

from paper import digest
from paper.results.provenance import versions
from paper.results.records import Result, words
from paper.show.style import STYLE, title

STATES = {
    "frozen": "frozen in results/",
    "computed": "computed on this machine",
    "stale": "STALE: frozen by other code or parameters",
}


HEADS = {"dataset": "data set", "lam": r"$\lambda$", "beta": r"$\beta$", "test_error": "error on the test set"}
METHOD = {name: style[0] for name, style in STYLE.items()}
NAMED = {"dataset": title, "method": lambda name: METHOD.get(name, name)}


def table(frame: pd.DataFrame, digits: int = 4) -> Markdown:
    """A table as Markdown, numbers to `digits` significant digits, large ones with commas; a dash where there is none. Data sets,
    methods and columns by the names that they have in figures."""

    def text(value: object) -> str:
        if isinstance(value, int | np.integer) and abs(value) >= 10_000:
            return f"{value:,}"
        if not isinstance(value, float):
            return str(value)
        if math.isinf(value):
            return "∞" if value > 0 else "−∞"
        rounded = f"{value:.{digits}g}"
        if "e+" in rounded and abs(value) < 1e9:
            rounded = f"{float(rounded):,.0f}"
        return "–" if math.isnan(value) else rounded

    shown = frame.assign(**{column: frame[column].map(name) for column, name in NAMED.items() if column in frame})
    heads = [HEADS.get(head) or " ".join(METHOD.get(word, word) for word in str(head).split(" ")) for head in frame]
    lines = [heads, ["---"] * len(heads), *shown.map(text).to_numpy().tolist()]
    return Markdown("\n".join("| " + " | ".join(line) + " |" for line in lines))


def download(results: list[Result], name: str) -> HTML:
    """A link that saves the points of `results` as <name>.csv; they are part of the page, so it works offline."""
    text = pd.concat(result.table for result in results).to_csv(index=False)
    coded = base64.b64encode(text.encode()).decode()
    return HTML(f'<a download="{name}.csv" href="data:text/csv;base64,{coded}">Download the points ({name}.csv)</a>')


def provenance(results: list[Result]) -> HTML:
    """Where the page's results come from: what they share, then a row for each, and a warning on top of a stale one."""
    stale = [result for result in results if result.state == "stale"]
    warning = ""
    if stale:
        names = ", ".join(f"{result.key.experiment} of {result.key.dataset}" for result in stale)
        warning = (
            '<div class="admonition warning"><p class="admonition-title">Stale results</p><p>These were computed by '
            "other code, or with other parameters, than this page asks for, and the data to compute them afresh are not "
            f"at hand: {names}. "
            "Run <code>make reproduce</code> where the data are.</p></div>"
        )
    frame = pd.DataFrame(
        {
            "result": r.key.experiment.replace("_", " "),
            "data set": r.key.dataset,
            "seed": r.key.seed,
            "parameters": listed(r.key.parameters),
            "data (SHA-256 of the training part)": r.key.data["train"][:16],
            "code digest": words(r.key.code),
            "state": STATES[r.state],
            "computed": r.made["date"],
            "wall time": f"{r.made['seconds']:.0f}\u00a0s",
            "versions": listed(r.made["versions"]),
            "machine": listed(r.made["machine"]),
        }
        for r in results
    )
    shared = [name for name in frame if len(frame) == 1 or frame[name].nunique() == 1]
    each = frame.drop(columns=shared)
    return HTML(warning + _details(frame[shared].iloc[:1].T, *([each] if len(each.columns) else [])))


def derivation_provenance(*modules: str, **parameters: object) -> HTML:
    """Where a page without stored results comes from: all of it is computed, by these modules, when it is executed."""
    facts = {
        "computed": "on this page, when it was executed",
        "parameters": listed(parameters),
        "code digest": digest.of_modules(*modules),
        "versions": listed(versions()),
    }
    return HTML(_details(pd.DataFrame({"": facts})))


def _details(facts: pd.DataFrame, each: pd.DataFrame | None = None) -> str:
    body = facts.to_html(header=False, border=0, classes="provenance")
    if each is not None:
        body += each.to_html(index=False, border=0, classes="provenance")
    return f'<details class="provenance"><summary>Where the numbers come from</summary>{body}</details>'


def listed(values: dict) -> str:
    """A dictionary as words, which break where they are long: "learning rate 0.1, batch size 64"."""
    return ", ".join(
        f"{key.replace('_', ' ')} {listed(value) if isinstance(value, dict) else value}"
        for key, value in values.items()
    )
