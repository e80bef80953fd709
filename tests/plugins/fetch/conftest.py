"""A test server with configurable, also faulty, responses, and host names that resolve to it."""

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

from ganzoo_fetch import fetcher
from ganzoo_fetch.transfer import Limits

CERTIFICATE = Path(__file__).parent / "pictures.test.pem"
PUBLIC = "93.184.215.14"


class Request(BaseHTTPRequestHandler):
    """One request; the test defines the response."""

    protocol_version = "HTTP/1.1"
    server: Server

    def do_GET(self) -> None:
        server = self.server
        with server.lock:
            server.asked[self.path] += 1
            server.headers.append(dict(self.headers.items()))
        with contextlib.suppress(OSError):  # the client has disconnected
            server.answers.get(self.path, status(404))(self)

    def log_message(self, format: str, *args: object) -> None:
        pass


Answer = Callable[[Request], None]


class Server(ThreadingHTTPServer):
    """Counts requests by path, and the largest number at once."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Request)
        self.lock = Lock()
        self.asked = Counter[str]()
        self.headers: list[dict[str, str]] = []
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
    """An endless response: ``piece`` again and again, with pauses of ``seconds``."""

    def answer(request: Request) -> None:
        request.close_connection = True
        request.wfile.write(first)
        while True:
            request.wfile.write(piece)
            time.sleep(seconds)

    return answer


def one_by_one(*answers: Answer) -> Answer:
    """The given answers in turn; the last one is repeated."""
    rest = list(answers)
    return lambda request: (rest.pop(0) if len(rest) > 1 else rest[0])(request)


def encoded(kind: str, color: int = 0) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (8, 6), (color, 100, 200)).save(file, format=kind)
    return file.getvalue()


class Answers:
    """The answers that a test can give to the server."""

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
    """An https server with a certificate for pictures.test."""
    server = Server()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
    with running(server):
        yield server


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """IP addresses by host name: each lookup takes the next one, the last one is repeated."""
    import socket

    known: dict[str, list[str]] = {}
    original = socket.getaddrinfo

    def getaddrinfo(host: str, port: int, *more: Any, **named: Any) -> Any:
        answers = known.get(host)
        if answers:
            host = answers.pop(0) if len(answers) > 1 else answers[0]
        return original(host, port, *more, **named)

    monkeypatch.setattr("socket.getaddrinfo", getaddrinfo)
    return known


@pytest.fixture
def connected(monkeypatch: pytest.MonkeyPatch, names: dict[str, list[str]]) -> list[str]:
    """The IP addresses connected to; PUBLIC, that of pictures.test, is routed to the server."""
    names["pictures.test"] = [PUBLIC]
    hosts: list[str] = []
    original = httpcore.AnyIOBackend.connect_tcp

    async def connect(self: Any, host: str, port: int, *more: Any) -> Any:
        hosts.append(host)
        return await original(self, "127.0.0.1" if host == PUBLIC else host, port, *more)

    monkeypatch.setattr(httpcore.AnyIOBackend, "connect_tcp", connect)
    return hosts


@pytest.fixture
def local(monkeypatch: pytest.MonkeyPatch) -> Limits:
    """Limits that allow localhost, with very short pauses between attempts."""
    monkeypatch.setattr(fetcher, "FIRST_PAUSE", 0.001)
    return Limits(allow_private=True, per_host=8, timeout=5)
