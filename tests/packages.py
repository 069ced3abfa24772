"""`make packages`: wheel and sdist are built, and README's example runs on each, installed by pip into an environment with nothing
else, in an empty folder."""

import os
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

from readme import CODE, check

ROOT = Path(__file__).parent.parent
PLAIN = {
    name: value for name, value in os.environ.items() if not name.startswith("PYTHON")
}  # without this folder's src


def main() -> None:
    """Raise CalledProcessError or AssertionError when one of the two does not do."""
    with tempfile.TemporaryDirectory() as folder:
        dist = Path(folder, "dist")
        subprocess.run(
            [sys.executable, "-m", "build", "--outdir", dist, ROOT], check=True, stdout=subprocess.DEVNULL, env=PLAIN
        )
        wheel, sdist = sorted(dist.glob("*.whl")), sorted(dist.glob("*.tar.gz"))
        assert len(wheel) == len(sdist) == 1, "one of each"
        for package in (*wheel, *sdist):
            home, empty = Path(folder, f"venv-{package.suffix}"), Path(folder, f"empty-{package.suffix}")
            empty.mkdir()
            venv.create(home, with_pip=True)
            python = home / "bin" / "python"
            subprocess.run([python, "-m", "pip", "install", "--quiet", package], cwd=empty, check=True, env=PLAIN)
            done = subprocess.run([python, "-I", "-c", CODE], cwd=empty, check=True, capture_output=True, text=True)
            check(done.stdout, next(home.glob("lib/python*/site-packages")))
            print(f"{package.name}: README's example runs")


if __name__ == "__main__":
    main()
