"""Fakes are published under their own fingerprints for the length of a test, and served by this machine."""

import gzip
import hashlib
import io
import tarfile
import threading
from dataclasses import replace
from functools import partial
from http.server import ThreadingHTTPServer

import pytest
from fake_data import BATCHES, binary, idx, sorted_rows
from quiet_server import Quiet

from paper.networks import originals
from paper.networks.sources import SOURCES


@pytest.fixture
def publish(monkeypatch):
    def publish(source, arrays):
        digests = {part: hashlib.sha256(b"".join(sorted_rows(arrays, part))).hexdigest() for part in ("train", "test")}
        monkeypatch.setitem(SOURCES, source, replace(SOURCES[source], fingerprint=digests))
        return digests

    return publish


@pytest.fixture
def server(tmp_path):
    """`server(handler)`: the address of a server on this machine, by default of the files in tmp_path/served."""
    folder, servers = tmp_path / "served", []
    folder.mkdir()

    def serve(handler=None):
        servers.append(ThreadingHTTPServer(("127.0.0.1", 0), handler or partial(Quiet, directory=folder)))
        threading.Thread(target=servers[-1].serve_forever, args=[0.01], daemon=True).start()
        return f"http://127.0.0.1:{servers[-1].server_port}"

    yield serve
    for each in servers:
        each.shutdown()
        each.server_close()


@pytest.fixture
def at(monkeypatch):
    """`at(source, address)`: its files are fetched from there."""

    def at(source, address):
        original = originals.ORIGINALS[source]
        names = [
            tuple(f"{address}/{mirror.rpartition('/')[2]}" for mirror in mirrors) for mirrors in original.addresses
        ]
        monkeypatch.setitem(originals.ORIGINALS, source, replace(original, addresses=tuple(names)))

    monkeypatch.setenv("no_proxy", "127.0.0.1")
    return at


@pytest.fixture
def served(tmp_path, server, at):
    """`served(source, arrays)` offers a fake, in the publisher's files, on a server of this machine; it returns their folder."""
    folder = tmp_path / "served"

    def mnist(arrays):
        for part, prefix in (("train", "train"), ("test", "t10k")):
            for kind, suffix in (("x", "images-idx3"), ("y", "labels-idx1")):
                content = gzip.compress(idx(arrays[f"{kind}_{part}"]))
                (folder / f"{prefix}-{suffix}-ubyte.gz").write_bytes(content)

    def cifar10(arrays):
        with tarfile.open(folder / "cifar-10-binary.tar.gz", mode="w:gz") as archive:
            for name, content in [
                *((f"cifar-10-batches-bin/{name}.bin", binary(arrays, *which)) for name, which in BATCHES.items()),
                ("../outside", b"no file of an archive leaves the folder"),
            ]:
                entry = tarfile.TarInfo(name)
                entry.size = len(content)
                archive.addfile(entry, io.BytesIO(content))

    def serve(source, arrays):
        {"mnist": mnist, "cifar10": cifar10}[source](arrays)
        at(source, server())
        return folder

    return serve
