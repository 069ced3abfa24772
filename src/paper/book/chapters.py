"""Runs one chapter by papermill, with checked parameters, and keeps the notebooks in step with their sources.

    python -m paper.book.chapters run notebooks/NAME.md [OUTPUT.ipynb] [-p NAME VALUE]... [--options="-p NAME VALUE ..."]
    python -m paper.book.chapters pair

An executed chapter shows the values it ran with in its parameters cell, and holds nothing that differs between two runs with
the same results: no times, paths, random ids or widget states. It is kept only if no cell failed or wrote to standard error,
and every figure that a cell promises is there.

The kernel is the Python that runs this, in the environment of `paper.environment`: not what Jupyter finds under the name
"python3", and whatever the user's shell and home say.
"""

import argparse
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import nbformat
import papermill
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from nbclient.exceptions import DeadKernelError
from nbformat import NotebookNode

from paper import environment
from paper.book import notebooks, parameters
from paper.book.notebooks import Refused
from paper.files import AGAIN, NotWritten, atomic

COLOUR = re.compile(r"\x1b\[[0-9;]*m")


class Failed(Exception):
    """A cell of the chapter failed; the message ends with one line that says which and how."""

    exit_code = 1


class Kernel(AsyncKernelManager):
    """The kernel of a chapter: the Python that runs this, in the project's environment."""

    kernel_spec = KernelSpec(
        argv=[sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"], **notebooks.KERNEL
    )

    async def start_kernel(self, **options: object) -> None:
        """Start it. A font list is made before, or matplotlib would tell the chapter that it makes one."""
        given = environment.of_kernel(os.environ)
        if not list(Path(given["MPLCONFIGDIR"]).glob("fontlist*.json")):
            fonts = [sys.executable, "-c", "import matplotlib.font_manager"]
            subprocess.run(fonts, env=given, stderr=subprocess.DEVNULL, check=False)
        await super().start_kernel(**options | {"env": given})


def run(source: Path, output: Path, texts: Mapping[str, str]) -> None:
    """Execute the chapter with the values in `texts`; `output` is written whole, and only if no cell failed.

    Raises Refused for parameters that are unknown or invalid, before any work, and Failed when a cell fails.
    """
    notebook = notebooks.read(source)
    types = {name: parameter.type for name, parameter in notebooks.declared(notebook).items()}
    values = parameters.read(types, texts)
    try:
        parameters.validate(types, values)
    except ValueError as error:
        raise Refused(f"{source.stem}: {error}") from None

    executed = _executed(notebooks.with_values(notebook, values), source)
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


def _executed(notebook: NotebookNode, source: Path) -> NotebookNode:
    try:
        executed = papermill.execute_notebook(
            notebook,
            None,
            kernel_name=notebooks.KERNEL["name"],
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
    return _without_repairs(notebooks.without_traces(executed))


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
        notebooks.pair(Path("notebooks"))
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
