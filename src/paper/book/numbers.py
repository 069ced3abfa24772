"""The numbers of the first page, which quotes them by name, and its figure.

Nothing is stored. A number is computed from results/ when the page is executed, so it is that of the present results, and a
sentence whose words depend on the outcome is chosen by it.
"""

from collections.abc import Iterable

import numpy as np
import pandas as pd
from IPython.display import Markdown
from matplotlib.figure import Figure

from paper import names
from paper.claims.verdicts import Judged, judged
from paper.experiments.accuracy_vs_complexity.figure import fronts_over_seeds
from paper.experiments.accuracy_vs_complexity.words import best_bounds, bounds_over_seeds, complexity_at
from paper.results import records
from paper.results.records import Result, why_stale

DATASETS = ("mnist2", "cifar2")  # those with several frozen seeds


def named() -> dict[str, int | float | str]:
    """All numbers by name; raises ValueError where a result that they need is missing or damaged."""
    numbers = of_claims(judged())
    for dataset in DATASETS:
        numbers |= {f"{dataset}.{name}": value for name, value in of_dataset(frozen(dataset)).items()}
    return numbers


def frozen(dataset: str) -> list[Result]:
    """The frozen points of Figure 3, a result for each seed. Raises ValueError when there are none."""
    path = records.FROZEN / "accuracy_vs_complexity" / f"{dataset}.csv"
    results = records.read_all(path)
    if not results:
        raise ValueError(f"accuracy_vs_complexity of {dataset} is not frozen: run `make reproduce`, then `make freeze`")
    return results


def stale() -> str:
    """Which of the results are not what the present code would compute, "" if none: to be said where they are quoted."""
    found = {dataset: next(filter(None, map(why_stale, frozen(dataset))), "") for dataset in DATASETS}
    return "; ".join(f"accuracy_vs_complexity of {dataset}: {reason}" for dataset, reason in found.items() if reason)


def warning() -> Markdown | None:
    """`stale` as a box, if any are."""
    return Markdown(f":::{{warning}}\nStale results. {stale()}.\n:::") if stale() else None


def headline(dataset: str) -> Figure:
    """Figure 3's fronts of every frozen seed of one data set.

    A figure for each and not one with several panels: they stand side by side where there is room, and below each other on
    a phone.
    """
    figure = fronts_over_seeds({dataset: frozen(dataset)}, [names.classes(dataset)])
    figure.axes[0].set_ylim(0, 1.05)  # above 1 no bound says anything; the same axis for all
    figure.axes[0].legend(loc="best", fontsize="small")
    return figure


def of_dataset(results: list[Result]) -> dict[str, int | float | str]:
    """The numbers of one data set, from one result a seed.

    seeds; examples (N); chance (1 - 1/C). METHOD.bound is the smallest 1 - accuracy + complexity, its mean over the
    seeds, with METHOD.std, METHOD.min and METHOD.max; METHOD.ratio is the geometric mean, over seeds and the levels of
    `complexity_at`, of its complexity over the baseline's at equal accuracy. useful says in how many cases a bound
    is below chance, and answer whether that is all, none or some of them.
    """
    best, spread = best_bounds(results), bounds_over_seeds(results).set_index("method")
    useful, cases = int((best["bound"] < best["chance"]).sum()), len(best)
    numbers = {
        "seeds": len(results),
        "examples": int(results[0].table["examples"].iloc[0]),
        "chance": 1 - 1 / names.classes(results[0].key.dataset),
        "useful": f"{useful} of {cases}",
        "answer": "yes" if useful == cases else "no" if not useful else "in part",
    }
    for method, row in spread.iterrows():
        columns = {"bound": "mean", "std": "standard deviation", "min": "smallest", "max": "largest"}
        numbers |= {f"{method}.{name}": float(row[column]) for name, column in columns.items()}
        if method != "baseline":
            ratios = complexity_at(results)[f"{method} / baseline"]
            numbers[f"{method}.ratio"] = float(np.exp(np.log(ratios).mean()))
    return numbers


def of_claims(items: Iterable[Judged]) -> dict[str, int]:
    """How many claims there are, and how many have each verdict on their main reading."""
    verdicts = pd.Series([item.main.verdict for item in items])
    names = {"reproduced": "reproduced", "partly": "partly", "not": "not", "not settled": "open"}
    return {"claims": len(verdicts)} | {
        f"claims.{name}": int((verdicts == verdict).sum()) for verdict, name in names.items()
    }
