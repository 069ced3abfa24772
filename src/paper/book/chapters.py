"""Runs one chapter by papermill, with checked parameters, and keeps the notebooks in step with their sources.

    python -m paper.book.chapters run notebooks/NAME.md [OUTPUT.ipynb] [-p NAME VALUE]... [--options="-p NAME VALUE ..."]
    python -m paper.book.chapters pair

A chapter is a MyST file, notebooks/NAME.md. Its pair NAME.ipynb has the same cells and no outputs, for papermill by hand
and for services that open notebooks only. Both are written as `jupytext --sync` has them, which then changes neither. Their
first code cell sees to the package, see `setup_cell`. One chapter is a page for each data set: each of these pages has a
notebook, too, made from the chapter. An executed chapter shows the
values it ran with in its parameters cell, and holds nothing that differs between two runs with the same results: no times,
paths, random ids or widget states. It is kept only if no cell failed or wrote to standard error, and every figure that a
cell promises is there.

The kernel is the Python that runs this, in the environment of `paper.environment`: not what Jupyter finds under the name
"python3", and whatever the user's shell and home say.
"""

import argparse
import ast
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import jupytext
import nbformat
import papermill
import yaml
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from jupytext.config import JupytextConfiguration, load_jupytext_configuration_file
from nbclient.exceptions import DeadKernelError
from nbformat import NotebookNode

from paper import environment
from paper.book import parameters, setup_cell, version
from paper.files import AGAIN, NotWritten, atomic

KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}  # the name that services know
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


class Kernel(AsyncKernelManager):
    """The kernel of a chapter: the Python that runs this, in the project's environment."""

    kernel_spec = KernelSpec(argv=[sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"], **KERNEL)

    async def start_kernel(self, **options: object) -> None:
        """Start it. A font list is made before, or matplotlib would tell the chapter that it makes one."""
        given = environment.of_kernel(os.environ)
        if not list(Path(given["MPLCONFIGDIR"]).glob("fontlist*.json")):
            fonts = [sys.executable, "-c", "import matplotlib.font_manager"]
            subprocess.run(fonts, env=given, stderr=subprocess.DEVNULL, check=False)
        await super().start_kernel(**options | {"env": given})


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
    notebook = setup_cell.inserted(_without_traces(jupytext.read(source)))
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
    if lacks := lacking(executed):
        raise Failed(f"{source}: {lacks}")
    with atomic(output) as part:
        nbformat.write(executed, part)


def lacking(notebook: NotebookNode) -> str:
    """What an executed chapter lacks or has too much of to be shown, "" if nothing: a cell wrote to standard error, or has no
    image although its metadata, `mystnb` with `figure` or `image`, promise one."""
    for cell in notebook.cells:
        outputs = cell.get("outputs", [])
        if errors := [output.text for output in outputs if output.get("name") == "stderr"]:
            return f"cell {cell.execution_count} wrote to standard error: {' '.join(''.join(errors).split())[:200]}"
        if {"figure", "image"} & set(cell.metadata.get("mystnb", {})) and not any(
            kind.startswith("image/") for output in outputs for kind in output.get("data", {})
        ):
            return f"cell {cell.execution_count} promises a figure and shows none"
    return ""


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


def _executed(notebook: NotebookNode, source: Path) -> NotebookNode:
    try:
        executed = papermill.execute_notebook(
            notebook,
            None,
            kernel_name=KERNEL["name"],
            kernel_manager_class=Kernel,
            start_timeout=600,  # seconds, on a busy machine
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
    return _without_repairs(_without_traces(executed))


def _without_repairs(notebook: NotebookNode) -> NotebookNode:
    """Say on standard error what was made again meanwhile, since it was damaged: the page is the same without it."""
    for cell in notebook.cells:
        for output in [output for output in cell.get("outputs", []) if output.get("name") == "stdout"]:
            lines = output.text.splitlines(keepends=True)
            print(*(line for line in lines if line.startswith(AGAIN)), sep="", end="", file=sys.stderr)
            output.text = "".join(line for line in lines if not line.startswith(AGAIN))
            if not output.text:
                cell.outputs.remove(output)
    return notebook


def _without_traces(notebook: NotebookNode) -> NotebookNode:
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


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m paper.book.chapters", description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    one = commands.add_parser("run", help="execute one chapter")
    one.add_argument("source", type=Path, help="notebooks/NAME.md or .ipynb")
    one.add_argument("output", type=Path, nargs="?", help="default: build/notebooks/NAME.ipynb")
    one.add_argument("--options", default="", help="more of these, in one text")
    one.add_argument("-p", nargs=2, action="append", default=[], metavar=("NAME", "VALUE"), help="a parameter's value")
    commands.add_parser("pair", help="write notebooks/*.ipynb")
    given = parser.parse_args()
    if given.command == "run" and given.options:
        try:
            words = shlex.split(given.options)
        except ValueError as error:
            raise Refused(f"the options {given.options!r} cannot be read: {error}") from None
        given = parser.parse_args([*sys.argv[1:], *words, "--options="])
    return given


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
    except NotWritten as error:
        print(error, file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)  # as the shell has it; make says "Interrupt"
