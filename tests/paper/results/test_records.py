"""A frozen result is used when it fits the question, and is never passed off as something else."""

import hashlib
import json
import os
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from paper.results import records
from paper.results.records import Key, freeze, obtain, read, write

KEY = Key("experiment", "digits", 0, {"passes": 1, "recipe": {"rate": 0.1}}, {"train": "aa", "test": "bb"}, "code")
OTHERS = {
    "code": replace(KEY, code="other"),
    "parameters": replace(KEY, parameters={"passes": 2, "recipe": {"rate": 0.1}}),
    "recipe": replace(KEY, parameters={"passes": 1, "recipe": {"rate": 0.2}}),
    "data": replace(KEY, data={"train": "aa", "test": "cc"}),
    "seed": replace(KEY, seed=1),
}
other_key = pytest.mark.parametrize("other", OTHERS.values(), ids=OTHERS)

pytestmark = pytest.mark.usefixtures("workspace")


def computing(*values):
    return lambda: pd.DataFrame({"value": values})


def refuse():
    raise AssertionError("nothing is to be computed")


def no_data():
    raise FileNotFoundError("no data here")


def values(result):
    return result.table["value"].tolist()


def test_a_frozen_result_answers_its_own_question():
    path = freeze(obtain(KEY, computing(1.0, 2.0)))
    KEY.path().unlink()
    found = obtain(KEY, refuse)
    assert (found.state, found.key, values(found)) == ("frozen", KEY, [1.0, 2.0])
    assert path == records.FROZEN / "experiment" / "digits.csv"
    assert list(found.table) == ["dataset", "seed", "value"]
    assert set(found.made) == {"date", "seconds", "versions", "machine"}


@other_key
def test_a_frozen_result_answers_no_other_question(other):
    freeze(obtain(KEY, computing(1.0)))
    found = obtain(other, computing(2.0))
    assert (found.state, found.key, values(found)) == ("computed", other, [2.0])


@other_key
def test_what_this_machine_computed_is_kept_by_key(other):
    obtain(KEY, computing(1.0))
    obtain(other, computing(2.0))
    for key, value in ((KEY, 1.0), (other, 2.0)):
        found = obtain(key, refuse)
        assert (found.state, found.key, values(found)) == ("computed", key, [value])


def test_what_does_not_cover_the_question_is_computed_again():
    freeze(obtain(KEY, computing(1.0)))
    assert values(obtain(KEY, computing(1.0, 2.0), covers=lambda table: len(table) == 2)) == [1.0, 2.0]


def test_fresh_is_computed_whatever_is_there():
    freeze(obtain(KEY, computing(1.0)))
    assert values(obtain(KEY, computing(2.0), fresh=True)) == [2.0]


def test_stale_only_without_data_and_said_so():
    freeze(obtain(KEY, computing(1.0)))
    asked = OTHERS["code"]
    stale = obtain(asked, no_data)
    assert (stale.state, stale.key, values(stale)) == ("stale", KEY, [1.0])
    for failing in (
        lambda: obtain(asked, no_data, fresh=True),
        lambda: obtain(asked, no_data, covers=lambda table: False),
        lambda: obtain(OTHERS["seed"], no_data),
        lambda: obtain(replace(asked, dataset="mnist2"), no_data),
    ):
        with pytest.raises(FileNotFoundError, match="no data here"):
            failing()
    with pytest.raises(AssertionError, match="nothing is to be computed"):
        obtain(asked, refuse)
    assert obtain(asked, computing(2.0)).state == "computed"


def test_an_altered_table_is_refused():
    path = freeze(obtain(KEY, computing(1.0)))
    path.write_text(path.read_text().replace("1.0", "1.5"))
    with pytest.raises(ValueError, match="digits.csv does not match its checksum in digits.json: it was altered"):
        obtain(KEY, computing(1.0))


def test_freezing_keeps_other_seeds_of_the_same_key_only():
    for seed in (2, 0):
        freeze(obtain(replace(KEY, seed=seed), computing(10.0 + seed)))
    path = freeze(obtain(replace(KEY, seed=0), computing(0.5), fresh=True))
    assert [(r.key.seed, values(r)) for r in records.frozen_results()] == [(0, [0.5]), (2, [12.0])]
    freeze(obtain(OTHERS["code"], computing(3.0)))
    assert [(r.key, values(r)) for r in records.frozen_results()] == [(OTHERS["code"], [3.0])]
    assert json.loads(path.with_suffix(".json").read_text())["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()


def test_numbers_come_back_to_the_last_bit():
    bits = np.random.default_rng(0).integers(0, 2**64, 2000, dtype=np.uint64).view(float)
    table = pd.DataFrame({"value": np.append(bits[np.isfinite(bits)], [np.inf, 5e-324, 0.1, -0.0])})
    table["pareto"], table["method"] = table["value"] > 0, "diag"
    found = obtain(KEY, table.copy).table
    pd.testing.assert_frame_equal(found[table.columns], table, check_exact=True)
    assert found["value"].to_numpy().tobytes() == table["value"].to_numpy().tobytes()


@pytest.mark.parametrize("before", [[], [1.0]], ids=["first", "again"])
def test_killed_between_table_and_provenance_is_computed_again(before, monkeypatch, capsys):
    if before:
        obtain(KEY, computing(*before))
    move = os.replace

    def killed_at_json(source, target):
        if target.suffix == ".json":
            raise KeyboardInterrupt
        move(source, target)

    monkeypatch.setattr(os, "replace", killed_at_json)
    with pytest.raises(KeyboardInterrupt):
        obtain(KEY, computing(2.0), fresh=True)
    monkeypatch.setattr(os, "replace", move)
    assert KEY.path().exists()
    assert values(obtain(KEY, computing(3.0))) == [3.0]
    said = f"Made again: {KEY.path()}, since {KEY.path()} does not match its checksum"
    assert (said in capsys.readouterr().out) == bool(before)


def test_several_seeds_make_one_table(tmp_path):
    results = [obtain(replace(KEY, seed=seed), computing(seed / 7, 1.0)) for seed in (0, 1)]
    write(*results, path=tmp_path / "both.csv")
    assert pd.read_csv(tmp_path / "both.csv")["seed"].tolist() == [0, 0, 1, 1]
    for result in results:
        back = read(tmp_path / "both.csv", result.key.seed)
        assert back.key == result.key and back.made == result.made
        pd.testing.assert_frame_equal(back.table, result.table, check_exact=True)
    assert read(tmp_path / "both.csv", 2) is None
