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

from ganzoo.fetching import transfer
from ganzoo.fetching.failure import Failed
from ganzoo.fetching.transfer import Limits, Transfer

INTERNET = Limits(timeout=5)
ENDLESS = b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\n\r\n"


def image(address: str, folder: Path, limits: Limits) -> str:
    async def one() -> str:
        async with Transfer(folder, limits) as transfer:
            return await transfer.image(address)

    return asyncio.run(one())


def failure(address: str, folder: Path, limits: Limits) -> Failed:
    with pytest.raises(Failed) as caught:
        image(address, folder, limits)
    assert list(folder.iterdir()) == [], "nothing is left of a failure"
    return caught.value


@pytest.mark.parametrize(
    ("kind", "ending"),
    [
        *[("JPEG", ".jpg"), ("PNG", ".png"), ("WEBP", ".webp"), ("GIF", ".gif"), ("BMP", ".bmp")],
        *[("TIFF", ".tif"), ("PPM", ".ppm"), ("AVIF", ".avif"), ("JPEG2000", ".jp2")],
    ],
)
@pytest.mark.parametrize("called", ["text/html", "image/jpeg"])
def test_an_image_is_known_by_its_bytes_alone(
    kind: str, ending: str, called: str, server: Any, answers: Any, tmp_path: Path, local: Limits
) -> None:
    body = answers.encoded(kind)
    server.answers["/photo.php?name=../../x.exe"] = answers.content(
        body, called, Content_Disposition='attachment; filename="evil.png"'
    )
    name = image(server.url("/photo.php?name=../../x.exe"), tmp_path, local)
    assert name == hashlib.sha256(body).hexdigest() + ending
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert (tmp_path / name).read_bytes() == body


def test_the_request_says_who_asks_and_tells_no_more(
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
            await transfer.image(server.url("/a"))
            await transfer.image(server.url("/c"))

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
def test_a_status_is_a_reason(
    number: int, passes: str, server: Any, answers: Any, tmp_path: Path, local: Limits
) -> None:
    server.answers["/a"] = answers.status(number)
    found = failure(server.url("/a"), tmp_path, local)
    assert (found.reason, found.passes) == (f"HTTP status {number}", passes)


def test_what_is_no_image_is_not_kept(
    server: Any, answers: Any, tmp_path: Path, local: Limits
) -> None:
    server.answers["/html"] = answers.content(b"<html>not found</html>", "image/jpeg")
    server.answers["/empty"] = answers.content(b"")
    server.answers["/half"] = answers.content(answers.encoded("JPEG")[:-40])
    for path, detail in {"/html": "it is no JPEG", "/empty": "empty", "/half": "damaged"}.items():
        found = failure(server.url(path), tmp_path, local)
        assert (found.reason, found.passes) == ("no image", "never")
        assert detail in found.detail


def test_a_body_that_breaks_off_may_come_whole_next_time(
    server: Any, answers: Any, tmp_path: Path, local: Limits
) -> None:
    def torn(request: Any) -> None:
        answers.content(answers.encoded("PNG")[:40], Content_Length="400")(request)
        request.close_connection = True

    server.answers["/torn"] = torn
    found = failure(server.url("/torn"), tmp_path, local)
    assert (found.reason, found.passes) == ("no connection, or it broke", "soon")


def test_nobody_there_may_pass(tmp_path: Path, local: Limits) -> None:
    found = failure("http://127.0.0.1:1/", tmp_path, local)
    assert (found.reason, found.passes) == ("no connection, or it broke", "soon")


def test_an_answer_that_is_not_http(
    server: Any, answers: Any, tmp_path: Path, local: Limits
) -> None:
    server.answers["/a"] = answers.slowly(b"\x16\x03\x01\x02\0\r\n\r\n", b"\0", 0.1)
    assert failure(server.url("/a"), tmp_path, local).reason == "no connection, or it broke"


def test_more_bytes_than_allowed_are_not_read(
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
    assert image(server.url("/fits"), tmp_path, dataclasses.replace(limits, max_bytes=len(body)))


@pytest.mark.parametrize("first", [ENDLESS, b"HTTP/1.1 200 OK\r\nX: ", b""])
def test_a_host_that_dribbles_is_left(
    first: bytes, server: Any, answers: Any, tmp_path: Path, local: Limits
) -> None:
    server.answers["/slow"] = answers.slowly(first, b"x", 0.02)
    start = time.monotonic()
    found = failure(server.url("/slow"), tmp_path, dataclasses.replace(local, timeout=0.2))
    assert (found.reason, found.passes) == ("too slow", "later")
    assert time.monotonic() - start < 2


def test_the_time_is_for_all_redirects_together(
    server: Any, answers: Any, tmp_path: Path, local: Limits
) -> None:
    def late(request: Any) -> None:
        time.sleep(0.15)
        answers.redirect("/a")(request)

    server.answers["/a"] = late
    found = failure(server.url("/a"), tmp_path, dataclasses.replace(local, timeout=0.25))
    assert found.reason == "too slow"


def test_redirects_lead_on_five_times(
    server: Any, answers: Any, tmp_path: Path, local: Limits
) -> None:
    for i, number in enumerate((301, 302, 303, 307, 308)):
        server.answers[f"/{i}"] = answers.redirect(f"{i + 1}", number)
    server.answers["/5"] = answers.content(answers.encoded("PNG"))
    server.answers["/more"] = answers.redirect(server.url("/0"))
    assert image(server.url("/0"), tmp_path, local).endswith(".png")
    for path in tmp_path.iterdir():
        path.unlink()
    assert failure(server.url("/more"), tmp_path, local).reason == "more than 5 redirects"


def test_redirects_in_a_circle_end(
    server: Any, answers: Any, tmp_path: Path, local: Limits
) -> None:
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
        ("file:///etc/passwd", "not an address of http or https"),
        ("http://me:secret@pictures.test/", "an address with credentials"),
        ("http://pictures.test:http/", "not an address"),
    ],
)
def test_redirects_lead_nowhere_that_may_not_be_asked(
    target: str, reason: str, server: Any, answers: Any, connected: list[str], tmp_path: Path
) -> None:
    server.answers["/a"] = answers.redirect(target.format(port=server.server_port))
    found = failure(server.url("/a", "pictures.test"), tmp_path, INTERNET)
    assert found.reason == reason
    assert connected == ["93.184.215.14"]
    assert server.asked == {"/a": 1}


def test_this_machine_is_not_asked_unless_allowed(
    server: Any, answers: Any, connected: list[str], tmp_path: Path
) -> None:
    server.answers["/a"] = answers.content(answers.encoded("PNG"))
    found = failure(server.url("/a"), tmp_path, INTERNET)
    assert (found.reason, found.passes) == ("not a public address", "later")
    assert not server.asked
    assert image(server.url("/a", "pictures.test"), tmp_path, INTERNET)


def test_a_name_is_not_looked_up_again_for_the_connection(
    server: Any, answers: Any, connected: list[str], names: dict[str, list[str]], tmp_path: Path
) -> None:
    names["pictures.test"] = ["93.184.215.14", "127.0.0.1"]
    server.answers["/a"] = answers.content(answers.encoded("PNG"))
    server.answers["/b"] = answers.redirect("/a")
    image(server.url("/a", "pictures.test"), tmp_path, INTERNET)
    for path in tmp_path.iterdir():
        path.unlink()
    names["pictures.test"] = ["93.184.215.14", "127.0.0.1"]
    found = failure(server.url("/b", "pictures.test"), tmp_path, INTERNET)
    assert found.reason == "not a public address", "each connection looks it up, and checks"
    assert connected == ["93.184.215.14", "93.184.215.14"]
    assert {headers["Host"] for headers in server.headers} == {
        f"pictures.test:{server.server_port}"
    }


def test_a_certificate_is_that_of_the_name_and_not_of_the_number(
    secure_server: Any, answers: Any, names: dict[str, list[str]], tmp_path: Path, local: Limits
) -> None:
    names.update({"pictures.test": ["127.0.0.1"], "other.test": ["127.0.0.1"]})
    secure_server.answers["/a"] = answers.content(answers.encoded("PNG"))
    for host in ("other.test", "127.0.0.1"):
        address = secure_server.url("/a", host).replace("http:", "https:")
        found = failure(address, tmp_path, local)
        assert (found.reason, found.passes) == ("no connection, or it broke", "soon")
        assert "certificate" in found.detail.lower()
    address = secure_server.url("/a", "pictures.test").replace("http:", "https:")
    assert image(address, tmp_path, local).endswith(".png")


def test_a_connection_is_not_lent_to_another_name(
    secure_server: Any, answers: Any, names: dict[str, list[str]], tmp_path: Path, local: Limits
) -> None:
    names.update({"pictures.test": ["127.0.0.1"], "other.test": ["127.0.0.1"]})
    secure_server.answers["/a"] = answers.content(answers.encoded("PNG"))

    async def both() -> None:
        async with Transfer(tmp_path, local) as transfer:
            for host in ("pictures.test", "other.test"):
                address = secure_server.url("/a", host).replace("http:", "https:")
                await transfer.image(address)

    with pytest.raises(Failed, match="certificate"):
        asyncio.run(both())
    assert secure_server.asked == {"/a": 1}


@pytest.mark.parametrize("after", ["1", "date", "9" * 400])
def test_a_host_that_asks_for_a_rest_gets_one(
    after: str,
    server: Any,
    answers: Any,
    tmp_path: Path,
    local: Limits,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(transfer, "LONGEST_REST", 0.3)
    if after == "date":
        after = formatdate(time.time() + 3600, usegmt=True)
    server.answers["/busy"] = answers.status(429, Retry_After=after)
    server.answers["/a"] = answers.content(answers.encoded("PNG"))

    async def both() -> float:
        async with Transfer(tmp_path, local) as transfer:
            with pytest.raises(Failed, match="HTTP status 429"):
                await transfer.image(server.url("/busy"))
            start = time.monotonic()
            await transfer.image(server.url("/a"))
            return time.monotonic() - start

    assert 0.25 < asyncio.run(both()) < 3


@pytest.mark.parametrize("after", ["soon", "-5", "Thu, 01 Jan 1970 00:00:00 GMT", "²", ""])
def test_an_odd_wish_for_a_rest_is_none(
    after: str, server: Any, answers: Any, tmp_path: Path, local: Limits
) -> None:
    server.answers["/busy"] = answers.status(503, Retry_After=after)
    assert failure(server.url("/busy"), tmp_path, local).reason == "HTTP status 503"
    assert transfer._asked_for_rest(after) == 0


@pytest.mark.skipif(os.name == "nt", reason="there, files are not kept by a full disk like this")
def test_a_full_disk_is_no_failure_of_the_address(
    server: Any, answers: Any, tmp_path: Path, local: Limits, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.answers["/a"] = answers.content(answers.encoded("PNG"))

    def full(number: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        image(server.url("/a"), tmp_path, local)
    assert list(tmp_path.iterdir()) == []
