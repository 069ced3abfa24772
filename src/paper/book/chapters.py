"""Runs one chapter by papermill, with checked parameters, and keeps the notebooks in step with their sources.

    python -m paper.book.chapters run notebooks/NAME.md [OUTPUT.ipynb] [-p NAME VALUE]...
    python -m paper.book.chapters pair

A chapter is a MyST file, notebooks/NAME.md. Its pair NAME.ipynb has the same cells and no outputs, for papermill by hand
and for services that open notebooks only. Before them comes a cell that sees to the package, see `setup_cell`. One chapter
is a page for each data set: each of these pages has a notebook, too, made from the chapter. An executed chapter shows the
values it ran with in its parameters cell, and holds nothing that differs between two runs with the same results: no times,
paths, random ids or widget states.
"""

import argparse
import ast
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import jupytext
import nbformat
import papermill
import yaml
from nbclient.exceptions import DeadKernelError
from nbformat import NotebookNode

from paper.book import parameters, setup_cell
from paper.files import atomic

KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
LANGUAGE = {"name": "python", "pygments_lexer": "ipython3"}
TEMPLATE = "appendix_dataset"  # the chapter that is a page for each data set
WIDGET = "application/vnd.jupyter.widget-view+json"  # without the state, which is not kept, it shows nothing
# The smoke profile: a chapter takes those of these parameters that it declares.
SMOKE = {"dataset": "digits", "grid_size": 5, "seeds": "0,1"}
COLOUR = re.compile(r"\x1b\[[0-9;]*m")


class Refused(Exception):
    """The request cannot be met as it stands; the message says why, in one line."""

    exit_code = 2


class Failed(Exception):
    """A cell of the chapter failed; the message ends with one line that says which and how."""

    exit_code = 1


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
    notebook = setup_cell.inserted(jupytext.read(source))
    notebook.metadata = nbformat.from_dict({"kernelspec": KERNEL, "language_info": LANGUAGE})
    for index, cell in enumerate(notebook.cells):
        cell.id = f"cell-{index}"
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return notebook


def pages(toc: Path = Path("_toc.yml")) -> dict[str, str]:
    """The notebooks that are pages of the book, in its order: the name of each with that of the chapter it is made from."""
    content = yaml.safe_load(toc.read_text(encoding="utf-8"))
    files = [content["root"], *(entry["file"] for part in content["parts"] for entry in part["chapters"])]
    names = [file.removeprefix("notebooks/") for file in files if file.startswith("notebooks/")]
    return {name: TEMPLATE if name.startswith("appendix_") else name for name in names}


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


def run(source: Path, output: Path, texts: Mapping[str, str]) -> None:
    """Execute the chapter with the values in `texts`; `output` is written whole, and only if no cell failed.

    Raises Refused for parameters that are unknown or invalid, before any work, and Failed when a cell fails.
    """
    notebook = read(source)
    types = {name: parameter.type for name, parameter in declared(notebook).items()}
    values = parameters.read(types, texts)
    try:
        parameters.validate(types, values)
    except ValueError as error:
        raise Refused(f"{source.stem}: {error}") from None

    executed = _executed(with_values(notebook, values), source)
    with atomic(output) as part:
        nbformat.write(executed, part)


def paired(folder: Path) -> dict[str, NotebookNode]:
    """What the notebooks in `folder` have to be, by name: one for each chapter, and one for each page made from the template."""
    notebooks = {source.stem: read(source) for source in sorted(folder.glob("*.md"))}
    if TEMPLATE in notebooks:
        for page in [page for page, chapter in pages().items() if chapter == TEMPLATE]:
            dataset = page.removeprefix("appendix_")
            made = with_values(read(folder / f"{TEMPLATE}.md"), {"dataset": dataset})
            notebooks[page] = with_title(made, dataset.capitalize())
    return notebooks


def pair(folder: Path) -> None:
    """Write them."""
    for name, notebook in paired(folder).items():
        with atomic(folder / f"{name}.ipynb") as part:
            nbformat.write(notebook, part)


def _executed(notebook: NotebookNode, source: Path) -> NotebookNode:
    try:
        executed = papermill.execute_notebook(
            notebook,
            None,
            kernel_name=KERNEL["name"],
            progress_bar=sys.stderr.isatty(),
            shutdown_kernel="immediate",  # the slow way interrupts an idle kernel, which then may report an error
        )
    except papermill.PapermillExecutionError as error:
        traceback = "\n".join(error.traceback)
        traceback = traceback if sys.stderr.isatty() else COLOUR.sub("", traceback)
        raise Failed(f"{traceback}\n{source}: cell {error.exec_count} failed, {error.ename}: {error.evalue}") from None
    except DeadKernelError:
        raise Failed(f"{source}: the kernel died; did the machine run out of memory?") from None
    for cell in executed.cells:
        for output in cell.get("outputs", []):
            if output.output_type == "error":  # papermill accepts SystemExit, and cells that are allowed to raise
                raise Failed(f"{source}: cell {cell.execution_count} failed, {output.ename}: {output.evalue}")
    return _without_traces(executed)


def _without_traces(notebook: NotebookNode) -> NotebookNode:
    """Drop what papermill and Jupyter record about the run and no reader needs."""
    for name in ("papermill", "widgets"):
        notebook.metadata.pop(name, None)
    for cell in notebook.cells:
        for name in ("papermill", "execution"):
            cell.metadata.pop(name, None)
        if not cell.metadata.get("tags"):
            cell.metadata.pop("tags", None)  # papermill adds an empty list
        for output in cell.get("outputs", []):
            output.get("data", {}).pop(WIDGET, None)
    return notebook


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m paper.book.chapters", description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    one = commands.add_parser("run", help="execute one chapter")
    one.add_argument("source", type=Path, help="notebooks/NAME.md or .ipynb")
    one.add_argument("output", type=Path, nargs="?", help="default: build/notebooks/NAME.ipynb")
    one.add_argument("-p", nargs=2, action="append", default=[], metavar=("NAME", "VALUE"), help="a parameter's value")
    commands.add_parser("pair", help="write notebooks/*.ipynb")
    return parser.parse_args()


def main() -> None:
    """The command line."""
    arguments = _arguments()
    if arguments.command == "pair":
        pair(Path("notebooks"))
        return
    output = arguments.output or Path("build/notebooks", arguments.source.stem + ".ipynb")
    run(arguments.source, output, dict(arguments.p))
    print(f"Executed notebook: {output}")


if __name__ == "__main__":
    try:
        main()
    except (Refused, Failed) as error:
        print(error, file=sys.stderr)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(130)  # as the shell has it; make says "Interrupt"
