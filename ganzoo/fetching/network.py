"""Connections to addresses that were looked up once, and checked."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterable

import httpcore

from ganzoo.fetching.addresses import is_public
from ganzoo.fetching.failure import Failed

_MOST_ADDRESSES = 4
"""Of a host, tried one after the other."""


class Network(httpcore.AsyncNetworkBackend):
    """Connects to a host by the very IP addresses that it has found to be public.

    A name is looked up here and nowhere else, so it cannot answer one thing to the check and
    another to the connection. Whoever asks for a connection keeps the name for TLS.
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
        """A connection to the first of the host's addresses that accepts one."""
        *others, last = await self._addresses(host, port)
        for address in others:
            try:
                return await self._connections.connect_tcp(address, port, timeout)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue
        return await self._connections.connect_tcp(last, port, timeout)

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await self._connections.sleep(seconds)

    async def _addresses(self, host: str, port: int) -> list[str]:
        """The IP addresses of a host, at least one, in the order of the system.

        Raises Failed if any of them is not public.
        """
        loop = asyncio.get_running_loop()
        try:
            found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            again = isinstance(error, OSError) and error.errno == socket.EAI_AGAIN
            raise Failed("no such host", host, "soon" if again else "later") from error
        addresses = list(dict.fromkeys(str(place[0]) for *_, place in found))
        for address in addresses:
            if not (self._allow_private or is_public(address)):
                detail = f"{host} is {address}; --allow-private asks it all the same"
                raise Failed("not a public address", detail, "later")
        return addresses[:_MOST_ADDRESSES]
