"""The chapters as notebooks: their parameters, the pages made from them, and pairs of source and notebook that are in step.

A chapter is a MyST file, notebooks/NAME.md. Its pair NAME.ipynb has the same cells and no outputs, for papermill by hand
and for services that open notebooks only. Both are written as `jupytext --sync` has them, which then changes neither. Their
first code cell sees to the package, see `setup_cell`. One chapter is a page for each data set: each of these pages has a
notebook, too, made from the chapter.
"""

import ast
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import jupytext
import nbformat
import papermill
import yaml
from jupytext.config import JupytextConfiguration, load_jupytext_configuration_file
from nbformat import NotebookNode

from paper.book import parameters, setup_cell, version
from paper.files import atomic

KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}  # the name that services know
LANGUAGE = {"name": "python", "pygments_lexer": "ipython3"}
TEMPLATE = "appendix_dataset"  # the chapter that is a page for each data set
WIDGET = "application/vnd.jupyter.widget-view+json"  # without the state, which is not kept, it shows nothing
# The smoke profile: a chapter takes those of these parameters that it declares.
SMOKE = {"dataset": "digits", "grid_size": 5, "seeds": "0,1"}


class Refused(Exception):
    """The request cannot be met as it stands; the message says why, in one line."""

    exit_code = 2


@dataclass(frozen=True)
class Parameter:
    """One line `name: type = default  # help` of the cell tagged `parameters`."""

    type: type
    default: object
    help: str


def read(source: Path) -> NotebookNode:
    """The chapter in `source`, .md or .ipynb, without outputs and in canonical form: the same text, the same notebook.

    Raises Refused, naming the chapters there are, when it is not one of them.
    """
    if source.suffix not in (".md", ".ipynb") or not source.is_file():
        known = ", ".join(sorted(path.stem for path in source.parent.glob("*.md"))) or "none here"
        raise Refused(f"no chapter {source}; the chapters are: {known}")
    notebook = setup_cell.inserted(without_traces(jupytext.read(source)))
    metadata = {
        "jupytext": {"default_lexer": LANGUAGE["pygments_lexer"]},
        "kernelspec": KERNEL,
        "language_info": LANGUAGE,
    }
    notebook.metadata, notebook.nbformat, notebook.nbformat_minor = nbformat.from_dict(metadata), 4, 5
    notebook.cells = [cell for cell in notebook.cells if "injected-parameters" not in cell.metadata.get("tags", [])]
    for index, cell in enumerate(notebook.cells):
        cell.id = f"cell-{index}"
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
        cell.metadata = _in_order(cell.metadata)
    return notebook


def _in_order(about: object) -> object:
    """A cell's metadata with its names in their order, as notebooks are written, and every text of one paragraph: YAML puts
    empty lines into longer ones."""
    if isinstance(about, dict):
        return nbformat.from_dict({name: _in_order(about[name]) for name in sorted(about)})
    return " ".join(about.split()) if isinstance(about, str) else about


def pages(toc: Path = Path("_toc.yml")) -> dict[str, str]:
    """The notebooks that are pages of the book, in its order: the name of each with that of the chapter it is made from."""
    content = yaml.safe_load(toc.read_text(encoding="utf-8"))
    names = [file.removeprefix("notebooks/") for file in files(content) if file.startswith("notebooks/")]
    return {name: TEMPLATE if name.startswith("appendix_") else name for name in names}


def files(toc: Mapping) -> list[str]:
    """The files of a table of contents in its order; the pages below a chapter come after it."""
    chapters = [entry for part in toc["parts"] for entry in part["chapters"]]
    return [toc["root"], *(page["file"] for entry in chapters for page in (entry, *entry.get("sections", [])))]


def declared(notebook: NotebookNode) -> dict[str, Parameter]:
    """The chapter's parameters by name; none if it has no cell tagged `parameters`.

    Raises Refused for a type that is not one of `parameters.TYPES`.
    """
    found = {}
    for name, given in papermill.inspect_notebook(notebook).items():
        kind = given["inferred_type_name"]
        if kind not in parameters.TYPES:
            raise Refused(f"parameter {name} must be of type {', '.join(parameters.TYPES)}, got {kind}")
        found[name] = Parameter(parameters.TYPES[kind], ast.literal_eval(given["default"]), given["help"])
    return found


def smoke_values(source: Path) -> dict[str, object]:
    """The values of the smoke profile that the chapter has parameters for."""
    known = declared(read(source))
    return {name: value for name, value in SMOKE.items() if name in known}


def with_values(notebook: NotebookNode, values: Mapping[str, object]) -> NotebookNode:
    """The chapter with these values in place of the defaults, so that a page never shows both."""
    if values:
        cell = next(cell for cell in notebook.cells if "parameters" in cell.metadata.get("tags", []))
        cell.source = "\n".join(
            f"{name}: {known.type.__name__} = {values.get(name, known.default)!r}  # {known.help}".removesuffix("  # ")
            for name, known in declared(notebook).items()
        )
    return notebook


def with_title(notebook: NotebookNode, title: str) -> NotebookNode:
    """The chapter under another title: one that is several pages of the book needs one for each."""
    cell = next(cell for cell in notebook.cells if cell.cell_type == "markdown" and cell.source.startswith("# "))
    cell.source = "\n".join([f"# {title}", *cell.source.splitlines()[1:]])
    return notebook


def without_traces(notebook: NotebookNode) -> NotebookNode:
    """Drop what papermill and Jupyter record about the run and no reader needs."""
    for name in ("papermill", "widgets"):
        notebook.metadata.pop(name, None)
    for cell in notebook.cells:
        if cell.source.startswith(setup_cell.MARK):
            cell.outputs = []  # which folder the code is from
        for name in ("papermill", "execution"):
            cell.metadata.pop(name, None)
        if not cell.metadata.get("tags"):
            cell.metadata.pop("tags", None)  # papermill adds an empty list
        for output in cell.get("outputs", []):
            output.get("data", {}).pop(WIDGET, None)
    return notebook


def paired(folder: Path) -> dict[str, str]:
    """What the files in `folder` have to hold, by name: a source and a notebook for each chapter, and a notebook for each page
    made from the template."""
    files = {}
    for source in sorted(folder.glob("*.md")):
        files[source.name] = jupytext.writes(read(source), "md:myst", config=_jupytext())
        files[f"{source.stem}.ipynb"] = _text(read(source))
    if f"{TEMPLATE}.md" in files:
        for page in [page for page, chapter in pages().items() if chapter == TEMPLATE]:
            dataset = page.removeprefix("appendix_")
            made = with_title(with_values(read(folder / f"{TEMPLATE}.md"), {"dataset": dataset}), dataset.capitalize())
            made.metadata.jupytext.formats = "ipynb"  # it has no source of its own
            files[f"{page}.ipynb"] = _text(made)
    return files


def pair(folder: Path) -> None:
    """Write them, as far as they differ."""
    for name, text in paired(folder).items():
        path = folder / name
        if not path.is_file() or path.read_bytes() != text.encode():
            with atomic(path) as part:
                part.write_text(text, encoding="utf-8", newline="\n")


def _text(notebook: NotebookNode) -> str:
    return nbformat.writes(notebook) + "\n"


def _jupytext() -> JupytextConfiguration:
    return load_jupytext_configuration_file(str(version.ROOT / "jupytext.toml"))
