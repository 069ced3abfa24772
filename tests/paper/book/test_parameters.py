import subprocess
import sys

import pytest

from pacbayes_curvature.posteriors import METHODS
from paper.book import parameters

DECLARED = {"dataset": str, "methods": str, "grid_size": int, "seed": int, "delta": float, "quick": bool}


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"dataset": "mnist2"},
        {"dataset": "mnist2,cifar2"},
        {"methods": "layerwise,baseline", "grid_size": 2, "seed": 0},
        {"grid_size": 200, "delta": 0.5, "quick": False},
        {"delta": 1e-9},
    ],
)
def test_valid_values_pass(given):
    parameters.validate(DECLARED, given)


@pytest.mark.parametrize(
    "given, message",
    [
        ({"nosuch": 1}, r"unknown parameter 'nosuch'; valid: dataset \(str\), .*, quick \(bool\)"),
        ({"dataset": "mnist11"}, "dataset must be one or more of mnist2, .*, digits, .* got 'mnist11'"),
        ({"dataset": "mnist2,mnist11"}, "got 'mnist2,mnist11'"),
        ({"dataset": "mnist2,mnist2"}, "each once"),
        ({"dataset": "mnist2, cifar2"}, "without spaces"),
        ({"dataset": ""}, "got ''"),
        ({"methods": "diagonal"}, f"methods must be one or more of {', '.join(METHODS)}"),
        ({"grid_size": 1}, "grid_size must be from 2 to 200, got 1"),
        ({"grid_size": 201}, "got 201"),
        ({"grid_size": "five"}, "grid_size must be of type int, got 'five'; valid: from 2 to 200"),
        ({"grid_size": 5.0}, "must be of type int, got 5.0"),
        ({"seed": True}, "seed must be of type int, got True"),
        ({"seed": -1}, "seed must be 0 or more, got -1"),
        ({"delta": 0.0}, "delta must be between 0 and 1"),
        ({"delta": 1}, "delta must be between 0 and 1"),
        ({"delta": float("nan")}, "delta must be finite, got nan"),
        ({"quick": 1}, "quick must be of type bool, got 1"),
        ({"seed": -1, "nosuch": 1}, "seed must be .*; unknown parameter 'nosuch'"),
    ],
)
def test_invalid_values_are_refused_with_the_valid_ones(given, message):
    with pytest.raises(ValueError, match=message) as refusal:
        parameters.validate(DECLARED, given)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    "name, rule, valid, invalid",
    [("passes", int, 1, 0), ("draws", int, 2, 1)],
)
def test_limits_of_sample_sizes(name, rule, valid, invalid):
    parameters.validate({name: rule}, {name: valid})
    with pytest.raises(ValueError, match=f"{name} must be {valid} or more, got {invalid}"):
        parameters.validate({name: rule}, {name: invalid})


def test_texts_are_read_by_declared_type():
    texts = {"grid_size": "5", "delta": "1e-3", "quick": "True", "dataset": "5", "nosuch": "1", "seed": "1.0"}
    assert parameters.read(DECLARED, texts) == {
        "grid_size": 5,
        "delta": 0.001,
        "quick": True,
        "dataset": "5",
        "nosuch": "1",
        "seed": "1.0",
    }


def notebook(values, injected=""):
    """The namespace of a notebook after its parameters cell, as IPython presents it."""
    return {"__annotations__": {"seed": int, "delta": float}, "In": ["", "seed: int = 0", injected], **values}


def test_check_passes_defaults_and_what_papermill_injected():
    parameters.check(notebook({"seed": 0, "delta": 0.05}))
    parameters.check(notebook({"seed": 3, "delta": 0.05}, "# Parameters\nseed = 3\n"))


def test_check_refuses_an_unknown_name_that_papermill_injected():
    with pytest.raises(ValueError, match=r"unknown parameter 'nosuch'; valid: seed \(int\), delta \(float\)"):
        parameters.check(notebook({"seed": 0, "delta": 0.05, "nosuch": 1}, "# Parameters\nnosuch = 1\n"))


def test_check_refuses_a_default_that_was_edited_to_nonsense():
    with pytest.raises(ValueError, match="delta must be between 0 and 1"):
        parameters.check(notebook({"seed": 0, "delta": 2.0}))


def test_check_does_not_mind_the_notebooks_own_variables():
    namespace = notebook({"seed": 0, "delta": 0.05, "results": [1], "grid": {}}, "# Parameters\nseed = 0\n")
    namespace["__annotations__"] |= {"results": list[int]}
    parameters.check(namespace)


def test_importing_is_light_enough_to_answer_at_once():
    code = "import sys, paper.book.parameters; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
