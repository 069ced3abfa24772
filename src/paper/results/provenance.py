"""Where a result comes from: what made it, the versions and the machine; and the file beside its table that says so.

Without pandas and torch: the Snakefile looks with it whether what was computed is whole.
"""

import json
import os
import platform
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from paper import names
from paper.files import Damaged, made_again, read_json, sha256

LIBRARIES = ("torch", "numpy", "scipy", "pandas")
STRICT = ConfigDict(extra="forbid", strict=True, frozen=True)
RESTORE = "Restore it with git, or delete it and its table and compute them again with `make reproduce`"
PACKAGE = "datapackage.json"  # of results/, a second copy of all that is said beside its tables


class Made(BaseModel):
    """How one seed was computed: the day, the wall time in seconds, the versions and the machine."""

    model_config = STRICT

    date: str = Field(pattern=r"^\d{4}-\d\d-\d\d$")
    seconds: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    versions: dict[str, str]
    machine: dict[str, str | int | None]


class Provenance(BaseModel):
    """What lies beside a table: what it is of, by `records.Key`, the SHA-256 of the table, and by seed how it was made.

    sha256_of_key: `key_sum`, which older files lack.
    """

    model_config = STRICT

    experiment: str
    dataset: str
    parameters: dict[str, Any]
    data: dict[str, str]
    code: str | dict[str, str]
    sha256: str
    made: Annotated[dict[Annotated[str, Field(pattern=r"^(0|[1-9]\d*)$")], Made], Field(min_length=1)]
    sha256_of_key: str | None = None

    @model_validator(mode="after")
    def _it_is_of_this_key(self):
        if self.sha256_of_key not in (None, key_sum(self.model_dump())):
            raise ValueError("what it is of does not match sha256_of_key")
        return self


def key_sum(about: dict) -> str:
    """SHA-256 of what a `Provenance` says its table is of. Days and times are not in it, so that two runs have the same."""
    parts = [about[name] for name in ("experiment", "dataset", "parameters", "data", "code", "sha256")]
    return sha256(json.dumps([*parts, sorted(about["made"])], sort_keys=True).encode())


def read(path: Path) -> tuple[Provenance, bytes] | None:
    """What is said of the table at `path`, and its text; None where a file is missing. Raises Damaged, naming the file, where one of
    the two was altered or is not what its place says; a frozen table also where the other file is missing."""
    beside = path.with_suffix(".json")
    if missing := [each for each in (path, beside) if not each.exists()]:
        if len(missing) == 1 and _is_frozen(path):
            raise Damaged(f"{missing[0]} is missing beside the other file of its pair. {RESTORE}")
        return None
    about, text = _provenance(beside), path.read_bytes()
    if sha256(text) != about.sha256 == sha256(text.replace(b"\r\n", b"\n")):
        raise Damaged(
            f"{path} has Windows' line ends, which git put there (core.autocrlf), and so does not match its checksum in "
            f"{beside.name}. In a folder without changes of your own: `git config core.autocrlf false`, `git rm --cached -rq .`, "
            "`git reset --hard`"
        )
    if sha256(text) != about.sha256:
        raise Damaged(
            f"{path} does not match its checksum in {beside.name}: it was altered or damaged. "
            "Restore it with git, or delete both and compute them again with `make reproduce`"
        )
    if _is_frozen(path) and (about.experiment, about.dataset) != (path.parent.name, path.stem):
        raise Damaged(f"{path} is {about.experiment} of {about.dataset}: files were swapped. {RESTORE}")
    return about, text


def check_copy(path: Path, about: Provenance) -> None:
    """Raise Damaged where the data package around a frozen table has other words of it than the file beside it."""
    package = path.parents[1] / PACKAGE
    if not _is_frozen(path) or not package.exists():
        return
    remedy = "Restore both with git, or, after an interrupted `make freeze`, run it again"
    try:
        listed = {each["path"]: each for each in read_json(package, remedy)["resources"]}
        copy = listed[f"{about.experiment}/{about.dataset}.csv"]
        made = {
            str(each["seed"]): {name: each[name] for name in each if name != "seed"}
            for each in copy["produced"]["seeds"]
        }
        parts = {name: copy["produced"][name] for name in ("parameters", "code")}
        copied = parts | {
            "data": copy["sources"][0]["fingerprint"],
            "sha256": copy["hash"].removeprefix("sha256:"),
            "made": made,
        }
    except (KeyError, TypeError, IndexError, AttributeError) as error:
        raise Damaged(f"{package} says nothing, or not all, of {path.parent.name}/{path.name}. {remedy}") from error
    if copied != about.model_dump(include=set(copied)):
        raise Damaged(f"{path.with_suffix('.json')} and {package} differ: one of them was altered or damaged. {remedy}")


def discard_damaged(paths: Iterable[Path]) -> None:
    """Remove those of these computed tables that are damaged, each with the file beside it, and say so."""
    for path in paths:
        try:
            read(path)
        except Damaged as error:
            made_again(path, error)
            for each in (path, path.with_suffix(".json")):
                each.unlink(missing_ok=True)


def _is_frozen(path: Path) -> bool:
    """Whether the path is one of results/."""
    return path.parent.name in names.EXPERIMENTS and path.stem in names.DATASETS


def _provenance(path: Path) -> Provenance:
    content = read_json(path, RESTORE)
    try:
        return Provenance.model_validate(content)
    except ValidationError as error:
        first, *more = error.errors(include_url=False)
        place = ".".join(map(str, first["loc"]))
        others = f", and {len(more)} more" if more else ""
        raise Damaged(f"{path}: {place}: {first['msg']}{others}: it was altered or damaged. {RESTORE}") from None


def versions() -> dict[str, str]:
    """Versions of Python, of this package and of the libraries that a number can depend on."""
    return {"python": platform.python_version()} | {name: version(name) for name in ("pacbayes-curvature", *LIBRARIES)}


def machine() -> dict[str, str | int]:
    """The kind of machine: the processor's architecture and model, the operating system, the number of cores.

    With another model sums may be rounded otherwise; the trained network is the same.
    """
    return {
        "processor": platform.machine(),
        "processor_model": _model(),
        "system": platform.system(),
        "cores": os.cpu_count(),
    }


def _model() -> str:
    """The processor's name and widest vectors where the system tells, else what Python knows."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text(encoding="utf-8").splitlines() if cpuinfo.exists() else []
    fields = dict(
        map(str.strip, line.split(":", 1)) for line in reversed(lines) if ":" in line
    )  # the first processor's
    vectors = [name.upper() for name in ("avx512f", "avx2") if name in fields.get("flags", "").split()]
    return ", ".join([fields.get("model name", platform.processor()), *vectors[:1]])
