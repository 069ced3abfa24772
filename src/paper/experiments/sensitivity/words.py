"""What the chapter on sensitivity shows beside its figures: tables and sentences, all from the results."""

import math

import pandas as pd
from IPython.display import Markdown
from scipy.stats import spearmanr

from pacbayes_curvature.bounds import complexity
from paper.experiments.grid import EXPLORED, PAPERS_METHODS
from paper.experiments.sensitivity.figure import FACTORS, PREDICTORS, around_default, chance, default_value
from paper.results.records import Result
from paper.show.counts import how_many, listed, number, span
from paper.show.style import STYLE, title

NAMES = {method: STYLE[method][0] for method in PAPERS_METHODS}
DELTAS = (0.1, 0.05, 0.01, 0.001, 0.0001)
PAPERS_DRAWS = 5


def networks(result: Result) -> pd.DataFrame:
    """A row for each network, the default first, then those that differ from it in one factor.

    Columns: factor, value, status, epochs, test accuracy, squared distance, trace, product (of the two), and each
    method's smallest bound under its name.
    """
    about = ["factor", "value", "status", "epochs", "test_accuracy", "squared_distance", "trace"]
    table = result.table[result.table["factor"] != "draws"].pivot(index=about, columns="method", values="bound")
    table = table.reset_index().rename(columns=NAMES).rename(columns=lambda name: name.replace("_", " "))
    table["product"] = table["squared distance"] * table["trace"]
    place = table["factor"].map(["default", *FACTORS].index)
    table = table.assign(place=place).sort_values(["place", "value"], ignore_index=True)
    return table[[name.replace("_", " ") for name in about] + ["product", *NAMES.values()]]


def networks_table(result: Result) -> pd.DataFrame:
    """`networks` for a reader: factors by name, no product, no status where every network fitted."""
    table = networks(result).drop(columns="product")
    table["factor"] = table["factor"].map({"default": "default, by its seed", **FACTORS})
    return table.drop(columns="status") if (table["status"] == "fitted").all() else table


def rank_correlations(result: Result) -> pd.DataFrame:
    """Spearman's rank correlation of each predictor with each method's smallest bound, over the fitted networks."""
    fitted = _fitted(result)
    rows = []
    for predictor in PREDICTORS:
        rho = {name: float(spearmanr(fitted[predictor], fitted[name]).statistic) for name in NAMES.values()}
        rows.append({"predictor": predictor} | rho)
    return pd.DataFrame(rows)


def ranges(result: Result) -> pd.DataFrame:
    """For each factor: how far apart its values' smallest bounds are, largest less smallest, for each method.

    The default network is one of the values. Also the ratio of the largest to the smallest squared distance.
    """
    rows = []
    for factor in FACTORS:
        around = around_default(result, factor)
        if around["value"].nunique() > 1:
            apart = around.groupby("method")["bound"].agg(_length)
            ratio = around["squared_distance"].max() / around["squared_distance"].min()
            of_methods = {NAMES[method]: apart[method] for method in NAMES}
            rows.append({"factor": FACTORS[factor]} | of_methods | {"squared distance, ratio": ratio})
    return pd.DataFrame(rows)


def deltas(result: Result) -> pd.DataFrame:
    """The bound of each method at the default network's best points, for other probabilities of failure."""
    rows = []
    for delta in DELTAS:
        row = {"delta": delta}
        for method, point in _default(result).iterrows():
            row[NAMES[method]] = 1 - point["accuracy"] + complexity(point["kl"], int(point["examples"]), delta)
        rows.append(row)
    return pd.DataFrame(rows)


def draws(result: Result) -> pd.DataFrame:
    """Accuracy and standard error at each method's best point, by local reparametrisation and by weight draws."""
    rows = []
    for method, name in NAMES.items():
        for _, row in result.table[result.table["method"] == method].iterrows():
            if row["factor"] in ("default", "draws"):
                sampled = row["factor"] == "draws"
                estimator = f"{row['value']:.0f} weight draws" if sampled else "local reparametrisation, one pass"
                numbers = {"standard error": row["accuracy_stderr"], "bound": row["bound"]}
                rows.append({"method": name, "estimator": estimator, "accuracy": row["accuracy"]} | numbers)
    return pd.DataFrame(rows)


def findings(result: Result) -> Markdown:
    """What the tables say, a list item for each question."""
    items = [_not_fitted(result), _widest(result), _against_chance(result), _order(result), _predictors(result)]
    return Markdown("\n".join(f"- {item}" for item in items if item))


def late_stop(result: Result) -> Markdown:
    """What training on after the first fit changes."""
    rows = around_default(result, "extra_epochs").query("status == 'fitted'")
    longest = rows[rows["value"] == rows["value"].max()].set_index("method")
    first = rows[rows["value"] == default_value(result, "extra_epochs")].set_index("method")
    changes = longest["bound"] - first["bound"]
    moved = longest["squared_distance"].iloc[0] / first["squared_distance"].iloc[0] - 1
    return Markdown(
        f"Training on for {number(int(longest['value'].iloc[0]), 'epoch', 'epochs')} after the first fit changes the squared distance by "
        f"{100 * moved:+.1f}% and the smallest bounds of {_each(changes, '{name} by {value:+.4f}')}. On the examples "
        f"that the points are chosen with, the accuracy has a standard error of up to {_search_noise(result):.4f}: the "
        "search does not see differences much smaller than that."
    )


def noise_facts(result: Result) -> Markdown:
    """How the baseline's noise follows the distance, for the factor that changes the distance most."""
    table = ranges(result)
    name = table.loc[table["squared distance, ratio"].idxmax(), "factor"]
    factor = next(key for key, value in FACTORS.items() if value == name)
    rows = around_default(result, factor).query("method == 'baseline' and status == 'fitted'")
    distance, lam, kl = (rows[column].max() / rows[column].min() for column in ("squared_distance", "lam", "kl"))
    everywhere = result.table.query("method == 'baseline' and status == 'fitted' and factor != 'draws'")
    rho = float(spearmanr(everywhere["squared_distance"], everywhere["lam"]).statistic)
    return Markdown(
        f"Over the values of the {name}, the squared distance changes by a factor of {distance:.1f}, the best "
        f"$\\lambda$ of {NAMES['baseline']} by {lam:.1f} and its divergence by {kl:.1f}. Over all fitted networks, "
        f"squared distance and best $\\lambda$ have a rank correlation of {rho:.2f}."
    )


def draws_facts(result: Result) -> Markdown:
    """The spread of the paper's estimator beside what it is to tell apart."""
    default, pair = _default(result), ["baseline", "diag"]
    sampled = result.table[(result.table["factor"] == "draws") & (result.table["value"] == PAPERS_DRAWS)]
    stderr = sampled.set_index("method")["accuracy_stderr"]
    gap = default.loc[pair, "bound"].diff().abs().iloc[-1]
    of_gap = stderr[pair].pow(2).sum() ** 0.5
    return Markdown(
        f"With {PAPERS_DRAWS} draws, as in the paper, the standard error of the accuracy at the best point is "
        f"{_each(stderr, '{value:.2g} for {name}')}. One pass of local reparametrisation has at most "
        f"{default['accuracy_stderr'].max():.2g}. The smallest bounds of {' and '.join(NAMES[m] for m in pair)} differ "
        f"by {gap:.3f}; with {PAPERS_DRAWS} independent draws for each, the standard error of that difference is "
        f"{of_gap:.2g}."
    )


def delta_facts(result: Result) -> Markdown:
    """By how much the bounds change from the largest to the smallest delta, and beside which divergences."""
    table, kl = deltas(result), _default(result)["kl"]
    change = (table.iloc[-1] - table.iloc[0])[list(NAMES.values())]
    return Markdown(
        f"From $\\delta = {DELTAS[0]:g}$ to $\\delta = {DELTAS[-1]:g}$ the logarithm grows by "
        f"{math.log(DELTAS[0] / DELTAS[-1]):.1f}, beside divergences of at least {kl.min():,.0f} nats, and the bounds at these "
        f"points rise by {span(f'{change.min():.2g}', f'{change.max():.2g}')}."
    )


def verdict(result: Result) -> Markdown:
    """Which statements about the methods hold for every network here, and which depend on the network."""
    fitted, names = _fitted(result), list(NAMES.values())
    baseline, diag, layerwise = (fitted[name] for name in names)
    ordered = (diag < baseline) & (layerwise < diag)
    papers = fitted[fitted["factor"] != "width"]
    mixed = [name for name in names if (fitted[name] < chance(result)).nunique() > 1]
    length = papers[names].agg(_length)
    step = abs(baseline.iloc[0] - layerwise.iloc[0])  # of the default network, the first
    levels = listed([f"{_span(papers[name].min(), papers[name].max())} for {name}" for name in names])
    apart = _span(length.min(), length.max())
    each = " for each method" if " to " not in apart else ""
    more = "more than" if length.min() > step else "less than" if length.max() < step else "about as much as"
    order = "does not depend on the recipe, as far as we varied it" if ordered.all() else "depends on the recipe"
    side = f"depends on the network for {', '.join(mixed)}" if mixed else "is the same for all networks"
    return Markdown(
        f"- **Order**: each refinement of the curvature gives a smaller bound in {how_many(ordered, 'networks')}. "
        f"The order {order}.\n"
        f"- **Vacuous or not**: the side of the error of guessing that the smallest bound is on {side}.\n"
        f"- **Level**: at the paper's width, the smallest bounds are {levels}. That is {apart} from end to end{each}, "
        f"where the default network's bound changes by {step:.3f} from {names[0]} "
        f"to {names[-1]}: what the paper leaves open moves a bound {more} the method does. A level read off its plots "
        "can be held against ours no more closely than that."
    )


def _default(result: Result) -> pd.DataFrame:
    return result.table[result.table["factor"] == "default"].set_index("method")


def _fitted(result: Result) -> pd.DataFrame:
    return networks(result).query("status == 'fitted'")


def _search_noise(result: Result) -> float:
    points = result.table[result.table["factor"] != "draws"].dropna(subset="accuracy")
    variance = points["accuracy"] * (1 - points["accuracy"]) / points["examples"].clip(upper=EXPLORED)
    return variance.max() ** 0.5


def _length(values: pd.Series) -> float:
    return values.max() - values.min()


def _span(low: float, high: float) -> str:
    return span(f"{low:.3f}", f"{high:.3f}")


def _each(values: pd.Series, form: str) -> str:
    return ", ".join(form.format(name=name, value=values[method]) for method, name in NAMES.items())


def _not_fitted(result: Result) -> str:
    rows = networks(result).query("status != 'fitted'")
    missing = [f"{FACTORS[factor]} {value:.4g}" for factor, value in zip(rows["factor"], rows["value"])]
    return f"**Not fitted**: training missed 100% at {', '.join(missing)}. There is no bound there." if missing else ""


def _widest(result: Result) -> str:
    table = ranges(result).set_index("factor")
    widest, seeds = {name: table[name].idxmax() for name in NAMES.values()}, table.loc[FACTORS["seed"]]
    lengths = {name: f"{table.loc[factor, name]:.3f}; the seeds, {seeds[name]:.3f}" for name, factor in widest.items()}
    if len(factors := set(widest.values())) == 1:
        texts = [f"the {factors.pop()}, with every method"] + [f"{name} ({each})" for name, each in lengths.items()]
    else:
        texts = [f"for {name}, the {widest[name]} ({each})" for name, each in lengths.items()]
    far = table["squared distance, ratio"].idxmax()
    return (
        f"**What moves the bounds most** over the values tried: {', '.join(texts)}. The squared distance changes most "
        f"with the {far}, by a factor of {table.loc[far, 'squared distance, ratio']:.1f}."
    )


def _against_chance(result: Result) -> str:
    fitted, line = _fitted(result), chance(result)
    below = {name: fitted[name] < line for name in NAMES.values()}
    start = f"**Vacuous or not**: on {title(result.key.dataset)} the smallest bound is below the error of guessing, {line:.3g}, "
    if all(cases.all() for cases in below.values()):
        return f"{start}in {how_many([True] * len(fitted), 'networks')} with every method."
    return start + ", ".join(f"in {how_many(cases, 'networks')} with {name}" for name, cases in below.items()) + "."


def _order(result: Result) -> str:
    fitted, (first, second, third) = _fitted(result), NAMES.values()
    ratio, step = fitted[third] / fitted[first], fitted[first].iloc[0] - fitted[second].iloc[0]
    of_seeds = ranges(result).set_index("factor").loc[FACTORS["seed"], first]
    return (
        f"**The order of the methods**: {second} has a smaller bound than {first} in "
        f"{how_many(fitted[second] < fitted[first], 'networks')}, and {third} a smaller one than {second} in "
        f"{how_many(fitted[third] < fitted[second], 'networks')}. The bound of {third} is "
        f"{span(f'{ratio.min():.2f}', f'{ratio.max():.2f}')} times that of {first}. For the default network, {second} changes the bound of {first} by {-step:+.3f}; the "
        f"seeds differ by {of_seeds:.3f} in the bound of {first}."
    )


def _predictors(result: Result) -> str:
    table = rank_correlations(result).set_index("predictor")
    best = table.abs().idxmax()
    if best.nunique() == 1:
        values = listed([f"{table.loc[best[name], name]:.2f} for {name}" for name in table])
        return (
            "**Distance and trace**: of the squared distance, the trace and their product, the one that ranks the smallest bounds "
            f"best is the {best.iloc[0]}, with every method. Its rank correlations are {values}."
        )
    texts = [f"for {name} the {best[name]} ({table.loc[best[name], name]:.2f})" for name in table]
    return (
        "**Distance and trace**: of the squared distance, the trace and their product, the one that ranks the smallest "
        f"bounds best is, with its rank correlation, {', '.join(texts)}."
    )
