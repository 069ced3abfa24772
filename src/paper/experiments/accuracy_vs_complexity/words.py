"""What the chapters on accuracy and complexity show beside the figures: tables and sentences, all from the results."""

import numpy as np
import pandas as pd
from IPython.display import Markdown

from pacbayes_curvature import pareto
from pacbayes_curvature.gibbs.local_reparametrisation import TOLERANCE
from paper import names
from paper.experiments.accuracy_vs_complexity import family
from paper.experiments.accuracy_vs_complexity.parts import CORRECTED
from paper.experiments.grid import EXPLORED, LEVELS, best_bounds, evaluated, members
from paper.results.records import Result
from paper.show import text
from paper.show.counts import listed, span
from paper.show.style import STYLE, title


def complexity_at(results: list[Result], levels: tuple[float, ...] = LEVELS) -> pd.DataFrame:
    """The complexity of each method at equal accuracy, on its front: `pareto.interpolated_complexity`.

    A level s stands for the accuracy 1/C + s (1 - 1/C): 0 is guessing, 1 is perfect; so that data sets with different
    numbers of classes can be compared. Columns: dataset, accuracy, then the complexity of each method, NaN where its front
    does not reach; then for each method but the baseline "method / baseline", its ratio to the baseline's, and "± method",
    the ratio's standard error, as if the errors of the two were independent. They share their noise, so that it is less.
    """
    rows = []
    for result in results:
        chance, table = 1 / names.classes(result.key.dataset), evaluated(result)
        at = chance + np.array(levels) * (1 - chance)
        found = {
            method: pareto.interpolated_complexity(
                *(points[name].to_numpy() for name in ("accuracy", "complexity")),
                at,
                points["accuracy_stderr"].to_numpy(),
            )
            for method, points in table.groupby("method", sort=False)
        }
        columns = {"dataset": result.key.dataset, "accuracy": at} | {
            name: each.complexity for name, each in found.items()
        }
        if usual := found.get("baseline"):
            for method, each in found.items():
                if method != "baseline":
                    ratio = each.complexity / usual.complexity
                    parts = each.stderr / each.complexity, usual.stderr / usual.complexity
                    columns |= {f"{method} / baseline": ratio, f"± {method}": ratio * np.hypot(*parts)}
        rows.append(pd.DataFrame(columns))
    return pd.concat(rows, ignore_index=True)


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
            sums = [f"{STYLE[method][0]} {bound:.3f}" for method, bound in zip(useful["method"], useful["bound"])]
            are = "the one smallest sum" if len(sums) == 1 else "the smallest sums"
            items.append(
                f"- **{name}**: {are} below the error of guessing, {chance:.3g}, {'is' if len(sums) == 1 else 'are'} {listed(sums)}."
            )
        else:
            items.append(f"- **{name}**: no point of any method has a sum below the error of guessing, {chance:.3g}.")
        ratios = complexity_at([result]).filter(like="/ baseline")
        spans = [
            f"{STYLE[column.removesuffix(' / baseline')][0]} needs {span(f'{ratios[column].min():.2f}', f'{ratios[column].max():.2f}')} times"
            for column in ratios
        ]
        if spans:
            items[-1] += f" At equal accuracy, {listed(spans)} the complexity of the baseline."
    return Markdown("\n".join(items))


def sweep_facts(results: list[Result]) -> Markdown:
    """The constants in force; then, for each data set and method, how many points were explored, and how many members of the family
    counted on all examples, with the largest standard error of their accuracies."""
    constants = (
        f"Exploration: {EXPLORED:,} examples, {CORRECTED} of them also exactly; all of a smaller training set. "
        f"Lattice on which the members of a front are chosen: {family.STEPS} values of $\\lambda$, and of $\\beta$, in a factor "
        f"of 10. Largest relative error of $s^2$: {TOLERANCE:g}."
    )
    rows = []
    for result in results:
        whole = members(result.table)
        for method, table in result.table.groupby("method", sort=False):
            counted = table[whole[table.index]]
            rows.append(
                {
                    "dataset": result.key.dataset,
                    "examples": table["examples"].iloc[0],
                    "method": method,
                    "points explored": len(table) - len(counted),
                    "members counted on all examples": len(counted),
                    "largest standard error of their accuracies": counted["accuracy_stderr"].max(),
                }
            )
    return Markdown(f"{constants}\n\n{text.table(pd.DataFrame(rows), 2).data}")
