"""A server that behaves as well or as badly as a test asks it to, and names that lead to it."""

from __future__ import annotations

import contextlib
import io
import ssl
import time
from collections import Counter
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock, Thread
from typing import Any

import httpcore
import pytest
from PIL import Image

from ganzoo.fetching import fetcher
from ganzoo.fetching.transfer import Limits

CERTIFICATE = Path(__file__).parent / "pictures.test.pem"
PUBLIC = "93.184.215.14"


class Request(BaseHTTPRequestHandler):
    """One request; what it gets is said by the test."""

    protocol_version = "HTTP/1.1"
    server: Server

    def do_GET(self) -> None:
        server = self.server
        with server.lock:
            server.asked[self.path] += 1
            server.headers.append(dict(self.headers.items()))
            server.busy += 1
            server.busiest = max(server.busiest, server.busy)
        try:
            with contextlib.suppress(OSError):  # who asked has left
                server.answers.get(self.path, status(404))(self)
        finally:
            with server.lock:
                server.busy -= 1

    def log_message(self, format: str, *args: object) -> None:
        pass


Answer = Callable[[Request], None]


class Server(ThreadingHTTPServer):
    """Counts what it is asked for, and how much of it at once."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Request)
        self.lock = Lock()
        self.asked = Counter[str]()
        self.headers: list[dict[str, str]] = []
        self.busy = self.busiest = 0
        self.answers: dict[str, Answer] = {}

    def url(self, path: str, host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.server_port}{path}"

    def handle_error(self, *about: Any) -> None:
        pass


def content(body: bytes, kind: str = "image/png", **headers: str) -> Answer:
    return reply(200, body, Content_Type=kind, **headers)


def status(number: int, **headers: str) -> Answer:
    return reply(number, b"<html>no</html>", **headers)


def redirect(to: str, number: int = 302) -> Answer:
    return reply(number, b"", Location=to)


def reply(number: int, body: bytes, **headers: str) -> Answer:
    def answer(request: Request) -> None:
        request.send_response(number)
        for name, value in {"Content_Length": str(len(body)), **headers}.items():
            request.send_header(name.replace("_", "-"), value)
        request.end_headers()
        request.wfile.write(body)

    return answer


def slowly(first: bytes, piece: bytes, seconds: float) -> Answer:
    """Never ends by itself: one piece after the other, and so long between."""

    def answer(request: Request) -> None:
        request.close_connection = True
        request.wfile.write(first)
        while True:
            request.wfile.write(piece)
            time.sleep(seconds)

    return answer


def one_by_one(*answers: Answer) -> Answer:
    """Another answer each time; the last one from then on."""
    left = list(answers)
    return lambda request: (left.pop(0) if len(left) > 1 else left[0])(request)


def encoded(kind: str, color: int = 0) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (8, 6), (color, 100, 200)).save(file, format=kind)
    return file.getvalue()


class Answers:
    """What a test can have the server answer."""

    content = staticmethod(content)
    status = staticmethod(status)
    redirect = staticmethod(redirect)
    slowly = staticmethod(slowly)
    one_by_one = staticmethod(one_by_one)
    encoded = staticmethod(encoded)


@pytest.fixture
def answers() -> type[Answers]:
    return Answers


@contextlib.contextmanager
def running(server: Server) -> Iterator[Server]:
    with server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def server() -> Iterator[Server]:
    with running(Server()) as server:
        yield server


@pytest.fixture
def secure_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """One for https, who proves to be pictures.test."""
    server = Server()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
    with running(server):
        yield server


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """What names are answered: at each question the next, the last one from then on."""
    import socket

    known: dict[str, list[str]] = {}
    truly = socket.getaddrinfo

    def getaddrinfo(host: str, port: int, *more: Any, **named: Any) -> Any:
        answers = known.get(host)
        if answers:
            host = answers.pop(0) if len(answers) > 1 else answers[0]
        return truly(host, port, *more, **named)

    monkeypatch.setattr("socket.getaddrinfo", getaddrinfo)
    return known


@pytest.fixture
def connected(monkeypatch: pytest.MonkeyPatch, names: dict[str, list[str]]) -> list[str]:
    """What was connected to; a public address, that of pictures.test, leads to the server."""
    names["pictures.test"] = [PUBLIC]
    asked: list[str] = []
    truly = httpcore.AnyIOBackend.connect_tcp

    async def connect(self: Any, host: str, port: int, *more: Any) -> Any:
        asked.append(host)
        return await truly(self, "127.0.0.1" if host == PUBLIC else host, port, *more)

    monkeypatch.setattr(httpcore.AnyIOBackend, "connect_tcp", connect)
    return asked


@pytest.fixture
def local(monkeypatch: pytest.MonkeyPatch) -> Limits:
    """Limits that allow this machine; and hardly a pause between attempts."""
    monkeypatch.setattr(fetcher, "FIRST_PAUSE", 0.001)
    return Limits(allow_private=True, per_host=8, timeout=5)
