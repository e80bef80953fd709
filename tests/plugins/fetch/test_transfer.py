from __future__ import annotations

import asyncio
import dataclasses
import hashlib
import os
import time
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest

from ganzoo_fetch import transfer
from ganzoo_fetch.failure import Failed
from ganzoo_fetch.transfer import Limits, Transfer

INTERNET = Limits(timeout=5)
ENDLESS = b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\n\r\n"


def download(url: str, folder: Path, limits: Limits) -> str:
    async def one() -> str:
        async with Transfer(folder, limits) as transfer:
            return await transfer.download(url)

    return asyncio.run(one())


def failure(url: str, folder: Path, limits: Limits) -> Failed:
    with pytest.raises(Failed) as caught:
        download(url, folder, limits)
    assert list(folder.iterdir()) == [], "a failure leaves no files"
    return caught.value


@pytest.mark.parametrize(
    ("kind", "ending"),
    [
        *[("JPEG", ".jpg"), ("PNG", ".png"), ("WEBP", ".webp"), ("GIF", ".gif"), ("BMP", ".bmp")],
        *[("TIFF", ".tif"), ("PPM", ".ppm"), ("AVIF", ".avif"), ("JPEG2000", ".jp2")],
    ],
)
@pytest.mark.parametrize("called", ["text/html", "image/jpeg"])
def test_the_format_is_detected_from_the_bytes_alone(
    kind: str, ending: str, called: str, server: Any, answers: Any, tmp_path: Path, local: Limits
) -> None:
    body = answers.encoded(kind)
    server.answers["/photo.php?name=../../x.exe"] = answers.content(
        body, called, Content_Disposition='attachment; filename="evil.png"'
    )
    name = download(server.url("/photo.php?name=../../x.exe"), tmp_path, local)
    assert name == hashlib.sha256(body).hexdigest() + ending
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert (tmp_path / name).read_bytes() == body


def test_a_request_has_a_user_agent_and_no_further_information(
    server: Any, answers: Any, tmp_path: Path, local: Limits, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    monkeypatch.delenv("no_proxy", raising=False)
    body = answers.encoded("PNG")
    server.answers["/a"] = answers.redirect("/b")
    server.answers["/b"] = answers.content(body, Set_Cookie="id=1")
    server.answers["/c"] = answers.content(body)

    async def two() -> None:
        async with Transfer(tmp_path, local) as transfer:
            await transfer.download(server.url("/a"))
            await transfer.download(server.url("/c"))

    asyncio.run(two())
    assert len(server.headers) == 3
    for headers in server.headers:
        assert headers.pop("User-Agent").startswith("ganzoo/")
        assert "image/png" in headers.pop("Accept")
        assert headers == {
            "Host": f"127.0.0.1:{server.server_port}",
            "Accept-Encoding": "identity",
        }


@pytest.mark.parametrize(
    ("number", "passes"),
    [
        *[(404, "never"), (403, "never"), (204, "never"), (304, "never"), (302, "never")],
        *[(429, "soon"), (500, "soon"), (503, "soon")],
    ],
)
def test_the_http_status_is_the_reason(
    number: int, passes: str, server: Any, answers: Any, tmp_path: Path, local: Limits
) -> None:
    server.answers["/a"] = answers.status(number)
    found = failure(server.url("/a"), tmp_path, local)
    assert (found.reason, found.passes) == (f"HTTP status {number}", passes)


def test_a_file_that_is_not_an_image_is_not_kept(
    server: Any, answers: Any, tmp_path: Path, local: Limits
) -> None:
    server.answers["/html"] = answers.content(b"<html>not found</html>", "image/jpeg")
    server.answers["/empty"] = answers.content(b"")
    server.answers["/half"] = answers.content(answers.encoded("JPEG")[:-40])
    for path, detail in {
        "/html": "it is not a JPEG",
        "/empty": "empty",
        "/half": "damaged",
    }.items():
        found = failure(server.url(path), tmp_path, local)
        assert (found.reason, found.passes) == ("not an image", "never")
        assert detail in found.detail


def test_an_incomplete_body_is_a_temporary_failure(
    server: Any, answers: Any, tmp_path: Path, local: Limits
) -> None:
    def incomplete(request: Any) -> None:
        answers.content(answers.encoded("PNG")[:40], Content_Length="400")(request)
        request.close_connection = True

    server.answers["/incomplete"] = incomplete
    found = failure(server.url("/incomplete"), tmp_path, local)
    assert (found.reason, found.passes) == ("connection failed", "soon")


def test_a_refused_connection_is_a_temporary_failure(tmp_path: Path, local: Limits) -> None:
    found = failure("http://127.0.0.1:1/", tmp_path, local)
    assert (found.reason, found.passes) == ("connection failed", "soon")


def test_a_response_that_is_not_http_is_a_failure(
    server: Any, answers: Any, tmp_path: Path, local: Limits
) -> None:
    server.answers["/a"] = answers.slowly(b"\x16\x03\x01\x02\0\r\n\r\n", b"\0", 0.1)
    assert failure(server.url("/a"), tmp_path, local).reason == "connection failed"


def test_images_above_max_bytes_are_not_read(
    server: Any, answers: Any, tmp_path: Path, local: Limits
) -> None:
    limits = dataclasses.replace(local, max_bytes=1000)
    server.answers["/said"] = answers.content(b"", Content_Length=4 * "9")
    server.answers["/endless"] = answers.slowly(ENDLESS, bytes(100), 0.0)
    server.answers["/gz"] = answers.content(bytes(1001), Content_Encoding="gzip")
    for path in server.answers:
        found = failure(server.url(path), tmp_path, limits)
        assert (found.reason, found.passes) == ("too large", "later")
    body = answers.encoded("PNG")
    server.answers["/fits"] = answers.content(body)
    assert download(server.url("/fits"), tmp_path, dataclasses.replace(limits, max_bytes=len(body)))


@pytest.mark.parametrize("first", [ENDLESS, b"HTTP/1.1 200 OK\r\nX: ", b""])
def test_a_slow_response_times_out(
    first: bytes, server: Any, answers: Any, tmp_path: Path, local: Limits
) -> None:
    server.answers["/slow"] = answers.slowly(first, b"x", 0.02)
    start = time.monotonic()
    found = failure(server.url("/slow"), tmp_path, dataclasses.replace(local, timeout=0.2))
    assert (found.reason, found.passes) == ("timed out", "later")
    assert time.monotonic() - start < 2


def test_the_timeout_covers_all_redirects_together(
    server: Any, answers: Any, tmp_path: Path, local: Limits
) -> None:
    def late(request: Any) -> None:
        time.sleep(0.15)
        answers.redirect("/a")(request)

    server.answers["/a"] = late
    found = failure(server.url("/a"), tmp_path, dataclasses.replace(local, timeout=0.25))
    assert found.reason == "timed out"


def test_five_redirects_are_followed(
    server: Any, answers: Any, tmp_path: Path, local: Limits
) -> None:
    for i, number in enumerate((301, 302, 303, 307, 308)):
        server.answers[f"/{i}"] = answers.redirect(f"{i + 1}", number)
    server.answers["/5"] = answers.content(answers.encoded("PNG"))
    server.answers["/more"] = answers.redirect(server.url("/0"))
    assert download(server.url("/0"), tmp_path, local).endswith(".png")
    for path in tmp_path.iterdir():
        path.unlink()
    assert failure(server.url("/more"), tmp_path, local).reason == "more than 5 redirects"


def test_a_redirect_loop_ends(server: Any, answers: Any, tmp_path: Path, local: Limits) -> None:
    server.answers["/a"] = answers.redirect("/a")
    assert failure(server.url("/a"), tmp_path, local).reason == "more than 5 redirects"
    assert server.asked["/a"] == 6


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ("http://127.0.0.1:{port}/secret", "not a public address"),
        ("//127.1:{port}/secret", "not a public address"),
        ("http://localhost:{port}/secret", "not a public address"),
        ("http://[::ffff:10.0.0.1]/secret", "not a public address"),
        ("http://169.254.169.254/latest/meta-data/", "not a public address"),
        ("file:///etc/passwd", "not an http or https URL"),
        ("http://me:secret@pictures.test/", "a URL with credentials"),
        ("http://pictures.test:http/", "not a URL"),
    ],
)
def test_redirects_to_forbidden_targets_are_refused(
    target: str, reason: str, server: Any, answers: Any, connected: list[str], tmp_path: Path
) -> None:
    server.answers["/a"] = answers.redirect(target.format(port=server.server_port))
    found = failure(server.url("/a", "pictures.test"), tmp_path, INTERNET)
    assert found.reason == reason
    assert connected == ["93.184.215.14"]
    assert server.asked == {"/a": 1}


def test_localhost_is_not_contacted_unless_allowed(
    server: Any, answers: Any, connected: list[str], tmp_path: Path
) -> None:
    server.answers["/a"] = answers.content(answers.encoded("PNG"))
    found = failure(server.url("/a"), tmp_path, INTERNET)
    assert (found.reason, found.passes) == ("not a public address", "later")
    assert not server.asked
    assert download(server.url("/a", "pictures.test"), tmp_path, INTERNET)


def test_a_host_name_is_looked_up_once_per_connection(
    server: Any, answers: Any, connected: list[str], names: dict[str, list[str]], tmp_path: Path
) -> None:
    names["pictures.test"] = ["93.184.215.14", "127.0.0.1"]
    server.answers["/a"] = answers.content(answers.encoded("PNG"))
    server.answers["/b"] = answers.redirect("/a")
    download(server.url("/a", "pictures.test"), tmp_path, INTERNET)
    for path in tmp_path.iterdir():
        path.unlink()
    names["pictures.test"] = ["93.184.215.14", "127.0.0.1"]
    found = failure(server.url("/b", "pictures.test"), tmp_path, INTERNET)
    assert found.reason == "not a public address", "each connection looks the host up and checks it"
    assert connected == ["93.184.215.14", "93.184.215.14"]
    assert {headers["Host"] for headers in server.headers} == {
        f"pictures.test:{server.server_port}"
    }


def test_a_certificate_must_match_the_host_name(
    secure_server: Any, answers: Any, names: dict[str, list[str]], tmp_path: Path, local: Limits
) -> None:
    names.update({"pictures.test": ["127.0.0.1"], "other.test": ["127.0.0.1"]})
    secure_server.answers["/a"] = answers.content(answers.encoded("PNG"))
    for host in ("other.test", "127.0.0.1"):
        url = secure_server.url("/a", host).replace("http:", "https:")
        found = failure(url, tmp_path, local)
        assert (found.reason, found.passes) == ("connection failed", "soon")
        assert "certificate" in found.detail.lower()
    url = secure_server.url("/a", "pictures.test").replace("http:", "https:")
    assert download(url, tmp_path, local).endswith(".png")


def test_a_connection_is_not_reused_for_another_host_name(
    secure_server: Any, answers: Any, names: dict[str, list[str]], tmp_path: Path, local: Limits
) -> None:
    names.update({"pictures.test": ["127.0.0.1"], "other.test": ["127.0.0.1"]})
    secure_server.answers["/a"] = answers.content(answers.encoded("PNG"))

    async def both() -> None:
        async with Transfer(tmp_path, local) as transfer:
            for host in ("pictures.test", "other.test"):
                url = secure_server.url("/a", host).replace("http:", "https:")
                await transfer.download(url)

    with pytest.raises(Failed, match="certificate"):
        asyncio.run(both())
    assert secure_server.asked == {"/a": 1}


@pytest.mark.parametrize("after", ["1", "date", "9" * 400])
def test_retry_after_pauses_requests_to_the_host(
    after: str,
    server: Any,
    answers: Any,
    tmp_path: Path,
    local: Limits,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(transfer, "MAX_RETRY_AFTER", 0.3)
    if after == "date":
        after = formatdate(time.time() + 3600, usegmt=True)
    server.answers["/busy"] = answers.status(429, Retry_After=after)
    server.answers["/a"] = answers.content(answers.encoded("PNG"))

    async def both() -> float:
        async with Transfer(tmp_path, local) as transfer:
            with pytest.raises(Failed, match="HTTP status 429"):
                await transfer.download(server.url("/busy"))
            start = time.monotonic()
            await transfer.download(server.url("/a"))
            return time.monotonic() - start

    assert 0.25 < asyncio.run(both()) < 3


@pytest.mark.parametrize("after", ["soon", "-5", "Thu, 01 Jan 1970 00:00:00 GMT", "²", ""])
def test_an_invalid_retry_after_is_ignored(
    after: str, server: Any, answers: Any, tmp_path: Path, local: Limits
) -> None:
    server.answers["/busy"] = answers.status(503, Retry_After=after)
    assert failure(server.url("/busy"), tmp_path, local).reason == "HTTP status 503"
    assert transfer._retry_after(after) == 0


@pytest.mark.skipif(os.name == "nt", reason="Windows reports a full disk in another way")
def test_a_full_disk_is_not_a_failure_of_the_url(
    server: Any, answers: Any, tmp_path: Path, local: Limits, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.answers["/a"] = answers.content(answers.encoded("PNG"))

    def full(number: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        download(server.url("/a"), tmp_path, local)
    assert list(tmp_path.iterdir()) == []
