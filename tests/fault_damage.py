"""Damages to the bytes of a file, pure functions of the content, of a second file's content and of a random generator."""

import json
from collections.abc import Callable
from random import Random

Damage = Callable[[bytes, bytes, Random], bytes]


def truncate(content: bytes, other: bytes, rng: Random) -> bytes:
    """Cut off before a random byte."""
    return content[: rng.randrange(len(content))]


def cut_between_lines(content: bytes, other: bytes, rng: Random) -> bytes:
    """Cut off after a random line, so that every line is whole."""
    lines = content.splitlines(keepends=True)
    return b"".join(lines[: rng.randrange(len(lines))])


def flip(content: bytes, other: bytes, rng: Random) -> bytes:
    """One random bit is another."""
    return _put(content, at := rng.randrange(len(content)), bytes([content[at] ^ 1 << rng.randrange(8)]))


def digit(content: bytes, other: bytes, rng: Random) -> bytes:
    """One random digit is another: what a reader of texts does not notice."""
    places = [at for at, byte in enumerate(content) if byte in b"0123456789"] or [0]
    at = rng.choice(places)
    return _put(content, at, rng.choice([each for each in "0123456789" if ord(each) != content[at]]).encode())


def empty(content: bytes, other: bytes, rng: Random) -> bytes:
    """Nothing is left, as after a crash of the system."""
    return b""


def zeros(content: bytes, other: bytes, rng: Random) -> bytes:
    """A random stretch is zero bytes, as after a crash of the system."""
    start, end = sorted(rng.sample(range(len(content) + 1), 2))
    return _put(content, start, bytes(end - start))


def swap(content: bytes, other: bytes, rng: Random) -> bytes:
    """The content of another file of the same kind."""
    return other


def text(content: bytes, other: bytes, rng: Random) -> bytes:
    """What downloads, version control and editors leave under the name of another file."""
    return rng.choice([b"<!DOCTYPE html><p>Log in</p>", b"version https://git-lfs.github.com/spec/v1\n", b"<<<<<<< HEAD\n", b"[]", b"{}",
                       b"null", b"1", b'"a"', b"\xff\xfe\x00", b"a: [b\n", b"[" * 100_000])  # fmt: skip


def field(content: bytes, other: bytes, rng: Random) -> bytes:
    """JSON of the same form but for one random field, which is missing or holds something of another kind."""
    whole = json.loads(content)
    places = list(_places(whole))
    holder, name = rng.choice(places)
    if rng.randrange(3) == 0:
        del holder[name]
    else:
        holder[name] = rng.choice([value for value in (None, -1, 1e308, "x", [], {}, True) if value != holder[name]])
    return json.dumps(whole, indent=1).encode()


ANY = {each.__name__: each for each in (truncate, flip, empty, zeros, swap, text)}
OF_TEXT = ANY | {each.__name__: each for each in (cut_between_lines, digit)}
OF_JSON = OF_TEXT | {"field": field}


def _put(content: bytes, at: int, new: bytes) -> bytes:
    return content[:at] + new + content[at + len(new) :]


def _places(whole: object) -> list[tuple[dict | list, str | int]]:
    names = whole.keys() if isinstance(whole, dict) else range(len(whole)) if isinstance(whole, list) else ()
    return [(whole, name) for name in names] + [place for name in names for place in _places(whole[name])]
