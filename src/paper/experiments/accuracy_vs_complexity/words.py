"""What the chapters on accuracy and complexity show beside the figures: tables and sentences, all from the results."""

import numpy as np
import pandas as pd
from IPython.display import Markdown
from scipy.stats import t

from pacbayes_curvature import pareto
from pacbayes_curvature.gibbs.local_reparametrisation import TOLERANCE
from paper import names
from paper.experiments.accuracy_vs_complexity.compute import DRAWS
from paper.experiments.accuracy_vs_complexity.parts import CORRECTED
from paper.experiments.grid import EXPLORED, LEVELS, best_bounds, evaluated
from paper.results.records import Result
from paper.show.style import STYLE, title


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
        chance, table = 1 / names.classes(result.key.dataset), evaluated(result)
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
        f"Exploration: {EXPLORED:,} examples, {CORRECTED} of them also exactly; where the training set has no more, all of "
        f"them are counted and nothing is explored. Resolution "
        f"{pareto.RESOLUTION:g} of accuracy. Largest relative error of $s^2$: {TOLERANCE:g}."
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
