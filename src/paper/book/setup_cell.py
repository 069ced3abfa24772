"""The first code cell of every notebook: it finds the book's code, or fetches the book's own version as on Colab.

First comes the checkout that the working folder is in, or a folder around it: who has changed it wants to see the change, whatever
else is installed. Then an installed one; then a clone at the version's tag, or of the main branch while the tag is not published.
It is cloned under a temporary name, so that what has the right name is whole, and never into another repository's work tree.
What is found sees to the libraries and says which it is: `paper.book.start`.
"""

from string import Template

import nbformat
from nbformat import NotebookNode

from paper.book import version

MARK = "# Where the book's code is"
TEXT = Template(f"""\
{MARK}: a checkout around this notebook, else an installed one, else a clone, as on Colab. The last line says which.
import importlib.util
import os
import runpy
import subprocess
import tempfile
from pathlib import Path

START = "src/paper/book/start.py"
around = [Path.cwd(), *Path.cwd().parents]
found = importlib.util.find_spec("paper")  # without an origin, it is some folder of that name
fetched = Path("$name").absolute()
places = [*around, *(Path(found.origin).parents if found and found.origin else []), fetched]
home = next((place for place in places if (place / START).is_file()), None)
if home is None:
    if fetched.exists() or any((place / ".git").exists() for place in around):
        fetched = Path(tempfile.mkdtemp(), fetched.name)
    with tempfile.TemporaryDirectory(prefix=".clone-", dir=fetched.parent) as part:
        clone = ["git", "clone", "--quiet", "--depth=1", "$url", f"{{part}}/clone"]
        if subprocess.run([*clone, "--branch=$tag"]).returncode:
            print("$tag is not there, taking the main branch")
            subprocess.run(clone, check=True)
        os.rename(f"{{part}}/clone", home := fetched)
runpy.run_path(str(home / START), run_name="__main__")""")


def source() -> str:
    """The cell's text: the repository's planned address and this version's tag, the same on every machine."""
    return TEXT.substitute(url=version.planned(), tag=version.TAG, name=f"pacbayes-curvature-{version.TAG}")


def inserted(notebook: NotebookNode) -> NotebookNode:
    """The notebook with the cell before its first code cell, in place of an older one. No page shows it."""
    cells = [cell for cell in notebook.cells if not cell.source.startswith(MARK)]
    first = next((index for index, cell in enumerate(cells) if cell.cell_type == "code"), len(cells))
    cell = nbformat.v4.new_code_cell(source(), metadata={"tags": ["remove-cell"]})
    notebook.cells = [*cells[:first], cell, *cells[first:]]
    return notebook
