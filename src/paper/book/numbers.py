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
from paper.claims.words import borne_out
from paper.experiments.accuracy_vs_complexity.words import complexity_at
from paper.experiments.certificates.figure import by_method
from paper.experiments.holdout.words import chosen
from paper.experiments.quadratic.words import USUAL, off, rate, worth
from paper.results import records
from paper.results.records import Result, why_stale
from paper.show.counts import how_many

DATASETS = ("mnist2", "cifar2")  # those with several frozen seeds
QUOTED = (
    "accuracy_vs_complexity",
    "certificates",
    "holdout",
    "rivals",
    "quadratic",
)  # the experiments whose numbers are quoted


def named() -> dict[str, int | float | str]:
    """All numbers by name; raises ValueError where a result that they need is missing or damaged."""
    numbers = of_claims(judged())
    for dataset in DATASETS:
        sweeps, certificates, holdouts, rivals, quadratics = (frozen(dataset, name) for name in QUOTED)
        found = of_sweeps(sweeps) | of_certificates(certificates) | of_rivals(rivals, holdouts)
        found |= of_quadratic(quadratics[0])
        numbers |= {f"{dataset}.{name}": value for name, value in found.items()}
    return numbers


def frozen(dataset: str, experiment: str = QUOTED[0]) -> list[Result]:
    """The frozen results of an experiment, one for each seed. Raises ValueError when there are none."""
    results = records.read_all(records.FROZEN / experiment / f"{dataset}.csv")
    if not results:
        raise ValueError(f"{experiment} of {dataset} is not frozen: run `make reproduce`, then `make freeze`")
    return results


def stale() -> str:
    """Which of the results are not what the present code would compute, "" if none: to be said where they are quoted."""
    found = {
        f"{experiment} of {dataset}": next(filter(None, map(why_stale, frozen(dataset, experiment))), "")
        for dataset in DATASETS
        for experiment in QUOTED
    }
    return "; ".join(f"{name}: {reason}" for name, reason in found.items() if reason)


def warning() -> Markdown | None:
    """`stale` as a box, if any are."""
    return Markdown(f":::{{warning}}\nStale results. {stale()}.\n:::") if stale() else None


def headline(dataset: str) -> Figure:
    """The certificates of one data set, over its seeds, beside test errors and the hold-out bound.

    A figure for each and not one with several panels: they stand side by side where there is room, and below each other on
    a phone.
    """
    return by_method(frozen(dataset, "certificates"), frozen(dataset, "holdout"))


def of_sweeps(results: list[Result]) -> dict[str, float]:
    """METHOD.ratio, the geometric mean, over seeds and the levels of `complexity_at`, of its complexity over the baseline's at equal
    accuracy."""
    table = complexity_at(results)
    methods = [name.removesuffix(" / baseline") for name in table if name.endswith(" / baseline")]
    return {f"{m}.ratio": float(np.exp(np.log(table[f"{m} / baseline"].dropna()).mean())) for m in methods}


def of_certificates(results: list[Result]) -> dict[str, int | float | str]:
    """The numbers of one data set, from one result a seed.

    seeds; examples (N); chance (1 - 1/C). METHOD.certificate, its mean over the seeds, with METHOD.std, and METHOD.test_error, of the same
    stochastic network. useful says how many certificates are below chance, "all 9 certificates", and answer whether that is all, none
    or some of them.
    """
    table = pd.concat(result.table for result in results)
    chance = 1 - 1 / names.classes(results[0].key.dataset)
    useful = table["certificate"] < chance
    numbers = {
        "seeds": len(results),
        "examples": int(table["n"].iloc[0]),
        "chance": chance,
        "useful": how_many(useful, "certificates"),
        "answer": "yes" if useful.all() else "no" if not useful.any() else "in part",
    }
    for method, rows in table.groupby("method"):
        numbers[f"{method}.certificate"] = float(rows["certificate"].mean())
        numbers[f"{method}.std"] = float(rows["certificate"].std())
        numbers[f"{method}.test_error"] = float(rows["test_error"].mean())
    return numbers


def of_rivals(rivals: list[Result], holdouts: list[Result]) -> dict[str, float]:
    """optimised: the smallest certificate of those whose prior has seen no example; weights and curvature: of the same optimisation in
    these coordinates; holdout: the yardstick. All of the first seed."""
    table = rivals[0].table
    certificate = table.set_index("method")["certificate"]
    return {
        "optimised": float(table.loc[table["prior_share"] == 0, "certificate"].min()),
        "weights": float(certificate["error_weights"]),
        "curvature": float(certificate["error_curvature"]),
        "holdout": chosen(holdouts[0]),
    }


def of_quadratic(result: Result) -> dict[str, float | str]:
    """quadratic.off: how many times the predicted the measured rise of the loss is, a median; quadratic.plain and quadratic.shaped: the
    error of plain noise, and that of the noise that the layerwise curvature chooses at no larger KL (`worth`)."""
    chosen_noise = worth(result)
    return {
        "quadratic.off": off(result),
        "quadratic.plain": float(chosen_noise[USUAL]),
        "quadratic.shaped": rate(chosen_noise["error"]),
    }


def of_claims(items: Iterable[Judged]) -> dict[str, str]:
    """claims: how many there are and how many our results bear out, in sentences."""
    return {"claims": borne_out(items)}
