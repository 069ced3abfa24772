"""Where the data are looked for, and what is fetched when they are not there."""

import contextlib
import time

import numpy as np
import pytest
from fake_data import SHAPES, assert_same, fake
from quiet_server import Quiet

from paper.networks import data, originals, readers


def test_root_is_the_argument_else_the_variable_else_data(workspace, monkeypatch, publish):
    contents = {folder: fake("mnist", seed) for seed, folder in enumerate(("argument", "variable", "data"))}
    for folder, arrays in contents.items():
        (workspace / folder).mkdir()
        np.savez(workspace / folder / "mnist.npz", **arrays)
    publish("mnist", contents["data"])
    data.load("mnist2")
    monkeypatch.setenv("PACBAYES_DATA", str(workspace / "variable"))
    publish("mnist", contents["variable"])
    data.load("mnist2")
    publish("mnist", contents["argument"])
    data.load("mnist2", workspace / "argument")


@pytest.mark.parametrize("place", ["data", "own", "~/data", "./own/"])
def test_the_projects_folder_is_where_relative_names_are_wherever_a_notebook_runs(workspace, monkeypatch, place):
    monkeypatch.setenv("HOME", str(workspace / "home"))
    monkeypatch.setenv("PACBAYES_DATA", "" if place == "data" else place)
    found = {"~/data": workspace / "home" / "data"}.get(place, workspace / place)
    (workspace / "notebooks").mkdir()
    for cwd in (workspace, workspace / "notebooks"):
        monkeypatch.chdir(cwd)
        assert readers.folder() == found and readers.folder().is_absolute()
    assert readers.folder("~/x") == workspace / "home" / "x"
    assert readers.folder("x") == workspace / "notebooks" / "x", "an argument is as Python has it"


@pytest.mark.parametrize("name, source", [("mnist5", "mnist"), ("cifar5", "cifar10")])
def test_missing_data_say_where_and_what_and_leave_nothing(name, source, workspace, no_download):
    with pytest.raises(FileNotFoundError) as error:
        data.load(name)
    for words in (
        f"{source} not found: there is no {workspace}/data/{source}.npz",
        f"nor the publisher's files in {workspace}/data/",
        "could not be fetched (",
        "urlopen error",
        f"Put {source}.npz (x_train, y_train, x_test, y_test in uint8) into {workspace}/data",
        "name another folder in PACBAYES_DATA",
        "The book itself needs no data",
    ):
        assert words in str(error.value)
    assert "\n" not in str(error.value) and not (workspace / "data").exists()


@pytest.mark.parametrize("source", SHAPES)
def test_what_is_fetched_is_told_and_kept(source, workspace, publish, served, capsys):
    arrays = fake(source)
    publish(source, arrays)
    folder = served(source, arrays)
    first = data.load(f"{source}2" if source == "mnist" else "cifar2")
    assert "fetching http://127.0.0.1" in (said := capsys.readouterr().out) and "at most 30 minutes" in said
    files = sorted(str(path.relative_to(workspace)) for path in workspace.rglob("*") if path.is_file())
    kept = {"mnist": "MNIST/raw/t10k-images-idx3-ubyte", "cifar10": "cifar-10-batches-bin/data_batch_1.bin"}[source]
    assert f"data/{kept}" in files and not any("outside" in file or ".fetched" in file for file in files)
    for path in folder.iterdir():
        path.unlink()
    assert_same(data.load(first.name), first)
    assert capsys.readouterr().out == ""


def page(handler):
    handler.send_response(200)
    handler.end_headers()
    handler.wfile.write(b"<html>Log in to the network</html>")


def cut_off(handler):
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b"\x1f\x8b")


def drip(handler):
    handler.send_response(200)
    handler.end_headers()
    for _ in range(6000):
        handler.wfile.write(b"a")
        time.sleep(0.05)


def stall(handler):
    handler.send_response(200)
    handler.end_headers()
    time.sleep(100)


@pytest.mark.parametrize(
    "answer, reason",
    [
        (page, "perhaps a login or error page"),
        (cut_off, "it ended after 2 bytes of 1000"),
        (drip, "not done after"),
        (stall, "timed out"),
        (lambda handler: handler.send_error(403), "HTTP Error 403"),
    ],
    ids=["page", "cut off", "drip", "stall", "refused"],
)
@pytest.mark.parametrize("source", SHAPES)
def test_a_failed_download_says_why_in_time_and_leaves_nothing(
    source, answer, reason, workspace, server, at, monkeypatch
):
    monkeypatch.setattr(originals, "LIMIT" if answer is drip else "STALLED", 1)

    class Handler(Quiet):
        def do_GET(self):
            with contextlib.suppress(OSError):
                answer(self)

    at(source, server(Handler))
    started = time.monotonic()
    with pytest.raises(FileNotFoundError, match=reason):
        data.load({"mnist": "mnist2"}.get(source, "cifar2"))
    assert time.monotonic() - started < 60 and not (workspace / "data").exists()
