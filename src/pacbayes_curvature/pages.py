"""What the chapters show beside figures: tables of best points, download links, and each page's provenance."""

import base64

import pandas as pd
from IPython.display import HTML, Markdown

from .data import split_name
from .plots import STYLE, title
from .provenance import code_digest, versions
from .records import Result

STATES = {
    "frozen": "frozen in results/",
    "computed": "computed on this machine",
    "stale": "STALE: frozen by other code",
}


def best_bounds(results: list[Result]) -> pd.DataFrame:
    """Each method's grid point with the smallest 1 - accuracy + complexity, a row for each data set and method.

    Columns: dataset, method, lam, beta, accuracy, complexity, bound, chance (1 - 1/C, the error of guessing).
    """
    rows = []
    for result in results:
        table = result.table.assign(bound=1 - result.table["accuracy"] + result.table["complexity"])
        best = table.loc[table.groupby("method", sort=False)["bound"].idxmin()]
        rows.append(best.assign(chance=1 - 1 / split_name(result.key.dataset)[1]))
    columns = ["dataset", "seed", "method", "lam", "beta", "accuracy", "complexity", "bound", "chance"]
    return pd.concat(rows)[columns].reset_index(drop=True)


def verdicts(results: list[Result]) -> Markdown:
    """The paper's claims about Figure 3 as sentences with this page's numbers: a list item for each data set."""
    items = []
    for result, (_, best) in zip(results, best_bounds(results).groupby("dataset", sort=False)):
        bounds = dict(zip(best["method"], best["bound"]))
        chance = best["chance"].iloc[0]
        useful = [STYLE[method][0] for method, bound in bounds.items() if bound < chance]
        words = ", ".join(f"{STYLE[method][0]} {bound:.3f}" for method, bound in bounds.items())
        items.append(
            f"- **{title(result.key.dataset)}**: the smallest sums are {words}. Guessing errs with probability {chance:.3g}. "
            + (f"Better than guessing: {', '.join(useful)}." if useful else "No method's bound is better than guessing.")
        )
        if "baseline" in bounds and len(bounds) > 1:
            ratios = (
                f"{STYLE[method][0]} {_relative(bound / bounds['baseline'])}"
                for method, bound in bounds.items()
                if method != "baseline"
            )
            items[-1] += f" Against the baseline's: {', '.join(ratios)}."
    return Markdown("\n".join(items))


def _relative(ratio: float) -> str:
    return f"{abs(1 - ratio):.1%} {'smaller' if ratio < 1 else 'larger'}"


def dataset_facts(name: str, training: Result, spectra: Result) -> Markdown:
    """One sentence: the data set, the network's size and how far training moved it."""
    source, classes = split_name(name)
    layers = layer_facts(spectra)
    weights = int((layers["inputs and bias"] * layers["neurons"]).sum())
    merged = "its ten classes" if classes == 10 else f"its ten classes merged in order into {classes}"
    return Markdown(
        f"**{title(name)}**: {source} with {merged}; seed {training.key.seed}; {weights:,} weights, biases included; "
        f"squared distance from the initialisation {layers['squared distance'].sum():.1f}."
    )


def training_facts(training: Result) -> Markdown:
    """One sentence: the recipe, the epochs it took and where it ended."""
    last, recipe = training.table.iloc[-1], training.key.parameters["recipe"]
    return Markdown(
        f"Recipe: {_words(recipe)}. Training stopped after epoch {last['epoch']:.0f} with training accuracy "
        f"{last['train_accuracy']:.6g}, test accuracy {last['test_accuracy']:.4f} and mean cross-entropy {last['loss']:.2g} nats."
    )


def layer_facts(spectra: Result) -> pd.DataFrame:
    """A row for each layer: size, trace and largest eigenvalue of H_l, effective rank tr(H)^2 / tr(H^2), distance."""
    rows = []
    for layer, values in spectra.table.groupby("layer"):
        g = values["eigenvalue"]
        rows.append(
            {
                "layer": layer,
                "inputs and bias": len(g),
                "neurons": values["neurons"].iloc[0],
                "trace": g.sum(),
                "largest eigenvalue": g.max(),
                "effective rank": g.sum() ** 2 / (g**2).sum(),
                "squared distance": values["squared_distance"].iloc[0],
            }
        )
    return pd.DataFrame(rows)


def table(frame: pd.DataFrame, digits: int = 4) -> Markdown:
    """A table as Markdown, numbers to `digits` significant digits."""

    def text(value: object) -> str:
        return f"{value:.{digits}g}" if isinstance(value, float) else str(value)

    lines = [list(frame.columns), ["---"] * len(frame.columns), *frame.map(text).to_numpy().tolist()]
    return Markdown("\n".join("| " + " | ".join(line) + " |" for line in lines))


def download(results: list[Result], name: str) -> HTML:
    """A link that saves the points of `results` as <name>.csv; they are part of the page, so it works offline."""
    text = pd.concat(result.table for result in results).to_csv(index=False)
    coded = base64.b64encode(text.encode()).decode()
    return HTML(f'<a download="{name}.csv" href="data:text/csv;base64,{coded}">Download the points ({name}.csv)</a>')


def provenance(results: list[Result]) -> HTML:
    """Where the page's results come from: one row a result, and a warning on top when one of them is stale."""
    stale = [result for result in results if result.state == "stale"]
    warning = ""
    if stale:
        names = ", ".join(f"{result.key.experiment} of {result.key.dataset}" for result in stale)
        warning = (
            '<div class="admonition warning"><p class="admonition-title">Stale results</p><p>These were computed by '
            f"other code than the book's present code, and the data to compute them afresh are not at hand: {names}. "
            "Run <code>make reproduce</code> where the data are.</p></div>"
        )
    frame = pd.DataFrame(
        {
            "result": r.key.experiment,
            "data set": r.key.dataset,
            "seed": r.key.seed,
            "parameters": _words(r.key.parameters),
            "data (SHA-256 of the training part)": r.key.data["train"][:16],
            "code digest": r.key.code,
            "state": STATES[r.state],
            "computed": r.made["date"],
            "wall time": f"{r.made['seconds']:.0f} s",
            "versions": _words(r.made["versions"]),
            "machine": _words(r.made["machine"]),
        }
        for r in results
    )
    return HTML(warning + _details(frame.T))


def derivation_provenance(module: str, **parameters: object) -> HTML:
    """Where a page without stored results comes from: all of it is computed when the page is executed."""
    facts = {
        "computed": "on this page, when it was executed",
        "parameters": _words(parameters),
        "code digest": code_digest(module),
        "versions": _words(versions()),
    }
    return HTML(_details(pd.DataFrame({"": facts})))


def _details(frame: pd.DataFrame) -> str:
    body = frame.to_html(header=False, border=0, classes="provenance")
    return f'<details class="provenance" open><summary>Provenance</summary>{body}</details>'


def _words(values: dict) -> str:
    return ", ".join(f"{key} {_words(value) if isinstance(value, dict) else value}" for key, value in values.items())
