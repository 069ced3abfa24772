"""How many cores a run takes: as many as the machine, its control groups and its processor mask leave."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from paper import environment

ROOT = Path(__file__).parents[2]
FILE = "src/paper/environment.py"


@pytest.mark.parametrize(
    "groups, files, number",
    [
        ("0::/", {"cpu.max": "max 100000"}, 8),
        ("0::/", {"cpu.max": "200000 100000"}, 2),
        ("0::/", {"cpu.max": "250000 100000"}, 2),
        ("0::/", {"cpu.max": "50000 100000"}, 1),
        ("0::/a/b", {"a/cpu.max": "300000 100000", "a/b/cpu.max": "max 100000"}, 3),
        ("0::/a/b", {"a/cpu.max": "300000 100000", "a/b/cpu.max": "100000 100000"}, 1),
        ("4:cpu,cpuacct:/a", {"cpu/a/cpu.cfs_quota_us": "400000", "cpu/a/cpu.cfs_period_us": "100000"}, 4),
        ("4:cpu,cpuacct:/a", {"cpu/a/cpu.cfs_quota_us": "-1", "cpu/a/cpu.cfs_period_us": "100000"}, 8),
        ("4:memory:/a", {"cpu.max": "100000 100000"}, 8),
        ("0::/", {"cpu.max": "nonsense"}, 8),
        ("", {}, 8),
    ],
)
def test_a_quota_bounds_the_number_of_cores(tmp_path, groups, files, number):
    (tmp_path / "of").write_text(groups)
    for name, text in files.items():
        path = tmp_path / "groups" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    assert environment.cores(8, tmp_path / "groups", tmp_path / "of") == number
    assert environment.cores(8, tmp_path / "nowhere", tmp_path / "nowhere") == 8


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="no affinity on this system")
def test_a_processor_mask_bounds_the_number_of_cores():
    one = min(os.sched_getaffinity(0))
    code = f"import os; os.sched_setaffinity(0, [{one}]); os.execv({sys.executable!r}, ['python', '-I', {FILE!r}, 'cores'])"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True).stdout == "1\n"
