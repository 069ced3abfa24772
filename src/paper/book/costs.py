"""What a chapter costs: wall time, processor time and memory of a run by itself, measured and frozen in book/costs.json.

    python -m paper.book.costs measure notebooks/NAME.md RECORD.json [-p NAME VALUE]...
    python -m paper.book.costs freeze build/costs

A record lies in build/costs/PROFILE/PAGE.json. PROFILE is "book", the pages with the book's parameters, or "smoke".
"""

import argparse
import datetime
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from paper.book import chapters, version
from paper.files import SEAL, Damaged, NotWritten, atomic, read_json, read_sealed, sealed
from paper.results import provenance

FROZEN = version.ROOT / "book" / "costs.json"
GIVEN = ("results", "benchmarks", "claims.yml")  # what a chapter finds beside the package; no networks, no data
PROFILES = ("book", "smoke")


def measure(source: Path, output: Path, options: list[str]) -> None:
    """Run a chapter as `make notebook` does, where nothing was computed before and no data are, and record what it cost.

    seconds: wall time; processor_seconds: of all its processes together; megabytes: peak resident memory of the largest
    process, the kernel; data: whether it asked for a data set that has to be downloaded. Raises chapters.Failed
    when the chapter fails. To be called from a small process: Linux counts the memory of the one that starts another.
    """
    with tempfile.TemporaryDirectory() as folder:
        for name in GIVEN:
            Path(folder, name).symlink_to(version.ROOT / name)
        environment = os.environ | {"PACBAYES_ROOT": folder, "PACBAYES_DATA": str(Path(folder, "data"))}
        command = [
            sys.executable,
            "-m",
            "paper.book.chapters",
            "run",
            str(source),
            f"{folder}/out.ipynb",
            *options,
        ]
        started = time.perf_counter()
        process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
        _, status, used = os.wait4(process.pid, 0)  # with the kernel, whose end the chapter's runner has awaited
        seconds = time.perf_counter() - started
        asked = Path(folder, "data").exists()  # where the download is put
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise chapters.Failed(f"{source} failed, see above")
    record = {
        "seconds": round(seconds, 1),
        "processor_seconds": round(used.ru_utime + used.ru_stime, 1),
        "megabytes": round(used.ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)),
        "data": asked,
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "machine": provenance.machine(),
    }
    with atomic(output) as part:
        part.write_text(json.dumps(record) + "\n", encoding="utf-8")


def freeze(folder: Path) -> None:
    """Write the records in `folder` into book/costs.json, in place of older ones of the same pages."""
    costs = read() if FROZEN.exists() else {profile: {} for profile in PROFILES}
    for profile in PROFILES:
        for path in sorted((folder / profile).glob("*.json")):
            costs[profile][path.stem] = read_json(path, "Delete it, and measure again with `make costs`")
    tables = [
        f' "{profile}": {{\n'
        + ",\n".join(f'  "{page}": {json.dumps(costs[profile][page])}' for page in sorted(costs[profile]))
        for profile in PROFILES
    ]
    seal = f' "{SEAL}": "{sealed(costs)[SEAL]}"'
    with atomic(FROZEN) as part:
        part.write_text("{\n" + "\n },\n".join(tables) + f"\n }},\n{seal}\n}}\n", encoding="utf-8")


def read() -> dict[str, dict[str, dict]]:
    """The frozen records: by profile, then by page. Raises Damaged where the file was altered."""
    return read_sealed(FROZEN, "Restore it with git, or delete it and measure again with `make costs`")


def main() -> None:
    """Parse the command line and measure a chapter or freeze the records."""
    parser = argparse.ArgumentParser(prog="python -m paper.book.costs", description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    one = commands.add_parser("measure", help="run one chapter and record what it cost; options as for chapters run")
    one.add_argument("source", type=Path)
    one.add_argument("output", type=Path)
    some = commands.add_parser("freeze", help="write the records into book/costs.json")
    some.add_argument("folder", type=Path)
    arguments, options = parser.parse_known_args()
    if arguments.command == "measure":
        measure(arguments.source, arguments.output, options)
    else:
        freeze(arguments.folder)


if __name__ == "__main__":
    try:
        main()
    except chapters.Failed as error:
        print(error, file=sys.stderr)
        sys.exit(error.exit_code)
    except (Damaged, NotWritten) as error:
        sys.exit(f"error: {error}")
