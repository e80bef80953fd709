"""One image from its address, within limits, into a folder."""

from __future__ import annotations

import asyncio
import hashlib
import os
import time
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Self

import httpcore
import httpx

from ganzoo import __version__
from ganzoo.data.decoding import open_image
from ganzoo.data.formats import START, format_of
from ganzoo.errors import UnreadableImage
from ganzoo.fetching.addresses import parse
from ganzoo.fetching.failure import Failed
from ganzoo.fetching.hosts import Host
from ganzoo.fetching.network import Network

MOST_REDIRECTS = 5
LONGEST_REST = 60.0
"""Seconds that a host is left alone at most, however long it asks for."""

_SILENCE = {"connect": 10.0, "read": 30.0, "write": 30.0}
"""Seconds after which a host that says nothing is given up."""

_HEADERS = [
    (b"User-Agent", f"ganzoo/{__version__}".encode()),
    # A server that may choose would choose formats that are not read.
    (b"Accept", b"image/jpeg,image/png,image/webp,*/*;q=0.5"),
    (b"Accept-Encoding", b"identity"),
]

_REDIRECTS = (301, 302, 303, 307, 308)
_BUSY = (408, 425, 429)


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What fetching may take and whom it may ask."""

    jobs: int = 8
    per_host: int = 2
    retries: int = 3
    max_bytes: int = 32 * 2**20
    timeout: float = 60.0
    """Seconds that an image may take in all, but for waiting until its host may be asked."""
    allow_private: bool = False


class Transfer:
    """Downloads into a folder, many at once; without cookies, proxies or decompression."""

    def __init__(self, folder: Path, limits: Limits) -> None:
        self._folder = folder
        self._limits = limits
        self._hosts = defaultdict[str, Host](lambda: Host(limits.per_host))
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=httpx.create_ssl_context(),
            max_connections=limits.jobs,
            keepalive_expiry=10.0,
            network_backend=Network(limits.allow_private),
        )
        # Not all at once: an image of some kilobytes may need hundreds of megabytes.
        self._judges = ThreadPoolExecutor(min(limits.jobs, os.cpu_count() or 1))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *error: object) -> None:
        self._judges.shutdown()
        await self._pool.aclose()

    async def image(self, address: str) -> str:
        """The name of the file in the folder that now holds the image of this address.

        It is named by the SHA-256 of its content, and is there as a whole or not at all.

        Raises Failed if there is no image to be had.
        """
        part = self._folder / f".{hashlib.sha256(address.encode()).hexdigest()[:32]}.part"
        loop = asyncio.get_running_loop()
        try:
            digest = await self._download(address, part)
            name = digest + await loop.run_in_executor(self._judges, _judged, part)
            # Not in the thread, which a stop would leave alone: an image is told of, or not there.
            part.replace(self._folder / name)
            return name
        finally:
            part.unlink(missing_ok=True)

    async def _download(self, address: str, part: Path) -> str:
        """Write what an address leads to; its SHA-256 in hexadecimal."""
        url = parse(address)
        left = self._limits.timeout
        for _ in range(MOST_REDIRECTS + 1):
            async with self._hosts[url.host].seat():
                start = time.monotonic()
                with _explained():
                    async with asyncio.timeout(left):
                        found = await self._ask(url, part)
            if isinstance(found, str):
                return found
            url = found
            left -= time.monotonic() - start
        raise Failed(f"more than {MOST_REDIRECTS} redirects")

    async def _ask(self, url: httpx.URL, part: Path) -> str | httpx.URL:
        """What is at an address, as the SHA-256 of what was written, or where it leads to."""
        async with self._pool.stream(
            "GET",
            httpcore.URL(
                scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path
            ),
            headers=[(b"Host", url.netloc), *_HEADERS],
            extensions={"timeout": _SILENCE},
        ) as response:
            location = _header(response, b"location")
            if response.status in _REDIRECTS and location:
                return _redirected(url, location)
            if response.status != 200:
                busy = response.status in _BUSY or response.status >= 500
                if busy:
                    self._hosts[url.host].rest(_asked_for_rest(_header(response, b"retry-after")))
                raise Failed(f"HTTP status {response.status}", passes="soon" if busy else "never")
            return await self._receive(response, part)

    async def _receive(self, response: httpcore.Response, part: Path) -> str:
        most = self._limits.max_bytes
        announced = _header(response, b"content-length")
        size = float(announced) if announced.isdecimal() else 0
        digest = hashlib.sha256()
        with part.open("wb") as file:
            if size <= most:
                size = 0
                async for chunk in response.aiter_stream():
                    size += len(chunk)
                    if size > most:
                        break
                    digest.update(chunk)
                    file.write(chunk)
        if size > most:
            raise Failed("too large", f"more than {most:,} bytes", "later")
        return digest.hexdigest()


def _judged(part: Path) -> str:
    """How the name of a downloaded image ends; it is decoded, and flushed to the disk."""
    try:
        open_image(part)
    except UnreadableImage as error:
        raise Failed("no image", error.reason) from error
    with part.open("rb+") as file:
        known = format_of(file.read(START))
        os.fsync(file.fileno())
    assert known, "it has been decoded"
    return known.suffixes[0]


@contextmanager
def _explained() -> Iterator[None]:
    """What goes wrong on the way to a host, as a reason."""
    try:
        yield
    except TimeoutError:
        raise Failed("too slow", passes="later") from None
    except httpcore.TimeoutException as error:
        raise Failed("no answer in time", passes="soon") from error
    except (httpcore.NetworkError, httpcore.ProtocolError) as error:
        raise Failed("no connection, or it broke", str(error), "soon") from error


def _redirected(url: httpx.URL, location: str) -> httpx.URL:
    try:
        return parse(str(url.join(location)))
    except (httpx.InvalidURL, ValueError) as error:
        raise Failed("not an address", str(error)) from error
    except Failed as error:
        raise Failed(error.reason, f"redirected to {location}") from error


def _header(response: httpcore.Response, name: bytes) -> str:
    found = (value for key, value in response.headers if key.lower() == name)
    return next(found, b"").decode("utf-8", "replace")


def _asked_for_rest(retry_after: str) -> float:
    """Seconds, from a Retry-After header, which holds seconds or a date; 0 if it holds neither."""
    try:
        if retry_after.isdecimal():
            seconds = float(retry_after)
        else:
            seconds = parsedate_to_datetime(retry_after).timestamp() - time.time()
    except (ValueError, OverflowError):
        return 0.0
    return min(max(seconds, 0.0), LONGEST_REST)
