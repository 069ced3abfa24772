"""The first code cell of every notebook: where the package is missing, as on Colab, it fetches the book's own version.

The package and the results come from a clone at the version's tag, or from the main branch while the tag is not published.
The libraries are taken as they are there, and only what is missing is installed: exact versions would replace Colab's
torch, which takes minutes and some GB, and its numpy, which asks for a restart. Frozen results are recognised by the code's
digest and are the same under all versions. What is computed live then differs by rounding at most; for exact versions
there are requirements.lock and the container.
"""

from string import Template

import nbformat
from nbformat import NotebookNode

from paper.book import version

MARK = "# Where the package is missing, as on Colab"
TEXT = Template(f"""\
{MARK}, this fetches it with the frozen results and installs the libraries that are not there.
import importlib.util

if importlib.util.find_spec("paper") is None:
    import importlib.metadata
    import os
    import subprocess
    import sys

    home = ".." if os.path.exists("../src/paper") else "pacbayes-curvature"
    if not os.path.exists(home):
        clone = ["git", "clone", "--quiet", "--depth=1", "$url", home]
        if subprocess.run([*clone, "--branch=$tag"]).returncode:
            print("$tag is not there, taking the main branch")
            subprocess.run(clone, check=True)
    install = [sys.executable, "-m", "pip", "install", "--quiet"]
    subprocess.run([*install, "--no-deps", "--ignore-requires-python", "--editable", home], check=True)
    importlib.invalidate_caches()
    needed = importlib.metadata.requires("pacbayes-curvature")
    own = [line for line in needed if "extra" not in line or "notebooks" in line.partition(";")[2]]
    subprocess.run([*install, *(line.partition(";")[0].partition("==")[0] for line in own)], check=True)
    sys.path.append(os.path.abspath(f"{{home}}/src"))""")


def source() -> str:
    """The cell's text: the repository's planned address and this version's tag, the same on every machine."""
    return TEXT.substitute(url=version.planned(), tag=version.TAG)


def inserted(notebook: NotebookNode) -> NotebookNode:
    """The notebook with the cell before its first code cell, in place of an older one. No page shows it."""
    cells = [cell for cell in notebook.cells if not cell.source.startswith(MARK)]
    first = next((index for index, cell in enumerate(cells) if cell.cell_type == "code"), len(cells))
    cell = nbformat.v4.new_code_cell(source(), metadata={"tags": ["remove-cell"]})
    notebook.cells = [*cells[:first], cell, *cells[first:]]
    return notebook
