"""Our numbers on the page "What happened since", beside what later work found. None is stored: each is computed from results/."""

from paper.book import numbers
from paper.experiments.accuracy_vs_complexity.words import best_bounds
from paper.experiments.curvature_spectra.words import layer_facts
from paper.experiments.lower_bound.words import meetings
from paper.experiments.two_minima.compute import facts
from paper.results import records
from paper.results.records import Result

CURVES = {
    "floor": "Lemma 4.2, layerwise",
    "blocks": "Blocks",
}  # of the lower bound: the best diagonal prior, the best one of blocks


def named() -> dict[str, int | float | str]:
    """All numbers by name; raises ValueError where a result that they need is missing or damaged.

    Those of `numbers.named`, those of `of_optimised`, and with DATASET. before their names those of `of_floors`, `of_inputs` and `of_sums`
    for each of `numbers.DATASETS`.
    """
    found = numbers.named() | of_optimised(_frozen("two_minima", "mnist2")[0])
    for dataset in numbers.DATASETS:
        values = of_floors(_frozen("lower_bound", dataset)) | of_inputs(_frozen("curvature_spectra", dataset)[0])
        values |= of_sums(_frozen("accuracy_vs_complexity", dataset))
        found |= {f"{dataset}.{name}": value for name, value in values.items()}
    return found


def of_optimised(result: Result) -> dict[str, float]:
    """What optimising mean and variances of one network buys: the bound, moved.before and moved.after, and its KL in nats, .kl_before and .kl_after."""
    found = facts(result)
    names = {
        "before": "bound_original",
        "after": "bound_optimised",
        "kl_before": "kl_original",
        "kl_after": "kl_optimised",
    }
    return {f"moved.{name}": float(found[quantity]) for name, quantity in names.items()}


def of_floors(results: list[Result]) -> dict[str, int | float]:
    """floor.seeds; and for each of CURVES .least and .most: of the smallest sums of error and complexity, one a seed."""
    table, values = meetings(results), {"floor.seeds": len(results)}
    for name, curve in CURVES.items():
        sums = table.loc[table["curve"] == curve, "smallest sum"]
        values |= {f"{name}.least": float(sums.min()), f"{name}.most": float(sums.max())}
    return values


def of_sums(results: list[Result]) -> dict[str, float]:
    """METHOD.sum: its smallest sum of error and complexity, the mean over the seeds."""
    return {f"{method}.sum": float(bounds.mean()) for method, bounds in best_bounds(results).groupby("method")["bound"]}


def of_inputs(spectra: Result) -> dict[str, int | float]:
    """inputs: of the first layer, the bias with them; rank: the effective rank of their second moment."""
    first = layer_facts(spectra).iloc[0]
    return {"inputs": int(first["inputs and bias"]), "rank": float(first["effective rank"])}


def _frozen(experiment: str, dataset: str) -> list[Result]:
    results = records.read_all(records.FROZEN / experiment / f"{dataset}.csv")
    if not results:
        raise ValueError(f"{experiment} of {dataset} is not frozen: run `make reproduce`, then `make freeze`")
    return results
