"""claims.yml is well formed, and what is wrong with such a file is named."""

import re

import pytest
from claim_tables import ENTRY, read

from pacbayes_curvature import posteriors
from paper.claims import schema
from paper.claims.measures import MEASURES
from paper.experiments.lower_bound.compute import CURVES

SIDES = {"datasets": ["mnist2"], "curves": ["diag"], "line": "chance", "points": "best", "wanted": "below"}


def test_the_projects_claims_are_well_formed():
    found = schema.read()
    readings = [reading for claim in found for reading in (claim, *claim.others)]
    assert {reading.measure for reading in readings} == set(MEASURES), "every measure is used, and none is unknown"
    known = {*posteriors.METHODS, *CURVES}
    for reading in readings:
        arguments = reading.arguments
        named = [
            *arguments.get("curves", []),
            *(arguments[key] for key in ("curve", "lower", "better", "worse") if key in arguments),
        ]
        assert set(named) <= known
        lower = {"lower_bound"} if {*named} - {*posteriors.METHODS} else set()
        methods_ = (
            {"accuracy_vs_complexity"} if {*named} & {*posteriors.METHODS} or reading.measure == "objectives" else set()
        )
        assert lower | methods_ <= set(reading.needs)


def test_a_claim_is_read(tmp_path):
    also = {"words": "So it is.", "place": "abstract"}
    other = {
        "reading": "or so",
        "measure": {"trained": {"datasets": ["mnist2"]}},
        "tolerance": {"missed": 0.5, "reason": "r"},
    }
    (claim,) = read(tmp_path, ENTRY | {"also": [also], "others": [other]}, sets={})
    assert claim.quotes == [("It is so.", "section 1"), ("So it is.", "abstract")]
    assert (claim.measure, claim.tolerance.numbers, claim.tolerance.reason) == ("trained", {"missed": 0.001}, "because")
    assert claim.arguments == {"datasets": ["mnist2"], "missed": 0.001}
    (reading,) = claim.others
    assert (reading.text, reading.tolerance.numbers, reading.needs) == ("or so", {"missed": 0.5}, ENTRY["needs"])


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"words": ""}, "words: String should have at least 1 character, got ''"),
        ({"tolerance": None}, "tolerance: Input should be a valid dictionary or instance of Tolerance, got None"),
        ({"comment": "x"}, "comment: Extra inputs are not permitted, got 'x'"),
        ({"needs": ["training_run"]}, "needs: Input should be a valid dictionary, got ['training_run']"),
        ({"needs": {"training_run": ["mnist2"]}}, "needs.training_run: Input should be a valid dictionary"),
        ({"needs": {"training_run": {"mnist2": 0}}}, "needs.training_run.mnist2: Input should be a valid list, got 0"),
        ({"needs": {"training_run": {"mnist2": []}}}, "needs.training_run.mnist2: List should have at least 1 item"),
        ({"needs": {"training_run": {"mnist2": [-1]}}}, "needs.training_run.mnist2.0: Input should be greater than or"),
        (
            {"needs": {"trainingrun": {"mnist2": [0]}}},
            "needs.trainingrun.[key]: Input should be 'training_run'",
        ),
        ({"needs": {"training_run": {"mnist2": [0], "mnist11": [0]}}}, "mnist11.[key]: Input should be 'mnist2', "),
        ({"verdicts": {"reproduced": "a", "not": "c"}}, "verdicts.partly: Field required"),
        ({"verdicts": {"reproduced": "a", "partly": "", "not": "c"}}, "verdicts.partly: String should have at least 1"),
        ({"verdicts": ENTRY["verdicts"] | {"maybe": "d"}}, "verdicts.maybe: Extra inputs are not permitted"),
        ({"also": [{"words": "x"}]}, "also.0.place: Field required"),
        ({"others": [{"reading": "x"}]}, "others.0.measure: Field required"),
        (
            {"others": [{"reading": "x", "measure": {"tained": {}}}]},
            "others.0.measure.tained.[key]: Input should be 'sides'",
        ),
        ({"tolerance": {"missed": 0.001}}, "tolerance.reason: Field required"),
        (
            {"tolerance": {"missed": "0.1", "reason": "x"}},
            "tolerance.missed: Input should be a valid number, got '0.1'",
        ),
        ({"tolerance": {"missed": True, "reason": "x"}}, "tolerance.missed: Input should be a valid number, got True"),
        ({"tolerance": {"reason": "x"}}, "measure trained: missed: Field required"),
        (
            {"tolerance": {"missed": 0.1, "wide": 1, "reason": "x"}},
            "measure trained: wide: Extra inputs are not permitted, got 1",
        ),
        ({"measure": "trained"}, "measure: Input should be a valid dictionary, got 'trained'"),
        ({"measure": {}}, "measure: Dictionary should have at least 1 item"),
        (
            {"measure": {"trained": {"datasets": "mnist2"}}},
            "measure trained: datasets: Input should be a valid list, got 'mnist2'",
        ),
        (
            {"measure": {"sides": SIDES | {"line": "half"}}, "tolerance": {"noise": 4, "reason": "x"}},
            "measure sides: line: Input should be 'chance' or 'one', got 'half'",
        ),
        (
            {"measure": {"trained": {"datasets": ["mnist5"]}}},
            "mnist5 is measured, and not among what is needed of training_run",
        ),
    ],
)
def test_what_is_wrong_with_a_claim_is_named(tmp_path, changes, message):
    read(tmp_path, ENTRY)
    with pytest.raises(ValueError, match=f"^claims.yml: a-claim: .*{re.escape(message)}"):
        read(tmp_path, ENTRY | changes)


def test_an_id_is_made_for_a_link(tmp_path):
    with pytest.raises(ValueError, match=r"claims.yml: a claim: id: String should match pattern .*, got 'a claim'"):
        read(tmp_path, ENTRY | {"id": "a claim"})


def test_what_is_wrong_with_the_file_is_named(tmp_path):
    with pytest.raises(ValueError, match="claims: List should have at least 1 item"):
        read(tmp_path)
    with pytest.raises(ValueError, match="claim: Extra inputs are not permitted"):
        read(tmp_path, ENTRY, claim=1)
    with pytest.raises(ValueError, match="the id 'a-claim' is used 2 times"):
        read(tmp_path, ENTRY, ENTRY)


def test_all_that_is_wrong_is_said_at_once(tmp_path):
    with pytest.raises(ValueError, match="Field required") as caught:
        read(tmp_path, ENTRY, ENTRY, {"id": "third"} | {name: ENTRY[name] for name in ("words", "place")}, "x")
    lines = str(caught.value).splitlines()
    assert lines[0] == "claims.yml: the id 'a-claim' is used 2 times"
    assert {"reading", "measure", "tolerance", "needs", "verdicts"} == {line.split(": ")[2] for line in lines[1:-1]}
    assert lines[-1].startswith(
        "claims.yml: claims.3: Input should be a valid dictionary or instance of Claim, got 'x'"
    )
