"""A posterior more, or another one: the frozen rows of the others stay valid, and only what is missing is computed."""

import numpy as np
import pytest
from frames import assert_equal

from pacbayes_curvature import posteriors
from pacbayes_curvature.posteriors import METHODS
from paper import digest
from paper.experiments.accuracy_vs_complexity import compute, parts
from paper.experiments.accuracy_vs_complexity.compute import accuracy_vs_complexity
from paper.networks import minimum
from paper.results import records

pytestmark = pytest.mark.usefixtures("workspace")


class TestAFourthPosterior:
    """The frozen rows of the others stay valid, and only what is missing is computed."""

    @pytest.fixture(autouse=True)
    def counting(self, trained, monkeypatch):
        """self.computed: the methods whose layers were asked for."""
        self.computed, around = set(), minimum.posterior
        for module in (compute, parts):
            monkeypatch.setattr(module, "posterior", lambda *which: self.computed.add(which[1]) or around(*which))

    @pytest.fixture
    def four(self, monkeypatch):
        """The names of the posteriors, when one more has been added."""
        monkeypatch.setattr(posteriors, "POSTERIORS", dict(posteriors.POSTERIORS))

        @posteriors.posterior("Twice", colour="#000000", marker="x")
        def twice(moment, spectrum):
            return 2 * np.diag(moment), None

        return tuple(posteriors.POSTERIORS)

    def test_only_its_rows_are_computed(self, four, workspace):
        three = accuracy_vs_complexity("digits", grid_size=2)
        records.freeze(three)
        three.key.path().unlink()
        for path in parts.FOLDER.glob("*"):
            path.unlink()
        self.computed.clear()
        found = accuracy_vs_complexity("digits", methods=four, grid_size=2)
        assert self.computed == {"twice"} and found.state == "computed"
        assert found.table["method"].unique().tolist() == [*METHODS, "twice"]
        assert_equal(found.table[found.table["method"] != "twice"], three.table)
        assert records.why_stale(three) == "" and set(found.key.code) == set(four)
        self.computed.clear()
        assert_equal(accuracy_vs_complexity("digits", methods=four, grid_size=2).table, found.table)
        assert accuracy_vs_complexity("digits", grid_size=2).state == "frozen" and not self.computed
        records.freeze(found)
        assert accuracy_vs_complexity("digits", methods=four, grid_size=2).state == "frozen"

    def test_nor_do_other_points_or_another_grid_come_from_what_is_kept(self, four):
        records.freeze(accuracy_vs_complexity("digits", methods=("baseline",), grid_size=4))
        records.freeze(accuracy_vs_complexity("digits", methods=("baseline", "diag"), grid_size=2))
        self.computed.clear()
        accuracy_vs_complexity("digits", methods=four, grid_size=4)
        assert self.computed == set(four)

    def test_of_a_changed_one_only_its_rows_are_computed_again(self, monkeypatch):
        before = accuracy_vs_complexity("digits", grid_size=2)
        records.freeze(before)
        of_experiment = digest.of_experiment
        monkeypatch.setattr(
            digest, "of_experiment", lambda name, method=None, function="": (
                "other" if method == "diag" else of_experiment(name, method, function)
            ),
        )  # fmt: skip
        assert records.why_stale(before) == (
            f"its code digest for diag is {before.key.code['diag']}, the present code's is other"
        )
        self.computed.clear()
        after = accuracy_vs_complexity("digits", grid_size=2)
        assert self.computed == {"diag"} and after.key.code == before.key.code | {"diag": "other"}
        assert after.table["method"].unique().tolist() == [*METHODS], "in the order of a whole run"
        kept = [table[table["method"] != "diag"] for table in (after.table, before.table)]
        assert_equal(*kept)
