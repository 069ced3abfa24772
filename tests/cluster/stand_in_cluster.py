"""A cluster on this machine for snakemake's executor cluster-generic: every job is a process of its own session, which
outlives the process that submitted it.

    python tests/cluster/stand_in_cluster.py submit SCRIPT    starts the script and prints the job's id, the path of its folder
    python tests/cluster/stand_in_cluster.py status JOB       prints running, success or failed

A job's folder, in .snakemake/stand-in-cluster, holds a copy of the script, its log, its process id and in the end its
exit code.
"""

import fcntl
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

JOBS = Path(".snakemake", "stand-in-cluster")


def submit(script: Path) -> Path:
    JOBS.mkdir(parents=True, exist_ok=True)
    job = Path(tempfile.mkdtemp(dir=JOBS))
    shutil.copy(script, job / "script")
    with open(job / "lock", "w") as lock:
        # The job inherits the lock. The system gives it back with the job's last process, however that one ends.
        fcntl.flock(lock, fcntl.LOCK_EX)
        process = subprocess.Popen(
            ["sh", "-c", '"$0/script" > "$0/log" 2>&1; echo $? > "$0/exit"', job],
            start_new_session=True,
            pass_fds=[lock.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
    (job / "pid").write_text(str(process.pid))
    return job


def status(job: Path) -> str:
    with open(job / "lock") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return "running"
    ended = job / "exit"
    return "success" if ended.exists() and ended.read_text() == "0\n" else "failed"


if __name__ == "__main__":
    command, path = sys.argv[1:]
    print({"submit": submit, "status": status}[command](Path(path)))
