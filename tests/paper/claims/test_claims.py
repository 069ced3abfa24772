"""claims.yml is well formed, and its claims are judged from results/ and shown."""

from dataclasses import asdict, replace

import pandas as pd
import pytest
import yaml
from claim_tables import curve, spectra, two_minima

from pacbayes_curvature import posteriors
from paper import digest
from paper.claims import verdicts as claims
from paper.claims import words as pages_claims
from paper.claims.measures import MEASURES
from paper.experiments.lower_bound import compute as figure_2
from paper.networks import data
from paper.networks.training import recipe_for
from paper.results import records

# claims.yml -----------------------------------------------------------------------------------------------------------


def test_the_projects_claims_are_well_formed():
    found = claims.read()
    readings = [reading for claim in found for reading in (claim.main, *claim.others)]
    assert {reading.measure for reading in readings} == set(MEASURES), "every measure is used, and none is unknown"
    known = {*posteriors.METHODS, *figure_2.CURVES}
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


ENTRY = {
    "id": "a-claim",
    "words": "It is so.",
    "place": "section 1",
    "reading": "It is measured so.",
    "measure": {"trained": {"datasets": ["mnist2"]}},
    "tolerance": {"missed": 0.001, "reason": "because"},
    "needs": {"training_run": {"mnist2": [0]}},
    "verdicts": {"reproduced": "a", "partly": "b", "not": "c"},
}
SIDES = {"datasets": ["mnist2"], "curves": ["diag"], "line": "chance", "points": "best", "wanted": "below"}


def read(tmp_path, *entries, **more):
    path = tmp_path / "claims.yml"
    path.write_text(yaml.safe_dump({"claims": list(entries), **more}))
    return claims.read(path)


def test_a_claim_is_read(tmp_path):
    also = {"words": "So it is.", "place": "abstract"}
    other = {
        "reading": "or so",
        "measure": {"trained": {"datasets": ["mnist2"]}},
        "tolerance": {"missed": 0.5, "reason": "r"},
    }
    (claim,) = read(tmp_path, ENTRY | {"also": [also], "others": [other]}, sets={})
    assert claim.quotes == (("It is so.", "section 1"), ("So it is.", "abstract"))
    assert (claim.main.measure, claim.main.tolerance, claim.main.reason) == ("trained", {"missed": 0.001}, "because")
    assert (claim.others[0].text, claim.others[0].tolerance, claim.others[0].needs) == (
        "or so",
        {"missed": 0.5},
        ENTRY["needs"],
    )


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"words": ""}, "a-claim: lacks words"),
        ({"tolerance": None}, "a-claim: lacks tolerance"),
        ({"comment": "x"}, "a-claim: unknown field 'comment'"),
        ({"needs": ["training_run"]}, "a-claim: needs must be a dict"),
        ({"verdicts": {"reproduced": "a", "not": "c"}}, "a-claim: verdicts must say what reproduced, partly, not mean"),
        ({"also": [{"words": "x"}]}, "a-claim: each of `also` must have words and place, got words"),
        ({"others": [{"reading": "x"}]}, "a-claim: each of `others` must have reading and measure.*got reading"),
        (
            {"others": [{"reading": "x", "measure": {"tained": {}}}]},
            "a-claim: other reading: unknown measure 'tained'; known: ",
        ),
        ({"tolerance": {"missed": 0.001}}, "a-claim: the tolerance lacks its reason"),
        ({"tolerance": {"reason": "x"}}, "a-claim: measure trained: missing a required .*argument: 'missed'"),
        (
            {"tolerance": {"missed": 0.1, "wide": 1, "reason": "x"}},
            "a-claim: measure trained: got an unexpected keyword argument 'wide'",
        ),
        (
            {"tolerance": {"missed": "0.1", "reason": "x"}},
            "a-claim: measure trained: missed must be a number, got '0.1'",
        ),
        ({"measure": "trained"}, "a-claim: measure must be {name: {argument: value}}, got 'trained'"),
        (
            {"measure": {"trained": {"datasets": "mnist2"}}},
            "a-claim: measure trained: datasets must be a list, got 'mnist2'",
        ),
        (
            {"measure": {"trained": {"datasets": ["mnist5"]}}},
            "a-claim: measure trained: mnist5 is not among what it needs of training_run",
        ),
        (
            {"needs": {"training_run": {"mnist2": 0}}},
            "a-claim: needs: the seeds of training_run of mnist2 must be a list, got 0",
        ),
        ({"needs": {"trainingrun": {"mnist2": [0]}}}, "a-claim: needs: unknown experiment 'trainingrun'; known: "),
        ({"needs": {"training_run": ["mnist2"]}}, "a-claim: needs: training_run must be {data set: seeds}, got"),
        ({"id": "a claim"}, "a claim: id must be of a-z, 0-9 and -, got 'a claim'"),
        (
            {"verdicts": {"reproduced": "a", "partly": "", "not": "c"}},
            "a-claim: the verdict 'partly' has no words",
        ),
        ({"needs": {"training_run": {"mnist2": [0], "mnist3": [0]}}}, "a-claim: needs: unknown data set 'mnist3'"),
        (
            {"measure": {"sides": SIDES | {"line": "half"}}, "tolerance": {"noise": 4, "reason": "x"}},
            "a-claim: measure sides: line must be one of chance, one, got 'half'",
        ),
    ],
)
def test_what_is_wrong_with_a_claim_is_named(tmp_path, changes, message):
    read(tmp_path, ENTRY)
    with pytest.raises(ValueError, match=f"claims.yml: {message.replace('{', '[{]')}"):
        read(tmp_path, ENTRY | changes)


def test_what_is_wrong_with_the_file_is_named(tmp_path):
    with pytest.raises(ValueError, match="expected a list of claims"):
        read(tmp_path)
    with pytest.raises(ValueError, match="unknown key 'claim'"):
        read(tmp_path, ENTRY, claim=1)
    with pytest.raises(ValueError, match="the id 'a-claim' is used 2 times"):
        read(tmp_path, ENTRY, ENTRY)
    with pytest.raises(ValueError, match="(?s)first: lacks words.*claim 2: expected fields, got 'x'"):
        read(tmp_path, ENTRY | {"id": "first", "words": None}, "x")


# From results/ to the page --------------------------------------------------------------------------------------------


def freeze(*accuracies, code=None, recipe=None):
    for seed, accuracy in enumerate(accuracies):
        table = pd.DataFrame({"dataset": "mnist2", "seed": seed, "epoch": [1, 2], "train_accuracy": [0.5, accuracy]})
        key = records.Key(
            "training_run", "mnist2", seed, {"recipe": recipe or asdict(recipe_for("mnist2"))},
            data.fingerprint("mnist2"), code or digest.of_experiment("training_run"),
        )  # fmt: skip
        records.freeze(records.Result(key, table, {"date": "2020-01-01"}, "computed"))


@pytest.mark.usefixtures("workspace")
class TestJudging:
    def judge(self, tmp_path, seeds=(0, 1)):
        (claim,) = read(tmp_path, ENTRY | {"needs": {"training_run": {"mnist2": list(seeds)}}})
        return claims.judge(claim.main)

    def test_by_the_frozen_results_of_all_seeds(self, tmp_path):
        freeze(1.0, 1.0)
        judgement = self.judge(tmp_path, seeds=[0])
        assert (judgement.verdict, judgement.value) == ("reproduced", 0)
        assert [result.key.seed for result in judgement.results] == [0, 1]
        freeze(1.0, 0.9)
        assert self.judge(tmp_path, seeds=[0]).verdict == "not"

    @pytest.mark.parametrize("seeds, message", [((0, 1, 2), "seed 2"), ((0, 3, 4), "seeds 3, 4")])
    def test_a_missing_seed_settles_nothing(self, tmp_path, seeds, message):
        freeze(1.0, 1.0)
        judgement = self.judge(tmp_path, seeds)
        assert (judgement.verdict, judgement.value) == ("not settled", None)
        assert judgement.sentence == f"Missing: training_run of mnist2, {message}."

    def test_no_result_settles_nothing(self, tmp_path):
        assert self.judge(tmp_path).sentence == "Missing: training_run of mnist2, seeds 0, 1."

    @pytest.mark.parametrize(
        "stale, message",
        [
            ({"code": "other"}, "its code digest is other, the present code's is"),
            ({"recipe": {"rate": 1}}, "the training recipe recorded with it is not the present one"),
        ],
    )
    def test_a_stale_result_settles_nothing(self, tmp_path, stale, message):
        freeze(1.0, 1.0, **stale)
        judgement = self.judge(tmp_path)
        assert judgement.verdict == "not settled" and "Stale: training_run of mnist2" in judgement.sentence
        assert message in judgement.sentence

    def test_an_altered_result_is_an_error(self, tmp_path):
        freeze(1.0, 0.9)
        path = records.FROZEN / "training_run" / "mnist2.csv"
        path.write_text(path.read_text().replace("0.9", "1.0"))
        with pytest.raises(ValueError, match="does not match its checksum"):
            self.judge(tmp_path)


def everything_needed():
    """A table for each experiment and data set that claims.yml needs, as if Mnist were easy and Cifar hard."""
    lower = ("fisher_diagonal", "layerwise_diagonal")
    readings = [reading for claim in claims.read() for reading in (claim.main, *claim.others)]
    for name, dataset in {
        (name, dataset) for reading in readings for name, known in reading.needs.items() for dataset in known
    }:
        seeds = {seed for reading in readings for seed in reading.needs.get(name, {}).get(dataset, [])}
        hard = 4 if dataset.startswith("cifar") else 1
        for seed in sorted(seeds):
            yield name, dataset, seed, {
                "accuracy_vs_complexity": lambda: pd.concat(
                    curve(method, dataset, seed, scale=0.1 * hard * (1 - hard * k / 25))
                    for k, method in enumerate(posteriors.METHODS)
                ),
                "lower_bound": lambda: pd.concat(curve(each, dataset, seed, scale=0.095 * hard) for each in lower),
                "curvature_spectra": lambda: spectra(dataset, 100 * hard),
                "training_run": lambda: pd.DataFrame(
                    {"dataset": dataset, "seed": seed, "epoch": [1], "train_accuracy": 1.0}
                ),
                "two_minima": two_minima,
            }[name]()  # fmt: skip


def test_all_claims_of_the_project_are_settled_when_their_results_are_there(workspace, monkeypatch):
    monkeypatch.setattr(claims, "why_stale", lambda result: "")
    for name, dataset, seed, table in everything_needed():
        records.freeze(records.Result(records.Key(name, dataset, seed, {}, {}, "code"), table, {}, "computed"))
    judged = claims.judged()
    assert [
        (item.claim.id, j.sentence) for item in judged for j in (item.main, *item.others) if j.verdict == "not settled"
    ] == []
    verdicts = {item.claim.id: item.main.verdict for item in judged}
    assert verdicts["mnist-bounds-non-vacuous"] == verdicts["cifar-bounds-vacuous"] == "reproduced"
    assert verdicts["improvement-larger-on-cifar"] == verdicts["baseline-tight-on-mnist"] == "reproduced"
    assert verdicts["layerwise-crosses-lower-bound"] == "partly", "by far more than slightly"
    assert verdicts["lower-bound-is-below"] != "reproduced", "as Diag Hessian is made to cross it on Cifar"
    page = pages_claims.entries(judged).data
    assert "Mnist2 (seeds 0 to 4), Mnist5 (seed 0)" in page and "not settled" not in page


def settled(claim, verdict_, *others):
    readings = [
        claims.Judgement(claim.main, name, None if name == "not settled" else 0.5, "Seen <so>.")
        for name in (verdict_, *others)
    ]
    return claims.Judged(claim, readings[0], tuple(readings[1:]))


def test_the_page_counts_links_and_escapes(tmp_path):
    (claim,) = read(tmp_path, ENTRY | {"words": "a < b & c"})
    judged = [
        settled(claim, "reproduced", "not"),
        settled(replace(claim, id="b"), "not", "not"),
        settled(replace(claim, id="c"), "not settled", "partly"),
        settled(replace(claim, id="d-on-mnist2"), "not"),
    ]
    summary = pages_claims.summary(judged).data
    assert "Of 4 claims: **1 reproduced**, **0 partly reproduced**, **2 not reproduced**, **1 not settled**" in summary
    assert (
        "3 of them can be read in more than one way; 2 of these have a verdict on every reading, and for 1 " in summary
    )
    index, page = pages_claims.index(judged).data, pages_claims.entries(judged).data
    for item in judged:
        assert index.count(f'href="#claim-{item.claim.id}"') == 1 and page.count(f'id="claim-{item.claim.id}"') == 1
    assert "a &lt; b &amp; c" in page and "Seen &lt;so&gt;." in page and "<so>" not in page
    assert "<strong>reproduced</strong>, which means: a<" in page and "<dt>Why not settled</dt>" in page
    assert "<h3>D on Mnist2</h3>" in page
