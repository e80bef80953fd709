from __future__ import annotations

import asyncio
import socket
from typing import Any

import pytest

from ganzoo_fetch.failure import Failed
from ganzoo_fetch.network import Network


def connect(host: str, port: int = 9, allow_private: bool = False) -> None:
    async def open_and_close() -> None:
        stream = await Network(allow_private).connect_tcp(host, port, timeout=5)
        await stream.aclose()

    asyncio.run(open_and_close())


@pytest.mark.parametrize(
    "host",
    [
        *("localhost", "127.0.0.1", "127.1", "127.0.1", "2130706433", "0x7f.0.0.1", "0x7f000001"),
        *("0177.0.0.1", "017700000001", "0", "0.0.0.0", "::1", "::", "::ffff:127.0.0.1"),
        *("::ffff:7f00:1", "0:0:0:0:0:ffff:127.0.0.1", "::127.0.0.1"),
    ],
)
def test_every_spelling_of_localhost_is_refused(host: str, connected: list[str]) -> None:
    with pytest.raises(Failed) as caught:
        connect(host)
    assert (caught.value.reason, caught.value.passes) == ("not a public address", "later")
    assert not connected


def test_a_host_with_one_private_address_is_refused(
    connected: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def getaddrinfo(*about: Any, **more: Any) -> Any:
        return [(2, 1, 6, "", ("93.184.215.14", 9)), (2, 1, 6, "", ("10.0.0.1", 9))]

    monkeypatch.setattr("socket.getaddrinfo", getaddrinfo)
    with pytest.raises(Failed, match=r"not a public address: two\.test is 10\.0\.0\.1"):
        connect("two.test")
    assert not connected


def test_the_checked_address_is_the_one_connected_to(
    server: Any, names: dict[str, list[str]], connected: list[str]
) -> None:
    names["pictures.test"] = ["93.184.215.14", "127.0.0.1"]
    connect("pictures.test", server.server_port)
    assert connected == ["93.184.215.14"]
    assert names["pictures.test"] == ["127.0.0.1"], "looked up once, with another answer left"
    with pytest.raises(Failed, match="not a public address"):
        connect("pictures.test", server.server_port)
    assert connected == ["93.184.215.14"]


def test_the_next_address_is_tried_after_a_failed_connection(
    server: Any, connected: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def getaddrinfo(host: str, port: int, *about: Any, **more: Any) -> Any:
        return [(2, 1, 6, "", (address, port)) for address in ("127.0.0.9", "127.0.0.1")]

    monkeypatch.setattr("socket.getaddrinfo", getaddrinfo)
    connect("two.test", server.server_port, allow_private=True)
    assert connected == ["127.0.0.9", "127.0.0.1"]


@pytest.mark.parametrize("host", ["a..b", 70 * "a" + ".invalid"])
def test_an_invalid_host_name_is_refused(host: str) -> None:
    with pytest.raises(Failed, match="no such host"):
        connect(host)


@pytest.mark.parametrize(
    ("number", "passes"), [(socket.EAI_AGAIN, "soon"), (socket.EAI_NONAME, "later")]
)
def test_an_unknown_host_name_is_refused(
    number: int, passes: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def getaddrinfo(*about: Any, **more: Any) -> Any:
        raise socket.gaierror(number, "no")

    monkeypatch.setattr("socket.getaddrinfo", getaddrinfo)
    with pytest.raises(Failed, match=r"no such host: some\.test") as caught:
        connect("some.test")
    assert caught.value.passes == passes
