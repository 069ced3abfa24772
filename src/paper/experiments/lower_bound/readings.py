"""What the chapter on what is feasible says about the readings of Lemma 4.2's h: why the curves differ, from the results."""

import numpy as np
import pandas as pd
from IPython.display import Markdown

from pacbayes_curvature import pareto
from paper import names
from paper.experiments.lower_bound.compute import DIAGONAL
from paper.experiments.lower_bound.words import NAMES
from paper.results.records import Result
from paper.show.style import title

STEPS = (
    "fisher_diagonal",
    "fisher_expectation",
    "fisher_raised",
    "layerwise_diagonal",
)  # those that `reasons` compares


def explanation(results: list[Result], level: float = 0.75) -> pd.DataFrame:
    """What distinguishes the readings of h, a row each: on how many examples they rest, which share of the weights was
    raised, how many weights have no curvature; and the accuracy of the curve at equal complexity, that at which the
    layerwise curve is `level` of the way from guessing to perfect (between points a straight line in (ln c, a))."""
    rows = []
    for result in results:
        curves, at = _curves(result), _complexity(result, level)
        for curve in DIAGONAL:
            points = curves[curve]
            rows.append(
                {
                    "data set": title(result.key.dataset),
                    "curve": NAMES[curve],
                    "rests on examples": float(points["effective_examples"].iloc[0]),
                    "of": f"{points['examples'].iloc[0]:,}",
                    "share raised": float(points["raised"].iloc[0]),
                    "weights without curvature": int(points["uncurved"].iloc[0]),
                    "complexity": at,
                    "accuracy": _between(points, "accuracy", at),
                }
            )
    return pd.DataFrame(rows)


def reasons(results: list[Result], level: float = 0.75) -> Markdown:
    """How much each change of (10) changes the accuracy at the complexity of `explanation`, and what raising does to
    the KL (`_ratio_of_kl`): a list item for each data set."""
    items = []
    for result in results:
        curves, at = _curves(result), _complexity(result, level)
        drawn, expected, raised, layerwise = (_between(curves[curve], "accuracy", at) for curve in STEPS)
        start = f"- **{title(result.key.dataset)}**: at the complexity of the table, {at:.3g}, "
        if np.isnan([drawn, expected, raised, layerwise]).any():
            items.append(f"{start}one of the curves has no points on both sides.")
            continue
        error = np.hypot(*(_between(curves[curve], "accuracy_stderr", at) for curve in STEPS[:2]))
        share = float(curves["fisher_raised"]["raised"].iloc[0])
        rise = f"Raising {100 * share:.2g}% of the $h_i$ changes it by a further {raised - expected:+.3f}, "
        rise += f"at {_ratio_of_kl(curves['fisher_expectation'], curves['fisher_raised'], at):.3f} times the KL of the "
        rise += r"same $\beta$."
        items.append(
            f"{start}the expectation over the labels changes the accuracy by {expected - drawn:+.3f} (standard error "
            f"{error:.3f}). {rise if share else 'No $h_i$ is small enough to be raised.'} The layerwise $h$ in the "
            f"place of (10) changes it by {layerwise - drawn:+.3f}."
        )
    return Markdown("\n".join(items))


def _curves(result: Result) -> dict[str, pd.DataFrame]:
    return {curve: points.sort_values("complexity") for curve, points in result.table.groupby("curve")}


def _complexity(result: Result, level: float) -> float:
    """Of the layerwise curve, where its accuracy is `level` of the way from guessing to perfect."""
    own, chance = _curves(result)["layerwise_diagonal"], 1 / names.classes(result.key.dataset)
    at = chance + level * (1 - chance)
    return float(pareto.interpolated_complexity(own["accuracy"], own["complexity"], at).complexity)


def _between(points: pd.DataFrame, column: str, at: float) -> float:
    """The column's value at complexity `at`, on straight lines over ln c; NaN outside the curve."""
    return float(np.interp(np.log(at), np.log(points["complexity"]), points[column], np.nan, np.nan))


def _ratio_of_kl(first: pd.DataFrame, second: pd.DataFrame, at: float) -> float:
    """The KL of `second` over that of `first`, at the beta at which `first` has complexity `at`: on straight lines in
    (ln beta, ln KL)."""
    log_beta = np.interp(np.log(at), np.log(first["complexity"]), np.log(first["beta"]))
    logs = (np.log(points.sort_values("beta")[["beta", "kl"]].to_numpy()).T for points in (first, second))
    start, end = (np.interp(log_beta, *log, left=np.nan, right=np.nan) for log in logs)
    return float(np.exp(end - start))
