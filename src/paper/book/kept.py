"""What `make book`, `pdf` and `archive` have made, each with the checksums of its files, so that what is damaged is made again.

    python -m paper.book.kept build/html      after it was made

The checksums lie in build/sums. Snakemake looks at the dates of its files and not at what they hold.
"""

import json
import shutil
import sys
from collections.abc import Iterable
from pathlib import Path

from paper.files import Damaged, atomic, made_again, read_sealed, remove_left, sealed, sha256, whole

OWN = ".snakemake_timestamp"  # by which Snakemake dates a folder


def sums(made: Path) -> Path:
    """Where the checksums of a file or folder in build/ are: build/html -> build/sums/html.json."""
    build = next(folder for folder in made.parents if folder.name == "build")
    return build / "sums" / f"{made.relative_to(build)}.json"


def keep(made: Path) -> None:
    """Write the checksums of a file or folder as it is."""
    with atomic(sums(made)) as part:
        part.write_text(json.dumps(sealed(_of(made)), indent=1) + "\n", encoding="utf-8")


def check(made: Path) -> None:
    """Raise Damaged, naming the file, where something is not as it was made, is missing or is there besides; and where there are no
    checksums to tell."""
    remedy = "Run the same command again, and it is made again"
    try:
        kept = read_sealed(sums(made), remedy)
    except FileNotFoundError:
        raise Damaged(f"{made} has no checksums in {sums(made)}: its making was interrupted. {remedy}") from None
    found = _of(made)
    if different := sorted(name for name in kept.keys() | found.keys() if kept.get(name) != found.get(name)):
        more = f" and {len(different) - 1} more" if len(different) > 1 else ""
        raise Damaged(
            f"{made / different[0]}{more} is not as it was made, by {sums(made)}: it was altered or damaged. {remedy}"
        )


def discard_damaged(made: Iterable[Path]) -> None:
    """Remove those of these files and folders that are not as they were made, and say so; and what killed writers have left beside them."""
    for path in made:
        remove_left(path)
        remove_left(sums(path))
        try:
            check(path)
        except Damaged as error:
            made_again(path, error)
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()


def _of(made: Path) -> dict[str, str]:
    """SHA-256 by name, "" for a file itself."""
    if not made.is_dir():
        return {"": sha256(made.read_bytes())}
    files = (path for path in whole(made) if path.name != OWN)
    return {path.relative_to(made).as_posix(): sha256(path.read_bytes()) for path in files}


if __name__ == "__main__":
    keep(Path(sys.argv[1]))
