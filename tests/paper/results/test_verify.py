"""Fresh results against frozen ones from the command line: a line for each, and the exit code."""

import json

import pytest
from verify_tables import measured, run, write

from paper import __main__
from paper.files import sha256
from paper.results import provenance, records


@pytest.fixture(scope="module")
def table(digits, digits_network):
    return measured(digits, digits_network)


@pytest.fixture
def frozen(workspace, table):
    return write(records.FROZEN / "accuracy_vs_complexity" / "digits.csv", table)


@pytest.fixture
def fresh(workspace, table):
    return write(workspace / "build" / "reproduced" / "accuracy_vs_complexity" / "digits-seed0.csv", table)


def verified(capsys, *paths):
    code = __main__.main(["verify", *map(str, paths)])
    return code, capsys.readouterr().out.splitlines()


def test_agreement_is_one_line_and_exit_code_0(frozen, fresh, capsys):
    code, lines = verified(capsys, fresh)
    figure, words = "Figures 3 and 4, 35 rows", "accuracy equal, test_error equal, kl equal, complexity equal"
    assert (code, lines) == (0, [f"ok         accuracy_vs_complexity digits seed 0: {figure}: {words}"])


def alter(path, checksum):
    """A kl of the table at `path` is altered by hand; with `checksum`, its checksums are made to fit."""
    lines = path.read_text().splitlines()
    column, cells = lines[0].split(",").index("kl"), lines[9].split(",")
    cells[column] = str(float(cells[column]) * 1.01)
    lines[9] = ",".join(cells)
    path.write_text("\n".join(lines) + "\n")
    if checksum:
        beside = path.with_suffix(".json")
        about = json.loads(beside.read_text()) | {"sha256": sha256(path.read_bytes())}
        beside.write_text(json.dumps(about | {"sha256_of_key": provenance.key_sum(about)}))


@pytest.mark.parametrize("which", ["frozen", "fresh"])
@pytest.mark.parametrize(
    "checksum, message", [(False, "does not match its checksum"), (True, "1 row differs in kl, the first: method diag")]
)
def test_a_result_altered_by_hand_is_found(frozen, fresh, which, checksum, message, capsys):
    alter({"frozen": frozen, "fresh": fresh}[which], checksum)
    code, lines = verified(capsys, fresh)
    assert code == 1 and any(message in line for line in lines)
    assert any(line.startswith("MISMATCH" if checksum else "UNREADABLE") for line in lines)


def test_stale_results_are_named(table, frozen, fresh, capsys):
    write(frozen, table, code="old")
    code, lines = verified(capsys, fresh)
    assert code == 1 and lines[0].startswith(
        "STALE      frozen accuracy_vs_complexity digits seed 0: its code digest is old, the present"
    )
    write(frozen, table)
    write(fresh, table, code="old")
    code, lines = verified(capsys, fresh)
    assert code == 1 and lines[0].startswith(
        "STALE      fresh accuracy_vs_complexity digits seed 0: its code digest is old"
    )


def test_a_stale_table_fails_even_if_it_is_not_computed_afresh(table, frozen, fresh, capsys):
    write(records.FROZEN / "accuracy_vs_complexity" / "mnist2.csv", table, dataset="mnist2", code="old")
    code, lines = verified(capsys, fresh)
    assert code == 1 and lines[0].startswith("STALE") and lines[1].startswith("ok ")


def test_other_parameters_are_named(table, frozen, fresh, capsys):
    write(fresh, table, passes=2)
    code, (line,) = verified(capsys, fresh)
    assert code == 1 and line.startswith("MISMATCH") and "'passes': 2}, frozen" in line


def test_what_is_not_there_is_named(table, frozen, fresh, capsys):
    write(fresh, table, seed=3)
    code, lines = verified(capsys, fresh)
    assert code == 1 and lines[0] == "MISSING    accuracy_vs_complexity digits seed 3: it is not frozen in results/"
    assert lines[1] == "not compared, since they were not computed afresh: accuracy_vs_complexity digits seed 0"
    code, lines = verified(capsys, "build/reproduced/*/*.csv")
    assert code == 1 and "there is no *.csv" in lines[0] and "run `make reproduce` first" in lines[1]
    fresh.with_suffix(".json").unlink()
    assert "there is no digits-seed0.json" in verified(capsys, fresh)[1][0]
    assert verified(capsys)[0] == 1


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"sha256":'])
def test_an_unreadable_result_is_named_and_the_others_are_compared(frozen, fresh, text, capsys):
    broken = fresh.with_name("digits-seed1.csv")
    broken.write_text("x")
    broken.with_suffix(".json").write_text(text)
    code, lines = verified(capsys, broken, fresh)
    assert code == 1 and lines[0].startswith(f"UNREADABLE {broken}: ") and lines[1].startswith("ok ")


def test_an_experiment_that_is_not_in_the_list_is_named(frozen, fresh, monkeypatch, capsys):
    monkeypatch.setattr("paper.names.EXPERIMENTS", {"training_run": {}})
    code, (line,) = verified(capsys, fresh)
    assert code == 1 and line.endswith("seed 0: unknown experiment; valid: training_run")


def test_another_network_is_a_mismatch(frozen, fresh, capsys):
    write(records.FROZEN / "training_run" / "digits.csv", run(20), experiment="training_run")
    training = fresh.parents[1] / "training_run" / "digits-seed0.csv"
    for network, good in (("0", True), ("1", False)):
        write(training, run(20).replace({"network": {"0" * 64: network * 64}}), experiment="training_run")
        code, lines = verified(capsys, training)
        assert code == (not good) and lines[0].startswith("ok" if good else "MISMATCH")
        assert ("differs in network" in lines[0]) != good
