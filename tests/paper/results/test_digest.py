"""The digest changes when a number could change, and only then: on a small package with every kind of definition."""

import itertools

import pytest
from digest_edits import COUNTS, DOES_NOT_COUNT
from digest_package import FILES

from paper.digest import Closure, digest
from paper.digest.effects import Code


@pytest.fixture
def package(tmp_path):
    """A function that writes the package into a folder of its own, if need be with an edit."""
    folders = (tmp_path / str(number) for number in itertools.count())

    def write(module="root", old="", new=""):
        path = f"made/{module}.py"
        assert old in FILES[path], "the edit must be one"
        folder = next(folders)
        (folder / "made").mkdir(parents=True)
        for name, text in {**FILES, path: FILES[path].replace(old, new)}.items():
            (folder / name).write_text(text)
        return Code(folder, ("made",), ("made.carried",))

    return write


@pytest.mark.parametrize("edit", COUNTS.values(), ids=COUNTS)
def test_what_can_change_a_number_counts(package, edit):
    assert digest("made.root.root", code=package()) != digest("made.root.root", code=package(*edit))


@pytest.mark.parametrize("edit", DOES_NOT_COUNT.values(), ids=DOES_NOT_COUNT)
def test_nothing_else_does(package, edit):
    assert digest("made.root.root", code=package()) == digest("made.root.root", code=package(*edit))


def test_the_digest_is_the_same_on_every_python(package):
    """Should a change of `paper.digest` make this fail, then it makes all frozen results stale."""
    assert digest("made.root.root", code=package()) == "779ec6235b89db14"


def test_functions_may_stand_in_any_order(package):
    text = FILES["made/more.py"]
    start, end = text.index("def bounded"), text.index("def shift")
    moved = text[:start] + text[end:] + text[start:end]
    assert digest("made.root.root", code=package()) == digest("made.root.root", code=package("more", text, moved))


class TestARegistry:
    """Entries count where their registry is reached, if they are asked for."""

    def digest(self, code, *names, root="made.root.root"):
        return digest(root, of={"made.registry.ENTRIES": names}, code=code)

    @pytest.mark.parametrize(
        "old, new, changed",
        [
            ("x + 101", "x - 101", {"one"}),
            ("x + 102", "x - 102", {"two"}),
            ("exact=True", "exact=False", {"two"}),
            ('"Two"', '"Second"', set()),
            ("NAMES", '@entry("Three")\ndef three(x):\n    return 1\n\n\nNAMES', set()),
            ("Entry(title, function, exact)", "Entry(title, function, True)", {"one", "two"}),
        ],
    )
    def test_each_entry_has_its_own(self, package, old, new, changed):
        before, after = package(), package("registry", old, new)
        assert {name for name in ("one", "two") if self.digest(before, name) != self.digest(after, name)} == changed

    def test_the_entries_asked_for_are_a_set(self, package):
        code = package()
        assert self.digest(code, "one", "two") == self.digest(code, "two", "one") == digest("made.root.root", code=code)
        assert len({self.digest(code, *names) for names in ((), ("one",), ("two",), ("one", "two"))}) == 4
        assert self.digest(code, "one") == self.digest(code, "one", "three")

    def test_where_it_is_not_reached_they_do_not_count(self, package):
        root = "made.registry.second"
        before, after = package(), package("registry", "x + 101", "x - 101")
        assert digest(root, code=before) == digest(root, code=after)

    @pytest.mark.parametrize(
        "old, new",
        [
            ("        return function", "        print(function)\n        return function"),
            ("        return function", "        function.seen = 1\n        return function"),
            ("        return function", "        return second(function)"),
            ("        ENTRIES[", "        entries = ENTRIES\n        entries["),
            ("        ENTRIES[function.__name__] =", "        _ = ENTRIES.setdefault(title, 1), "),
            ("ENTRIES[function.__name__]", "ENTRIES[title]"),
            ("ENTRIES: dict = {}", "OTHER = {}\nENTRIES = OTHER"),
            ("    exact: bool", "    exact: bool\n\n    def __post_init__(self):\n        ENTRIES.clear()"),
        ],
    )
    def test_what_is_not_understood_counts_with_all_entries(self, package, old, new):
        code = package("registry", old, new)
        assert self.digest(code, "one") == self.digest(code, "two") != self.digest(package(), "one")


def test_an_unknown_root_is_refused(package):
    for root in ("made.root.nothing", "made.nothing.root", "made.carried.carried"):
        with pytest.raises(LookupError, match=f"{root} is not defined"):
            digest(root, code=package())


def test_what_finds_modules_by_their_names_depends_on_all(package):
    """importlib and its like."""
    for line in ("import importlib\nX = importlib.import_module", "import sys\nX = sys.modules", "X = __import__"):
        code = package("lazy", "value = 81", f"{line}\nvalue = X")
        reached = Closure(code, ["made.lazy.value"]).modules
        assert set(reached) == {name for name in code.everything() if name != "made.carried"}, line


def test_a_module_used_as_a_value_counts_as_a_whole(package):
    names = {place.name for place in Closure(package(), ["made.helpers.by_name"]).places}
    assert {"", "bounded", "shift", "found", "VALUES"} <= names and "root_of" not in names
