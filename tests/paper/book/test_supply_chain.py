"""What comes from elsewhere carries nothing out: no pickles, no YAML that makes objects, no text that is run."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
FILES = [path for folder in ("src", "book", "release", "benchmarks") for path in sorted((ROOT / folder).rglob("*.py"))]
MODULES = {"pickle", "_pickle", "dill", "cloudpickle", "joblib", "shelve", "marshal", "jsonpickle"}
CALLS = {
    ("torch", "load"), ("torch", "save"), ("pd", "read_pickle"), ("yaml", "load"), ("yaml", "load_all"), ("yaml", "unsafe_load"),
    ("yaml", "full_load"), ("", "eval"), ("", "exec"), ("tar", "extractall"), ("archive", "extractall"),
}  # fmt: skip


def unsafe(source: str) -> list[str]:
    """The imports and calls in a module that would carry out what they read."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names if alias.name.partition(".")[0] in MODULES]
        elif isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] in MODULES:
            found.append(node.module)
        elif isinstance(node, ast.Call):
            owner, _, name = ast.unparse(node.func).rpartition(".")
            found += [f"{owner}.{name}"] if (owner, name) in CALLS else []
            found += [
                "allow_pickle"
                for word in node.keywords
                if word.arg == "allow_pickle" and ast.unparse(word.value) != "False"
            ]
            found += ["shell" for word in node.keywords if word.arg == "shell" and ast.unparse(word.value) != "False"]
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_that_is_read_is_carried_out(path):
    assert unsafe(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "source, found",
    [
        ("import pickle", "pickle"),
        ("from joblib import load", "joblib"),
        ("import numpy as np\nnp.load(path, allow_pickle=True)", "allow_pickle"),
        ("torch.load(path)", "torch.load"),
        ("yaml.load(text, Loader)", "yaml.load"),
        ("eval(text)", ".eval"),
        ("subprocess.run(text, shell=True)", "shell"),
    ],
)
def test_what_is_looked_for_is_found(source, found):
    assert unsafe(source) == [found]
