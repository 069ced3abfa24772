"""The claims are judged from results/ and shown."""

import pandas as pd
import pytest
from claim_tables import ENTRY, curve, read, spectra, two_minima
from sweep_results import MADE

from pacbayes_curvature import posteriors
from paper import digest
from paper.claims import schema, verdicts, words
from paper.networks import data
from paper.results import records


def freeze(*accuracies, code=None, recipe=None):
    for seed, accuracy in enumerate(accuracies):
        table = pd.DataFrame({"dataset": "mnist2", "seed": seed, "epoch": [1, 2], "train_accuracy": [0.5, accuracy]})
        key = records.Key(
            "training_run", "mnist2", seed, records.about("mnist2") | ({"recipe": recipe} if recipe else {}),
            data.fingerprint("mnist2"), code or digest.of_experiment("training_run"),
        )  # fmt: skip
        records.freeze(records.Result(key, table, MADE, "computed"))


@pytest.mark.usefixtures("workspace")
class TestJudging:
    def judge(self, tmp_path, seeds=(0, 1)):
        (claim,) = read(tmp_path, ENTRY | {"needs": {"training_run": {"mnist2": list(seeds)}}})
        return verdicts.judge(claim)

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
            ({"recipe": {"rate": 1}}, "its recipe recorded with it is not the present one"),
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
    readings = [reading for claim in schema.read() for reading in (claim, *claim.others)]
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
    monkeypatch.setattr(verdicts, "why_stale", lambda result: "")
    for name, dataset, seed, table in everything_needed():
        records.freeze(records.Result(records.Key(name, dataset, seed, {}, {}, "code"), table, MADE, "computed"))
    judged = verdicts.judged()
    assert [
        (item.claim.id, j.sentence) for item in judged for j in (item.main, *item.others) if j.verdict == "not settled"
    ] == []
    found = {item.claim.id: item.main.verdict for item in judged}
    assert found["mnist-bounds-non-vacuous"] == found["cifar-bounds-vacuous"] == "reproduced"
    assert found["improvement-larger-on-cifar"] == found["baseline-tight-on-mnist"] == "reproduced"
    assert found["layerwise-crosses-lower-bound"] == "partly", "by far more than slightly"
    assert found["lower-bound-is-below"] != "reproduced", "as Diag Hessian is made to cross it on Cifar"
    page = words.entries(judged).data
    assert "Mnist2 (seeds 0 to 4), Mnist5 (seed 0)" in page and "not settled" not in page


def settled(claim, verdict_, *others):
    readings = [
        verdicts.Judgement(claim, name, None if name == "not settled" else 0.5, "Seen <so>.")
        for name in (verdict_, *others)
    ]
    return verdicts.Judged(claim, readings[0], tuple(readings[1:]))


def test_the_page_counts_links_and_escapes(tmp_path):
    (claim,) = read(tmp_path, ENTRY | {"words": "a < b & c"})
    judged = [
        settled(claim, "reproduced", "not"),
        settled(claim.model_copy(update={"id": "b"}), "not", "not"),
        settled(claim.model_copy(update={"id": "c"}), "not settled", "partly"),
        settled(claim.model_copy(update={"id": "d-on-mnist2"}), "not"),
    ]
    summary = words.summary(judged).data
    assert "Of 4 claims: **1 reproduced**, **2 not reproduced**, **1 not settled**. 3 can be read" in summary
    assert (
        "read in more than one way; 2 of these have a verdict on every reading; for one another reading gives"
        in summary
    )
    index, page = words.index(judged).data, words.entries(judged).data
    for item in judged:
        assert index.count(f'href="#claim-{item.claim.id}"') == 1 and page.count(f'id="claim-{item.claim.id}"') == 1
    assert "a &lt; b &amp; c" in page and "Seen &lt;so&gt;." in page and "<so>" not in page
    assert "<strong>reproduced</strong>, which means: a<" in page and "<dt>Why not settled</dt>" in page
    assert "<h4>D on Mnist2</h4>" in page


@pytest.mark.parametrize(
    "settled_too, said",
    [
        (0, "; none of these has a verdict on every reading; no other reading changes the verdict."),
        (1, "; one of these has a verdict on every reading; for one another reading gives another verdict."),
        (2, "; 2 of these have a verdict on every reading; for 2 another reading gives another verdict."),
    ],
)
def test_one_claim_and_none_have_sentences_of_their_own(tmp_path, settled_too, said):
    (claim,) = read(tmp_path, ENTRY)
    judged = [settled(claim, "reproduced", "not")] * settled_too + [settled(claim, "reproduced", "not settled")] * 3
    assert said in words.summary(judged).data
    assert words.summary(judged[-1:]).data.startswith("Of one claim: **1 reproduced**. One can be read")


def grouped(tmp_path, *groups, ids=("a", "b", "c"), **more):
    entries = [ENTRY | {"id": name} | more.get(name, {}) for name in ids]
    return read(tmp_path, *entries, groups=[{"question": q, "claims": names} for q, names in groups])


def test_the_claims_come_group_by_group(tmp_path):
    found = grouped(tmp_path, ("Second?", ["c"]), ("First?", ["b", "a"]))
    assert [(claim.group, claim.id) for claim in found] == [("Second?", "c"), ("First?", "b"), ("First?", "a")]
    judged = [settled(claim, "reproduced") for claim in found]
    assert words.summary(judged).data.startswith("Of 3 claims about 2 questions, those of the abstract first: **3 rep")
    for page in (words.index(judged).data, words.entries(judged).data):
        assert page.index("Second?") < page.index("claim-c") < page.index("First?") < page.index("claim-b")


@pytest.mark.parametrize(
    "groups, message",
    [
        ([("Q?", ["a", "b"])], "each claim is in one of them, c in 0"),
        ([("Q?", ["a", "b", "c"]), ("R?", ["c"])], "each claim is in one of them, c in 2"),
        ([("Q?", ["a", "b", "c", "d"])], "there is no claim d"),
    ],
)
def test_each_claim_is_in_one_group(tmp_path, groups, message):
    with pytest.raises(ValueError, match=f"^claims.yml: groups: {message}$"):
        grouped(tmp_path, *groups)


def test_what_holds_by_construction_is_shown_and_not_counted(tmp_path):
    found = grouped(tmp_path, ("Q?", ["a", "b", "c"]), c={"by_construction": "No other network is kept."})
    judged = [settled(claim, verdict) for claim, verdict in zip(found, ("reproduced", "not", "reproduced"))]
    text = words.summary(judged).data
    assert "Of 2 claims: **1 reproduced**, **1 not reproduced**. Not counted is *C*: No other network is kept." in text
    assert 'id="claim-c"' in words.entries(judged).data
    assert words.borne_out(judged).startswith("It makes 2 claims")


def test_what_a_chapter_adds_stands_beside_the_verdict(tmp_path):
    (claim,) = read(tmp_path, ENTRY | {"qualified": {"words": "But look.", "chapter": "06_feasible_vs_nonvacuous"}})
    judged = [settled(claim, "reproduced")]
    assert "reproduced. Seen <so>. But look. ({doc}`06_feasible_vs_nonvacuous`)" in words.summary(judged).data
    page = words.entries(judged).data
    assert page.index("But look.") < page.index("<details>") and 'href="06_feasible_vs_nonvacuous.html"' in page


@pytest.mark.parametrize(
    "verdicts_, sentences",
    [
        ("rrpn", "Ours bear out 2 in full, and one more in part. One they do not bear out."),
        ("rr", "Ours bear out all of them."),
        ("rpp", "Ours bear out one in full, and 2 more in part."),
        ("pp", "Ours bear out none of them in full, but 2 in part."),
        ("nn", "Ours bear out none of them."),
        ("rnn?", "Ours bear out one in full. They do not bear out 2. They leave one open."),
        ("r??", "Ours bear out one in full. They leave 2 open."),
    ],
)
def test_how_many_are_borne_out_is_said_in_whole_sentences(tmp_path, verdicts_, sentences):
    (claim,) = read(tmp_path, ENTRY)
    names = {"r": "reproduced", "p": "partly", "n": "not", "?": "not settled"}
    text = words.borne_out([settled(claim, names[v]) for v in verdicts_])
    start = f"It makes {len(verdicts_)} claims about its experiments that results can settle. "
    assert text == start + sentences
