"""Connections to IP addresses that were checked to be public."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterable

import httpcore

from ganzoo_fetch.addresses import is_public
from ganzoo_fetch.failure import Failed

_MAX_ADDRESSES = 4
"""How many IP addresses of a host are tried."""


class Network(httpcore.AsyncNetworkBackend):
    """Looks up the IP addresses of a host, checks that they are public, and connects to them.

    The name is looked up only once, so a DNS server cannot give one address to the check and
    another to the connection (DNS rebinding). The caller verifies the TLS certificate by the name.
    """

    def __init__(self, allow_private: bool) -> None:
        self._allow_private = allow_private
        self._connections = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to the first IP address of the host that accepts a connection."""
        *others, last = await self._addresses(host, port)
        for address in others:
            try:
                return await self._connections.connect_tcp(address, port, timeout)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue
        return await self._connections.connect_tcp(last, port, timeout)

    async def sleep(self, seconds: float) -> None:
        """Sleep."""
        await self._connections.sleep(seconds)

    async def _addresses(self, host: str, port: int) -> list[str]:
        """The IP addresses of a host, at least one, in the order of the operating system.

        Raises Failed if there are none, or if any of them is not public.
        """
        loop = asyncio.get_running_loop()
        try:
            results = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            temporary = isinstance(error, OSError) and error.errno == socket.EAI_AGAIN
            raise Failed("no such host", host, "soon" if temporary else "later") from error
        addresses = list(dict.fromkeys(str(address[0]) for *_, address in results))
        for address in addresses:
            if not (self._allow_private or is_public(address)):
                detail = f"{host} is {address}; --allow-private allows it"
                raise Failed("not a public address", detail, "later")
        return addresses[:_MAX_ADDRESSES]
