"""`make mutants`, its end: what mutmut found, in tests/mutants.yml. A survivor's reason is written there by hand, and is kept as long as the
same change of the same line survives.

A module that was not tried to its end keeps what the file says of it.
"""

import os
from pathlib import Path

import yaml

FILE = Path(__file__).parent / "mutants.yml"
NEW = "not looked at"
HEAD = """\
# Written by `make mutants`: in how many ways mutmut changed the code of a module, how many of these tests/method noticed, and the others.
# The reasons are written by hand: why no test notices, or why none should.
"""
NOTICED = {"killed", "timeout", "segfault", "caught by type check"}


def tally(found: dict[str, list], before: dict) -> dict:
    """The file's contents: for each module its mutants, how many were noticed, and the survivors with the reasons of `before`.

    found: for each module its mutants, each (function, status, change) with mutmut's word for the status.
    """
    modules = dict(before)
    for module, mutants in found.items():
        if any(status == "not checked" for _, status, _ in mutants):
            continue
        known = {
            (each["function"], *each["change"]): each["reason"] for each in before.get(module, {}).get("survivors", [])
        }
        left = [(function, change) for function, status, change in mutants if status not in NOTICED]
        modules[module] = {
            "mutants": len(mutants),
            "killed": len(mutants) - len(left),
            "survivors": [
                {"function": function, "change": change, "reason": known.get((function, *change), NEW)}
                for function, change in left
            ],
        }
    return dict(sorted(modules.items()))


def change(diff: str) -> list[str]:
    """The lines that a unified diff takes away and adds, without their margins."""
    lines = [line for line in diff.splitlines()[2:] if line.startswith(("+", "-"))]
    return [f"{line[0]} {line[1:].strip()}" for line in lines]


def read() -> dict:
    """What the file says; nothing where there is none."""
    return yaml.safe_load(FILE.read_text(encoding="utf-8")) if FILE.exists() else {}


def main() -> None:
    """From mutants/, which `mutmut run` leaves."""
    from mutmut.mutation.data import SourceFileMutationData
    from mutmut.mutation.diff_apply import get_diff_for_mutant
    from mutmut.stats import status_by_exit_code

    os.chdir(FILE.parents[1])
    found = {}
    for meta in sorted(Path("mutants/src").rglob("*.py.meta")):
        path = meta.relative_to("mutants").with_suffix("")
        data = SourceFileMutationData(path=path)
        data.load()
        found[path.relative_to("src/pacbayes_curvature").with_suffix("").as_posix()] = [
            (
                name.rpartition(".")[2].partition("__mutmut_")[0][2:].replace("ǁ", "."),  # behind x_ or xǁ
                status,
                [] if status in NOTICED else change(get_diff_for_mutant(name, path=path)),
            )
            for name, code in data.exit_code_by_key.items()
            for status in [status_by_exit_code[code]]
        ]
    report = tally({module: mutants for module, mutants in found.items() if mutants}, read())
    FILE.write_text(HEAD + yaml.safe_dump(report, sort_keys=False, width=1000, allow_unicode=True), encoding="utf-8")
    for module, entry in report.items():
        new = sum(each["reason"] == NEW for each in entry["survivors"])
        print(f"{module}: {entry['killed']} of {entry['mutants']} noticed, {new} survivors not looked at")


if __name__ == "__main__":
    main()
