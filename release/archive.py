"""The supplementary archive: the PDF, the site, the executed notebooks, the results and the sources, with checksums.

    python -m release.archive build/pacbayes-curvature-VERSION.zip
    python -m release.archive --check      only says whether it could be made

The same sources give the same bytes, whenever and in whichever folder it is made, with the same zlib: the files are in the
order of their names and have the date of the version.
"""

import argparse
import datetime
import fnmatch
import io
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from paper import experiments
from paper.book import kept, version
from paper.files import Damaged, atomic, sha256, whole
from paper.results import package

NAME = f"pacbayes-curvature-{version.VERSION}"
TOP = ("LICENSE", "LICENSE-text", "CITATION.cff")
SUMS = "SHA256SUMS"


class Refused(Exception):
    """The archive cannot be made; the message says why, in one line."""


@dataclass(frozen=True)
class File:
    data: bytes
    executable: bool = False


def make(root: Path, output: Path) -> None:
    """Write the archive of the project in `root`, whose book and PDF are built. Raises Refused when something is missing."""
    check(root)
    files = contents(root)
    sums = "".join(f"{sha256(file.data)}  {name}\n" for name, file in sorted(files.items()))
    files[SUMS] = File(sums.encode())
    date = datetime.date.fromisoformat(version.citation()["date-released"])
    with atomic(output) as part, zipfile.ZipFile(part, "w") as archive:
        for name, file in sorted(files.items()):
            entry = zipfile.ZipInfo(f"{NAME}/{name}", (date.year, date.month, date.day, 0, 0, 0))
            entry.create_system = 3  # Unix, whose modes these are, on every system
            entry.external_attr = (0o100755 if file.executable else 0o100644) << 16
            archive.writestr(entry, file.data, zipfile.ZIP_DEFLATED, compresslevel=9)


def check(root: Path) -> None:
    """Raise Refused when git has changes that no commit holds: the archive's sources would not be those of its pages."""
    if (root / ".git").exists() and (changed := _git(root, "status", "--porcelain").decode().splitlines()):
        more = f" and {len(changed) - 1} more" if len(changed) > 1 else ""
        raise Refused(
            f"{changed[0][3:]}{more} not committed: commit or remove, since the archive holds the sources of a commit"
        )


def contents(root: Path) -> dict[str, File]:
    """The archive's files by name, SHA256SUMS apart."""
    files = {f"source/{name}": file for name, file in _sources(root)}
    for target, folder in (("site", "build/html"), ("executed", "build/executed"), ("results", "results")):
        found = whole(root / folder)
        if not found:
            raise Refused(f"{folder} is not there: run `make archive`, which makes it")
        files |= {f"{target}/{path.relative_to(root / folder).as_posix()}": File(path.read_bytes()) for path in found}
    pdf = root / "build" / f"{NAME}.pdf"
    if not pdf.is_file():
        raise Refused(f"build/{NAME}.pdf is not there: run `make archive`, which makes it")
    for made in (root / "build" / "html", pdf, *(root / "build" / "executed").iterdir()):
        kept.check(made)
    files[pdf.name] = File(pdf.read_bytes())
    files |= {name: File((root / name).read_bytes()) for name in TOP}
    text = Path(__file__).with_name("archive.md").read_text(encoding="utf-8")
    files["README.md"] = File(text.replace("{name}", NAME).replace("{edition}", version.label()).encode())
    return files


def _sources(root: Path) -> Iterator[tuple[str, File]]:
    """The files of the commit; where there is no git, since this was unpacked from an archive, all that git would keep."""
    if (root / ".git").exists():
        with tarfile.open(fileobj=io.BytesIO(_git(root, "archive", "--format=tar", "HEAD"))) as tar:
            for member in tar:
                if member.isfile():
                    yield member.name, File(tar.extractfile(member).read(), bool(member.mode & 0o100))
        return
    ignored = [line.rstrip("/") for line in (root / ".gitignore").read_text().split()]
    for path in whole(root):
        name = path.relative_to(root)
        if not any(fnmatch.fnmatch(part, pattern) for part in name.parts for pattern in ignored):
            yield name.as_posix(), File(path.read_bytes(), bool(path.stat().st_mode & 0o100))


def _git(root: Path, *arguments: str) -> bytes:
    return subprocess.run(["git", "-C", root, *arguments], capture_output=True, check=True).stdout


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m release.archive", description=__doc__.splitlines()[0])
    parser.add_argument("output", type=Path, nargs="?")
    parser.add_argument("--check", action="store_true", help="only say whether it could be made")
    given = parser.parse_args()
    try:
        if given.check:
            check(Path())
        elif given.output is None:
            parser.error("output is needed")
        else:
            package.read(Path("results"), experiments.tables())
            make(Path(), given.output)
            print(f"{sha256(given.output.read_bytes())}  {given.output}")
    except (Refused, Damaged, OSError) as error:
        print(f"make archive: {error}", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
