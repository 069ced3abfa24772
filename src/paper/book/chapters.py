"""Runs one chapter by papermill, with checked parameters, and keeps the pairs of notebooks in step.

    python -m paper.book.chapters run notebooks/NAME.md [OUTPUT.ipynb] [-p NAME VALUE]... [--title TITLE]
    python -m paper.book.chapters pair

A chapter is a MyST file, notebooks/NAME.md. Its pair NAME.ipynb has the same cells and no outputs, for papermill by hand
and for services that open notebooks only. Before them comes a cell that sees to the package, see `setup_cell`. An executed
chapter shows the values it ran with in its parameters cell, and holds nothing that differs between two runs with the same
results: no times, paths, random ids or widget states.
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
from nbformat import NotebookNode

from paper.book import parameters, setup_cell
from paper.files import atomic

KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
LANGUAGE = {"name": "python", "pygments_lexer": "ipython3"}
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


def declared(notebook: NotebookNode) -> dict[str, Parameter]:
    """The chapter's parameters by name; none if it has no cell tagged `parameters`.

    Raises Refused for a type that is not one of `parameters.TYPES`.
    """
    found = {}
    for statement, line in _declarations(notebook):
        name, kind = statement.target.id, ast.unparse(statement.annotation)
        if kind not in parameters.TYPES:
            raise Refused(f"parameter {name} must be of type {', '.join(parameters.TYPES)}, got {kind}")
        help_ = line[statement.end_col_offset :].decode().partition("#")[2].strip()
        found[name] = Parameter(parameters.TYPES[kind], ast.literal_eval(statement.value), help_)
    return found


def smoke_values(source: Path) -> dict[str, object]:
    """The values of the smoke profile that the chapter has parameters for."""
    known = declared(read(source))
    return {name: value for name, value in SMOKE.items() if name in known}


def with_values(notebook: NotebookNode, values: Mapping[str, object]) -> NotebookNode:
    """The chapter with these values in place of the defaults, so that a page never shows both."""
    cell = _parameters_cell(notebook)
    if cell is None:
        return notebook
    lines = cell.source.splitlines()
    for statement, line in _declarations(notebook):
        if statement.target.id in values:
            start, end = statement.value.col_offset, statement.value.end_col_offset
            new = line[:start] + repr(values[statement.target.id]).encode() + line[end:]
            lines[statement.lineno - 1] = new.decode()
    cell.source = "\n".join(lines)
    return notebook


def with_title(notebook: NotebookNode, title: str) -> NotebookNode:
    """The chapter under another title: one that is executed for several pages of the book needs one for each."""
    cell = next(cell for cell in notebook.cells if cell.cell_type == "markdown" and cell.source.startswith("# "))
    cell.source = "\n".join([f"# {title}", *cell.source.splitlines()[1:]])
    return notebook


def run(source: Path, output: Path, texts: Mapping[str, str], title: str | None = None) -> None:
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

    if title:
        notebook = with_title(notebook, title)
    executed = _executed(with_values(notebook, values), source)
    with atomic(output) as part:
        nbformat.write(executed, part)


def pair(folder: Path) -> None:
    """Write NAME.ipynb for each NAME.md in `folder`."""
    for source in sorted(folder.glob("*.md")):
        with atomic(source.with_suffix(".ipynb")) as part:
            nbformat.write(read(source), part)


def _parameters_cell(notebook: NotebookNode) -> NotebookNode | None:
    return next((cell for cell in notebook.cells if "parameters" in cell.metadata.get("tags", [])), None)


def _declarations(notebook: NotebookNode) -> list[tuple[ast.AnnAssign, bytes]]:
    """Annotated assignments with their line, in bytes because ast counts columns in them."""
    cell = _parameters_cell(notebook)
    if cell is None:
        return []
    lines = cell.source.splitlines()
    statements = [node for node in ast.parse(cell.source).body if isinstance(node, ast.AnnAssign)]
    return [(node, lines[node.lineno - 1].encode()) for node in statements]


def _executed(notebook: NotebookNode, source: Path) -> NotebookNode:
    # Imported here because they take longer to load than a refusal to print.
    import papermill
    from nbclient.exceptions import DeadKernelError

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
    one.add_argument("--title", help="the page's title, in place of the chapter's")
    commands.add_parser("pair", help="write the .ipynb beside each notebooks/NAME.md")
    return parser.parse_args()


def main() -> None:
    """The command line."""
    arguments = _arguments()
    if arguments.command == "pair":
        pair(Path("notebooks"))
        return
    output = arguments.output or Path("build/notebooks", arguments.source.stem + ".ipynb")
    run(arguments.source, output, dict(arguments.p), arguments.title)
    print(f"Executed notebook: {output}")


if __name__ == "__main__":
    try:
        main()
    except (Refused, Failed) as error:
        print(error, file=sys.stderr)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(130)  # as the shell has it; make says "Interrupt"
