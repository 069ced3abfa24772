"""`make reproduce` trains, computes and freezes, says how much is left, and refuses mistakes."""

import json
import re

import pandas as pd
import pytest
from verify_tables import MADE

from paper.__main__ import main, time_left
from paper.experiments.curvature_spectra.compute import curvature_spectra
from paper.experiments.training_run.compute import training_run
from paper.results import records

pytestmark = pytest.mark.usefixtures("workspace")


def test_reproduce_trains_computes_and_freezes(workspace, digits_network, no_computing, capsys):
    outputs = [str(workspace / f"{name}.csv") for name in ("training_run", "curvature_spectra")]
    for output, name in zip(outputs, ("training_run", "curvature_spectra")):
        main(["compute", name, "digits", "0", output])
    assert "curvature_spectra of digits, seed 0: 267 rows in" in capsys.readouterr().out
    main(["freeze", *outputs])
    no_computing()
    found = [training_run("digits"), curvature_spectra("digits")]
    assert [result.state for result in found] == ["frozen", "frozen"]
    assert found[0].table["loss"].tolist() == [row["loss"] for row in json.loads(digits_network.record["history"])]
    with pytest.raises(AssertionError, match="digits was loaded"):
        main(["compute", "training_run", "digits", "0", outputs[0]])


def test_every_line_of_progress_says_how_much_is_left(workspace, digits_network, no_computing, capsys):
    """By what the frozen results took: the same one, else the mean of the experiment's, else nothing."""
    path = workspace / "results" / "training_run" / "digits.csv"
    results = [
        records.Result(
            records.Key("training_run", "digits", seed, {}, {}, ""),
            pd.DataFrame({"seed": [seed]}),
            MADE | {"seconds": t},
            "",
        )
        for seed, t in ((0, 100.0), (1, 200.0))
    ]
    path.parent.mkdir(parents=True)
    records.write(*results, path=path)
    plan = [("training_run", "digits", 1), ("training_run", "mnist2", 7), ("lower_bound", "digits", 0)]
    assert time_left(plan, workspace) == 200 + 150
    done = workspace / "training_run" / "mnist2-seed7.json"
    done.parent.mkdir()
    done.touch()
    assert time_left(plan, workspace) == 200
    folder = workspace / "build" / "reproduced"
    folder.mkdir(parents=True)
    (folder / "plan.txt").write_text("training_run digits 0\ntraining_run digits 1\n")
    main(["compute", "training_run", "digits", "0", str(folder / "training_run" / "digits-seed0.csv")])
    assert "; about 3 core-minutes left" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments, message",
    [
        ("compute figure_9 digits 0 out.csv", "invalid choice: 'figure_9' .*accuracy_vs_complexity"),
        ("compute training_run mnist11 0 out.csv", "invalid choice: 'mnist11' .*mnist2"),
        (
            "compute training_run digits first out.csv",
            "a seed is a whole number from 0 to 4294967295 in plain digits, got 'first'",
        ),
        (
            "compute training_run digits -1 out.csv",
            "a seed is a whole number from 0 to 4294967295 in plain digits, got '-1'|-1",
        ),
        ("compute training_run digits 0", "required: output"),
        ("freeze absent.csv", "error: no result at absent.csv"),
        ("", "required: command"),
    ],
)
def test_reproduce_refuses_mistakes_with_exit_code_2(arguments, message, capsys, workspace):
    with pytest.raises(SystemExit, match="^2$"):
        main(arguments.split())
    capture = capsys.readouterr()
    assert capture.out == "" and re.search(message, capture.err)
    assert not list(workspace.glob("*.csv")) and not (workspace / "results").exists()
