"""One run at a time: who comes second waits, and a lock ends with its process."""

import fcntl
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

from paper import environment

ROOT = Path(__file__).parents[2]
HOLD = """
import sys, time
from pathlib import Path
from paper import environment
with environment.locked(Path(sys.argv[1]), "waiting"):
    print("held", flush=True)
    time.sleep(float(sys.argv[2]))
"""


def test_a_lock_is_waited_for_and_ends_with_its_process(tmp_path):
    command, path = [sys.executable, "-c", HOLD, tmp_path / "lock"], tmp_path / "lock"
    first = subprocess.Popen([*command, "600"], stdout=subprocess.PIPE, text=True)
    assert first.stdout.readline() == "held\n"
    second = subprocess.Popen([*command, "0"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert second.stderr.readline() == "waiting\n" and second.poll() is None
    first.send_signal(signal.SIGKILL)
    assert second.communicate()[0] == "held\n" and second.returncode == 0
    first.communicate()
    assert path.exists()


def test_without_locks_it_goes_on(tmp_path, monkeypatch):
    def none(*arguments):
        raise OSError(37, "No locks available")

    monkeypatch.setattr(fcntl, "flock", none)
    os.close(environment.hold(tmp_path / "lock", "waiting"))


def test_a_run_of_the_flow_waits_for_another_one_and_its_own_jobs_do_not(tmp_path):
    tree = tmp_path / "tree"
    shutil.copytree(ROOT, tree, ignore=shutil.ignore_patterns(".*", "build", "data", "*.egg-info", "__pycache__"))
    shown = {name: value for name, value in os.environ.items() if name != "PACBAYES_FLOW"} | {
        "PYTHONPATH": str(tree / "src")
    }
    command = [sys.executable, "-m", "snakemake", "--cores", "1", "--list-rules"]

    def start(**more):
        return subprocess.Popen(
            command, cwd=tree, env=shown | more, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    held = environment.hold(tree / ".snakemake" / "book.lock", "")
    waiting = start()
    assert any("Another run of the book is at work in this folder" in line for line in waiting.stderr)
    job = start(PACBAYES_FLOW="book")
    assert "page" in job.communicate()[0] and job.returncode == 0
    assert waiting.poll() is None
    os.close(held)
    assert "page" in waiting.communicate()[0] and waiting.returncode == 0
