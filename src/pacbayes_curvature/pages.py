"""What the chapters show beside figures: tables of best points, download links, and each page's provenance."""

import base64
import math

import numpy as np
import pandas as pd
from IPython.display import HTML, Markdown
from scipy.stats import t

from . import gibbs, pareto
from .data import split_name
from .datapackage import SOURCES
from .experiments import sweep
from .experiments.accuracy_vs_complexity import DRAWS, LEVELS
from .plots import STYLE, title
from .provenance import code_digest, versions
from .records import Result

STATES = {
    "frozen": "frozen in results/",
    "computed": "computed on this machine",
    "stale": "STALE: frozen by other code or parameters",
}


def evaluated(result: Result) -> pd.DataFrame:
    """The grid points that were evaluated on the whole training set: the only ones that are plotted or quoted."""
    return result.table[result.table["evaluated"] == result.table["examples"]]


def best_bounds(results: list[Result]) -> pd.DataFrame:
    """Each method's grid point with the smallest 1 - accuracy + complexity, a row for each data set and method.

    Columns: dataset, seed, method, lam, beta, accuracy, drawn (the same by weight draws, with its standard error; empty
    where none were made), complexity, bound, chance (1 - 1/C, the error of guessing).
    """
    rows = []
    for result in results:
        table = evaluated(result)
        table = table.assign(bound=1 - table["accuracy"] + table["complexity"])
        best = table.loc[table.groupby("method", sort=False)["bound"].idxmin()]
        drawn = [
            "" if math.isnan(a) else f"{a:.3f}\N{NO-BREAK SPACE}±\N{NO-BREAK SPACE}{e:.3f}"
            for a, e in zip(best["drawn_accuracy"], best["drawn_accuracy_stderr"])
        ]
        rows.append(best.assign(drawn=drawn, chance=1 - 1 / split_name(result.key.dataset)[1]))
    columns = ["dataset", "seed", "method", "lam", "beta", "accuracy", "drawn", "complexity", "bound", "chance"]
    return pd.concat(rows)[columns].reset_index(drop=True)


def draws_against_outcomes(results: list[Result]) -> Markdown:
    """How far the two estimators are apart at the quoted points, in standard errors of the weight draws."""
    tables = pd.concat(result.table for result in results)
    drawn = tables[tables["drawn_accuracy"].notna()]
    if drawn.empty:
        return Markdown("No weight draws were made at the points of this grid.")
    error = np.hypot(drawn["drawn_accuracy_stderr"], drawn["accuracy_stderr"])
    z = ((drawn["accuracy"] - drawn["drawn_accuracy"]).abs() / error).to_numpy()
    # With DRAWS draws the standard error is itself uncertain: Student's t with one degree of freedom less.
    inside = t.cdf(1, DRAWS - 1) - t.cdf(-1, DRAWS - 1), t.ppf(0.975, DRAWS - 1)
    ratio = np.median(drawn["drawn_accuracy_stderr"] / drawn["accuracy_stderr"])
    return Markdown(
        f"At the {len(drawn)} points that this page quotes, the two estimators differ by less than one standard error at "
        f"{(z < 1).sum()} and by less than {inside[1]:.2g} at {(z < inside[1]).sum()}, where Student's distribution expects "
        f"{inside[0]:.0%} and 95%; the largest difference is {z.max():.1f}. The standard error of {DRAWS} draws is "
        f"{ratio:.0f} times ours in the median."
    )


def complexity_at(results: list[Result], levels: tuple[float, ...] = LEVELS) -> pd.DataFrame:
    """The least complexity of each method among its grid points of at least a given accuracy.

    A level s stands for the accuracy 1/C + s (1 - 1/C): 0 is guessing, 1 is perfect; so that data sets with different
    numbers of classes can be compared. Columns: dataset, accuracy, then the complexity of each method, then for each
    method but the baseline its ratio to the baseline's.
    """
    rows = []
    for result in results:
        chance, table = 1 / split_name(result.key.dataset)[1], evaluated(result)
        for level in levels:
            accuracy = chance + level * (1 - chance)
            good = table[table["accuracy"] >= accuracy]
            least = good.groupby("method", sort=False)["complexity"].min()
            row = {"dataset": result.key.dataset, "accuracy": accuracy, **least}
            others = [method for method in least.index if method != "baseline" and "baseline" in least]
            row |= {f"{method} / baseline": least[method] / least["baseline"] for method in others}
            rows.append(row)
    return pd.DataFrame(rows)


def bounds_over_seeds(results: list[Result]) -> pd.DataFrame:
    """Each method's smallest bound over the seeds of a data set, a row for each data set and method.

    Columns: dataset, method, seeds (how many), mean, standard deviation (n - 1), smallest and largest bound, chance.
    """
    bounds = best_bounds(results).groupby(["dataset", "method"], sort=False)
    table = bounds["bound"].agg(["count", "mean", "std", "min", "max"]).join(bounds["chance"].first())
    names = {"count": "seeds", "std": "standard deviation", "min": "smallest", "max": "largest"}
    return table.rename(columns=names).reset_index()


def ratios_over_seeds(results: list[Result]) -> pd.DataFrame:
    """The ratios of `complexity_at` over the seeds of a data set: mean +- standard deviation, as text, a row a level."""
    table = complexity_at(results)
    columns = [column for column in table if "/" in column]

    def spread(values: pd.Series) -> str:
        return (
            f"{values.mean():.3f}\N{NO-BREAK SPACE}±\N{NO-BREAK SPACE}{values.std():.3f}"
            if len(values) > 1
            else f"{values.iloc[0]:.3f}"
        )

    return table.groupby(["dataset", "accuracy"], sort=False)[columns].agg(spread).reset_index()


def verdicts(results: list[Result]) -> Markdown:
    """What the tables say about the paper's claims, a list item for each data set."""
    items = []
    for result, (_, best) in zip(results, best_bounds(results).groupby("dataset", sort=False)):
        chance = best["chance"].iloc[0]
        name, useful = title(result.key.dataset), best[best["bound"] < chance]
        if len(useful):
            sums = ", ".join(
                f"{STYLE[method][0]} {bound:.3f}" for method, bound in zip(useful["method"], useful["bound"])
            )
            items.append(f"- **{name}**: the smallest sums below the error of guessing, {chance:.3g}, are {sums}.")
        else:
            items.append(
                f"- **{name}**: no grid point of any method has a sum below the error of guessing, {chance:.3g}."
            )
        ratios = complexity_at([result]).filter(like="/ baseline")
        for column in ratios:
            method = STYLE[column.removesuffix(" / baseline")][0]
            items[-1] += (
                f" At equal accuracy, {method} needs {ratios[column].min():.2f} to {ratios[column].max():.2f} times the "
                "complexity of the baseline."
            )
    return Markdown("\n".join(items))


def sweep_facts(results: list[Result]) -> Markdown:
    """How many points were explored only and how many counted, a list item for each data set; the constants in force."""
    items = [
        f"Exploration: {sweep.EXPLORED:,} examples, all of them where the training set has no more; resolution "
        f"{pareto.RESOLUTION:g} of accuracy. Largest relative error of $s^2$: {gibbs.TOLERANCE:g}."
    ]
    for result in results:
        whole = result.table["evaluated"] == result.table["examples"]
        counts = ", ".join(
            f"{STYLE[method][0]} {whole[rows.index].sum()} of {len(rows)}"
            for method, rows in result.table.groupby("method", sort=False)
        )
        worst = result.table.loc[whole, "accuracy_stderr"].max()
        items.append(
            f"- **{title(result.key.dataset)}**: points counted on all {result.table['examples'].iloc[0]:,} examples: {counts}. "
            f"Their standard errors are at most {worst:.2g}."
        )
    return Markdown("\n\n".join([items[0], "\n".join(items[1:])]))


def dataset_facts(name: str, spectra: Result) -> Markdown:
    """One sentence: the data set, the network's size and how far training moved it."""
    source, classes = split_name(name)
    layers = layer_facts(spectra)
    weights = int((layers["inputs and bias"] * layers["neurons"]).sum())
    merged = "with its ten classes" if classes == 10 else f"with its ten classes merged in order into {classes}"
    images = SOURCES[source][0].partition(" (")[0]
    return Markdown(
        f"**{title(name)}**: {images} {merged}; seed {spectra.key.seed}; {weights:,} weights, biases included; "
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
    """A table as Markdown, numbers to `digits` significant digits, large ones with commas; a dash where there is none."""

    def text(value: object) -> str:
        if not isinstance(value, float):
            return str(value)
        rounded = f"{value:.{digits}g}"
        if "e+" in rounded and abs(value) < 1e9:
            rounded = f"{float(rounded):,.0f}"
        return "–" if math.isnan(value) else rounded

    lines = [list(frame.columns), ["---"] * len(frame.columns), *frame.map(text).to_numpy().tolist()]
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
    shared = [name for name in frame if len(frame) == 1 or frame[name].nunique() == 1]
    each = frame.drop(columns=shared)
    return HTML(warning + _details(frame[shared].iloc[:1].T, *([each] if len(each.columns) else [])))


def derivation_provenance(*modules: str, **parameters: object) -> HTML:
    """Where a page without stored results comes from: all of it is computed, by these modules, when it is executed."""
    facts = {
        "computed": "on this page, when it was executed",
        "parameters": _words(parameters),
        "code digest": code_digest(*modules),
        "versions": _words(versions()),
    }
    return HTML(_details(pd.DataFrame({"": facts})))


def _details(facts: pd.DataFrame, each: pd.DataFrame | None = None) -> str:
    body = facts.to_html(header=False, border=0, classes="provenance")
    if each is not None:
        body += each.to_html(index=False, border=0, classes="provenance", justify="left")
    return f'<details class="provenance" open><summary>Where the numbers come from</summary>{body}</details>'


def _words(values: dict) -> str:
    return ", ".join(f"{key} {_words(value) if isinstance(value, dict) else value}" for key, value in values.items())
