"""A file was damaged since it was written: the next run has the same numbers, or names the file and what helps.

What can be made again is, with a line that says so; what cannot is refused. Each case comes from its name and PACBAYES_FAULTS.
"""

import os
from functools import cache
from pathlib import Path
from random import Random

import pytest
from fault_files import KINDS, emptied, outcome

ROUNDS = 3  # of which the first is in `make test`, but for the kinds that are like others
LIKE_OTHERS = ("exploration, table", "counts, provenance", "reproduced table", "PDF")
SEED = os.environ.get("PACBAYES_FAULTS", "0")
REMEDIES = ("with git", "download ", "fetches", "delete it", "save", "needed")
CASES = [
    pytest.param(
        kind,
        name,
        number,
        marks=[pytest.mark.thorough] if number or kind in LIKE_OTHERS else [],
        id=f"{kind}-{name}-{number}",
    )
    for kind, about in KINDS.items()
    for name in about.damages
    for number in range(ROUNDS)
]


@cache
def sound(kind: str) -> tuple[dict[str, bytes], object]:
    """The files of a kind by name, and what the next run ends with. To be called in an empty workspace, which it leaves empty."""
    about = KINDS[kind]
    about.make()
    files = {str(path): path.read_bytes() for path in Path().rglob("*") if path.is_file()}
    found = about.read()
    emptied()
    return files, found


def put(files: dict[str, bytes]) -> None:
    for name, content in files.items():
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_bytes(content)


def the_one(pattern: str) -> Path:
    (path,) = Path().glob(pattern)
    return path


@pytest.mark.parametrize("kind, name, number", CASES)
def test_damaged(kind, name, number, capsys):
    about = KINDS[kind]
    files, expected = sound(kind)
    put(files)
    path, other = map(the_one, about.files)
    rng = Random(f"{SEED} {kind} {name} {number}")
    content = about.damages[name](path.read_bytes(), other.read_bytes(), rng)
    path.write_bytes(content)
    if name == "swap":
        other.write_bytes(files[str(path)])
    capsys.readouterr()
    found, error = outcome(about.read)
    if error is None:
        assert found == expected
        said = capsys.readouterr().out
        accepted = path.read_bytes() == content  # where the damage makes no difference
        assert not about.again or accepted or ("Made again: " in said and path.name in said)
    else:
        assert not about.again, f"it was not made again: {error}"
        assert path.name in error or (name == "swap" and other.name in error), error
        assert any(word in error for word in REMEDIES), error
        assert "\n" not in error.strip()


@pytest.mark.parametrize("kind", [kind for kind, about in KINDS.items() if about.files[0].endswith(".csv")])
def test_pairs_are_swapped(kind, capsys):
    """Table and provenance together, each of which fits the other."""
    about = KINDS[kind]
    files, expected = sound(kind)
    put(files)
    path, other = map(the_one, about.files)
    for suffix in (".csv", ".json"):
        one, two = path.with_suffix(suffix), other.with_suffix(suffix)
        one.write_bytes(files[str(two)]), two.write_bytes(files[str(one)])
    found, error = outcome(about.read)
    if about.again:
        assert (found, error) == (expected, None)
    else:
        assert f"{path} is training_run of mnist5: files were swapped. Restore it with git" in error


@pytest.mark.parametrize("gone, left", [(".csv", ".json"), (".json", ".csv")])
def test_half_a_frozen_pair_is_refused(gone, left):
    put(sound("frozen table")[0])
    path = the_one(KINDS["frozen table"].files[0])
    path.with_suffix(gone).unlink()
    for run in (KINDS["frozen table"].read, KINDS["frozen table"].make):
        assert f"{path.with_suffix(gone)} is missing" in outcome(run)[1]
        assert path.with_suffix(left).exists()
