"""Frozen results: a table in CSV beside its provenance in JSON, used only while it fits the question asked.

A result is identified by its Key: what was computed, from which data, with which parameters, by which code. results/
holds the frozen ones, computed on the real data and committed; build/results/ those computed on this machine.
"""

import datetime
import io
import json
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import pandas as pd

from paper import digest, names
from paper.files import ROOT, Damaged, atomic, made_again, sha256
from paper.networks import data, minimum
from paper.networks.training import recipe_for
from paper.results import provenance

FROZEN = ROOT / "results"
COMPUTED = ROOT / "build" / "results"


@dataclass(frozen=True)
class Key:
    """What identifies a result: experiment and dataset by name, the seed, all parameters that its numbers depend on,
    the data's fingerprint, the code's digest; where the rows are of several posteriors, the digest for each of them."""

    experiment: str
    dataset: str
    seed: int
    parameters: dict
    data: dict[str, str]
    code: str | dict[str, str]

    def path(self) -> Path:
        """Where the result is stored once it is computed on this machine: in one place, whichever posteriors it is of."""
        question = asdict(self) | ({"code": "of each"} if isinstance(self.code, dict) else {})
        name = sha256(json.dumps(question, sort_keys=True).encode())[:12]
        return COMPUTED / self.experiment / f"{self.dataset}-seed{self.seed}-{name}.csv"

    def answers(self, asked: "Key") -> bool:
        """Whether a result of this key is one of what is asked for: the same, if need be of more posteriors."""
        return replace(self, code=asked.code) == asked and _of_each(asked).items() <= _of_each(self).items()


@dataclass(frozen=True)
class Result:
    """A table and where it comes from. state: "frozen" (from results/), "computed" (on this machine) or "stale": frozen,
    but by other code or parameters than asked for, and the data for computing it afresh are not at hand. made: the day,
    the wall time in seconds, the versions and the machine."""

    key: Key
    table: pd.DataFrame
    made: dict
    state: str


def obtain(
    key: Key,
    compute: Callable[[], pd.DataFrame],
    covers: Callable[[pd.DataFrame], bool] = lambda table: True,
    fresh: bool = False,
    path: Path | None = None,
) -> Result:
    """The frozen result for `key`, else the one computed earlier on this machine, else compute it and store it.

    `covers` tells whether a table holds all rows that are asked for; `fresh` computes in any case; `path` is where the
    computed result is stored, by default a name made from the key. When only a frozen
    result of other code is there and the data are missing, that one is returned, marked "stale": it is never passed
    off as current. What this machine has stored and is damaged, a result or a network, is made again, and that is said.
    """
    path = path or key.path()
    if not fresh:
        frozen = read(FROZEN / key.experiment / f"{key.dataset}.csv", key.seed)
        if frozen and frozen.key.answers(key) and covers(frozen.table):
            return frozen
        computed = _computed(path, key.seed)
        if computed and computed.key.answers(key) and covers(computed.table):
            return replace(computed, state="computed")
    minimum.discard_damaged(key.dataset)
    started = time.perf_counter()
    try:
        table = compute()
    except FileNotFoundError:
        if not fresh and frozen and covers(frozen.table):
            return replace(frozen, state="stale")
        raise
    table.insert(0, "dataset", key.dataset)
    table.insert(1, "seed", key.seed)
    made = {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "seconds": round(time.perf_counter() - started, 1),
        "versions": provenance.versions(),
        "machine": provenance.machine(),
    }
    result = Result(key, table, made, "computed")
    write(result, path=path)
    # As it is read from the file, and not from the file, which another run may be writing too.
    return replace(result, table=pd.read_csv(io.StringIO(_text(result))))


def _computed(path: Path, seed: int) -> Result | None:
    """What this machine has computed, unless it is damaged: unlike a frozen result it can be computed again."""
    try:
        return read(path, seed)
    except Damaged as error:
        made_again(path, error)
        return None


def kept(asked: Key) -> pd.DataFrame:
    """The frozen rows of those posteriors, column `method`, whose code is the one asked for; an empty table without any.

    They are of use where the table was frozen for fewer posteriors, or one of them was changed since.
    """
    frozen = read(FROZEN / asked.experiment / f"{asked.dataset}.csv", asked.seed)
    if not frozen or replace(frozen.key, code=asked.code) != asked:
        return pd.DataFrame({"method": []})
    same = [method for method, _ in _of_each(asked).items() & _of_each(frozen.key).items()]
    return frozen.table[frozen.table["method"].isin(same)].drop(columns=["dataset", "seed"])


def _of_each(key: Key) -> dict[str, str]:
    return key.code if isinstance(key.code, dict) else {"": key.code}


def freeze(result: Result) -> Path:
    """Write a computed result into results/, beside the other seeds of the same experiment if these fit it. The data package has to be
    written afterwards: `package.write`."""
    path = FROZEN / result.key.experiment / f"{result.key.dataset}.csv"
    others = [other for other in read_pair(path) if other.key == replace(result.key, seed=other.key.seed)]
    results = [result] + [other for other in others if other.key.seed != result.key.seed]
    write(*sorted(results, key=lambda r: r.key.seed), path=path)
    return path


def frozen_results() -> list[Result]:
    """Every frozen result, one for each seed."""
    return [result for path in tables(FROZEN) for result in read_all(path)]


def tables(folder: Path) -> list[Path]:
    """The tables in a folder such as results/, also those of which only the provenance is there; without what killed writers have
    left."""
    files = (path for path in folder.glob("*/*") if path.suffix in (".csv", ".json") and not path.name.startswith("."))
    return sorted({path.with_suffix(".csv") for path in files})


def write(*results: Result, path: Path) -> None:
    """Write results that differ only in the seed as one table, with their provenance and its checksum beside it.

    Both are written before either is put in its place: a full disk leaves both as they were, and a kill between the two moves
    leaves a pair that does not match.
    """
    text = _text(*results)
    about = {name: value for name, value in asdict(results[0].key).items() if name != "seed"}
    about |= {"sha256": sha256(text.encode()), "made": {str(result.key.seed): result.made for result in results}}
    about |= {"sha256_of_key": provenance.key_sum(about)}
    with atomic(path.with_suffix(".json")) as beside, atomic(path) as table:
        table.write_text(text, encoding="utf-8")
        beside.write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")


def _text(*results: Result) -> str:
    return pd.concat(result.table for result in results).to_csv(index=False, lineterminator="\n")


def read(path: Path, seed: int) -> Result | None:
    """The result of `seed` at `path`, None when it is not there; Damaged when it is damaged or was altered."""
    return next((result for result in read_all(path) if result.key.seed == seed), None)


def read_all(path: Path) -> list[Result]:
    """The results at `path`, one for each seed, none if a file is missing; Damaged, naming the file, when they were damaged or altered.

    Of a frozen table that is also so when a file is missing, or when the data package says something else of it.
    """
    return _read(path, provenance.check_copy)


def read_pair(path: Path) -> list[Result]:
    """The same from the two files alone, for what writes the data package afterwards."""
    return _read(path, lambda path, about: None)


def _read(path: Path, check: Callable[[Path, provenance.Provenance], None]) -> list[Result]:
    if (found := provenance.read(path)) is None:
        return []
    about, text = found
    check(path, about)
    table = pd.read_csv(io.BytesIO(text))
    return [
        Result(
            Key(about.experiment, about.dataset, int(seed), about.parameters, about.data, about.code),
            table[table["seed"] == int(seed)].reset_index(drop=True),
            made.model_dump(),
            "frozen",
        )
        for seed, made in about.made.items()
    ]


def key(
    experiment: str,
    dataset: str,
    seed: int,
    methods: Iterable[str] | None = None,
    function: str = "",
    **parameters: object,
) -> Key:
    """The key of an experiment on the network of `dataset` and `seed`; the classes and the training recipe are always part of it.

    methods: the posteriors that the rows are of, where they are. A part of an experiment, "<experiment>/<part>", is computed
    by another `function` of the experiment's folder.
    """
    return Key(
        experiment,
        dataset,
        seed,
        about(dataset) | parameters,
        data.fingerprint(dataset),
        code(experiment, methods, function),
    )


def about(dataset: str) -> dict:
    """What a data set's name says of the network: parameters of every result."""
    return {"classes": names.classes(dataset), "recipe": asdict(recipe_for(dataset))}


def code(experiment: str, methods: Iterable[str] | None = None, function: str = "") -> str | dict[str, str]:
    """The present code's digest, for each of the methods if there are any. Raises LookupError for an unknown experiment."""
    name = experiment.partition("/")[0]
    if methods is None:
        return digest.of_experiment(name, function=function)
    return {method: digest.of_experiment(name, method, function) for method in methods}


def why_stale(result: Result) -> str:
    """Why the result is not the present code's, "" if it is: it was made by other code, from other data or on networks
    that were trained otherwise."""
    key = result.key
    methods = result.table["method"].unique() if isinstance(key.code, dict) else None
    try:
        present = code(key.experiment, methods)
    except LookupError:
        return f"the package has no experiment {key.experiment}"
    reasons = []
    if isinstance(key.code, dict) and isinstance(present, dict):
        for method in present:
            if key.code.get(method) != present[method]:
                made = key.code.get(method)
                reasons.append(f"its code digest for {method} is {made}, the present code's is {present[method]}")
    elif key.code != present:
        reasons.append(f"its code digest is {key.code}, the present code's is {words(present)}")
    if key.data != data.fingerprint(key.dataset):
        reasons.append("it was made from other data")
    for what, now in about(key.dataset).items():
        if key.parameters.get(what) != now:
            reasons.append(f"its {what} recorded with it is not the present one")
    return "; ".join(reasons)


def words(code: str | dict[str, str]) -> str:
    """A digest, or one for each method, in a sentence."""
    return code if isinstance(code, str) else ", ".join(f"{digest} for {method}" for method, digest in code.items())
