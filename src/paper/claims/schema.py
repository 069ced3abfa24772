"""What claims.yml says: the paper's sentences about its experiments, how each is read, and by which measure it is judged.

The classes are the file's form. What is wrong with the file is said all at once, each problem with the claim and the field.
"""

import inspect
import reprlib
from collections import Counter
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Literal

import yaml
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    NonNegativeInt,
    ValidationError,
    create_model,
    model_validator,
    with_config,
)
from typing_extensions import TypedDict

from paper import names
from paper.claims.measures import MEASURES
from paper.files import Damaged, sha256
from paper.results import records

CLAIMS = records.ROOT / "claims.yml"
END = "# SHA-256 of all lines above: "
STRICT = ConfigDict(extra="forbid", strict=True, frozen=True)

Words = Annotated[str, Field(min_length=1)]
Seeds = Annotated[list[NonNegativeInt], Field(min_length=1)]
Verdicts = with_config(STRICT)(TypedDict("Verdicts", {"reproduced": Words, "partly": Words, "not": Words}))


class Quote(BaseModel):
    """Words of the paper, and where they stand."""

    model_config = STRICT

    words: Words
    place: Words


class Qualified(BaseModel):
    """What a chapter adds to a verdict, in words that hold for the frozen results (tests/paper/claims/test_qualified.py)."""

    model_config = STRICT

    words: Words
    chapter: Words


class Tolerance(BaseModel):
    """The numbers of a tolerance, and the reason for them."""

    model_config = STRICT | {"extra": "allow"}
    __pydantic_extra__: dict[str, float]

    reason: Words

    @property
    def numbers(self) -> dict[str, float]:
        """The numbers by name."""
        return self.model_extra


class Reading(BaseModel):
    """text: the reading in words; call: {a name in MEASURES: its arguments}, to which come the numbers of the tolerance;
    needs: experiment -> data set -> seeds."""

    model_config = STRICT

    text: Words = Field(alias="reading")
    call: dict[Literal[tuple(MEASURES)], dict[str, Any]] = Field(alias="measure", min_length=1, max_length=1)
    tolerance: Tolerance
    needs: dict[Literal[tuple(names.EXPERIMENTS)], dict[Literal[tuple(names.DATASETS)], Seeds]]

    @property
    def measure(self) -> str:
        """The measure's name."""
        return next(iter(self.call))

    @property
    def arguments(self) -> dict[str, Any]:
        """What the measure is called with."""
        return self.call[self.measure] | self.tolerance.numbers

    @model_validator(mode="after")
    def _the_measure_takes_the_arguments(self):
        try:
            _arguments(self.measure).model_validate(self.arguments)
        except ValidationError as error:
            raise ValueError(f"measure {self.measure}: {'; '.join(_problems(error))}") from None
        return self

    @model_validator(mode="after")
    def _what_is_measured_is_needed(self):
        for experiment, datasets in self.needs.items():
            if unneeded := [name for name in _datasets(self.call[self.measure]) if name not in datasets]:
                raise ValueError(f"{unneeded[0]} is measured, and not among what is needed of {experiment}")
        return self


class Claim(Reading):
    """A sentence of the paper with its main reading; also: where it says so again; others: other readings, each with the
    main one's tolerance and needs unless it has its own; verdicts: what each of them means; by_construction: why our networks cannot
    but bear it out, so that it is not counted; group: the question that it is about, from the file's `groups`."""

    id: str = Field(pattern="^[a-z0-9-]+$")
    words: Words
    place: Words
    also: list[Quote] = []
    others: list[Reading] = []
    verdicts: Verdicts
    qualified: Qualified | None = None
    by_construction: Words | None = None
    group: Literal[""] = ""  # not in the file

    @property
    def quotes(self) -> list[tuple[str, str]]:
        """The paper's words and their place, the main ones first."""
        return [(quote.words, quote.place) for quote in (self, *self.also)]

    @model_validator(mode="before")
    @classmethod
    def _others_inherit(cls, entry: Any) -> Any:
        if not isinstance(entry, dict) or not isinstance(entry.get("others"), list):
            return entry
        shared = {name: entry[name] for name in ("tolerance", "needs") if name in entry}
        return entry | {"others": [shared | other if isinstance(other, dict) else other for other in entry["others"]]}


class Group(BaseModel):
    """A question, and the claims that say nearly the same about it."""

    model_config = STRICT

    question: Words
    claims: Annotated[list[Words], Field(min_length=1)]


class File(BaseModel):
    """claims.yml: the claims, their groups in the order of the page, and what they refer to by YAML anchors."""

    model_config = STRICT

    levels: Any = None
    sets: Any = None
    tolerances: Any = None
    groups: list[Group] = []
    claims: Annotated[list[Claim], Field(min_length=1)]

    @model_validator(mode="after")
    def _each_claim_is_in_one_group(self):
        placed = Counter(name for group in self.groups for name in group.claims)
        known = {claim.id for claim in self.claims}
        if unknown := sorted(set(placed) - known):
            raise ValueError(f"groups: there is no claim {unknown[0]}")
        if wrong := sorted(name for name in known if self.groups and placed[name] != 1):
            raise ValueError(f"groups: each claim is in one of them, {wrong[0]} in {placed[wrong[0]]}")
        return self

    def ordered(self) -> list[Claim]:
        """The claims group by group, as they stand if there are none."""
        named = {claim.id: claim for claim in self.claims}
        placed = [(group.question, name) for group in self.groups for name in group.claims]
        return [named[name].model_copy(update={"group": question}) for question, name in placed] or self.claims


def read(path: Path = CLAIMS) -> list[Claim]:
    """The claims in `path`, group by group; raises ValueError with every problem of the file, a line each, Damaged where it is not whole."""
    try:
        content = yaml.safe_load(_whole(path))
    except yaml.YAMLError as error:
        raise ValueError(f"{path.name}: {error}") from None
    ids = _ids(content)
    problems = [
        f"the id {name!r} is used {count} times" for name, count in Counter(filter(None, ids)).items() if count > 1
    ]
    try:
        found = File.model_validate(content).ordered()
    except ValidationError as error:
        problems += _problems(error, {("claims", number): name for number, name in enumerate(ids) if name})
    if problems:
        raise ValueError("\n".join(f"{path.name}: {problem}" for problem in problems))
    return found


def ended(text: str) -> str:
    """The text of claims.yml with its last line, the checksum of all lines above: without it a file that was cut between two claims would
    be one with fewer claims."""
    return f"{text}{END}{sha256(text.encode())}\n"


def _whole(path: Path) -> str:
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise Damaged(f"{path} was damaged ({error}). Restore it with git") from error
    lines = text.splitlines(keepends=True)
    content = "".join(lines[:-1] if lines and lines[-1].startswith(END) else lines)
    if ended(content).rstrip() != text.rstrip():
        raise Damaged(
            f"{path} was altered, cut off or damaged: its last line is not the checksum of those above. Restore it with git, or, if the "
            f"change is yours, let the last line be `{END}{sha256(content.encode())}`"
        )
    return content


def _ids(content: Any) -> list[str | None]:
    """The claims' ids as they stand, valid or not."""
    entries = content.get("claims") if isinstance(content, dict) else None
    if not isinstance(entries, list):
        return []
    return [str(entry["id"]) if isinstance(entry, dict) and entry.get("id") else None for entry in entries]


def _problems(error: ValidationError, names: Mapping[tuple, str] = MappingProxyType({})) -> list[str]:
    """A line for each error: where it is, what is valid there, and what was found; `names` are those of the claims."""
    lines = []
    for found in error.errors(include_url=False):
        place, got = found["loc"], f", got {reprlib.repr(found['input'])}"
        name = names.get(place[:2], "")
        field = ".".join(map(str, place[2:] if name else place))
        words = found["msg"].removeprefix("Value error, ") + (
            "" if found["type"] in ("missing", "value_error") else got
        )
        lines.append(": ".join(filter(None, [name, field, words])))
    return lines


@cache
def _arguments(name: str) -> type[BaseModel]:
    """What the measure `name` takes beside the tables, from its signature."""
    _, *parameters = inspect.signature(MEASURES[name]).parameters.values()
    return create_model(name, __config__=STRICT, **{p.name: (p.annotation, ...) for p in parameters})


def _datasets(arguments: dict) -> list[str]:
    pairs = [dataset for pair in arguments.get("pairs", []) for dataset in pair]
    return [*arguments.get("datasets", []), *pairs, *(arguments[key] for key in ("near", "far") if key in arguments)]
