"""Download one image into a folder, within limits."""

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

import ganzoo
from ganzoo import UnreadableImage, image_suffix, open_image
from ganzoo_fetch.addresses import parse
from ganzoo_fetch.failure import Failed, Passes
from ganzoo_fetch.hosts import Host
from ganzoo_fetch.network import Network

MAX_REDIRECTS = 5
MAX_RETRY_AFTER = 60.0
"""The longest pause in seconds after a Retry-After header."""

_TIMEOUTS = {"connect": 10.0, "read": 30.0, "write": 30.0}
"""Seconds without any data from a host."""

_HEADERS = [
    (b"User-Agent", f"ganzoo/{ganzoo.__version__}".encode()),
    # Without it, some servers choose formats that ganzoo does not read.
    (b"Accept", b"image/jpeg,image/png,image/webp,*/*;q=0.5"),
    (b"Accept-Encoding", b"identity"),
]

_REDIRECTS = (301, 302, 303, 307, 308)
_TEMPORARY = (408, 425, 429)


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Limits of downloads and of the hosts that may be contacted."""

    jobs: int = 8
    """Downloads at once."""
    per_host: int = 2
    """Downloads from one host at once."""
    retries: int = 3
    """Further attempts after a temporary failure."""
    max_bytes: int = 32 * 2**20
    """Bytes of an image."""
    timeout: float = 60.0
    """Seconds for one attempt, redirects included; waiting for a busy host does not count."""
    allow_private: bool = False
    """Whether IP addresses that are not public are allowed."""


class Transfer:
    """Downloads images into a folder; uses no cookies, proxies or decompression."""

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
        # Limited, because an image of a few kilobytes may need hundreds of megabytes.
        self._decoders = ThreadPoolExecutor(min(limits.jobs, os.cpu_count() or 1))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *error: object) -> None:
        self._decoders.shutdown()
        await self._pool.aclose()

    async def download(self, url: str) -> str:
        """Download the image at a URL; returns its file name in the folder.

        The name is the SHA-256 of its content. The file is written whole or not at all.

        Raises Failed if the URL gives no image.
        """
        part = self._folder / f".{hashlib.sha256(url.encode()).hexdigest()[:32]}.part"
        loop = asyncio.get_running_loop()
        try:
            digest = await self._download(url, part)
            name = digest + await loop.run_in_executor(self._decoders, _check_image, part)
            # Not in the thread: it would run on after a stop and leave an image without outcome.
            part.replace(self._folder / name)
            return name
        finally:
            part.unlink(missing_ok=True)

    async def _download(self, text: str, part: Path) -> str:
        """Follow redirects and write the content into ``part``; returns its SHA-256 in hex."""
        url = parse(text)
        seconds = self._limits.timeout
        for _ in range(MAX_REDIRECTS + 1):
            async with self._hosts[url.host].slot():
                start = time.monotonic()
                with _network_errors_as_failures():
                    async with asyncio.timeout(seconds):
                        result = await self._request(url, part)
            if isinstance(result, str):
                return result
            url = result
            seconds -= time.monotonic() - start
        raise Failed(f"more than {MAX_REDIRECTS} redirects")

    async def _request(self, url: httpx.URL, part: Path) -> str | httpx.URL:
        """Request a URL; returns the SHA-256 of the content written, or the redirect's target."""
        async with self._pool.stream(
            "GET",
            httpcore.URL(
                scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path
            ),
            headers=[(b"Host", url.netloc), *_HEADERS],
            extensions={"timeout": _TIMEOUTS},
        ) as response:
            location = _header(response, b"location")
            if response.status in _REDIRECTS and location:
                return _redirect_target(url, location)
            if response.status != 200:
                temporary = response.status in _TEMPORARY or response.status >= 500
                if temporary:
                    self._hosts[url.host].pause(_retry_after(_header(response, b"retry-after")))
                passes: Passes = "soon" if temporary else "never"
                raise Failed(f"HTTP status {response.status}", passes=passes)
            return await self._write_body(response, part)

    async def _write_body(self, response: httpcore.Response, part: Path) -> str:
        max_bytes = self._limits.max_bytes
        announced = _header(response, b"content-length")
        size = float(announced) if announced.isdecimal() else 0
        digest = hashlib.sha256()
        with part.open("wb") as file:
            if size <= max_bytes:
                size = 0
                async for chunk in response.aiter_stream():
                    size += len(chunk)
                    if size > max_bytes:
                        break
                    digest.update(chunk)
                    file.write(chunk)
        if size > max_bytes:
            raise Failed("too large", f"more than {max_bytes:,} bytes", "later")
        return digest.hexdigest()


def _check_image(part: Path) -> str:
    """Decode a downloaded image and flush it to the disk; returns the suffix for its name."""
    try:
        open_image(part)
    except UnreadableImage as error:
        raise Failed("not an image", error.reason) from error
    with part.open("rb+") as file:
        os.fsync(file.fileno())
    return image_suffix(part)


@contextmanager
def _network_errors_as_failures() -> Iterator[None]:
    """Turn timeouts and network errors into Failed."""
    try:
        yield
    except TimeoutError:
        raise Failed("timed out", passes="later") from None
    except httpcore.TimeoutException as error:
        raise Failed("no response in time", passes="soon") from error
    except (httpcore.NetworkError, httpcore.ProtocolError) as error:
        raise Failed("connection failed", str(error), "soon") from error


def _redirect_target(url: httpx.URL, location: str) -> httpx.URL:
    try:
        return parse(str(url.join(location)))
    except (httpx.InvalidURL, ValueError) as error:
        raise Failed("not a URL", str(error)) from error
    except Failed as error:
        raise Failed(error.reason, f"redirected to {location}") from error


def _header(response: httpcore.Response, name: bytes) -> str:
    values = (value for key, value in response.headers if key.lower() == name)
    return next(values, b"").decode("utf-8", "replace")


def _retry_after(header: str) -> float:
    """Seconds to wait, from a Retry-After header: seconds or a date; 0 if it is neither."""
    try:
        if header.isdecimal():
            seconds = float(header)
        else:
            seconds = parsedate_to_datetime(header).timestamp() - time.time()
    except (ValueError, OverflowError):
        return 0.0
    return min(max(seconds, 0.0), MAX_RETRY_AFTER)
