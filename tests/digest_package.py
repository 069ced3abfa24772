"""A small package with every kind of definition, for the tests of the digest: its files by name."""

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
