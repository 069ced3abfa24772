"""What the chapter on what is feasible shows beside its figures: tables and sentences, all from the results."""

import itertools

import numpy as np
import pandas as pd
from IPython.display import Markdown

from pacbayes_curvature import floors, pareto, posteriors
from pacbayes_curvature.posteriors import LayerPosterior
from paper import names
from paper.experiments.grid import LEVELS
from paper.experiments.lower_bound.figure import CURVE_STYLE
from paper.results.records import Result
from paper.show.counts import few, span
from paper.show.style import STYLE, title

SHOWN = ("fisher_diagonal", "layerwise_diagonal", "block_prior")  # the curves of Figure 2
NAMES = {name: style[0] for name, style in (CURVE_STYLE | STYLE).items()}


# The paper's methods, by what E needs of H_l: in the basis of their covariance, its diagonal.
IN_THE_BASIS = {"baseline": "diagonal", "diag": "diagonal", "layerwise": "eigenvalue"}


def layers(spectra: Result, method: str) -> list[LayerPosterior]:
    """The posteriors of a `method` of IN_THE_BASIS with what `curvature_spectra` stored; without a basis, so that
    they serve for E and KL only. The baseline is diag at beta = inf, whose E is that of lam I."""
    column = IN_THE_BASIS[method]
    return [
        LayerPosterior(
            rows[column].to_numpy(), None, int(rows["neurons"].iloc[0]), float(rows["squared_distance"].iloc[0])
        )
        for _, rows in spectra.table.groupby("layer")
    ]


def with_losses(methods: Result, spectra: Result) -> pd.DataFrame:
    """The points of the paper's methods in `accuracy_vs_complexity` with layerwise_loss, E = (1/2) sum_l n_l tr(H_l Sigma_l),
    beside them."""
    tables, known = [], methods.table["method"].isin(IN_THE_BASIS)
    for method, rows in methods.table[known].groupby("method", sort=False):
        lam, beta = rows["lam"].to_numpy(), rows["beta"].to_numpy()
        loss = posteriors.expected_quadratic_loss(layers(spectra, method), lam, beta)
        tables.append(rows.assign(layerwise_loss=loss))
    return pd.concat(tables)


def meetings(results: list[Result]) -> pd.DataFrame:
    """For each data set and each curve of Figure 2: its smallest 1 - accuracy + complexity, with the accuracy's
    standard error, and whether what is feasible by the curve meets what is non-vacuous (`pareto.meeting`), against 1
    and against chance."""
    rows = []
    for result in results:
        chance = 1 - 1 / names.classes(result.key.dataset)
        for curve in SHOWN:
            points = _of(result, curve)
            a, c = points["accuracy"].to_numpy(), points["complexity"].to_numpy()
            against = pareto.meeting(a, c, chance)
            best = points.iloc[against.at]
            rows.append(
                {
                    "data set": title(result.key.dataset),
                    "curve": NAMES[curve],
                    "accuracy": best["accuracy"],
                    "complexity": best["complexity"],
                    "smallest sum": chance - against.margin,
                    "standard error": best["accuracy_stderr"],
                    "chance": chance,
                    "meet against 1": _yes(pareto.meeting(a, c, 1.0).meets),
                    "meet against chance": _yes(against.meets),
                }
            )
    return pd.DataFrame(rows)


def verdicts(results: list[Result]) -> Markdown:
    """Whether the regions meet against chance, in words: a list item for each data set, over the seeds that there are results of."""
    of_datasets = {result.key.dataset: [] for result in results}
    for result in results:
        of_datasets[result.key.dataset].append(result)
    return Markdown("\n".join(_verdict(name, of_seeds) for name, of_seeds in of_datasets.items()))


def _verdict(dataset: str, of_seeds: list[Result]) -> str:
    table, n = meetings(of_seeds), len(of_seeds)
    words = []
    for curve, rows in table.groupby("curve", sort=False):
        count, sums = int((rows["meet against chance"] == "yes").sum()), rows["smallest sum"]
        least = span(f"{sums.min():.3f}", f"{sums.max():.3f}")
        words.append(f"with the curve *{curve}* they {_meet(count, n)} (smallest sum {least})")
    seeds = f", {n} seeds" if n > 1 else ""
    draw = "" if (table.groupby("curve")["meet against chance"].nunique() == 1).all() else " It depends on the draw."
    return f"- **{title(dataset)}**, chance {table['chance'].iloc[0]:.3g}{seeds}: {'; '.join(words)}.{draw}"


def _meet(count: int, n: int) -> str:
    """Whether they meet, with one seed or with several."""
    if count in (0, n):
        every = "" if n == 1 else " with any seed" if not count else " with every seed"
        return ("do not meet" if not count else "meet") + every
    return f"meet with {few(count)} of them"


def beside_the_curves(results: list[Result], methods: list[Result]) -> pd.DataFrame:
    """Each valid method's complexity at equal accuracy as a multiple of each curve's: the least and the largest ratio
    over those LEVELS that both reach, and on which side of the curve the method's front lies there."""
    rows = []
    for result, valid in zip(results, methods):
        found = _fronts(result, valid)
        for curve, method in itertools.product(SHOWN, STYLE):
            ratios = found.get(method, np.full(len(LEVELS), np.nan)) / found[curve]
            ratios = ratios[~np.isnan(ratios)]
            sides = {(True, False): "above", (False, True): "below", (True, True): "on both sides"}
            rows.append(
                {
                    "data set": title(result.key.dataset),
                    "curve": NAMES[curve],
                    "method": NAMES[method],
                    "least ratio": ratios.min() if len(ratios) else np.nan,
                    "largest ratio": ratios.max() if len(ratios) else np.nan,
                    "levels": f"{len(ratios)} of {len(LEVELS)}",
                    "lies": sides.get(((ratios >= 1).any(), (ratios < 1).any()), "no level in common"),
                }
            )
    return pd.DataFrame(rows)


def equal_accuracy(results: list[Result], methods: list[Result]) -> pd.DataFrame:
    """The complexity of each curve and of each valid method at equal accuracy (`pareto.interpolated_complexity`)."""
    rows = []
    for result, valid in zip(results, methods):
        at, found = _at(result), _fronts(result, valid)
        for i, accuracy in enumerate(at):
            row = {"data set": title(result.key.dataset), "accuracy": accuracy}
            rows.append(row | {NAMES[name]: values[i] for name, values in found.items()})
    return pd.DataFrame(rows)


def equal_loss(results: list[Result], spectra: list[Result]) -> pd.DataFrame:
    """The least KL of each family at the E of Lemma 4.2's layerwise pairs whose accuracies are next to the LEVELS.

    The valid methods are at the best lam for each E (`pacbayes_curvature.floors`: closed forms); the blocks between two points of
    their curve, on a straight line in (ln E, ln KL).
    """
    rows = []
    for result, spectrum in zip(results, spectra):
        curves = dict(iter(result.table.groupby("curve")))
        floor = curves["layerwise_diagonal"]
        log_blocks = np.log(curves["block_prior"].sort_values("expected_loss")[["expected_loss", "kl"]].to_numpy()).T
        diagonal, full = (
            (
                np.concatenate([np.repeat(layer.curvature, layer.neurons) for layer in found]),
                sum(layer.squared_distance for layer in found),
            )
            for found in (layers(spectrum, "diag"), layers(spectrum, "layerwise"))
        )
        for accuracy in _at(result):
            point = floor.iloc[(floor["accuracy"] - accuracy).abs().argmin()]
            loss = float(point["expected_loss"])
            rows.append(
                {
                    "data set": title(result.key.dataset),
                    "accuracy of Lemma 4.2": point["accuracy"],
                    "E": loss,
                    STYLE["baseline"][0]: floors.baseline(diagonal[0].sum(), diagonal[1], loss),
                    STYLE["diag"][0]: floors.isotropic_prior(*diagonal, loss),
                    STYLE["layerwise"][0]: floors.isotropic_prior(*full, loss),
                    "Lemma 4.2": point["kl"],
                    "Blocks": np.exp(np.interp(np.log(loss), *log_blocks, left=np.nan, right=np.nan)),
                }
            )
    return pd.DataFrame(rows).drop_duplicates(["data set", "E"])


def _at(result: Result) -> np.ndarray:
    chance = 1 / names.classes(result.key.dataset)
    return chance + np.array(LEVELS) * (1 - chance)


def _of(result: Result, curve: str) -> pd.DataFrame:
    return result.table[result.table["curve"] == curve]


def _fronts(result: Result, valid: Result) -> dict[str, np.ndarray]:
    """name of a curve or method: its complexities at the LEVELS, NaN where it does not reach."""
    on = valid.table[valid.table["pareto"]]
    points = {curve: _of(result, curve) for curve in SHOWN} | dict(iter(on.groupby("method", sort=False)))
    return {
        name: pareto.interpolated_complexity(rows["accuracy"], rows["complexity"], _at(result)).complexity
        for name, rows in points.items()
    }


def _yes(value: bool) -> str:
    return "yes" if value else "no"
