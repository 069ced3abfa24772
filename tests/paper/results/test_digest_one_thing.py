"""The digest, one thing at a time: two modules of a few lines, and an edit of either."""

import pytest

from paper.digest import digest
from paper.digest.effects import Code

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
