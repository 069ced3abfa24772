import subprocess
import sys

import pytest

from pacbayes_curvature.posteriors import METHODS
from paper.book import parameters

DECLARED = {"dataset": str, "methods": str, "grid_size": int, "seed": int, "delta": float, "quick": bool, "seeds": str}


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
        ({"nosuch": 1}, r"unknown parameter 'nosuch'; valid: dataset \(str\), .*, seeds \(str\)"),
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
        ({"seed": -1}, "seed must be from 0 to 4294967295, got -1"),
        ({"seed": 2**32}, "seed must be from 0 to 4294967295, got 4294967296"),
        ({"seed": 10**400}, r"seed must be .*\.\.\. \(401 characters\)$"),
        ({"seed": 10**5000}, "a number of thousands of digits$"),
        ({"delta": 10**400}, "delta must be finite"),
        ({"seeds": "0,1,1"}, "seeds must be whole numbers from 0 to 4294967295 in plain digits, each once"),
        ({"seeds": "1_0"}, "plain digits"),
        ({"seeds": "\u0661,\uff12"}, "plain digits"),
        ({"seeds": "007"}, "plain digits"),
        ({"seeds": "9" * 400}, r"plain digits, .*, got '9{39}\.\.\. \(402 characters\)"),
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
    [("passes", int, 1, 0), ("draws", int, 2, 1), ("cores", int, 1024, 1025)],
)
def test_limits_of_sample_sizes(name, rule, valid, invalid):
    parameters.validate({name: rule}, {name: valid})
    with pytest.raises(ValueError, match=f"{name} must be from [0-9]+ to [0-9]+, got {invalid}"):
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


@pytest.mark.parametrize(
    "text", ["1_0", "\u0661", "+1", " 1", "1 ", "01", "0x1", "1e3", "", "9" * 60, "1_0.0", "1\u0660.5"]
)
def test_only_plain_digits_are_numbers(text):
    assert parameters.read({"n": int}, {"n": text}) == {"n": text}
    assert isinstance(parameters.read({"n": float}, {"n": text})["n"], float) == (text in ("01", "+1", "1e3", "9" * 60))


@pytest.mark.parametrize("text, value", [("0", 0), ("-3", -3), ("4294967295", 2**32 - 1)])
def test_whole_numbers(text, value):
    assert parameters.read({"n": int}, {"n": text}) == {"n": value}


def test_what_papermill_takes_for_a_number_is_the_text_that_was_asked_for():
    given = notebook({"seed": 0, "delta": 0.05, "seeds": 3}, "# Parameters\nseeds = 3\n")
    given["__annotations__"] |= {"seeds": str}
    parameters.check(given)
    assert given["seeds"] == "3"
    with pytest.raises(ValueError, match="seeds must be of type str, got True"):
        parameters.check(given | {"seeds": True})


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
