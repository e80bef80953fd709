"""A web server on this machine that fails as a test says."""

from __future__ import annotations

import hashlib
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Fault = str
"""What the server does at a request: drop, truncate, slow, whole, or an HTTP status."""


class FaultyServer:
    """Files by path. ``faults`` are used up by the next requests for content, one each."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.faults: list[Fault] = []
        self.always: Fault = ""
        self.ranges: list[tuple[int, int]] = []
        """The ranges that were requested."""
        self.after: Callable[[], None] = lambda: None
        """Called after each answer with content."""
        self.address = ""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    served: FaultyServer

    def log_message(self, *args: Any) -> None:
        pass

    def do_HEAD(self) -> None:
        self._answer(with_content=False)

    def do_GET(self) -> None:
        self._answer(with_content=True)

    def _answer(self, *, with_content: bool) -> None:
        content = self.served.files.get(self.path.partition("?")[0])
        if content is None:
            self._start(404, 0)
            return
        found = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
        start, stop = (int(found[1]), int(found[2]) + 1) if found else (0, len(content))
        fault = self.served.always
        if with_content and found:
            self.served.ranges.append((start, stop))
            fault = self.served.faults.pop(0) if self.served.faults else fault
        if fault.isdecimal():
            self._start(int(fault), 0)
            return
        if fault == "whole":
            start, stop, found = 0, len(content), None
        part = content[start:stop] if fault != "truncate" else content[start : stop - 1]
        tag = hashlib.sha256(content).hexdigest()[:16]
        self._start(206 if found else 200, len(part), f'"{tag}"')
        if not with_content:
            return
        if fault == "slow":
            time.sleep(0.3)
        if fault == "drop":
            self.wfile.write(part[: len(part) // 2])
            self.close_connection = True
            return
        self.wfile.write(part)
        self.served.after()

    def _start(self, status: int, length: int, tag: str = "") -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(length))
        if tag:
            self.send_header("ETag", tag)
        self.end_headers()


@contextmanager
def serving() -> Iterator[FaultyServer]:
    """A server that runs in a thread."""
    served = FaultyServer()
    handler = type("Handler", (_Handler,), {"served": served})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        served.address = f"http://127.0.0.1:{server.server_port}"
        try:
            yield served
        finally:
            server.shutdown()
            thread.join()
