"""The pages that are notebooks show what they gave when they were executed: Sphinx reads the committed notebooks, which have no
outputs, and gets the executed ones in their place. What is missing or out of date is executed first, by the flow of the
Snakefile, so that `jupyter-book build .` gives the same pages as `make book`."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from sphinx.application import Sphinx

from paper import environment

FOLDER = Path("build", "executed")


def _execute(app: Sphinx) -> None:
    # `make book` calls Sphinx from within this flow, which then has nothing left to do, and has locked the folder.
    # Snakemake's own "all" knows of no quota, and would start a kernel for each core of a large machine.
    cores = str(environment.cores())
    flow = [sys.executable, "-m", "snakemake", "--nolock", "--cores", cores, "--quiet", "rules", "--", "pages"]
    # A profile that the user's shell names would send the pages to a cluster's queue.
    if subprocess.run(flow, cwd=app.srcdir, env=environment.own(os.environ)).returncode:
        # Not an exception: Jupyter Book would bury it in two tracebacks.
        sys.exit("The book was not built, since a notebook could not be executed: see above.")


def _executed(app: Sphinx, page: str) -> Path:
    return Path(app.srcdir, FOLDER, f"{page.removeprefix('notebooks/')}.ipynb")


def _read(app: Sphinx, page: str, content: list[str]) -> None:
    if page.startswith("notebooks/"):
        content[0] = _executed(app, page).read_text(encoding="utf-8")
        app.env.note_dependency(str(_executed(app, page)))


def _copy_for_download(app: Sphinx, exception: Exception | None) -> None:
    if exception is None:
        for path in Path(app.outdir, "_sources", "notebooks").glob("*.ipynb"):
            shutil.copy2(_executed(app, path.stem), path)


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("builder-inited", _execute)
    app.connect("source-read", _read)
    app.connect("build-finished", _copy_for_download)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
