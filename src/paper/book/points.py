"""The points of Figures 2 to 4, and the rivals, as the browser reads them: for the explorer and for the figures that a reader moves.

JSON has neither NaN nor infinity: null is an infinite beta, where a method is the baseline, and a number that was not measured.
"""

import inspect
import math
from dataclasses import replace
from pathlib import Path

import pandas as pd
from IPython.display import HTML

from pacbayes_curvature import bounds, posteriors
from paper import names
from paper.experiments.accuracy_vs_complexity.figure import NEARLY
from paper.experiments.lower_bound.figure import CURVE_STYLE
from paper.experiments.rivals import words as rival_words
from paper.experiments.rivals.rival import RIVALS
from paper.results import records
from paper.results.records import Result
from paper.show import style
from paper.show.movable import movable

COLUMNS = {  # of a sweep: as the page calls them
    "method": "method", "lam": "lam", "beta": "beta", "accuracy": "accuracy", "accuracy_stderr": "stderr", "kl": "kl",
    "pareto": "front", "test_error": "testError", "certificate": "certificate",
}  # fmt: skip
FLOOR_COLUMNS = {"curve": "method", "beta": "beta", "accuracy": "accuracy", "accuracy_stderr": "stderr", "kl": "kl"}
RIVAL_COLUMNS = {
    "method": "method", "accuracy": "accuracy", "kl": "kl", "n": "examples", "test_error": "testError", "certificate": "certificate",
}  # fmt: skip
MARKERS = {
    "initialisation": "*",
    "minimum": "v",
    "share": "P",
    "code": "X",
}  # of `rivals.words.GROUPS`, none a posterior's
CURVES = {"fisher_diagonal": None, "layerwise_diagonal": "5 3", "block_prior": None}  # of Figure 2: their dashes
MAY_LACK = {"beta", "test_error", "certificate"}  # a certificate's accuracy comes without a standard error


def frozen(folder: Path) -> dict:
    """`exported` of all sweeps in the results of `folder`, with the curves of Figure 2, the certificates and the rivals where there are
    any. ValueError: no sweeps, or an altered table."""
    sweeps, *others = (
        _all(folder / name) for name in ("accuracy_vs_complexity", "lower_bound", "certificates", "rivals")
    )
    if not sweeps:
        raise ValueError(f"no results of accuracy_vs_complexity in {folder}; run `make reproduce` and `make freeze`")
    return exported(sweeps, *others)


def _all(folder: Path) -> list[Result]:
    return [result for name in names.DATASETS for result in records.read_all(folder / f"{name}.csv")]


def exported(
    sweeps: list[Result], floors: list[Result] = (), certificates: list[Result] = (), rivals: list[Result] = ()
) -> dict:
    """Every point of `sweeps` (`accuracy_vs_complexity`) that was evaluated on the whole training set, the curves of
    Figure 2 in `floors` (`lower_bound`) around the same networks, and what a page needs to know of them.

    The posteriors of `certificates` are points, too, and not on a front: each was looked for by itself. So are the `rivals`, each with the
    number of examples that its certificate counts. ValueError: a number that is missing or infinite where none may be.
    """
    found, networks = {}, []
    for sweep in sweeps:
        table = sweep.table[sweep.table["evaluated"] == sweep.table["examples"]]
        table = table.drop_duplicates(["method", "lam", "beta"])
        name, seed = sweep.key.dataset, sweep.key.seed
        (examples,) = table["examples"].unique().tolist()
        found[name] = {"name": name, "title": style.title(name), "classes": names.classes(name), "examples": examples}
        around = [floor.table for floor in floors if (floor.key.dataset, floor.key.seed) == (name, seed)]
        networks.append(
            {
                "dataset": name,
                "seed": seed,
                "computed": sweep.made["date"],
                "code": records.words(sweep.key.code),
                "stale": records.why_stale(sweep),
                "floors": [
                    row for floor in around for row in _rows(_curves(floor), FLOOR_COLUMNS, f"{name}, Figure 2")
                ],
                "rivals": _rows(_counted(rivals, name, seed), RIVAL_COLUMNS, f"{name}, rivals"),
                "points": _rows(table, COLUMNS, name)
                + _rows(_certified(certificates, name, seed), COLUMNS, f"{name}, certificates", {"accuracy_stderr"}),
            }
        )
    rows = [row for network in networks for row in network["points"]]
    there = {row[0] for network in networks for row in network["rivals"]}
    return {
        "columns": list(COLUMNS.values()),
        "floor_columns": list(FLOOR_COLUMNS.values()),
        "methods": [
            {"name": name, "title": title, "colour": colour, "marker": marker, "diagonal": name != "layerwise"}
            for name, (title, colour, marker) in ((method, style.STYLE[method]) for method in posteriors.METHODS)
        ],
        "curves": [_curve(name, dash) for name, dash in CURVES.items()],
        "rival_columns": list(RIVAL_COLUMNS.values()),
        "rivals": [_mark(name, rival_words.name(name), rival_words.group(name)) for name in RIVALS if name in there],
        "rival_groups": [_mark(name, f"rival: {title}", name) for name, title in rival_words.GROUPS.items()],
        "datasets": list(found.values()),
        "seeds": sorted({network["seed"] for network in networks}),
        "lam": sorted({row[1] for row in rows}),
        "beta": sorted({row[2] for row in rows} - {None}),
        "delta": inspect.signature(bounds.complexity).parameters["delta"].default,
        "nearly": NEARLY,
        "networks": networks,
    }


def fronts(sweeps: list[Result], floors: list[Result] = ()) -> HTML:
    """What the site moves in place of Figure 3, or, with `floors`, of Figure 2 and its regions: the points on the methods' fronts."""
    shown = [replace(sweep, table=sweep.table[sweep.table["pareto"]]) for sweep in sweeps]
    return movable("fronts", regions=bool(floors), **exported(shown, floors))


def _curve(name: str, dash: str | None) -> dict:
    title, colour, *_ = CURVE_STYLE[name]
    own = None if colour == "black" else colour  # black is the colour of the text, which is light in the dark
    return {"name": name, "title": title, "colour": own, "marker": ".", "dash": dash, "diagonal": name != "block_prior"}


def _curves(table: pd.DataFrame) -> pd.DataFrame:
    return table[table["curve"].isin(CURVES)].sort_values(["curve", "relative_beta"])


def _mark(name: str, title: str, group: str) -> dict:
    """A rival, or a group of them, in the colour of the text."""
    return {"name": name, "title": title, "colour": None, "marker": MARKERS[group], "diagonal": False}


def _certified(certificates: list[Result], dataset: str, seed: int) -> pd.DataFrame:
    """The posteriors of these certificates as points of a sweep."""
    table = _counted(certificates, dataset, seed)
    return table[table["method"].isin(posteriors.METHODS)].assign(pareto=False)


def _counted(certified: list[Result], dataset: str, seed: int) -> pd.DataFrame:
    """The rows of one network, with the accuracy that their outcomes show."""
    found = [result.table for result in certified if (result.key.dataset, result.key.seed) == (dataset, seed)]
    table = pd.concat(found) if found else pd.DataFrame(columns=["errors", "outcomes", "method"])
    return table.assign(accuracy=1 - table["errors"] / table["outcomes"])


def _rows(table: pd.DataFrame, columns: dict[str, str], what: str, lacking: set[str] = frozenset()) -> list[list]:
    """The points of one network, in the order of `columns`."""
    rows = table.reindex(columns=list(columns)).astype(object).to_numpy().tolist()
    for row in rows:
        for i, name in enumerate(columns):
            if isinstance(row[i], float) and not math.isfinite(row[i]):
                missing = math.isnan(row[i]) if name != "beta" else row[i] == math.inf
                if name not in MAY_LACK | lacking or not missing:
                    raise ValueError(f"{what}: a point without finite numbers: {row}")
                row[i] = None
    return rows
