"""Hosts and browsers that permit little: a server with a strict policy below an odd path, a browser that keeps nothing."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import quote

POLICY = "default-src 'self'"
BELOW = "a shelf/büro"  # of the server: a space, and a letter that is not ASCII


class Strict(SimpleHTTPRequestHandler):
    """The files of a folder, each with the policy."""

    def end_headers(self):
        self.send_header("Content-Security-Policy", POLICY)
        super().end_headers()

    def log_message(self, *args):
        """Silent."""


@contextmanager
def served(site: Path, folder: Path) -> Iterator[str]:
    """The address at which `site` is, below BELOW; `folder` is a temporary one."""
    place = folder / BELOW
    place.parent.mkdir(parents=True)
    place.symlink_to(site)
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Strict, directory=folder)) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/{quote(BELOW)}/"
        server.shutdown()


def keeping_nothing(profile: Path) -> Path:
    """A profile of Chromium in which every page is refused cookies and storage, as a reader sets it."""
    settings = {"profile": {"default_content_setting_values": {"cookies": 2}}}
    (profile / "Default").mkdir(parents=True)
    (profile / "Default" / "Preferences").write_text(json.dumps(settings))
    return profile
