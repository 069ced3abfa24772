"""The measures by which claims.yml judges the paper's sentences: tables in, a verdict with a number and a sentence out.

Each takes `tables` (see claim_curves), what it is about, and its tolerances; claims.yml says in words what the verdicts
mean. All raise NotSettled when the tables do not hold what they need.
"""

from collections.abc import Sequence
from typing import Literal

import numpy as np
import pandas as pd

from pacbayes_curvature.pareto import front
from paper.claims.curves import (
    NETWORK,
    Finding,
    NotSettled,
    Tables,
    all_some_none,
    at_most,
    difference,
    grid_points,
    line_at,
    margins,
    points,
    rows_of,
    smallest,
)
from paper.claims.ratios import (
    crossing,
    harder_more,
    improvement,
    little_improvement,
    smaller_bound,
    stays_below,
    tightness,
)
from paper.experiments.accuracy_vs_complexity.family import between
from paper.experiments.grid import PAPERS_METHODS

Line = Literal["chance", "one"]
DISAGREEMENT = ("train_disagreement", "test_disagreement")


def sides(
    tables: Tables, *, datasets: list, curves: list, line: Line, points: Literal["best", "all"],
    wanted: Literal["below", "not below"], noise: float,
) -> Finding:  # fmt: skip
    """How many curves' smallest bounds (points "best"), or points of their fronts ("all"), are `wanted` the line:
    "below", or "not below"."""
    chosen = _on(tables, curves, datasets, all_of_front=points == "all")
    below = margins(chosen, line, noise) > 0
    good = below == (wanted == "below")
    what = "points" if points == "all" else "smallest bounds"
    sentence = f"{_count(below, what)} below {_line(line)}: {_bounds(chosen, line)}."
    return Finding(all_some_none(good), good.mean(), sentence)


def in_line(tables: Tables, *, datasets: list, curves: list, lower: str, line: Line, noise: float) -> Finding:
    """Whether neither the methods nor the lower-bound curve have a point below the line."""
    methods, bound = _on(tables, curves, datasets), _on(tables, [lower], datasets)
    stays = [not (margins(table, line, noise) > 0).any() for table in (methods, bound)]
    return Finding(
        all_some_none(stays),
        methods["bound"].min(),
        f"Smallest bounds of the methods: {_bounds(methods, line)}; of the lower-bound curve: {_bounds(bound, line)}.",
    )


def both_kinds(tables: Tables, *, pairs: list, lower: str, line: Line, noise: float) -> Finding:
    """Whether the lower-bound curve goes below the line on some data sets only, and never on the harder one alone."""
    datasets = sorted({dataset for pair in pairs for dataset in pair})
    best = _on(tables, [lower], datasets)
    clear = margins(best, line, noise) > 0
    meets = clear.groupby(best["dataset"]).any()
    wrong = [pair for pair in pairs if meets[pair[1]] and not meets[pair[0]]]
    verdict = "not" if meets.all() or not meets.any() else "partly" if wrong else "reproduced"
    names = ", ".join(_on_seeds(name, clear[best["dataset"] == name]) for name in meets.index[meets]) or "no data set"
    return Finding(verdict, meets.mean(), f"The curve goes below {_line(line)} on {names}: {_bounds(best, line)}.")


def reached(
    tables: Tables, *, datasets: list, curves: list, lower: str, line: Line, noise: float, gap: float
) -> Finding:
    """Where the lower-bound curve goes below the line: whether the best method does too, at most `gap` above it.

    Raises NotSettled where no method was measured on such a data set.
    """
    curve = _on(tables, [lower], datasets)
    curve = curve[margins(curve, line, noise) > 0].set_index(NETWORK)
    if curve.empty:
        return Finding("not", np.nan, f"The lower-bound curve goes below {_line(line)} on no data set.")
    methods = _on(tables, curves, datasets)
    best = methods.loc[methods.groupby(NETWORK)["bound"].idxmin()].set_index(NETWORK)
    if missing := [network for network in curve.index if network not in best.index]:
        raise NotSettled(f"no method was measured on {missing[0][0]}, seed {missing[0][1]}")
    best = best.loc[curve.index]
    below = margins(best.reset_index(), line, noise).to_numpy() > 0
    excess = best["bound"] / curve["bound"] - 1
    good = below & (excess <= gap).to_numpy()
    verdict = "reproduced" if good.all() else "partly" if below.any() else "not"
    listed = ", ".join(
        f"{dataset.capitalize()} {a:.3f} against {b:.3f}"
        for (dataset, _), a, b in zip(curve.index, best["bound"], curve["bound"])
    )
    return Finding(verdict, excess.max(), f"Smallest bound of the best method against the curve's: {listed}.")


def objectives(tables: Tables, *, datasets: list, beta: Literal["grid", "elbo"], small: float, large: float) -> Finding:
    """How much larger the bound (3) is at the minimiser of (4), 1 - accuracy + beta KL, than at its own minimum.

    beta: "grid", the best of all finite values that the tables have; "elbo", 1/N.
    """
    table = points(tables, PAPERS_METHODS, datasets)
    grid = pd.concat(grid_points(tables, curve, datasets) for curve in PAPERS_METHODS)["beta"]
    losses = {}
    for network, rows in table.groupby(NETWORK):
        betas = np.sort(grid[np.isfinite(grid)].unique()) if beta == "grid" else 1 / rows["examples"].unique()
        error, kl, bound = 1 - rows["accuracy"].to_numpy(), rows["kl"].to_numpy(), rows["bound"].to_numpy()
        losses[network] = min(bound[np.argmin(error + value * kl)] for value in betas) - bound.min()
    largest = pd.Series(losses).groupby(level=0, sort=False).max()
    listed = ", ".join(f"{dataset.capitalize()} {loss:.4f}" for dataset, loss in largest.items())
    return Finding(
        at_most(largest.max(), small, large),
        largest.max(),
        f"The bound at the minimiser of (4) is larger by: {listed}.",
    )


def search_cost(tables: Tables, *, datasets: list, curve: str, small: float, large: float) -> Finding:
    """What a union bound over lambda adds to the complexity at the smallest bound: over all values of the lattice that the
    sweep takes it from (`family.between`)."""
    best = smallest(points(tables, [curve], datasets))
    rows_of(tables, "accuracy_vs_complexity", "lam")
    lam = grid_points(tables, curve, datasets)["lam"]
    size = len(between(lam.min(), lam.max()))
    cost = np.sqrt(best["complexity"] ** 2 + np.log(size) / (2 * best["examples"])) - best["complexity"]
    return Finding(
        at_most(cost.max(), small, large),
        cost.max(),
        f"A union bound over {size:,} values of lambda adds at most {cost.max():.2g} to the complexity.",
    )


def trained(tables: Tables, *, datasets: list, missed: float) -> Finding:
    """The share of training examples that the worst of the trained networks gets wrong.

    Raises NotSettled without a training accuracy after the last epoch.
    """
    table = _of(rows_of(tables, "training_run", "epoch", "train_accuracy"), datasets, "training_run")
    last = table.loc[table.groupby(NETWORK)["epoch"].idxmax()]
    if last["train_accuracy"].isna().any():
        raise NotSettled("training_run has no training accuracy after the last epoch")
    wrong = 1 - last["train_accuracy"].min()
    return Finding(
        at_most(wrong, 0.0, missed),
        wrong,
        f"All {len(last)} networks classify every training example correctly."
        if wrong == 0
        else f"{len(last)} networks; the worst gets a share of {wrong:.2g} of its training examples wrong.",
    )


def farther(tables: Tables, *, near: str, far: str, factor: float, spreads: float) -> Finding:
    """By what factor |W - W_init|^2, summed over the layers, is larger on `far` than on `near`."""
    table = _of(rows_of(tables, "curvature_spectra", "layer", "squared_distance"), [near, far], "curvature_spectra")
    total = table.drop_duplicates([*NETWORK, "layer"]).groupby(NETWORK)["squared_distance"].sum()
    log_ratio, spread = difference(np.log(total.loc[far]), np.log(total.loc[near]), spreads)
    least = np.exp(log_ratio - spread)
    return Finding(
        "reproduced" if least >= factor else "partly" if least > 1 else "not",
        np.exp(log_ratio),
        f"Mean squared distance {total.loc[far].mean():.1f} on {far.capitalize()}, "
        f"{total.loc[near].mean():.1f} on {near.capitalize()}; "
        f"ratio {np.exp(log_ratio):.2f}, at least {least:.2f} within its spread.",
    )


def moved_mean(tables: Tables, *, datasets: list, far: float, near: float) -> Finding:
    """|mu_o - mu_0| over |mu_0 - mu_1|: how far optimising the objective moves the mean, in units of training's way."""
    facts = _two_minima(tables, datasets, "distance_original_optimised", "distance_initialisation_original")
    moved = (facts["distance_original_optimised"] / facts["distance_initialisation_original"]).min()
    verdict = "reproduced" if moved >= far else "partly" if moved >= near else "not"
    sentence = (
        f"The optimised mean is {moved:.2f} times as far from the original minimum as that is from the initialisation."
    )
    shares = [f"{facts[name].mean():.2%} of the {name.split('_')[0]} images" for name in DISAGREEMENT if name in facts]
    return Finding(
        verdict, moved, sentence + (f" The two classifiers disagree on {' and '.join(shares)}." if shares else "")
    )


def closer_mean(tables: Tables, *, datasets: list, noise: float, least: float, mainly: float) -> Finding:
    """Whether optimising the objective makes the bound smaller and the mean closer to the prior's, and how much of the
    fall of the KL is the mean's term |mu - mu_1|^2 / (2 lam)."""
    facts = _two_minima(
        tables, datasets, "bound_original", "bound_optimised", "accuracy_stderr_original", "accuracy_stderr_optimised",
        "distance_initialisation_original", "distance_initialisation_optimised",
        "kl_original", "kl_optimised", "mean_term_original", "mean_term_optimised",
    )  # fmt: skip
    error = np.hypot(facts["accuracy_stderr_original"], facts["accuracy_stderr_optimised"])
    smaller = (facts["bound_original"] - facts["bound_optimised"] > noise * error).all()
    distance = (facts["distance_initialisation_optimised"] / facts["distance_initialisation_original"]).max()
    fall = facts["kl_original"] - facts["kl_optimised"]
    share = ((facts["mean_term_original"] - facts["mean_term_optimised"]) / fall).where(fall > 0).min()
    if not smaller or distance >= 1:
        verdict = "not"
    else:
        verdict = "reproduced" if distance <= 1 - least and share > mainly else "partly"
    of_the_fall = f"the mean's term has {share:.0%} of it" if np.isfinite(share) else "which is no fall"
    return Finding(
        verdict,
        distance,
        f"Mean bound {facts['bound_original'].mean():.3f} before, {facts['bound_optimised'].mean():.3f} after; the distance "
        f"from the initialisation becomes {distance:.3f} times as large; "
        f"the KL falls by {fall.mean():.0f} nats, {of_the_fall}.",
    )


def covered(tables: Tables, *, datasets: list, line: Line, mainly: float, noise: float) -> Finding:
    """The baseline's part of the way from the line to the bound that optimising the objective reaches.

    Raises NotSettled where the two were computed for different seeds.
    """
    best = smallest(points(tables, ["baseline"], datasets)).set_index(NETWORK)
    facts = _two_minima(tables, datasets, "bound_optimised")
    both = best.join(facts[["bound_optimised"]], how="inner")
    if both.empty:
        raise NotSettled("accuracy_vs_complexity and two_minima have no seed in common")
    lines = np.array([line_at(dataset, line) for dataset, _ in both.index])
    parts = ((lines - both["bound"]) / (lines - both["bound_optimised"])).where(
        both["bound_optimised"] < both["bound"], np.inf
    )
    below = margins(both.reset_index(), line, noise).to_numpy() > 0
    verdict = "not" if not below.all() else "reproduced" if parts.min() > mainly else "partly"
    return Finding(
        verdict,
        parts.min(),
        f"From {_line(line)}, {lines.max():.3g}, the baseline comes down to {both['bound'].max():.3f}, "
        f"optimisation to {both['bound_optimised'].max():.3f}, with the worst seed.",
    )


def _two_minima(tables: Tables, datasets: Sequence[str], *quantities: str) -> pd.DataFrame:
    """A row for each data set and seed, a column for each quantity; NotSettled when one is missing."""
    table = _of(rows_of(tables, "two_minima", "quantity", "value"), datasets, "two_minima")
    facts = table.dropna(subset="quantity").pivot(index=NETWORK, columns="quantity", values="value")
    if missing := [name for name in quantities if name not in facts or facts[name].isna().any()]:
        raise NotSettled(f"two_minima has no {', '.join(missing)}")
    return facts


def _of(table: pd.DataFrame, datasets: Sequence[str], experiment: str) -> pd.DataFrame:
    if missing := [dataset for dataset in datasets if dataset not in set(table["dataset"])]:
        raise NotSettled(f"{experiment} has no {missing[0]}")
    return table[table["dataset"].isin(datasets)]


def _on(tables: Tables, curves: Sequence[str], datasets: Sequence[str], all_of_front: bool = False) -> pd.DataFrame:
    """The point with the smallest bound of each curve and network, or all points of its front."""
    table = points(tables, curves, datasets)
    if not all_of_front:
        return smallest(table)
    fronts = [
        rows[front(rows["accuracy"].to_numpy(), rows["complexity"].to_numpy())]
        for _, rows in table.groupby([*NETWORK, "curve"], sort=False)
    ]
    return pd.concat(fronts, ignore_index=True)


def _bounds(table: pd.DataFrame, line: str) -> str:
    """The range of bounds on each data set beside the line there: "Mnist2 0.312 to 0.401 (line 0.5)"."""
    listed = []
    for dataset, bounds in table.groupby("dataset", sort=False)["bound"]:
        low, high = f"{bounds.min():.3f}", f"{bounds.max():.3f}"
        values = low if low == high else f"{low} to {high}"
        listed.append(f"{dataset.capitalize()} {values} (line {line_at(dataset, line):.3g})")
    return ", ".join(listed)


def _line(line: str) -> str:
    return "chance" if line == "chance" else "1"


def _count(good: pd.Series, what: str) -> str:
    """Of how many of several things something holds, as the beginning of a sentence."""
    n, found = len(good), int(good.sum())
    if n == 1:
        return f"The one of the {what} {'is' if found else 'is not'}"
    if found == n:
        return f"All {n} {what} are"
    if found < 2:
        return f"{'One' if found else 'None'} of the {n} {what} is"
    return f"{found} of {n} {what} are"


def _on_seeds(dataset: str, good: pd.Series) -> str:
    """A data set, and of how many of its seeds something holds if not of all."""
    return dataset.capitalize() + ("" if good.all() else f" with {good.sum()} of {len(good)} seeds")


MEASURES = {
    measure.__name__: measure
    for measure in (
        sides, in_line, both_kinds, reached, improvement, smaller_bound, little_improvement, tightness, crossing,
        stays_below, harder_more, objectives, search_cost, trained, farther, moved_mean, closer_mean, covered,
    )
}  # fmt: skip
