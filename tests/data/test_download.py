from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from ganzoo import RequestError, download

CONTENT = b"the petals of a flower" * 1000
SHA256 = hashlib.sha256(CONTENT).hexdigest()


class Mirror(HTTPServer):
    """Counts its requests."""

    asked: list[str]

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.asked = []

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.server_port}/{path}"


class Answer(BaseHTTPRequestHandler):
    server: Mirror

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        status, length, content = {
            "/good": (200, len(CONTENT), CONTENT),
            "/other": (200, 4, b"html"),
            "/endless": (200, 2**40, CONTENT * 2),
            "/broken": (200, len(CONTENT), CONTENT[:100]),
            "/missing": (404, 0, b""),
        }[self.path]
        self.send_response(status)
        self.send_header("Content-Length", str(length))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def mirror(monkeypatch: pytest.MonkeyPatch) -> Iterator[Mirror]:
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with Mirror() as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def fetched(folder: Path, *urls: str) -> Path:
    return download("flower.bin", urls, SHA256, len(CONTENT), folder)


def test_a_file_is_downloaded_once(
    mirror: Mirror, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "new"
    place = fetched(folder, mirror.url("good"))
    assert place.read_bytes() == CONTENT
    assert capsys.readouterr() == (
        "",
        f"downloading flower.bin (22,000 bytes) from {mirror.url('good')}\n",
    )
    assert fetched(folder, mirror.url("good")) == place
    assert mirror.asked == ["/good"]
    assert capsys.readouterr().err == ""


def test_an_existing_file_needs_no_network(tmp_path: Path) -> None:
    (tmp_path / "flower.bin").write_bytes(CONTENT)
    assert fetched(tmp_path, "http://127.0.0.1:1/nobody") == tmp_path / "flower.bin"


def test_another_file_with_the_same_name_is_replaced(mirror: Mirror, tmp_path: Path) -> None:
    (tmp_path / "flower.bin").write_bytes(CONTENT[:100])
    assert fetched(tmp_path, mirror.url("good")).read_bytes() == CONTENT


@pytest.mark.parametrize("first", ["missing", "other", "broken"])
def test_the_next_address_is_tried(first: str, mirror: Mirror, tmp_path: Path) -> None:
    place = fetched(tmp_path, mirror.url(first), mirror.url("good"))
    assert place.read_bytes() == CONTENT
    assert mirror.asked[-1] == "/good"


def test_no_more_than_the_published_size_is_read(mirror: Mirror, tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="its SHA-256 is wrong"):
        download("flower.bin", [mirror.url("endless")], SHA256, 100, tmp_path)
    assert list(tmp_path.iterdir()) == []
    assert mirror.asked == ["/endless"], "it would have another content again"


def test_an_address_that_says_no_is_asked_once(mirror: Mirror, tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="HTTP status 404"):
        fetched(tmp_path, mirror.url("missing"))
    assert mirror.asked == ["/missing"]


def test_an_unreachable_address_is_skipped(mirror: Mirror, tmp_path: Path) -> None:
    place = fetched(tmp_path, "http://127.0.0.1:1/nobody", mirror.url("good"))
    assert place.read_bytes() == CONTENT


def test_the_error_lists_all_failures_and_a_remedy(mirror: Mirror, tmp_path: Path) -> None:
    urls = [mirror.url(path) for path in ("missing", "other", "broken")]
    dead = "http://127.0.0.1:1/nobody"
    with pytest.raises(RequestError) as caught:
        fetched(tmp_path, *urls, dead)
    assert str(caught.value) == (
        f"cannot download flower.bin: {urls[0]}: HTTP status 404; {urls[1]}: its SHA-256 is wrong; "
        f"{urls[2]}: the connection failed; {dead}: the connection failed; "
        f"download it by other means (22,000 bytes, sha256 {SHA256}) and put it into {tmp_path}"
    )
    assert list(tmp_path.iterdir()) == []
    assert mirror.asked.count("/broken") > 1, "what may pass is tried again"


def test_a_wrong_file_is_reported_and_kept_if_the_download_fails(
    mirror: Mirror, tmp_path: Path
) -> None:
    place = tmp_path / "flower.bin"
    place.write_bytes(b"half")
    with pytest.raises(RequestError, match=f"{place}: its SHA-256 is wrong; http"):
        fetched(tmp_path, mirror.url("missing"))
    assert place.read_bytes() == b"half"


def test_an_unwritable_folder_is_refused(mirror: Mirror, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(RequestError, match=r"and put it into .*file.below"):
        fetched(tmp_path / "file" / "below", mirror.url("good"))


def test_a_terminal_shows_a_progress_bar(
    mirror: Mirror,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    fetched(tmp_path, mirror.url("good"))
    assert "22000/22000" in capsys.readouterr().err
