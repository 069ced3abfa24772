"""The digest changes when a number could change, and only then: on a small package with every kind of definition."""

import itertools

import pytest

from paper.digest import Closure, digest
from paper.digest.effects import Code

FILES = {
    "made/__init__.py": '''"""A package."""
from made.numbers import rate as speed
''',
    "made/numbers.py": '''"""Constants."""
import numpy as np
from math import sqrt

RATE = 0.1  # a comment
SCALE: float = 2.0
FIRST, *OTHERS = 1, 2, 3
TABLE = {"a": 1}
TABLE["b"] = 2
TWICE = 5
TWICE = TWICE + 1
LIMIT = 7
LIMIT += 1
UNUSED = 3
READERS = {"one": lambda x: x + 11}

if np.__name__ == "numpy":
    CHOSEN = 21
else:
    CHOSEN = 22

try:
    import fast as engine
except ImportError:
    import slow as engine

for COUNT in range(4):
    LAST = COUNT * 23

if (WALRUS := 24) > 1:
    LARGE = True


def rate():
    return RATE + sqrt(4)


def other_rate():
    return 31


def settings():
    return SCALE, FIRST, OTHERS, TABLE, TWICE, LIMIT, READERS, CHOSEN, engine.run(LAST, WALRUS)


def root_of(x):
    return sqrt(x)


def unused():
    return UNUSED
''',
    "made/classes.py": '''"""Classes."""
import functools
from dataclasses import dataclass, field
from typing import NamedTuple

from made.helpers import clipped


class Partner:
    share = 41


Pair = tuple[int, Partner]


class Base:
    momentum = 0.9

    def step(self, x):
        """A docstring."""
        return x - 42

    @property
    def width(self):
        return 43


class Child(Base):
    def __init__(self, rate: float = 0.44, *, decay=0.45):
        self.rate, self.decay = rate, decay

    def step(self, x: Pair) -> float:
        return super().step(x) * 2

    @functools.lru_cache(maxsize=46)
    def kept(self, x):
        return clipped(x)


@dataclass(frozen=True)
class Recipe:
    """A recipe."""

    size: int
    epochs: int = 47
    names: list = field(default_factory=lambda: ["n48"])


class Point(NamedTuple):
    x: float = 0.49


class Refused(ValueError):
    pass


class Denied(ValueError):
    pass


Base.patched = 51
''',
    "made/helpers.py": '''"""Functions."""
from made import more
from made.more import bounded as held
from made.numbers import root_of


def clipped(x):
    def inside(y):
        return y + 61

    return [inside(y) for y in x if y > 62]


def deep(x):
    return held(x) + more.shift(x) + root_of(x)


def traced(function):
    def wrapper(*args):
        return function(*args) * 63

    return wrapper


@traced
def decorated(x):
    return x


def by_name(name):
    return getattr(more, name)


def lazily():
    from made.lazy import value

    return value


def shown(x: "list[int]", text: str = "ok") -> int:
    """Says."""
    made: int = 64
    if x is None:
        raise ValueError(f"x must be given, got {x}")
    assert text, "there must be a text"
    return f"{made!r:>{x}} {x + 1=}"
''',
    "made/more.py": """from numpy import sum


def bounded(x):
    return min(x, 71)


def shift(x):
    return sum(x)


def found():
    return 72


VALUES = [73]
""",
    "made/lazy.py": "value = 81\n",
    "made/effects.py": """import numpy as np

from made import numbers

np.seterr(all="raise")
numbers.RATE = 0.91
""",
    "made/registry.py": """from dataclasses import dataclass

ENTRIES: dict = {}


@dataclass(frozen=True)
class Entry:
    title: str
    function: object
    exact: bool


def entry(title, exact=False, colour="red"):
    def enter(function):
        ENTRIES[function.__name__] = Entry(title, function, exact)
        return function

    return enter


@entry("One", colour="blue")
def one(x):
    return x + 101


@entry("Two", exact=True)
def two(x):
    return second(x)


def second(x):
    return x + 102


NAMES = tuple(ENTRIES)
""",
    "made/star.py": "from made.stars import *\n\n\ndef starred(x):\n    return far(x) + max(x)\n",
    "made/stars.py": "def far(x):\n    return x + 111\n\n\ndef unused(x):\n    return 112\n",
    "made/carried.py": "def carried(x):\n    return 121\n",
    "made/root.py": '''import made.effects
import numpy as np
import made.numbers as numbers
from made import classes, registry, speed
from made.carried import carried
from made.helpers import by_name, decorated, deep, lazily, shown
from made.star import starred

CONSTANT = 1.5


def root(x, mode="fast", *, passes: int = 3) -> float:
    """The root."""
    child = classes.Child(passes)
    recipe = classes.Recipe(2)
    total = np.sum(x) + CONSTANT + numbers.settings()[0] + speed()
    if total > 131 or mode == "slow":
        raise classes.Refused(f"too much: {total}")
    point = max([v * 132 for v in x], key=lambda v: v % 133)
    found = [by_name("found"), decorated(x), deep(x), lazily(), shown(x), starred(x), carried(x)]
    return child.step(recipe.epochs), point, found, classes.Point(), registry.ENTRIES, not child.width


def apart(x):
    return x + 141


if __name__ == "__main__":
    print(apart(142))
''',
}

COUNTS = {
    "a constant": ("root", "CONSTANT = 1.5", "CONSTANT = 1.6"),
    "a default": ("root", 'mode="fast"', 'mode="slow"'),
    "a keyword's default": ("root", "passes: int = 3", "passes: int = 4"),
    "a default of a method": ("classes", "rate: float = 0.44", "rate: float = 0.4"),
    "a keyword's default of a method": ("classes", "decay=0.45", "decay=0.5"),
    "a helper two calls away": ("more", "71", "70"),
    "a helper behind a module's alias": ("numbers", "SCALE: float = 2.0", "SCALE: float = 2"),
    "a method of a base class": ("classes", "x - 42", "x + 42"),
    "an attribute of a base class": ("classes", "momentum = 0.9", "momentum = 0.8"),
    "an attribute set from outside": ("classes", "Base.patched = 51", "Base.patched = 52"),
    "an attribute of a class that an annotation names": ("classes", "share = 41", "share = 40"),
    "another base class": ("classes", "Child(Base)", "Child(Partner)"),
    "an overriding method more": ("classes", "    @functools.lru", "    def width(self):\n        return 0\n\n    @functools.lru"),
    "a property": ("classes", "return 43", "return 44"),
    "a property that becomes a method": ("classes", "    @property\n", ""),
    "a decorator's argument": ("classes", "maxsize=46", "maxsize=47"),
    "a dataclass's decorator": ("classes", "frozen=True", "frozen=False"),
    "a dataclass's default": ("classes", "epochs: int = 47", "epochs: int = 48"),
    "a dataclass's default factory": ("classes", "n48", "n49"),
    "a dataclass's field more": ("classes", "    size: int\n", "    size: int\n    more: int\n"),
    "a dataclass's field that becomes one of the class": ("classes", "epochs: int =", "epochs: ClassVar[int] ="),
    "a dataclass's field without annotation": ("classes", "epochs: int =", "epochs ="),
    "a named tuple's default": ("classes", "0.49", "0.5"),
    "an operator in a lambda": ("root", "v % 133", "v // 133"),
    "a lambda in a table": ("numbers", "x + 11", "x - 11"),
    "a comprehension": ("root", "v * 132", "v + 132"),
    "a comprehension's condition": ("helpers", "y > 62", "y >= 62"),
    "a nested function": ("helpers", "y + 61", "y + 60"),
    "a decorator of ours": ("helpers", "* 63", "* 64"),
    "a decorator less": ("helpers", "@traced\n", ""),
    "the order of two calls": ("root", "decorated(x), deep(x)", "deep(x), decorated(x)"),
    "a condition of a raise": ("root", "total > 131", "total > 130"),
    "an exception's type": ("root", "raise classes.Refused", "raise classes.Denied"),
    "an exception's base": ("classes", "class Refused(ValueError)", "class Refused(KeyError)"),
    "a raise less": ("root", '        raise classes.Refused(f"too much: {total}")\n', "        return\n"),
    "what an exception carries": ("root", 'raise classes.Refused(f"too much', 'raise classes.Refused(x, f"too much'),
    "an import from another module": ("more", "from numpy import sum", "from math import sum"),
    "an import that hides a builtin": ("helpers", "from made import more\n", "from made import more\nfrom numpy import getattr\n"),
    "an alias of another module": ("root", "import numpy as np", "import torch as np"),
    "an import of another function": ("helpers", "bounded as held", "shift as held"),
    "an import inside a function": ("helpers", "from made.lazy import value", "from made.more import VALUES as value"),
    "what an import inside a function finds": ("lazy", "81", "82"),
    "a re-export": ("__init__", "rate as speed", "other_rate as speed"),
    "what is re-exported": ("numbers", "RATE + sqrt(4)", "RATE - sqrt(4)"),
    "a constant of what is re-exported": ("numbers", "RATE = 0.1", "RATE = 0.2"),
    "an import that falls back": ("numbers", "import slow as engine", "import slower as engine"),
    "a starred target": ("numbers", "FIRST, *OTHERS = 1, 2, 3", "FIRST, *OTHERS = 1, 2, 4"),
    "an item set afterwards": ("numbers", 'TABLE["b"] = 2', 'TABLE["b"] = 3'),
    "an item set anew": ("numbers", 'TABLE["b"] = 2\n', 'TABLE["b"] = 2\nTABLE |= {"c": 1}\n'),
    "a call that changes it": ("numbers", 'TABLE["b"] = 2\n', 'TABLE["b"] = 2\nTABLE.update(c=1)\n'),
    "a call that changes it and is kept": ("numbers", "UNUSED = 3", 'UNUSED = TABLE.pop("a")'),
    "the first of two assignments": ("numbers", "TWICE = 5", "TWICE = 6"),
    "the second of two assignments": ("numbers", "TWICE + 1", "TWICE + 2"),
    "an augmented assignment": ("numbers", "LIMIT += 1", "LIMIT += 2"),
    "a conditional definition": ("numbers", "CHOSEN = 21", "CHOSEN = 20"),
    "its condition": ("numbers", 'np.__name__ == "numpy"', 'np.__name__ != "numpy"'),
    "a loop at the top": ("numbers", "COUNT * 23", "COUNT * 22"),
    "a walrus at the top": ("numbers", "WALRUS := 24", "WALRUS := 25"),
    "what getattr may find": ("more", "72", "70"),
    "what getattr may find, later": ("more", "VALUES = [73]", "VALUES = [73]\nMORE = 1"),
    "the state of a library": ("effects", 'all="raise"', 'all="ignore"'),
    "another module's name": ("effects", "numbers.RATE = 0.91", "numbers.RATE = 0.92"),
    "setattr on another module": ("effects", "numbers.RATE = 0.91", 'setattr(numbers, "RATE", 0.91)'),
    "the state of a library, in the package": ("__init__", '"""A package."""\n', "import torch\ntorch.set_default_dtype(1)\n"),
    "a registry's entry": ("registry", "x + 101", "x - 101"),
    "a helper of a registry's entry": ("registry", "x + 102", "x - 102"),
    "an argument of a registry's entry": ("registry", "exact=True", "exact=False"),
    "a registry's entry more": ("registry", "NAMES", '@entry("Three")\ndef three(x):\n    return 1\n\n\nNAMES'),
    "a registry's entry by hand": ("registry", "NAMES", 'ENTRIES["one"] = second\nNAMES'),
    "what a star imports": ("stars", "x + 111", "x - 111"),
    "a star that hides a builtin": ("stars", "def unused", "def max"),
    "an f-string's format": ("helpers", "!r:>", "!s:>"),
    "a builtin that is defined": ("helpers", "def deep", "def getattr(a, b):\n    return 0\n\n\ndef deep"),
    "globals()": ("numbers", "UNUSED = 3", 'globals()["RATE"] = 3'),
    "a method's decorator that registers": (
        "classes", "    def kept", "    @functools.singledispatchmethod\n    def kept",
    ),
    "a subclass that its base hears of": (
        "classes", "momentum = 0.9", "momentum = 0.9\n\n    def __init_subclass__(cls):\n        cls.momentum = 1",
    ),
}  # fmt: skip

DOES_NOT_COUNT = {
    "a comment": ("numbers", "  # a comment", ""),
    "a module's docstring": ("numbers", '"""Constants."""', '"""Other words."""'),
    "a function's docstring": ("root", '    """The root."""\n', ""),
    "a class's docstring": ("classes", '    """A recipe."""\n\n', ""),
    "a method's docstring": ("classes", '"""A docstring."""', '"""Another\n\n        docstring."""'),
    "an attribute's docstring": ("root", "CONSTANT = 1.5", 'CONSTANT = 1.5\n"""A constant."""'),
    "layout": ("root", "by_name(\"found\"), decorated(x)", "by_name(\n        'found'\n    ), decorated(x)"),
    "how a number is written": ("root", "CONSTANT = 1.5", "CONSTANT = 15e-1"),
    "an argument's annotation": ("root", "passes: int", "passes: float"),
    "an argument's annotation less": ("classes", "rate: float = 0.44", "rate = 0.44"),
    "what is returned": ("root", ") -> float:", ") -> tuple[float, str]:"),
    "a variable's annotation": ("helpers", "made: int = 64", "made: float = 64"),
    "a variable's annotation less": ("helpers", "made: int = 64", "made = 64"),
    "a constant's annotation less": ("numbers", "SCALE: float = 2.0", "SCALE = 2.0"),
    "a field's annotation": ("classes", "epochs: int =", "epochs: float ="),
    "an annotation's alias": ("classes", "Pair = tuple[int", "Pair = tuple[str"),
    "an error's message": ("helpers", "x must be given, got {x}", "give x, not {x}"),
    "an error's message, added": ("helpers", "got {x}\")", "got {x}\" + \", why\")"),
    "an assertion's message": ("helpers", "there must be a text", "a text, please"),
    "pass": ("classes", "class Refused(ValueError):\n    pass", 'class Refused(ValueError):\n    """No."""'),
    "a function that nobody calls": ("numbers", "return UNUSED", "return 0"),
    "a function more": ("numbers", "def unused", "def another():\n    return sqrt(RATE)\n\n\ndef unused"),
    "a constant that nobody uses": ("numbers", "UNUSED = 3", "UNUSED = sqrt(4)"),
    "a constant more, of others": ("numbers", "UNUSED = 3", "UNUSED = 3\nSORTED = sorted(TABLE)"),
    "a function of the root's module": ("root", "x + 141", "x - 141"),
    "what runs as a program only": ("root", "print(apart(142))", "print(apart(143))"),
    "the order of functions": ("registry", "ENTRIES: dict = {}\n", "def last(x):\n    return 1\n\n\nENTRIES: dict = {}\n"),
    "an import that nobody uses": ("helpers", "from made import more\n", "import os\nfrom made import more\n"),
    "the way to a definition": ("root", "from made import classes, registry, speed", "from made import classes, registry\nfrom made.numbers import rate as speed"),
    "an entry's title": ("registry", 'entry("One"', 'entry("The first"'),
    "an entry's colour": ("registry", 'colour="blue"', 'colour="green"'),
    "what a star imports and nobody uses": ("stars", "112", "113"),
    "what is left out": ("carried", "121", "122"),
}  # fmt: skip


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


# One thing at a time: the modules `a` and `b` of a package, and an edit of either that counts.
SMALL = {
    "import a.b": ("import m.b\ndef root(): return m.b.f()", "def f(): return 1", "1", "2"),
    "import a.b inside a function": ("def root():\n import m.b\n return m.b.f()", "def f(): return 1", "1", "2"),
    "import by dots": ("from .b import f\ndef root(): return f()", "def f(): return 1", "1", "2"),
    "an import in a class": ("class A:\n from m.b import f\ndef root(): return A().f()", "def f(s): return 1", "1", "2"),
    "a module in a variable": ("from m import b\nq = b\ndef root(): return q.f()", "def f(): return 1", "1", "2"),
    "a package in a variable": ("import m, m.b\nq = m\ndef root(): return q.b.f()", "def f(): return 1", "1", "2"),
    "a module's dictionary": ("from m import b\ndef root(): return vars(b)['f']()", "def f(): return 1", "1", "2"),
    "a module's __getattr__": ("from m import b\ndef root(): return b.f", "K = 1\ndef __getattr__(n): return K", "1", "2"),
    "a module by its name": ("import sys\ndef root(): return sys.modules['m.b'].f()", "def f(): return 1", "1", "2"),
    "its finder in a variable": ("import importlib\nq = importlib\ndef root(): return q.import_module('m.b')", "X = 1", "1", "2"),
    "eval": ("from m.b import f\ndef root(): return eval('f()')", "def f(): return 1", "1", "2"),
    "a function's globals": ("from m.b import g\ndef root(): return g.__globals__['f']()", "def f(): return 1\ndef g(): 2", "1", "3"),
    "what __all__ lets pass": ("from m.b import *\ndef root(): return pow(2, 3)", "__all__ = ['q']\ndef pow(*a): return 7", "'q'", "'pow'"),
    "a method that registers": ("from m.b import app\n@app.add\ndef f(): return 1\ndef root(): return app.run()", "class App:\n def add(self, f): self.f = f\napp = App()", "1", "2"),
    "a class that registers": ("from m.b import Task\n@Task\ndef f(): return 1\ndef root(): return Task.all", "class Task:\n all = []\n def __init__(s, f): s.all.append(f)", "1", "2"),
    "singledispatch": ("from m.b import f\n@f.register\ndef _(x: int): return 1\ndef root(): return f(1)", "import functools\n@functools.singledispatch\ndef f(x): return x", "1", "2"),
    "its annotations": ("from m.b import f\n@f.register\ndef _(x: int): return 1\ndef root(): return f(1)", "import functools\n@functools.singledispatch\ndef f(x): return x", "int", "float"),
    "annotations that a base class reads": ("from m.b import B\nclass A(B):\n x: int = 1\ndef root(): return A()", "import pydantic\nclass B(pydantic.BaseModel): y = 1", "int", "float"),
    "annotations that are read back": ("def f(x: int): pass\ndef root(): return f.__annotations__", "", "int", "float"),
    "a docstring that is read back": ("def f(x): 'text'\ndef root(): return f.__doc__", "", "'text'", "'words'"),
    "subclasses": ("from m.b import B\nclass A(B):\n v = 1\ndef root(): return B.__subclasses__()", "class B: pass", "1", "2"),
    "a metaclass of a base class": ("from m.b import B\nclass A(B):\n v = 1\ndef root(): return B.all", "class M(type): pass\nclass B(metaclass=M): all = []", "1", "2"),
    "a default that acts": ("from m.b import R, add\ndef unused(a=add(1)): pass\ndef root(): return R", "R = []\ndef add(x): R.append(x)", "1", "2"),
    "an attribute of a class that acts": ("from m.b import R, add\nclass A:\n a = add(1)\ndef root(): return R", "R = []\ndef add(x): R.append(x)", "1", "2"),
    "a comprehension that acts": ("R = []\n_ = [R.append(i) for i in range(3)]\ndef root(): return R", "", "3", "4"),
    "a method handed on": ("R = []\n_ = list(map(R.append, [3]))\ndef root(): return R", "", "3", "4"),
    "a library that changes it": ("import heapq\nR = []\n_ = heapq.heappush(R, 3)\ndef root(): return R", "", "3", "4"),
    "another module's class": ("import m.b\nclass K:\n x = 1\ndef root(): return K.x", "from m.a import K\nK.x = 2", "2", "3"),
    "a builtin's replacement": ("import m.b\ndef root(): return sum([1])", "import builtins\nbuiltins.sum = max", "max", "min"),
    "a global": ("X = 1\ndef g():\n global X\n X = 2\ndef root(): return g(), X", "", "2", "3"),
    "a global that only a function binds": ("def g():\n global X\n X = 2\ng()\ndef root(): return X", "", "2", "3"),
    "a name that is local elsewhere": ("def f(): return 1\ndef root():\n def g(f): return f\n return f()", "", "1", "2"),
    "a name that is a comprehension's too": ("def f(): return [1]\ndef root(): return [f for f in f()]", "", "1", "2"),
    "a name that is a class's too": ("X = 1\nclass A:\n X = 5\n def g(s): return X\ndef root(): return A().g()", "", "1", "2"),
    "a pattern's class": ("class P: a = 1\ndef root(x):\n match x:\n  case P(): return 0", "", "1", "2"),
    "a default, taken before it changes": ("X = 1\ndef root(a=X): return a\nX = 2", "", "X = 1\ndef root(a=X): return a\nX = 2", "X = 1\nX = 2\ndef root(a=X): return a"),
    "the order of two assignments": ("X = 1\nY = X\nX = 2\ndef root(): return X, Y", "", "Y = X\nX = 2", "X = 2\nY = X"),
    "a program that is none": ("X = 1\nif __name__ == '__main__':\n pass\nelse:\n X = 2\ndef root(): return X", "", "2", "3"),
}  # fmt: skip
SMALL_AND_NO_MATTER = {
    "a function named like a variable": ("def f(): return 1\ndef root():\n f = 2\n return f", "", "1", "3"),
    "a function named like an argument": ("def f(): return 1\ndef root(f): return [f for x in f]", "", "1", "3"),
    "a function named like a keyword": ("def f(): return 1\ndef root(x): return x(f=2)", "", "1", "3"),
    "a function named like an attribute": ("def f(): return 1\ndef root(x): return x.f()", "", "1", "3"),
    "a message by %": ("def root(x):\n raise ValueError('no %s' % x)", "", "no", "not"),
    "a message by format": ("def root(x):\n raise ValueError('no {}'.format(x))", "", "no", "not"),
    "a program": ("def root(x): return 1\nif __name__ == '__main__':\n root(2)", "", "2", "3"),
    "an object that nobody uses": ("from m.b import D\nX = D(1)\ndef root(): return 2", "import dataclasses\n@dataclasses.dataclass\nclass D:\n x: int", "1", "3"),
}  # fmt: skip


def small(folder, a, b):
    (folder / "m").mkdir(parents=True)
    for name, text in (("__init__", ""), ("a", a), ("b", b)):
        (folder / "m" / f"{name}.py").write_text(text)
    return digest("m.a.root", code=Code(folder, ("m",)))


@pytest.mark.parametrize(
    "a, b, old, new", [*SMALL.values(), *SMALL_AND_NO_MATTER.values()], ids=[*SMALL, *SMALL_AND_NO_MATTER]
)
def test_one_thing_at_a_time(a, b, old, new, tmp_path, request):
    assert old in a + b
    edited = (a.replace(old, new, 1), b) if old in a else (a, b.replace(old, new, 1))
    same = request.node.callspec.id in SMALL_AND_NO_MATTER
    assert (small(tmp_path / "before", a, b) == small(tmp_path / "after", *edited)) == same


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
